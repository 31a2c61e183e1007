"""The message of one step of an incident to one reader.

First what changed, then what happened, what it means, what to do, how sure we are, and when the reader hears next.
"""

from collections.abc import Callable  # noqa: TC003 - as everywhere here, types are imported plainly
from datetime import datetime, timedelta

from monitor.core.duty import Recipient
from monitor.core.model import ChannelRule, Condition, Incident, Link, Message, Risk, Rules, Telling
from monitor.core.saying import duration, mark, state_word
from monitor.core.wording.changes import changed, left_out, next_news
from monitor.core.wording.names import OURS, board_link
from monitor.core.wording.scene import Scene
from monitor.core.wording.title import symbol, title
from probes.base import Family, clip

__all__ = ["compose", "headline"]

TEXT_CHARS_MAX = 1_500
CHANNELS_MAX = 5
LINKS_MAX = 3
REASONS_MAX, REASONS_AFTER_MAX, UNKNOWNS_MAX = 4, 2, 3
WEB = ("https://", "http://")

_SHORT = frozenset({"acknowledged"})
"""Steps whose reader has nothing to do."""


def compose(telling: Telling, rules: Rules, now: datetime) -> Message:
    """The message in the reader's language, with times in the reader's zone."""
    scene = Scene(telling, rules, now)
    ended, short = scene.ended, scene.telling.step in _SHORT
    parts: list[tuple[str, Callable[[Scene], str], bool]] = [
        (mark("What changed"), changed, not ended),
        (mark("What happened"), _ended if ended else _happened, True),
        (mark("What it means for you"), _means_now if ended else _means, not short),
        (mark("What to do now"), _todo, not ended and not short),
        (mark("How sure we are"), _sure, not ended and not short),
        (mark("Not in this message"), left_out, not ended),
        (mark("When you will hear next"), next_news, True),
    ]
    said = ((scene.speech.say(heading), words(scene)) for heading, words, wanted in parts if wanted)
    return Message(
        title=title(scene),
        symbol=symbol(scene),
        paragraphs=tuple((heading, clip(text, TEXT_CHARS_MAX)) for heading, text in said if text),
        links=_links(scene),
        language=scene.speech.language,
        act=_act(scene),
    )


def headline(incident: Incident, recipient: Recipient, rules: Rules, now: datetime) -> str:
    """An incident in one line, for lists of several in one message."""
    step = "resolved" if incident.resolved else "opened"
    return title(Scene(Telling(step, incident, recipient, incident.channels, {}), rules, now))


def _act(scene: Scene) -> str:
    if scene.ended:
        return ""
    if not scene.taken:
        return scene.speech.say("Acknowledge, or see more")
    if scene.is_reader(scene.incident.owner):
        return scene.speech.say("See more")
    return scene.speech.say("Take over, or see more")


# --- what happened ---------------------------------------------------------------------------------------------------


def _ended(scene: Scene) -> str:
    say, incident = scene.speech.say, scene.incident
    end = incident.resolved or scene.now
    span = scene.speech.span(incident.opened, end)
    lasted = duration(end - incident.opened)
    lines = [say("It lasted {lasted}, {span} ({zone}).", lasted=lasted, span=span, zone=scene.speech.zone)]
    if incident.by_hand:
        lines.insert(0, say("{who} closed it by hand.", who=scene.person(incident.by_hand)))
    if incident.reasons:
        told = scene.speech.sentences(incident.reasons[:REASONS_AFTER_MAX])
        lines.append(
            say("It was:\n{reasons}", reasons=told) if "\n" in told else say("It was: {reasons}", reasons=told)
        )
    return "\n".join(lines)


