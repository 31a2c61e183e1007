"""Who hears of an incident, and when; and why not, when not.

There is one route so far: every contact of the root receiver. A destination is told when, and only when: the incident
opens (after `group_wait`), gets worse (at once), a new channel joins (after `group_interval`), it is in trouble again
for `group_interval` after people heard that it was over, or it is over (exactly those who were told of it). All times
are derived from what is stored, so a restart or a reload forgets none.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core import wording
from monitor.core.draft import Draft
from monitor.core.incident import is_active
from monitor.core.model import (
    Condition,
    Destination,
    Incident,
    Notification,
    Phase,
    Risk,
    Rules,
    Told,
)
from monitor.core.source import is_bad
from probes.base import Severity

__all__ = ["Wanted", "tell", "wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that is due at a time, and the reason code under which it is told."""

    step: str
    due: datetime
    code: str


def group_wait(incident: Incident, rules: Rules) -> timedelta:
    """How long the first message waits for others of the same cause."""
    return rules.route.wait(incident.peak) if rules.route else timedelta(0)


def wanted(incident: Incident, told: Told | None, rules: Rules, *, in_trouble: bool, now: datetime) -> Wanted | None:
    """What a destination that was told `told` last should hear next; None: nothing. `in_trouble`: right now."""
    if incident.phase is Phase.RESOLVED:
        if told is not None and not told.resolved and not told.lost:
            return Wanted("resolved", now, "told_resolved")
        return None
    if not is_active(incident.phase) or incident.firing is None:
        return None
    if told is None:
        return Wanted("opened", incident.firing + group_wait(incident, rules), "told_opened") if in_trouble else None
    if incident.peak > told.severity:
        return Wanted("updated", now, "told_worse") if in_trouble else None
    if told.lost:
        return None
    if told.resolved:
        since = incident.reopened or now
        return (
            Wanted("updated", since + (rules.route.interval if rules.route else timedelta(0)), "told_reopened")
            if in_trouble
            else None
        )
    if set(incident.channels) - set(told.channels):
        return (
            Wanted("updated", told.at + (rules.route.interval if rules.route else timedelta(0)), "told_joined")
            if in_trouble
            else None
        )
    return None


def tell(draft: Draft, incident: Incident) -> None:
    """Queue what is due of an incident, and note when something will be."""
    told = {t.destination: t for t in incident.told}
    reached = draft.rules.recipients.get(draft.rules.route.receiver) if draft.rules.route else None
    methods = reached.methods if reached else ()
    targets = [draft.rules.destinations[m.destination] for m in methods if m.destination != incident.subject]
    if not targets:
        _nobody(draft, incident)
        return
    in_trouble = _in_trouble(draft, incident)
    next_due: datetime | None = None
    for destination in targets:
        want = wanted(incident, told.get(destination.id), draft.rules, in_trouble=in_trouble, now=draft.now)
        if want is None:
            continue
        if not draft.monitor.settled:
            due = (draft.monitor.started or draft.now) + draft.rules.settle_within
            want = replace(want, due=max(want.due, due))
        if want.due <= draft.now:
            told[destination.id] = _queue(draft, incident, destination, want, told.get(destination.id))
        else:
            next_due = min(next_due or want.due, want.due)
    draft.look_again(next_due)
    if next_due != incident.notify_at and next_due is not None:
        held = "held_group_wait" if draft.monitor.settled else "held_settling"
        text = f"The next message waits until {wording.clock(next_due, draft.rules, seconds=True)}"
        draft.decide(held, text, incident=incident)
    updated = replace(incident, told=tuple(told.values()), notify_at=next_due)
    if updated != incident:
        draft.put_incident(updated)


def _nobody(draft: Draft, incident: Incident) -> None:
    if incident.firing is None:
        return
    known = draft.before.incidents.get(incident.id)
    if known is None or known.firing is None or known.revision != incident.revision:
        draft.decide("not_told_nobody", "No receiver is configured that could be told", incident=incident)


def _in_trouble(draft: Draft, incident: Incident) -> bool:
    """Whether it is bad right now, rather than waiting to be called well again."""
    if incident.condition in (Condition.BLIND, Condition.DELIVERY):
        return True
    members = [draft.channels[c] for c in incident.channels if c in draft.channels]
    if incident.condition is Condition.RISK:
        return any(m.health.risk in (Risk.ELEVATED, Risk.SEVERE) for m in members)
    if incident.condition is Condition.UNKNOWN:
        return any(m.unknown_since is not None for m in members)
    return any(is_bad(m.health.availability) for m in members)


def _queue(draft: Draft, incident: Incident, destination: Destination, want: Wanted, before: Told | None) -> Told:
    rules = draft.rules
    key = f"{incident.id}/{incident.revision}/{want.step}/{destination.id}"
    members = [draft.channels[c] for c in incident.channels if c in draft.channels]
    critical = incident.peak is Severity.CRITICAL
    draft.notifications.append(
        Notification(
            key=key,
            incident=incident.id,
            revision=incident.revision,
            step=want.step,
            destination=destination.id,
            message=wording.compose(incident, want.step, before, rules, members, draft.now),
            created=draft.now,
            expires=draft.now + (rules.ttl_critical if critical else rules.ttl),
            critical=critical,
        )
    )
    text = f"{destination.name} is told by {destination.way or destination.service}: {want.step}"
    draft.decide(want.code, text, incident=incident, destination=destination.id)
    return Told(
        destination.id, incident.revision, draft.now, key, incident.peak, incident.channels, want.step == "resolved"
    )
