"""From a receiver's name to those behind it, now; and to the contact methods by which one of them is reached."""

from collections.abc import Iterable
from datetime import datetime

from immutables import Map

from monitor.core.duty import Override, Recipient, Shift
from monitor.core.model import Rules, ScheduleState
from monitor.core.oncall.schedule import on_call
from monitor.core.oncall.walls import next_at
from monitor.core.oncall.windows import inside

__all__ = ["behind", "changes_of", "held_until", "imported_of", "name_of", "names_of", "person_of"]


def behind(
    rules: Rules,
    overrides: Map[str, Override],
    schedules: Map[str, ScheduleState],
    receiver: str,
    now: datetime,
) -> tuple[str, ...]:
    """Ids of the recipients behind a receiver at `now`; empty when nobody is, or the configuration has lost it."""
    if receiver in rules.recipients:
        return (receiver,)
    if receiver in rules.teams:
        return tuple(m for m in rules.teams[receiver].members if m in rules.recipients)
    schedule = rules.schedules.get(receiver)
    if schedule is None:
        return ()
    people = on_call(schedule, changes_of(overrides, receiver), imported_of(schedules, receiver), now)
    return tuple(p for p in people if p in rules.recipients)


def changes_of(overrides: Map[str, Override], schedule: str) -> list[Override]:
    """The changes by hand to one schedule, oldest first."""
    return sorted((o for o in overrides.values() if o.schedule == schedule), key=lambda o: int(o.id))


def imported_of(schedules: Map[str, ScheduleState], schedule: str) -> tuple[Shift, ...]:
    """The last good import of one schedule."""
    held = schedules.get(schedule)
    return held.shifts if held else ()


def held_until(recipient: Recipient, now: datetime, *, critical: bool) -> datetime | None:
    """Until when quiet hours hold a message back: the next digest; None: they do not."""
    if critical or not recipient.quiet or not inside(recipient.quiet, recipient.timezone, now):
        return None
    return next_at(recipient.digest, recipient.timezone, now)


def name_of(rules: Rules, receiver: str) -> str:
    """What people call a receiver, or somebody who is none: their own word."""
    for known in (rules.recipients, rules.teams, rules.schedules):
        found = known.get(receiver)
        if found is not None:
            return str(found.name)
    return receiver


def names_of(rules: Rules, receivers: Iterable[str]) -> str:
    """Several names in one text."""
    return ", ".join(name_of(rules, r) for r in receivers)


def person_of(rules: Rules, who: str) -> str:
    """The id of the person whom somebody means by an id or a name, in any case; their own word where it is nobody's, or
    could be several people's.
    """
    wanted = " ".join(who.split())
    if wanted in rules.recipients:
        return wanted
    meant = wanted.casefold()
    same = [r.id for r in rules.recipients.values() if r.person and meant in {r.id, r.name.casefold()}]
    return same[0] if len(same) == 1 else wanted
