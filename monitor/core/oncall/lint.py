"""What is wrong with a schedule that is not a fault of the configuration: said before the night in which it matters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.duty import Override, Recipient, Rotation, Schedule, Shift
from monitor.core.oncall.rotation import turn
from monitor.core.oncall.said import span_of
from monitor.core.oncall.schedule import shifts

__all__ = ["GAP_DAYS", "Finding", "lint"]

GAP_DAYS = 14
GAPS_MAX = 5
BALANCE_WEEKS = 12
TOO_MUCH = 1.5

_Changes = tuple[Override, ...]
_Imported = tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that people should know about a schedule (its id).

    `code`: gap, bus_factor, unreachable, imbalance, empty_rotation; `text`: a sentence or two.
    """

    code: str
    schedule: str
    text: str


def lint(
    schedule: Schedule,
    changes: Iterable[Override],
    imported: Iterable[Shift],
    recipients: Mapping[str, Recipient],
    now: datetime,
) -> tuple[Finding, ...]:
    """Gaps of the next GAP_DAYS days, rotations of nobody or of one, people who cannot be reached, imbalance."""
    ours = tuple(change for change in changes if change.schedule == schedule.id)
    coming = tuple(shift for shift in imported if shift.end > now) if schedule.imported else ()
    found = [
        *_gaps(schedule, ours, coming, now),
        *_too_few(schedule, coming, recipients),
        *_unreachable(schedule, ours, coming, recipients, now),
        *_imbalance(schedule, ours, coming, recipients, now),
    ]
    return tuple(Finding(code, schedule.id, text) for code, text in found)


def _name(person: str, recipients: Mapping[str, Recipient]) -> str:
    return recipients[person].name if person in recipients else person


def _rotations(schedule: Schedule) -> Iterator[tuple[str, Rotation]]:
    if schedule.rotation is not None and not schedule.imported:
        yield "the rotation", schedule.rotation
    for number, rule in enumerate(schedule.rules, 1):
        yield f"rule {number}", rule.rotation


def _gaps(schedule: Schedule, changes: _Changes, imported: _Imported, now: datetime) -> Iterator[tuple[str, str]]:
    end = now + timedelta(days=GAP_DAYS)
    gaps = []
    covered = now
    for shift in shifts(schedule, changes, imported, now, end):
        if shift.start > covered:
            gaps.append(Shift("", covered, shift.start))
        covered = max(covered, shift.end)
    if covered == now:
        why = ": no shift in them has been read from its calendar" if schedule.imported else ""
        yield "gap", f"Nobody is on call by {schedule.name} in the next {GAP_DAYS} days{why}."
        return
    if covered < end:
        gaps.append(Shift("", covered, end))
    for gap in gaps[:GAPS_MAX]:
        yield "gap", f"Nobody is on call by {schedule.name} {span_of(gap, schedule.timezone)}."
    if len(gaps) > GAPS_MAX:
        more = len(gaps) - GAPS_MAX
        yield "gap", f"{schedule.name} has {more} more gap{'s' * (more > 1)} in the next {GAP_DAYS} days."


def _too_few(schedule: Schedule, imported: _Imported, recipients: Mapping[str, Recipient]) -> Iterator[tuple[str, str]]:
    groups = [(place, set(rotation.participants)) for place, rotation in _rotations(schedule)]
    if imported:
        groups.append(("the imported calendar", {shift.person for shift in imported}))
    for place, people in groups:
        if not people:
            yield "empty_rotation", f"Nobody takes part in {place} of {schedule.name}."
        elif len(people) == 1:
            only = _name(next(iter(people)), recipients)
            yield "bus_factor", f"{only} is the only one in {place} of {schedule.name}: nobody takes turns with them."


def _unreachable(
    schedule: Schedule,
    changes: _Changes,
    imported: _Imported,
    recipients: Mapping[str, Recipient],
    now: datetime,
) -> Iterator[tuple[str, str]]:
    people = [person for _, rotation in _rotations(schedule) for person in rotation.participants]
    people += [shift.person for shift in imported]
    people += [span.person for change in changes for span in change.spans if span.end > now]
    for person in dict.fromkeys(people):
        if person not in recipients:
            yield "unreachable", f"{person!r} is in {schedule.name} and nobody knows how to reach them."
        elif not recipients[person].methods:
            yield "unreachable", f"{recipients[person].name} is in {schedule.name} and has no contact method."


def _imbalance(
    schedule: Schedule,
    changes: _Changes,
    imported: _Imported,
    recipients: Mapping[str, Recipient],
    now: datetime,
) -> Iterator[tuple[str, str]]:
    end, period = now + timedelta(weeks=BALANCE_WEEKS), f"{BALANCE_WEEKS} weeks"
    if imported and (last := max(shift.end for shift in imported)) < end:
        end, period = last, f"{(last - now) / timedelta(days=1):.0f} days, as far as its calendar goes,"
    share = {person: timedelta() for _, rotation in _rotations(schedule) for person in rotation.participants}
    share |= {shift.person: timedelta() for shift in imported}
    if len(share) <= 1:
        return
    for shift in shifts(schedule, changes, imported, now, end):
        if shift.person in share:  # who only stands in by hand owes nobody an equal share
            share[shift.person] += shift.end - shift.start
    mean = sum(share.values(), timedelta()) / len(share)
    for person, time in share.items():
        if time > TOO_MUCH * mean and time - mean > _one_turn(schedule, imported, now):
            text = (
                f"{_name(person, recipients)} is on call {time / (end - now):.0%} of the next {period} by "
                f"{schedule.name}; an equal share is {mean / (end - now):.0%}."
            )
            yield "imbalance", text


def _one_turn(schedule: Schedule, imported: _Imported, now: datetime) -> timedelta:
    """How long a turn is. So much more than the others somebody may have just by where the twelve weeks are cut."""
    turns = [turn(rotation, schedule.timezone, now) for _, rotation in _rotations(schedule)]
    lengths = [one.end - one.start for one in turns if one is not None]
    if imported:
        lengths.append(sum((shift.end - shift.start for shift in imported), timedelta()) / len(imported))
    return max(lengths, default=timedelta())
