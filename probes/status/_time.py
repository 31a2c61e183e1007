"""The times that status pages write, whatever the style. A time never decides a verdict, so a bad one is just None."""

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["parse_time"]

YEAR_MIN = 1995  # "0001-01-01" and "1970-01-01" mean "none" on the pages that send them
YEAR_MAX = 2200
EPOCH_MILLIS_FROM = 100_000_000_000  # a larger number counts milliseconds: as seconds it would be the year 5138

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d\d:?\d\d|[+-]\d\d)?",
    re.ASCII,
)
_EPOCH = re.compile(r"\d{9,13}(?:\.\d{1,9})?", re.ASCII)


def parse_time(value: object) -> datetime | None:
    """ISO 8601 with any offset (none: UTC), or seconds or milliseconds since 1970 as number or text; else None."""
    try:
        moment = _moment(value)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and YEAR_MIN <= moment.year <= YEAR_MAX else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= EPOCH_MILLIS_FROM else seconds, UTC)
    if not isinstance(value, str):
        return None
    text = value.strip()[:64]
    if _EPOCH.fullmatch(text):
        return _moment(float(text))
    found = _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    # A leap second is counted as the second before it.
    whole = (int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59), micros)
    return datetime(*whole, tzinfo=_zone(zone)).astimezone(UTC)


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
