"""The baseline: a bare aiohttp loop that asks the same pages, holds their ETags and does nothing else.

``python -m tests.bench.bare PORT SOURCES EVERY_S WARM_S MEASURED_S``; EVERY_S 0: as fast as it can. Prints JSON:
runs, cpu_s and wall_s of the measured part.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

import aiohttp

__all__ = ["BareRun"]

AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class BareRun:
    """What the bare loop did in its measured part."""

    runs: int
    cpu_s: float
    wall_s: float


class _Loop:
    def __init__(self, session: aiohttp.ClientSession, port: int, sources: int) -> None:
        self._session = session
        self._urls = [f"http://127.0.0.1:{port}/bare/{n}.json" for n in range(sources)]
        self._tags: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self.runs = 0

    async def ask(self, url: str) -> None:
        headers = {"If-None-Match": self._tags[url]} if url in self._tags else {}
        async with self._session.get(url, headers=headers) as answer:
            await answer.read()
            if "ETag" in answer.headers:
                self._tags[url] = answer.headers["ETag"]
        self.runs += 1

    def spread(self, every_s: float) -> None:
        """Every source at its own place in the interval, for ever."""
        loop = asyncio.get_running_loop()
        begin = loop.time()

        def fire(url: str, due: float) -> None:
            if self._ended:
                return
            task = loop.create_task(self.ask(url))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            loop.call_at(due + every_s, fire, url, due + every_s)

        for n, url in enumerate(self._urls):
            due = begin + every_s * n / len(self._urls)
            loop.call_at(due, fire, url, due)

    async def end(self) -> None:
        """Ask no more; what is under way is waited for."""
        self._ended = True
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def hurry(self, first: int) -> None:
        """One of AT_ONCE that ask one page after the other, for ever."""
        while True:
            for url in self._urls[first::AT_ONCE]:
                await self.ask(url)


async def _measure(port: int, sources: int, every_s: float, warm_s: float, measured_s: float) -> BareRun:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        loop = _Loop(session, port, sources)
        hurrying = []
        if every_s:
            loop.spread(every_s)
        else:
            hurrying = [asyncio.create_task(loop.hurry(n)) for n in range(AT_ONCE)]
        await asyncio.sleep(warm_s)
        runs, cpu_s, began = loop.runs, time.process_time(), time.monotonic()
        await asyncio.sleep(measured_s)
        done = BareRun(loop.runs - runs, time.process_time() - cpu_s, time.monotonic() - began)
        await loop.end()
        for task in hurrying:
            task.cancel()
        await asyncio.gather(*hurrying, return_exceptions=True)
        return done


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_measure(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:]))))))  # noqa: T201 - the answer
