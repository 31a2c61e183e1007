"""The nouns the mind thinks in: frozen data, no behaviour beyond what is plainly derived.

Times are timezone-aware UTC datetimes, durations timedeltas. Everything here but `State` turns to JSON and back with
pydantic's TypeAdapter, which is how the store keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from immutables import Map

from probes.base import Availability, Certainty, Family, Reading, Reason, Severity, Signal

__all__ = [
    "Availability",
    "Certainty",
    "ChannelRule",
    "ChannelState",
    "Condition",
    "Configured",
    "Decision",
    "Delivered",
    "Destination",
    "Event",
    "Failed",
    "Failure",
    "Family",
    "Health",
    "Held",
    "Incident",
    "Link",
    "Measured",
    "Message",
    "MonitorState",
    "Notification",
    "Phase",
    "ProbeRule",
    "ProbeState",
    "Read",
    "Risk",
    "Rules",
    "SendOutcome",
    "State",
    "Step",
    "Tick",
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


class SendOutcome(StrEnum):
    """What became of one delivery attempt; UNKNOWN: it went out and no answer came."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


# --- what the configuration says -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """When a measuring probe turns bad (`bad_after` in a row, or of `bad_of`) and good again."""

    bad_after: int = 3
    bad_of: int = 5
    good_after: int = 3


@dataclass(frozen=True, slots=True)
class ProbeRule:
    """What the mind needs to know of one configured probe. `id` is ``<channel>/<n>``, n counted from 1."""

    id: str
    channel: str
    kind: str
    family: Family
    url: str  # as people may see it: no credential
    host: str
    every: timedelta
    expires: timedelta
    loopback: bool = False
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """One watched channel. `note`: why it has no official source, or empty. `fallback`: a channel's id, or words."""

    id: str
    name: str
    platform: str
    platform_name: str
    probes: tuple[ProbeRule, ...] = ()
    owner: str = ""
    deputy: str = ""
    fallback: str = ""
    playbook: str = ""
    status_url: str = ""
    defunct: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """One contact of one person. `id` is ``<person>/<n>``; never the address itself, which may be a secret."""

    id: str
    receiver: str
    name: str  # of the person, as others may see it
    service: str  # the scheme: "mailto", "json", "slack"
    way: str = ""  # what people call that: "mail", "webhook", "Slack"; without it the scheme stands in


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration as the mind needs it."""

    channels: Mapping[str, ChannelRule] = field(default_factory=dict)
    destinations: tuple[Destination, ...] = ()  # of the root receiver; empty: nobody is told
    receiver: str = ""
    timezone: str = "UTC"
    language: str = "en"
    board_url: str = ""
    group_wait_critical: timedelta = timedelta(seconds=5)
    group_wait_warning: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    resolve_after: timedelta = timedelta(minutes=2)
    reopen_within: timedelta = timedelta(minutes=15)
    unknown_after: timedelta = timedelta(minutes=15)
    settle_within: timedelta = timedelta(seconds=60)
    flap_changes: int = 4
    flap_window: timedelta = timedelta(minutes=30)
    flap_quiet: timedelta = timedelta(minutes=15)
    blind_window: timedelta = timedelta(seconds=60)
    blind_hosts: int = 3
    ttl_critical: timedelta = timedelta(hours=4)
    ttl: timedelta = timedelta(hours=24)


# --- what the mind holds ---------------------------------------------------------------------------------------------


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
    reasons: tuple[str, ...] = ()  # sentences, the most telling first
    risk_reasons: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()  # sentences: which sources are unknown and why
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
    """What a destination was told last of an incident. `key`: of the notification; `lost`: it was given up."""

    destination: str
    revision: int
    at: datetime
    key: str
    severity: Severity
    channels: tuple[str, ...]
    resolved: bool = False
    lost: bool = False


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
    reasons: tuple[str, ...] = ()  # now
    peak: Severity = Severity.OK
    peak_reasons: tuple[str, ...] = ()  # when it was at its worst
    peak_channels: int = 0  # how many were in trouble then
    family: Family | None = None  # RISK: whether it is a policy or the brand that is concerned
    unseen: bool = False  # rests on evidence that is no longer fresh
    unstable: bool = False
    notify_at: datetime | None = None  # when people are told next, if there is something to tell then
    reopened: datetime | None = None
    told: tuple[Told, ...] = ()
    lead_s: float | None = None  # how long before the vendor's page our verdict came
    subject: str = ""  # DELIVERY: the destination that cannot be reached


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
    wake: datetime | None = None


# --- what happens ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """A probe's run gave a reading."""

    probe: str
    reading: Reading
    unreachable: bool = False  # the reading rests on a call that got no HTTP answer (api.call)


@dataclass(frozen=True, slots=True)
class Failed:
    """A probe's run gave none."""

    probe: str
    reason: Reason
    text: str
    unreachable: bool


@dataclass(frozen=True, slots=True)
class Configured:
    """The rules changed, or the daemon started (`start`): channels and probes may have come, gone or changed.

    `forget`: probes whose kind or parameters changed, so that what they said before means nothing any more. `moved`:
    old id -> new id of probes that are the same and stand in another place.
    """

    start: bool = False
    forget: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed: something stored may be due."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The final outcome of a notification (DELIVERED, REJECTED or EXPIRED)."""

    key: str
    incident: str
    destination: str
    outcome: SendOutcome
    detail: str = ""


Event = Read | Failed | Configured | Tick | Delivered


# --- what is decided -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A link for people; `url` is http or https."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """Words to people, not yet rendered for a service. `title` <= 80 characters; `paragraphs` are (heading, text)."""

    title: str
    symbol: str
    paragraphs: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to one destination, to be sent at least once. `key`: incident / revision / step / destination."""

    key: str
    incident: str
    revision: int
    step: str  # "opened" | "updated" | "resolved"
    destination: str
    message: Message
    created: datetime
    expires: datetime
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the ledger: what was decided and why, also when nothing was done. `code` is from a closed list."""

    at: datetime
    code: str
    text: str
    channel: str = ""
    incident: str = ""
    destination: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What one event came to.

    The tuples of ids name what changed in `state` and must be kept; `touched` are probes whose freshness alone moved,
    which may be kept later. `wake`: when to look again if nothing happens before.
    """

    state: State
    probes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    closed: tuple[Incident, ...] = ()  # those that left the state in this step, as they ended
    monitor: bool = False
    touched: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    notifications: tuple[Notification, ...] = ()
    wake: datetime | None = None
