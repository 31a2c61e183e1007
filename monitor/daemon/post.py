"""The store's outbox as the dispatcher wants it: the same rows, awaited, on the store's own thread."""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol, TypeVar

from monitor.core.model import Delivered, Incident, SendOutcome
from monitor.notify import DOUBT, Lanes, Parcel
from monitor.notify import OutboxRow as Row
from monitor.store import OutboxRow, OutboxState, Store, Tried
from monitor.store import Parcel as Leased

__all__ = ["StoreOutbox", "unheard"]

_T = TypeVar("_T")

_ENDS = {
    OutboxState.DELIVERED: SendOutcome.DELIVERED,
    OutboxState.UNKNOWN: SendOutcome.UNKNOWN,
    OutboxState.REJECTED: SendOutcome.REJECTED,
    OutboxState.EXPIRED: SendOutcome.EXPIRED,
}


class _Caller(Protocol):
    """Runs work on the store's thread, in order with its commits."""

    def call(self, work: Callable[[Store], _T]) -> Future[_T]: ...


class StoreOutbox:
    """`monitor.notify.Outbox` over a store's writer.

    `owner`: of the leases; one word for one life of the daemon. `expired` hears of rows whose time ran out.
    """

    def __init__(self, writer: _Caller, owner: str, expired: Callable[[Delivered], None]) -> None:
        self._writer = writer
        self._owner = owner
        self._expired = expired
        self._together: _Together | None = None
        self._recorded: asyncio.Future[int]

    async def lease(self, now: datetime, limit: int, lanes: Lanes) -> list[Parcel]:
        """Take up to `limit` messages that are due, at most one per destination and none for those that are busy."""
        found = await self._call(
            lambda store: store.lease(
                now,
                limit,
                owner=self._owner,
                exclude=lanes.busy,
                storming=lanes.storming,
                apart=lanes.apart,
                last=lanes.last,
            )
        )
        return [_parcel(parcel) for parcel in found]

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
        """Record a try; those that end while the store is busy are recorded together."""
        tried = Tried(tuple(keys), outcome, at, due, detail, took_s)
        if self._together is None or not self._together.add(tried):
            together = _Together(tried)
            self._recorded = asyncio.wrap_future(self._writer.call(together.record))
            self._together = together
        await asyncio.shield(self._recorded)

    async def next_due(self, now: datetime, busy: frozenset[str]) -> datetime | None:
        """When something will next be due on a lane that is not busy. Gives up what is past its time."""
        # Two calls, as these are two transactions: the writer may make a call again when the disk was full or locked.
        for row in await self._call(lambda store: store.expire(now)):
            self._expired(_final(row))
        return await self._call(lambda store: store.next_due(busy))

    async def hasten(self, destinations: Collection[str], now: datetime) -> None:
        """What waits to be tried again at these destinations is due at once."""
        await self._call(lambda store: store.hasten(destinations, now))

    async def recent_tries(self, since: datetime) -> list[tuple[str, datetime, SendOutcome]]:
        """The tries since then, those of earlier lives of the daemon too."""
        return await self._call(lambda store: store.recent_tries(since))

    async def _call(self, work: Callable[[Store], _T]) -> _T:
        return await asyncio.wrap_future(self._writer.call(work))


class _Together:
    """Tries that are recorded in one transaction: fifty that end at once must not be fifty writes to the disk."""

    def __init__(self, first: Tried) -> None:
        self._tries = [first]
        self._open = True
        self._lock = threading.Lock()

    def add(self, tried: Tried) -> bool:
        """Take one more, if the store has not begun with these."""
        with self._lock:
            if self._open:
                self._tries.append(tried)
            return self._open

    def record(self, store: Store) -> int:
        """On the store's thread; perhaps more than once, when the disk was full."""
        with self._lock:
            self._open = False
        return store.settle(self._tries)


def unheard(store: Store, incidents: Iterable[Incident]) -> list[Delivered]:
    """Ends of messages of which the mind has not heard: the daemon ended between the record and the word."""
    found = []
    for incident in incidents:
        awaited = {told.key for told in incident.told if told.arrived is None and not told.lost}
        deaf = {told.destination for told in incident.told if told.heard is None}  # so far as the mind knows
        for delivery in store.deliveries(incident.id) if awaited or deaf else ():
            row = delivery.row
            outcome, note = _ENDS.get(row.state), row.notification
            earlier = outcome is SendOutcome.DELIVERED and note.destination in deaf
            if outcome is not None and (note.key in awaited or earlier):
                detail = f"{DOUBT}: {row.last_error}" if outcome is SendOutcome.UNKNOWN else row.last_error
                found.append(Delivered(note.key, note.incident, note.destination, outcome, detail))
    return found


def _final(row: OutboxRow) -> Delivered:
    note = row.notification
    detail = row.last_error or "its time ran out before it could be sent"
    return Delivered(note.key, note.incident, note.destination, SendOutcome.EXPIRED, detail)


def _parcel(parcel: Leased) -> Parcel:
    return Parcel(tuple(_row(row) for row in parcel.rows), parcel.key, parcel.kind)


def _row(row: OutboxRow) -> Row:
    note = row.notification
    return Row(
        key=note.key,
        incident=note.incident,
        revision=note.revision,
        step=note.step,
        destination=note.destination,
        message=note.message,
        created=note.created,
        expires=note.expires,
        critical=note.critical,
        attempts=row.attempts - 1,
        unknown_before=row.repeat,
        planned=note.due,
        recipient=note.recipient,
        priority=note.priority,
        acts=note.acts,
        labels=note.labels,
        opened=note.opened,
        resolved=note.resolved,
    )
