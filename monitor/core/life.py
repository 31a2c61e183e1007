"""From a channel's verdict to its incidents: opened, worsened, shared by a platform, resolved, reopened, closed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from monitor.core import paging
from monitor.core.draft import Draft, platform_key
from monitor.core.incident import Move, advance, is_active
from monitor.core.model import (
    ChannelRule,
    ChannelState,
    Condition,
    Incident,
    Phase,
    Risk,
    Rules,
)
from monitor.core.saying import about
from monitor.core.source import is_bad
from probes.base import Availability, Family, Severity

__all__ = ["STANDING", "close_due", "closes_at", "hit", "leave", "resolve", "review", "settle_incident"]

REASONS_MAX = 12
_SEVERITY = {Availability.DEGRADED: Severity.WARNING, Availability.OUTAGE: Severity.CRITICAL}
_RISKY = (Family.BRAND, Family.POLICY)
STANDING = (Condition.BLIND, Condition.WATCHDOG, Condition.SCHEDULE)
"""What is wrong with us for as long as it is, rather than each time it happens."""
_RISK_SEVERITY = {Risk.ELEVATED: Severity.WARNING, Risk.SEVERE: Severity.CRITICAL}


def review(draft: Draft, rule: ChannelRule, channel: ChannelState) -> None:
    """Bring the incidents of one channel in line with its verdict."""
    for condition in (Condition.AVAILABILITY, Condition.RISK, Condition.UNKNOWN):
        incident = draft.find(condition, rule.id)
        severity = _severity_now(draft, rule, channel, condition)
        if severity is not Severity.OK:
            hit(draft, rule, condition, severity)
        elif incident is not None and is_active(incident.phase):
            settle_incident(draft, incident)
        elif incident is not None and incident.by_hand:
            _let_go(draft, incident)


def _let_go(draft: Draft, incident: Incident) -> None:
    """What a person called over is really over by now, so that its coming back is news."""
    since = [_well_since(draft, c, incident.condition) for c in incident.channels if c in draft.channels]
    known = [s for s in since if s is not None]
    if len(known) == len(since) and all(draft.now >= s + draft.rules.resolve_after for s in known):
        draft.decide("let_go", "It is well by itself now", incident=incident)
        draft.put_incident(replace(incident, by_hand=""))


def _severity_now(draft: Draft, rule: ChannelRule, channel: ChannelState, condition: Condition) -> Severity:
    """How bad the channel is in that respect; OK also where judgement is held back."""
    health = channel.health
    if condition is Condition.RISK:
        return _RISK_SEVERITY.get(health.risk, Severity.OK)
    if held_back(draft, rule):
        return Severity.OK
    if condition is Condition.AVAILABILITY:
        return _SEVERITY.get(health.availability, Severity.OK)
    watched = any(p.family in (Family.STATUS, Family.API) for p in rule.probes)
    if channel.unknown_since is None or rule.defunct or not watched or not draft.monitor.settled:
        return Severity.OK
    trouble = draft.find(Condition.AVAILABILITY, rule.id)
    known = trouble is not None and is_active(trouble.phase)
    return Severity.OK if known else Severity.WARNING


def held_back(draft: Draft, rule: ChannelRule) -> bool:
    """Whether availability is not judged now: we are blind, and the channel is not looked at over loopback."""
    return draft.monitor.blind_since is not None and not all(p.loopback for p in rule.probes)


def hit(draft: Draft, rule: ChannelRule, condition: Condition, severity: Severity) -> None:
    """A channel is in trouble: its incident opens, worsens, joins its platform's, or comes back."""
    own = draft.find(condition, rule.id)
    if own is not None and own.by_hand and own.phase is Phase.RESOLVED and severity <= own.peak:
        return  # a person called it over; it counts again when it gets worse, or comes back
    if own is not None and own.phase is Phase.PENDING:
        _confirm(draft, rule, own)
    elif own is not None and is_active(own.phase):
        _refresh(draft, own)
    elif condition is Condition.UNKNOWN:
        _pend(draft, rule, severity)
    else:
        _fire(draft, rule, condition, severity, own)


def _pend(draft: Draft, rule: ChannelRule, severity: Severity) -> None:
    since = draft.channels[rule.id].unknown_since or draft.now
    incident = Incident(
        draft.next_incident_id(), rule.id, Condition.UNKNOWN, Phase.PENDING, severity, (rule.id,), since, peak=severity
    )
    draft.decide("incident_pending", f"{rule.name} is unknown; told if it lasts", channel=rule.id, incident=incident)
    _refresh(draft, draft.put_incident(incident))
    _confirm(draft, rule, draft.incidents[incident.id])


def _confirm(draft: Draft, rule: ChannelRule, incident: Incident) -> None:
    if draft.now - incident.opened < draft.rules.unknown_after:
        return
    shared = draft.find(incident.condition, platform_key(rule.platform))
    if shared is not None and shared.id != incident.id and shared.phase in (Phase.OPEN, Phase.ACKNOWLEDGED):
        draft.put_incident(replace(incident, phase=advance(incident.phase, Move.WITHDRAW)))
        _join(draft, rule, shared)
        return
    phase = advance(incident.phase, Move.CONFIRM)
    incident = replace(incident, phase=phase, firing=draft.now, peak=incident.severity)
    draft.decide("incident_opened", f"{rule.name} has been unknown for too long", channel=rule.id, incident=incident)
    _refresh(draft, draft.put_incident(incident))


