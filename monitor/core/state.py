"""The nouns of what the mind holds: probes, channels, incidents and how far people were called to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from immutables import Map

from monitor.core.duty import Override, Policy, Shift, Silence
from monitor.core.saying import Said
from probes.base import Availability, Family, Reason, Severity, Signal

__all__ = [
    "MONITOR",
    "ChannelState",
    "Condition",
    "Failure",
    "Health",
    "Held",
    "Incident",
    "Kept",
    "MonitorState",
    "Page",
    "Phase",
    "ProbeState",
    "Risk",
    "ScheduleState",
    "SendOutcome",
    "State",
    "Told",
]

MONITOR = "monitor"
"""The scope of incidents about ourselves; no channel may be called so."""


class Risk(StrEnum):
    """How much a channel endangers the brand, from the policy and brand families."""

    NONE = "none"
    WATCH = "watch"
    ELEVATED = "elevated"
    SEVERE = "severe"


class Phase(StrEnum):
    """Where an incident is in its life; the transitions stand in `monitor.core.incident`."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Condition(StrEnum):
    """What kind of trouble an incident is; with its scope, its identity."""

    AVAILABILITY = "availability"
    RISK = "risk"
    UNKNOWN = "unknown"
    BLIND = "blind"
    DELIVERY = "delivery"
    WATCHDOG = "watchdog"
    SCHEDULE = "schedule"


class SendOutcome(StrEnum):
    """What became of one delivery attempt; UNKNOWN: it went out and no answer came."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a probe's newest run gave no reading. `unreachable`: no HTTP answer came, so the fault may be ours."""

    reason: Reason
    text: str
    since: datetime
    unreachable: bool


@dataclass(frozen=True, slots=True)
class Held:
    """An event signal and when it was read; it lapses at `until`."""

    signal: Signal
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ProbeState:
    """What the mind holds of one probe. `seen_at`: its newest reading; `run_at`: its newest run, good or not.

    `recent`: a measuring probe's newest outcomes, oldest first, True for good. `good`: its verdict by the rule in
    `Measured`, None before the first.
    """

    id: str
    channel: str
    run_at: datetime | None = None
    seen_at: datetime | None = None
    expires_at: datetime | None = None
    signals: tuple[Signal, ...] = ()
    events: tuple[Held, ...] = ()
    failure: Failure | None = None
    recent: tuple[bool, ...] = ()
    good: bool | None = None
    unreachable: bool = False  # the newest run got no HTTP answer
    memory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """The fused verdict on a channel. `score` in 0..1 (1 is well), `penalties` per family in 0..1, for graphs only."""

    availability: Availability = Availability.UNKNOWN
    risk: Risk = Risk.NONE
    confirmed: bool = True  # False: degraded on one unconfirmed source
    score: float = 1.0
    penalties: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[Said, ...] = ()  # sentences, the most telling first
    risk_reasons: tuple[Said, ...] = ()
    unknowns: tuple[Said, ...] = ()  # sentences: which sources are unknown and why
    evidence: tuple[str, ...] = ()  # "<probe id>#<signal key>"
    admitted: bool = False  # the vendor's own page says that it is in trouble
    diverges: bool = False  # the vendor's page says well while our own calls fail
    stale: bool = False  # what stands here was seen, but is no longer fresh


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What the mind holds of one channel. `since`: when availability changed; `good_since`: well without a break."""

    id: str
    health: Health = Health()
    since: datetime | None = None
    risk_since: datetime | None = None
    good_since: datetime | None = None
    risk_good_since: datetime | None = None
    unknown_since: datetime | None = None
    changes: tuple[datetime, ...] = ()  # between known availabilities, within the flap window
    unstable_since: datetime | None = None
    admitted: bool = False  # the vendor's page has admitted the trouble that stands, or that it has just ended
    diverged_since: datetime | None = None  # our calls failed first: the lead time counts from here
    last_known: Availability | None = None  # the newest availability that was not unknown, before flapping is held


@dataclass(frozen=True, slots=True)
class Told:
    """What a destination was told last of an incident. `key`: of the notification; `lost`: it was given up.

    `at`: when it was due, which is later than the decision when it waits for a digest. `arrived`: when it was delivered
    for certain or perhaps; None: it is still on its way. `heard`: when anything of this incident first arrived there.
    `folded`: the rest is told in another incident's messages.
    `channels`: those of which it was told; `news`: since when there are others; None: there are none.
    """

    destination: str
    revision: int
    at: datetime
    key: str
    severity: Severity
    channels: tuple[str, ...]
    resolved: bool = False
    lost: bool = False
    recipient: str = ""
    step: str = "opened"
    arrived: datetime | None = None
    heard: datetime | None = None
    folded: bool = False
    news: datetime | None = None

    @property
    def unheard(self) -> bool:
        """Whether it was given up before anything of this incident had arrived."""
        return self.lost and self.heard is None


@dataclass(frozen=True, slots=True)
class Page:
    """How far one route has called people to an incident. The policy is the one that stood when it opened.

    `taken`: calls so far, the receiver's own included; `again`: how often it began anew. `due`: when the next call is
    due; None: none is. `called`: ids of the recipients who were called, in order. `over`: the fall-back was called too.
    """

    route: str
    receiver: str
    policy: Policy | None = None
    interval: timedelta = timedelta(minutes=5)
    repeat: timedelta = timedelta(hours=4)
    taken: int = 0
    again: int = 0
    due: datetime | None = None
    called: tuple[str, ...] = ()
    over: bool = False
    muted: str = ""  # the time interval that keeps it quiet
    active: tuple[str, ...] = ()  # the route's hours, as in `Route`
    mute: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """A trouble with a life. Identity: `(scope, condition)`; `id` is unique for ever within its shard."""

    id: str
    scope: str  # a channel's id, a platform's id, or MONITOR
    condition: Condition
    phase: Phase
    severity: Severity
    channels: tuple[str, ...]
    opened: datetime  # when our verdict turned bad
    firing: datetime | None = None  # when it left PENDING: group_wait counts from here
    revision: int = 1
    resolved: datetime | None = None
    reasons: tuple[Said, ...] = ()  # now
    peak: Severity = Severity.OK
    peak_reasons: tuple[Said, ...] = ()  # when it was at its worst
    peak_channels: int = 0  # how many were in trouble then
    family: Family | None = None  # RISK: whether it is a policy or the brand that is concerned
    unseen: bool = False  # rests on evidence that is no longer fresh
    unstable: bool = False
    notify_at: datetime | None = None  # when people are told next, if there is something to tell then
    reopened: datetime | None = None
    told: tuple[Told, ...] = ()
    lead_s: float | None = None  # how long before the vendor's page our verdict came
    subject: str = ""  # DELIVERY: the destination that cannot be reached; SCHEDULE: the schedule
    pages: tuple[Page, ...] = ()
    owner: str = ""  # the id of the person who took it, or the name of whoever did
    acknowledged: datetime | None = None
    lapses: datetime | None = None  # when the acknowledgement ends
    snoozed: datetime | None = None  # no repeat and no escalation before this moment
    by_hand: str = ""  # who resolved it by hand while its trouble still stood
    held: Mapping[str, str] = field(default_factory=dict)  # channel ("" without one) -> why it is not told of
    loud: datetime | None = None  # from when it may be told, after all of it was held
    folded: str = ""  # the incident in whose messages it is told


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What the mind holds of one schedule. `on_call`: who was announced last; `noticed`: the last daily reminder's day.

    `shifts`: the last good import; `imported`: when; `fault`: why the newest one failed, or empty.
    """

    id: str
    on_call: tuple[str, ...] = ()
    noticed: date | None = None
    shifts: tuple[Shift, ...] = ()
    imported: datetime | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class MonitorState:
    """What the mind holds of the house itself."""

    shard: int = 0
    sequence: int = 0  # of incident ids
    started: datetime | None = None
    settled: bool = False
    blind_since: datetime | None = None
    blind_checked: datetime | None = None
    blind_recheck: datetime | None = None  # look again then: the picture was changing
    waiting: int = 0  # probes that have not run since the start
    changes: int = 0  # of ids of silences and overrides
    alive: datetime | None = None  # the last moment known to have been lived through
    absent_since: datetime | None = None  # at this start: since when nobody had looked
    watchdog: datetime | None = None  # when Prometheus' Watchdog was last heard
    duties: datetime | None = None  # when to look at schedules, silences and the like again; derived


