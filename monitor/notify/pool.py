"""Killable notifier processes: the real sender.

Apprise and requests never run in the daemon. One worker process serves all destinations, a thread each. A thread that
is stuck past its deadline cannot be ended, so its process is replaced: a fresh one is started, the old one serves the
other destinations until that is ready, then finishes what it has and is killed.
"""

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from monitor.core.model import SendOutcome
from monitor.notify.contacts import surface_fault
from monitor.notify.model import Envelope, Sent

__all__ = ["WorkerSender", "check_contacts"]

LOG = logging.getLogger("vigie.notify")
START_S_MAX = 20.0
ATTEMPT_S_MAX = 18.0
"""Between the worker's own limits (connect 5 s + answer 10 s + body 2 s) and the dispatcher's deadline of 30 s."""

RETIRE_S_MAX = 20.0
RETIRED_MAX = 4
CLOSE_S_MAX = 1.0
CHECK_S_MAX = 30.0
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
_COMMAND = (sys.executable, "-m", "monitor.notify.worker")
_ENVELOPE = TypeAdapter(Envelope)
_SENT = TypeAdapter(Sent)


def _environment() -> dict[str, str]:
    """Return what a worker needs of ours: no secrets of other parts, no netrc, few memory arenas under its limit."""
    home = str(Path(__file__).resolve().parents[2])
    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return inherited | {"PYTHONPATH": home, "NETRC": os.devnull, "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"}


@dataclass(slots=True)
class _Owed:
    """A job whose answer is awaited. `out`: its message may have left."""

    number: int
    answer: asyncio.Future[dict[str, Any]]
    out: bool = False


