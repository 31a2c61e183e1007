"""Whether times are what they seem: schedules, quiet hours, silences, work of our own, launches."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.duty import SILENCE_MAX, Maintenance, Matcher, Route, Window
from monitor.core.matching import selective
from monitor.core.oncall import inside, moment, next_edge, next_occurrence, rrule_fault
from monitor.core.routes import unreachable
from monitor.settings.duties import ScheduleEntry
from monitor.settings.judging.directory import near
from monitor.settings.mind import moment_in
from monitor.settings.notes import Notes, Path
from monitor.settings.parts import Parts
from monitor.settings.people import Person
from monitor.settings.quiet import MaintenanceEntry

__all__ = ["judge_times"]

OCCURRENCES_TRIED = 60
A_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
_KNOWN_RUN = re.compile(
    r"[0-9]{1,5}|[0-9]{8}(T[0-9]{6}Z?)?|FREQ|INTERVAL|COUNT|UNTIL|WKST|BYDAY|BY(SECOND|MINUTE|HOUR|MONTH|SETPOS)"
    r"|BY(MONTHDAY|YEARDAY|WEEKNO)|(SECOND|MINUTE|HOUR|WEEK|MONTH|YEAR)LY|DAILY"
)
WEEK = tuple(A_MONDAY + timedelta(days=n) for n in range(7))


def judge_times(parts: Parts, notes: Notes) -> None:
    """Note what ends before it begins, lasts too long, holds back everything, or leaves a gap."""
    zone = parts.team.timezone
    for name, schedule in parts.schedules.items():
        if schedule is not None:
            _schedule(name, schedule, schedule.timezone or zone, notes)
    for name, person in parts.people.items():
        if person is not None:
            _digest(name, person, notes)
    _silences(parts, notes)
    for name, work in parts.maintenance.items():
        if work is not None:
            _work(name, work, parts, notes)
    for n, launch in enumerate(parts.launches):
        if launch is None:
            continue
        path: Path = ("launches", n)
        for m, channel in enumerate(launch.channels):
            if channel not in parts.channels:
                what = "no channel with this id is watched"
                notes.fault((*path, "channels", m), what, near(channel, parts.channels))
        _order(path, moment_in(launch.start, zone), moment_in(launch.end, zone), notes)


# --- schedules -------------------------------------------------------------------------------------------------------


def _schedule(name: str, schedule: ScheduleEntry, zone: str, notes: Notes) -> None:
    path: Path = ("schedules", name)
    if schedule.rotation and schedule.rotation.start:
        _start((*path, "rotation", "start"), schedule.rotation.start, zone, notes)
    for n, rule in enumerate(schedule.rules):
        if rule.start:
            _start((*path, "rules", n, "start"), rule.start, zone, notes)
    if schedule.rotation is None and schedule.ical is None:
        windows = [rule.window for rule in schedule.rules]
        if not _covers_the_week(windows):
            notes.warn(path, "nobody is on call outside its rules, because it has no rotation")


def _covers_the_week(windows: list[Window]) -> bool:
    return inside(windows, "UTC", A_MONDAY) and next_edge(windows, "UTC", A_MONDAY) is None


def _start(path: Path, start: datetime, zone: str, notes: Notes) -> None:
    """What a start means on a day on which the clocks change."""
    begins = moment(start, zone).astimezone(ZoneInfo(zone))
    early, late = (start.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    if begins.replace(tzinfo=None) != start:
        notes.warn(path, f"the clocks of {zone} pass over this time; the turn begins at {begins:%Y-%m-%d %H:%M}")
    elif early != late:
        notes.warn(path, f"the clocks of {zone} show this time twice; the first counts")


def _digest(name: str, person: Person, notes: Notes) -> None:
    windows = [stretch.window for stretch in person.quiet]
    at = timedelta(hours=person.digest.hour, minutes=person.digest.minute)
    if windows and all(inside(windows, "UTC", day + at) for day in WEEK):
        notes.warn(("people", name, "digest"), "the digest comes within the quiet hours of every day")


def _shown(fault: str, rule: str) -> str:
    """The fault, where it repeats nothing of the rule but the words of iCalendar and dates: it may be a secret."""
    runs = [run for run in re.findall(r"[A-Z0-9]{4,}", rule.upper()) if not _KNOWN_RUN.fullmatch(run)]
    repeats = any(run[:4] in fault.upper() for run in runs)
    return "one reads like FREQ=WEEKLY;BYDAY=SU" if repeats else fault


def _work(name: str, work: MaintenanceEntry, parts: Parts, notes: Notes) -> None:
    _matchers(("maintenance", name, "matchers"), work.matchers, parts, notes)
    fault = rrule_fault(work.rrule, work.start)
    if fault:
        hint = _shown(fault.rstrip(".").replace("The rule", "the rule", 1), work.rrule)
        notes.fault(("maintenance", name, "rrule"), "is not a recurrence that can be followed", hint)
    elif work.rrule and _never_off(work):
        notes.warn(("maintenance", name), "it lasts until it comes again, so what it touches is never told")


def _never_off(work: MaintenanceEntry) -> bool:
    """Whether each of the first occurrences lasts until the next, but for the hour that clocks are put back."""
    again = Maintenance("", (), work.start, work.duration, "UTC", work.rrule)
    at = moment(work.start, "UTC") - timedelta(seconds=1)
    before: datetime | None = None
    for _ in range(OCCURRENCES_TRIED):
        span = next_occurrence(again, at)
        if span is None or (before is not None and span[0] > before):
            return False
        at, before = span
    return True


# --- what is held back -----------------------------------------------------------------------------------------------


def _silences(parts: Parts, notes: Notes) -> None:
    zone = parts.team.timezone
    for n, silence in enumerate(parts.silences):
        if silence is None:
            continue
        path: Path = ("silences", n)
        _matchers((*path, "matchers"), silence.matchers, parts, notes)
        start, end = moment_in(silence.start, zone), moment_in(silence.end, zone)
        if _order(path, start, end, notes) and end - start > SILENCE_MAX:
            hint = "what is never to be told needs no probe; what recurs is `maintenance`"
            notes.fault((*path, "end"), f"is more than {SILENCE_MAX.days} days after its start", hint)


def _matchers(path: Path, matchers: tuple[Matcher, ...], parts: Parts, notes: Notes) -> None:
    if not selective(matchers):
        notes.fault(path, "would hold back everything", 'at least one must ask for something, such as channel="x"')
        return
    tree = Route("root", "", routes=(Route("root.1", "", matchers=matchers),))
    if unreachable(tree, parts.channels.values()):
        notes.warn(path, "hold for nothing that is watched")


def _order(path: Path, start: datetime, end: datetime, notes: Notes) -> bool:
    """Whether it ends after it begins; a fault otherwise."""
    if end > start:
        return True
    what = "is not after its start" if end == start else "is before its start"
    notes.fault((*path, "end"), what, "the end is excluded")
    return False
