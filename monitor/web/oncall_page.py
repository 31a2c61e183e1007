"""The page of who is on call: now, next, the two weeks around now, changes by hand, and what the linter says."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from aiohttp import web
from markupsafe import Markup

from monitor.core.duty import Override, Schedule, Shift
from monitor.core.model import Answer, Overridden, Restored
from monitor.core.oncall import next_change, on_call
from monitor.core.receivers import name_of
from monitor.web import duty_answers, views, words
from monitor.web.forms import Form, Who, people_of, read_form, remember, see_other
from monitor.web.guard import Refusal
from monitor.web.oncall_api import full_of
from monitor.web.oncall_views import desk
from monitor.web.pages import Pages, answer

__all__ = ["OncallPage"]

AROUND = timedelta(days=14)
SHIFTS_SHOWN_MAX = 60
CHANGES_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class _Shown:
    """A form with faults that is shown again: of which schedule (its overrides, or its swaps), or of which change."""

    form: Form
    schedule: str = ""
    change: str = ""
    swap: bool = False


class OncallPage:
    """The handlers."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._house = pages.house

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get("/oncall", self.show),
            web.post("/oncall/{schedule}/overrides", self.override),
            web.post("/oncall/{schedule}/swaps", self.swap),
            web.post("/oncall/changes/{id}/restore", self.restore),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Every schedule."""
        return await self._page(request, None)

    async def _page(self, request: web.Request, again: _Shown | None) -> web.StreamResponse:
        house, now = self._house, self._house.now()
        rules = house.rules
        shared: dict[str, Any] = {
            "signed_in": self._pages.door.may_act(request),
            "again": again,
            "form": again.form if again else Form(),
            "who": Who.of(rules, request, again.form if again else None),
            "people": people_of(rules),
        }
        sections = []
        for number, schedule in enumerate(rules.schedules.values(), 1):
            shown = await self._schedule(schedule, now)
            section = self._pages.render("schedule.html", now, s=shown, at=f"-{number}", **shared)
            sections.append(Markup(section))  # noqa: S704 - made by schedule.html, which escapes
        text = self._pages.render(
            "oncall.html",
            now,
            token="" if again else self._pages.streams.token,
            schedules=sections,
            notice=self._pages.notices.said(request, now),
            signed_in=shared["signed_in"],
        )
        return answer(request, text, status=422 if again else 200)

    async def _schedule(self, schedule: Schedule, now: datetime) -> dict[str, Any]:
        house = self._house
        own = desk(house.rules, house.state, schedule.id)
        period = await asyncio.to_thread(own.around, now - AROUND, now + AROUND)
        full = await full_of(house, self._pages.door, own, now, period)
        clock = _Clock(schedule.timezone, now)
        handoff = next_change(schedule, own.changes, own.imported, now)
        after = on_call(schedule, own.changes, own.imported, handoff) if handoff else ()
        return {
            "id": full.id,
            "name": full.name,
            "timezone": full.timezone,
            "now": [s.name for s in full.now],
            "handoff": clock.moment(handoff) if handoff else None,
            "next": [name_of(house.rules, p) for p in after],
            "ahead": clock.shifts(s for s in full.shifts if s.end > now),
            "past": clock.shifts(s for s in reversed(full.shifts) if s.end <= now),
            "to_swap": clock.choices(s for s in full.shifts if s.end > now and s.layer != "swap"),
            "changes": [clock.change(c) for c in reversed(full.overrides)][:CHANGES_SHOWN_MAX],
            "findings": [f.text for f in full.findings],
            "imported": full.imported,
            "imported_at": views.iso(full.imported_at),
            "fault": full.fault,
            "calendar": full.calendar,
        }

    # --- acts ---------------------------------------------------------------------------------------------------------

    async def override(self, request: web.Request) -> web.StreamResponse:
        """Put somebody on call for a while."""
        schedule = self._named(request)
        form = await read_form(request)
        return await self._change(request, _Shown(form, schedule.id), self._wished(form, schedule))

    async def swap(self, request: web.Request) -> web.StreamResponse:
        """Let two people take each other's shift."""
        schedule = self._named(request)
        form = await read_form(request)
        return await self._change(request, _Shown(form, schedule.id, swap=True), self._swapped(form, schedule))

    def _named(self, request: web.Request) -> Schedule:
        schedule = self._house.rules.schedules.get(request.match_info["schedule"])
        if schedule is None:
            raise Refusal(404, "unknown_schedule", "No schedule of this name is configured.")
        return schedule

    async def _change(self, request: web.Request, shown: _Shown, wished: Override | None) -> web.StreamResponse:
        """Make what the form asks for; the form again when it has faults (`wished` is None) or the mind refuses."""
        if wished is None:
            return await self._page(request, shown)
        said = await self._house.act(Overridden(wished, "board"))
        if not said.done:
            shown.form.fault("", views.sentence(said.text))
            return await self._page(request, shown)
        return self._over(request, said, wished.by)

    def _wished(self, form: Form, schedule: Schedule) -> Override | None:
        """The change that the form asks for; None: it has faults."""
        rules, now = self._house.rules, self._house.now()
        person = form.choice("person", dict(people_of(rules)), "Choose who is on call then.")
        start = form.moment("start", schedule.timezone) or now
        end = form.moment("end", schedule.timezone, needed="Say until when.")
        comment = form.text("comment")
        by = form.person(rules)
        if end is not None and end <= max(start, now):
            form.fault("end", "It must end after it starts, and after now.")
        if form.errors or end is None:
            return None
        return Override("", schedule.id, (Shift(person, start, end, "override"),), by=by, comment=comment)

    def _swapped(self, form: Form, schedule: Schedule) -> Override | None:
        """As _wished, of two shifts as the page offered them; the mind looks whether they still stand."""
        now = self._house.now()
        first, second = _chosen(form, "first", now), _chosen(form, "second", now)
        comment = form.text("comment")
        by = form.person(self._house.rules)
        if form.errors or first is None or second is None:
            return None
        pairs = ((first, second.person), (second, first.person))
        spans = tuple(Shift(person, max(shift.start, now), shift.end, "swap") for shift, person in pairs)
        return Override("", schedule.id, spans, swap=True, by=by, comment=comment)

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """Take a change back."""
        change = request.match_info["id"]
        form = await read_form(request)
        by = form.person(self._house.rules)
        if form.errors:
            return await self._page(request, _Shown(form, change=change))
        said = await self._house.act(Restored(change, by, "board"))
        return self._over(request, said, by)

    def _over(self, request: web.Request, said: Answer, by: str) -> web.Response:
        response = see_other(f"/oncall?said={self._pages.notices.keep(said, self._house.now())}#said")
        remember(request, response, by)
        return response


