"""How far people have been called to an incident, and who is next: the receiver, the policy's steps, the fall-back.

The policy is the one that stood when the incident opened, so a reload neither stops nor redirects an escalation.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.model import Incident, Page, Phase, Rules

__all__ = ["anew", "called", "coming", "made", "receivers_of", "resume", "wait_of", "with_owner"]


def receivers_of(page: Page, rules: Rules) -> tuple[str, ...]:
    """The receivers that are called next; empty: none."""
    steps = page.policy.steps if page.policy else ()
    if page.over:
        return ()
    if page.taken == 0 or (page.taken > len(steps) and _again(page)):
        return (page.receiver,)
    if page.taken <= len(steps):
        return steps[page.taken - 1].targets
    fallback = _fallback(page, rules)
    return (fallback,) if fallback else ()


def coming(incident: Incident) -> tuple[tuple[datetime, Page], ...]:
    """When people are called next if nobody takes it, and by which page, the soonest first; empty while somebody has it
    or put it off, and while it is told with its cause.
    """
    if incident.phase is not Phase.OPEN or incident.snoozed is not None or incident.folded:
        return ()
    due = [(page.due, page) for page in incident.pages if page.due is not None and not page.muted]
    return tuple(sorted(due, key=lambda each: each[0]))


def made(page: Page, rules: Rules) -> list[tuple[str, ...]]:
    """The receivers of each call that has been made."""
    steps = page.policy.steps if page.policy else ()
    found = [(page.receiver,), *(s.targets for s in steps)]
    found = found if page.again else found[: page.taken]
    return [*found, (_fallback(page, rules),)] if page.over else found


def _fallback(page: Page, rules: Rules) -> str:
    return (page.policy.fallback if page.policy else "") or rules.fallback


def _again(page: Page) -> bool:
    return page.policy is not None and page.again < page.policy.repeat


def wait_of(page: Page) -> timedelta | None:
    """How long after the newest call the next one is due; None: no further call is due by time alone."""
    steps = page.policy.steps if page.policy else ()
    if page.over or not steps:
        return None
    return steps[min(page.taken, len(steps)) - 1].after


def called(page: Page, recipients: Iterable[str], since: datetime) -> Page:
    """The page after a call was made. `since`: the moment from which the next one's delay counts."""
    steps = page.policy.steps if page.policy else ()
    over, again, taken = page.over, page.again, page.taken + 1
    if page.taken > len(steps):
        if _again(page):
            again, taken = again + 1, 1
        else:
            over = True
    after = replace(
        page,
        taken=taken,
        again=again,
        over=over,
        due=None,
        called=tuple(dict.fromkeys([*page.called, *recipients])),
    )
    wait = wait_of(after)
    return replace(after, due=since + wait if wait is not None else None)


def with_owner(incident: Incident, rules: Rules) -> Incident:
    """Whoever took it hears what follows, called or not."""
    called = {r for page in incident.pages for r in page.called}
    if not incident.pages or incident.owner in called or incident.owner not in rules.recipients:
        return incident
    first, *others = incident.pages
    return replace(incident, pages=(replace(first, called=(*first.called, incident.owner)), *others))


def anew(incident: Incident, now: datetime, *, worse: bool = False) -> Incident:
    """The incident in trouble again, nobody's: who was called hears of it after `group_interval`, or at once when it is
    worse than ever; then the steps follow from the first.
    """
    pages = []
    for page in incident.pages:
        again = replace(page, taken=min(page.taken, 1), again=0, over=False)
        wait = wait_of(again) if again.taken else timedelta(0)
        heard = now if worse else now + page.interval
        pages.append(replace(again, due=heard + wait if wait is not None else None))
    return replace(incident, pages=tuple(pages), owner="", acknowledged=None, lapses=None, snoozed=None, by_hand="")


def resume(incident: Incident, at: datetime) -> Incident:
    """The incident with its calls taken up again at `at`, where they were left: the next one after its whole delay."""
    pages = []
    for page in incident.pages:
        wait = wait_of(page) if page.taken else timedelta(0)
        pages.append(replace(page, due=at + wait if wait is not None and not page.over else page.due))
    return replace(incident, pages=tuple(pages))
