"""Schedules as the API shows them. Pure: nouns of the core and moments in, answers out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.core.duty import Override, Schedule, Shift
from monitor.core.model import Rules, State
from monitor.core.oncall import lint, next_change, on_call, shifts, whole_shifts, write_calendar
from monitor.core.oncall.windows import HORIZON_DAYS
from monitor.core.receivers import changes_of, imported_of, name_of
from monitor.web import duty_answers

__all__ = ["HORIZON", "Desk", "desk"]

HORIZON = timedelta(days=HORIZON_DAYS)  # a shift that goes on for so long has no end that is known
EDGES_MAX = 10  # at which nobody new comes, before the search for the next one ends


@dataclass(frozen=True, slots=True)
class Desk:
    """A schedule with all that decides who is on call by it."""

    rules: Rules
    schedule: Schedule
    changes: tuple[Override, ...]
    imported: tuple[Shift, ...]

    def brief(self, at: datetime) -> duty_answers.OnCallItem:
        """Who is on call at a moment, and who comes next."""
        coming = self._coming(at)
        schedule = self.schedule
        return duty_answers.OnCallItem(
            id=schedule.id,
            name=schedule.name,
            timezone=schedule.timezone,
            imported=schedule.imported,
            now=self._items(whole_shifts(schedule, self.changes, self.imported, at)),
            next=self._item(coming) if coming else None,
        )

    def full(
        self, state: State, now: datetime, period: tuple[datetime, datetime], *, past: Iterable[Override], calendar: str
    ) -> duty_answers.ScheduleFull:
        """Now, next, and the shifts of a period (start, end); `past`: changes by hand that are over, for history."""
        schedule, brief = self.schedule, self.brief(now)
        held = state.schedules.get(schedule.id)
        found = lint(schedule, self.changes, self.imported, self.rules.recipients, now)
        return duty_answers.ScheduleFull(
            id=brief.id,
            name=brief.name,
            timezone=brief.timezone,
            imported=brief.imported,
            now=brief.now,
            next=brief.next,
            fault=held.fault if held else "",
            imported_at=held.imported if held else None,
            shifts=self._items(shifts(schedule, (*past, *self.changes), self.imported, *period)),
            overrides=[self._override(each) for each in self.changes],
            findings=[duty_answers.FindingItem(f.code, f.text) for f in found],
            calendar=calendar,
        )

    def calendar(self, now: datetime, start: datetime, end: datetime) -> str:
        """The shifts from about `start` to about `end` as iCalendar: whole ones, so that an event stays the same."""
        names = {r.id: r.name for r in self.rules.recipients.values()}
        first, last = self.around(start, end)
        if start - first >= HORIZON:  # no beginning within reach; the same one for a year is what an event is known by
            first = datetime(first.year, 1, 1, tzinfo=UTC)
        if last - end >= HORIZON:
            last = datetime(last.year + 1, 1, 1, tzinfo=UTC)
        found = shifts(self.schedule, self.changes, self.imported, first, last)
        return write_calendar(self.schedule, [s for s in found if s.end > start and s.start < end], names, now)

    def around(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """The period widened to whole shifts, from the beginning of its first to the end of its last."""
        about = (self.schedule, self.changes, self.imported)
        first = min((s.start for s in whole_shifts(*about, start)), default=start)
        last = max((s.end for s in whole_shifts(*about, end)), default=end)
        return first, last

    def _coming(self, at: datetime) -> Shift | None:
        schedule, changes, imported = self.schedule, self.changes, self.imported
        people = set(on_call(schedule, changes, imported, at))
        edge = at
        for _ in range(EDGES_MAX):
            found = next_change(schedule, changes, imported, edge)
            if found is None:
                return None
            edge = found
            fresh = [s for s in whole_shifts(schedule, changes, imported, edge) if s.person not in people]
            if fresh:
                return fresh[0]
        return None

    def _override(self, each: Override) -> duty_answers.OverrideItem:
        by = name_of(self.rules, each.by)
        return duty_answers.OverrideItem(each.id, each.swap, self._items(each.spans), by, each.at, each.comment)

    def _items(self, found: Iterable[Shift]) -> list[duty_answers.ShiftItem]:
        return [self._item(each) for each in found]

    def _item(self, each: Shift) -> duty_answers.ShiftItem:
        return duty_answers.ShiftItem(each.person, name_of(self.rules, each.person), each.start, each.end, each.layer)


def desk(rules: Rules, state: State, schedule: str) -> Desk:
    """A configured schedule as it stands; raises KeyError."""
    changes = tuple(changes_of(state.overrides, schedule))
    return Desk(rules, rules.schedules[schedule], changes, imported_of(state.schedules, schedule))
