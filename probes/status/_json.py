"""The one door from an HTTP answer to JSON: tolerant of how it was sent, strict about what it says.

Tolerated: any Unicode encoding with or without a byte order mark (AWS sends UTF-16), an 8-bit charset that the header
declares, lone surrogate escapes (replaced). Refused as `Unreadable`: any status but 200, an empty or cut body, HTML in
JSON's place (told apart: a login page or bot challenge is Reason.BLOCKED), duplicate keys, NaN and infinities, numbers
of thousands of digits, nesting beyond what the parser follows.

The readers below (`an_object`, `objects`, `word`, ...) make a wrong type in a place that matters for the verdict
Unreadable; `loose` is for texts that only explain.
"""

import codecs
import json
import math
import re
from typing import Any, NoReturn

from probes.base import Observation, Reason, Unreadable, clip

__all__ = [
    "a_list",
    "an_object",
    "blocked_by",
    "decode",
    "flag",
    "ident",
    "link",
    "load",
    "loose",
    "objects",
    "parse",
    "plain",
    "require_ok",
    "word",
]

BLOCKED_SCAN_CHARS_MAX = 65_536
TEXT_CHARS_MAX = 8_192
WORD_CHARS_MAX = 200
NUMBER_CHARS_MAX = 400
HTTP_OK = 200

# A page that stands where the data should be, by words that only such pages carry. Folded text, first match wins.
_BLOCKED_MARKS = (
    ("just a moment", "a Cloudflare challenge"),
    ("cf-chl", "a Cloudflare challenge"),
    ("challenge-platform", "a Cloudflare challenge"),
    ("attention required", "a Cloudflare block page"),
    ("captcha", "a captcha"),
    ("verify you are human", "a bot challenge"),
    ("verifying you are human", "a bot challenge"),
    ("are you a robot", "a bot challenge"),
    ("enable javascript and cookies", "a bot challenge"),
    ("access denied", "an access-denied page"),
    ("request blocked", "a block page"),
    ("page inactive", "the words 'page inactive'"),
    ("this page is inactive", "the words 'page inactive'"),
    ("status page is no longer", "the words 'no longer active'"),
    ('type="password"', "a login page"),
    ("type='password'", "a login page"),
    ("type=password", "a login page"),
    ("<title>log in", "a login page"),
    ("<title>login", "a login page"),
    ("<title>sign in", "a login page"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_EIGHT_BIT = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252"}
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]{0,400}>")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " "}
_ENTITY = re.compile("|".join(_ENTITIES))


def blocked_by(text: str) -> str:
    """What stands where the data should be ("a captcha"), or "" when the text is no such page."""
    head = text[:BLOCKED_SCAN_CHARS_MAX].casefold()
    return next((what for mark, what in _BLOCKED_MARKS if mark in head), "")


def require_ok(observation: Observation) -> None:
    """Raise Unreadable unless the answer is a 200 (Reason.HTTP; a challenge page sent with 403 or 503: BLOCKED)."""
    if observation.status == HTTP_OK:
        return
    what = blocked_by(observation.body[:BLOCKED_SCAN_CHARS_MAX].decode("utf-8", "replace"))
    if what:
        raise Unreadable(f"HTTP status {observation.status} with {what}", Reason.BLOCKED)
    raise Unreadable(f"HTTP status {observation.status} where 200 was due", Reason.HTTP)


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a JSON body: by byte order mark, by the zero bytes of UTF-16 and UTF-32, else UTF-8.

    A declared charset counts only where the bytes are not UTF-8 and it is one of the Western 8-bit ones: JSON is
    Unicode (RFC 8259, section 8.1), and declared charsets are often wrong.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], encoding)
    encoding = json.detect_encoding(body)
    if encoding.startswith("utf-8"):
        declared = _CHARSET.search(content_type)
        fallback = _EIGHT_BIT.get(declared[1].lower()) if declared else None
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            if fallback:
                return _decoded(body, fallback)
    return _decoded(body, encoding)


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"the bytes are not {encoding}: {error.reason} at byte {error.start}") from error


def load(observation: Observation) -> Any:  # noqa: ANN401 - JSON is any of six types; the readers below narrow it
    """The JSON value of an answer; raises Unreadable with the reason."""
    require_ok(observation)
    if not observation.body.strip():
        raise Unreadable("the body is empty")
    return parse(decode(observation.body, observation.headers.get("content-type", "")))


