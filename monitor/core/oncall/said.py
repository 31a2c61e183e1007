"""Times in sentences about schedules, in the schedule's zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.core.duty import Shift

__all__ = ["span_of", "when"]


def when(at: datetime, tz: str) -> str:
    """``"Mon 23 Nov 2026 09:00"``."""
    try:
        local = at.astimezone(ZoneInfo(tz))
    except OverflowError:  # at an end of the calendar, where the day is all that matters
        local = at
    return f"{local:%a %d %b} {local.year} {local:%H:%M}"


def span_of(span: Shift, tz: str) -> str:
    """``"from Mon 23 Nov 2026 09:00 to Tue 24 Nov 2026 09:00 (Europe/Paris time)"``."""
    return f"from {when(span.start, tz)} to {when(span.end, tz)} ({tz} time)"
