"""What the page behind a signed link says, in its reader's language. Patterns are those of `monitor.core.wording`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.core.duty import Recipient
from monitor.core.links import Flaw
from monitor.core.model import Act, Answer, Incident, Phase, Rules, State, Telling
from monitor.core.paging import coming, receivers_of
from monitor.core.receivers import name_of, names_of
from monitor.core.wording import Speech, compose
from monitor.web.forms import Notice

__all__ = ["acts", "notice", "phrases", "refusal", "shown"]

_OVER = (Phase.RESOLVED, Phase.CLOSED)


def refusal(speech: Speech, flaw: Flaw) -> dict[str, str]:
    """Why a link gives no right, and what to do instead."""
    return {
        "message": {
            Flaw.BROKEN: speech.say("This link is not complete."),
            Flaw.FORGED: speech.say("This link is not ours, or not all of it was copied."),
            Flaw.FOREIGN: speech.say("This link was made by another version of Vigie."),
            Flaw.EXPIRED: speech.say("This link has expired."),
        }[flaw],
        "instead": speech.say("Open the link in the newest message, or use the board."),
    }


def phrases(speech: Speech, reader: Recipient, known: int, gone: int) -> dict[str, str]:
    """The fixed words of the page. `known`, `gone`: how many of the link's incidents are still kept, and are not."""
    return {
        "many": speech.say("{n} incident", "{n} incidents", n=known),
        "reader": speech.say("You act as {name}.", name=reader.name),
        "shared": speech.say("This link was sent to {name}. Say who you are, so that others know.", name=reader.name),
        "nobody": speech.say("Nobody in particular"),
        "who": speech.say("Your name"),
        "note": speech.say("Note"),
        "note_hint": speech.say("others read it in the timeline"),
        "gone": speech.say("{n} incident is no longer kept.", "{n} incidents are no longer kept.", n=gone)
        if gone
        else "",
        "all": speech.say("What you do here counts for all of them.") if known > 1 else "",
    }


# --- one incident ----------------------------------------------------------------------------------------------------


def shown(incident: Incident, reader: Recipient, state: State, rules: Rules, now: datetime) -> dict[str, Any]:
    """One incident: its title, who has it, and all that a message to this reader would say of it now."""
    speech = Speech(reader.language, reader.timezone, now)
    free = tuple(c for c in incident.channels if c not in incident.held)
    telling = Telling(
        step="resolved" if incident.phase in _OVER else "opened",
        incident=incident,
        recipient=reader,
        channels=free or incident.channels,
        members={c: state.channels[c] for c in incident.channels if c in state.channels},
        next_call=_next_call(incident, rules, now),
        held=incident.held if free else {},
    )
    message = compose(telling, rules, now)
    return {
        "id": incident.id,
        "title": message.title,
        "symbol": _symbol(incident),
        "live": incident.phase not in _OVER,
        "severity": incident.severity.name.lower(),
        "taken": _taken(incident, reader, rules, speech),
        "paragraphs": message.paragraphs,
    }


def _symbol(incident: Incident) -> str:
    if incident.phase in _OVER:
        return "operational"
    return "outage" if incident.severity.name == "CRITICAL" else "degraded"


def _next_call(incident: Incident, rules: Rules, now: datetime) -> tuple[str, datetime] | None:
    """Who is called next if nobody acknowledges, and when."""
    calls = ((names_of(rules, receivers_of(page, rules)), due) for due, page in coming(incident) if due > now)
    return next(calls, None)


def _is(reader: Recipient, who: str) -> bool:
    """Whether that is the reader; `who` is an id or a name."""
    return who in (reader.id, reader.name)


