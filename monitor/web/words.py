"""How pages write what they are given: times in the team's zone, hosts of links, and strangers' text made harmless.

Every value that a template prints passes `harmless`, so no template can forget it; the escaping of HTML is jinja's.
"""

import re
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from monitor.web.views import web_url

__all__ = ["day_and_hour", "day_and_time", "harmless", "host_of", "local", "parse", "to_the_second", "zone"]

_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1, but tab and newline
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # zero width and bidirectional controls
    "\ud800-\udfff]"  # lone surrogates, which no encoding can write
)


def harmless(value: object) -> object:
    """A text without control, zero-width and bidirectional characters; anything else as it is."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return _UNWANTED.sub("", value)


@lru_cache(maxsize=8)
def zone(name: str) -> ZoneInfo:
    """The team's zone; UTC for a name that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def parse(text: str) -> datetime:
    """The time that `views.iso` wrote."""
    return datetime.fromisoformat(text)


def local(text: str | None, timezone: str, now: datetime) -> str:
    """``"03:12"`` today, ``"Sat 03:12"`` in the last days, ``"17 Oct, 03:12"``, and the year where it is not clear."""
    if text is None:
        return ""
    moment, today = parse(text).astimezone(zone(timezone)), now.astimezone(zone(timezone))
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    days = abs((today - moment).days)
    if days < 6:  # noqa: PLR2004 - less than a week, so that the weekday names one day
        return f"{moment:%a %H:%M}"
    if days < 180:  # noqa: PLR2004 - half a year: the year is clear from the month
        return f"{moment.day} {moment:%b, %H:%M}"
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def to_the_second(text: str, timezone: str, now: datetime) -> str:
    """As `local`, with seconds: for timelines, where the order of things matters."""
    moment = parse(text).astimezone(zone(timezone))
    return f"{local(text, timezone, now)}:{moment:%S}"


def day_and_hour(moment: datetime, timezone: str, now: datetime) -> str:
    """``"Mon 23 Nov, 09:00"``, with the year where it is not that of `now`."""
    here, today = moment.astimezone(zone(timezone)), now.astimezone(zone(timezone))
    year = "" if here.year == today.year else f" {here.year}"
    return f"{here:%a} {here.day} {here:%b}{year}, {here:%H:%M}"


def day_and_time(now: datetime, timezone: str) -> str:
    """``"Sunday 22 November, 03:12"``."""
    moment = now.astimezone(zone(timezone))
    return f"{moment:%A} {moment.day} {moment:%B, %H:%M}"


def host_of(url: str) -> str:
    """Where a link leads, for people; nothing for what is no web address."""
    return urlsplit(url).hostname or "" if web_url(url) else ""
