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
    "Done",
    "DoneCode",
    "Error",
    "Fault",
    "HeardIt",
    "IncidentBrief",
    "IncidentFull",
    "IncidentList",
    "Moment",
    "Ready",
    "Reloaded",
    "SilenceList",
    "TestResults",
    "says",
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