class _Worker:
    """One process and the answers it owes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._owed: dict[int, _Owed] = {}
        self._number = 0
        self._reader: asyncio.Task[None] | None = None
        self.idle = asyncio.Event()
        self.idle.set()
        self.alive = True
        self.stuck: set[str] = set()  # lanes whose thread may hang

    @classmethod
    async def start(cls) -> "_Worker":
        """Start a process and wait until it is ready; raises OSError or TimeoutError."""
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
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

    def give(self, job: dict[str, Any]) -> "_Owed":
        """Give a job; its answer comes into what is returned, which must be handed back to `done`."""
        self._number += 1
        owed = self._owed[self._number] = _Owed(self._number, asyncio.get_running_loop().create_future())
        self.idle.clear()
        stdin = self._process.stdin
        assert stdin is not None
        # Not drained: what waits here is at most one message per destination, and a full pipe must not hold the caller.
        stdin.write(json.dumps(job | {"id": owed.number}, separators=(",", ":")).encode() + b"\n")
        return owed

    def done(self, owed: "_Owed") -> None:
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


class WorkerSender:
    """Sends through notifier processes. `contacts`: destination id -> URL (secret: never logged or returned)."""

    def __init__(self, contacts: Mapping[str, str], *, attempt_s: float = ATTEMPT_S_MAX) -> None:
        self._contacts = dict(contacts)
        self._attempt_s = attempt_s
        self._worker: _Worker | None = None
        self._fresh: asyncio.Task[_Worker] | None = None
        self._retired: dict[asyncio.Task[None], _Worker] = {}
        self._closed = False
        self.replaced = 0  # processes that another had to take over from, for metrics

    def __repr__(self) -> str:
        return f"WorkerSender({len(self._contacts)} contacts)"

    def set_contacts(self, contacts: Mapping[str, str]) -> None:
        """Take a new configuration; sends under way go on with what they have."""
        self._contacts = dict(contacts)

    async def start(self) -> None:
        """Start a process ahead of the first send, which is then some 0.5 s faster. A failure here is only logged."""
        try:
            await self._ready("")
        except (OSError, TimeoutError, ValueError) as fault:
            LOG.warning("no notifier process could be started yet: %s", type(fault).__name__)

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """Send once; see `Sender`."""
        contact = self._contacts.get(destination_id)
        if contact is None:
            return Sent(SendOutcome.REJECTED, "this contact is no longer configured")
        if self._closed:
            return Sent(SendOutcome.RETRY, "the notifier is closing")
        try:
            worker = await self._ready(destination_id)
        except (OSError, TimeoutError, ValueError) as fault:
            return Sent(SendOutcome.RETRY, f"no notifier process could be started: {type(fault).__name__}")
        words = _ENVELOPE.dump_python(envelope, mode="json")
        owed = worker.give({"op": "send", "lane": destination_id, "contact": contact, "envelope": words})
        try:
            async with asyncio.timeout(self._attempt_s):
                return _SENT.validate_python((await owed.answer)["sent"])
        except (TimeoutError, ConnectionError) as fault:
            worker.stuck.add(destination_id)
            self._replace(worker)
            slow = isinstance(fault, TimeoutError)
            why = f"no end within {self._attempt_s:g} s" if slow else "the notifier process ended"
            return Sent(SendOutcome.UNKNOWN if owed.out else SendOutcome.RETRY, why)
        except asyncio.CancelledError:
            worker.stuck.add(destination_id)
            raise
        finally:
            worker.done(owed)

    async def check(self, contacts: Mapping[str, str]) -> dict[str, str]:
        """Return a fault per contact id, for those that have one; nothing is sent. Raises OSError or TimeoutError."""
        faults = {name: fault for name, contact in contacts.items() if (fault := surface_fault(contact))}
        worker = await self._ready("check")
        async with asyncio.timeout(CHECK_S_MAX):
            for name, contact in contacts.items():
                if name in faults:
                    continue
                owed = worker.give({"op": "check", "lane": "check", "contact": contact})
                try:
                    fault = (await owed.answer)["fault"]
                finally:
                    worker.done(owed)
                faults |= {name: fault} if fault else {}
        return faults

    async def close(self) -> None:
        """Kill every process; sends under way end as cut off. Takes a second or two at most."""
        self._closed = True
        if self._fresh is not None:
            self._fresh.cancel()
            await asyncio.wait({self._fresh}, timeout=CLOSE_S_MAX)
        workers = [*self._retired.values(), *([self._worker] if self._worker else [])]
        tasks = list(self._retired)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(worker.kill() for worker in workers), return_exceptions=True)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._worker = None

    async def _ready(self, lane: str) -> _Worker:
        """Return a process in which this lane's thread is free, starting one if there is none."""
        worker = self._worker
        if worker is not None and worker.alive and lane not in worker.stuck:
            return worker
        return await asyncio.shield(self._renew())

    def _replace(self, worker: _Worker) -> None:
        """Have a fresh process take over from one with a stuck thread; the old one serves the others until then."""
        if worker is self._worker and not self._closed:
            self._renew()

    def _renew(self) -> "asyncio.Task[_Worker]":
        if self._fresh is None:
            self._fresh = asyncio.create_task(self._take_over(), name="start notifier")
            self._fresh.add_done_callback(self._renewed)
        return self._fresh

    def _renewed(self, task: "asyncio.Task[_Worker]") -> None:
        self._fresh = None
        if not task.cancelled() and (fault := task.exception()) is not None:
            LOG.warning("a notifier process could not be started: %s", type(fault).__name__)

    async def _take_over(self) -> _Worker:
        fresh = await _Worker.start()
        old, self._worker = self._worker, fresh
        if old is not None:
            self.replaced += 1
            patience_s = RETIRE_S_MAX if len(self._retired) < RETIRED_MAX else 0.0
            task = asyncio.create_task(_finish(old, patience_s), name="retire notifier")
            self._retired[task] = old
            task.add_done_callback(lambda done: self._retired.pop(done, None))
        return fresh


async def _finish(worker: _Worker, patience_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await worker.idle.wait()
    await worker.kill()


def check_contacts(contacts: Mapping[str, str]) -> dict[str, str]:
    """Return a fault per contact id, for those that have one; for a command line: blocks for about a second.

    Runs in a worker process of its own; nothing is sent. Raises OSError when no process can be started.
    """
    faults = {name: fault for name, contact in contacts.items() if (fault := surface_fault(contact))}
    asked = [name for name in contacts if name not in faults]
    if not asked:
        return faults
    jobs = (json.dumps({"op": "check", "id": number, "contact": contacts[name]}) for number, name in enumerate(asked))
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(), text=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(job + "\n" for job in jobs))
        process.stdin.flush()
        if not process.stdout.readline():
            raise OSError("the notifier process ended at its start")
        for _ in asked:
            answer = json.loads(process.stdout.readline())
            if answer["fault"]:
                faults[asked[answer["id"]]] = answer["fault"]
    return faults
