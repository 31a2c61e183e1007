"""What a person may do, and what the mind says to it. Every wish gets an `Answer` and, when it is granted, a row in the
ledger with who, when and by which door.

Codes of answers: ``done``; ``already`` (it held before); ``over`` (the incident has ended, so there is nothing to do);
``unknown`` (there is no such thing); ``not_open``; ``invalid``; ``conflict``; ``nobody``.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core import life, wording
from monitor.core.draft import Draft
from monitor.core.duty import Override, Schedule, Silence
from monitor.core.holding import silencing
from monitor.core.incident import Move, advance
from monitor.core.labels import labels_of
from monitor.core.matching import selective
from monitor.core.model import (
    Act,
    Acted,
    Answer,
    Drilled,
    Incident,
    Overridden,
    Phase,
    Restored,
    Rules,
    Silenced,
    Unsilenced,
)
from monitor.core.oncall.changes import conflict
from monitor.core.receivers import changes_of, imported_of, name_of, person_of
from monitor.core.talk import Talk
from probes.base import Severity

__all__ = ["SILENCE_MAX", "Wish", "act", "by_person", "override", "restore_schedule", "silence", "unsilence"]

SILENCE_MAX = timedelta(days=30)
SNOOZE_MAX = timedelta(days=7)
SILENCES_MAX = 1_000
OVERRIDES_MAX = 1_000
SENT_AGAIN_WITHIN = timedelta(minutes=1)
"""A wish that begins "now" and comes again within this time is the same wish, sent once more."""
TEXT_CHARS_MAX = 2_000

Wish = Acted | Silenced | Unsilenced | Overridden | Restored | Drilled


def by_person(wish: Wish, rules: Rules) -> Wish:
    """The wish as its person's, by whose id whoever acts is known from then on: people also give their name."""
    match wish:
        case Silenced():
            return replace(wish, silence=replace(wish.silence, author=person_of(rules, wish.silence.author)))
        case Overridden():
            return replace(wish, override=replace(wish.override, by=person_of(rules, wish.override.by)))
    return replace(wish, by=person_of(rules, wish.by))


# --- incidents -------------------------------------------------------------------------------------------------------


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


# --- silences --------------------------------------------------------------------------------------------------------


def silence(draft: Draft, event: Silenced) -> Answer:
    """Make a silence, or change one."""
    wished = event.silence
    fault = _silence_fault(draft, wished)
    if fault:
        return Answer.no("invalid", fault)
    known = draft.silences.get(wished.id)
    if wished.id and known is None:
        return Answer.no("unknown", f"There is no silence {wished.id[:40]} that people made and that still lasts.")
    twin = next((s.id for s in draft.silences.values() if _is_twin(s, wished)), "") if not wished.id else ""
    if twin:
        return Answer.yes("already", "This silence stands already.", twin)
    made = replace(
        wished,
        id=wished.id or draft.next_change_id(),
        created=known.created if known else draft.now,
        held=known.held if known else False,
    )
    draft.put_silence(made)
    draft.look_at_duties(made.end)
    until = wording.clock(made.end, draft.rules, draft.now)
    text = f"{name_of(draft.rules, made.author)} by {event.via}: silence {made.id} until {until}: {made.comment}"
    draft.decide("silenced", text)
    return Answer.yes("done", f"Silence {made.id} holds until {until}.", made.id)


def _is_twin(held: Silence, wished: Silence) -> bool:
    """Whether it is there already: a twin would hold back what people believe to be told again."""
    alike = replace(wished, id=held.id, start=held.start, end=held.end, created=held.created, held=held.held) == held
    return alike and _is_same_time((held.start, held.end), (wished.start, wished.end))


def _is_same_time(held: tuple[datetime, datetime], wished: tuple[datetime, datetime]) -> bool:
    """Whether an earlier sending of the same wish has asked for this time: two moments, or a moment and how long."""
    same_end = held[1] == wished[1] or held[1] - held[0] == wished[1] - wished[0]
    return same_end and abs(held[0] - wished[0]) <= SENT_AGAIN_WITHIN


def _silence_fault(draft: Draft, wished: Silence) -> str:
    if not wished.author.strip() or not wished.comment.strip():
        return "A silence needs an author and a comment."
    if not selective(wished.matchers):
        return "A silence needs at least one matcher that does not match everything."
    if wished.end <= wished.start:
        return "A silence must end after it starts."
    if wished.end <= draft.now:
        return "A silence must end in the future."
    if wished.end - wished.start > SILENCE_MAX:
        return f"A silence lasts at most {SILENCE_MAX.days} days."
    if not wished.id and len(draft.silences) >= SILENCES_MAX:
        return f"There are {SILENCES_MAX} silences already; end some."
    return ""