def _happened(scene: Scene) -> str:
    speech, incident = scene.speech, scene.incident
    lines = []
    if len(scene.telling.channels) > 1 and incident.condition is Condition.AVAILABILITY:
        states = [
            speech.say("{name} ({what})", name=scene.rules.channels[m.id].name, what=state_word(m.health.availability))
            for m in scene.members
            if m.id in scene.rules.channels
        ]
        lines.append(speech.say("Channels: {states}.", states=speech.join(states)))
    if scene.reasons:
        lines.append(speech.sentences(scene.reasons[:REASONS_MAX]))
    begun = speech.since(incident.opened)
    lines.append(speech.sentence(_large(speech.say("{since} ({zone})", since=begun, zone=speech.zone))))
    if incident.unstable:
        lines.append(speech.say("It keeps changing between trouble and well; you will not hear of every change."))
    if incident.lead_s:
        lead = duration(timedelta(seconds=incident.lead_s))
        lines.append(speech.say("Our own calls saw it {lead} before the vendor's page.", lead=lead))
    return "\n".join(lines)


def _large(text: str) -> str:
    return text[:1].upper() + text[1:]


# --- what it means ---------------------------------------------------------------------------------------------------

_MEANS = {
    Condition.RISK: mark("Your brand may be shown beside harm on {names}, or be harmed by it."),
    Condition.UNKNOWN: mark("We cannot tell whether {names} can be relied on. All may be well, or not."),
    Condition.BLIND: mark("Until this is over, we cannot tell which channels work: their verdicts are on hold."),
    Condition.DELIVERY: mark("Somebody who should hear of trouble may not hear of it."),
    Condition.WATCHDOG: mark(
        "Alarms that rest on your own metrics would not reach you now. Vigie itself goes on looking."
    ),
    Condition.SCHEDULE: mark(
        "When a channel fails, Vigie calls whoever comes next, or the fall-back, in place of this schedule."
    ),
}
_MEANS_NOW = {
    Condition.AVAILABILITY: mark("You can rely on {names} again. Look over what was due to go out meanwhile."),
    Condition.RISK: mark("Nothing recent speaks against {names} any more."),
    Condition.UNKNOWN: mark("We can see {names} again."),
    Condition.BLIND: mark("Verdicts are fresh again. What happened meanwhile shows from now on."),
    Condition.DELIVERY: mark("Messages that waited have been sent, or are shown on the board."),
    Condition.WATCHDOG: mark("Alarms that rest on your own metrics reach you again."),
    Condition.SCHEDULE: mark("Whoever is on call there is called again."),
}


def _means(scene: Scene) -> str:
    say, condition, names = scene.speech.say, scene.incident.condition, scene.names
    if scene.incident.family is Family.POLICY:
        return say("Rules, prices or interfaces of {names} change: tools or campaigns there may break.", names=names)
    if condition is Condition.AVAILABILITY:
        if scene.critical:
            return say(
                "Posts, ads and messages on {names} are likely to fail now, and budgets to be spent without effect.",
                names=names,
            )
        return say("Posts, ads and messages on {names} may be late or fail in part.", names=names)
    return say(_MEANS[condition], names=names)


def _means_now(scene: Scene) -> str:
    say, incident = scene.speech.say, scene.incident
    if incident.by_hand:
        return say("Our sources did not say so themselves: look before you rely on it.")
    return "" if incident.family is Family.POLICY else say(_MEANS_NOW[incident.condition], names=scene.names)


# --- what to do ------------------------------------------------------------------------------------------------------

_TODO = {
    Condition.AVAILABILITY: mark("Hold what is scheduled there, and pause paid campaigns if it lasts."),
    Condition.RISK: mark("Look at the evidence, and decide whether campaigns there go on."),
    Condition.UNKNOWN: mark("Check by hand before anything important goes out there."),
    Condition.BLIND: mark("Ask IT to look at Vigie's network and DNS."),
    Condition.DELIVERY: mark("Check that contact, and tell IT."),
    Condition.WATCHDOG: mark("Ask IT to look at Prometheus and Alertmanager."),
    Condition.SCHEDULE: mark("Put somebody on call, or correct the schedule."),
}


