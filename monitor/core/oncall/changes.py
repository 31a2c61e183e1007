"""Changes to a schedule by hand: what speaks against one, and how a swap of two shifts is made."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from monitor.core.duty import Override, Recipient, Schedule, Shift
from monitor.core.oncall.said import span_of, when
from monitor.core.oncall.schedule import shifts, whole_shifts

__all__ = ["CHANGE_DAYS_MAX", "SPANS_MAX", "CannotSwapError", "conflict", "swap"]

CHANGE_DAYS_MAX = 366
SPANS_MAX = 50
PAST_MAX = timedelta(hours=1)
"""How long ago a change may begin: "I took over at nine" is said at twenty past, and history is not rewritten."""

_SWAPPED = 2


class CannotSwapError(ValueError):
    """These two shifts cannot be swapped; the message is a sentence that says why."""


def conflict(
    override: Override,
    existing: Iterable[Override],
    schedule: Schedule,
    people: Mapping[str, Recipient],
    now: datetime,
    imported: Iterable[Shift] = (),
) -> str | None:
    """Why a change cannot be made, in a sentence; None: it can. It is made whole or not at all.

    `existing`: the changes that stand; `people`: everybody who can be called, by id; `imported`: the last good import.
    """
    standing = [other for other in existing if other.schedule == schedule.id and other.id != override.id]
    return (
        _misshapen(override)
        or next((fault for span in override.spans if (fault := _wrong(span, schedule, people, now))), None)
        or _overlapping(override, standing, schedule, people)
        or (_not_theirs(override, standing, schedule, people, tuple(imported)) if override.swap else None)
    )


def swap(
    schedule: Schedule,
    changes: Iterable[Override],
    imported: Iterable[Shift],
    first_at: datetime,
    second_at: datetime,
    now: datetime,
) -> tuple[Shift, Shift]:
    """The two spans of a swap: the shifts on call at these moments, each with the other's person.

    Of a shift that has begun only what is left at `now` is swapped. Raises CannotSwapError.
    """
    changes, imported = tuple(changes), tuple(imported)
    found = []
    for at in (first_at, second_at):
        held = whole_shifts(schedule, changes, imported, at)
        if len(held) != 1:
            who = "Nobody is" if not held else "Several people are"
            raise CannotSwapError(f"{who} on call at {when(at, schedule.timezone)}, so there is no shift to swap.")
        if held[0].end <= now:
            raise CannotSwapError(f"The shift at {when(at, schedule.timezone)} is over.")
        found.append(held[0])
    first, second = sorted(found, key=lambda shift: shift.start)
    if first.person == second.person:
        raise CannotSwapError("Both shifts are the same person's, so there is nothing to swap.")
    return (
        Shift(second.person, max(first.start, now), first.end, "swap"),
        Shift(first.person, max(second.start, now), second.end, "swap"),
    )


def _misshapen(override: Override) -> str | None:
    if override.swap and len(override.spans) != _SWAPPED:
        return "A swap is of two shifts."
    if not override.spans:
        return "The change names no time."
    if len(override.spans) > SPANS_MAX:
        return f"The change has {len(override.spans)} spans; at most {SPANS_MAX} go into one."
    return None


def _wrong(span: Shift, schedule: Schedule, people: Mapping[str, Recipient], now: datetime) -> str | None:
    """What is wrong with one span by itself."""
    tz = schedule.timezone
    if span.end <= span.start:
        return f"The end, {when(span.end, tz)}, is not after the start, {when(span.start, tz)}."
    if span.end - span.start > timedelta(days=CHANGE_DAYS_MAX):
        return f"The change is longer than {CHANGE_DAYS_MAX} days; change the schedule itself instead."
    if span.end <= now:
        return f"It is over already: it ends at {when(span.end, tz)}."
    if span.start < now - PAST_MAX:
        return f"It begins in the past, at {when(span.start, tz)}; who was on call then cannot be changed any more."
    if span.person not in people or not people[span.person].person:
        return f"{span.person!r} is not a person of the configuration."
    return None


def _overlapping(
    override: Override, standing: Iterable[Override], schedule: Schedule, people: Mapping[str, Recipient]
) -> str | None:
    """One that holds in part would not be what was asked for; one under a swap would not hold at all."""
    ordered = sorted(override.spans, key=lambda span: span.start)
    if any(earlier.end > later.start for earlier, later in pairwise(ordered)):
        return "The two shifts overlap." if override.swap else "The spans of the change overlap each other."
    for other in standing:
        if override.swap and not other.swap:
            continue  # a swap lies over overrides
        for span in other.spans:
            if any(span.start < mine.end and mine.start < span.end for mine in override.spans):
                kind = "swap" if other.swap else "override"
                name = people[span.person].name if span.person in people else span.person
                return (
                    f"It overlaps {kind} {other.id}, by which {name} is on call "
                    f"{span_of(span, schedule.timezone)}; take that back first."
                )
    return None


def _not_theirs(
    override: Override,
    standing: Iterable[Override],
    schedule: Schedule,
    people: Mapping[str, Recipient],
    imported: tuple[Shift, ...],
) -> str | None:
    """A swap gives each the other's place, so each must be the one on call in it."""
    one, other = override.spans
    for span, owner in ((one, other.person), (other, one.person)):
        found = shifts(schedule, standing, imported, span.start, span.end)
        whole = found and found[0].start == span.start and found[-1].end == span.end
        unbroken = all(earlier.end == later.start for earlier, later in pairwise(found))
        if not (whole and unbroken and {shift.person for shift in found} == {owner}):
            name = people[owner].name
            return f"{name} is not the one on call {span_of(span, schedule.timezone)}, so it cannot be swapped."
    return "Both shifts are the same person's, so there is nothing to swap." if one.person == other.person else None
