"""A reader of calendars that misbehaves as the calendar says, and does right otherwise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.workers.importing import read as read_well
from tests.workers import jobs


def read(data: bytes, people: Mapping[str, str], start: datetime, end: datetime, timezone: str) -> Any:  # noqa: ANN401
    """Do what the calendar says."""
    if data == b"nonsense":
        return ((("stranger", start, end),), ())
    if data in (b"hang", b"kill", b"bug", b"alien", b"eat"):
        return jobs.work(data.decode())
    return read_well(data, people, start, end, timezone)
