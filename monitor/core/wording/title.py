"""The first line: what, where, since when; of news, what changed comes first. At most 80 characters."""

from monitor.core.model import Condition
from monitor.core.saying import Saying, duration, mark
from monitor.core.wording.names import OURS, SYMBOLS
from monitor.core.wording.scene import Scene
from probes.base import Availability, Family

__all__ = ["UNREAD_CALENDAR", "over", "symbol", "title", "what"]

UNREAD_CALENDAR = mark("The calendar cannot be read: {quote}")
"""The reason of a schedule's incident whose calendar cannot be read; any other means that nobody is on call."""

_RISK_SYMBOL, _OURS_SYMBOL, _WELL_SYMBOL, _CLOSED_SYMBOL = "⚠", "◎", "✔", "☑"

_WHAT = {
    Condition.RISK: mark("elevated brand risk"),
    Condition.UNKNOWN: mark("state unknown"),
    Condition.BLIND: mark("cut off from outside"),
    Condition.DELIVERY: mark("messages not arriving"),
    Condition.WATCHDOG: mark("metrics path broken"),
    Condition.SCHEDULE: mark("nobody on call"),
}
_OVER = {
    Condition.AVAILABILITY: mark("works again"),
    Condition.RISK: mark("brand risk is down"),
    Condition.UNKNOWN: mark("can be seen again"),
    Condition.BLIND: mark("sees out again"),
    Condition.DELIVERY: mark("messages arrive again"),
    Condition.WATCHDOG: mark("metrics arrive again"),
    Condition.SCHEDULE: mark("in order again"),
}


def what(scene: Scene) -> Saying:
    """The trouble in a word or two."""
    incident = scene.incident
    if incident.condition is Condition.AVAILABILITY:
        if scene.critical:
            return Saying("outage")
        weak = [m for m in scene.members if m.health.availability is Availability.DEGRADED]
        confirmed = any(m.health.confirmed for m in weak) or not scene.members
        return Saying("degraded") if confirmed else Saying("degraded (unconfirmed)")
    if incident.condition is Condition.RISK and incident.family is Family.POLICY:
        return Saying("policy change to act on")
    if incident.condition is Condition.RISK and scene.critical:
        return Saying("severe brand risk")
    if incident.condition is Condition.SCHEDULE and _unread(scene):
        return Saying("calendar unreadable")
    return Saying(_WHAT[incident.condition])


def _unread(scene: Scene) -> bool:
    return any(isinstance(r, Saying) and r.text == UNREAD_CALENDAR for r in scene.incident.reasons)


def over(scene: Scene) -> Saying:
    """That it is over, in a word or two."""
    if scene.incident.family is Family.POLICY:
        return Saying("the policy change is no news any more")
    return Saying(_OVER[scene.incident.condition])


def symbol(scene: Scene) -> str:
    """The state in a sign; the word stands beside it."""
    incident = scene.incident
    if scene.ended:
        return _CLOSED_SYMBOL if incident.by_hand else _WELL_SYMBOL
    if incident.condition in OURS:
        return _OURS_SYMBOL
    if incident.condition is Condition.RISK:
        return _RISK_SYMBOL
    if incident.condition is Condition.UNKNOWN:
        return SYMBOLS[Availability.UNKNOWN]
    return SYMBOLS[Availability.OUTAGE if scene.critical else Availability.DEGRADED]


def title(scene: Scene) -> str:
    """The first line."""
    speech, incident = scene.speech, scene.incident
    if scene.ended:
        span = duration((incident.resolved or scene.now) - incident.opened)
        if incident.by_hand:
            who = scene.person(incident.by_hand)
            return speech.fit(
                lambda name, by: speech.say("{name}: closed by {who} after {span}", name=name, who=by, span=span),
                scene.name,
                who,
            )
        ended = over(scene)
        return speech.fit(
            lambda name: speech.say("{name}: {over} after {span}", name=name, over=ended, span=span), scene.name
        )
    trouble, since = what(scene), speech.since(incident.opened)
    tag, names = _tag(scene)

    def line(name: str, names: str) -> str:
        plain = speech.say("{name}: {what} {since}", name=name, what=trouble, since=since)
        if not tag:
            return plain
        said = speech.say(tag, names=names)
        return speech.say("{tag} – {title}", tag=said, title=plain)  # noqa: RUF001 - the dash is meant

    return speech.fit(line, scene.name, names)


def _tag(scene: Scene) -> tuple[str, str]:
    """What is new since the reader's last message: a pattern, and the names that it takes, if any."""
    match scene.telling.step:
        case "updated":
            return _news(scene)
        case "repeat":
            return mark("Still open"), ""
        case "escalated":
            return mark("Your turn"), ""
        case "lapsed":
            return mark("Unattended again"), ""
        case "handed_over" if scene.is_readers:
            return mark("Handed to you"), ""
        case "handed_over":
            return mark("Handed to {names}"), scene.person(scene.incident.owner or scene.telling.by)
        case "acknowledged" if scene.is_reader(scene.incident.owner):
            return mark("You took it"), ""
        case "acknowledged":
            return mark("Taken by {names}"), scene.person(scene.telling.by or scene.incident.owner)
        case _:
            return "", ""


def _news(scene: Scene) -> tuple[str, str]:
    if scene.worse:
        return mark("Worse"), ""
    if scene.again:
        return mark("In trouble again"), ""
    if scene.unheld:
        return mark("No longer held back"), ""
    if scene.included:
        return mark("Includes {names}"), scene.channel_names(scene.included)
    if scene.joined:
        return mark("Now also {names}"), scene.channel_names(scene.joined)
    return "", ""
