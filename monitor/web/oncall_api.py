"""Who is called, and when: schedules, changes to them by hand, and calendars for other programs."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from aiohttp import web

from monitor.core.duty import Override, Shift
from monitor.core.model import Overridden, Restored
from monitor.core.oncall import CannotSwapError, swap
from monitor.web import answers, asked, duty_answers
from monitor.web.acts import DONE, already, end_of, invalid, outcome
from monitor.web.guard import Door, Refusal
from monitor.web.house import House
from monitor.web.oncall_views import Desk, desk
from monitor.web.operations import Asked, Nothing, Operation, Operations, Reply, no_body

__all__ = ["OncallApi", "full_of"]

BEFORE, AFTER = timedelta(days=7), timedelta(days=28)
CALENDAR_BEFORE, CALENDAR_AFTER = timedelta(days=28), timedelta(days=90)
PERIOD_MAX = timedelta(days=366)
FAR_MAX = timedelta(days=5 * 366)
OVERRIDES_MAX = 1_000
_T = TypeVar("_T")

_MISSING = {404: ("unknown_schedule",)}
_CHANGING = {404: ("unknown_schedule",), 409: ("conflict", "nobody"), 422: ("invalid",)}


class OncallApi:
    """The handlers. `door`: makes the keys of calendars."""

    def __init__(self, house: House, door: Door) -> None:
        self._house = house
        self._door = door
        self._changing = asyncio.Lock()
        self._walking = asyncio.Lock()

    def operations(self) -> Operations:
        """The table."""
        return [*self._looking(), *self._acting()]

    def _looking(self) -> Operations:
        return [
            Operation(
                method="GET", path="/api/v1/oncall", id="oncall", tag="on-call",
                summary="Who is on call by each schedule, and who comes next.", serve=self.oncall, query=asked.At,
                body=no_body, answers={200: Reply("The schedules.", duty_answers.OnCall)}, refusals={422: ("invalid",)},
            ),
            Operation(
                method="GET", path="/api/v1/schedules/{id}", id="schedule", tag="on-call",
                summary="A schedule: now, next, the shifts of a period, changes by hand, and what the linter finds.",
                serve=self.schedule, query=asked.Period, body=no_body, refusals={**_MISSING, 422: ("invalid",)},
                answers={200: Reply("The schedule.", duty_answers.ScheduleFull)},
            ),
            Operation(
                method="GET", path="/api/v1/schedules/{id}/calendar.ics", id="calendar", tag="on-call", keyed=True,
                summary="The shifts as iCalendar, for programs that subscribe to it with the key in its address.",
                serve=self.calendar, query=asked.Calendar, body=no_body, refusals=_MISSING,
                answers={200: Reply("The calendar.", kinds=("text/calendar",))},
            ),
        ]  # fmt: skip

    def _acting(self) -> Operations:
        return [
            Operation(
                method="POST", path="/api/v1/schedules/{id}/overrides", id="override", tag="on-call",
                summary="Put somebody else on call for a while.", serve=self.override, query=Nothing,
                body=asked.NewOverride, answers=DONE, refusals=_CHANGING,
            ),
            Operation(
                method="POST", path="/api/v1/schedules/{id}/swaps", id="swap", tag="on-call",
                summary="Let two people take each other's shift.", serve=self.swap, query=Nothing,
                body=asked.NewSwap, answers=DONE, refusals=_CHANGING,
            ),
            Operation(
                method="DELETE", path="/api/v1/overrides/{id}", id="restore", tag="on-call",
                summary="Take an override or a swap back.", serve=self.restore, query=asked.By, body=no_body,
                answers=DONE, refusals={404: ("unknown_override",), 409: ("not_open",), 422: ("invalid",)},
            ),
        ]  # fmt: skip

    # --- looking -----------------------------------------------------------------------------------------------------

    async def oncall(self, request: Asked[asked.At, None]) -> duty_answers.OnCall:
        """Who is on call at a moment."""
        rules, state = self._house.rules, self._house.state
        at = self._near(request.query.at or self._house.now())
        return await self._aside(
            lambda: duty_answers.OnCall(at, [desk(rules, state, each).brief(at) for each in rules.schedules])
        )

    async def schedule(self, request: Asked[asked.Period, None]) -> duty_answers.ScheduleFull:
        """One schedule."""
        own, now = self._desk(request.id), self._house.now()
        start = self._near(request.query.start or now - BEFORE)
        end = self._near(request.query.end or max(now, start) + AFTER)
        if not start < end <= start + PERIOD_MAX:
            raise invalid(f"a period ends after it starts, and within {PERIOD_MAX.days} days")
        async with self._walking:
            return await full_of(self._house, self._door, own, now, (start, end))

    async def calendar(self, request: Asked[asked.Calendar, None]) -> web.Response:
        """The shifts as iCalendar; the door has looked at the key."""
        own, now = self._desk(request.id), self._house.now()
        start, end = now - CALENDAR_BEFORE, now + CALENDAR_AFTER
        past = await _past_of(self._house, request.id, start - PERIOD_MAX)
        lasting = replace(own, changes=(*past, *own.changes))
        text = await self._aside(lambda: lasting.calendar(now, start, end))
        return web.Response(text=text, content_type="text/calendar", headers={"Cache-Control": "no-store"})

    async def _aside(self, work: Callable[[], _T]) -> _T:
        """Work that may take a second (hourly shifts of a year), in a thread, and only one at a time."""
        async with self._walking:
            return await asyncio.to_thread(work)

    def _desk(self, schedule: str) -> Desk:
        rules, state = self._house.rules, self._house.state
        if schedule not in rules.schedules:
            raise Refusal(404, "unknown_schedule", "No schedule of this id is configured.")
        return desk(rules, state, schedule)

    def _near(self, moment: datetime) -> datetime:
        if abs(moment - self._house.now()) > FAR_MAX:
            raise invalid(f"that is further away than {FAR_MAX.days} days")
        return moment

    # --- acting ------------------------------------------------------------------------------------------------------

    async def override(self, request: Asked[Nothing, asked.NewOverride]) -> answers.Done:
        """Somebody else, for a while."""
        body, now = request.body, self._house.now()
        start = body.start or now
        end = end_of(start, body.end, body.span, "end")
        span = Shift(body.person, start, end, "override")
        wanted = Override("", request.id, (span,), by=body.by, comment=body.comment)
        return outcome(await self._house.act(Overridden(wanted, body.via)), "schedule")

    async def swap(self, request: Asked[Nothing, asked.NewSwap]) -> answers.Done:
        """Two people in each other's place."""
        own, body = self._desk(request.id), request.body
        first, second = sorted((self._near(body.first), self._near(body.second)))

        def same(held: Override) -> bool:
            spans = sorted(held.spans, key=lambda span: span.start)
            pairs = zip(spans, (first, second), strict=False)
            return held.swap and held.schedule == request.id and all(s.start <= at < s.end for s, at in pairs)

        async with self._changing:
            standing = next((o.id for o in self._house.state.overrides.values() if same(o)), "")
            if standing:
                return already("These shifts are swapped already.", standing)
            try:
                spans = swap(own.schedule, own.changes, own.imported, first, second, self._house.now())
            except CannotSwapError as fault:
                raise invalid(str(fault)) from fault
            wanted = Override("", request.id, spans, swap=True, by=body.by, comment=body.comment)
            return outcome(await self._house.act(Overridden(wanted, body.via)), "schedule")

    async def restore(self, request: Asked[asked.By, None]) -> answers.Done:
        """As it would have been without the change."""
        said = await self._house.act(Restored(request.id, request.query.by, request.query.via))
        if said.code == "unknown" and await self._was(request.id):
            return already("This change is over or taken back already.", request.id)
        return outcome(said, "override")

    async def _was(self, change: str) -> bool:
        rows = await self._house.overrides(None, self._house.now() - FAR_MAX, OVERRIDES_MAX)
        return any(row.override.id == change for row in rows)


async def _past_of(house: House, schedule: str, since: datetime) -> list[Override]:
    """Changes by hand that are over, as far as they held."""
    rows = await house.overrides(schedule, since, OVERRIDES_MAX)
    return [row.override for row in rows if row.ended and row.override.id not in house.state.overrides]


async def full_of(
    house: House, door: Door, own: Desk, now: datetime, period: tuple[datetime, datetime]
) -> duty_answers.ScheduleFull:
    """A schedule with the shifts of a period (start, end), worked out beside the loop."""
    state, schedule = house.state, own.schedule.id
    past = await _past_of(house, schedule, period[0])
    calendar = f"/api/v1/schedules/{quote(schedule, safe='')}/calendar.ics"
    key = door.calendar_key(schedule)
    address = f"{calendar}?key={key}" if key else calendar
    return await asyncio.to_thread(own.full, state, now, period, past=past, calendar=address)
