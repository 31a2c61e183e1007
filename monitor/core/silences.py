"""Silences that people make: made, changed, ended by hand, and ended by time or recovery."""

from dataclasses import replace

from monitor.core import wording
from monitor.core.again import is_same_time
from monitor.core.draft import Draft
from monitor.core.duty import SILENCE_MAX, Silence
from monitor.core.holding import silencing
from monitor.core.labels import labels_of
from monitor.core.matching import selective
from monitor.core.model import Answer, Phase, Silenced, Unsilenced
from monitor.core.receivers import name_of

__all__ = ["end_silences", "silence", "unsilence"]

SILENCES_MAX = 1_000


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
    return alike and is_same_time((held.start, held.end), (wished.start, wished.end))


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
