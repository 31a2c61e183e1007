"""From a decision to a receiver, while others hang."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator

from tests.bench.ground import World, sleeper
from tests.bench.post import EVERY_S
from tests.bench.processes import CORE_MEASURED, pin
from tests.bench.rows import Row, most
from tests.notify.receivers import Receiver, drip_head, hang, receiver, says

__all__ = ["hung"]

HUNG = 50
GOAL_MS = 100.0


def hung(world: World, quick: bool) -> Iterator[Row]:  # noqa: ARG001, FBT001 - as all figures
    """Fifty receivers that never answer, one in five of them byte by byte, and one that does."""
    with sleeper() as alone:
        took_ms = sorted(asyncio.run(_measure(10.0 if quick else 45.0)))
    p50, p99 = took_ms[len(took_ms) // 2], took_ms[int(len(took_ms) * 0.99)]
    note = f" (p50 {p50:.3g} ms, max {took_ms[-1]:.3g} ms, {len(took_ms)} messages, one in {EVERY_S * 1e3:g} ms)"
    yield most(f"decision -> first byte at another receiver while {HUNG} hang, p99", p99, GOAL_MS, "ms", note)
    own = f"p99 {alone.p99_s * 1e3:.3g} ms, max {alone.max_s * 1e3:.3g} ms"
    yield Row("  the machine's own: a process beside it that only sleeps", "", own)


async def _measure(seconds: float) -> list[float]:
    async with contextlib.AsyncExitStack() as stack:
        bad = [await stack.enter_async_context(receiver(drip_head if n % 5 == 0 else hang)) for n in range(HUNG)]
        good = await stack.enter_async_context(receiver(says("200 OK")))
        words = (str(seconds), good.url, *(here.url for here in bad))
        pipe = asyncio.subprocess.PIPE
        post = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.post", *words, stdout=pipe)
        pin(post.pid, CORE_MEASURED)
        said, _ = await post.communicate()
        assert all(here.firsts for here in bad), "not all of them hung"
    decided: dict[str, float] = json.loads(said)
    heard = _heard(good)
    assert set(heard) == set(decided), f"{len(decided) - len(heard)} messages did not arrive"
    return [(heard[key] - at) * 1e3 for key, at in decided.items()]


def _heard(good: Receiver) -> dict[str, float]:
    """Key -> when its first byte came; the loop's time is time.monotonic's."""
    return {note["key"]: at for note, at in zip(good.notes(), good.firsts, strict=True)}
