"""The nouns of sending: what is to be sent, what came of it, and what the dispatcher asks of its neighbours."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from monitor.core.duty import Labels
from monitor.core.model import Message, Priority, SendOutcome

__all__ = ["Attempted", "Clock", "Envelope", "Lanes", "Outbox", "OutboxRow", "Parcel", "Sender", "Sent"]

DETAIL_CHARS_MAX = 300


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A notification on its way. `attempts`: ended tries so far; `unknown_before`: one of them ended UNKNOWN.

    `planned`: when it was meant to go out first. The others: as in `Notification`.
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
    attempts: int = 0
    unknown_before: bool = False
    planned: datetime | None = None
    recipient: str = ""
    priority: Priority = Priority.NEWS
    acts: tuple[str, ...] = ()
    labels: Labels = field(default_factory=dict)
    opened: datetime | None = None
    resolved: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one destination as one message: a row, or several that are gathered, the most urgent first.

    `kind`: empty, or "digest", "repeat" or "summary" for what is gathered. `key`: of the message; the same in a repeat.
    """

    rows: tuple[OutboxRow, ...]
    key: str
    kind: str = ""

    @property
    def destination(self) -> str:
        """Where it goes."""
        return self.rows[0].destination

    @property
    def critical(self) -> bool:
        """Whether any of it is."""
        return any(row.critical for row in self.rows)

    @property
    def attempts(self) -> int:
        """How often the most tried of it was tried."""
        return max(row.attempts for row in self.rows)

    @property
    def unknown_before(self) -> bool:
        """Whether any of it may have arrived."""
        return any(row.unknown_before for row in self.rows)

    @property
    def expires(self) -> datetime:
        """When the last of it is no longer worth sending."""
        return max(row.expires for row in self.rows)

    @property
    def planned(self) -> datetime:
        """When the first of it was meant to go out."""
        return min(row.planned or row.created for row in self.rows)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a sender is handed: the words and the marks that go out with them. `key` makes a repeat recognisable.

    `recipient`, `labels`, `opened`, `resolved`, `priority`: as in `Notification`. `act_url`: the signed link of whoever
    gets this, a secret of theirs, or empty.
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
    recipient: str = ""
    labels: Labels = field(default_factory=dict)
    opened: datetime | None = None
    resolved: datetime | None = None
    priority: Priority = Priority.NEWS
    act_url: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one try: DELIVERED, REJECTED, RETRY or UNKNOWN. `detail` is redacted and names no address.

    `unseen`: it failed before anybody looked at the message, so any other would have failed as well.
    """

    outcome: SendOutcome
    detail: str = ""
    retry_after_s: float | None = None
    status: int | None = None  # of the HTTP or SMTP answer
    unseen: bool = False


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


@dataclass(frozen=True, slots=True)
class Lanes:
    """How the ways to destinations are, for choosing what goes out.

    `busy`: take nothing now. `storming`: had too many messages of late, so that all goes as one. `apart`: programs,
    which get each message by itself. `last`: keys of rows with which ways that fail were tried last, where the message
    itself may be what fails; others are tried first.
    """

    busy: frozenset[str] = frozenset()
    storming: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()


class Outbox(Protocol):
    """What the dispatcher needs of the store. Every method commits before it returns."""

    async def lease(self, now: datetime, limit: int, lanes: Lanes) -> list[Parcel]:
        """Take up to `limit` messages that are due, the most urgent first, at most one per destination.

        A row is due when its due time is <= `now`, its time has not run out and nobody holds it.
        """
        ...

    async def settle(
        self,
        keys: Sequence[str],
        outcome: SendOutcome,
        *,
        at: datetime,
        due: datetime | None = None,
        detail: str = "",
        took_s: float = 0.0,
    ) -> None:
        """Record a try with these rows. With `due` they are free again from then on, if their time has not run out by
        then; without, `outcome` is final and they are done.
        """
        ...

    async def next_due(self, now: datetime, busy: frozenset[str]) -> datetime | None:
        """Return when a row will next be due, rows of `busy` destinations aside; None when nothing waits.

        What is past its time is given up on this occasion: it must not hold up what is due.
        """
        ...

    async def hasten(self, destinations: Collection[str], now: datetime) -> None:
        """Make due at once what waits to be tried again at these destinations."""
        ...

    async def recent_tries(self, since: datetime) -> list[tuple[str, datetime, SendOutcome]]:
        """Return the tries since then, oldest first: destination, when it ended, how."""
        ...


class Sender(Protocol):
    """Carries one message to one destination."""

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """Send once, with no retry of its own; faults are outcomes, not exceptions. May be cancelled."""
        ...
