"""What people wish, and what the mind says to it. Every wish gets an `Answer` and, when it is granted, a row in the
ledger with who, when and by which door.

Codes of answers: ``done``; ``already`` (it held before); ``over`` (the incident has ended, so there is nothing to do);
``unknown`` (there is no such thing); ``not_open``; ``invalid``; ``conflict``; ``nobody``.
"""

from dataclasses import replace

from monitor.core import duties, reports
from monitor.core.acting import act
from monitor.core.draft import Draft
from monitor.core.model import Acted, Answer, Drilled, Overridden, Restored, Rules, Silenced, Unsilenced
from monitor.core.overrides import override, restore
from monitor.core.receivers import person_of
from monitor.core.silences import silence, unsilence

__all__ = ["Wish", "answer"]

Wish = Acted | Silenced | Unsilenced | Overridden | Restored | Drilled


def answer(draft: Draft, wish: Wish) -> Answer:
    """Grant a wish, or say why not."""
    event = _by_person(wish, draft.rules)
    match event:
        case Acted():
            return act(draft, event)
        case Silenced():
            return silence(draft, event)
        case Unsilenced():
            return unsilence(draft, event)
        case Drilled():
            return reports.drill(draft, event)
    changed = override(draft, event) if isinstance(event, Overridden) else restore(draft, event)
    duties.review_schedules(draft)
    return changed


def _by_person(wish: Wish, rules: Rules) -> Wish:
    """The wish as its person's, by whose id whoever acts is known from then on: people also give their name."""
    match wish:
        case Silenced():
            return replace(wish, silence=replace(wish.silence, author=person_of(rules, wish.silence.author)))
        case Overridden():
            return replace(wish, override=replace(wish.override, by=person_of(rules, wish.override.by)))
    return replace(wish, by=person_of(rules, wish.by))
