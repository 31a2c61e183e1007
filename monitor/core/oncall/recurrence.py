"""Work of our own that recurs: when it is on, and when next.

A rule (RFC 5545) is expanded on the wall clock, without a zone, by python-dateutil; `walls.moment` makes moments of
it. To be cheap at every decision, however long ago a rule began, it is expanded one calendar year at a time, from a
start that is moved forward by whole steps of the rule, and each such year is kept. To be bounded, rules finer than a
day, denser than hourly or without an end of their steps are refused (`rrule_fault`).
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import lru_cache

from monitor.core.duty import Maintenance
from monitor.core.oncall.rrule import parsed, year_of
from monitor.core.oncall.walls import LAST, moment, reached

__all__ = ["next_occurrence", "occurrence", "rrule_fault"]

YEARS_AHEAD = 30
"""A rule that does not come again within so many years is over; one that never comes within them is refused."""

_COUNT_YEARS = 200  # how far a COUNT is counted out
_YEARS_KEPT = 256


def occurrence(maintenance: Maintenance, at: datetime) -> tuple[datetime, datetime] | None:
    """The start and end (moments) of the occurrence that holds `at`, of several the one that began last; or None."""
    seen = reached(at, maintenance.timezone)
    earliest = max(maintenance.start.year, at.year - maintenance.duration.days // 365 - 2)
    last = min(seen, _end(maintenance) or seen)
    for year in range(last.year, earliest - 1, -1):
        starts, _ = _year(maintenance.rrule, maintenance.start, year)
        if place := bisect_right(starts, last):
            span = _span(maintenance, starts[place - 1])
            return span if span[0] <= at < span[1] else None
    return None


def next_occurrence(maintenance: Maintenance, after: datetime) -> tuple[datetime, datetime] | None:
    """The start and end (moments) of the first occurrence that begins after `after`; None: there is none."""
    seen = reached(after, maintenance.timezone)
    first = max(seen.year, maintenance.start.year)
    last = _end(maintenance) or datetime.max  # noqa: DTZ901 - on the wall
    year: int | None = first
    latest = min(last.year, first + YEARS_AHEAD)
    while year is not None and year <= latest:
        starts, year = _year(maintenance.rrule, maintenance.start, year)
        place = bisect_right(starts, seen)
        if place < len(starts):
            return _span(maintenance, starts[place]) if starts[place] <= last else None
    return None


def rrule_fault(text: str, start: datetime) -> str | None:
    """What is wrong with a rule of work that first begins at `start` (local, naive), in a sentence; None: nothing.

    An empty text, for work that does not recur, is well.
    """
    if not text:
        return None
    try:
        rule = parsed(text)
    except ValueError as error:
        return str(error)
    if rule.until is not None and rule.until.replace(tzinfo=None) < start - timedelta(days=1):
        return "The rule ends before the work first begins."
    starts, following = _year(text, start, start.year)
    if not starts and (following is None or following > start.year + YEARS_AHEAD):
        return f"The rule names no day in the {YEARS_AHEAD} years from its start."
    return None


def _span(maintenance: Maintenance, local: datetime) -> tuple[datetime, datetime]:
    start = moment(local, maintenance.timezone)
    return start, start + maintenance.duration if LAST - start > maintenance.duration else LAST


@lru_cache(maxsize=_YEARS_KEPT)
def _year(text: str, start: datetime, year: int) -> tuple[tuple[datetime, ...], int | None]:
    """When it begins in this year, on the wall, as if the rule had no end; and the next year in which it does."""
    if not text:
        return ((start,) if year == start.year else ()), (start.year if year < start.year else None)
    return year_of(parsed(text), start, year)


def _end(maintenance: Maintenance) -> datetime | None:
    return _rule_end(maintenance.rrule, maintenance.start, maintenance.timezone) if maintenance.rrule else None


@lru_cache(maxsize=_YEARS_KEPT)
def _rule_end(text: str, start: datetime, tz: str) -> datetime | None:
    """The last local time that the rule allows; None: it has no end."""
    rule = parsed(text)
    if rule.until is not None:
        return rule.until if rule.until.tzinfo is None else reached(rule.until, tz)
    left, year = rule.count, start.year if rule.count else None
    last = None
    while left and year is not None and year <= start.year + _COUNT_YEARS:
        starts, year = year_of(rule, start, year)
        if starts:
            last = starts[min(left, len(starts)) - 1]
            left -= min(left, len(starts))
    return last
