"""The store's outbox as the dispatcher wants it: the same rows, awaited, on the store's own thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol, TypeVar

from monitor.core.model import Delivered, SendOutcome
from monitor.notify import OutboxRow as Row
from monitor.store import OutboxRow, Store

__all__ = ["StoreOutbox"]

_T = TypeVar("_T")


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

    async def lease(self, now: datetime, limit: int, busy: frozenset[str]) -> list[Row]:
        """Take up to `limit` due rows, at most one per destination and none of `busy`."""

        def work(store: Store) -> tuple[list[OutboxRow], list[OutboxRow]]:
            return store.expire(now), store.lease(now, limit, owner=self._owner, exclude=busy)

        lapsed, found = await self._call(work)
        for row in lapsed:
            self._expired(_final(row))
        return [_row(row) for row in found]

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
        """Record a try."""
        await self._call(lambda store: store.settle(key, outcome, at=at, due=due, detail=detail, took_s=took_s))

    async def next_due(self, now: datetime, busy: frozenset[str]) -> datetime | None:  # noqa: ARG002 - the store's own
        """When something will next be due on a lane that is not busy."""
        return await self._call(lambda store: store.next_due(busy))

    async def _call(self, work: Callable[[Store], _T]) -> _T:
        return await asyncio.wrap_future(self._writer.call(work))


def _final(row: OutboxRow) -> Delivered:
    note = row.notification
    detail = row.last_error or "its time ran out before it could be sent"
    return Delivered(note.key, note.incident, note.destination, SendOutcome.EXPIRED, detail)


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
    )
