"""One killable notifier process, seen from the daemon: jobs go in, answers come back, and it can be ended at any time.

What runs inside stands in `worker`.
"""

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["COMMAND", "Notifier", "Owed", "environment", "finish"]

LOG = logging.getLogger("vigie.notify")
START_S_MAX = 20.0
CLOSE_S_MAX = 1.0
LINE_BYTES_MAX = 2**20
_PASSED_ON = (
    *(
        "PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
)
COMMAND = (sys.executable, "-m", "monitor.notify.worker")


def environment() -> dict[str, str]:
    """Return what a worker needs of ours: no secrets of other parts, no netrc, few memory arenas under its limit."""
    home = str(Path(__file__).resolve().parents[2])
    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return inherited | {"PYTHONPATH": home, "NETRC": os.devnull, "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"}


@dataclass(slots=True)
class Owed:
    """A job whose answer is awaited. `out`: its message may have left."""

    number: int
    answer: asyncio.Future[dict[str, Any]]
    out: bool = False


class Notifier:
    """One process and the answers it owes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._owed: dict[int, Owed] = {}
        self._number = 0
        self._reader: asyncio.Task[None] | None = None
        self.idle = asyncio.Event()
        self.idle.set()
        self.alive = True
        self.stuck: set[str] = set()  # lanes whose thread may hang

    @classmethod
    async def start(cls) -> "Notifier":
        """Start a process and wait until it is ready; raises OSError or TimeoutError."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            limit=LINE_BYTES_MAX,
            start_new_session=True,  # Ctrl-C on the terminal is the daemon's to handle
        )
        worker = cls(process)
        try:
            async with asyncio.timeout(START_S_MAX):
                ready = await worker._line()
        except BaseException:
            await worker.kill()
            raise
        if not ready:
            await worker.kill()
            raise OSError("the notifier process ended at its start")
        worker._reader = asyncio.create_task(worker._read(), name="notifier answers")
        return worker

    def give(self, job: dict[str, Any]) -> "Owed":
        """Give a job; its answer comes into what is returned, which must be handed back to `done`."""
        self._number += 1
        owed = self._owed[self._number] = Owed(self._number, asyncio.get_running_loop().create_future())
        self.idle.clear()
        stdin = self._process.stdin
        assert stdin is not None
        # Not drained: what waits here is at most one message per destination, and a full pipe must not hold the caller.
        stdin.write(json.dumps(job | {"id": owed.number}, separators=(",", ":")).encode() + b"\n")
        return owed

    def done(self, owed: "Owed") -> None:
        """Forget a job, answered or not."""
        self._owed.pop(owed.number, None)
        if owed.answer.done() and not owed.answer.cancelled():
            owed.answer.exception()  # looked at: an answer that nobody waited for is no fault
        if not self._owed:
            self.idle.set()

    async def _line(self) -> dict[str, Any] | None:
        stdout = self._process.stdout
        assert stdout is not None
        line = await stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    async def _read(self) -> None:
        """Hand each answer to who waits for it; when the process ends, tell all."""
        try:
            while (answer := await self._line()) is not None:
                owed = self._owed.get(answer["id"])
                if owed is None:
                    continue  # it came after its deadline
                if answer.get("out"):
                    owed.out = True
                elif not owed.answer.done():
                    owed.answer.set_result(answer)
        except (OSError, ValueError) as fault:
            LOG.warning("a notifier process spoke nonsense: %s", type(fault).__name__)
        finally:
            self.alive = False
            for owed in self._owed.values():
                if not owed.answer.done():
                    owed.answer.set_exception(BrokenPipeError("the notifier process ended"))

    async def kill(self) -> None:
        """End the process now and let nothing of it remain."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=CLOSE_S_MAX)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._process.wait()
        await asyncio.sleep(0)  # the pipes' transports close on the next turn of the loop


async def finish(worker: Notifier, patience_s: float) -> None:
    """End a process once it has answered all, or when the patience ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await worker.idle.wait()
    await worker.kill()
