"""A schedule as an iCalendar file (RFC 5545), for the calendars that people look at."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from monitor.core.duty import Schedule, Shift

__all__ = ["write_calendar"]

PRODUCT = "-//Vigie//On-call//EN"


def write_calendar(schedule: Schedule, shifts: Iterable[Shift], names: Mapping[str, str], now: datetime) -> str:
    """One event for each shift: whose it is, from when to when, in UTC. `names`: id of a person -> name.

    An event's UID depends on schedule, person and start alone, so a calendar that fetches the file again changes what
    it has. `now` is the stamp on each event. No address of anybody is in it.
    """
    from icalendar import Calendar, Event  # noqa: PLC0415 - 70 ms and 7 MB that a start does not pay for

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"On call: {_plain(schedule.name)}")
    calendar.add("x-wr-timezone", schedule.timezone)
    for shift in shifts:
        event = Event()
        event.add("uid", _uid(schedule, shift))
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", shift.start.astimezone(UTC))
        event.add("dtend", shift.end.astimezone(UTC))
        event.add("summary", _plain(names.get(shift.person, shift.person)))
        event.add("description", f"On call: {_plain(schedule.name)} ({shift.layer})")
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


def _uid(schedule: Schedule, shift: Shift) -> str:
    what = f"{schedule.id}\n{shift.person}\n{shift.start.astimezone(UTC).isoformat()}"
    return f"{hashlib.sha256(what.encode()).hexdigest()[:32]}@vigie"


def _plain(text: str) -> str:
    """Without characters that a calendar's line cannot hold."""
    return "".join(c if c.isprintable() else " " for c in text)
