"""Between the clock on a wall and moments.

One definition holds everything here: the moment of a local time is *the first at which the wall clock shows that time
or a later one*. So an ambiguous time is its first occurrence and one that does not exist the first instant after the
gap, be it half an hour, two hours or a day; and moments never run backwards while local times go forward, which is why
shifts tile time.

All functions answer for every time from year 1 to year 9999; what would lie beyond is the first or the last moment.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["FIRST", "LAST", "moment", "next_at", "reached"]

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LOOK_DAYS = 4  # a day that somebody skipped, on either side of the next


def moment(local: datetime, tz: str) -> datetime:
    """The first moment at which the wall clock of `tz` (an IANA name) shows `local` (naive) or a later time."""
    assert local.tzinfo is None, "a local time is naive"
    if local in (datetime.min, datetime.max):  # noqa: DTZ901 - naive on purpose; they stand for what lies beyond
        return FIRST if local.year == 1 else LAST
    zone = ZoneInfo(tz)
    before = _offset(local.replace(tzinfo=zone, fold=0))
    after = _offset(local.replace(tzinfo=zone, fold=1))
    if after > before:  # it does not exist
        return _change(zone, (local - after).replace(tzinfo=UTC), (local - before).replace(tzinfo=UTC))
    return _utc(local, before)


def reached(at: datetime, tz: str) -> datetime:
    """The latest local time (naive) that the wall clock of `tz` has shown by the moment `at`.

    That is what it shows, but for the hour that is repeated: there it is the last microsecond before it went back. A
    local time has come exactly when it is not after this: ``moment(local) <= at`` is ``local <= reached(at)``.
    """
    zone = ZoneInfo(tz)
    try:
        local = at.astimezone(zone)
    except OverflowError:
        return datetime.max if at.year > 1 else datetime.min  # noqa: DTZ901 - naive on purpose: on a wall
    if not local.fold:
        return local.replace(tzinfo=None)
    before = _offset(local.replace(fold=0))
    at = at.astimezone(UTC)
    back = _change(zone, at - (before - _offset(local)), at)
    return (back + before).replace(tzinfo=None) - timedelta.resolution


def next_at(time_of_day: time, tz: str, after: datetime) -> datetime:
    """The next moment strictly after `after` for a local time of day: exactly one for each day that there is.

    A time that is skipped comes with the first instant after the gap; a day that is skipped has none.
    """
    seen = reached(after, tz)
    for ordinal in range(seen.toordinal(), min(seen.toordinal() + _LOOK_DAYS, date.max.toordinal())):
        day = date.fromordinal(ordinal)
        local = datetime.combine(day, time_of_day)
        if local > seen and _exists(day, tz):
            return moment(local, tz)
    return LAST


def _exists(day: date, tz: str) -> bool:
    midnight = datetime.combine(day, time.min)
    return moment(midnight, tz) < moment(midnight + timedelta(days=1), tz)


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None, "a zone of the database says its offset"
    return offset


def _utc(local: datetime, offset: timedelta) -> datetime:
    try:
        return (local - offset).replace(tzinfo=UTC)
    except OverflowError:
        return LAST if local.year > 1 else FIRST


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """When between `low` (not yet) and `high` (already) the offset of `high` began; zones change at whole seconds."""
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    offset = high.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high
