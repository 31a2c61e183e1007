"""What the API answers: one frozen dataclass for each shape. The document is made from them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from monitor.core.model import Condition, Phase, Risk, SendOutcome
from probes.base import Availability, Certainty, Family, Reason

__all__ = [
    "Alive",
    "ChannelBrief",
    "ChannelFull",
    "ChannelList",
    "DependencyList",
    "Done",
    "DoneCode",
    "Error",
    "Explained",
    "Fault",
    "HeardIt",
    "IncidentBrief",
    "IncidentFull",
    "IncidentList",
    "MaintenanceList",
    "OnCall",
    "Ready",
    "Reloaded",
    "ScheduleFull",
    "SilenceList",
    "TestResults",
]

Moment = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]
SeverityWord = Literal["ok", "info", "warning", "critical"]


def says(text: str) -> object:
    """The description of a field."""
    return Field(description=text)


# --- errors ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request was not served."""

    code: Annotated[str, says("Stable, for programs.")]
    message: Annotated[str, says("One sentence, for people.")]
    faults: Annotated[list[str], says("Every single fault, where there are several.")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Error:
    """The answer to every request that is not served."""

    error: Fault


# --- channels --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelBrief:
    """A watched channel in one line."""

    id: str
    name: str
    platform: str
    availability: Availability
    risk: Risk
    since: Annotated[Moment | None, says("Since when the availability is what it is.")]
    reasons: Annotated[list[str], says("Sentences; never empty unless the channel is operational.")]


@dataclass(frozen=True, slots=True)
class ChannelList:
    """Every watched channel."""

    channels: list[ChannelBrief]


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """What a signal rests on; the text is the source's own."""

    text: str
    at: Moment | None
    url: str


@dataclass(frozen=True, slots=True)
class SignalItem:
    """One condition in a source."""

    key: str
    family: Family
    severity: SeverityWord
    certainty: Certainty
    summary: str
    state: Annotated[Availability | None, says("None for policy and brand sources.")]
    since: Moment | None
    url: str
    evidence: list[EvidenceItem]
    topics: list[str]


@dataclass(frozen=True, slots=True)
class EventItem(SignalItem):
    """Something that was read once, and lapses."""

    read: Moment
    lapses: Moment


@dataclass(frozen=True, slots=True)
class FailureItem:
    """Why the newest run of a probe gave no reading."""

    reason: Reason
    text: str
    since: Moment


@dataclass(frozen=True, slots=True)
class ProbeItem:
    """One probe: what it looks at, what it says now, and what stands in the way."""

    id: str
    kind: str
    family: Family
    url: str
    every_s: float
    state: Annotated[str, says("A word of availability; for policy and brand sources `readable` or `unknown`.")]
    why: str
    stale: bool
    last_run: Moment | None
    last_seen: Moment | None
    expires: Moment | None
    failure: FailureItem | None
    signals: list[SignalItem]
    events: list[EventItem]


@dataclass(frozen=True, slots=True)
class ToldItem:
    """Whom an incident was told."""

    destination: str
    who: str
    at: Moment
    resolved: Annotated[bool, says("They were told that it is over.")]
    lost: Annotated[bool, says("The message was given up.")]


@dataclass(frozen=True, slots=True)
class IncidentBrief:
    """An incident in one line."""

    id: str
    title: str
    scope: Annotated[str, says("A channel's id, a platform's id, or `monitor`.")]
    channels: list[str]
    condition: Condition
    phase: Phase
    severity: SeverityWord
    peak: SeverityWord
    opened: Moment
    resolved: Moment | None
    duration_s: float | None
    reopened: Moment | None
    reasons: list[str]
    revision: int
    unseen: Annotated[bool, says("It rests on evidence that is no longer fresh.")]
    unstable: bool
    lead_s: Annotated[float | None, says("How long before the vendor's page our verdict came.")]
    told: list[ToldItem]
    owner: Annotated[str, says("Who took it, or empty.")]
    acknowledged: Moment | None
    lapses: Annotated[Moment | None, says("When the acknowledgement ends.")]
    snoozed: Annotated[Moment | None, says("No repeat and no escalation before then.")]
    by_hand: Annotated[str, says("Who resolved it by hand while its trouble still stood, or empty.")]
    folded: Annotated[str, says("The incident in whose messages it is told, or empty.")]
    held: Annotated[dict[str, str], says("Channel (empty without one) -> why it is not told of.")]
    next_call: Annotated[Moment | None, says("When the next people are called if nobody acknowledges.")]


@dataclass(frozen=True, slots=True)
class IncidentList:
    """The newest incidents, the closed ones too."""

    incidents: list[IncidentBrief]


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """What was decided, or who was told."""

    at: Moment
    kind: Literal["decision", "delivery"]
    code: str
    text: str
    who: str
    evidence: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class IncidentFull(IncidentBrief):
    """An incident with its timeline, oldest first."""

    timeline: list[TimelineItem]


@dataclass(frozen=True, slots=True)
class SignalOfProbe(SignalItem):
    """A signal or an event, and the probe that saw it."""

    probe: str
    read: Moment | None = None
    lapses: Moment | None = None


@dataclass(frozen=True, slots=True)
class ChannelFull(ChannelBrief):
    """All that is held of a channel."""

    platform_name: str
    confirmed: bool
    diverges: bool
    unstable_since: Moment | None
    risk_since: Moment | None
    score: Annotated[float, says("0..1, 1 is well; for graphs only.")]
    penalties: dict[str, float]
    unknowns: list[str]
    evidence: list[str]
    owner: str
    deputy: str
    fallback: str
    playbook: str
    status_url: str
    defunct: bool
    note: str
    probes: list[ProbeItem]
    signals: list[SignalOfProbe]
    incidents: list[IncidentBrief]


# --- acts ------------------------------------------------------------------------------------------------------------


class DoneCode(StrEnum):
    """How it came that it holds."""

    DONE = "done"
    ALREADY = "already"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked for holds now."""

    done: Literal[True]
    code: Annotated[
        DoneCode,
        says("`already`: it held before; `over`: the incident is resolved already, so there is nothing to do."),
    ]
    text: Annotated[str, says("One sentence, for people.")]
    id: Annotated[str, says("Of what was made or changed, or empty.")]


@dataclass(frozen=True, slots=True)
class SilenceItem:
    """What matches all of the matchers is not told while it is active."""

    id: str
    matchers: list[str]
    author: str
    comment: str
    start: Moment
    end: Moment
    until_recovered: bool
    created: Moment | None
    held: Annotated[bool, says("It has held something back.")]
    state: Literal["active", "pending", "ended"]
    source: Annotated[Literal["person", "file"], says("`file`: it stands in the configuration and changes only there.")]


@dataclass(frozen=True, slots=True)
class SilenceList:
    """Silences, the newest first."""

    silences: list[SilenceItem]


@dataclass(frozen=True, slots=True)
class HeardIt:
    """Whether the body held a firing Watchdog."""

    heard: bool


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of a test message to one destination."""

    destination: str
    outcome: SendOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class TestResults:
    """What became of the test messages."""

    results: list[TestResult]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The configuration was loaded anew."""

    reloaded: Literal[True]


# --- on call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShiftItem:
    """Somebody is on call from `start` until before `end`; `layer` says why."""

    person: Annotated[str, says("The person's id.")]
    name: str
    start: Moment
    end: Moment
    layer: Annotated[str, says("rotation, rule, override, swap or import.")]


@dataclass(frozen=True, slots=True)
class OnCallItem:
    """Who is on call by one schedule. Several at once only where the schedule is imported."""

    id: str
    name: str
    timezone: str
    imported: bool
    now: list[ShiftItem]
    next: Annotated[ShiftItem | None, says("The next shift of somebody else.")]


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at a moment."""

    at: Moment
    schedules: list[OnCallItem]


@dataclass(frozen=True, slots=True)
class OverrideItem:
    """A change by hand."""

    id: str
    swap: bool
    spans: list[ShiftItem]
    by: str
    at: Moment | None
    comment: str


@dataclass(frozen=True, slots=True)
class FindingItem:
    """What the linter says of a schedule."""

    code: Annotated[str, says("gap, bus_factor, unreachable, imbalance or empty_rotation.")]
    text: str


@dataclass(frozen=True, slots=True)
class ScheduleFull(OnCallItem):
    """A schedule: now, next, and the shifts of a period."""

    fault: Annotated[str, says("Why the newest import failed, or empty.")]
    imported_at: Annotated[Moment | None, says("When its address was read for the last time with success.")]
    shifts: list[ShiftItem]
    overrides: list[OverrideItem]
    findings: list[FindingItem]
    calendar: Annotated[str, says("The path of its calendar, with the key that calendar programs need.")]


# --- routes, dependencies, maintenance -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RouteVisit:
    """A route and what became of it."""

    route: Annotated[str, says("Its place in the tree, such as `root.1.2`.")]
    matchers: list[str]
    matched: bool
    chosen: Annotated[bool, says("Here the message goes out.")]
    why: str
    muted_by: Annotated[str, says("The time interval that keeps it quiet then, or empty.")]
    receiver: str
    receiver_name: str
    policy: Annotated[str, says("The escalation policy, or empty.")]


@dataclass(frozen=True, slots=True)
class Explained:
    """The way through the tree of routes."""

    at: Moment
    labels: dict[str, list[str]]
    visits: Annotated[list[RouteVisit], says("Every route, in the order in which they are tried.")]


@dataclass(frozen=True, slots=True)
class Dependency:
    """What rests on a node."""

    node: str
    children: Annotated[list[str], says("Direct ones, as declared; `*` stands for every other channel.")]
    channels: Annotated[list[str], says("The channels that rest on it, directly or through others.")]


@dataclass(frozen=True, slots=True)
class DependencyList:
    """The declared graph."""

    dependencies: list[Dependency]


@dataclass(frozen=True, slots=True)
class WindowItem:
    """From `start` until before `end`."""

    start: Moment
    end: Moment


@dataclass(frozen=True, slots=True)
class MaintenanceItem:
    """Work of our own that recurs."""

    id: str
    matchers: list[str]
    comment: str
    timezone: str
    rrule: str
    duration_s: float
    now: WindowItem | None
    next: WindowItem | None


@dataclass(frozen=True, slots=True)
class MaintenanceList:
    """Our own maintenance: the window that is open, and the next."""

    maintenance: list[MaintenanceItem]


# --- the house -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alive:
    """Whether the loop and its tasks do their work."""

    alive: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether verdicts can be relied on yet, and why not."""

    ready: bool
    why: str
