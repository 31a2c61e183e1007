"""Feeds, whatever the dialect: RSS and Atom by feedparser, JSON Feed 1.0 and 1.1 and RSS-in-JSON by us.

feedparser is only ever given an ``io.BytesIO``: bytes or text it would take for a file's path or an address and open
it. What it reads is prepared first, because it has inputs of quadratic cost (leading white space, attributes, author
texts) and raises on some (lone surrogate references): the character set is settled here, the text is cut to what a feed
may be, and every exception of it becomes Unreadable. What is not recognisably a whole feed is Unreadable, never "no
news".
"""

import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import feedparser

from probes import _charset, _text
from probes.base import Fetch, Observation, Reason, Request, Unreadable, clip
from probes.status import _json
from probes.status._time import parse_time

__all__ = ["Entry", "Feed", "ask", "looks_like_feed", "read"]

BODY_BYTES_MAX = 8 * 1024 * 1024
ENTRIES_MAX = 500
ENTRIES_READ_MAX = 5_000  # 1.5 s of CPU
ID_CHARS_MAX = 512
KEY_CHARS_MAX = 100
TITLE_CHARS_MAX = 300
SUMMARY_CHARS_MAX = 2_000
MARKUP_CHARS_MAX = 40_000
CATEGORIES_MAX = 50
CATEGORY_CHARS_MAX = 100
ATTRIBUTE_COST_MAX = 5_000**2  # the sum of squares of attributes per element: 0.5 s of CPU
UNCLOSED_MAX = 1_000
DEPTH_MAX = 1_000
ENTITIES_MAX = 20
AUTHOR_CHARS_MAX = 254  # RFC 5321's longest address
DATE_CHARS_MAX = 64
AGE_MAX = timedelta(days=3653)
AHEAD_MAX = timedelta(hours=48)

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/json;q=0.9, */*;q=0.8"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. All texts are cleaned and cut but `markup`, the raw body: outside mark-up, for `_text.plain` only.

    `id`: the feed's own, else the link, else a hash of the title. `odd_date`: a date was given that cannot be believed
    (ambiguous, or outside 10 years back to 48 hours ahead); the dates are then None. `print`: a hash of what it says.
    """

    id: str
    title: str
    link: str
    summary: str
    markup: str
    published: datetime | None
    updated: datetime | None
    odd_date: bool
    categories: tuple[str, ...]
    print: str

    @property
    def key(self) -> str:
        """The id as part of a signal's key: itself, or a hash of one that is long."""
        return self.id if len(self.id) <= KEY_CHARS_MAX else _hash(self.id)

    @property
    def newest(self) -> datetime | None:
        """The later of the two dates."""
        dates = [d for d in (self.published, self.updated) if d]
        return max(dates) if dates else None


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed. `entries`: at most ENTRIES_MAX, one per id, in the feed's order when there are not more, else the
    newest. `flawed`: it is not well-formed and was read as well as could be. `lost`: entries left out by the limit.
    """

    title: str
    link: str
    version: str
    entries: tuple[Entry, ...]
    flawed: bool = False
    lost: int = 0


async def ask(url: str, fetch: Fetch) -> Observation:
    """The answer of a feed's address."""
    return await fetch(Request(url, headers={"accept": _ACCEPT}, body_max=BODY_BYTES_MAX, total=timedelta(seconds=30)))


def read(observation: Observation, *, strict: bool = False) -> Feed:
    """The feed in an answer; raises Unreadable. `strict`: what is not well-formed is refused too."""
    _json.require_ok(observation)
    body = _charset.unpacked(observation.body)
    if not body.strip(b" \t\r\n\0"):
        raise Unreadable("the body is empty")
    text = _charset.decode(body, observation.headers.get("content-type", "")).lstrip("\ufeff \t\r\n\0")
    if text[:1] in ("{", "["):
        return _json_feed(_json.parse(text), observation)
    feed = _xml_feed(text, observation)
    if strict and feed.flawed:
        raise Unreadable("the feed is damaged: it is not well-formed XML")
    return feed


# --- RSS and Atom -----------------------------------------------------------------------------------------------------

_ROOT = re.compile(r"<((?:[A-Za-z_][\w.-]{0,40}:)?([A-Za-z_][\w.-]{0,40}))(?=[\s/>])")
_PROLOG = re.compile(
    r"\s+|<\?[^>]{0,1000}>|<!--.*?-->|<!DOCTYPE[^\[>]{0,2000}(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE
)
_DECLARATION = re.compile(r"<\?[A-Za-z][^>]{0,1000}>")
_ENTITY = re.compile(r"<!ENTITY\s+(%?)\s*\S{1,100}\s+(SYSTEM|PUBLIC|[\"'])([^>]{0,2000})", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(x[0-9a-fA-F]{1,8}|[0-9]{1,8});")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ELEMENT = re.compile(r"<[A-Za-z][^<>]*")
_TAG = re.compile(r"<(/?)[A-Za-z][^<>]*>")
_ITEM = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?(?:item|entry)[\s/>]")
_AUTHOR = re.compile(
    r"(<(?:[A-Za-z_][\w.-]{0,40}:)?(?:author|creator|contributor|managingEditor|webMaster|publisher|owner|name|email)"
    r"(?:\s[^<>]{0,1000})?>\s*(?:<!\[CDATA\[)?)([^<\]]+)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(<(?:[A-Za-z_][\w.-]{0,40}:)?(?:pubDate|published|updated|date|modified|issued|created|lastBuildDate|expirationDate)"
    r"(?:\s[^<>]{0,1000})?>\s*(?:<!\[CDATA\[)?)([^<\]]+)",
    re.IGNORECASE,
)
_SLASHED = re.compile(r"\s*\d{1,4}/\d{1,2}/\d{1,4}\b")


def looks_like_feed(head: str) -> bool:
    """Whether a text begins as an RSS or Atom document does; cheap."""
    return _root(head)[1].lower() in ("rss", "feed", "rdf")


def _root(text: str) -> tuple[str, str, int]:
    """The name of the first element as written, without its prefix, and where it begins; ("", "", n) without one."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    root = _ROOT.match(text, at)
    return (root[1], root[2], at) if root else ("", "", at)


def _xml_feed(text: str, observation: Observation) -> Feed:
    written, root, begins = _root(text)
    if root.lower() not in ("rss", "feed", "rdf"):
        raise _no_feed(text, root)
    _refuse_bombs(text, begins)
    name = re.escape(written)
    if not re.search(rf"</{name}\s*>", text[begins:]) and not re.match(rf"<{name}(?:\s[^<>]*)?/>", text[begins:]):
        raise Unreadable(f"the feed is cut off: <{written}> does not end")
    parsed = _parse(_prepared(text[begins:]))
    if not parsed.get("version"):
        raise Unreadable(f"a document that begins with <{written}>, and is no feed that we know")
    raw = parsed.get("entries") or []
    if len(raw) > ENTRIES_READ_MAX:
        raise Unreadable(f"the feed has more than {ENTRIES_READ_MAX} entries", Reason.LIMIT)
    fault = parsed.get("bozo_exception")
    flawed = fault is not None and not isinstance(fault, feedparser.CharacterEncodingOverride)
    head = parsed.get("feed") or {}
    base = _text.link(head.get("link"), observation.url) or observation.url
    return _feed(
        (_xml_entry(e, base, observation.at) for e in raw),
        title=_text.plain(head.get("title"), TITLE_CHARS_MAX),
        link=_text.link(head.get("link"), observation.url),
        version=str(parsed.get("version")),
        flawed=flawed,
    )


def _no_feed(text: str, root: str) -> Unreadable:
    what = _json.blocked_by(text)
    if what:
        return Unreadable(f"the answer is {what}, not a feed", Reason.BLOCKED)
    if root:
        return Unreadable(f"the answer is <{clip(root, 40)}>, not a feed: {clip(_json.plain(text[:2000]), 80)!r}")
    return Unreadable("the answer is neither a feed nor any other mark-up")


def _refuse_bombs(text: str, begins: int) -> None:
    """Raise Unreadable for what would cost feedparser or the XML parser far more than its size."""
    for percent, how, value in _ENTITY.findall(text, 0, begins + 1):
        if percent or how.upper() in ("SYSTEM", "PUBLIC") or "&" in value.replace("&#", "") or "%" in value:
            raise Unreadable("the feed declares XML entities that reach outside or nest", Reason.LIMIT)
        if len(value) > CATEGORY_CHARS_MAX:
            raise Unreadable("the feed declares a long XML entity", Reason.LIMIT)
    if text.count("<!ENTITY") > ENTITIES_MAX:
        raise Unreadable(f"the feed declares more than {ENTITIES_MAX} XML entities", Reason.LIMIT)
    for opens, closes in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<", ">")):
        if text.count(opens) - text.count(closes) > UNCLOSED_MAX:
            raise Unreadable(f"more than {UNCLOSED_MAX} times {opens!r} without its end", Reason.LIMIT)
    cost = 0
    for element in _ELEMENT.finditer(text):
        if len(element[0]) > ID_CHARS_MAX:
            cost += (element[0].count("=") + len(element[0].split())) ** 2
            if cost > ATTRIBUTE_COST_MAX:
                raise Unreadable("the feed has elements with thousands of attributes", Reason.LIMIT)
    _refuse_shape(_without(_without(text, "<![CDATA[", "]]>"), "<!--", "-->"))


def _refuse_shape(bones: str) -> None:
    if sum(1 for _ in islice(_ITEM.finditer(bones), ENTRIES_READ_MAX + 1)) > ENTRIES_READ_MAX:
        raise Unreadable(f"the feed has more than {ENTRIES_READ_MAX} entries", Reason.LIMIT)
    depth = 0
    for tag in _TAG.finditer(bones):
        depth += -1 if tag[1] else 0 if tag[0].endswith("/>") else 1
        if depth > DEPTH_MAX:
            raise Unreadable(f"the feed is nested deeper than {DEPTH_MAX}", Reason.LIMIT)


def _without(text: str, opens: str, closes: str) -> str:
    """`text` without its sections from `opens` to `closes`, in linear time."""
    first, *rest = text.split(opens)
    return first + "".join(part.partition(closes)[2] for part in rest)


def _prepared(text: str) -> bytes:
    """The document as UTF-8 that says so, without what XML forbids, author and date texts cut to what they may be."""
    text = _NOT_XML.sub("", text)
    text = _REFERENCE.sub(_allowed, text)
    text = _AUTHOR.sub(lambda m: m[1] + m[2][:AUTHOR_CHARS_MAX], text)
    text = _DATE.sub(lambda m: m[1] + m[2][: DATE_CHARS_MAX * 2], text)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode("utf-8", "replace")


def _allowed(reference: re.Match[str]) -> str:
    number = int(reference[1][1:], 16) if reference[1][0] == "x" else int(reference[1])
    legal = number in (0x9, 0xA, 0xD) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD  # noqa: PLR2004 - XML 1.0, production 2
    return reference[0] if legal or 0x10000 <= number <= 0x10FFFF else "\ufffd"  # noqa: PLR2004 - likewise


def _parse(document: bytes) -> Mapping[str, Any]:
    try:
        parsed: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False
        )
    except RecursionError as error:
        raise Unreadable("the feed is nested too deeply", Reason.LIMIT) from error
    except MemoryError as error:
        raise Unreadable("the feed takes too much memory", Reason.LIMIT) from error
    except Exception as error:  # the parser raises many kinds on hostile input; each means that it cannot be read
        raise Unreadable(f"the feed cannot be parsed: {type(error).__name__}") from error
    return parsed


def _xml_entry(raw: Mapping[str, Any], base: str, now: datetime) -> Entry:
    contents = raw.get("content") or [{}]
    markup = str(raw.get("summary") or "")
    longest = max((str(c.get("value") or "") for c in contents), key=len)
    dates = [_xml_date(raw, name, now) for name in ("published", "updated")]
    return _entry(
        ident=raw.get("id"),
        title=raw.get("title"),
        link=_text.link(raw.get("link"), base),
        markup=longest if len(longest) > len(markup) else markup,
        dates=dates,
        categories=(t.get("term") or t.get("label") for t in raw.get("tags") or ()),
    )


def _xml_date(raw: Mapping[str, Any], name: str, now: datetime) -> tuple[datetime | None, bool]:
    """The date and whether one was given that cannot be believed."""
    if name not in raw:  # feedparser would answer "updated" with "published" and warn
        return None, False
    text, fields = str(raw[name]), raw.get(f"{name}_parsed")
    if not text.strip():
        return None, False
    if fields is None or len(text) > DATE_CHARS_MAX or _SLASHED.match(text):
        return None, True
    try:
        return _believed(_utc(fields), now)
    except (ValueError, OverflowError, TypeError):
        return None, True


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json_feed(value: object, observation: Observation) -> Feed:
    if isinstance(value, dict) and str(value.get("version", ""))[:60].startswith("https://jsonfeed.org/version/1"):
        return _json_feed_1(value, observation)
    rss = value.get("rss") if isinstance(value, dict) else None
    channel = rss.get("channel") if isinstance(rss, dict) else None
    if isinstance(channel, dict):
        return _rss_in_json(channel, observation)
    raise Unreadable("the answer is JSON, and neither a JSON Feed nor RSS-in-JSON")


def _json_feed_1(value: Mapping[str, Any], observation: Observation) -> Feed:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org)."""
    base = _text.link(value.get("home_page_url"), observation.url) or observation.url
    return _feed(
        (_json_entry(item, base, observation.at) for item in _items(value.get("items"))),
        title=_text.plain(value.get("title"), TITLE_CHARS_MAX),
        link=_text.link(value.get("home_page_url"), observation.url),
        version="json1" + str(value["version"])[30:32],
    )


def _rss_in_json(channel: Mapping[str, Any], observation: Observation) -> Feed:
    """RSS 2.0 as JSON (scripting/Scripting-News, rss-in-json): one item may stand without a list."""
    items = channel.get("item", [])
    base = _text.link(channel.get("link"), observation.url) or observation.url
    return _feed(
        (_json_entry(item, base, observation.at) for item in _items([items] if isinstance(items, dict) else items)),
        title=_text.plain(channel.get("title"), TITLE_CHARS_MAX),
        link=_text.link(channel.get("link"), observation.url),
        version="rss-in-json",
    )


def _items(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Unreadable("the feed has no list of items")
    if len(value) > ENTRIES_READ_MAX:
        raise Unreadable(f"the feed has more than {ENTRIES_READ_MAX} entries", Reason.LIMIT)
    return value


def _json_entry(item: Mapping[str, Any], base: str, now: datetime) -> Entry:
    guid = item.get("guid")
    body = item.get("content_html") or item.get("content_text") or item.get("summary") or item.get("description")
    tags = item.get("tags")
    return _entry(
        ident=str(item.get("id") or (guid.get("#value") if isinstance(guid, dict) else guid) or ""),
        title=item.get("title"),
        link=_text.link(item.get("url") or item.get("external_url") or item.get("link"), base),
        markup=body if isinstance(body, str) else "",
        dates=[
            _json_date(item.get("date_published") or item.get("pubDate"), now),
            _json_date(item.get("date_modified"), now),
        ],
        categories=tags if isinstance(tags, list) else (),
    )


def _json_date(value: object, now: datetime) -> tuple[datetime | None, bool]:
    if not isinstance(value, str) or not value.strip():
        return None, value is not None
    if len(value) > DATE_CHARS_MAX or _SLASHED.match(value):
        return None, True
    moment = parse_time(value)
    if moment is None:
        try:
            fields = feedparser.datetimes._parse_date(value)  # noqa: SLF001 - RSS dates inside JSON, by the same reader
            moment = _utc(fields) if fields else None
        except (ValueError, OverflowError, TypeError):
            moment = None
    return (None, True) if moment is None else _believed(moment, now)


# --- both -------------------------------------------------------------------------------------------------------------


def _utc(fields: Sequence[int]) -> datetime:
    """The moment of feedparser's parsed date, which is a struct_time in UTC; raises ValueError for year 0 and such."""
    year, month, day, hour, minute, second = fields[:6]
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)


def _believed(moment: datetime, now: datetime) -> tuple[datetime | None, bool]:
    return (moment, False) if now - AGE_MAX <= moment <= now + AHEAD_MAX else (None, True)


def _entry(
    *,
    ident: object,
    title: object,
    link: str,
    markup: str,
    dates: list[tuple[datetime | None, bool]],
    categories: Iterable[object],
) -> Entry:
    title = _text.plain(title, TITLE_CHARS_MAX)
    markup = markup[:MARKUP_CHARS_MAX]
    said = _text.plain(markup, MARKUP_CHARS_MAX)
    names = (_text.clean(c, CATEGORY_CHARS_MAX) for c in islice(categories, CATEGORIES_MAX))
    own = _text.clean(ident, ID_CHARS_MAX) if isinstance(ident, str) and len(ident) <= ID_CHARS_MAX else ""
    return Entry(
        id=own or link or "title:" + _hash(title, markup),
        title=title,
        link=link,
        summary=clip(said, SUMMARY_CHARS_MAX),
        markup=markup,
        published=dates[0][0],
        updated=dates[1][0],
        odd_date=any(odd for _, odd in dates),
        categories=tuple(dict.fromkeys(n for n in names if n)),
        print=_hash(title, link, said),
    )


def _hash(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _feed(entries: Iterable[Entry], *, title: str, link: str, version: str, flawed: bool = False) -> Feed:
    """The feed with each entry once, cut to the newest when there are too many."""
    once: dict[str, Entry] = {}
    for entry in entries:
        first = once.get(entry.id)
        if first is None:
            once[entry.id] = entry
        elif first.title != entry.title and (first.link != entry.link or entry.id == entry.link):
            # One id for two things: the feed reuses its ids, or gives none and links all entries to one page.
            other = replace(entry, id=clip(entry.id, ID_CHARS_MAX - 20) + "#" + _hash(entry.title, entry.link))
            once.setdefault(other.id, other)
    kept = list(once.values())
    if len(kept) > ENTRIES_MAX:
        dated = sorted(enumerate(kept), key=lambda p: (p[1].newest is None, -(p[1].newest or _EPOCH).timestamp(), p[0]))
        kept = [entry for _, entry in sorted(dated[:ENTRIES_MAX], key=lambda p: p[0])]
    return Feed(title, link, version, tuple(kept), flawed=flawed, lost=len(once) - len(kept))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
