"""Schedules that are kept elsewhere: their iCalendar addresses, read again and again.

A calendar is somebody else's text: it comes through the house's only door, is read in a process that may be killed, and
counts only when all of it could be read. A load that fails is told to the mind, which keeps the last good copy; it is
tried again soon, then less and less often.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from monitor.core.duty import Shift
from monitor.core.model import Imported
from monitor.core.oncall.importing import CALENDAR_BYTES_MAX
from monitor.settings import Settings
from probes.base import Fetch, Observation, Request, Unreachable, Unreadable

__all__ = ["Calendar", "Importer", "ReadCalendar", "calendars_of"]

LOG = logging.getLogger(__name__)

BEHIND, AHEAD = timedelta(days=7), timedelta(days=90)
TOTAL = timedelta(seconds=30)
AGAIN_S = 60.0  # after a first failure; doubled with each further one, up to the calendar's own interval
JITTER = 0.1
KEPT_S = 6 * 3_600.0  # so long what was read of an unchanged file counts: the days it covers move on
FAULT_CHARS_MAX = 300
_OK = 200


class ReadCalendar(Protocol):
    """Reads a calendar apart; raises Unreadable. See `monitor.workers.Calendars.read_calendar`."""

    async def __call__(
        self, data: bytes, people: Mapping[str, str], start: datetime, end: datetime, timezone: str
    ) -> tuple[Shift, ...]:
        """The shifts of `people` (id -> name) that touch the time from `start` to `end`."""
        ...


@dataclass(frozen=True, slots=True)
class Calendar:
    """One schedule's address. `people`: id -> name of those whom its events may name; `timezone`: of the schedule."""

    schedule: str
    url: SecretStr
    every: timedelta = timedelta(minutes=15)
    people: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"


def calendars_of(settings: Settings) -> list[Calendar]:
    """The calendars of a configuration."""
    rules = settings.rules_for_mind()
    people = {person.id: person.name for person in rules.recipients.values() if person.person}
    return [
        Calendar(schedule, address.url, address.every, people, rules.schedules[schedule].timezone)
        for schedule, address in settings.calendars.items()
    ]


@dataclass(slots=True)
class _Slot:
    """A calendar and where it stands. `due`: of the loop's time; `read`: what was read of which file, and when."""

    calendar: Calendar
    due: float = 0.0
    failures: int = 0
    task: asyncio.Task[None] | None = None
    read: tuple[bytes, tuple[Shift, ...], float] | None = None


class Importer:
    """Reads every calendar each so often. `put` takes what came of each load to the mind; `redact` is for faults."""

    def __init__(
        self,
        fetch: Fetch,
        read: ReadCalendar,
        put: Callable[[Imported], object],
        now: Callable[[], datetime],
        *,
        redact: Callable[[str], str] = lambda text: text,
        dice: random.Random | None = None,
    ) -> None:
        self._fetch = fetch
        self._read = read
        self._put = put
        self._now = now
        self._redact = redact
        self._dice = dice or random.Random()  # noqa: S311 - spreads load, guards nothing
        self._slots: dict[str, _Slot] = {}
        self._changed = asyncio.Event()

    def set(self, calendars: Iterable[Calendar]) -> None:
        """Take a configuration: what is new or changed is read at once, what did not change keeps its time."""
        wanted = {calendar.schedule: calendar for calendar in calendars}
        for schedule, slot in list(self._slots.items()):
            if wanted.get(schedule) != slot.calendar:
                del self._slots[schedule]
                if slot.task is not None:
                    slot.task.cancel()  # what it would bring is of an address or of people that are no more
        for schedule, calendar in wanted.items():
            self._slots.setdefault(schedule, _Slot(calendar))
        self._changed.set()

    async def run(self) -> None:
        """Read for ever."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._changed.clear()
                now = loop.time()
                for slot in self._slots.values():
                    if slot.task is None and slot.due <= now:
                        slot.task = loop.create_task(self._load(slot), name=f"calendar {slot.calendar.schedule}")
                await self._pause(min((s.due - now for s in self._slots.values() if s.task is None), default=None))
        finally:
            tasks = [slot.task for slot in self._slots.values() if slot.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pause(self, seconds: float | None) -> None:
        """Wait until a calendar is due, or something has changed."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _load(self, slot: _Slot) -> None:
        """Read one calendar once; every end but a cancellation is told."""
        pause_s = slot.calendar.every.total_seconds()
        try:
            outcome = await self._look(slot)
            if outcome.shifts is None:
                pause_s = min(AGAIN_S * 2.0 ** min(slot.failures, 20), pause_s)
                slot.failures += 1
            else:
                slot.failures = 0
            self._put(outcome)
        except Exception:
            LOG.exception("the calendar of %s: what it says could not be told", slot.calendar.schedule)
        finally:
            slot.due = asyncio.get_running_loop().time() + pause_s * self._dice.uniform(1 - JITTER, 1 + JITTER)
            slot.task = None
            self._changed.set()

    async def _look(self, slot: _Slot) -> Imported:
        schedule = slot.calendar.schedule
        try:
            return Imported(schedule, await self._shifts(slot))
        except (Unreachable, Unreadable) as error:
            fault = str(error)
        except Exception as error:
            LOG.exception("the calendar of %s: a fault of ours", schedule)
            fault = f"a fault of ours while reading it: {type(error).__name__}"
        return Imported(schedule, None, self._redact(fault)[:FAULT_CHARS_MAX])

    async def _shifts(self, slot: _Slot) -> tuple[Shift, ...]:
        calendar = slot.calendar
        request = Request(
            calendar.url.get_secret_value(),
            headers={"Accept": "text/calendar, */*;q=0.5"},
            body_max=CALENDAR_BYTES_MAX,
            total=TOTAL,
        )
        body = _body(await self._fetch(request))
        loop_s, now = asyncio.get_running_loop().time(), self._now()
        if slot.read is not None and slot.read[0] == body and loop_s - slot.read[2] < KEPT_S:
            return slot.read[1]  # an unchanged file costs no process
        shifts = await self._read(body, calendar.people, now - BEHIND, now + AHEAD, calendar.timezone)
        slot.read = (body, shifts, loop_s)
        return shifts


def _body(seen: Observation) -> bytes:
    if seen.status != _OK:
        raise Unreadable(f"the calendar's address answered HTTP {seen.status}")
    return seen.body