def _fire(draft: Draft, rule: ChannelRule, condition: Condition, severity: Severity, own: Incident | None) -> None:
    shared = draft.find(condition, platform_key(rule.platform))
    if shared is not None and is_active(shared.phase):
        _join(draft, rule, shared)
    elif own is not None:
        _reopen(draft, rule, own, severity)
    else:
        incident = Incident(
            draft.next_incident_id(), rule.id, condition, Phase.PENDING, severity, (rule.id,), draft.now
        )
        incident = replace(incident, phase=advance(incident.phase, Move.CONFIRM), firing=draft.now, peak=severity)
        health = draft.channels[rule.id].health
        text = f"{rule.name} is in trouble: {condition.value}"
        draft.decide("incident_opened", text, channel=rule.id, incident=incident, evidence=health.evidence)
        _refresh(draft, draft.put_incident(incident))


def _join(draft: Draft, rule: ChannelRule, shared: Incident) -> None:
    channels = (*shared.channels, rule.id)
    incident = replace(shared, scope=rule.platform, channels=channels, revision=shared.revision + 1)
    text = f"{rule.name} joined: the trouble is now {rule.platform_name}'s"
    draft.decide("incident_joined", text, channel=rule.id, incident=incident)
    _refresh(draft, draft.put_incident(incident))


def _reopen(draft: Draft, rule: ChannelRule, own: Incident, severity: Severity) -> None:
    incident = replace(
        paging.anew(own, draft.now, worse=severity > own.peak),
        phase=advance(own.phase, Move.RECUR),
        revision=own.revision + 1,
        resolved=None,
        reopened=draft.now,
        severity=severity,
        peak=max(own.peak, severity),
    )
    draft.decide("incident_reopened", f"{rule.name} is in trouble again", channel=rule.id, incident=incident)
    _refresh(draft, draft.put_incident(incident))


def _refresh(draft: Draft, incident: Incident) -> None:
    """Bring severity, reasons and flags in line with what its channels say now."""
    members = [draft.channels[c] for c in incident.channels if c in draft.channels]
    if incident.condition is Condition.AVAILABILITY:
        members = [m for m in members if not held_back(draft, draft.rules.channels[m.id])]
        if not members:
            return
    severity = max((_member_severity(m, incident.condition) for m in members), default=Severity.OK)
    severity = severity if severity is not Severity.OK else incident.severity
    unseen = incident.condition is Condition.AVAILABILITY and any(m.unknown_since or m.health.stale for m in members)
    worse = severity > incident.peak
    reasons = _reasons(draft, members, incident)
    hits = sum(_member_severity(m, incident.condition) is not Severity.OK for m in members)
    worst = (severity, hits) >= (incident.peak, incident.peak_channels) and hits > 0
    updated = replace(
        incident,
        severity=severity,
        family=_family(members) if incident.condition is Condition.RISK else None,
        peak_reasons=reasons if worst else incident.peak_reasons,
        peak_channels=hits if worst else incident.peak_channels,
        peak=max(severity, incident.peak),
        revision=incident.revision + (1 if worse else 0),
        reasons=reasons,
        unseen=unseen,
        unstable=incident.unstable or any(m.unstable_since for m in members),
        lead_s=incident.lead_s if incident.lead_s is not None else _lead_s(draft, members, incident),
    )
    if updated == incident:
        return
    if worse:
        draft.decide("incident_worsened", f"Now {severity.name.lower()}", incident=updated)
        if updated.phase is Phase.ACKNOWLEDGED:
            updated = _undo(draft, updated)
        elif updated.snoozed is not None and updated.phase is Phase.OPEN:
            draft.decide("snooze_over", "It got worse", incident=updated)
            updated = paging.resume(replace(updated, snoozed=None), draft.now)
    if unseen and not incident.unseen:
        draft.decide("incident_unseen", "Its evidence is no longer fresh; it stays open", incident=updated)
    if updated.unstable and not incident.unstable:
        draft.decide("incident_unstable", "It keeps changing; the worse is held", incident=updated)
    draft.put_incident(updated)


def _undo(draft: Draft, incident: Incident) -> Incident:
    """Whoever took the lesser trouble is called again, and stays its owner."""
    draft.decide("ack_undone", "It got worse, so people are called again", incident=incident)
    opened = replace(incident, phase=advance(incident.phase, Move.LAPSE), lapses=None)
    return paging.resume(paging.with_owner(opened, draft.rules), draft.now)


def _member_severity(channel: ChannelState, condition: Condition) -> Severity:
    if condition is Condition.AVAILABILITY:
        return _SEVERITY.get(channel.health.availability, Severity.OK)
    if condition is Condition.RISK:
        return _RISK_SEVERITY.get(channel.health.risk, Severity.OK)
    return Severity.WARNING if channel.unknown_since else Severity.OK


