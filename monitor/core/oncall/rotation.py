"""Whose turn it is: computed from the wall clock, with nothing stored and nothing walked.

Handoff k is at ``local(k) = start + k x length`` on the wall clock; turn k lasts from the moment of handoff k to that
of handoff k + 1 and belongs to participant ``k mod n``. The turn at a moment is therefore the last k whose local time
has been reached, which is a division. A turn whose two handoffs fall on one moment (in a gap of the wall clock) is
skipped by that rule without being mentioned.
"""

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, datetime, timedelta

from monitor.core.duty import Rotation, Shift, Unit
from monitor.core.oncall.walls import LAST, moment, reached

__all__ = ["handoff", "holder", "turn", "turn_number"]

_UNITS = {Unit.HOUR: timedelta(hours=1), Unit.DAY: timedelta(days=1), Unit.WEEK: timedelta(weeks=1)}
_MONTHS = 12


def turn(rotation: Rotation, tz: str, at: datetime) -> Shift | None:
    """The turn that holds the moment `at`, its zone being `tz`; None: the rotation has no participants."""
    if not rotation.participants:
        return None
    k = turn_number(rotation, tz, at)
    person = rotation.participants[k % len(rotation.participants)]
    return Shift(person, handoff(rotation, tz, k), handoff(rotation, tz, k + 1))


def turn_number(rotation: Rotation, tz: str, at: datetime) -> int:
    """Which turn, counted from 0 at the rotation's start and negative before it, holds the moment `at`."""
    assert rotation.length >= 1, "a turn has a length"
    seen, start = reached(at, tz), rotation.start
    if rotation.unit is not Unit.MONTH:
        return (seen - start) // _UNITS[rotation.unit] // rotation.length
    k = ((seen.year - start.year) * _MONTHS + seen.month - start.month) // rotation.length
    return k if _local(rotation, k) <= seen else k - 1


def handoff(rotation: Rotation, tz: str, k: int) -> datetime:
    """The moment at which turn `k` begins."""
    return moment(_local(rotation, k), tz)


def holder(rotation: Rotation, tz: str, at: datetime) -> tuple[str, datetime]:
    """Who has the turn at `at`, and until when at least: successive turns of one person are one."""
    people = rotation.participants
    if len(set(people)) == 1:
        return people[0], LAST
    k = turn_number(rotation, tz, at)
    person = people[k % len(people)]
    following = next(later for later in range(k + 1, k + len(people) + 1) if people[later % len(people)] != person)
    return person, handoff(rotation, tz, following)


def _local(rotation: Rotation, k: int) -> datetime:
    """Where handoff `k` stands on the wall; beyond the calendar's years it is the calendar's end."""
    start, count = rotation.start, k * rotation.length
    if rotation.unit is not Unit.MONTH:
        try:
            return start + count * _UNITS[rotation.unit]
        except OverflowError:
            return _beyond(count)
    year, month = divmod(start.year * _MONTHS + start.month - 1 + count, _MONTHS)
    if not MINYEAR <= year <= MAXYEAR:
        return _beyond(count)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _beyond(count: int) -> datetime:
    return datetime.max if count > 0 else datetime.min  # noqa: DTZ901 - naive on purpose: on a wall
