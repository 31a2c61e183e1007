"""Whom the changes of a step concern: what changed, and what may be held back by it or no longer."""

from collections.abc import Iterable

from monitor.core import folding, reports, silences, telling
from monitor.core.depends import descendants
from monitor.core.draft import Draft
from monitor.core.incident import is_active
from monitor.core.model import Condition, Incident

__all__ = ["tell_changed"]


def tell_changed(draft: Draft) -> None:
    """See whom to tell of what changed; and of what may be held by it, or no longer."""
    concerned = draft.changed_incidents()
    if concerned and any(s.until_recovered and s.held for s in draft.silences.values()):
        silences.end_silences(draft)
    if draft.everything or draft.silences_changed:
        concerned = tuple(sorted(draft.incidents, key=int))
    elif draft.rules.depends:
        concerned = tuple(sorted({*concerned, *_effects(draft, concerned)}, key=int))
    if draft.rules.depends and len(concerned) > 1:
        # Effects first: what is told of the cause must know what was told of them.
        for incident_id in concerned:
            incident = draft.incidents.get(incident_id)
            if incident is not None and is_active(incident.phase) and incident.firing is not None:
                folding.hold(draft, incident)
    for incident_id in concerned:
        incident = draft.incidents.get(incident_id)
        if incident is not None:
            telling.tell(draft, incident)
    if draft.everything and draft.monitor.settled:
        reports.absence(draft)


def _effects(draft: Draft, concerned: Iterable[str]) -> set[str]:
    """Incidents of what rests on a channel, or a platform, whose trouble began, changed or ended; or on one channel of
    a platform's trouble that is well, or bad, by itself.
    """
    known = draft.rules.channels
    nodes: set[str] = set(draft.turned_channels())
    for incident_id in concerned:
        before, after = draft.before.incidents.get(incident_id), draft.incidents.get(incident_id)
        if _weight(before) != _weight(after):
            channels = {c for i in (before, after) if i is not None for c in i.channels if c in known}
            nodes |= channels | {known[c].platform for c in channels}
    below = {c for node in nodes for c in descendants(draft.rules.depends, node, known)}
    found = [draft.find(kind, c) for kind in (Condition.AVAILABILITY, Condition.UNKNOWN) for c in below]
    return {incident.id for incident in found if incident is not None}


def _weight(incident: Incident | None) -> tuple[object, ...]:
    """What of an incident matters to those that rest on it."""
    if incident is None or incident.condition is not Condition.AVAILABILITY:
        return ()
    return (incident.phase, incident.severity, incident.unseen, incident.channels)
