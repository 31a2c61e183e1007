"""The nouns of sending: what is to be sent, what came of it, and what the dispatcher asks of its neighbours."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from monitor.core.duty import Labels
from monitor.core.model import Message, Priority, SendOutcome

__all__ = ["Attempted", "Clock", "Envelope", "Outbox", "OutboxRow", "Sender", "Sent"]

DETAIL_CHARS_MAX = 300


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A notification on its way. `attempts`: ended tries so far; `unknown_before`: one of them ended UNKNOWN."""

    key: str
    incident: str
    revision: int
    step: str  # "opened" | "updated" | "resolved" | "test"
    destination: str
    message: Message
    created: datetime
    expires: datetime
    critical: bool = False
    attempts: int = 0
    unknown_before: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a sender is handed: the words and the marks that go out with them. `key` makes a repeat recognisable.

    `labels`, `opened`, `resolved`, `priority`: as in `Notification`. `act_url`: the signed link of whoever gets this, a
    secret of theirs, or empty.
    """

    key: str
    incident: str
    revision: int
    step: str
    message: Message
    created: datetime
    critical: bool = False
    attempt: int = 1
    repeat: bool = False  # an earlier try got no answer: this may be a repeat
    labels: Labels = field(default_factory=dict)
    opened: datetime | None = None
    resolved: datetime | None = None
    priority: Priority = Priority.NEWS
    act_url: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one try: DELIVERED, REJECTED, RETRY or UNKNOWN. `detail` is redacted and names no address."""

    outcome: SendOutcome
    detail: str = ""
    retry_after_s: float | None = None
    status: int | None = None  # of the HTTP or SMTP answer


@dataclass(frozen=True, slots=True)
class Attempted:
    """One try that ended, for counting. `waited_s`: from the decision to this try's start; `final`: none follows."""

    destination: str
    outcome: SendOutcome
    final: bool
    took_s: float
    waited_s: float
    attempt: int


class Clock(Protocol):
    """Where `now` comes from: wall clock at start plus monotonic time since, or a virtual one."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        ...


class Outbox(Protocol):
    """What the dispatcher needs of the store. Every method commits before it returns."""

    async def lease(self, now: datetime, limit: int, busy: frozenset[str]) -> list[OutboxRow]:
        """Take up to `limit` due rows, critical ones first, at most one per destination and none of `busy`.

        A row is due when its due time is <= `now` and nobody holds it. A row whose `expires` has passed is due too.
        """
        ...

    async def settle(
        self,
        key: str,
        outcome: SendOutcome,
        *,
        at: datetime,
        due: datetime | None = None,
        detail: str = "",
        took_s: float = 0.0,
    ) -> None:
        """Record a try. With `due` the row is free again from then on; without, `outcome` is final and the row done."""
        ...

    async def next_due(self, now: datetime, busy: frozenset[str]) -> datetime | None:
        """Return when a row will next be due, rows of `busy` destinations aside; None when nothing waits."""
        ...


class Sender(Protocol):
    """Carries one message to one destination."""

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """Send once, with no retry of its own; faults are outcomes, not exceptions. May be cancelled."""
        ...
