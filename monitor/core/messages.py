"""The nouns of what is said: a message, its way to a destination, and what its words depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from monitor.core.duty import Labels, Recipient
from monitor.core.state import ChannelState, Incident, Told

__all__ = [
    "STEPS",
    "Gather",
    "Link",
    "Message",
    "Notification",
    "Priority",
    "Telling",
]


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
