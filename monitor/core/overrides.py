"""Changes of schedules that people make: overrides and swaps, made, taken back, and let go when they are over."""

from dataclasses import replace

from monitor.core import wording
from monitor.core.again import is_same_time
from monitor.core.draft import Draft
from monitor.core.duty import Override, Schedule
from monitor.core.model import Answer, Overridden, Restored
from monitor.core.oncall.changes import conflict
from monitor.core.receivers import changes_of, imported_of, name_of

__all__ = ["end_overrides", "override", "restore"]

OVERRIDES_MAX = 1_000


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
    return there.person == span.person and is_same_time((there.start, there.end), (span.start, span.end))


def _in_its_zone(draft: Draft, schedule: Schedule, made: Override) -> str:
    """The change by the clock of its schedule, and with the zone where it is not the team's."""
    own = "" if schedule.timezone == draft.rules.timezone else f" ({schedule.timezone} time)"
    return _spans(draft, made, schedule.timezone) + own


def _spans(draft: Draft, made: Override, timezone: str) -> str:
    clock = wording.Speech(zone=timezone, now=draft.now).clock
    said = [f"{name_of(draft.rules, s.person)} from {clock(s.start)} to {clock(s.end)}" for s in made.spans]
    return "; ".join(said)


def restore(draft: Draft, event: Restored) -> Answer:
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
