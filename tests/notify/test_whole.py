"""Dispatcher and real sender together, against real sockets and in real time. Slow: run by `make test-slow`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest

from monitor.core.model import SendOutcome
from monitor.notify import Dispatcher, WorkerSender
from monitor.notify.pool import ATTEMPT_S_MAX
from tests.notify.desk import Desk, row
from tests.notify.receivers import drip_head, hang, receiver, says

pytestmark = pytest.mark.slow


class WallClock:
    """The wall clock at start plus the loop's time since."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC).timestamp() - asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._start + asyncio.get_running_loop().time(), UTC)


@contextlib.asynccontextmanager
async def house(contacts: Mapping[str, str]) -> AsyncIterator[tuple[Desk, Dispatcher, WallClock, WorkerSender]]:
    outbox, sender, clock = Desk(), WorkerSender(contacts), WallClock()
    services = dict.fromkeys(contacts, "json")
    dispatcher = Dispatcher(outbox, sender, clock=clock, services=services, on_final=outbox.finals.append)
    await sender.start()
    task = asyncio.create_task(dispatcher.run())
    yield outbox, dispatcher, clock, sender
    await dispatcher.close()
    await sender.close()
    await task


async def test_F31_while_fifty_receivers_hang_another_is_told_of_everything_in_order() -> None:
    """How soon stands in `make bench`; here it counts what was first: another's messages, or the end of a hung one."""
    async with contextlib.AsyncExitStack() as stack:
        bad = [await stack.enter_async_context(receiver(hang if n % 5 else drip_head)) for n in range(50)]
        good = await stack.enter_async_context(receiver(says("200 OK")))
        contacts = {f"bad/{n}": here.url for n, here in enumerate(bad)} | {"good/1": good.url}
        async with house(contacts) as (outbox, dispatcher, clock, _):
            outbox.put(*(row(f"b{n}", clock.now(), to=f"bad/{n}", critical=True) for n in range(50)))
            dispatcher.notify_committed()
            for here in bad:
                await here.has(1)
            for number in range(20):
                outbox.put(row(f"g{number}", clock.now(), to="good/1"))
                dispatcher.notify_committed()
            await good.has(20)
            assert len(outbox.held) >= 50, "the hung ones had ended by then"
            assert outbox.done.keys() <= {f"g{number}" for number in range(20)}
            await asyncio.sleep(20)  # past the patience with the hung ones, whose process is replaced
            outbox.put(row("late", clock.now(), to="good/1"))
            dispatcher.notify_committed()
            await good.has(21)
        assert [note["key"] for note in good.notes()] == [*(f"g{number}" for number in range(20)), "late"]


async def test_a_receiver_that_was_down_for_12_s_has_both_messages() -> None:
    async with receiver(says("200 OK")) as here:
        port = here.port
    async with house({"first/1": here.url}) as (outbox, dispatcher, clock, _):
        outbox.put(row("opened", clock.now()))
        dispatcher.notify_committed()
        await asyncio.sleep(6)
        outbox.put(row("resolved", clock.now()))
        dispatcher.notify_committed()
        await asyncio.sleep(6)
        async with receiver(says("200 OK"), port=port) as back:
            await back.has(2)
            await asyncio.sleep(0.2)
    assert outbox.done == {"opened": SendOutcome.DELIVERED, "resolved": SendOutcome.DELIVERED}


async def test_F27_the_whole_ends_while_all_receivers_hang() -> None:
    async with contextlib.AsyncExitStack() as stack:
        bad = [await stack.enter_async_context(receiver(hang if n % 2 else drip_head)) for n in range(20)]
        contacts = {f"bad/{n}": here.url for n, here in enumerate(bad)}
        loop = asyncio.get_running_loop()
        async with house(contacts) as (outbox, dispatcher, clock, _):
            outbox.put(*(row(f"b{n}", clock.now(), to=f"bad/{n}", critical=True) for n in range(20)))
            dispatcher.notify_committed()
            for here in bad:
                await here.has(1)
            began_s = loop.time()
        took_s = loop.time() - began_s
    assert took_s < ATTEMPT_S_MAX, "it waited for what hangs"
    assert [d.row.repeat for d in outbox.found()] == [True] * 20
    assert not outbox.held
