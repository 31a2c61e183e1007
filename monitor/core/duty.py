"""The nouns of who is told: people, schedules, escalation policies, routes, silences. Frozen data, no behaviour.

Words of time: a *moment* is an aware UTC datetime; a *local* time is a naive datetime or time on the wall clock of a
zone that is named beside it (an IANA name). Spans include their start and exclude their end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from probes.base import Severity

__all__ = [
    "EVERY_DAY",
    "SILENCE_MAX",
    "Destination",
    "DutyRule",
    "Labels",
    "Launch",
    "Maintenance",
    "MatchOp",
    "Matcher",
    "Method",
    "Override",
    "Policy",
    "PolicyStep",
    "Recipient",
    "Rotation",
    "Route",
    "Schedule",
    "Shift",
    "Silence",
    "Team",
    "TimeInterval",
    "Unit",
    "Window",
]

EVERY_DAY = frozenset(range(7))
"""Weekdays as `datetime.weekday` counts them: Monday is 0."""

SILENCE_MAX = timedelta(days=30)
"""How long a silence may last, by whatever door it is made."""


# --- time ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a day that recurs: on `weekdays` from `start` to `end`, local, the end excluded.

    `end` <= `start` crosses midnight and belongs to the weekday on which it starts; `start` == `end` is 24 hours.
    """

    start: time
    end: time
    weekdays: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A named time of the week, in a zone: inside when any window is. `months`, `days`: empty means all."""

    id: str
    timezone: str
    windows: tuple[Window, ...]
    months: frozenset[int] = frozenset()  # 1..12
    days: frozenset[int] = frozenset()  # of the month, 1..31; -1 is the last


# --- people ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Destination:
    """One contact method. `id` is ``<recipient>/<n>``; never the address itself, which may be a secret."""

    id: str
    receiver: str  # the recipient whose method it is
    name: str  # of the recipient, as others may see it
    service: str  # the scheme: "mailto", "json", "slack"
    way: str = ""  # what people call that: "mail", "webhook", "Slack"; without it the scheme stands in


@dataclass(frozen=True, slots=True)
class Method:
    """A destination in a recipient's order. The first is used at once; the next when the one before does not deliver.

    `after`: used too, this long after the first, if nobody has acknowledged by then; None: only in place of another.
    """

    destination: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person, or a place that several read (a chat room): whoever has contact methods.

    `language`, `timezone`: in which messages to it are written. `quiet`: what is not critical waits, inside them, for
    the digest, which comes once a day at `digest`, local.
    """

    id: str
    name: str
    person: bool = True
    methods: tuple[Method, ...] = ()
    language: str = "en"
    timezone: str = "UTC"
    quiet: tuple[Window, ...] = ()
    digest: time = time(9, 0)


@dataclass(frozen=True, slots=True)
class Team:
    """Several people (ids of recipients) under one name; all of them are told."""

    id: str
    name: str
    members: tuple[str, ...]


# --- schedules -------------------------------------------------------------------------------------------------------


class Unit(StrEnum):
    """What a rotation counts in."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Rotation:
    """Participants (ids of people) take turns of `length` units from `start`, local; before it too.

    Handoffs live on the wall clock of the schedule's zone: ``local(k) = start + k x length``, the day of a month
    clamped; an ambiguous local time is its first occurrence, one that does not exist the first instant after the gap.
    """

    participants: tuple[str, ...]
    unit: Unit
    length: int
    start: datetime  # naive: local in the schedule's zone


@dataclass(frozen=True, slots=True)
class DutyRule:
    """Inside `window` this rotation is on call in place of the schedule's own; a later rule wins."""

    window: Window
    rotation: Rotation


@dataclass(frozen=True, slots=True)
class Shift:
    """`person` is on call from `start` to `end` (moments); `layer` says why: rotation, rule, override, swap, import."""

    person: str
    start: datetime
    end: datetime
    layer: str = "rotation"


@dataclass(frozen=True, slots=True)
class Override:
    """A change by hand to a schedule: each span goes to its person, whoever's turn it is.

    One span is an override; two, with each person in the other's place, are a swap, which wins over overrides.
    """

    id: str
    schedule: str
    spans: tuple[Shift, ...]
    swap: bool = False
    by: str = ""
    at: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who is on call when. Layers, the later winning: rotation, rules, overrides, swaps.

    `imported`: its shifts come from an iCalendar address in place of `rotation`; the address itself, which may hold a
    credential, is not here. `notice`: each day at this local time the one on call is reminded. `announce`: the new one
    gets a test page at each handoff.
    """

    id: str
    name: str
    timezone: str
    rotation: Rotation | None = None
    rules: tuple[DutyRule, ...] = ()
    imported: bool = False
    announce: bool = True
    notice: time | None = None


# --- escalation ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """`targets` (ids of people, schedules, teams or destinations) are called `after` the step before this one.

    The first step counts from the first message to the route's receiver.
    """

    targets: tuple[str, ...]
    after: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """An escalation policy: the steps, so many times again (0..3) from the receiver on, then the fall-back."""

    id: str
    steps: tuple[PolicyStep, ...]
    repeat: int = 0
    fallback: str = ""  # a receiver; empty: the configuration's own


# --- routes ----------------------------------------------------------------------------------------------------------


class MatchOp(StrEnum):
    """How a label is compared; expressions are RE2, anchored at both ends."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label. A label that is missing is the empty text; one with several values matches by any."""

    label: str
    op: MatchOp
    value: str


@dataclass(frozen=True, slots=True)
class Route:
    """A node of the routing tree, with everything it inherits already in it; semantics as in Alertmanager.

    `id`: its place: "root", "root.1", "root.1.2", counted from 1. `goes_on`: after a match its next sibling is tried
    too (``continue``). `active`, `mute`: ids of time intervals; outside the former, inside the latter, it matches and
    sends nothing.
    """

    id: str
    receiver: str
    policy: str = ""
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    active: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    wait_critical: timedelta = timedelta(seconds=5)
    wait_warning: timedelta = timedelta(seconds=30)
    interval: timedelta = timedelta(minutes=5)
    repeat: timedelta = timedelta(hours=4)
    routes: tuple["Route", ...] = ()

    def wait(self, severity: Severity) -> timedelta:
        """How long a first message waits for what belongs to it."""
        return self.wait_critical if severity is Severity.CRITICAL else self.wait_warning


# --- silence ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Silence:
    """What matches is not told from `start` to `end`. `until_recovered`: it also ends once what it held is over.

    `id`: a number that only grows, or ``file/<n>`` for one of the configuration. `held`: it has held something.
    """

    id: str
    matchers: tuple[Matcher, ...]
    author: str
    comment: str
    start: datetime
    end: datetime
    until_recovered: bool = False
    created: datetime | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Work of our own that recurs: what matches is not told while it lasts.

    `start`: naive, local in `timezone`; `rrule`: RFC 5545's value, such as ``FREQ=WEEKLY;BYDAY=SU``, or empty for once.
    """

    id: str
    matchers: tuple[Matcher, ...]
    start: datetime
    duration: timedelta
    timezone: str
    rrule: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """A time in which channels matter more than usual (moments): work that a vendor announces for it is told."""

    id: str
    name: str
    channels: tuple[str, ...]
    start: datetime
    end: datetime


Labels = Mapping[str, tuple[str, ...]]
"""What matchers look at: label -> its values. See `monitor.core.labels`."""
