"""The job of a worker that reads a calendar."""

from collections.abc import Mapping
from datetime import datetime

from monitor.core.oncall.importing import read_calendar

__all__ = ["read"]

Plain = tuple[tuple[tuple[str, datetime, datetime], ...], tuple[str, ...]]


def read(data: bytes, people: Mapping[str, str], start: datetime, end: datetime, timezone: str) -> Plain:
    """What `read_calendar` says, in plain data: no class of ours has to come back from a process that reads strangers'
    text.
    """
    found = read_calendar(data, people, start, end, timezone)
    return tuple((shift.person, shift.start, shift.end) for shift in found.shifts), found.unknown
