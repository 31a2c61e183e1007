"""Somebody else's calendar as shifts: what it says of whom, from text that a stranger may have written.

Runs in a worker process that may be killed (`monitor.workers.calendars`): a calendar of 2 MB costs seconds, and what
no check foresees ends at the worker's limits. Times without a zone, and days, are of the calendar's own zone
(X-WR-TIMEZONE), else of the schedule's.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.core.duty import Shift
from monitor.core.oncall.rrule import density_fault
from monitor.core.oncall.walls import moment
from probes.base import Reason, Unreadable, clip

if TYPE_CHECKING:
    from icalendar import Component

__all__ = ["CALENDAR_BYTES_MAX", "OCCURRENCES_MAX", "Calendar", "read_calendar"]

CALENDAR_BYTES_MAX = 2_000_000
OCCURRENCES_MAX = 5_000
UNKNOWN_MAX = 20
_SUMMARY_CHARS_MAX = 300
_NAMED_CHARS_MAX = 60
_NAMED_MAX = 3
_HEAD_BYTES = 1_000
_FOLD = re.compile(rb"\r?\n[ \t]")
_A_DAY = timedelta(days=1)  # by so much at most a zone moves a time that has none
_TIMES = ("DTSTART", "DTEND", "RDATE", "EXDATE", "RECURRENCE-ID")
_NEEDED = frozenset({*_TIMES, "DURATION", "RRULE", "SUMMARY", "SEQUENCE"})


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a calendar says: `shifts` by their start, whole; `unknown`: titles of events that name nobody we know."""

    shifts: tuple[Shift, ...]
    unknown: tuple[str, ...] = ()


def read_calendar(
    data: bytes, people: Mapping[str, str], start: datetime, end: datetime, timezone: str = "UTC"
) -> Calendar:
    """The shifts of `people` (id -> name) that touch the time from `start` to `end`; `timezone`: the schedule's.

    An event is of those whom its title equals or names, by name, else by id, as whole words in any case; else of those
    whom its attendees' names (CN) name. Cancelled events are passed over. Raises Unreadable with one sentence.
    """
    known = _Known(people)
    found: list[Shift] = []
    unknown: dict[str, None] = {}
    calendars = _parsed(data)
    with _reading():
        for occurrence, since, until in _occurrences(calendars, start, end, timezone):
            event = occurrence.as_component(keep_recurrence_attributes=False)
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            persons = known.of(event)
            if not persons:
                unknown.setdefault(_title(event)[:_NAMED_CHARS_MAX] or "(no title)")
            found += [Shift(person, since, until, "import") for person in persons]
    if not found:
        raise Unreadable(_nobody(list(unknown), start, end), Reason.FILTER)
    found.sort(key=lambda shift: (shift.start, shift.end, shift.person))
    return Calendar(tuple(dict.fromkeys(found)), tuple(list(unknown)[:UNKNOWN_MAX]))


def _nobody(unknown: list[str], start: datetime, end: datetime) -> str:
    if not unknown:
        return f"the calendar has no event {_days(start, end)}"
    named = ", ".join(repr(title) for title in unknown[:_NAMED_MAX])
    return f"no event of the calendar names a person of the configuration; the events are called {named}"


def _days(start: datetime, end: datetime) -> str:
    return f"from {start:%d %b} {start.year} to {end:%d %b} {end.year}"


# --- reading the file ------------------------------------------------------------------------------------------------


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever the libraries raise on a stranger's text says that it cannot be read."""
    try:
        yield
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        said = clip(" ".join(str(error).split()), 120)
        raise Unreadable(f"the calendar cannot be read: {said or type(error).__name__}") from error


def _parsed(data: bytes) -> "list[Component]":
    if len(data) > CALENDAR_BYTES_MAX:
        raise Unreadable(f"the calendar is larger than {CALENDAR_BYTES_MAX // 1_000_000} MB", Reason.LIMIT)
    if b"BEGIN:VCALENDAR" not in data[:_HEAD_BYTES].upper():
        raise Unreadable("the answer is not an iCalendar file")
    data = _FOLD.sub(b"", data)  # before the letters are looked at: a fold may part the bytes of one
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("the calendar is not written in UTF-8") from None
    import icalendar  # noqa: PLC0415 - only a worker pays for it

    with _reading():
        # Bytes, never text: text of one line would be taken for the path of a file.
        found = icalendar.Calendar.from_ical(data.removeprefix(b"\xef\xbb\xbf").lstrip(), multiple=True)
    if not any(component.name == "VCALENDAR" for component in found):
        raise Unreadable("the calendar is cut off: its end is missing")
    return [component for component in found if component.name == "VCALENDAR"]


def _occurrences(
    calendars: "list[Component]", start: datetime, end: datetime, timezone: str
) -> list[tuple[Any, datetime, datetime]]:
    """Every event that touches the time, once for each time it occurs, with its start and end as moments."""
    import recurring_ical_events  # type: ignore[import-untyped]  # noqa: PLC0415 - only a worker pays for it

    found = []
    for calendar in calendars:
        zone = _zone_of(calendar, timezone)
        events = calendar.walk("VEVENT")
        for event in events:
            _check(event)
            _place(event, zone)
        _part(events)
        for series in recurring_ical_events.of(calendar).series:
            for occurrence in series.between(start - _A_DAY, end + _A_DAY):
                since, until = _span(occurrence, zone)
                if since < until and since < end and until > start:
                    found.append((occurrence, since, until))
            if len(found) > OCCURRENCES_MAX:
                text = f"the calendar has more than {OCCURRENCES_MAX} events {_days(start, end)}"
                raise Unreadable(text, Reason.LIMIT)
    return found