@dataclass(frozen=True, slots=True)
class State:
    """What the mind holds of one shard; on one machine, everything. The maps are persistent: changes share the rest."""

    monitor: MonitorState = MonitorState()
    probes: Map[str, ProbeState] = field(default_factory=Map)
    channels: Map[str, ChannelState] = field(default_factory=Map)
    incidents: Map[str, Incident] = field(default_factory=Map)  # those not yet closed
    agenda: Map[str, datetime] = field(
        default_factory=Map
    )  # channel -> when to look at it again; derived, may be early
    index: Map[tuple[str, str], str] = field(default_factory=Map)  # (condition, channel or "platform:<id>") -> incident
    due: Map[str, datetime] = field(default_factory=Map)  # incident -> when to look at it again; derived
    silences: Map[str, Silence] = field(default_factory=Map)  # made by people, not yet over
    overrides: Map[str, Override] = field(default_factory=Map)  # not yet over
    schedules: Map[str, ScheduleState] = field(default_factory=Map)
    wake: datetime | None = None


class Kept(Protocol):
    """The state as a store kept it."""

    @property
    def probes(self) -> Mapping[str, ProbeState]: ...  # noqa: D102 - named by the class
    @property
    def channels(self) -> Mapping[str, ChannelState]: ...  # noqa: D102
    @property
    def incidents(self) -> Mapping[str, Incident]: ...  # noqa: D102
    @property
    def monitor(self) -> MonitorState | None: ...  # noqa: D102
    @property
    def silences(self) -> Mapping[str, Silence]: ...  # noqa: D102
    @property
    def overrides(self) -> Mapping[str, Override]: ...  # noqa: D102
    @property
    def schedules(self) -> Mapping[str, ScheduleState]: ...  # noqa: D102
