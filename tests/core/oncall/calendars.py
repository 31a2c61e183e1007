"""Calendars as somebody else would write them."""

HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Somebody//Else//EN\r\n"


def calendar(*events: str, head: str = "") -> bytes:
    """A calendar of these events; ``|`` parts their lines."""
    return (HEAD + head + "".join(map(event, range(len(events)), events)) + "END:VCALENDAR\r\n").encode()


def event(number: int, text: str) -> str:
    """One event, with what each needs."""
    lines = text.replace("|", "\r\n")
    return f"BEGIN:VEVENT\r\nUID:{number}@example.com\r\nDTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:VEVENT\r\n"


def on_call(who: str, start: str, end: str, zone: str = "Europe/Paris", more: str = "") -> str:
    """An event's text: ``on_call("First Person", "20261116T090000", "20261123T090000")``."""
    at = f";TZID={zone}:" if zone else ":"
    return f"SUMMARY:{who}|DTSTART{at}{start}|DTEND{at}{end}{'|' if more else ''}{more}"
