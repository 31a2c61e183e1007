"""The whole mind in one call: ``step(state, event, rules, now) -> Step``.

Pure and replayable: the same events with the same times give the same ledger, byte for byte. Every deadline is stored
in the state or derived from it, and `Step.wake` says when to come back with a `Tick`; nothing else holds time.

A run that changes nothing takes the short way: it moves the probe's freshness and no more.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from immutables import Map

from monitor.core import acting, duties, folding, life, reports, source, telling
from monitor.core import channel as channel_
from monitor.core.blind import is_blind
from monitor.core.depends import descendants
from monitor.core.draft import Draft
from monitor.core.health import fuse, next_fade
from monitor.core.incident import is_active
from monitor.core.model import (
    MONITOR,
    Acted,
    Alive,
    Answer,
    ChannelRule,
    ChannelState,
    Condition,
    Configured,
    Delivered,
    Drilled,
    Event,
    Failed,
    Imported,
    Incident,
    Kept,
    MonitorState,
    Overridden,
    Phase,
    ProbeRule,
    ProbeState,
    Read,
    Restored,
    Rules,
    Silenced,
    State,
    Step,
    Tick,
    Unsilenced,
    Watched,
)
from monitor.core.saying import Saying

__all__ = ["restore", "step"]

AT_ONCE = datetime.min.replace(tzinfo=UTC)
"""On the agenda: look at the channel at the next Tick, whatever its own deadlines say."""
AGE_STEP, AGE_MINUTES, AGE_STEP_LATER = timedelta(minutes=1), timedelta(hours=3), timedelta(hours=1)
BLIND_RECHECK = timedelta(seconds=1)
BLIND_WATCH = timedelta(seconds=10)
TICK_CHANNELS_MAX = 500
"""Channels looked at in one Tick; the rest follow at once in the next, so that no Tick holds the loop for long."""
TICK_INCIDENTS_MAX = 50
"""Likewise incidents of which something is due: each may be a message, which takes a millisecond or two to write."""


def step(state: State, event: Event, rules: Rules, now: datetime) -> Step:
    """What one event means at `now`: the new state, what changed, what was decided, whom to tell, when to wake."""
    draft = Draft(state, rules, now)
    answer = _take(draft, event)
    _tell_changed(draft)
    return draft.finish(answer)


def _take(draft: Draft, event: Event) -> Answer | None:
    match event:
        case Read() | Failed():
            _run(draft, event)
        case Configured():
            _configure(draft, event)
        case Delivered():
            life.delivered(draft, event)
        case Imported():
            duties.imported(draft, event)
        case Watched():
            _watched(draft)
        case Alive():
            draft.monitor = replace(draft.monitor, alive=draft.now)
        case Tick():
            _tick(draft)
        case _:
            return _answer(draft, event)
    return None


def _answer(draft: Draft, event: Acted | Silenced | Unsilenced | Overridden | Restored | Drilled) -> Answer:
    """What a person wishes, and what becomes of it."""
    match event:
        case Acted():
            return acting.act(draft, event)
        case Silenced():
            return acting.silence(draft, event)
        case Unsilenced():
            return acting.unsilence(draft, event)
        case Drilled():
            return reports.drill(draft, event)
    changed = acting.override(draft, event) if isinstance(event, Overridden) else acting.restore_schedule(draft, event)
    duties.review_schedules(draft)
    return changed


def restore(snapshot: Kept, rules: Rules, now: datetime) -> State:
    """The state as it was kept, with what is derived made anew. Follow it with ``Configured(start=True)``."""
    state = State(
        monitor=snapshot.monitor or MonitorState(),
        probes=Map(snapshot.probes),
        channels=Map(snapshot.channels),
        silences=Map(snapshot.silences),
        overrides=Map(snapshot.overrides),
        schedules=Map(snapshot.schedules),
    )
    draft = Draft(state, rules, now)
    for incident in sorted(snapshot.incidents.values(), key=lambda i: (is_active(i.phase), int(i.id))):
        draft.put_incident(incident)
    return draft.finish().state


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
            _check_blind(draft)
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
        _check_blind(draft)
    _review(draft, before.channel)


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


# --- one channel -----------------------------------------------------------------------------------------------------


def _review(draft: Draft, channel_id: str) -> None:
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


def _explain(draft: Draft, rule: ChannelRule, before: ChannelState, after: ChannelState) -> None:
    old, new = before.health, after.health
    if old.availability is not new.availability:
        why = "; ".join(new.reasons[:2])
        text = f"{rule.name}: {old.availability.value} -> {new.availability.value}" + (f": {why}" if why else "")
        draft.decide("availability_changed", text, channel=rule.id, evidence=new.evidence)
        if life.held_back(draft, rule):
            draft.decide("held_blind", "We are blind: no verdict of ours is told", channel=rule.id)
    if old.risk is not new.risk:
        why = "; ".join(new.risk_reasons[:2])
        text = f"{rule.name}: risk {old.risk.value} -> {new.risk.value}" + (f": {why}" if why else "")
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
            _check_blind(draft)
        else:
            draft.look_again(monitor.blind_recheck)
    due = [c for c, when in draft.agenda.items() if when <= now]
    for channel_id in sorted(due)[:TICK_CHANNELS_MAX]:
        if not _put_off(draft, channel_id):
            _review(draft, channel_id)
    _duties(draft)
    _incidents(draft)
    earliest = min((min(m.values()) for m in (draft.agenda, draft.due) if m), default=None)
    draft.look_again(now if earliest == AT_ONCE else earliest)


def _duties(draft: Draft) -> None:
    """Schedules, silences, overrides and the Watchdog, when something of theirs is due."""
    monitor = draft.monitor
    if monitor.duties is not None and draft.now < monitor.duties:
        draft.look_again(monitor.duties)
        return
    draft.monitor = replace(monitor, duties=None)
    acting.end_silences(draft)
    acting.end_overrides(draft)
    duties.review_schedules(draft)
    expected = draft.rules.watchdog
    if expected is not None:
        heard = draft.monitor.watchdog or draft.monitor.started or draft.now
        if draft.now >= heard + expected:
            text = Saying("Prometheus' Watchdog is silent: the way of metrics and their alerts is broken")
            life.monitor_trouble(draft, Condition.WATCHDOG, (text,))
        else:
            draft.look_at_duties(heard + expected)


def _watched(draft: Draft) -> None:
    draft.monitor = replace(draft.monitor, watchdog=draft.now)
    trouble = draft.find(Condition.WATCHDOG, MONITOR)
    if trouble is not None and is_active(trouble.phase):
        life.resolve(draft, trouble, "The Watchdog is heard again")
    if draft.rules.watchdog is not None:
        draft.look_at_duties(draft.now + draft.rules.watchdog)


def _incidents(draft: Draft) -> None:
    """Incidents of which something is due."""
    due = sorted((i for i, when in draft.due.items() if when <= draft.now), key=int)
    for incident_id in due[:TICK_INCIDENTS_MAX]:
        draft.look_at_incident(incident_id, None)
        incident = draft.incidents.get(incident_id)
        if incident is not None and not life.close_due(draft, incident):
            telling.tell(draft, draft.incidents[incident_id])
    repeated = {n.destination for n in draft.notifications if n.step == "repeat"}
    if repeated:
        for incident in sorted(draft.incidents.values(), key=lambda i: int(i.id)):
            telling.repeat_early(draft, incident, repeated)


def _put_off(draft: Draft, channel_id: str) -> bool:
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


def _tell_changed(draft: Draft) -> None:
    """See whom to tell of what changed; and of what may be held by it, or no longer."""
    concerned = draft.changed_incidents()
    if concerned and any(s.until_recovered and s.held for s in draft.silences.values()):
        acting.end_silences(draft)
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
    """Incidents of what rests on a channel, or a platform, whose trouble began, changed or ended."""
    known = draft.rules.channels
    nodes: set[str] = set()
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


# --- blind -----------------------------------------------------------------------------------------------------------


def _check_blind(draft: Draft) -> None:
    """Ask, at most once a second, whether it is us; on a change judge every channel anew."""
    monitor, now = draft.monitor, draft.now
    if monitor.blind_checked is not None and now - monitor.blind_checked < BLIND_RECHECK:
        again = monitor.blind_checked + BLIND_RECHECK
        draft.monitor = replace(monitor, blind_recheck=again)
        draft.look_again(again)
        return
    rows = ((p, draft.probes[p.id]) for c in draft.rules.channels.values() for p in c.probes if p.id in draft.probes)
    blind = is_blind(rows, draft.rules, now)
    watch = now + BLIND_WATCH if blind else None
    draft.monitor = replace(monitor, blind_checked=now, blind_recheck=watch)
    draft.look_again(watch)
    if blind and monitor.blind_since is None:
        draft.monitor = replace(draft.monitor, blind_since=now)
        text = Saying("Most of what we look at cannot be reached at once, on several hosts: the fault is likely ours")
        draft.decide("blind_began", text)
        life.monitor_trouble(draft, Condition.BLIND, (text,))
    elif not blind and monitor.blind_since is not None:
        draft.monitor = replace(draft.monitor, blind_since=None)
        draft.decide("blind_ended", "We can see out again; every channel is judged anew")
        incident = draft.find(Condition.BLIND, MONITOR)
        if incident is not None and is_active(incident.phase):
            life.resolve(draft, incident, "We can see out again")
        for channel_id in draft.rules.channels:
            draft.agenda = draft.agenda.set(channel_id, AT_ONCE)
        draft.look_again(now)


# --- configuration ---------------------------------------------------------------------------------------------------


def _configure(draft: Draft, event: Configured) -> None:
    rules, now = draft.rules, draft.now
    wanted = {p.id: p for c in rules.channels.values() for p in c.probes}
    moved = {new: replace(draft.probes[old], id=new) for old, new in event.moved.items() if old in draft.probes}
    for probe_id in sorted(set(draft.probes) - set(wanted) | (event.forget & set(draft.probes))):
        draft.drop_probe(probe_id)
    for rule in wanted.values():
        if rule.id in moved:
            draft.put_probe(moved[rule.id])
        elif rule.id not in draft.probes:
            draft.put_probe(ProbeState(rule.id, rule.channel))
    gone = frozenset(draft.channels) - frozenset(rules.channels)
    for channel_id in sorted(gone):
        draft.drop_channel(channel_id)
    for channel_id in rules.channels:
        if channel_id not in draft.channels:
            draft.put_channel(ChannelState(channel_id))
    for incident in sorted(draft.incidents.values(), key=lambda i: int(i.id)):
        life.leave(draft, incident, gone | (frozenset(incident.channels) - frozenset(rules.channels)))
    if event.start:
        _start(draft, len(wanted))
    draft.decide("configured", f"{len(rules.channels)} channels, {len(wanted)} probes", evidence=())
    for channel_id in rules.channels:
        _review(draft, channel_id)
    draft.monitor = replace(draft.monitor, duties=None)
    _duties(draft)
    draft.everything = True
    draft.look_again(now)


def _start(draft: Draft, probes: int) -> None:
    """Nothing is told until every probe has run once; blindness that stood when we stopped stands until we look."""
    rules, now = draft.rules, draft.now
    limit = now + rules.settle_within
    alive = draft.monitor.alive
    absent_since = alive if alive is not None and now - alive > rules.absent_after else None
    draft.monitor = replace(
        draft.monitor,
        started=now,
        settled=probes == 0,
        waiting=probes,
        blind_since=None,
        alive=now,
        absent_since=absent_since,
        watchdog=None,
    )
    blind = draft.find(Condition.BLIND, MONITOR)
    if blind is not None and blind.phase in (Phase.OPEN, Phase.ACKNOWLEDGED):
        draft.monitor = replace(draft.monitor, blind_since=blind.opened, blind_recheck=limit)
    draft.look_again(limit)