def unsilence(draft: Draft, event: Unsilenced) -> Answer:
    """End a silence now."""
    known = draft.silences.get(event.silence)
    if known is None:
        if any(s.id == event.silence for s in draft.rules.silences):
            return Answer.no("invalid", "This silence stands in the configuration; end it there.")
        return Answer.no("unknown", f"There is no silence {event.silence[:40]} that still lasts.")
    draft.drop_silence(known.id)
    draft.decide("unsilenced", f"{name_of(draft.rules, event.by)} by {event.via}: silence {known.id} ended")
    return Answer.yes("done", f"Silence {known.id} is over; what is still in trouble is told.", known.id)


def end_silences(draft: Draft) -> None:
    """Let silences go whose time is over, or whose trouble is, where they were to last only so long."""
    for each in draft.standing_silences():
        recovered = each.until_recovered and each.held and not _holds_something(draft, each)
        if each.end <= draft.now or recovered:
            draft.drop_silence(each.id)
            why = "what it held is over" if recovered else "its time is over"
            draft.decide("silence_ended", f"Silence {each.id}: {why}")
        else:
            draft.look_at_duties(each.end)


def _holds_something(draft: Draft, silence: Silence) -> bool:
    """Whether what it held still stands, also where another reason to hold it back is named."""
    code = f"silence:{silence.id}"
    for incident in draft.incidents.values():
        held = incident.held if incident.phase in (Phase.PENDING, Phase.OPEN, Phase.ACKNOWLEDGED) else {}
        if code in held.values():
            return True
        for channel in held:
            labels = labels_of(incident, draft.rules.channels.get(channel), draft.channels.get(channel))
            if silencing(silence, labels):
                return True
    return False


# --- schedules -------------------------------------------------------------------------------------------------------


def override(draft: Draft, event: Overridden) -> Answer:
    """Change a schedule by hand; a change that conflicts with another is refused whole."""
    wished, rules = event.override, draft.rules
    schedule = rules.schedules.get(wished.schedule)
    if schedule is None:
        return Answer.no("unknown", f"There is no schedule {wished.schedule[:40]}.")
    if len(draft.overrides) >= OVERRIDES_MAX:
        return Answer.no("invalid", f"There are {OVERRIDES_MAX} changes already; take some back.")
    existing, copied = changes_of(draft.overrides, schedule.id), imported_of(draft.schedules, schedule.id)
    twin = next((o.id for o in existing if _is_done(o, wished)), "")
    if twin:
        return Answer.yes("already", "This override stands already.", twin)
    for code, standing in (("invalid", ()), ("conflict", existing)):
        fault = conflict(wished, standing, schedule, rules.recipients, draft.now, copied)
        if fault is not None:
            return Answer.no(code, fault)
    made = replace(wished, id=draft.next_change_id(), at=draft.now)
    draft.put_override(made)
    what = "swap" if made.swap else "override"
    spans = _spans(draft, made, draft.rules.timezone)
    draft.decide(
        "overridden", f"{name_of(rules, made.by)} by {event.via}: {what} {made.id} of {schedule.name}: {spans}"
    )
    return Answer.yes("done", f"{schedule.name}: {_in_its_zone(draft, schedule, made)}.", made.id)


def _is_done(held: Override, wished: Override) -> bool:
    """Whether this override is there already."""
    if held.swap or wished.swap or len(held.spans) != 1 or len(wished.spans) != 1:
        return False
    (there,), (span,) = held.spans, wished.spans
    return there.person == span.person and _is_same_time((there.start, there.end), (span.start, span.end))


def _in_its_zone(draft: Draft, schedule: Schedule, made: Override) -> str:
    """The change by the clock of its schedule, and with the zone where it is not the team's."""
    own = "" if schedule.timezone == draft.rules.timezone else f" ({schedule.timezone} time)"
    return _spans(draft, made, schedule.timezone) + own


def _spans(draft: Draft, made: Override, timezone: str) -> str:
    clock = wording.Speech(zone=timezone, now=draft.now).clock
    said = [f"{name_of(draft.rules, s.person)} from {clock(s.start)} to {clock(s.end)}" for s in made.spans]
    return "; ".join(said)


def restore_schedule(draft: Draft, event: Restored) -> Answer:
    """Take a change of a schedule back."""
    known = draft.overrides.get(event.override)
    if known is None:
        return Answer.no("unknown", f"There is no change {event.override[:40]} that still lasts.")
    draft.drop_override(known.id)
    draft.decide("restored", f"{name_of(draft.rules, event.by)} by {event.via}: change {known.id} taken back")
    return Answer.yes("done", "The change is taken back; the schedule is as if it had not been made.", known.id)


def end_overrides(draft: Draft) -> None:
    """Let changes go that are over."""
    for each in sorted(draft.overrides.values(), key=lambda o: int(o.id)):
        end = max(span.end for span in each.spans)
        if end <= draft.now:
            draft.drop_override(each.id)
        else:
            draft.look_at_duties(end)
