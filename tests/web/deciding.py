"""What a mind says to people's wishes, as small as it can be and still be honest: state and event in, answer out.

It keeps what was wished, so that a reader of the API finds it again, and answers with every code there is.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.duty import Override, Silence
from monitor.core.matching import selective
from monitor.core.model import (
    Act,
    Acted,
    Answer,
    Decision,
    Drilled,
    Event,
    Incident,
    Overridden,
    Phase,
    Restored,
    Rules,
    Silenced,
    State,
    Unsilenced,
    Watched,
)

__all__ = ["decide"]

Said = tuple[State, Answer, tuple[Decision, ...]]
_PHASES = {Act.ACKNOWLEDGE: Phase.ACKNOWLEDGED, Act.TAKE_OVER: Phase.ACKNOWLEDGED, Act.RESOLVE: Phase.RESOLVED}


def decide(state: State, rules: Rules, event: Event, now: datetime) -> Said:
    """The new state, what is said, and what stands in the ledger."""
    if isinstance(event, Acted):
        return _acted(state, rules, event, now)
    if isinstance(event, Silenced):
        return _silenced(state, event, now)
    if isinstance(event, Unsilenced):
        return _unsilenced(state, event)
    if isinstance(event, Overridden):
        return _overridden(state, rules, event.override, now)
    if isinstance(event, Restored):
        if event.override not in state.overrides:
            return state, Answer(done=False, code="unknown", text="No change of this id is known."), ()
        kept = replace(state, overrides=state.overrides.delete(event.override))
        return kept, Answer(done=True, code="done", text="The change is taken back."), ()
    if isinstance(event, Drilled):
        known = {*rules.recipients, *rules.schedules, *rules.teams, *rules.policies}
        if event.target not in known:
            return state, Answer(done=False, code="unknown", text="Nothing of this id can be tried."), ()
        return state, Answer(done=True, code="done", text="A drill is on its way."), ()
    if isinstance(event, Watched):
        heard = replace(state, monitor=replace(state.monitor, watchdog=now))
        return heard, Answer(done=True, code="done", text="Heard."), ()
    raise AssertionError(event)


def _acted(state: State, rules: Rules, event: Acted, now: datetime) -> Said:
    missing = [i for i in event.incidents if i not in state.incidents]
    if missing:
        return state, Answer(done=False, code="unknown", text="No incident of this id is known."), ()
    person = rules.recipients.get(event.by)
    name = person.name if person else event.by
    found = [state.incidents[i] for i in event.incidents]
    if any(i.phase in {Phase.RESOLVED, Phase.CLOSED} for i in found) and event.act is not Act.NOTE:
        return state, Answer(done=True, code="over", text="This incident is over."), ()
    if any(i.phase is Phase.PENDING for i in found):
        return state, Answer(done=False, code="not_open", text="It is not sure yet that it is one."), ()
    taken = next((i for i in found if i.phase is Phase.ACKNOWLEDGED), None)
    if taken is not None and event.act is Act.ACKNOWLEDGE:
        at = (taken.acknowledged or now).strftime("%H:%M")
        return state, Answer(done=True, code="already", text=f"Already taken by {taken.owner} at {at}."), ()
    incidents = state.incidents
    for each in found:
        incidents = incidents.set(each.id, _changed(each, event, name, now))
    text = f"{name}: {event.act.value}, by {event.via}" + (f": {event.text}" if event.text else "")
    rows = tuple(Decision(now, f"act_{event.act.value}", text, incident=i) for i in event.incidents)
    return replace(state, incidents=incidents), Answer(done=True, code="done", text=f"{name} has it."), rows


def _changed(incident: Incident, event: Acted, name: str, now: datetime) -> Incident:
    phase = _PHASES.get(event.act, incident.phase)
    if event.act in {Act.ACKNOWLEDGE, Act.TAKE_OVER}:
        return replace(incident, phase=phase, owner=name, acknowledged=now, lapses=now + timedelta(hours=1))
    if event.act is Act.SNOOZE:
        return replace(incident, snoozed=event.until)
    if event.act is Act.RESOLVE:
        return replace(incident, phase=phase, resolved=now, by_hand=name)
    return incident


def _silenced(state: State, event: Silenced, now: datetime) -> Said:
    wanted = event.silence
    if wanted.id and wanted.id not in state.silences:
        return state, Answer(done=False, code="unknown", text="No silence of this id is known."), ()
    if not selective(wanted.matchers) or wanted.end <= max(now, wanted.start):
        return state, Answer(done=False, code="invalid", text="This would silence everything, or nothing."), ()
    if wanted.end - wanted.start > timedelta(days=30):
        return state, Answer(done=False, code="invalid", text="A silence lasts 30 days at most."), ()
    for held in state.silences.values():
        if replace(held, id="", created=None) == replace(wanted, id="", created=None):
            return state, Answer(done=True, code="already", text="This silence stands already.", id=held.id), ()
    number = wanted.id or str(state.monitor.changes + 1)
    made: Silence = replace(wanted, id=number, created=now)
    monitor = replace(state.monitor, changes=state.monitor.changes + 1)
    kept = replace(state, silences=state.silences.set(number, made), monitor=monitor)
    return kept, Answer(done=True, code="done", text=f"Silenced until {wanted.end:%H:%M}.", id=number), ()


def _unsilenced(state: State, event: Unsilenced) -> Said:
    held = state.silences.get(event.silence)
    if held is None:
        return state, Answer(done=False, code="unknown", text="No silence of this id is known."), ()
    kept = replace(state, silences=state.silences.delete(held.id))
    return kept, Answer(done=True, code="done", text="The silence has ended.", id=held.id), ()


def _overridden(state: State, rules: Rules, wanted: Override, now: datetime) -> Said:
    if wanted.schedule not in rules.schedules:
        return state, Answer(done=False, code="unknown", text="No schedule of this id is known."), ()
    if any(span.person not in rules.recipients for span in wanted.spans):
        return state, Answer(done=False, code="nobody", text="No person of this id is known."), ()
    if any(span.end <= max(now, span.start) for span in wanted.spans):
        return state, Answer(done=False, code="invalid", text="It ends before it starts."), ()
    for held in state.overrides.values():
        if replace(held, id="", at=None) == replace(wanted, id="", at=None):
            return state, Answer(done=True, code="already", text="This stands already.", id=held.id), ()
        if held.schedule == wanted.schedule and held.swap == wanted.swap and _overlap(held, wanted):
            return state, Answer(done=False, code="conflict", text="It overlaps another change."), ()
    number = str(state.monitor.changes + 1)
    monitor = replace(state.monitor, changes=state.monitor.changes + 1)
    made = replace(wanted, id=number, at=now)
    kept = replace(state, overrides=state.overrides.set(number, made), monitor=monitor)
    return kept, Answer(done=True, code="done", text="The schedule is changed.", id=number), ()


def _overlap(one: Override, other: Override) -> bool:
    return any(a.start < b.end and b.start < a.end for a in one.spans for b in other.spans)
