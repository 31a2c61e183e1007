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

from monitor.core import paging
from monitor.core.draft import Draft
from monitor.core.duty import Route
from monitor.core.folding import hold
from monitor.core.incident import Move, advance, is_active
from monitor.core.model import Incident, Page, Phase, Rules, Told
from monitor.core.oncall.windows import interval_edge
from monitor.core.receivers import name_of, names_of
from monitor.core.routes import muted, route
from monitor.core.talk import Talk

__all__ = ["Wanted", "repeat_early", "tell", "wanted"]

EARLY = timedelta(minutes=1)
"""Repeats that are due within this time of another one go with it, in one message."""
CALLS_MAX = 200
"""Calls of one route in one step; a policy has far fewer."""
KEYED = frozenset({"pagerduty", "opsgenie", "splunk", "victorops", "alertmanager", "alertmanagers"})
"""Services that keep an alert by its key: theirs is ended even where people hear of the end in another message."""


def tell(draft: Draft, incident: Incident) -> None:
    """Queue what is due of an incident, and note when something will be."""
    if incident.phase is Phase.RESOLVED:
        talk = Talk(draft, incident)
        _end(talk)
        talk.finish()
        over = None if incident.by_hand else (incident.resolved or draft.now) + draft.rules.reopen_within
        draft.look_at_incident(incident.id, _earliest(talk.next_due, over))
    elif is_active(incident.phase) and incident.firing is not None:
        edge = hold(draft, incident)
        talk = Talk(draft, draft.incidents[incident.id])
        _route(talk)
        _lapse(talk)
        _update(talk)
        _call(talk)
        _repeat(talk)
        _other_ways(talk)
        talk.finish()
        draft.look_at_incident(incident.id, _earliest(talk.next_due, talk.edge, edge))


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((m for m in moments if m is not None), default=None)


# --- by which routes -------------------------------------------------------------------------------------------------


def _route(talk: Talk) -> None:
    """Take the routes that match by now; one that was taken stays."""
    root = talk.rules.route
    if talk.silent:
        return
    if root is None:
        _nobody(talk)
        return
    incident = talk.incident
    known = {_way(talk.rules, page) for page in talk.pages}
    for found in route(root, talk.labels()):
        way = (found.receiver, found.policy, found.active, found.mute)
        if way in known:
            continue
        known.add(way)
        wait = found.wait(incident.peak)
        due = max(d for d in ((incident.firing or talk.now) + wait, incident.loud) if d is not None)
        policy = talk.rules.policies.get(found.policy)
        talk.pages.append(Page(found.id, found.receiver, policy, found.interval, found.repeat, due=due))
        then = f", then escalation {policy.id}" if policy else ""
        text = f"By route {found.id}: {name_of(talk.rules, found.receiver)}{then}"
        talk.draft.decide("routed", text, incident=incident)


def _way(rules: Rules, page: Page) -> tuple[object, ...]:
    """Who is called, how it goes on, and when: a second route that says the same would only call everybody twice."""
    current = _find_route(rules, page.route)
    hours = (current.active, current.mute) if current else ((), ())
    return (page.receiver, page.policy.id if page.policy else "", *hours)


def _nobody(talk: Talk) -> None:
    known = talk.draft.before.incidents.get(talk.incident.id)
    if known is None or known.firing is None or known.revision != talk.incident.revision:
        talk.draft.decide("not_told_nobody", "No receiver is configured that could be told", incident=talk.incident)


# --- taken, and no longer --------------------------------------------------------------------------------------------


def _lapse(talk: Talk) -> None:
    """An acknowledgement or a snooze that ends: people are reminded, and calling is taken up again."""
    incident = talk.incident
    if incident.phase is Phase.ACKNOWLEDGED and incident.lapses is not None and talk.ready(incident.lapses):
        phase = advance(incident.phase, Move.LAPSE)
        _resume(talk, replace(incident, phase=phase, lapses=None, snoozed=None, revision=incident.revision + 1))
        owner = name_of(talk.rules, incident.owner)
        talk.draft.decide("ack_lapsed", f"{owner} took it and has not confirmed since", incident=talk.incident)
        reminded = {incident.owner} & set(talk.rules.recipients) | _listening(talk)
        for recipient in sorted(reminded):
            talk.call(recipient, "lapsed", "told_lapsed", by=incident.owner)
    elif incident.snoozed is not None and incident.phase is Phase.OPEN and talk.ready(incident.snoozed):
        _resume(talk, replace(incident, snoozed=None))
        talk.draft.decide("snooze_over", "It was put off until now", incident=talk.incident)
        for told in list(talk.told.values()):
            if not talk.silent and _hears_more(talk, told):
                talk.tell(told.destination, "repeat", "told_repeat")


