"""The real sender: notifier processes.

Apprise and requests never run in the daemon. One process serves all destinations, a thread each. A thread that is stuck
past its deadline cannot be ended, so its process is replaced: a fresh one is started, the old one serves the other
destinations until that is ready, then finishes what it has and is killed. Destinations that were slow last time are
served by a second process of the same kind, so that fifty which hang and are tried again cost the others nothing.
"""

import asyncio
import json
import logging
import subprocess
from collections.abc import Mapping

from pydantic import TypeAdapter

from monitor.core.model import SendOutcome
from monitor.notify.contacts import surface_fault
from monitor.notify.model import Envelope, Sent
from monitor.notify.notifier import CLOSE_S_MAX, COMMAND, Notifier, environment, finish

__all__ = ["WorkerSender", "check_contacts"]

LOG = logging.getLogger("vigie.notify")
ATTEMPT_S_MAX = 18.0
"""Between the worker's own limits (connect 5 s + answer 10 s + body 2 s) and the dispatcher's deadline of 30 s."""

SLOW_S = 3.0
REST_S = 300.0
"""The process for slow destinations ends when there has been none for so long."""

RETIRE_S_MAX = 20.0
RETIRED_MAX = 4
CHECK_S_MAX = 30.0
_ENVELOPE = TypeAdapter(Envelope)
_SENT = TypeAdapter(Sent)


class _Shift:
    """The process that serves now, if any, and those before it that still finish what they have."""

    def __init__(self) -> None:
        self._now: Notifier | None = None
        self._fresh: asyncio.Task[Notifier] | None = None
        self._retired: dict[asyncio.Task[None], Notifier] = {}
        self._closed = False
        self.replaced = 0

    async def ready(self, lane: str) -> Notifier:
        """Return a process in which this lane's thread is free, starting one if there is none.

        Raises OSError, TimeoutError or ValueError when none can be started.
        """
        now = self._now
        if now is not None and now.alive and lane not in now.stuck:
            return now
        return await asyncio.shield(self._renew())

    def replace(self, notifier: Notifier) -> None:
        """Have a fresh process take over from one with a stuck thread; the old one serves the others until then."""
        if notifier is self._now and not self._closed:
            self._renew()

    def rest(self) -> None:
        """Let the process end once it has answered all; the next job starts another."""
        if self._now is not None:
            self._retire(self._now)
            self._now = None

    async def close(self) -> None:
        """Kill every process."""
        self._closed = True
        if self._fresh is not None:
            self._fresh.cancel()
            await asyncio.wait({self._fresh}, timeout=CLOSE_S_MAX)
        notifiers = [*self._retired.values(), *([self._now] if self._now else [])]
        tasks = list(self._retired)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(notifier.kill() for notifier in notifiers), return_exceptions=True)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._now = None

    def _renew(self) -> "asyncio.Task[Notifier]":
        if self._fresh is None:
            self._fresh = asyncio.create_task(self._take_over(), name="start notifier")
            self._fresh.add_done_callback(self._renewed)
        return self._fresh

    def _renewed(self, task: "asyncio.Task[Notifier]") -> None:
        self._fresh = None
        if not task.cancelled() and (fault := task.exception()) is not None:
            LOG.warning("a notifier process could not be started: %s", type(fault).__name__)

    async def _take_over(self) -> Notifier:
        fresh = await Notifier.start()
        old, self._now = self._now, fresh
        if old is not None:
            self.replaced += 1
            self._retire(old)
        return fresh

    def _retire(self, old: Notifier) -> None:
        patience_s = RETIRE_S_MAX if len(self._retired) < RETIRED_MAX else 0.0
        task = asyncio.create_task(finish(old, patience_s), name="retire notifier")
        self._retired[task] = old
        task.add_done_callback(lambda done: self._retired.pop(done, None))


