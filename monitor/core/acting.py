"""What a person does to incidents: takes them, takes them over, puts them off, calls them over, notes."""

from dataclasses import replace
from datetime import timedelta

from monitor.core import life, wording
from monitor.core.draft import Draft
from monitor.core.incident import Move, advance
from monitor.core.model import Act, Acted, Answer, Incident, Phase
from monitor.core.receivers import name_of
from monitor.core.talk import Talk
from probes.base import Severity

__all__ = ["act"]

SNOOZE_MAX = timedelta(days=7)
TEXT_CHARS_MAX = 2_000


def act(draft: Draft, event: Acted) -> Answer:
    """Do it to each of the incidents; one answer for all."""
    if not event.by.strip() or len(event.text) > TEXT_CHARS_MAX:
        return Answer.no("invalid", f"Say who you are, and at most {TEXT_CHARS_MAX} characters of text.")
    answers = [_act_on(draft, event, incident) for incident in dict.fromkeys(event.incidents)]
    if not answers:
        return Answer.no("invalid", "Name at least one incident.")
    if len(answers) == 1:
        return answers[0]
    text = " ".join(f"#{i}: {a.text}" for i, a in zip(dict.fromkeys(event.incidents), answers, strict=True))
    worst = next((a for a in answers if not a.done), None)
    changed = any(a.code == "done" for a in answers)
    if changed or worst is None:
        said = Answer.yes("done" if changed else answers[0].code, text)
    else:
        said = Answer.no(worst.code, text)
    return replace(said, each=tuple(answers))


def _act_on(draft: Draft, event: Acted, incident_id: str) -> Answer:
    incident = draft.incidents.get(incident_id)
    if incident is None:
        return _act_on_lost(event, incident_id)
    if event.act is Act.NOTE:
        return _note(draft, event, incident)
    if incident.phase is Phase.RESOLVED:
        when = wording.clock(incident.resolved or draft.now, draft.rules, draft.now)
        return Answer.yes("over", f"It has been over since {when}.", incident.id)
    if incident.phase not in (Phase.OPEN, Phase.ACKNOWLEDGED):
        return Answer.no("not_open", "It is not sure yet that it is one; nobody has been told.", incident.id)
    return {
        Act.ACKNOWLEDGE: _acknowledge,
        Act.TAKE_OVER: _take_over,
        Act.SNOOZE: _snooze,
        Act.RESOLVE: _resolve,
    }[event.act](draft, event, incident)


def _act_on_lost(event: Acted, incident_id: str) -> Answer:
    """Something to an incident that the mind does not hold."""
    if incident_id not in event.closed:
        return Answer.no("unknown", f"No incident {incident_id[:40]} is known.", incident_id)
    if event.act is Act.NOTE:
        return Answer.no("not_open", "It is closed: its timeline takes no more notes.", incident_id)
    return Answer.yes("over", "It is over and closed.", incident_id)


def _acknowledge(draft: Draft, event: Acted, incident: Incident) -> Answer:
    if incident.phase is Phase.ACKNOWLEDGED:
        when = wording.clock(incident.acknowledged or draft.now, draft.rules, draft.now)
        return Answer.yes("already", f"Already taken by {name_of(draft.rules, incident.owner)} at {when}.", incident.id)
    taken = _take(draft, event, incident)
    _log(draft, event, taken, "acknowledged", "took it", _quiet(draft, taken))
    _tell_others(draft, taken, "acknowledged", "told_acknowledged", event.by)
    return Answer.yes("done", _yours(draft, taken), incident.id)


def _take_over(draft: Draft, event: Acted, incident: Incident) -> Answer:
    if incident.phase is Phase.ACKNOWLEDGED and incident.owner == event.by:
        return Answer.yes("already", "It is yours already.", incident.id)
    before = incident.owner
    taken = _take(draft, event, incident)
    _log(draft, event, taken, "taken_over", f"took it over{f' from {name_of(draft.rules, before)}' if before else ''}")
    step, code = ("handed_over", "told_handed_over") if before else ("acknowledged", "told_acknowledged")
    _tell_others(draft, taken, step, code, event.by)
    return Answer.yes("done", _yours(draft, taken), incident.id)


def _take(draft: Draft, event: Acted, incident: Incident) -> Incident:
    phase = incident.phase if incident.phase is Phase.ACKNOWLEDGED else advance(incident.phase, Move.ACKNOWLEDGE)
    rules = draft.rules
    lasts = rules.ack_critical if incident.peak is Severity.CRITICAL else rules.ack_warning
    return replace(
        incident,
        phase=phase,
        owner=event.by,
        acknowledged=draft.now,
        lapses=draft.now + lasts,
        snoozed=None,
        revision=incident.revision + 1,
        pages=tuple(replace(p, due=None) if p.taken else p for p in incident.pages),
    )


def _quiet(draft: Draft, incident: Incident) -> str:
    return f"; nobody is called again before {wording.clock(incident.lapses or draft.now, draft.rules, draft.now)}"


def _yours(draft: Draft, incident: Incident) -> str:
    until = wording.clock(incident.lapses or draft.now, draft.rules, draft.now)
    return f"You have it until {until}; then Vigie asks again."


def _snooze(draft: Draft, event: Acted, incident: Incident) -> Answer:
    until = event.until
    if until is None or not draft.now < until <= draft.now + SNOOZE_MAX:
        return Answer.no("invalid", f"A snooze ends in the future, within {SNOOZE_MAX.days} days.", incident.id)
    when = wording.clock(until, draft.rules, draft.now)
    if incident.phase is Phase.ACKNOWLEDGED:
        put_off = replace(incident, lapses=until)
    else:
        put_off = replace(incident, snoozed=until)
    _log(draft, event, put_off, "snoozed", f"put it off until {when}")
    draft.put_incident(put_off)
    return Answer.yes("done", f"Nobody is called to it before {when}, unless it gets worse.", incident.id)


def _resolve(draft: Draft, event: Acted, incident: Incident) -> Answer:
    _log(draft, event, incident, "resolved_by_hand", "called it over")
    life.resolve(draft, replace(incident, by_hand=event.by), f"{name_of(draft.rules, event.by)} called it over")
    return Answer.yes("done", "It counts as over. If it gets worse, or comes back later, you hear of it.", incident.id)


def _note(draft: Draft, event: Acted, incident: Incident) -> Answer:
    if not event.text.strip():
        return Answer.no("invalid", "A note needs words.", incident.id)
    _log(draft, event, incident, "noted", "noted")
    draft.put_incident(replace(incident, revision=incident.revision))
    return Answer.yes("done", "It stands in the incident's timeline.", incident.id)


def _log(draft: Draft, event: Acted, incident: Incident, code: str, what: str, then: str = "") -> None:
    said = f": {event.text.strip()}" if event.text.strip() else ""
    draft.decide(code, f"{name_of(draft.rules, event.by)} {what} by {event.via}{then}{said}", incident=incident)


def _tell_others(draft: Draft, incident: Incident, step: str, code: str, by: str) -> None:
    """Who was told hears who has it; the one who took it knows. Held back, only services that keep an alert hear it."""
    draft.put_incident(incident)
    talk = Talk(draft, incident)
    for told in list(talk.told.values()):
        if told.unheard or told.recipient == by or not talk.hears(told):
            continue
        if not talk.silent or talk.is_keyed(told.destination):
            talk.tell(told.destination, step, code, by=by)
    talk.finish()