def _taken(incident: Incident, reader: Recipient, rules: Rules, speech: Speech) -> str:
    """Who has it, since when and until when; empty: nobody."""
    if incident.phase is not Phase.ACKNOWLEDGED or incident.acknowledged is None:
        return ""
    at, zone = speech.at(incident.acknowledged), speech.zone
    if _is(reader, incident.owner):
        said = speech.say("You took it {at} ({zone}).", at=at, zone=zone)
    else:
        said = speech.say("{who} took it {at} ({zone}).", who=name_of(rules, incident.owner), at=at, zone=zone)
    if incident.lapses is not None:
        said += " " + speech.say("Nobody else is called {until}.", until=speech.until(incident.lapses))
    return said


# --- what can be done, and what came of it ---------------------------------------------------------------------------


def acts(found: Sequence[Incident], reader: Recipient, speech: Speech) -> list[dict[str, str]]:
    """The buttons that make sense now: act, what it is called, what it does. The first is what most want."""
    live = [i for i in found if i.phase not in _OVER]
    mine = live and all(i.phase is Phase.ACKNOWLEDGED and _is(reader, i.owner) for i in live)
    others = any(i.phase is Phase.ACKNOWLEDGED and not _is(reader, i.owner) for i in live)
    say, offered = speech.say, []
    if any(i.phase is Phase.OPEN for i in live):
        does = say("You take it: reminders stop, and nobody else is called.")
        offered.append((Act.ACKNOWLEDGE, say("Acknowledge"), does))
    if others and not mine:
        offered.append((Act.TAKE_OVER, say("Take over"), say("It becomes yours, in place of whoever has it.")))
    if live:
        offered += [
            (Act.SNOOZE, say("Snooze for 1 hour"), say("Nobody is called for an hour, unless it gets worse.")),
            (Act.RESOLVE, say("Resolve"), say("It counts as over, although we may still see trouble.")),
        ]
    if found:
        offered.append((Act.NOTE, say("Add the note only"), say("Nothing else changes.")))
    return [{"act": act.value, "name": name, "does": does} for act, name, does in offered]


def notice(
    said: Notice, found: Sequence[Incident], titles: Mapping[str, str], reader: Recipient, rules: Rules, speech: Speech
) -> dict[str, Any]:
    """What came of an act, in the reader's words: one line for all incidents, or several that name them (`titles`: by
    id), for nobody should believe to have one that they have not. Those that are no longer kept are told of elsewhere.
    """
    known = {i.id: i for i in found}
    answers = said.answer.each or (said.answer,)
    shown = [a for a in answers if a.id in known] or [said.answer]
    about: dict[str, list[str]] = {}
    for answer in shown:
        about.setdefault(_came(answer, said.act, known.get(answer.id), reader, rules, speech), []).append(answer.id)
    lines = list(about)
    if len(lines) > 1:
        lines = [f"{'; '.join(titles[i] for i in ids)} \N{EN DASH} {text}" for text, ids in about.items()]
    return {"lines": lines, "done": all(a.done for a in shown)}


def _came(
    answer: Answer, act: Act | None, incident: Incident | None, reader: Recipient, rules: Rules, speech: Speech
) -> str:
    """What came of it for one incident. Whatever has no pattern here is said as the mind put it."""
    say = speech.say
    if answer.code == "already" and incident is not None and incident.phase is Phase.ACKNOWLEDGED:
        if _is(reader, incident.owner) or incident.acknowledged is None:
            return say("You have it already.")
        at = speech.at(incident.acknowledged)
        return say("Already taken by {who} {at}.", who=name_of(rules, incident.owner), at=at)
    if answer.code == "over":
        return say("It is over already; there is nothing to do.")
    if answer.code == "done" and act is not None:
        return {
            Act.ACKNOWLEDGE: say("You have it."),
            Act.TAKE_OVER: say("You have it."),
            Act.SNOOZE: say("Nobody is called for an hour, unless it gets worse."),
            Act.RESOLVE: say("It counts as over. If it gets worse or comes back, you hear of it."),
            Act.NOTE: say("Your note stands in the timeline."),
        }[act]
    return answer.text
