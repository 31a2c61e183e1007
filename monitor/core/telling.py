"""Who hears of an incident, and when; and why not, when not.

A destination is told when, and only when: the incident opens (after `group_wait`), gets worse (at once), a channel
joins (after `group_interval`), it is in trouble again for `group_interval` after people heard that it was over, what
held it back is gone, it is still open and nobody took it (after `repeat_interval`), somebody took it or the taking
lapsed, or it is over (exactly those who were told of it). People are called in the order of the policy. All moments are
stored or follow from what is stored, so a restart or a reload forgets none.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core import life, paging
from monitor.core.calling import call, try_other_ways
from monitor.core.draft import Draft
from monitor.core.folding import hold
from monitor.core.incident import Move, advance, is_active
from monitor.core.model import Incident, Phase, Told
from monitor.core.receivers import name_of
from monitor.core.routed import take_routes
from monitor.core.talk import Talk

__all__ = ["Wanted", "repeat_early", "tell", "wanted"]

EARLY = timedelta(minutes=1)
"""Repeats that are due within this time of another one go with it, in one message."""


def tell(draft: Draft, incident: Incident) -> None:
    """Queue what is due of an incident, and note when something will be."""
    if incident.phase is Phase.RESOLVED:
        talk = Talk(draft, incident)
        _end(talk)
        talk.finish()
        over = life.closes_at(incident, draft.rules) if draft.monitor.settled else None
        draft.look_at_incident(incident.id, _earliest(talk.next_due, over))
    elif is_active(incident.phase) and incident.firing is not None:
        edge = hold(draft, incident)
        talk = Talk(draft, draft.incidents[incident.id])
        take_routes(talk)
        _lapse(talk)
        _update(talk)
        call(talk)
        _repeat(talk)
        try_other_ways(talk)
        talk.finish()
        draft.look_at_incident(incident.id, _earliest(talk.next_due, talk.edge, edge))


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((m for m in moments if m is not None), default=None)


# --- taken, and no longer --------------------------------------------------------------------------------------------


def _lapse(talk: Talk) -> None:
    """An acknowledgement or a snooze that ends: people are reminded, and calling is taken up again."""
    incident = talk.incident
    if incident.phase is Phase.ACKNOWLEDGED and incident.lapses is not None and talk.ready(incident.lapses):
        phase = advance(incident.phase, Move.LAPSE)
        _resume(talk, replace(incident, phase=phase, lapses=None, snoozed=None, revision=incident.revision + 1))
        owner = name_of(talk.rules, incident.owner)
        talk.draft.decide("ack_lapsed", f"{owner} took it and has not confirmed since", incident=talk.incident)
        for recipient in sorted(_reminded(talk)):
            talk.call(recipient, "lapsed", "told_lapsed", by=incident.owner)
    elif incident.snoozed is not None and incident.phase is Phase.OPEN and talk.ready(incident.snoozed):
        _resume(talk, replace(incident, snoozed=None))
        talk.draft.decide("snooze_over", "It was put off until now", incident=talk.incident)
        for told in list(talk.told.values()):
            if not talk.silent and talk.hears(told):
                talk.tell(told.destination, "repeat", "told_repeat")


def _resume(talk: Talk, incident: Incident) -> None:
    talk.incident = paging.resume(replace(incident, pages=tuple(talk.pages)), talk.now)
    talk.pages = list(talk.incident.pages)


def _reminded(talk: Talk) -> set[str]:
    """Who hears that the taking has lapsed: the owner, and whoever was told and hears what follows."""
    shut = bool(talk.pages) and all(page.muted for page in talk.pages)
    if talk.silent or shut:
        return set()
    owner = {talk.incident.owner} & set(talk.rules.recipients)
    return owner | {t.recipient for t in talk.told.values() if talk.hears(t)}


# --- what is new -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that is due at a time, and the reason code under which it is told."""

    step: str
    due: datetime
    code: str


