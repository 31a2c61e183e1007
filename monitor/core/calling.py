"""Calling people to an incident: the route's receiver, the policy's steps, the fall-back; each by its own ways."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from monitor.core import paging
from monitor.core.model import Incident, Page, Told
from monitor.core.receivers import name_of, names_of
from monitor.core.talk import Talk

__all__ = ["call", "try_other_ways"]

CALLS_MAX = 200
"""Calls of one route in one step; a policy has far fewer."""


def call(talk: Talk) -> None:
    """Make every call that is due."""
    if talk.quiet or talk.silent or not talk.in_trouble():
        return
    for number, page in enumerate(talk.pages):
        talk.pages[number] = _run(talk, page)
        _catch_up(talk, talk.pages[number])


def _run(talk: Talk, page: Page) -> Page:
    """Make every call of one route that is due."""
    if page.muted:
        return page
    for _ in range(CALLS_MAX):
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
    """Whether nobody who was called gets the newest of it, and there is somebody else."""
    somebody = bool(paging.receivers_of(page, talk.rules))
    return somebody and bool(page.called) and not any(talk.reachable(r) for r in page.called)


def _catch_up(talk: Talk, page: Page) -> None:
    """Call those who were to be called and have not been told: their shift began while nothing could be told, or their
    ways had left the configuration.
    """
    again = talk.incident.reopened
    due = again + page.interval if again is not None else talk.now
    for recipient in () if page.muted else page.called:
        if not talk.told_of(recipient) and talk.next_method(recipient) is not None and talk.ready(due):
            step, code = _first_word(talk, page, recipient)
            talk.call(recipient, step, code)


def _first_word(talk: Talk, page: Page, recipient: str) -> tuple[str, str]:
    incident = talk.incident
    if recipient == incident.owner:
        return "updated", "told_worse"  # took it without having been called, and it got worse
    shift = any(name in talk.rules.schedules for names in paging.made(page, talk.rules) for name in names)
    return ("handed_over", "told_handed_over") if shift and incident.reopened is None else ("opened", "told_opened")


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


# --- by another way --------------------------------------------------------------------------------------------------


def try_other_ways(talk: Talk) -> None:
    """A recipient's next contact method: when the ones before do not deliver, or nobody has taken it for so long."""
    if talk.quiet or talk.silent or not talk.in_trouble():
        return
    for recipient in talk.listeners:
        _instead(talk, recipient)
        _besides(talk, recipient)


def _instead(talk: Talk, recipient: str) -> None:
    mine = [t for t in talk.told_of(recipient) if not t.resolved]
    method = talk.next_method(recipient)
    if not mine or any(t.arrived for t in mine):
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
        if talk.ready(min(_first_called(talk.incident, t) for t in mine) + method.after):
            talk.tell(method.destination, "opened", "told_also")


def _first_called(incident: Incident, told: Told) -> datetime:
    """Since when somebody could have taken it: news in between does not put off the next method."""
    turns = (incident.reopened, incident.acknowledged, incident.loud)
    if told.heard is None or any(turn is not None and told.heard < turn for turn in turns):
        return told.at
    return min(told.at, told.heard)
