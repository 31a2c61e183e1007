"""Text from outside is data: what could act on a reader's client is made inert, and the words stay readable.

Look-alikes are used instead of escapes because the services disagree on escapes: a backslash that one hides is shown by
the next, but a full-width at sign is read the same everywhere and calls nobody.
"""

import re
import unicodedata
from urllib.parse import urlsplit

__all__ = ["clean", "cut", "for_chat", "for_sms", "one_line", "safe_url"]

URL_CHARS_MAX = 2_000
_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029\v\f]")
# C0 and C1 controls, soft hyphen, Arabic letter mark, zero-width and bidi marks, invisible operators, interlinear
# marks, tag characters, lone surrogates: none of them is a visible letter, each can hide or turn text (B54).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]",
)
_MENTION = re.compile(r"(?<![\w.+-])@(?=\w)|@(?=(?:everyone|here|all|channel|room)\b)", re.IGNORECASE)
_SCRIPT = re.compile(r"\b(javascript|vbscript|data|file)(\s*):", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"\](?=[(:\[])")
_LOOSE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
_LINE_MARK = re.compile(r"(?m)^(\s*)([#>])")
_LOOK_ALIKE = str.maketrans({"<": "\u2039", ">": "\u203a", "*": "\u2217", "`": "\u2019", "~": "\u223c", "|": "\u00a6"})
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")
_FINE_SIGNS = {
    **dict.fromkeys(("\u00ab\u00a0", "\u00a0\u00bb", "\u00ab", "\u00bb", "\u201c", "\u201d"), '"'),
    **dict.fromkeys(("\u2018", "\u2019"), "'"),
    **dict.fromkeys(("\u2013", "\u2014"), "-"),
    **dict.fromkeys(("\u00a0", "\u202f"), " "),
    "\u2026": "...",
}
_LETTERS_END = "\u2190"  # arrows, pictures and the like begin there
_FINE = re.compile("|".join(map(re.escape, _FINE_SIGNS)))
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f<>\"'`\\]")


def clean(text: str) -> str:
    """Strip what cannot be seen, keep lines and tabs; compose what can be (NFC)."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))


def one_line(text: str) -> str:
    """Like `clean`, on one line: fit for a header (B53). No-break spaces stay what they are."""
    return _BLANKS.sub(" ", clean(text)).strip()


def cut(text: str, chars: int) -> str:
    """Cut at a word to at most `chars` characters, the last being ``…``."""
    if len(text) <= chars:
        return text
    if chars <= 1:
        return "…"[:chars]
    kept = text[: chars - 1]
    if not text[chars - 1].isspace():
        word = re.search(r"\s\S*$", kept)
        # A single word longer than half the room (a URL, a language without blanks) is cut where it stands.
        kept = kept[: word.start()] if word and word.start() * 2 >= chars else kept
    return kept.rstrip() + "…"


def for_chat(text: str) -> str:
    """Make mentions, Markdown, mark-up and script links inert for any chat (B50-B52). Idempotent."""
    text = _LINE_MARK.sub(lambda mark: mark[1] + ("\uff03" if mark[2] == "#" else "\u203a"), clean(text))
    text = _MENTION.sub("\uff20", text).translate(_LOOK_ALIKE)
    text = _MARKDOWN_LINK.sub("] ", text)
    text = _LOOSE_UNDERSCORE.sub("\uff3f", text)
    return _SCRIPT.sub(r"\1 :", text)


def for_sms(text: str, chars: int) -> str:
    """One line of at most `chars`; plain signs for fine ones and no pictures, one of which would halve what fits."""
    seen = "".join("-" if sign > _LETTERS_END and unicodedata.category(sign) == "So" else sign for sign in text)
    plain = _FINE.sub(lambda sign: _FINE_SIGNS[sign[0]], one_line(seen))
    return plain if len(plain) <= chars else cut(plain, max(chars - 2, 0)).replace("…", "...")


def safe_url(url: str) -> str | None:
    """Return the URL if it is plain http(s) with a host and no user, else None."""
    if len(url) > URL_CHARS_MAX or _CONTROL.search(url) or _INVISIBLE.search(url):
        return None
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return url if known else None
