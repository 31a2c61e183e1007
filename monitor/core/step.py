"""The whole mind in one call: ``step(state, event, rules, now) -> Step``.

Pure and replayable: the same events with the same times give the same ledger, byte for byte. Every deadline is stored
in the state or derived from it, and `Step.wake` says when to come back with a `Tick`; nothing else holds time.

A run that changes nothing takes the short way: it moves the probe's freshness and no more.
"""

from dataclasses import replace
from datetime import datetime

from monitor.core import duties, life, ourselves, reports, source, telling, upkeep, wishes
from monitor.core.blind import check_blind
from monitor.core.configuring import configure, restore
from monitor.core.draft import Draft
from monitor.core.model import (
    Alive,
    Answer,
    Configured,
    Delivered,
    Event,
    Failed,
    Imported,
    ProbeRule,
    ProbeState,
    Read,
    Rules,
    State,
    Step,
    Tick,
    Watched,
)
from monitor.core.reviewing import AT_ONCE, put_off, review
from monitor.core.spreading import tell_changed

__all__ = ["restore", "step"]

TICK_CHANNELS_MAX = 500
"""Channels looked at in one Tick; the rest follow at once in the next, so that no Tick holds the loop for long."""
TICK_INCIDENTS_MAX = 50
"""Likewise incidents of which something is due: each may be a message, which takes a millisecond or two to write."""
TICK_MESSAGES_MAX = 200
"""With so many, no repeat goes before its time; as many as one message gathers."""


def step(state: State, event: Event, rules: Rules, now: datetime) -> Step:
    """What one event means at `now`: the new state, what changed, what was decided, whom to tell, when to wake."""
    draft = Draft(state, rules, now)
    answer = _take(draft, event)
    tell_changed(draft)
    return draft.finish(answer)


def _take(draft: Draft, event: Event) -> Answer | None:
    match event:
        case Read() | Failed():
            _run(draft, event)
        case Configured():
            configure(draft, event)
        case Delivered():
            ourselves.delivered(draft, event)
        case Imported():
            duties.imported(draft, event)
        case Watched():
            upkeep.watched(draft)
        case Alive():
            draft.monitor = replace(draft.monitor, alive=draft.now)
        case Tick():
            _tick(draft)
        case _:
            return wishes.answer(draft, event)
    return None


# --- runs ------------------------------------------------------------------------------------------------------------


def _run(draft: Draft, event: Read | Failed) -> None:
    before = draft.probes.get(event.probe)
    if before is None:
        return  # it left the configuration while its run was under way
    rule = _probe_rule(draft.rules, before)
    now = draft.now
    after = source.read(before, rule, event, now) if isinstance(event, Read) else source.failed(before, event, now)
    _count_first_run(draft, before)
    if _same(before, after, now):
        draft.put_probe(after, keep=after.memory is not before.memory and after.memory != before.memory)
        if draft.monitor.blind_since is not None and not rule.loopback:
            check_blind(draft)
        return
    draft.put_probe(after)
    channel_rule = draft.rules.channels[before.channel]
    reports.report_news(draft, channel_rule, before, after)
    reports.announce(draft, channel_rule, before, after)
    if isinstance(event, Failed) and before.failure is None:
        draft.decide("source_unknown", event.text, channel=before.channel, evidence=(event.probe,))
    elif isinstance(event, Read) and before.failure is not None:
        draft.decide("source_back", "It can be read again", channel=before.channel, evidence=(event.probe,))
    if not rule.loopback and (after.unreachable or draft.monitor.blind_since is not None):
        check_blind(draft)
    review(draft, before.channel)


def _probe_rule(rules: Rules, probe: ProbeState) -> ProbeRule:
    return next(p for p in rules.channels[probe.channel].probes if p.id == probe.id)


def _same(before: ProbeState, after: ProbeState, now: datetime) -> bool:
    """Whether only freshness moved."""
    return (
        before.seen_at is not None
        and before.expires_at is not None
        and before.expires_at > now
        and after.signals is before.signals
        and after.events is before.events
        and after.good is before.good
        and after.unreachable is before.unreachable
        and (after.failure is None) is (before.failure is None)
        and (after.failure is None or before.failure is None or after.failure.reason is before.failure.reason)
    )


def _count_first_run(draft: Draft, before: ProbeState) -> None:
    monitor = draft.monitor
    if monitor.settled or monitor.started is None:
        return
    if before.run_at is None or before.run_at < monitor.started:
        draft.monitor = monitor = replace(monitor, waiting=max(0, monitor.waiting - 1))
    if monitor.waiting == 0:
        _settle(draft, "Every probe has run once")


def _settle(draft: Draft, why: str) -> None:
    draft.monitor = replace(draft.monitor, settled=True, waiting=0)
    draft.decide("settled", f"{why}; what is due is told from now on")
    for channel_id, state in draft.channels.items():
        if state.unknown_since is not None:
            draft.agenda = draft.agenda.set(channel_id, AT_ONCE)
    draft.everything = True
    draft.look_again(draft.now)


# --- time ------------------------------------------------------------------------------------------------------------


def _tick(draft: Draft) -> None:
    now, monitor = draft.now, draft.monitor
    draft.wake = None
    if not monitor.settled and monitor.started is not None:
        limit = monitor.started + draft.rules.settle_within
        if now >= limit:
            _settle(draft, f"{monitor.waiting} probes have not run yet, but {draft.rules.settle_within} have passed")
        else:
            draft.look_again(limit)
    if monitor.blind_recheck is not None:
        if now >= monitor.blind_recheck:
            check_blind(draft)
        else:
            draft.look_again(monitor.blind_recheck)
    due = [c for c, when in draft.agenda.items() if when <= now]
    for channel_id in sorted(due)[:TICK_CHANNELS_MAX]:
        if not put_off(draft, channel_id):
            review(draft, channel_id)
    upkeep.look_after(draft)
    _incidents(draft)
    earliest = min((min(m.values()) for m in (draft.agenda, draft.due) if m), default=None)
    draft.look_again(now if earliest == AT_ONCE else earliest)


def _incidents(draft: Draft) -> None:
    """Incidents of which something is due."""
    due = sorted((i for i, when in draft.due.items() if when <= draft.now), key=int)
    for incident_id in due[:TICK_INCIDENTS_MAX]:
        draft.look_at_incident(incident_id, None)
        incident = draft.incidents.get(incident_id)
        if incident is not None:
            telling.tell(draft, incident)  # first, for its end may not have been told
            life.close_due(draft, draft.incidents[incident_id])
    repeated = {n.destination for n in draft.notifications if n.step == "repeat"}
    for incident in sorted(draft.incidents.values(), key=lambda i: int(i.id)) if repeated else ():
        if len(draft.notifications) >= TICK_MESSAGES_MAX:
            break
        telling.repeat_early(draft, incident, repeated)
