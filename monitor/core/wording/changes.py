"""What is new in a message on an incident, what is left out of it, and when its reader hears next."""

from monitor.core.model import Condition
from monitor.core.saying import duration
from monitor.core.wording.scene import Scene

__all__ = ["changed", "left_out", "next_news"]


def changed(scene: Scene) -> str:
    """What is new since the reader's last message; empty for a first one."""
    match scene.telling.step:
        case "updated":
            return _updated(scene)
        case "repeat":
            return _still_open(scene)
        case "escalated":
            return _escalated(scene)
        case "handed_over":
            return _handed_over(scene)
        case "acknowledged":
            return _acknowledged(scene)
        case "lapsed":
            return _lapsed(scene)
        case _:
            return ""


def _updated(scene: Scene) -> str:
    say = scene.speech.say
    said = []
    if scene.again:
        said.append(say("It is in trouble again, after you were told that it was over."))
    if scene.worse:
        said.append(say("It got worse."))
    if scene.unheld:
        said.append(say("It is no longer held back, and the trouble still stands."))
    if scene.included:
        names = scene.channel_names(scene.included)
        said.append(say("What you were told of {names} is part of this: you hear of both together.", names=names))
    elif scene.joined and not scene.unheld:
        said.append(say("Now also: {names}.", names=scene.channel_names(scene.joined)))
        if scene.told and len(scene.told.channels) == 1 and scene.incident.scope not in scene.told.channels:
            said.append(say("It is one trouble of {name} now; further news comes as one message.", name=scene.name))
    return " ".join(said)


def _still_open(scene: Scene) -> str:
    lasted = duration(scene.now - scene.incident.opened)
    if scene.taken:
        who = scene.person(scene.incident.owner)
        return scene.speech.say("It is still open, for {lasted} now. {who} has taken it.", lasted=lasted, who=who)
    return scene.speech.say("It is still open, for {lasted} now, and nobody has taken it.", lasted=lasted)


def _escalated(scene: Scene) -> str:
    if scene.silent_ones:
        return scene.speech.say("This comes to you because {names} did not answer.", names=scene.silent_ones)
    return scene.speech.say("This comes to you because nobody has answered so far.")


def _handed_over(scene: Scene) -> str:
    say, by = scene.speech.say, scene.telling.by
    if not scene.is_readers:
        return say("{who} took it over.", who=scene.person(scene.incident.owner or by))
    if by and not scene.is_reader(by):
        return say("{who} handed it to you.", who=scene.person(by))
    return say("Your shift has begun, and this was open: it is yours now.")


def _acknowledged(scene: Scene) -> str:
    say, incident = scene.speech.say, scene.incident
    at = scene.speech.at(incident.acknowledged or scene.now)
    zone = scene.speech.zone
    if scene.is_reader(incident.owner):
        said = [say("You took it {at} ({zone}).", at=at, zone=zone)]
    else:
        who = scene.person(scene.telling.by or incident.owner)
        said = [say("{who} took it {at} ({zone}).", who=who, at=at, zone=zone)]
    rests = max((m for m in (incident.lapses, incident.snoozed) if m is not None), default=None)
    if rests is not None:
        said.append(say("Nobody else is called {until}.", until=scene.speech.until(rests)))
    return " ".join(said)


def _lapsed(scene: Scene) -> str:
    incident, speech = scene.incident, scene.speech
    lasted = duration(scene.now - (incident.acknowledged or incident.opened))
    if scene.is_reader(incident.owner):
        return speech.say(
            "You took it {lasted} ago and have not confirmed since: people are called again.", lasted=lasted
        )
    who = scene.person(incident.owner or scene.telling.by)
    if not who:
        return speech.say("Nobody has confirmed since: people are called again.")
    return speech.say(
        "{who} took it {lasted} ago and has not confirmed since: people are called again.", who=who, lasted=lasted
    )


# --- what is left out ------------------------------------------------------------------------------------------------


def left_out(scene: Scene) -> str:
    """Channels in trouble that are held back, and why."""
    by_code: dict[str, list[str]] = {}
    for channel, code in scene.telling.held.items():
        by_code.setdefault(code, []).append(channel)
    return "\n".join(_why(code, tuple(channels), scene) for code, channels in by_code.items())


def _why(code: str, channels: tuple[str, ...], scene: Scene) -> str:
    kind, _, which = code.partition(":")
    say = scene.speech.say
    names = scene.channel_names(channels) if any(channels) else scene.name
    match kind:
        case "silence":
            return _silenced(which, names, scene)
        case "depends":
            return say(
                "{names}: because of the trouble with {cause}.", names=names, cause=scene.channel_names((which,))
            )
        case "maintenance":
            comment = next((m.comment for m in scene.rules.maintenance if m.id == which), "")
            if comment:
                return say("{names}: work of our own ({quote}).", names=names, quote=comment)
            return say("{names}: work of our own.", names=names)
        case "interval":
            return say("{names}: outside the hours in which it is told.", names=names)
        case _:
            return say("{names}: held back.", names=names)


def _silenced(which: str, names: str, scene: Scene) -> str:
    known = next((s for s in scene.rules.silences if s.id == which), None)
    if known is None:
        return scene.speech.say("{names}: silenced (number {id}).", names=names, id=which)
    return scene.speech.say(
        "{names}: silenced by {who} {until} ({quote}).",
        names=names,
        who=scene.person(known.author),
        until=scene.speech.until(known.end),
        quote=known.comment,
    )


# --- when the reader hears next --------------------------------------------------------------------------------------


def next_news(scene: Scene) -> str:
    """Who is called next and when, and what the reader will hear."""
    if scene.ended:
        return _after_the_end(scene)
    speech, telling = scene.speech, scene.telling
    if scene.incident.channels and scene.incident.condition is not Condition.UNKNOWN:
        said = [speech.say("When it gets worse, when another channel joins, and when it is over.")]
    else:
        said = [speech.say("When it is over.")]
    if telling.next_call is not None:
        who, when = telling.next_call
        said.append(speech.say("If nobody acknowledges, this goes to {who} {at}.", who=who, at=speech.at(when)))
    elif scene.taken and scene.incident.lapses is not None and telling.step != "acknowledged":
        said.append(speech.say("It is in hand {until}.", until=speech.until(scene.incident.lapses)))
    if telling.next_repeat is not None and not scene.taken:
        said.append(speech.say("You are reminded {at} if it is still open.", at=speech.at(telling.next_repeat)))
    return "\n".join(said)


def _after_the_end(scene: Scene) -> str:
    if scene.incident.by_hand:
        return scene.speech.say("Only if it gets worse, or comes back after it was well.")
    window = duration(scene.rules.reopen_within)
    return scene.speech.say("Only if it comes back. Within {window} it counts as the same trouble.", window=window)
