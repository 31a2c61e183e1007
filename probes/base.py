"""The nouns that every probe speaks in. Pure data; depends on nothing of Vigie.

Shapes: a probe's ``observe`` asks the outside and returns an `Observation`, word for word; its ``interpret`` says what
that observation means as a `Reading`. Times are timezone-aware UTC datetimes, durations timedeltas, bodies bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Protocol, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

__all__ = [
    "Availability",
    "Certainty",
    "Duration",
    "Evidence",
    "Family",
    "Fetch",
    "Kind",
    "MeasuredParams",
    "Observation",
    "Outcome",
    "Params",
    "Reading",
    "Reason",
    "Request",
    "Sample",
    "Severity",
    "Signal",
    "Unreachable",
    "Unreadable",
    "clip",
    "parse_duration",
]

SUMMARY_CHARS_MAX = 300
EVIDENCE_CHARS_MAX = 2_000
EVIDENCE_ITEMS_MAX = 50
SIGNALS_MAX = 200


class Family(StrEnum):
    """The four things Vigie watches of a channel."""

    STATUS = "status"
    API = "api"
    POLICY = "policy"
    BRAND = "brand"


class Severity(IntEnum):
    """One scale for the whole house."""

    OK = 0
    INFO = 1
    WARNING = 2
    CRITICAL = 3


class Availability(StrEnum):
    """What a channel, or one source's view of it, can be."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    OUTAGE = "outage"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """Whose word a signal is."""

    OFFICIAL = "official"
    MEASURED = "measured"
    REPORTED = "reported"


class Outcome(StrEnum):
    """What one call to a vendor's API came to; only VENDOR_FAULT speaks against the vendor."""

    SUCCESS = "success"
    VENDOR_FAULT = "vendor_fault"
    RATE_LIMITED = "rate_limited"
    OUR_AUTH = "our_auth"
    OUR_REQUEST = "our_request"
    OUR_NETWORK = "our_network"


class Reason(StrEnum):
    """Why a run gave no reading: the closed label set of ``vigie_probe_failures_total``."""

    DNS = "dns"  # no answer to the name
    CONNECT = "connect"  # refused, reset, no route
    TLS = "tls"  # certificate or handshake
    TIMEOUT = "timeout"  # too slow, at any stage
    FORBIDDEN = "forbidden"  # our own rules: scheme, private address, redirect to one
    HTTP = "http"  # an HTTP answer other than the one that was due
    LIMIT = "limit"  # larger, deeper or longer than we read
    FORMAT = "format"  # not the shape that was due: empty, cut, HTML instead of JSON, wrong charset
    WORD = "word"  # a word in the vendor's vocabulary that we do not know
    FILTER = "filter"  # a component, group, product or region filter that matches nothing
    BLOCKED = "blocked"  # login page, bot challenge, "page inactive"
    INTERNAL = "internal"  # a fault of ours: worker killed, bug


UNREACHABLE_REASONS = frozenset({Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT})


class Unreachable(Exception):  # noqa: N818 - the field's word; the house's contract names it so
    """No HTTP answer came. `reason` is one of DNS, CONNECT, TLS, TIMEOUT."""

    def __init__(self, message: str, reason: Reason = Reason.CONNECT, *, answered: bool = False) -> None:
        """`answered`: the other side took the connection or refused it itself, so the fault is not in our network."""
        super().__init__(message)
        self.reason = reason
        self.answered = answered

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unreachable, (str(self), self.reason, self.answered))


def _unreachable(message: str, reason: Reason, answered: bool) -> Unreachable:  # noqa: FBT001 - pickle passes by position
    return Unreachable(message, reason, answered=answered)


class Unreadable(ValueError):  # noqa: N818 - the field's word; the house's contract names it so
    """Something answered, and it cannot be read as what was due. Never a verdict: the source becomes unknown."""

    def __init__(self, message: str, reason: Reason = Reason.FORMAT) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.reason))


_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|w)")
DURATION_MAX = timedelta(days=366)


def parse_duration(value: object) -> timedelta:
    """``"90s"``, ``"1h30m"``, ``"0s"`` -> timedelta; raises ValueError. A bare number is refused: no unit is said."""
    if isinstance(value, timedelta):
        duration = value
    else:
        text = value.strip() if isinstance(value, str) else ""
        if not text or _PART.sub("", text):
            msg = f"{str(value)[:32]!r} is not a duration; write it with a unit, like 30s, 5m, 1h30m or 2d"
            raise ValueError(msg)
        duration = timedelta(seconds=sum(float(n) * _UNITS_S[unit] for n, unit in _PART.findall(text)))
    if not timedelta(0) <= duration <= DURATION_MAX:
        msg = f"a duration is at least 0s and at most {DURATION_MAX.days}d"
        raise ValueError(msg)
    return duration


def _duration_text(value: timedelta) -> str:
    # Never with an exponent: what is written here must be readable above.
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(_duration_text, return_type=str),
]
"""A configuration value such as ``30s``, ``5m`` or ``1h30m``."""

EVERY_MIN = timedelta(milliseconds=100)


