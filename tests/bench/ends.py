"""How soon it goes on after a worker died, and how soon it is gone when it is told to end."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from monitor.workers import Parsers
from probes.base import Observation, Params, Unreadable
from tests.bench.ground import World
from tests.bench.rows import Row, most
from tests.edges.running import home, until

__all__ = ["ends", "next_job"]

CRASHES = 10
NEXT_JOB_GOAL_S = 1.0
END_GOAL_S = 5.0


def next_job(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    """A parser process that dies in the middle of a job, and the job after it."""
    took_s = asyncio.run(_crashes(3 if quick else CRASHES))
    yield most("a worker dies -> the next job is done", max(took_s), NEXT_JOB_GOAL_S, "s", f" (worst of {len(took_s)})")


async def _crashes(count: int) -> list[float]:
    params, took_s = Params(url="https://status.example.com/feed"), []
    parsers = Parsers(target="tests.workers.readings:interpret")

    async def read(body: bytes) -> None:
        seen = Observation(params.url, 200, {"content-type": "text/xml"}, body, datetime(2026, 11, 22, tzinfo=UTC))
        await parsers.interpret("policy.feed", params, seen, {})

    try:
        for n in range(count):
            with suppress(Unreadable):
                await read(b"kill")
            began = time.monotonic()
            await read(b"good %d" % n)
            took_s.append(time.monotonic() - began)
    finally:
        await parsers.close()
    return took_s


def ends(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    """SIGTERM while a receiver hangs with a message."""
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder, home(Path(folder)) as (page, receiver, vigie):
        vigie.start()
        receiver.hang = True
        page.word = "major_outage"
        until(lambda: receiver.hung, "nobody was told")
        began = time.monotonic()
        vigie.ends()
        took_s = time.monotonic() - began
    yield most("told to end while a receiver hangs -> gone", took_s, END_GOAL_S, "s")
