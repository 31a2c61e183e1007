"""Stretches of a day that recur: rules of a schedule, quiet hours, time intervals of routes.

Everything is asked of the wall clock as far as it has come (`walls.reached`): a window lasts from the moment of its
start to the moment of its end, so the repeated hour of a change of the clocks counts once and one window never opens
twice a day.
"""

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from monitor.core.duty import TimeInterval, Window
from monitor.core.oncall.walls import moment, reached

__all__ = ["HORIZON_DAYS", "inside", "interval_edge", "interval_holds", "next_edge"]

HORIZON_DAYS = 400
"""How far ahead a change is looked for."""

_WEEK_DAYS = 10  # windows recur by the week; one day more for those that cross midnight, two for a skipped day

_Fits = Callable[[date], bool]


def inside(windows: Iterable[Window], tz: str, at: datetime) -> bool:
    """Whether the moment `at` is in any of the windows, which are local in `tz`."""
    return _holds(windows, reached(at, tz), _every_day)


def next_edge(windows: Iterable[Window], tz: str, at: datetime) -> datetime | None:
    """The next moment after `at` at which `inside` changes; None: it never does."""
    return _edge(tuple(windows), tz, at, _every_day, _WEEK_DAYS)


def interval_holds(interval: TimeInterval, at: datetime) -> bool:
    """Whether the moment `at` is in the interval: in a window that began on a day of its months and days."""
    return _holds(interval.windows, reached(at, interval.timezone), _fits(interval))


def interval_edge(interval: TimeInterval, at: datetime) -> datetime | None:
    """The next moment after `at` at which `interval_holds` changes; None: not within HORIZON_DAYS."""
    days = HORIZON_DAYS if interval.months or interval.days else _WEEK_DAYS
    return _edge(interval.windows, interval.timezone, at, _fits(interval), days)


def _fits(interval: TimeInterval) -> _Fits:
    if not interval.months and not interval.days:
        return _every_day

    def fits(day: date) -> bool:
        if interval.months and day.month not in interval.months:
            return False
        from_the_end = day.day - monthrange(day.year, day.month)[1] - 1
        return not interval.days or day.day in interval.days or from_the_end in interval.days

    return fits


def _every_day(day: date) -> bool:
    del day
    return True


def _holds(windows: Iterable[Window], local: datetime, fits: _Fits) -> bool:
    """Whether a window that began today, or yesterday and crosses midnight, holds this local time."""
    today, now = local.date(), local.time()
    yesterday = today - timedelta(days=1) if today > date.min else today
    for window in windows:
        over_midnight = window.end <= window.start
        began_today = now >= window.start and (over_midnight or now < window.end)
        if began_today and today.weekday() in window.weekdays and fits(today):
            return True
        if over_midnight and now < window.end and yesterday.weekday() in window.weekdays and fits(yesterday):
            return True
    return False


def _edge(windows: tuple[Window, ...], tz: str, at: datetime, fits: _Fits, days: int) -> datetime | None:
    times = sorted({edge for window in windows for edge in (window.start, window.end)})
    seen = reached(at, tz)
    now = _holds(windows, seen, fits)
    for ordinal in range(seen.toordinal(), min(seen.toordinal() + days, date.max.toordinal()) + 1):
        day = date.fromordinal(ordinal)
        for edge in times:
            local = datetime.combine(day, edge)
            if local > seen and _holds(windows, local, fits) != now:
                found = moment(local, tz)
                if _holds(windows, reached(found, tz), fits) != now:  # else a window that fell into a gap
                    return found
    return None
