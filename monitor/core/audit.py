"""Somebody checks on the caller: open incidents nobody took, whose next call is late.

Looks at the state alone, by its own rule, so that a fault in the way calls are made shows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.draft import Draft
from monitor.core.model import Phase, Rules, State
from monitor.core.talk import Talk

__all__ = ["GRACE", "Overdue", "overdue"]

GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A call that should have been made at `due`."""

    incident: str
    route: str
    due: datetime


def overdue(state: State, rules: Rules, now: datetime) -> tuple[Overdue, ...]:
    """Every call of an open incident that is more than `GRACE` late, though nothing holds it back."""
    if not state.monitor.settled:
        return ()
    draft = Draft(state, rules, now)
    found = []
    for incident in sorted(state.incidents.values(), key=lambda i: int(i.id)):
        late = [p for p in incident.pages if p.due is not None and not p.muted and now - p.due > GRACE]
        if not late or incident.phase is not Phase.OPEN:
            continue
        talk = Talk(draft, incident)
        if not talk.quiet and not talk.silent and talk.in_trouble():
            found += [Overdue(incident.id, p.route, p.due) for p in late if p.due is not None]
    return tuple(found)
