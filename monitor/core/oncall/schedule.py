"""Who is on call by a schedule: its rotation or import, over that its rules, over those overrides, over those swaps.

At any moment one layer decides: the highest that has somebody then. `_Layers.at` says who, by which layer, and until
when that surely holds; everything else walks from one such edge to the next.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from monitor.core.duty import Override, Schedule, Shift
from monitor.core.oncall.rotation import holder
from monitor.core.oncall.walls import FIRST, LAST
from monitor.core.oncall.windows import HORIZON_DAYS, inside, next_edge

__all__ = ["next_change", "on_call", "shifts", "whole_shifts"]

EDGES_MAX = 200
"""After so many edges at which nobody changed, `next_change` answers with the last of them."""

_HORIZON = timedelta(days=HORIZON_DAYS)
_REACHES = (timedelta(days=1), timedelta(days=8), timedelta(days=64), _HORIZON)
_INDEXES_MAX = 64


def on_call(
    schedule: Schedule, changes: Iterable[Override], imported: Iterable[Shift], at: datetime
) -> tuple[str, ...]:
    """The ids of those on call at the moment `at`; empty: nobody is. Only an import can name several.

    `changes`: by hand, those of other schedules are passed over; `imported`: the last good import.
    """
    return _Layers(schedule, changes, imported).at(at).people


def next_change(
    schedule: Schedule, changes: Iterable[Override], imported: Iterable[Shift], at: datetime
) -> datetime | None:
    """The next moment after `at` at which `on_call` changes; None: it does not within HORIZON_DAYS.

    Where EDGES_MAX shifts follow each other without a change of people, it is a moment to look again.
    """
    layers = _Layers(schedule, changes, imported)
    held = layers.at(at)
    people = set(held.people)
    for _ in range(EDGES_MAX):
        if held.until - at > _HORIZON:
            return None
        edge = held.until
        held = layers.at(edge)
        if set(held.people) != people:
            return edge
    return edge


def shifts(
    schedule: Schedule, changes: Iterable[Override], imported: Iterable[Shift], start: datetime, end: datetime
) -> tuple[Shift, ...]:
    """Who is on call from `start` to `end`, cut at both, by their start.

    Each shift says its layer; what one person has by one layer without a break is one shift; where nobody is on call
    there is none. The cost grows with the number of shifts: a caller limits the span.
    """
    layers = _Layers(schedule, changes, imported)
    begun: dict[tuple[str, str], datetime] = {}
    done: list[Shift] = []
    at = start
    while at < end:
        held = layers.at(at)
        assert held.until > at, "time goes on"
        now = [(person, held.layer) for person in held.people]
        done += [Shift(key[0], begun.pop(key), at, key[1]) for key in list(begun) if key not in now]
        for key in now:
            begun.setdefault(key, at)
        at = held.until
    done += [Shift(person, since, end, layer) for (person, layer), since in begun.items()]
    return tuple(sorted(done, key=lambda shift: (shift.start, shift.end, shift.person)))


def whole_shifts(
    schedule: Schedule, changes: Iterable[Override], imported: Iterable[Shift], at: datetime
) -> tuple[Shift, ...]:
    """The shifts that hold the moment `at`, from their true start to their true end, if within HORIZON_DAYS."""
    changes, imported = tuple(changes), tuple(imported)
    found: tuple[Shift, ...] = ()
    for reach in _REACHES:
        start = at - reach if at - FIRST > reach else FIRST
        end = at + reach if LAST - at > reach else LAST
        found = tuple(s for s in shifts(schedule, changes, imported, start, end) if s.start <= at < s.end)
        if all(s.start > start and s.end < end for s in found):
            break
    return found


@dataclass(frozen=True, slots=True)
class _Held:
    """Who is on call, by which layer, and until when at least."""

    people: tuple[str, ...]
    layer: str
    until: datetime


class _Layers:
    """A schedule with its changes, sorted by layer."""

    def __init__(self, schedule: Schedule, changes: Iterable[Override], imported: Iterable[Shift]) -> None:
        self._schedule = schedule
        self._swaps: list[Shift] = []
        self._overrides: list[Shift] = []
        for change in changes:
            if change.schedule == schedule.id:
                (self._swaps if change.swap else self._overrides).extend(change.spans)
        # An empty rotation is refused when the configuration is read; here it calls nobody in nobody's place.
        self._rules = [rule for rule in reversed(schedule.rules) if rule.rotation.participants]
        self._imported = _indexed(imported) if schedule.imported else None

    def at(self, at: datetime) -> _Held:
        until = LAST
        for layer, spans in (("swap", self._swaps), ("override", self._overrides)):
            held = None
            for span in spans:
                if span.start > at:
                    until = min(until, span.start)
                elif span.end > at:
                    held = span  # of two, which `conflict` does not let happen, the later given
            if held is not None:
                return _Held((held.person,), layer, min(until, held.end))
        tz = self._schedule.timezone
        for rule in self._rules:
            until = min(until, next_edge((rule.window,), tz, at) or LAST)
            if inside((rule.window,), tz, at):
                person, end = holder(rule.rotation, tz, at)
                return _Held((person,), "rule", min(until, end))
        if self._imported is not None:
            people, end = self._imported.at(at)
            return _Held(people, "import", min(until, end))
        rotation = self._schedule.rotation
        if rotation is None or not rotation.participants:
            return _Held((), "", until)
        person, end = holder(rotation, tz, at)
        return _Held((person,), "rotation", min(until, end))


class _Index:
    """Shifts that may overlap, so sorted that those of a moment are found without looking at all of them."""

    def __init__(self, imported: Iterable[Shift]) -> None:
        self._shifts = sorted(imported, key=lambda shift: (shift.start, shift.end, shift.person))
        self._starts = [shift.start for shift in self._shifts]
        self._last_ends = list(accumulate((shift.end for shift in self._shifts), max))

    def at(self, at: datetime) -> tuple[tuple[str, ...], datetime]:
        """Who, and until when at least."""
        place = bisect_right(self._starts, at)
        until = self._starts[place] if place < len(self._starts) else LAST
        people: list[str] = []
        while place and self._last_ends[place - 1] > at:
            place -= 1
            shift = self._shifts[place]
            if shift.end > at:
                until = min(until, shift.end)
                people.append(shift.person)
        return tuple(dict.fromkeys(reversed(people))), until


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A key that is equal only for one and the same object, so that thousands of shifts are not compared."""

    shifts: tuple[Shift, ...]

    def __hash__(self) -> int:
        return id(self.shifts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.shifts is self.shifts


def _indexed(imported: Iterable[Shift]) -> _Index:
    """The index of an import; of a tuple, which cannot change, it is kept."""
    return _index(_Same(imported)) if isinstance(imported, tuple) else _Index(imported)


@lru_cache(maxsize=_INDEXES_MAX)
def _index(same: _Same) -> _Index:
    return _Index(same.shifts)
