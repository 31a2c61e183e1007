"""By which routes an incident is told, and whether their hours let them now. A route that was taken stays."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.duty import Route
from monitor.core.model import Page
from monitor.core.oncall.windows import interval_edge
from monitor.core.receivers import name_of
from monitor.core.routes import muted, route
from monitor.core.talk import Talk

__all__ = ["take_routes"]


def take_routes(talk: Talk) -> None:
    """Take the routes that match by now, and note which are quiet at this time."""
    root = talk.rules.route
    if root is None and not talk.silent:
        _nobody(talk)
    elif root is not None and not talk.silent:
        _take(talk, route(root, talk.labels()))
    talk.pages = [_mute(talk, page) for page in talk.pages]


def _nobody(talk: Talk) -> None:
    """Say so once for each piece of news, and when the rules change or what held it back is gone."""
    incident, known = talk.incident, talk.draft.before.incidents.get(talk.incident.id)
    news = known is None or known.firing is None or known.revision != incident.revision or known.loud != incident.loud
    said = any(d.code == "not_told_nobody" and d.incident == incident.id for d in talk.draft.decisions)
    if not said and (news or (talk.draft.everything and not incident.told)):
        talk.draft.decide("not_told_nobody", "No receiver is configured that could be told", incident=incident)


# --- which -----------------------------------------------------------------------------------------------------------


def _take(talk: Talk, found: Sequence[Route]) -> None:
    """Each route once, wherever it stands by now: a second one that says the same would only call everybody twice."""
    spoken_for = {_saying(talk.pages, node) for node in found}
    for node in found:
        number = _saying(talk.pages, node)
        if number is None:
            number = _standing(talk.pages, node, spoken_for)
        if number is None:
            talk.pages.append(_begun(talk, node))
        else:
            talk.pages[number] = _followed(talk, node, talk.pages[number], found)


def _followed(talk: Talk, node: Route, page: Page, found: Sequence[Route]) -> Page:
    """The page with the route's place and hours of now."""
    place = page.route if any(page.route == n.id for n in found) else node.id
    due = _no_later(talk, node, page)
    if (place, node.active, node.mute, due) == (page.route, page.active, page.mute, page.due):
        return page
    return replace(page, route=place, active=node.active, mute=node.mute, due=due)


def _saying(pages: Sequence[Page], node: Route) -> int | None:
    """The page of a route that says the same: who is called, how it goes on, and when."""
    way = (node.receiver, node.policy, node.active, node.mute)
    ways = ((p.receiver, p.policy.id if p.policy else "", p.active, p.mute) for p in pages)
    return next((n for n, known in enumerate(ways) if known == way), None)


def _standing(pages: Sequence[Page], node: Route, spoken_for: Collection[int | None]) -> int | None:
    """The page of the route that stood there before the file changed: its policy stays, its hours are the new ones."""
    places = enumerate((p.route, p.receiver) for p in pages)
    return next((n for n, at in places if at == (node.id, node.receiver) and n not in spoken_for), None)


def _begun(talk: Talk, node: Route) -> Page:
    incident = talk.incident
    wait = node.wait(incident.peak)
    due = max(d for d in ((incident.firing or talk.now) + wait, incident.loud) if d is not None)
    policy = talk.rules.policies.get(node.policy)
    then = f", then escalation {policy.id}" if policy else ""
    text = f"By route {node.id}: {name_of(talk.rules, node.receiver)}{then}"
    talk.draft.decide("routed", text, incident=incident)
    return Page(node.id, node.receiver, policy, node.interval, node.repeat, due=due, active=node.active, mute=node.mute)


def _no_later(talk: Talk, node: Route, page: Page) -> datetime | None:
    """When its next call is due; what got worse before anybody was called waits no longer than the worse would."""
    if page.due is None or page.taken:
        return page.due
    latest = talk.now + node.wait(talk.incident.peak)
    loud = talk.incident.loud
    return min(page.due, max(latest, loud) if loud is not None else latest)


# --- when ------------------------------------------------------------------------------------------------------------


def _mute(talk: Talk, page: Page) -> Page:
    """Note whether a time interval of the route keeps it quiet now, and look again when that may change."""
    intervals = talk.rules.intervals
    by = muted(page, intervals, talk.now)
    for name in (*page.active, *page.mute) if by else ():
        if name in intervals:
            talk.look_at_edge(interval_edge(intervals[name], talk.now))
    if by == page.muted:
        return page
    code = "held_interval" if by else "held_ended"
    text = f"Its route {page.route} is quiet now: {by}" if by else f"Its route {page.route} is open again"
    talk.draft.decide(code, text, incident=talk.incident)
    return replace(page, muted=by, due=max(page.due, talk.now) if page.due is not None else None)
