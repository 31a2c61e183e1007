"""F25, F26: eternal tasks do not die silently, and none holds up the end."""

import asyncio

import pytest

from monitor.daemon.tasks import Tasks
from tests.patience import HANG_S, until


@pytest.mark.parametrize("end", ["raises", "returns", "is cancelled from within"])
async def test_F25_a_task_that_ends_is_counted_named_and_started_again(end: str) -> None:
    restarted: list[str] = []
    lives = 0

    async def work() -> None:
        nonlocal lives
        lives += 1
        if end == "raises":
            raise RuntimeError("a fault of ours")
        if end == "is cancelled from within":
            lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            lost.cancel()
            await lost

    tasks = Tasks(restarted.append, restart_after_s=0.01)
    tasks.spawn("looking", work)
    await until(lambda: len(restarted) == 3)
    assert set(restarted) == {"looking"}
    assert lives >= 3
    assert tasks.faulty == ("looking",)
    assert await tasks.close(1.0) == []


async def test_F25_a_task_that_somebody_cancels_is_started_again() -> None:
    restarted: list[str] = []
    tasks = Tasks(restarted.append, restart_after_s=0.01)
    tasks.spawn("looking", lambda: asyncio.sleep(3600))
    await asyncio.sleep(0.01)
    (task,) = (t for t in asyncio.all_tasks() if t.get_name() == "looking")
    task.cancel()
    await until(lambda: restarted)
    assert not task.done()
    assert await tasks.close(1.0) == []


async def test_F26_a_task_that_swallows_its_cancellation_is_named_and_not_waited_for() -> None:
    over = asyncio.Event()

    async def stubborn() -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    tasks = Tasks(lambda _: None)
    tasks.spawn("stubborn", stubborn)
    tasks.spawn("willing", lambda: asyncio.sleep(3600))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(HANG_S):
        assert await tasks.close(0.1) == ["stubborn"]
    over.set()
    await asyncio.sleep(0.05)
    assert not [t for t in asyncio.all_tasks() if t.get_name() == "stubborn"], "after the end nothing is started again"


async def test_in_an_orderly_end_a_task_that_ends_is_neither_a_fault_nor_started_again() -> None:
    restarted: list[str] = []
    over = asyncio.Event()

    async def wait() -> None:
        await over.wait()

    tasks = Tasks(restarted.append, restart_after_s=0.01)
    tasks.spawn("dispatcher", wait)
    await asyncio.sleep(0.01)
    tasks.end()
    over.set()
    await asyncio.sleep(0.05)
    assert restarted == []
    assert await tasks.close(1.0) == []
