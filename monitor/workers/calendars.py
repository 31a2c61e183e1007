"""Reads calendars from outside, each in a process of its own that may be killed and that ends with the job.

Calendars are read every few minutes at most, and the libraries for them weigh more than what they read; so no worker
waits for the next one, and none of the parsers is held up.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.core.duty import Shift
from monitor.core.oncall.importing import CALENDAR_BYTES_MAX, OCCURRENCES_MAX, Calendar
from monitor.workers.pool import WorkerPool
from monitor.workers.process import Fault, Limits, WorkerFault
from probes.base import Reason, Unreadable

__all__ = ["Calendars"]

TARGET = "monitor.workers.importing:read"
PRELOAD = ("icalendar", "recurring_ical_events", "dateutil.rrule")
LIMITS = Limits(wall_s=30.0, cpu_s=20, jobs=1)
"""A calendar of 2 MB takes about 8 s of processor time."""

_OVER_A_LIMIT = frozenset({Fault.HUNG, Fault.MEMORY})


class Calendars:
    """Reads iCalendar files; what hangs, dies or grows costs its one job."""

    def __init__(self, limits: Limits = LIMITS, *, target: str = TARGET) -> None:
        self.pool = WorkerPool(target, limits, size=1, preload=PRELOAD, allow=("probes.base",))

    async def read_calendar(
        self, data: bytes, people: Mapping[str, str], start: datetime, end: datetime, timezone: str = "UTC"
    ) -> tuple[Shift, ...]:
        """The shifts of `people` (id -> name) that touch the time from `start` to `end`; see `oncall.read_calendar`.

        Raises Unreadable with one sentence, also when the worker gave nothing.
        """
        return (await self.read(data, people, start, end, timezone)).shifts

    async def read(
        self, data: bytes, people: Mapping[str, str], start: datetime, end: datetime, timezone: str = "UTC"
    ) -> Calendar:
        """The same, with the titles of the events that name nobody who is known."""
        if len(data) > CALENDAR_BYTES_MAX:
            raise Unreadable(f"the calendar is larger than {CALENDAR_BYTES_MAX // 1_000_000} MB", Reason.LIMIT)
        try:
            answer = await self.pool.run(data, dict(people), start, end, timezone)
        except WorkerFault as fault:
            reason = Reason.LIMIT if fault.fault in _OVER_A_LIMIT else Reason.INTERNAL
            raise Unreadable(f"reading the calendar failed: {fault}", reason) from None
        return _rebuilt(answer, people)

    async def close(self) -> None:
        """Kill the workers."""
        await self.pool.close()


def _rebuilt(answer: Any, people: Mapping[str, str]) -> Calendar:  # noqa: ANN401 - from a process that read strangers' text
    """The answer in our own words, if it is one."""
    try:
        plain, unknown = answer
        shifts = tuple(Shift(person, _moment(start), _moment(end), "import") for person, start, end in plain)
        well = all(shift.person in people and shift.start < shift.end for shift in shifts)
        titles = tuple(str(title) for title in unknown)
    except (TypeError, ValueError):
        well = False
    if not well or len(shifts) > OCCURRENCES_MAX * max(1, len(people)):
        raise Unreadable("reading the calendar failed: the worker answered nonsense", Reason.INTERNAL)
    return Calendar(shifts, titles)


def _moment(value: Any) -> datetime:  # noqa: ANN401 - likewise
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("a moment is due")
    return value.astimezone(UTC)
