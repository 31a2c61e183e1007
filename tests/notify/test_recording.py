"""What the store is told of sends: those that end at once are one write to the disk, and each is heard of."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.core.model import SendOutcome
from monitor.daemon.post import StoreOutbox
from monitor.notify import Lanes
from monitor.store import OutboxState, Store, StoreError, StoreFull, Tried, Writer, Writes
from tests.notify.desk import row
from tests.notify.virtual import START

MANY = 50


class CountingStore(Store):
    """Counts its writes of ends. `full`: so many of them meet a full disk."""

    writes = 0
    full = 0

    def settle(self, ends: Sequence[Tried]) -> int:
        self.writes += 1
        if self.full:
            self.full -= 1
            raise StoreFull("no room")
        return super().settle(ends)


def never(error: StoreError) -> None:
    raise AssertionError(error)


@pytest.mark.parametrize("full", [0, 1])
async def test_sends_that_end_while_the_store_is_busy_are_recorded_at_once(tmp_path: Path, full: int) -> None:
    store = CountingStore.open(f"sqlite:///{tmp_path / 'vigie.db'}", now=START, reserve_bytes=0)
    store.full = full
    store.commit([Writes(notifications=tuple(row(f"k{n}", START, to=f"d{n}/1") for n in range(MANY)))])
    writer = Writer(store, on_failure=never)
    outbox = StoreOutbox(writer, "me", lambda _: None)
    parcels = await outbox.lease(START, MANY, Lanes())
    assert len(parcels) == MANY
    free = threading.Event()
    busy = writer.call(lambda _: free.wait(10))

    async def ends(key: str) -> None:
        await outbox.settle([key], SendOutcome.DELIVERED, at=START, detail=key)

    cut_off, *tasks = [asyncio.create_task(ends(parcel.key)) for parcel in parcels]
    await asyncio.sleep(0)
    cut_off.cancel()
    free.set()
    await asyncio.gather(*tasks)
    assert busy.result(0)
    assert store.writes == 1 + full
    await outbox.settle(["k0"], SendOutcome.DELIVERED, at=START)
    assert store.writes == 2 + full, "what comes later is another write"
    assert await asyncio.to_thread(writer.close, 5)
    kept = CountingStore.open(f"sqlite:///{tmp_path / 'vigie.db'}", now=START, reserve_bytes=0)
    found = [delivery for n in range(MANY) for delivery in kept.deliveries(f"k{n}")]
    kept.close()
    assert {delivery.row.state for delivery in found} == {OutboxState.DELIVERED}
    assert [delivery.attempts[0].detail for delivery in found] == [f"k{n}" for n in range(MANY)]
    assert cut_off.cancelled()
