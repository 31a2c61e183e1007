"""The nouns the mind thinks in: frozen data, no behaviour beyond what is plainly derived.

Times are timezone-aware UTC datetimes, durations timedeltas. Everything here but `State` turns to JSON and back with
pydantic's TypeAdapter, which is how the store keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from immutables import Map

from monitor.core.duty import (
    Destination,
    Labels,
    Launch,
    Maintenance,
    Override,
    Policy,
    Recipient,
    Route,
    Schedule,
    Shift,
    Silence,
    Team,
    TimeInterval,
)
from monitor.core.saying import Said
from probes.base import Availability, Certainty, Family, Reading, Reason, Severity, Signal

__all__ = [
    "STEPS",
    "Act",
    "Acted",
    "Alive",
    "Answer",
    "Availability",
    "Certainty",
    "ChannelRule",
    "ChannelState",
    "Condition",
    "Configured",
    "Decision",
    "Delivered",
    "Destination",
    "Drilled",
    "Event",
    "Failed",
    "Failure",
    "Family",
    "Gather",
    "Health",
    "Held",
    "Imported",
    "Incident",
    "Kept",
    "Link",
    "Measured",
    "Message",
    "MonitorState",
    "Notification",
    "Overridden",
    "Page",
    "Phase",
    "Priority",
    "ProbeRule",
    "ProbeState",
    "Read",
    "Restored",
    "Risk",
    "Rules",
    "ScheduleState",
    "SendOutcome",
    "Silenced",
    "State",
    "Step",
    "Telling",
    "Tick",
    "Told",
    "Unsilenced",
    "Watched",
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
    market: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration as the mind needs it.

    `destinations`: every contact method, by its id. `route`: the root of the routing tree; None: nobody is told.
    `fallback`: the receiver that hears what reaches nobody else. `depends`: node -> its direct children; a node is a
    channel's or a platform's id, and ``*`` as a child stands for every other channel.
    """

    channels: Mapping[str, ChannelRule] = field(default_factory=dict)
    team: str = ""
    timezone: str = "UTC"
    language: str = "en"
    board_url: str = ""
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    route: Route | None = None
    fallback: str = ""
    intervals: Mapping[str, TimeInterval] = field(default_factory=dict)
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    launches: tuple[Launch, ...] = ()
    watchdog: timedelta | None = None  # how long Prometheus' Watchdog may be silent; None: it is not expected
    fold_within: timedelta = timedelta(minutes=5)
    method_after: timedelta = timedelta(minutes=2)
    ack_critical: timedelta = timedelta(minutes=60)
    ack_warning: timedelta = timedelta(hours=8)
    absent_after: timedelta = timedelta(minutes=2)
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
    `channels`: those of which it was told.
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


class Act(StrEnum):
    """What a person can do to an incident."""

    ACKNOWLEDGE = "acknowledge"
    TAKE_OVER = "take_over"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Acted:
    """A person did something to incidents. `by`: a person's id, or a name; `via`: link, cli, api, board.

    `until`: the end of a snooze. `text`: of a note, or why.
    """

    act: Act
    incidents: tuple[str, ...]
    by: str
    via: str
    text: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Silenced:
    """A person asks for a silence; its `id` is empty, or that of one to be changed."""

    silence: Silence
    via: str


@dataclass(frozen=True, slots=True)
class Unsilenced:
    """A person ends a silence."""

    silence: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class Overridden:
    """A person changes a schedule by hand; the `id` is empty."""

    override: Override
    via: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A person takes a change of a schedule back."""

    override: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A schedule was read from its iCalendar address, or (`shifts` None) could not be, and why."""

    schedule: str
    shifts: tuple[Shift, ...] | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Drilled:
    """Somebody wants a way to people tried: every recipient of a receiver, or of a policy with its fall-back."""

    target: str
    by: str


@dataclass(frozen=True, slots=True)
class Watched:
    """Prometheus' Watchdog was heard."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The house has lived up to now."""


Event = (
    Read | Failed | Configured | Tick | Delivered
    | Acted | Silenced | Unsilenced | Overridden | Restored | Imported | Drilled | Watched | Alive
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What the mind says to a person's wish. `code`: for programs, from a closed list; `text`: one sentence.

    `done`: it holds now, also when it had held before. `id`: of what was made. Codes: see `monitor.core.acting`.
    """

    done: bool
    code: str
    text: str
    id: str = ""

    @classmethod
    def yes(cls, code: str, text: str, made: str = "") -> "Answer":
        """It holds now."""
        return cls(done=True, code=code, text=text, id=made)

    @classmethod
    def no(cls, code: str, text: str, about: str = "") -> "Answer":
        """It cannot be."""
        return cls(done=False, code=code, text=text, id=about)


# --- what is decided -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """A link for people; `url` is http or https."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """Words to people, not yet rendered for a service. `title` <= 80 characters; `paragraphs` are (heading, text).

    `language`: of the words. `act`: what the signed link is called that lets the reader act, where there is one.
    """

    title: str
    symbol: str
    paragraphs: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    language: str = "en"
    act: str = ""


class Priority(IntEnum):
    """What overtakes what on the way to one destination; the smaller goes first."""

    FIRST_PAGE = 0  # the first message of a critical incident
    PAGE = 1  # any other that calls for somebody: worse, escalated
    NEWS = 2
    REPEAT = 3
    REPORT = 4


class Gather(StrEnum):
    """Which messages become one when they go to a destination together."""

    NONE = ""
    REPEAT = "repeat"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message to one destination, to be sent at least once. `key`: incident / revision / step / destination.

    `incident`: its id, or a name of its own for what is about none. `due`: not before then; None: at once. `acts`: the
    incidents on which whoever gets it may act by a signed link. `recipient`: who gets it. `labels`: what it is about,
    for programs: channel, platform, kind, severity, market, tags.
    """

    key: str
    incident: str
    revision: int
    step: str
    destination: str
    message: Message
    created: datetime
    expires: datetime
    critical: bool = False
    recipient: str = ""
    due: datetime | None = None
    priority: Priority = Priority.NEWS
    gather: Gather = Gather.NONE
    acts: tuple[str, ...] = ()
    labels: Labels = field(default_factory=dict)
    opened: datetime | None = None
    resolved: datetime | None = None


STEPS = (
    "opened",
    "updated",  # worse, joined, folded into the platform, in trouble again, no longer held back
    "repeat",  # still open
    "escalated",  # to you
    "handed_over",
    "acknowledged",
    "lapsed",
    "resolved",
    "handoff",  # your shift begins
    "duty",  # the daily reminder of who is on call
    "announced",  # work of a vendor inside a launch
    "report",  # of low severity, for the digest
    "digest",
    "summary",  # many at once
    "drill",
    "down",  # we were not looking
    "test",
)
"""What a notification can be."""


@dataclass(frozen=True, slots=True)
class Telling:
    """All that the words of one message on an incident depend on.

    `channels`: those that it is about (held ones left out). `told`: what the destination was told before. `by`: whose
    act it is about. `next_call`: who is called next if nobody acknowledges, as people read it, and when. `held`: a
    channel -> why it is left out (a code, as in `Incident.held`).
    """

    step: str
    incident: Incident
    recipient: Recipient
    channels: tuple[str, ...]
    members: Mapping[str, ChannelState]
    told: Told | None = None
    by: str = ""
    next_call: tuple[str, datetime] | None = None
    next_repeat: datetime | None = None
    held: Mapping[str, str] = field(default_factory=dict)


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
    silences: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    answer: Answer | None = None  # to a person's wish
    wake: datetime | None = None
