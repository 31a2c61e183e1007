"""The rules change, or the house starts: what came, went and moved, and what is taken up again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from immutables import Map

from monitor.core import life, ourselves, upkeep
from monitor.core.draft import Draft
from monitor.core.incident import is_active
from monitor.core.model import (
    MONITOR,
    ChannelState,
    Condition,
    Configured,
    Kept,
    MonitorState,
    Phase,
    ProbeState,
    Rules,
    State,
    Told,
)
from monitor.core.reviewing import review

__all__ = ["configure", "restore"]


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


def configure(draft: Draft, event: Configured) -> None:
    """Take the rules that hold from now on; what left them is forgotten, what is told goes on by the new ones."""
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
        if incident.condition is Condition.DELIVERY and incident.subject not in rules.destinations:
            ourselves.monitor_well(draft, Condition.DELIVERY, "It left the configuration", incident.subject)
        _readdress(draft, incident.id, event)
    if event.start:
        _start(draft, len(wanted))
    draft.decide("configured", f"{len(rules.channels)} channels, {len(wanted)} probes", evidence=())
    for channel_id in rules.channels:
        review(draft, channel_id)
    draft.monitor = replace(draft.monitor, duties=None)
    upkeep.look_after(draft)
    draft.everything = True
    draft.look_again(now)


def _readdress(draft: Draft, incident_id: str, event: Configured) -> None:
    """What was told goes with the address that heard it. Whoever could not be told of what still goes on is told by an
    address that was mended; at a start, any may be.
    """
    incident = draft.incidents.get(incident_id)
    if incident is None:
        return
    moves = event.readdressed
    told: dict[str, Told] = {}
    for known in incident.told:
        if known.heard and known.destination in moves:
            there = moves[known.destination]
            told[there] = replace(known, destination=there, resolved=known.resolved and not _on_its_way(known))
    for known in incident.told:
        mended = event.start or known.destination in event.elsewhere
        if not (known.unheard and mended) and _stays(known, moves, draft.rules):
            told.setdefault(known.destination, replace(known, heard=None) if known.destination in moves else known)
    if tuple(told.values()) != incident.told:
        draft.put_incident(replace(incident, told=tuple(told.values()), revision=incident.revision + 1))


def _stays(told: Told, moves: Mapping[str, str], rules: Rules) -> bool:
    """Whether somebody hears of it where it was told: what is on its way goes to whoever stands there by then."""
    moved = told.heard is not None and told.destination in moves
    return not moved or (_on_its_way(told) and told.destination in rules.destinations)


def _on_its_way(told: Told) -> bool:
    return told.arrived is None and not told.lost


def _start(draft: Draft, probes: int) -> None:
    """Nothing is told until every probe has run once; blindness that stood when we stopped stands until we look."""
    rules, now = draft.rules, draft.now
    limit = now + rules.settle_within
    alive = draft.monitor.alive
    away = alive if alive is not None and now - alive > rules.absent_after else None
    absent_since = draft.monitor.absent_since or away  # an earlier start may have ended before it could tell
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
    if blind is not None and (blind.by_hand or blind.phase in (Phase.OPEN, Phase.ACKNOWLEDGED)):
        draft.monitor = replace(draft.monitor, blind_since=blind.opened, blind_recheck=limit)
    draft.look_again(limit)
