"""How the tests of feeds ask: bytes in, a `Feed` or the reason why not out."""

from datetime import UTC, datetime, timedelta

from probes._feed import Feed, read
from probes.base import Observation, Unreadable

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
URL = "https://vendor.example/feed.xml"


def answer(body: bytes | str, *, at: datetime = NOW, status: int = 200, content_type: str = "") -> Observation:
    """An HTTP answer with that body."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return Observation(URL, status, {"content-type": content_type} if content_type else {}, raw, at)


def feed_of(body: bytes | str, *, strict: bool = False, content_type: str = "") -> Feed:
    """The feed in a body."""
    return read(answer(body, content_type=content_type), strict=strict)


def reason_of(body: bytes | str, *, strict: bool = False, content_type: str = "", status: int = 200) -> str:
    """Why a body is Unreadable, "" when it is not."""
    try:
        read(answer(body, content_type=content_type, status=status), strict=strict)
    except Unreadable as error:
        return str(error.reason)
    return ""


def item(title: str = "A title", *, guid: str = "", link: str = "", date: datetime | str = "", more: str = "") -> str:
    """One RSS item."""
    when = date if isinstance(date, str) else date.strftime("%a, %d %b %Y %H:%M:%S +0000")
    parts = [("title", title), ("guid", guid), ("link", link), ("pubDate", when)]
    return "<item>" + "".join(f"<{n}>{v}</{n}>" for n, v in parts if v) + more + "</item>"


def rss(*items: str, title: str = "Vendor news") -> str:
    """An RSS 2.0 document."""
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>{title}</title>'
    return head + "<link>https://vendor.example/</link>" + "".join(items) + "</channel></rss>"


def ago(**how_long: float) -> datetime:
    """A time that long before NOW."""
    return NOW - timedelta(**how_long)
