"""One channel judged anew: its verdict, what the ledger says of the change, its incidents, and when to look again."""

from datetime import UTC, datetime, timedelta

from monitor.core import channel as channel_
from monitor.core import life
from monitor.core.draft import Draft
from monitor.core.health import fuse, next_fade
from monitor.core.model import ChannelRule, ChannelState, ProbeState

__all__ = ["AT_ONCE", "put_off", "review"]

AT_ONCE = datetime.min.replace(tzinfo=UTC)
"""On the agenda: look at the channel at the next Tick, whatever its own deadlines say."""
AGE_STEP, AGE_MINUTES, AGE_STEP_LATER = timedelta(minutes=1), timedelta(hours=3), timedelta(hours=1)


def review(draft: Draft, channel_id: str) -> None:
    """Judge a channel anew and bring its incidents in line; note when to look again."""
    rules, now = draft.rules, draft.now
    rule = rules.channels[channel_id]
    probes = [draft.probes[p.id] for p in rule.probes]
    before = draft.channels[channel_id]
    after = channel_.advance(before, fuse(rule, probes, now, admitted=before.admitted), rules, now)
    if after != before:
        draft.put_channel(after)
        _explain(draft, rule, before, after)
    life.review(draft, rule, after)
    due = [d for d in _deadlines(rule, probes, after, draft) if d > now]
    if due:
        draft.agenda = draft.agenda.set(channel_id, min(due))
        draft.look_again(min(due))
    elif channel_id in draft.agenda:
        draft.agenda = draft.agenda.delete(channel_id)


def put_off(draft: Draft, channel_id: str) -> bool:
    """Whether what was due has moved on since, as the expiry of a source does at every run; then note the new time."""
    rules, now = draft.rules, draft.now
    when = draft.agenda[channel_id]
    if when == AT_ONCE:
        return False
    rule = rules.channels[channel_id]
    deadlines = _deadlines(rule, [draft.probes[p.id] for p in rule.probes], draft.channels[channel_id], draft)
    coming = [d for d in deadlines if d > now]
    if not coming or any(when <= d <= now for d in deadlines):
        return False
    draft.agenda = draft.agenda.set(channel_id, min(coming))
    return True


def _explain(draft: Draft, rule: ChannelRule, before: ChannelState, after: ChannelState) -> None:
    old, new = before.health, after.health
    if old.availability is not new.availability:
        why = "; ".join(new.reasons[:2])
        text = f"{rule.name}: {old.availability.value} → {new.availability.value}" + (f": {why}" if why else "")
        draft.decide("availability_changed", text, channel=rule.id, evidence=new.evidence)
        if life.held_back(draft, rule):
            draft.decide("held_blind", "We are blind: no verdict of ours is told", channel=rule.id)
    if old.risk is not new.risk:
        why = "; ".join(new.risk_reasons[:2])
        text = f"{rule.name}: risk {old.risk.value} → {new.risk.value}" + (f": {why}" if why else "")
        draft.decide("risk_changed", text, channel=rule.id, evidence=new.evidence)
    if new.diverges and not old.diverges:
        draft.decide("diverged", "Our own calls fail while the vendor's page says well", channel=rule.id)


def _deadlines(rule: ChannelRule, probes: list[ProbeState], channel: ChannelState, draft: Draft) -> list[datetime]:
    now = draft.now
    due = channel_.deadlines(channel, draft.rules)
    for probe in probes:
        if probe.expires_at is not None:
            due.append(probe.expires_at)
            if probe.expires_at <= now:  # how long ago it was last seen is said anew, by the minute, then by the hour
                every = AGE_STEP if now - probe.expires_at < AGE_MINUTES else AGE_STEP_LATER
                turns = (now - probe.expires_at) // every
                due += [probe.expires_at + turns * every, probe.expires_at + (turns + 1) * every]
        due += [next_fade(held, held.at) for held in probe.events] + [held.until for held in probe.events]
    return due if rule.probes else []