def wanted(
    incident: Incident, told: Told, channels: Iterable[str], interval: timedelta, now: datetime
) -> Wanted | None:
    """The news that a destination that was told `told` last does not have yet; None: it has them all.

    `channels`: those that may be told of; `interval`: the route's `group_interval`.
    """
    if incident.peak > told.severity:
        return Wanted("updated", now, "told_worse")
    if told.unheard:
        return None
    if told.resolved:
        return Wanted("updated", (incident.reopened or now) + interval, "told_reopened")
    if incident.loud is not None and told.at < incident.loud:
        return Wanted("updated", incident.loud, "told_unheld")
    if set(channels) - set(told.channels):
        waits = told.at > now  # for a digest, which may as well tell all of it
        return Wanted("updated", now if waits else _on_grid(told.at, interval, told.news or now), "told_joined")
    return None


def _on_grid(start: datetime, interval: timedelta, since: datetime) -> datetime:
    """The first whole `interval` after `start` and not before `since`, as Alertmanager's timers have it."""
    return start + max(1, -((start - since) // interval)) * interval if interval else since


def _noticed(talk: Talk, told: Told) -> Told:
    """Keep since when there are channels that a destination has not heard of.

    What is due is reckoned from that: reckoned from now, it would move on each time that it has just passed, and
    no wake-up is ever on time.
    """
    fresh = bool(set(talk.channels) - set(told.channels))
    if fresh != (told.news is not None):
        told = talk.told[told.destination] = replace(told, news=talk.now if fresh else None)
    return told


def _update(talk: Talk) -> None:
    if talk.silent or not talk.in_trouble():
        return
    loud = talk.incident.loud
    if talk.incident.folded and (loud is None or talk.ready(loud)):
        talk.incident = replace(talk.incident, folded="")
        talk.draft.decide("incident_unfolded", "Its cause is over, and it still fails", incident=talk.incident)
    if talk.incident.folded:
        return
    interval = min((p.interval for p in talk.pages), default=timedelta(0))
    listeners = talk.listeners
    for told in list(talk.told.values()):
        if told.recipient in listeners or not talk.pages:
            want = wanted(talk.incident, _noticed(talk, told), talk.channels, interval, talk.now)
            if want is not None and talk.ready(want.due):
                talk.tell(told.destination, want.step, want.code)


# --- still open ------------------------------------------------------------------------------------------------------


def _repeat(talk: Talk, early: timedelta = timedelta(0), only: Iterable[str] | None = None) -> None:
    """Tell again what is still open and nobody took. `only`: these destinations."""
    if talk.quiet or talk.silent or not talk.in_trouble():
        return
    for page in talk.pages:
        if page.muted or page.repeat <= timedelta(0):
            continue
        span = _aligned(page.repeat, page.interval)
        for recipient in page.called:
            mine = talk.told_of(recipient)
            for told in mine:
                if told.resolved or (only is not None and told.destination not in only):
                    continue
                if told.unheard and any(t.heard for t in mine):
                    continue
                due = max(told.at, told.arrived or told.at) + span
                if due - min(early, span / 2) <= talk.now or talk.ready(due):
                    talk.tell(told.destination, "repeat", "told_repeat")


def _aligned(repeat: timedelta, interval: timedelta) -> timedelta:
    """`repeat_interval` in whole `group_interval`s, upwards, as Alertmanager's timers have it."""
    return repeat if not interval else -(-repeat // interval) * interval


def repeat_early(draft: Draft, incident: Incident, destinations: Iterable[str]) -> None:
    """Repeats of an incident that are nearly due, to destinations that get another one now."""
    if incident.phase is Phase.OPEN and draft.monitor.settled:
        talk = Talk(draft, incident)
        _repeat(talk, EARLY, frozenset(destinations))
        talk.finish()


# --- the end ---------------------------------------------------------------------------------------------------------


def _end(talk: Talk) -> None:
    """Exactly those hear of the end who were told of the trouble, or whose message on it is still on its way."""
    for told in list(talk.told.values()):
        if told.resolved or told.unheard:
            continue
        if told.folded and talk.told_with_cause(told.destination) and not talk.is_keyed(told.destination):
            continue
        if talk.ready(talk.now):
            talk.tell(told.destination, "resolved", "told_resolved", by=talk.incident.by_hand)
