"""What requests to the API say: their bodies and their queries, as strict models."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, RootModel, WithJsonSchema

from monitor.core.labels import LABELS
from monitor.web.operations import Strict
from probes.base import DURATION_MAX, parse_duration

__all__ = [
    "AcknowledgeMany",
    "At",
    "By",
    "Calendar",
    "Drill",
    "Explain",
    "Heard",
    "NewOverride",
    "NewSilence",
    "NewSwap",
    "Note",
    "NotifyTest",
    "Period",
    "SilenceFilter",
    "Snooze",
    "Taken",
]

NAME_CHARS_MAX = 100
TEXT_CHARS_MAX = 2_000
ID_CHARS_MAX = 128
INCIDENTS_MAX = 200
MATCHERS_MAX = 20
MATCHER_CHARS_MAX = 600
TAGS_CHARS_MAX = 200  # with the other labels, the longest query still fits the line of a request

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_SPAN = r"^([0-9]{1,4}(s|m|h|d|w)){1,4}$"
_INVISIBLE = r"\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
_NAME = rf"^[^\s{_INVISIBLE}][^{_INVISIBLE}]*$"


def _moment(value: object) -> datetime:
    """A moment in UTC. One that lies outside of what can be held becomes the nearest that can."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("write it as RFC 3339 says, with a zone, like 2026-11-22T02:12:40Z")
    local = datetime.fromisoformat(value.upper())
    try:
        return local.astimezone(UTC)
    except OverflowError:
        return FIRST if local.year == 1 else LAST


def _span(value: object) -> timedelta:
    """A duration; one that is too long for anything becomes the longest."""
    if not isinstance(value, str) or not re.fullmatch(_SPAN, value, re.ASCII):
        raise ValueError("write it with a unit, like 30s, 5m, 1h30m or 2d")
    try:
        return parse_duration(value)
    except ValueError:
        return DURATION_MAX


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Span = Annotated[timedelta, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": _SPAN})]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX, pattern=_NAME)]
Id = Annotated[str, Field(min_length=1, max_length=ID_CHARS_MAX, pattern=_NAME)]
Words = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Said = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
LabelText = Annotated[str, Field(max_length=80)]
LabelWord = Annotated[str, Field(max_length=32)]
MatcherText = Annotated[str, Field(min_length=1, max_length=MATCHER_CHARS_MAX)]


class By(Strict):
    """Who acts, and through which door."""

    by: Name = Field(description="Who acts: the id of a configured person, or a name.")
    via: Literal["api", "cli"] = Field(default="api", description="Through which door; it stands in the timeline.")


# --- incidents -------------------------------------------------------------------------------------------------------


class Taken(By):
    """Somebody acts on an incident."""

    text: Words = Field(default="", description="Why, or what is known; it stands in the timeline.")


class Snooze(Taken):
    """No repeat and no escalation for a while: until a moment, or for a duration; one of the two."""

    until: Moment | None = Field(default=None, description="Until then.")
    span: Span | None = Field(default=None, alias="for", description="For so long from now, such as `1h`.")


class Note(By):
    """A note in the timeline."""

    text: Said = Field(description="The note.")


class AcknowledgeMany(Taken):
    """Several incidents, acknowledged at once."""

    incidents: list[Id] = Field(min_length=1, max_length=INCIDENTS_MAX, description="Their ids.")


# --- silences --------------------------------------------------------------------------------------------------------


class NewSilence(Strict):
    """What matches all of the matchers is not told while it lasts: until a moment, or for a duration; one of them."""

    matchers: list[MatcherText] = Field(
        min_length=1,
        max_length=MATCHERS_MAX,
        description=f'All must hold; such as `channel="x"` or `severity=~"warning|info"`. Labels: {", ".join(LABELS)}.',
    )
    author: Name = Field(description="Who wants it: the id of a configured person, or a name.")
    comment: Said = Field(description="Why.")
    start: Moment | None = Field(default=None, description="From when on; now, if absent.")
    end: Moment | None = Field(default=None, description="Until when; at most 30 days after the start.")
    span: Span | None = Field(default=None, alias="for", description="How long, such as `2h`, in place of `end`.")
    until_recovered: bool = Field(default=False, description="It also ends as soon as what it held back is over.")
    id: Id | None = Field(default=None, description="Change the silence of this id; a new one, if absent.")
    via: Literal["api", "cli"] = Field(default="api", description="Through which door; it stands in the ledger.")


class SilenceFilter(Strict):
    """Which silences are listed."""

    state: Literal["active", "pending", "ended"] | None = Field(
        default=None, description="Only those that are so now; all of them, if absent."
    )


# --- on call ---------------------------------------------------------------------------------------------------------


class At(Strict):
    """A moment to look at."""

    at: Moment | None = Field(default=None, description="Who is on call then; now, if absent.")


class Period(Strict):
    """A stretch of time to look at."""

    start: Moment | None = Field(default=None, alias="from", description="7 days ago, if absent.")
    end: Moment | None = Field(default=None, alias="to", description="28 days after now, if absent.")


class Calendar(Strict):
    """The key of a calendar."""

    key: str = Field(default="", max_length=64, description="The key, in place of the token.")


class NewOverride(By):
    """Somebody else is on call for a while: until a moment, or for a duration; one of the two."""

    person: Id = Field(description="The id of the person who is on call.")
    start: Moment | None = Field(default=None, description="From when on; now, if absent.")
    end: Moment | None = Field(default=None, description="Until when.")
    span: Span | None = Field(default=None, alias="for", description="How long, such as `8h`, in place of `end`.")
    comment: Words = Field(default="", description="Why.")


class NewSwap(By):
    """Two people take each other's shift."""

    first: Moment = Field(description="A moment inside the one shift.")
    second: Moment = Field(description="A moment inside the other.")
    comment: Words = Field(default="", description="Why.")


# --- the rest --------------------------------------------------------------------------------------------------------


class Explain(Strict):
    """What a message would be about. What is not said is filled in: the channel's own labels, and the worst."""

    channel: LabelText = Field(default="", description="A channel's id.")
    platform: LabelText = Field(default="", description="A platform's id.")
    kind: LabelWord = Field(default="", description="The incident's condition.")
    family: LabelWord = Field(default="", description="The family of the source.")
    severity: LabelWord = Field(default="", description="The incident's severity.")
    state: LabelWord = Field(default="", description="What the channel is: a word of availability or of risk.")
    market: LabelText = Field(default="", description="The channel's market.")
    tags: str = Field(default="", max_length=TAGS_CHARS_MAX, description="The channel's tags, with commas between.")
    at: Moment | None = Field(default=None, description="When; now, if absent.")


class Drill(By):
    """A way to people is tried."""

    target: Id = Field(description="The id of a receiver or of an escalation policy.")


class NotifyTest(Strict):
    """A test message."""

    receiver: str | None = Field(
        default=None, max_length=ID_CHARS_MAX, description="To whom; without it, to whom the root of the routes names."
    )


class Heard(RootModel[object]):
    """Anything; a firing alert named Watchdog counts, as Alertmanager's webhook sends it."""
