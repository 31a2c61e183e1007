"""A real outbox in memory, and an inbox that answers as the test says: the neighbours of a dispatcher."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.model import Delivered, Gather, Message, Notification, Priority, SendOutcome
from monitor.daemon.post import StoreOutbox
from monitor.notify import Envelope, Lanes, Parcel, Sent
from monitor.store import Delivery, InlineWriter, OutboxState, Store, Writes
from tests.notify.virtual import START

OK = Sent(SendOutcome.DELIVERED, "HTTP 200", status=200)
FINAL = (OutboxState.DELIVERED, OutboxState.REJECTED, OutboxState.EXPIRED, OutboxState.UNKNOWN, OutboxState.SUPERSEDED)


def message(title: str = "Newsletter: outage since 09:00") -> Message:
    return Message(title=title, symbol="⛔", paragraphs=(("What it means", "No mail goes out."),))


def row(  # noqa: PLR0913 - each is one fact of a message
    key: str,
    now: datetime,
    *,
    to: str = "first/1",
    critical: bool = False,
    life_s: float = 86_400.0,
    due: datetime | None = None,
    priority: Priority = Priority.NEWS,
    gather: Gather = Gather.NONE,
    acts: tuple[str, ...] = (),
) -> Notification:
    """A message about an incident of its own, of the same name."""
    return Notification(
        key=key,
        incident=key,
        revision=1,
        step="opened",
        destination=to,
        message=message(f"{key}: outage"),
        created=now,
        expires=now + timedelta(seconds=life_s),
        critical=critical,
        recipient=to.partition("/")[0],
        due=due,
        priority=priority,
        gather=gather,
        acts=acts,
    )


_STORES: list[Store] = []


def close_all() -> None:
    """Let go of the stores of all desks."""
    while _STORES:
        _STORES.pop().close()


class Desk:
    """The outbox of a store, in memory unless one is given. `faults`: so many calls fail first."""

    def __init__(self, store: Store | None = None) -> None:
        if store is None:
            store = Store.open("sqlite://", now=START)
            _STORES.append(store)
        self.store = store
        self.finals: list[Delivered] = []
        self.faults = 0
        self.keys: list[str] = []
        self._outbox = StoreOutbox(InlineWriter(self.store), "desk", self.finals.append)

    def put(self, *notes: Notification) -> None:
        """Commit them."""
        self.store.commit([Writes(notifications=notes)])
        self.keys += [note.key for note in notes]

    def _fail(self) -> None:
        if self.faults:
            self.faults -= 1
            raise OSError("database is locked")

    async def lease(self, now: datetime, limit: int, lanes: Lanes) -> list[Parcel]:
        self._fail()
        return await self._outbox.lease(now, limit, lanes)

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
        self._fail()
        await self._outbox.settle(keys, outcome, at=at, due=due, detail=detail, took_s=took_s)

    async def next_due(self, now: datetime, busy: frozenset[str]) -> datetime | None:
        return await self._outbox.next_due(now, busy)

    async def recent_tries(self, since: datetime) -> list[tuple[str, datetime, SendOutcome]]:
        self._fail()
        return await self._outbox.recent_tries(since)

    def found(self) -> list[Delivery]:
        """Everything that was put in, with all that became of it."""
        return [delivery for key in self.keys for delivery in self.store.deliveries(key)]

    @property
    def done(self) -> dict[str, SendOutcome]:
        """What is over, and how it ended."""
        rows = [delivery.row for delivery in self.found()]
        return {r.notification.key: SendOutcome(r.state.value) for r in rows if r.state in FINAL}

    @property
    def held(self) -> list[str]:
        """What is on its way."""
        rows = [delivery.row for delivery in self.found()]
        return [r.notification.key for r in rows if r.state is OutboxState.LEASED]


@dataclass
class Inbox:
    """A sender that keeps what it is given with the loop's time, and answers by `answer`."""

    answer: Callable[[str, Envelope], Awaitable[Sent]]
    got: list[tuple[float, str, Envelope]] = field(default_factory=list)

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        self.got.append((asyncio.get_running_loop().time(), destination_id, envelope))
        return await self.answer(destination_id, envelope)

    def times(self, destination: str = "first/1") -> list[float]:
        return [round(at, 2) for at, to, _ in self.got if to == destination]

    def keys(self, destination: str = "first/1") -> list[str]:
        return [envelope.key for _, to, envelope in self.got if to == destination]


def always(sent: Sent) -> Inbox:
    async def answer(_to: str, _envelope: Envelope) -> Sent:
        return sent

    return Inbox(answer)
