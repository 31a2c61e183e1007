"""A dispatcher with a real outbox in memory, and an inbox that answers as the test says."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.model import Delivered, Gather, Message, Notification, Priority, SendOutcome
from monitor.daemon.post import StoreOutbox
from monitor.notify import Attempted, Dispatcher, Envelope, Gatherer, Lanes, Linker, Parcel, Sent
from monitor.notify.enclosing import listing, no_link
from monitor.store import Delivery, InlineWriter, OutboxState, Store, Writes
from tests.notify.virtual import START, VirtualLoop

OK = Sent(SendOutcome.DELIVERED, "HTTP 200", status=200)
RETRY = Sent(SendOutcome.RETRY, "HTTP 503", status=503)
UNKNOWN = Sent(SendOutcome.UNKNOWN, "no answer within 10 s")
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

    async def hasten(self, destinations: Collection[str], now: datetime) -> None:
        self._fail()
        await self._outbox.hasten(destinations, now)

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


class House:
    """A dispatcher with its neighbours; what it told the outside."""

    def __init__(
        self,
        loop: VirtualLoop,
        inbox: Inbox,
        services: Mapping[str, str] | None = None,
        *,
        outbox: Desk | None = None,
        gather: Gatherer = listing,
        link: Linker = no_link,
    ) -> None:
        self.outbox = outbox or Desk()
        self.finals = self.outbox.finals
        self.attempts: list[Attempted] = []
        self.loop = loop
        self.inbox = inbox
        self.dispatcher = Dispatcher(
            self.outbox,
            inbox,
            clock=loop,
            services=services or {},
            on_final=self.finals.append,
            on_attempt=self.attempts.append,
            jitter=lambda delay_s: delay_s,
            gather=gather,
            link=link,
        )
        self.task = asyncio.create_task(self.dispatcher.run())

    async def until(self, at_s: float) -> None:
        await asyncio.sleep(at_s - self.loop.time())

    async def end(self) -> None:
        await self.dispatcher.close()
        await self.task

    async def die(self) -> None:
        """The plug is pulled: nothing is put in order, and the store is as it is."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