def _chosen(form: Form, name: str, now: datetime) -> Shift | None:
    """A shift as _Clock.choices offers it: as it was seen, so that nobody is swapped who came on call since."""
    start, _, rest = form[name].partition("/")
    end, _, person = rest.partition("/")
    try:
        shift = Shift(person, _instant(start), _instant(end), "swap")
    except (ValueError, OverflowError):  # the latter: a year before the first, once the zone is taken off
        form.fault(name, "Choose a shift.")
        return None
    if shift.end <= now:
        form.fault(name, "This shift is over; choose another.")
        return None
    return shift


def _instant(text: str) -> datetime:
    """RFC 3339 as a moment; raises ValueError, also for one without a zone, and OverflowError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Shows moments on the wall clock of a schedule's zone."""

    timezone: str
    now: datetime

    def moment(self, at: datetime) -> dict[str, str | None]:
        return {"iso": views.iso(at), "shown": words.day_and_hour(at, self.timezone, self.now)}

    def shifts(self, found: Iterable[duty_answers.ShiftItem]) -> dict[str, Any]:
        rows = [{**self.span(each), "current": each.start <= self.now < each.end} for each in found]
        return {"rows": rows[:SHIFTS_SHOWN_MAX], "more": max(0, len(rows) - SHIFTS_SHOWN_MAX)}

    def choices(self, found: Iterable[duty_answers.ShiftItem]) -> list[dict[str, Any]]:
        """Shifts to choose from; what _chosen reads is `start/end/person`."""
        return [
            {**self.span(each), "value": f"{each.start.isoformat()}/{each.end.isoformat()}/{each.person}"}
            for each in islice(found, SHIFTS_SHOWN_MAX)
        ]

    def span(self, shift: duty_answers.ShiftItem) -> dict[str, Any]:
        start, end = self.moment(shift.start), self.moment(shift.end)
        return {"name": shift.name, "start": start, "end": end, "layer": shift.layer}

    def change(self, change: duty_answers.OverrideItem) -> dict[str, Any]:
        return {
            "id": change.id,
            "kind": "swap" if change.swap else "override",
            "spans": [self.span(each) for each in change.spans],
            "by": change.by,
            "at": views.iso(change.at),
            "comment": change.comment,
        }
