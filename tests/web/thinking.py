"""The standing house with the real mind: what people wish is decided as it is in a running daemon."""

from dataclasses import dataclass, replace
from datetime import timedelta

from immutables import Map

from monitor.core.model import Answer, Event, Page
from monitor.core.step import step
from tests.web.standing import NOW, Standing, town

__all__ = ["Thinking", "thinking"]


@dataclass
class Thinking(Standing):
    """Decides with `monitor.core.step`."""

    async def act(self, event: Event) -> Answer:
        self.acts.append(event)
        decided = step(self.state, event, self.rules, self.at)
        self.state = decided.state
        self.ledger = (*self.ledger, *decided.decisions)
        self.closed = [*self.closed, *decided.closed]
        self.changed.bump()
        assert decided.answer is not None
        return decided.answer


def thinking() -> Thinking:
    """The town: Meta's outage is incident 17 and called the first on call, Reddit's wavering is 18."""
    base = town()
    policy = base.rules.policies["ladder"]
    page = Page("root", "desk", policy, taken=1, called=("first",), due=NOW + timedelta(minutes=14))
    incidents = {
        number: replace(incident, id=number, firing=incident.opened, pages=(page,))
        for number, incident in (("17", base.state.incidents["17"]), ("18", base.state.incidents["18"]))
    }
    index = {(i.condition.value, c): i.id for i in incidents.values() for c in i.channels}
    monitor = replace(base.state.monitor, sequence=18, alive=NOW)
    state = replace(base.state, incidents=Map(incidents), index=Map(index), monitor=monitor)
    return Thinking(
        state=state, rules=base.rules, ledger=base.ledger, closed=base.closed, letters=base.letters, runs=base.runs
    )