def _zone_of(calendar: "Component", timezone: str) -> str:
    """The zone of times without one, taken out of the calendar: left in, recurring times in UTC would follow it too."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415 - only a worker pays for it

    said = [str(one).strip() for one in _each(calendar.pop("X-WR-TIMEZONE", None))]
    if not said or not said[0]:
        return timezone
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(said[0], said[0])).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = f"the calendar is in a time zone that is not known: {said[0][:40]!r}"
        raise Unreadable(text, Reason.WORD) from None


def _place(event: "Component", zone: str) -> None:
    """Put times without a zone where the event's start is: they are compared with others, such as an UNTIL in UTC."""
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, datetime):
        return
    place = start.tzinfo or ZoneInfo(zone)
    for name in _TIMES:
        for value in _each(event.get(name)):
            for one in getattr(value, "dts", [value]):
                if isinstance(one.dt, datetime) and one.dt.tzinfo is None:
                    one.dt = one.dt.replace(tzinfo=place)


def _part(events: "Iterable[Component]") -> None:
    """Give events that share a UID without being versions of each other one each, else all but one of them are lost."""
    newest: dict[str, int] = {}
    alone = [event for event in events if "UID" in event and "RECURRENCE-ID" not in event]
    for event in alone:
        uid = str(event["UID"])
        newest[uid] = max(event.get("SEQUENCE", 0), newest.get(uid, 0))
    seen = set()
    for number, event in enumerate(alone):
        uid = str(event["UID"])
        if event.get("SEQUENCE", 0) < newest[uid]:
            continue
        if uid in seen:
            event["UID"] = f"{uid}#{number}"
        seen.add(uid)


def _span(occurrence: Any, zone: str) -> tuple[datetime, datetime]:  # noqa: ANN401 - of a library without types
    """From when to when; days of which the end is the start are written for that one day, by mistake."""
    start, end = occurrence.start, occurrence.end
    if start == end and not isinstance(start, datetime):
        end = start + _A_DAY
    return _moment(start, zone), _moment(end, zone)


def _check(event: "Component") -> None:
    """Refuse what would be read wrongly, or without end."""
    for name, said in event.errors:
        if name in _NEEDED:
            raise Unreadable(f"the calendar cannot be read: {name}: {clip(' '.join(str(said).split()), 120)}")
    for name in ("UID", "SEQUENCE"):
        if len(_each(event.get(name))) > 1:
            raise Unreadable(f"the calendar cannot be read: an event has {name} more than once")
    for name in _TIMES:
        for value in _each(event.get(name)):
            zone = value.params.get("TZID")
            if zone and any(isinstance(dt, datetime) and dt.tzinfo is None for dt in _dts(value)):
                text = f"an event is in a time zone that is not known: {str(zone)[:40]!r}"
                raise Unreadable(text, Reason.WORD)
    for rule in _each(event.get("RRULE")):
        parts = {key.upper(): ",".join(str(one) for one in values) for key, values in dict(rule).items()}
        if fault := density_fault(parts):
            raise Unreadable(f"an event of the calendar recurs too often to be read: {fault}", Reason.LIMIT)


def _each(value: Any) -> list[Any]:  # noqa: ANN401 - what the library holds for a property, given once or several times
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _dts(value: Any) -> list[Any]:  # noqa: ANN401 - likewise
    return [one.dt for one in value.dts] if hasattr(value, "dts") else [getattr(value, "dt", None)]


def _moment(value: date, zone: str) -> datetime:
    """A date or time of the calendar as a moment; a time that its zone skips is the first after the gap."""
    if not isinstance(value, datetime):
        return moment(datetime.combine(value, time.min), zone)
    if value.tzinfo is None:
        return moment(value, zone)
    found = value.astimezone(UTC)
    wall = value.replace(tzinfo=None, fold=0)
    if isinstance(value.tzinfo, ZoneInfo) and found.astimezone(value.tzinfo).replace(tzinfo=None, fold=0) != wall:
        return moment(wall, value.tzinfo.key)
    return found


# --- whom an event names ---------------------------------------------------------------------------------------------


class _Known:
    """The people of the configuration, found in what events are called."""

    def __init__(self, people: Mapping[str, str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        self._by_id: dict[str, list[str]] = {}
        for person, name in people.items():
            self._by_name.setdefault(_folded(name), []).append(person)
            self._by_id.setdefault(_folded(person), []).append(person)
        self._all = [(known, _words(known)) for known in (self._by_name, self._by_id)]

    def of(self, event: "Component") -> tuple[str, ...]:
        """Ids of those whom an event names."""
        if found := self._in(_folded(_title(event))):
            return found
        attendees = [_folded(str(one.params.get("CN", ""))) for one in _each(event.get("ATTENDEE"))]
        return tuple(dict.fromkeys(person for name in attendees for person in self._in(name)))

    def _in(self, text: str) -> tuple[str, ...]:
        for known in (self._by_name, self._by_id):
            if text in known:
                return tuple(known[text])
        for known, words in self._all:
            found = words.findall(text) if words else []
            if found:
                return tuple(dict.fromkeys(person for word in found for person in known[word]))
        return ()


def _words(known: Mapping[str, list[str]]) -> re.Pattern[str] | None:
    """Finds any of them as whole words, the longest where one begins like another."""
    names = sorted((name for name in known if name), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)") if names else None


def _title(event: "Component") -> str:
    text = str(event.get("SUMMARY", ""))[:_SUMMARY_CHARS_MAX]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _folded(text: str) -> str:
    """So that the same name, written in another case or width, is the same text."""
    return " ".join(unicodedata.normalize("NFKC", text[:_SUMMARY_CHARS_MAX]).casefold().split())
