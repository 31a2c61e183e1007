"""Why people are not told of a channel of an incident just now.

A *silence* or *work of our own* holds back whatever its matchers match while it lasts. *Inhibition* holds back only
that a channel does not work, or is unknown, while something that it rests on is out; never a risk to the brand or a
change of policy. Nothing here touches what is known, stored or shown, and no end of an incident is held back.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.core.depends import ancestors
from monitor.core.draft import platform_key
from monitor.core.duty import Labels, Maintenance, Silence
from monitor.core.matching import matches, selective
from monitor.core.model import Availability, ChannelState, Condition, Incident, Phase, Rules
from monitor.core.oncall.recurrence import next_occurrence, occurrence
from probes.base import Severity

__all__ = ["Facts", "cause", "held", "next_edge", "silencing"]

_INHIBITED = (Condition.AVAILABILITY, Condition.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is looked at. `silences`: all that are known, those of the file included.

    `find`: the incident of a condition and a channel's id or `draft.platform_key`, as `Draft.find`.
    """

    rules: Rules
    channels: Mapping[str, ChannelState]
    silences: Iterable[Silence]
    find: Callable[[Condition, str], Incident | None]
    now: datetime


def held(incident: Incident, channel: str, labels: Labels, facts: Facts) -> str:
    """Why this channel of it ("" of an incident without any) is not told of: the code in `Incident.held`, or "".

    ``silence:<id>``, ``maintenance:<id>`` or ``depends:<node>``, the first that holds. `labels`: those of the channel.
    """
    for silence in facts.silences:
        if silence.start <= facts.now < silence.end and silencing(silence, labels):
            return f"silence:{silence.id}"
    for work in facts.rules.maintenance:
        if silencing(work, labels) and occurrence(work, facts.now) is not None:
            return f"maintenance:{work.id}"
    node = cause(incident, channel, facts)
    return f"depends:{node}" if node else ""


def silencing(what: Silence | Maintenance, labels: Labels) -> bool:
    """Whether its matchers cover a channel; ones that ask for nothing in particular cover nothing."""
    return matches(what.matchers, labels) and selective(what.matchers)


def cause(incident: Incident, channel: str, facts: Facts) -> str:
    """The node whose outage explains this channel's; of several, one that rests on none of the others; or ""."""
    if incident.condition not in _INHIBITED or not facts.rules.depends:
        return ""
    known = facts.rules.channels
    above = ancestors(facts.rules.depends, channel, known)
    out = [node for node in above if _is_out(node, incident, facts)]
    # A node that is itself held back by one above it explains nothing; what is above it is above this channel too.
    first = [node for node in out if not set(out).intersection(ancestors(facts.rules.depends, node, known))]
    return first[0] if first else ""


def _is_out(node: str, held_back: Incident, facts: Facts) -> bool:
    """Whether a channel or a platform is in an outage that people are, or would be, called for. Stale is no outage.

    Nothing is more severe than critical, so such a source is always at least as severe as what it holds back.
    """
    own = facts.find(Condition.AVAILABILITY, node)
    if own is not None and _stands(own):  # in the same incident too: a channel may rest on another of its platform
        state = facts.channels.get(node)
        alone = len(own.channels) == 1
        return alone or (state is not None and state.health.availability is Availability.OUTAGE)
    shared = facts.find(Condition.AVAILABILITY, platform_key(node))
    if shared is None or shared.id == held_back.id or not _stands(shared):
        return False
    return shared.scope == node or sum(c.platform == node for c in facts.rules.channels.values()) == 1


def _stands(source: Incident) -> bool:
    called_for = source.phase in (Phase.OPEN, Phase.ACKNOWLEDGED)
    return called_for and source.severity is Severity.CRITICAL and not source.unseen


def next_edge(labels: Labels, facts: Facts) -> datetime | None:
    """When a channel may begin or cease to be held by time alone; None: never."""
    silences = (s for s in facts.silences if s.end > facts.now and silencing(s, labels))
    spans = [(silence.start, silence.end) for silence in silences]
    works = (work for work in facts.rules.maintenance if silencing(work, labels))
    for work in works:
        now, coming = occurrence(work, facts.now), next_occurrence(work, facts.now)
        spans += [span for span in (now, coming) if span is not None]
    return min((edge for span in spans for edge in span if edge > facts.now), default=None)