def _resume(talk: Talk, incident: Incident) -> None:
    talk.incident = paging.resume(replace(incident, pages=tuple(talk.pages)), talk.now)
    talk.pages = list(talk.incident.pages)


def _listening(talk: Talk) -> set[str]:
    """Recipients who are called to it now and have been told something."""
    return {t.recipient for t in talk.told.values() if _hears_more(talk, t)}


def _hears_more(talk: Talk, told: Told) -> bool:
    """Whether a destination that was told hears what follows; one whose shift is over hears only the end."""
    current = {r for page in talk.pages for r in page.called}
    return not told.resolved and not told.folded and (told.recipient in current or not talk.pages)


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
        return Wanted("updated", _on_grid(told.at, interval, now), "told_joined")
    return None


def _on_grid(start: datetime, interval: timedelta, now: datetime) -> datetime:
    """The first whole `interval` after `start` that is not past, as Alertmanager's timers have it."""
    return start + max(1, -((start - now) // interval)) * interval if interval else now


def _update(talk: Talk) -> None:
    if talk.silent or not talk.in_trouble():
        return
    loud = talk.incident.loud
    if talk.incident.folded and not talk.incident.held and (loud is None or talk.ready(loud)):
        talk.incident = replace(talk.incident, folded="")
        talk.draft.decide("incident_unfolded", "Its cause is over, and it still fails", incident=talk.incident)
    if talk.incident.folded:
        return
    interval = min((p.interval for p in talk.pages), default=timedelta(0))
    current = {r for page in talk.pages for r in page.called}
    for told in list(talk.told.values()):
        if told.recipient in current or not talk.pages:
            want = wanted(talk.incident, told, talk.channels, interval, talk.now)
            if want is not None and talk.ready(want.due):
                talk.tell(told.destination, want.step, want.code)


# --- still open ------------------------------------------------------------------------------------------------------


def _repeat(talk: Talk, early: timedelta = timedelta(0), only: Iterable[str] | None = None) -> None:
    """Tell again what is still open and nobody took. `only`: these destinations."""
    if talk.quiet or talk.silent or not talk.in_trouble():
        return
    for page in talk.pages:
        if page.repeat <= timedelta(0):
            continue
        span = _aligned(page.repeat, page.interval)
        for recipient in page.called:
            for told in talk.told_of(recipient):
                if told.resolved or told.unheard or (only is not None and told.destination not in only):
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


# --- by another way --------------------------------------------------------------------------------------------------


def _other_ways(talk: Talk) -> None:
    """A recipient's next contact method: when the ones before do not deliver, or nobody has taken it for so long."""
    if talk.quiet or talk.silent or not talk.in_trouble():
        return
    for recipient in dict.fromkeys(r for page in talk.pages for r in page.called):
        _instead(talk, recipient)
        _besides(talk, recipient)


def _instead(talk: Talk, recipient: str) -> None:
    mine = [t for t in talk.told_of(recipient) if not t.resolved]
    method = talk.next_method(recipient)
    if not mine or any(t.heard for t in mine):
        return
    waits = [t.at + talk.rules.method_after for t in mine if not talk.failing(t)]
    if waits:
        talk.ready(min(waits))
    elif method is not None:
        text = f"{name_of(talk.rules, recipient)} is not reached; the next way is tried"
        talk.draft.decide("next_method", text, incident=talk.incident, destination=method)
        talk.tell(method, mine[-1].step, "told_next_method")


def _besides(talk: Talk, recipient: str) -> None:
    mine = [t for t in talk.told_of(recipient) if not t.resolved]
    known = talk.rules.recipients.get(recipient)
    for method in known.methods if known and mine else ():
        if method.after is None or method.destination in talk.told or method.destination == talk.incident.subject:
            continue
        if talk.ready(min(t.at for t in mine) + method.after):
            talk.tell(method.destination, "opened", "told_also")


# --- calling people --------------------------------------------------------------------------------------------------


def _call(talk: Talk) -> None:
    if talk.quiet or talk.silent or not talk.in_trouble():
        return
    for number, page in enumerate(talk.pages):
        talk.pages[number] = _run(talk, page)


def _run(talk: Talk, page: Page) -> Page:
    """Make every call of one route that is due."""
    for _ in range(CALLS_MAX):
        page = _mute(talk, page)
        if page.muted:
            return page
        if page.due is None or not talk.ready(page.due):
            talk.first_waits = talk.first_waits or (page.due is not None and page.taken == 0)
            lost = _unreached(talk, page)
            if not lost:
                return page
            text = f"{names_of(talk.rules, page.called)}: no way to them works, so the next is called at once"
            talk.draft.decide("all_failing", text, incident=talk.incident)
        page = _next_call(talk, page)
    raise AssertionError("an escalation without end")


def _unreached(talk: Talk, page: Page) -> bool:
    """Whether nobody who was called can have heard of it, and there is somebody else."""
    somebody = bool(paging.receivers_of(page, talk.rules))
    return somebody and bool(page.called) and not any(talk.reachable(r) for r in page.called)


def _mute(talk: Talk, page: Page) -> Page:
    """Note whether a time interval of the route keeps it quiet now, and look again when that may change."""
    current = _find_route(talk.rules, page.route)
    by = muted(current, talk.rules.intervals, talk.now) if current else ""
    for name in (*current.active, *current.mute) if current and by else ():
        edge = interval_edge(talk.rules.intervals[name], talk.now)
        talk.edge = _earliest(talk.edge, edge)
    if by != page.muted:
        code = "held_interval" if by else "held_ended"
        text = f"Its route {page.route} is quiet now: {by}" if by else f"Its route {page.route} is open again"
        talk.draft.decide(code, text, incident=talk.incident)
        due = max(page.due, talk.now) if page.due is not None else None
        page = replace(page, muted=by, due=due)
    return page


def _find_route(rules: Rules, route_id: str) -> Route | None:
    node = rules.route
    for place in route_id.split(".")[1:]:
        if node is None or not place.isdigit() or int(place) > len(node.routes):
            return None
        node = node.routes[int(place) - 1]
    return node


def _next_call(talk: Talk, page: Page) -> Page:
    """Call the next receivers; where nobody is behind them, the ones after are called at once."""
    receivers = paging.receivers_of(page, talk.rules)
    first = page.taken == 0 and page.again == 0
    people = talk.behind(receivers)
    reached = [r for r in people if _reach(talk, r, first=first)]
    since = _since(talk, page, reached)
    after = paging.called(page, reached, since)
    if not reached:
        text = f"{names_of(talk.rules, receivers) or 'The next step'}: nobody is there to be called"
        talk.draft.decide("step_skipped", text, incident=talk.incident)
        more = paging.receivers_of(after, talk.rules)
        if not more:
            talk.draft.decide("nobody_left", "Nobody else is there to be called", incident=talk.incident)
        after = replace(after, due=talk.now if more else None)
    return after


def _reach(talk: Talk, recipient: str, *, first: bool) -> bool:
    if not first:
        return talk.call(recipient, "escalated", "told_escalated")
    if any(not t.resolved and not t.unheard for t in talk.told_of(recipient)):
        return True  # by another route; what is new to it, it hears as an update
    return talk.call(recipient, "opened", "told_opened")


def _since(talk: Talk, page: Page, reached: Iterable[str]) -> datetime:
    """From when the next call's delay counts: now, or when a digest brings it; after our absence, from the plan."""
    if talk.draft.monitor.absent_since is not None and page.due is not None and page.taken:
        return page.due
    brought = [t.at for r in reached for t in talk.told_of(r)]
    return max([talk.now, *([min(brought)] if brought else [])])


# --- the end ---------------------------------------------------------------------------------------------------------


def _end(talk: Talk) -> None:
    """Exactly those hear of the end who were told of the trouble, or whose message on it is still on its way."""
    for told in list(talk.told.values()):
        if told.resolved or told.unheard:
            continue
        where = talk.rules.destinations.get(told.destination)
        if told.folded and (where is None or where.service not in KEYED):
            continue
        if talk.ready(talk.now):
            talk.tell(told.destination, "resolved", "told_resolved", by=talk.incident.by_hand)