class Params(BaseModel):
    """What every kind of probe takes; a kind's own Params adds to it, and the field descriptions become the docs."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(
        min_length=8, max_length=2048, pattern=r"^https?://", description="Where to look: an http or https address."
    )
    every: Duration = Field(
        default=timedelta(minutes=1), ge=EVERY_MIN, description="How often the probe runs; at least 100ms."
    )
    expires: Duration | None = Field(
        default=None, description="How long an answer counts; by default 3 x `every`, at least 5m."
    )


class MeasuredParams(Params):
    """What a probe takes that measures: one failure is not yet a verdict."""

    bad_after: int = Field(default=3, ge=1, le=100, description="Failures in a row that make it bad.")
    bad_of: int = Field(
        default=5, ge=1, le=100, description="... or this many failures `bad_after` out of the last runs."
    )
    good_after: int = Field(default=3, ge=1, le=100, description="Successes in a row that make it good again.")
    recheck: Duration = Field(
        default=timedelta(seconds=7),
        description="How soon to look again after a first failure; never later than `every`.",
    )


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of a probe. `body_max`: decompressed bytes; `total`: from the start to the last byte."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = b""
    body_max: int = 2 * 1024 * 1024
    total: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Observation:
    """What the outside said, word for word. `took` in seconds; header names in lower case.

    `error`: empty, or why no answer came where the kind itself judges that (api.call); then `status` is 0.
    `parts`: further answers of the same run by a name of the kind's choice (a page read in several requests).
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    took: float = 0.0
    error: str = ""
    parts: Mapping[str, "Observation"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of what a signal rests on: a text of the source (bounded, untrusted), when it was said and where."""

    text: str
    at: datetime | None = None
    url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clip(self.text, EVIDENCE_CHARS_MAX))


@dataclass(frozen=True, slots=True)
class Signal:
    """One condition or event in an observation.

    `key`: stable name within its probe. `lasts`: None for a level (holds until a newer reading omits it), else an event
    that lapses. `state`: the availability it stands for where the severity is not enough (see `stands_for`).
    `since`, `until`: when the source says that it began, or will begin, and that it will end. `topics`: what it is
    about, in the words of the kind's lists.
    """

    key: str
    family: Family
    severity: Severity
    certainty: Certainty
    summary: str
    evidence: tuple[Evidence, ...] = ()
    lasts: timedelta | None = None
    state: Availability | None = None
    since: datetime | None = None
    url: str = ""
    topics: tuple[str, ...] = ()
    until: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "summary", clip(self.summary, SUMMARY_CHARS_MAX))
        object.__setattr__(self, "evidence", tuple(self.evidence[:EVIDENCE_ITEMS_MAX]))

    @property
    def stands_for(self) -> Availability:
        """The availability that this signal alone would give its channel."""
        return self.state or _STANDS_FOR[self.severity]


_STANDS_FOR = {
    Severity.OK: Availability.OPERATIONAL,
    Severity.INFO: Availability.OPERATIONAL,
    Severity.WARNING: Availability.DEGRADED,
    Severity.CRITICAL: Availability.OUTAGE,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured call. `took` in seconds."""

    operation: str
    outcome: Outcome
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one observation means.

    A status or api reading with no signal says nothing (unknown); "all is well" is a signal of severity OK.
    `memory`: JSON-serialisable, bounded, handed back at the next run of the same probe; no part of the verdict.
    """

    signals: tuple[Signal, ...] = ()
    samples: tuple[Sample, ...] = ()
    memory: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The worst are kept: a bound must never turn a bad page green.
        if len(self.signals) > SIGNALS_MAX:
            kept = sorted(self.signals, key=lambda s: -s.severity)[:SIGNALS_MAX]
            object.__setattr__(self, "signals", tuple(kept))


class Fetch(Protocol):
    """The only door to the outside. Raises Unreachable (no answer) or Unreadable (over a limit, forbidden)."""

    async def __call__(self, request: Request) -> Observation:
        """The answer to one request; an HTTP error status is an answer."""
        ...


@runtime_checkable
class Kind(Protocol):
    """A kind of probe: the module itself is the plug-in.

    Optional module constants, with their meaning when present:
    ``MARKUP = True``  reads feeds, HTML or long texts: `interpret` runs in a killable worker process;
    ``AGES = True``    the meaning depends on the time of the observation, so an unchanged body is read again;
    ``RECALLS = True`` `observe` takes the memory as its third argument.
    """

    __name__: str
    __doc__: str | None
    Params: type[Params]

    async def observe(self, params: Any, fetch: Fetch) -> Observation:  # noqa: ANN401 - each kind has its own Params
        """Ask the outside; no judgement."""
        ...

    def interpret(
        self,
        params: Any,  # noqa: ANN401 - each kind has its own Params
        observation: Observation,
        memory: Mapping[str, Any],
    ) -> Reading:
        """Say what it means. Pure; raises nothing but Unreadable."""
        ...


def clip(text: str, limit: int) -> str:
    """`text` cut to `limit` characters, at a word where one is near, with an ellipsis that counts."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ", max(0, limit - 40))
    return (cut[:space] if space > 0 else cut).rstrip() + "…"
