"""What killable worker processes promise: a bad job costs itself and nothing else."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.workers import Limits, Parsers, WorkerFault, WorkerPool
from monitor.workers.pool import BREAK_AFTER
from monitor.workers.process import Fault, Process
from probes.base import Observation, Params, Reason, Unreadable
from tests.patience import HANG_S, until

JOBS = "tests.workers.jobs:work"
QUICK = Limits(wall_s=0.5)
PATIENT = Limits(wall_s=2 * HANG_S)
PARAMS = Params(url="https://status.example.com/feed")


@asynccontextmanager
async def pool_of(limits: Limits = PATIENT, *, size: int = 1, target: str = JOBS) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(target, limits, size=size, allow=("probes.base",))
    try:
        yield pool
    finally:
        await pool.close()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def observed(body: bytes) -> Observation:
    return Observation(PARAMS.url, 200, {"content-type": "text/xml"}, body, datetime(2026, 11, 22, tzinfo=UTC))


async def test_a_worker_is_started_with_the_first_job_and_kept_for_the_next() -> None:
    async with pool_of() as pool:
        assert pool.alive == 0
        first = await pool.run("pid")
        assert first != os.getpid()
        assert await pool.run("pid") == first
        assert pool.started == 1


@pytest.mark.parametrize(
    ("job", "fault", "says"),
    [
        (("hang",), Fault.HUNG, "more than 0.5 s"),
        (("kill",), Fault.DIED, "SIGKILL"),
        (("segfault",), Fault.DIED, "SIGSEGV"),
        (("exit",), Fault.DIED, "ended in the middle"),
        (("garbage", b"\x00\x00\x00\x04oops"), Fault.GARBAGE, "nonsense"),
        (("garbage", b"\xff\xff\xff\xff"), Fault.GARBAGE, "nonsense"),
        (("command",), Fault.GARBAGE, "nonsense"),
        (("alien",), Fault.GARBAGE, "nonsense"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
async def test_F21_a_job_that_breaks_its_worker_fails_by_name_and_the_next_is_done(
    job: tuple[Any, ...], fault: Fault, says: str
) -> None:
    async with pool_of(QUICK if fault is Fault.HUNG else PATIENT) as pool:
        victim = await pool.run("pid")
        with pytest.raises(WorkerFault, match=says) as caught:
            await pool.run(*job)
        assert caught.value.fault is fault
        assert pool.faults == {fault: 1}
        await until(lambda: not is_alive(victim))
        assert await pool.run("echo", "next") == "next"
        assert pool.started == 2


async def test_F21_a_job_that_eats_memory_is_stopped_at_its_limit() -> None:
    async with pool_of(Limits(wall_s=30.0, memory_bytes=300 * 1024 * 1024)) as pool:
        with pytest.raises(WorkerFault, match="300 MiB of memory") as caught:
            await pool.run("eat")
        assert caught.value.fault is Fault.MEMORY
        assert await pool.run("echo", 1) == 1


async def test_F21_a_job_that_burns_the_processor_is_stopped_even_if_the_clock_would_wait() -> None:
    async with pool_of(Limits(wall_s=30.0, cpu_s=1)) as pool:
        with pytest.raises(WorkerFault, match="1 s of processor time") as caught:
            await pool.run("burn")
        assert caught.value.fault is Fault.HUNG


@pytest.mark.slow
async def test_the_processor_limit_is_for_each_job_and_not_for_the_workers_life() -> None:
    async with pool_of(Limits(cpu_s=1, wall_s=20.0)) as pool:
        first = await pool.run("pid")
        for _ in range(3):
            assert await pool.run("spin", 0.6) == "spun"
        assert await pool.run("pid") == first


async def test_an_exception_of_the_job_is_not_a_fault_of_the_worker() -> None:
    async with pool_of() as pool:
        first = await pool.run("pid")
        with pytest.raises(Unreadable, match="it makes no sense") as word:
            await pool.run("unreadable")
        assert word.value.reason is Reason.WORD
        with pytest.raises(WorkerFault, match="KeyError") as bug:
            await pool.run("bug")
        assert "canary-secret" not in str(bug.value)
        with pytest.raises(WorkerFault, match="RecursionError"):
            await pool.run("deep")
        assert await pool.run("pid") == first


async def test_F22_workers_that_die_on_every_job_are_not_started_without_end() -> None:
    async with pool_of() as pool:
        for _ in range(BREAK_AFTER):
            with pytest.raises(WorkerFault, match="SIGKILL"):
                await pool.run("kill")
        for _ in range(3):
            with pytest.raises(WorkerFault, match="fail one after the other") as caught:
                await pool.run("echo", 1)
            assert caught.value.fault is Fault.REFUSED
        assert pool.started == BREAK_AFTER


async def test_F22_after_the_pause_one_job_is_tried_and_success_heals() -> None:
    async with pool_of() as pool:
        for _ in range(BREAK_AFTER):
            with pytest.raises(WorkerFault):
                await pool.run("kill")
        pool._broken_until = 0.0  # the pause is over
        assert await pool.run("echo", 1) == 1
        with pytest.raises(WorkerFault, match="SIGKILL"):
            await pool.run("kill")
        assert await pool.run("echo", 2) == 2


async def test_F22_a_worker_that_cannot_start_is_a_fault_and_not_a_hang() -> None:
    async with pool_of(target="tests.workers.nowhere:work") as pool:
        with pytest.raises(WorkerFault, match="did not come up") as caught:
            await pool.run("echo", 1)
        assert caught.value.fault is Fault.START
        assert pool.alive == 0


async def test_F23_a_worker_that_grows_is_replaced() -> None:
    async with pool_of(Limits(wall_s=20.0, resident_bytes=120 * 1000 * 1000)) as pool:
        small = await pool.run("leak", 1_000_000)
        assert await pool.run("pid") == small
        assert await pool.run("leak", 120 * 1000 * 1000) == small
        assert await pool.run("pid") != small
        await until(lambda: not is_alive(small))


async def test_a_worker_is_replaced_after_so_many_jobs() -> None:
    async with pool_of(Limits(wall_s=20.0, jobs=3)) as pool:
        pids = [await pool.run("pid") for _ in range(6)]
        assert len(set(pids[:3])) == 1
        assert len(set(pids[3:])) == 1
        assert pids[0] != pids[3]


async def test_a_slow_job_does_not_hold_up_the_others() -> None:
    async with pool_of(Limits(wall_s=20.0), size=2) as pool:
        await pool.run("echo", 1)
        slow = asyncio.create_task(pool.run("slow", 15.0))
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(pool.run("echo", "quick"), 14.0) == "quick"
        assert pool.alive == 2
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert await pool.run("echo", 3) == 3


async def test_jobs_wait_their_turn_and_none_is_lost() -> None:
    async with pool_of(Limits(wall_s=30.0)) as pool:
        assert await asyncio.gather(*(pool.run("echo", n) for n in range(200))) == list(range(200))
        assert pool.started == 1


async def test_a_cancelled_job_takes_its_worker_along_and_the_queue_goes_on() -> None:
    async with pool_of(Limits(wall_s=30.0)) as pool:
        victim = await pool.run("pid")
        hanging = asyncio.create_task(pool.run("hang"))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(pool.run("echo", "after"))
        await asyncio.sleep(0.05)
        hanging.cancel()
        assert await waiting == "after"
        assert not is_alive(victim)


async def test_closing_is_quick_while_a_job_hangs_and_leaves_no_process() -> None:
    pool = WorkerPool(JOBS, PATIENT, size=1)
    victim = await pool.run("pid")
    hanging = asyncio.create_task(pool.run("hang"))
    waiting = asyncio.create_task(pool.run("echo", 1))
    await asyncio.sleep(0.1)
    async with asyncio.timeout(HANG_S):
        await pool.close()
    assert not is_alive(victim)
    for task in (hanging, waiting):
        with pytest.raises(WorkerFault):
            await task
    with pytest.raises(WorkerFault, match="shutting down"):
        await pool.run("echo", 1)


async def test_a_worker_has_few_files_and_none_of_ours() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        os.set_inheritable(listener.fileno(), True)  # noqa: FBT003 - the only way to say it
        async with pool_of() as pool:
            assert await pool.run("open_sockets") == 1
            assert await pool.run("files") < 16


async def test_a_worker_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_SECRET", "canary-secret")
    async with pool_of() as pool:
        assert "canary-secret" not in str(await pool.run("environment"))


def test_a_worker_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    code = (
        "import asyncio, pathlib, sys\n"
        "from monitor.workers import Limits, WorkerPool\n"
        "async def main():\n"
        f"    pool = WorkerPool({JOBS!r}, Limits(wall_s=60), size=1)\n"
        "    pid = await pool.run('pid')\n"
        f"    pathlib.Path({str(said)!r}).write_text(str(pid))\n"
        "    await pool.run('burn')\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})  # noqa: S603 - our own
    end = time.monotonic() + HANG_S
    while not said.exists() or not said.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    worker = int(said.read_text())
    assert is_alive(worker)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    end = time.monotonic() + HANG_S
    while is_alive(worker):
        assert time.monotonic() < end
        time.sleep(0.02)


async def test_a_reading_comes_back_whole() -> None:
    parsers = Parsers(PATIENT, target="tests.workers.readings:interpret")
    try:
        reading = await parsers.interpret("policy.feed", PARAMS, observed(b"hello"), {"old": 1})
        assert reading.signals[0].summary == "hello"
        assert reading.signals[0].evidence[0].at == datetime(2026, 11, 22, tzinfo=UTC)
        assert reading.memory == {"old": 1, "seen": "hello"}
    finally:
        await parsers.close()


@pytest.mark.parametrize(
    ("body", "reason", "says"),
    [
        (b"hang", Reason.LIMIT, "more than 0.5 s and was stopped"),
        (b"kill", Reason.INTERNAL, "SIGKILL"),
        (b"unreadable", Reason.WORD, "it makes no sense"),
        (b"bug", Reason.INTERNAL, "KeyError"),
        (b"word", Reason.INTERNAL, "nonsense"),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else None,
)
async def test_F21_a_reading_that_does_not_come_makes_the_source_unreadable(
    body: bytes, reason: Reason, says: str
) -> None:
    parsers = Parsers(QUICK if body == b"hang" else PATIENT, target="tests.workers.readings:interpret")
    try:
        with pytest.raises(Unreadable, match=says) as caught:
            await parsers.interpret("policy.feed", PARAMS, observed(body), {})
        assert caught.value.reason is reason
        assert (await parsers.interpret("policy.feed", PARAMS, observed(b"good"), {})).signals
    finally:
        await parsers.close()


async def test_a_document_that_hung_a_worker_is_not_read_again_at_once() -> None:
    parsers = Parsers(QUICK, target="tests.workers.readings:interpret")
    try:
        with pytest.raises(Unreadable, match="was stopped"):
            await parsers.interpret("policy.feed", PARAMS, observed(b"hang"), {})
        with pytest.raises(Unreadable, match="not read again for a while") as caught:
            await parsers.interpret("policy.feed", PARAMS, observed(b"hang"), {})
        assert caught.value.reason is Reason.LIMIT
        assert parsers.pool.started == 1
    finally:
        await parsers.close()


async def test_a_job_larger_than_a_frame_is_refused_and_the_worker_lives() -> None:
    process = Process(JOBS, PATIENT)
    await process.start()
    try:
        with pytest.raises(WorkerFault, match="larger than a worker takes"):
            await process.call(("echo", b"x" * (33 * 1024 * 1024)))
        assert await process.call(("echo", 1)) == 1
    finally:
        await process.kill()