def _todo(scene: Scene) -> str:
    say = scene.speech.say
    if scene.incident.family is Family.POLICY:
        lines = [say("Read the change and its date with IT, and plan what has to be ready by then.")]
    else:
        lines = [say(_TODO[scene.incident.condition])]
    shown = scene.channels[:CHANNELS_MAX]
    for rule in shown:
        if _helps(rule, scene):
            lines.append(say("Fall back on {other} instead of {name}.", other=_fallback(rule, scene), name=rule.name))
    for rule in shown:
        if rule.playbook and not rule.playbook.startswith(WEB):
            lines.append(say("Playbook for {name}: {playbook}", name=rule.name, playbook=rule.playbook))
    for owner in dict.fromkeys((rule.owner, rule.deputy) for rule in shown if rule.owner):
        lines.append(_owner(owner, scene, [r.name for r in shown if (r.owner, r.deputy) == owner]))
    return "\n".join(lines)


def _helps(rule: ChannelRule, scene: Scene) -> bool:
    """Whether its fallback is any use: not one that is in the same trouble, nor months before a change of rules."""
    return bool(rule.fallback) and rule.fallback not in _sick(scene) and scene.incident.family is not Family.POLICY


def _sick(scene: Scene) -> set[str]:
    return {name for c in scene.channels for name in (c.id, c.name)} | {*scene.incident.channels}


def _fallback(rule: ChannelRule, scene: Scene) -> str:
    other = scene.rules.channels.get(rule.fallback)
    return other.name if other else rule.fallback


def _owner(people: tuple[str, str], scene: Scene, names: list[str]) -> str:
    owner, deputy = map(scene.person, people)
    joined = scene.speech.join(names)
    if deputy:
        return scene.speech.say(
            "Owner of {names}: {owner} (deputy: {deputy}).", names=joined, owner=owner, deputy=deputy
        )
    return scene.speech.say("Owner of {names}: {owner}.", names=joined, owner=owner)


# --- how sure --------------------------------------------------------------------------------------------------------


def _sure(scene: Scene) -> str:
    speech, incident = scene.speech, scene.incident
    if incident.condition in OURS:
        return speech.say("We measured this ourselves.")
    if incident.unseen:
        return speech.say("The evidence is no longer fresh: a source has gone dark since.")
    unknowns = tuple(dict.fromkeys(u for m in scene.members for u in m.health.unknowns))
    if incident.condition is Condition.UNKNOWN:
        return ""  # what is unknown is what happened
    if incident.condition is Condition.AVAILABILITY and any(not m.health.confirmed for m in scene.members):
        text = speech.say("Not confirmed by a second source.")
    elif incident.family is Family.POLICY:
        text = speech.say("It stands in the vendor's own feed.")
    elif incident.condition is Condition.RISK and not any(m.health.risk is Risk.SEVERE for m in scene.members):
        text = speech.say("As reported; not confirmed by a second publisher.")
    else:
        text = speech.say("Confirmed by the vendor's own word or by independent sources.")
    if not unknowns:
        return text
    return f"{text}\n{speech.say('Not known: {reasons}', reasons=speech.sentences(unknowns[:UNKNOWNS_MAX]))}"


# --- where to look ---------------------------------------------------------------------------------------------------


def _links(scene: Scene) -> tuple[Link, ...]:
    """Most useful first: where a signed link is added, the last gives way."""
    say = scene.speech.say
    links = [
        *(
            Link(say("Playbook for {name}", name=r.name), r.playbook)
            for r in scene.channels
            if r.playbook.startswith(WEB)
        ),
        *(Link(say("The vendor's page"), r.status_url) for r in scene.channels if r.status_url),
    ]
    board = board_link(scene.rules, f"incidents/{scene.incident.id}")
    first = list({link.url: link for link in links}.values())[: LINKS_MAX - 1 if board else LINKS_MAX]
    return (*first, Link(say("Vigie's board"), board)) if board else tuple(first)
