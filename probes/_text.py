"""Cleaning of outside text: what other people wrote is data, never layout, never a command, never a bomb.

Every function cuts before it does anything whose cost could grow faster than the length (Unicode normalisation,
HTML trees), and none raises on any input.
"""

import html
import re
import unicodedata
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from probes.base import Reason, Unreadable, clip

__all__ = ["CHARS_MAX", "clean", "lines", "link", "plain"]

CHARS_MAX = 2_000
LINK_CHARS_MAX = 2_048
MARKS_MAX = 8  # combining marks in a row: NFC is quadratic in them (80,000 take 3.8 s)
FRAGMENT_CHARS_MAX = 40_000  # of mark-up that one text is taken from
FRAGMENT_TAGS_MAX = 2_000  # the tree builder is quadratic in depth: 10,000 nested elements take 0.15 s
DOCUMENT_TAGS_MAX = 60_000
DEPTH_MAX = 200
LINES_MAX = 20_000
LINE_CHARS_MAX = 400

# C0 and C1 but for white space, soft hyphen, bidi marks, embeddings, overrides and isolates, zero-width characters,
# variation selectors and tags, lone surrogates, non-characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_TAG = re.compile(r"<[!/?a-zA-Z]")
_SPACE = re.compile(r"\s+")
_HIDDEN = ("script", "style", "noscript", "template", "head", "svg", "iframe", "object")
_OPENS_OR_CLOSES = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,30})")
# Elements that have no end tag, or whose end tag may be left out: they say nothing about depth.
_LEAF_NAMES = (
    "area base br col embed hr img input link meta param source track wbr p li dt dd option tr td th thead tbody tfoot"
    " path circle rect line polygon polyline ellipse use stop html body head"
)
_LEAVES = frozenset(_LEAF_NAMES.split())
_BLOCK_NAMES = (
    "address article aside blockquote br button dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6"
    " header hr label legend li main nav ol option p pre section select summary table tbody td tfoot th thead tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())


def clean(text: object, limit: int = CHARS_MAX) -> str:
    """One line of harmless text of at most `limit` characters; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    cut = _UNWANTED.sub("", text[: limit * 4])
    cut = _SPACE.sub(" ", _calm(cut)).strip()
    return clip(cut, limit)


def _calm(text: str) -> str:
    """`text` with at most MARKS_MAX combining marks in a row."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MARKS_MAX:
            kept.append(character)
    return "".join(kept)


def link(url: object, base: str = "") -> str:
    """An absolute http or https address of at most LINK_CHARS_MAX characters, else ""."""
    if not isinstance(url, str) or len(url) > LINK_CHARS_MAX:
        return ""
    try:
        full = urljoin(base, url.strip())
        parts = urlsplit(full)
        named = parts.hostname and parts.port != 0
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not named or len(full) > LINK_CHARS_MAX:
        return ""
    if _UNWANTED.search(full) or _SPACE.search(full) or any(c in full for c in "<>\"'\\`"):
        return ""
    return full


def plain(markup: object, limit: int = CHARS_MAX) -> str:
    """The visible text of an HTML fragment, or of text that only looks like it, as `clean` gives it."""
    if not isinstance(markup, str):
        return ""
    markup = markup[:FRAGMENT_CHARS_MAX]
    if not _TAG.search(markup):
        return clean(html.unescape(markup), limit)
    if markup.count("<") > FRAGMENT_TAGS_MAX:
        markup = markup[: _position(markup, "<", FRAGMENT_TAGS_MAX)]
    tree = LexborHTMLParser(_UNWANTED.sub("", markup))
    for node in tree.css(",".join(_HIDDEN)):
        node.decompose()
    text = tree.body.text(separator=" ") if tree.body else ""
    return clean(re.sub(r" ([.,;:!?)])", r"\1", text), limit)


def _position(text: str, what: str, count: int) -> int:
    """Where the occurrence number `count` of `what` begins, counted from 1."""
    at = -1
    for _ in range(count):
        at = text.find(what, at + 1)
    return at


def lines(document: str) -> list[str]:
    """The visible lines of an HTML document in order, inline elements merged into their line; raises Unreadable.

    Scripts, styles and elements marked `hidden` are left out, and attributes (`alt`, `title`) are no text.
    """
    _bounded(document)
    tree = LexborHTMLParser(_UNWANTED.sub("", document))
    for unseen in tree.css(",".join(_HIDDEN) + ",[hidden]"):
        unseen.decompose()
    found: list[str] = []
    words: list[str] = []
    root = tree.body
    node: LexborNode | None = root
    descend = True
    while node is not None and len(found) < LINES_MAX:
        block = node.tag in _BLOCKS
        if block:
            _flush(words, found)
        elif descend and node.tag == "-text":
            words.append((node.text_content or "")[: LINE_CHARS_MAX * 4])
        if descend and node.child is not None:
            node = node.child
            continue
        while node is not None and node.next is None and node != root:
            node = node.parent
            if node is not None and node.tag in _BLOCKS:
                _flush(words, found)
        node = None if node is None or node == root else node.next
    _flush(words, found)
    return found


def _bounded(document: str) -> None:
    """Raise Unreadable when a tree of the document would cost too much: too many tags, or nested too deeply."""
    depth = deepest = count = 0
    for found in _OPENS_OR_CLOSES.finditer(document):
        count += 1
        if found[2].lower() in _LEAVES:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        deepest = max(deepest, depth)
        if count > DOCUMENT_TAGS_MAX or deepest > DEPTH_MAX:
            what = f"more than {DOCUMENT_TAGS_MAX} tags" if count > DOCUMENT_TAGS_MAX else f"tags {DEPTH_MAX} deep"
            raise Unreadable(f"the page has {what}", Reason.LIMIT)


def _flush(words: list[str], found: list[str]) -> None:
    line = clean(" ".join(words), LINE_CHARS_MAX)
    if line:
        found.append(line)
    words.clear()