class WorkerSender:
    """Sends through notifier processes. `contacts`: destination id -> URL (secret: never logged or returned).

    `attempt_s`: patience with one try; `slow_s`: who needed so long last time is served apart from the others.
    """

    def __init__(
        self, contacts: Mapping[str, str], *, attempt_s: float = ATTEMPT_S_MAX, slow_s: float = SLOW_S
    ) -> None:
        self._contacts = dict(contacts)
        self._attempt_s = attempt_s
        self._slow_s = slow_s
        self._quick = _Shift()
        self._patient = _Shift()
        self._slow: set[str] = set()  # destinations
        self._resting: asyncio.TimerHandle | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"WorkerSender({len(self._contacts)} contacts)"

    @property
    def replaced(self) -> int:
        """How many processes another had to take over from, for metrics."""
        return self._quick.replaced + self._patient.replaced

    def set_contacts(self, contacts: Mapping[str, str]) -> None:
        """Take a new configuration; sends under way go on with what they have."""
        self._contacts = dict(contacts)
        self._slow &= self._contacts.keys()

    async def start(self) -> None:
        """Start a process ahead of the first send, which is then some 0.5 s faster. A failure here is only logged."""
        try:
            await self._quick.ready("")
        except (OSError, TimeoutError, ValueError) as fault:
            LOG.warning("no notifier process could be started yet: %s", type(fault).__name__)

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """Send once; see `Sender`."""
        contact = self._contacts.get(destination_id)
        if contact is None:
            return Sent(SendOutcome.REJECTED, "this contact is no longer configured")
        if self._closed:
            return Sent(SendOutcome.RETRY, "the notifier is closing")
        shift = self._patient if destination_id in self._slow else self._quick
        try:
            notifier = await shift.ready(destination_id)
        except (OSError, TimeoutError, ValueError) as fault:
            self._slow.discard(destination_id)  # where there is no room for a second process, the first one serves all
            return Sent(SendOutcome.RETRY, f"no notifier process could be started: {type(fault).__name__}")
        began_s = asyncio.get_running_loop().time()
        try:
            return await self._give(shift, notifier, destination_id, contact, envelope)
        finally:
            self._judge(destination_id, asyncio.get_running_loop().time() - began_s)

    async def _give(self, shift: _Shift, notifier: Notifier, lane: str, contact: str, envelope: Envelope) -> Sent:
        words = _ENVELOPE.dump_python(envelope, mode="json")
        owed = notifier.give({"op": "send", "lane": lane, "contact": contact, "envelope": words})
        try:
            async with asyncio.timeout(self._attempt_s):
                return _SENT.validate_python((await owed.answer)["sent"])
        except (TimeoutError, ConnectionError) as fault:
            notifier.stuck.add(lane)
            shift.replace(notifier)
            slow = isinstance(fault, TimeoutError)
            why = f"no end within {self._attempt_s:g} s" if slow else "the notifier process ended"
            return Sent(SendOutcome.UNKNOWN if owed.out else SendOutcome.RETRY, why)
        except asyncio.CancelledError:
            notifier.stuck.add(lane)
            raise
        finally:
            notifier.done(owed)

    def _judge(self, destination: str, took_s: float) -> None:
        """Remember who is slow. When nobody is any more, their process has had its use."""
        if took_s >= self._slow_s:
            self._slow.add(destination)
        else:
            self._slow.discard(destination)
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        if not self._slow and not self._closed:
            self._resting = asyncio.get_running_loop().call_later(REST_S, self._patient.rest)

    async def check(self, contacts: Mapping[str, str]) -> dict[str, str]:
        """Return a fault per contact id, for those that have one; nothing is sent. Raises OSError or TimeoutError."""
        faults = {name: fault for name, contact in contacts.items() if (fault := surface_fault(contact))}
        notifier = await self._quick.ready("check")
        async with asyncio.timeout(CHECK_S_MAX):
            for name, contact in contacts.items():
                if name in faults:
                    continue
                owed = notifier.give({"op": "check", "lane": "check", "contact": contact})
                try:
                    fault = (await owed.answer)["fault"]
                finally:
                    notifier.done(owed)
                faults |= {name: fault} if fault else {}
        return faults

    async def close(self) -> None:
        """Kill every process; sends under way end as cut off. Takes a second or two at most."""
        self._closed = True
        if self._resting is not None:
            self._resting.cancel()
        await asyncio.gather(self._quick.close(), self._patient.close())


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
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True
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