def parse(text: str) -> Any:  # noqa: ANN401 - see load
    """The value of a JSON text; raises Unreadable (FORMAT, LIMIT for nesting, BLOCKED for a page that bars the way)."""
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] == "<":
        what = blocked_by(start)
        if what:
            raise Unreadable(f"the answer is {what}, not JSON", Reason.BLOCKED)
        raise Unreadable(f"the answer is HTML or XML, not JSON: {clip(plain(start[:2000]), 80)!r}")
    try:
        value = json.loads(
            start, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float, parse_int=_int
        )
    except RecursionError as error:
        raise Unreadable("the JSON is nested too deeply", Reason.LIMIT) from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON, or cut off: {error.msg} at character {error.pos} of {len(start)}") from error
    return _mended(value) if _SURROGATE_ESCAPE.search(start) else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"the JSON says the key {clip(twice, 60)!r} twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not a JSON number")


def _float(text: str) -> float:
    value = float(text) if len(text) <= NUMBER_CHARS_MAX else math.inf
    if not math.isfinite(value):
        raise Unreadable("a number is too large", Reason.LIMIT)
    return value


def _int(text: str) -> int:
    if len(text) > NUMBER_CHARS_MAX:
        raise Unreadable(f"a number has {len(text)} digits", Reason.LIMIT)
    return int(text)


def _scrub(text: str) -> str:
    return _LONE_SURROGATE.sub("\ufffd", text)


def _mended(value: Any) -> Any:  # noqa: ANN401 - see load
    """The same value with lone surrogates replaced: they can be neither stored nor sent. As deep as the parser went."""
    if isinstance(value, str):
        return _scrub(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_scrub(key): _mended(item) for key, item in value.items()}
    return value


# --- reading what matters: a wrong type is Unreadable -----------------------------------------------------------------


def _wrong(where: str, due: str, value: object) -> Unreadable:
    seen = "nothing" if value is None else f"a {type(value).__name__}"
    return Unreadable(f"{where} should be {due}, and is {seen}")


def an_object(value: object, where: str) -> dict[str, Any]:
    """`value` if it is a JSON object; raises Unreadable."""
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    return value


def a_list(value: object, where: str) -> list[Any]:
    """`value` if it is a JSON list; raises Unreadable."""
    if not isinstance(value, list):
        raise _wrong(where, "a list", value)
    return value


def objects(holder: dict[str, Any], key: str, *, missing_ok: bool = False) -> list[dict[str, Any]]:
    """The list of objects under `key`; `missing_ok`: null or no such key is an empty list. Raises Unreadable."""
    value = holder.get(key)
    if value is None and missing_ok:
        return []
    return [an_object(item, f"each of {key}") for item in a_list(value, key)]


def word(holder: dict[str, Any], key: str) -> str:
    """The non-empty text under `key`, cut to a word's length; raises Unreadable."""
    value = holder.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, "a word", value)
    return value.strip()[:WORD_CHARS_MAX]


def ident(holder: dict[str, Any], *keys: str) -> str:
    """The first id or name among `keys` that is there, as text; raises Unreadable when none is or one is no id."""
    for key in keys:
        value = holder.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _wrong(key, "an id or a name", value)
        if str(value).strip():
            return str(value).strip()[:WORD_CHARS_MAX]
    raise _wrong(" or ".join(keys), "an id or a name", None)


def flag(holder: dict[str, Any], key: str, *, default: bool) -> bool:
    """The boolean under `key`; null or no such key is `default`; raises Unreadable."""
    value = holder.get(key)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise _wrong(key, "true or false", value)
    return value


# --- reading what only explains: anything goes ------------------------------------------------------------------------


def loose(value: object) -> str:
    """A text or number as text, bounded; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)[:TEXT_CHARS_MAX].strip()


def plain(value: object) -> str:
    """The same without HTML tags and with single spaces: what a person would read of it."""
    text = _TAG.sub(" ", loose(value))
    return " ".join(_ENTITY.sub(lambda found: _ENTITIES[found[0]], text).split())


def link(value: object) -> str:
    """The text when it is a web address, else ""."""
    url = loose(value)
    return url if url.startswith(("http://", "https://")) else ""