def _reasons(draft: Draft, members: Iterable[ChannelState], incident: Incident) -> tuple[str, ...]:
    said: list[str] = []
    hits = [m for m in members if _member_severity(m, incident.condition) is not Severity.OK]
    for member in hits:
        own = member.health.risk_reasons if incident.condition is Condition.RISK else member.health.reasons
        if incident.condition is Condition.UNKNOWN:
            own = member.health.unknowns or member.health.reasons
        several, name = len(incident.channels) > 1, draft.rules.channels[member.id].name
        said += [about(name, reason) if several else reason for reason in own]
    return tuple(dict.fromkeys(said))[:REASONS_MAX] or incident.reasons


def _family(members: Iterable[ChannelState]) -> Family:
    """Whose risk it is: the family that weighs more."""
    weights = {
        family: max((m.health.penalties.get(family.value, 0.0) for m in members), default=0.0) for family in _RISKY
    }
    return max(_RISKY, key=weights.__getitem__)


def _lead_s(draft: Draft, members: Iterable[ChannelState], incident: Incident) -> float | None:
    """How long before the vendor's page our verdict came: set when the page follows our own calls."""
    if incident.condition is not Condition.AVAILABILITY:
        return None
    leads = []
    for member in members:
        before = draft.before.channels.get(member.id)
        if (
            before is not None
            and before.diverged_since
            and not member.diverged_since
            and is_bad(member.health.availability)
        ):
            leads.append((draft.now - before.diverged_since).total_seconds())
    return max(leads, default=None)


# --- the end ---------------------------------------------------------------------------------------------------------


def settle_incident(draft: Draft, incident: Incident) -> None:
    """A channel of an active incident is not (or no longer) in trouble: see whether all of it is over."""
    _refresh(draft, incident)
    incident = draft.incidents[incident.id]
    since = [_well_since(draft, c, incident.condition) for c in incident.channels if c in draft.channels]
    known = [s for s in since if s is not None]
    if len(known) < len(since):
        return
    if incident.phase is Phase.PENDING:
        draft.put_incident(replace(incident, phase=advance(incident.phase, Move.WITHDRAW)))
        draft.decide("incident_withdrawn", "It became known again before it was told", incident=incident)
        return
    if known and draft.now < (due := max(known) + draft.rules.resolve_after):
        draft.look_again(due)
        return
    resolve(draft, incident, "All of its channels have been well for long enough")


def _well_since(draft: Draft, channel_id: str, condition: Condition) -> datetime | None:
    channel = draft.channels[channel_id]
    if condition is Condition.RISK:
        return channel.risk_good_since
    if held_back(draft, draft.rules.channels[channel_id]):
        return None
    if condition is Condition.UNKNOWN:
        return (channel.since or draft.now) if channel.unknown_since is None else None
    return channel.good_since


def resolve(draft: Draft, incident: Incident, why: str) -> Incident:
    """End an active incident; those who heard of it hear of the end."""
    phase = advance(incident.phase, Move.RECOVER)
    reasons = incident.peak_reasons or incident.reasons
    ended = replace(
        incident, phase=phase, resolved=draft.now, revision=incident.revision + 1, unseen=False, reasons=reasons
    )
    draft.decide("incident_resolved", why, incident=ended)
    draft.look_again(draft.now + draft.rules.reopen_within)
    return draft.put_incident(ended)


def closes_at(incident: Incident, rules: Rules) -> datetime | None:
    """When a resolved incident is closed; None: it is not resolved, or what a person called over may still stand."""
    if incident.phase is not Phase.RESOLVED or incident.resolved is None:
        return None
    if incident.by_hand and (incident.channels or incident.condition in STANDING):
        return None
    return incident.resolved + rules.reopen_within


def close_due(draft: Draft, incident: Incident) -> None:
    """Close a resolved incident whose time to come back has passed."""
    due = closes_at(incident, draft.rules)
    if due is None or draft.now < due:
        return
    closed = replace(incident, phase=advance(incident.phase, Move.EXPIRE), notify_at=None)
    draft.decide("incident_closed", "The same trouble would now be a new incident", incident=closed)
    draft.put_incident(closed)


def leave(draft: Draft, incident: Incident, gone: frozenset[str]) -> None:
    """Channels that are no longer watched leave their incident; without any left it ends."""
    left = tuple(c for c in incident.channels if c not in gone)
    if left == incident.channels:
        return
    for channel in gone.intersection(incident.channels):
        key = (incident.condition.value, channel)
        if draft.index.get(key) == incident.id:
            draft.index = draft.index.delete(key)
    if left:
        draft.put_incident(replace(incident, channels=left))
        return
    if incident.phase is Phase.PENDING:
        draft.put_incident(replace(incident, phase=advance(incident.phase, Move.WITHDRAW)))
    elif is_active(incident.phase):
        resolve(draft, incident, "Its channel is no longer watched")
    elif incident.by_hand:
        draft.put_incident(replace(incident, by_hand=""))
