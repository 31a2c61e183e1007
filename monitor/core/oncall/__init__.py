"""Who is on call, and when: schedules, rotations, changes by hand, recurring work, calendars in and out. All pure.

Parts: `walls` (local times and moments), `windows` (stretches of a day), `rotation` (whose turn), `schedule` (the
layers together), `changes` (overrides and swaps), `lint`, `recurrence` (with `rrule`), `publishing` and `importing`
(iCalendar out and in).
"""

from monitor.core.oncall.changes import CannotSwapError, conflict, swap
from monitor.core.oncall.importing import Calendar, read_calendar
from monitor.core.oncall.lint import Finding, lint
from monitor.core.oncall.publishing import write_calendar
from monitor.core.oncall.recurrence import next_occurrence, occurrence, rrule_fault
from monitor.core.oncall.rotation import handoff, turn
from monitor.core.oncall.schedule import next_change, on_call, shifts, whole_shifts
from monitor.core.oncall.walls import moment, next_at, reached
from monitor.core.oncall.windows import inside, interval_edge, interval_holds, next_edge

__all__ = [
    "Calendar",
    "CannotSwapError",
    "Finding",
    "conflict",
    "handoff",
    "inside",
    "interval_edge",
    "interval_holds",
    "lint",
    "moment",
    "next_at",
    "next_change",
    "next_edge",
    "next_occurrence",
    "occurrence",
    "on_call",
    "reached",
    "read_calendar",
    "rrule_fault",
    "shifts",
    "swap",
    "turn",
    "whole_shifts",
    "write_calendar",
]
