"""Several workers behind one door: started when needed, replaced when worn, and not tried again and again in vain."""

import asyncio
from collections import Counter, deque
from contextlib import suppress
from typing import Any

from monitor.workers.process import Fault, Limits, Process, WorkerFault

__all__ = ["WorkerPool"]

QUEUE_MAX = 1_000
SPARE_AFTER_S = 0.4  # a job that waits so long behind a slow one gets a worker of its own
SPARE_IDLE_S = 30.0  # and that one goes when it was not needed for so long
BREAK_AFTER = 5  # faults in a row that speak against the workers rather than against one job
BREAK_S = 30.0
_OURS = frozenset({Fault.DIED, Fault.GARBAGE, Fault.START})


class WorkerPool:
    """Runs `target` (``package.module:function``) in at most `size` workers; see process.Process for the rest.

    One worker is started with the first job and kept; more only while jobs wait. After BREAK_AFTER faults in a row
    nothing is tried for BREAK_S, then one job is. `faults` counts by Fault, `started` the processes, for metrics.
    """

    def __init__(
        self,
        target: str,
        limits: Limits | None = None,
        *,
        size: int = 2,
        preload: tuple[str, ...] = (),
        allow: tuple[str, ...] = (),
    ) -> None:
        self._recipe = (target, limits or Limits(), preload, allow)
        self._size = size
        self._idle: list[tuple[Process, float]] = []  # the one used last stands last
        self._all: set[Process] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._starting = 0
        self._in_a_row = 0
        self._broken_until = 0.0
        self._thinning: asyncio.Task[None] | None = None
        self._closed = False
        self.started = 0
        self.faults: Counter[Fault] = Counter()

    @property
    def alive(self) -> int:
        """Worker processes that stand."""
        return len(self._all)

    @property
    def pids(self) -> tuple[int, ...]:
        """Their process ids."""
        return tuple(sorted(p.pid for p in self._all))

    async def run(self, *arguments: Any) -> Any:  # noqa: ANN401 - as the target takes and gives it
        """What the target returns for these arguments.

        Raises what the target raised, if it is of an allowed module, else WorkerFault.
        """
        try:
            worker = await self._take()
        except WorkerFault as fault:
            self._count(fault.fault)
            raise
        try:
            result = await worker.call(arguments)
        except WorkerFault as fault:
            self._count(fault.fault)
            await self._give_back(worker, dead=fault.fault is not Fault.FAILED)
            raise
        except Exception:  # the target's own word: it did its work
            self._in_a_row = 0
            await self._give_back(worker)
            raise
        except BaseException:
            self._discard(worker)
            raise
        self._in_a_row = 0
        await self._give_back(worker)
        return result

    async def close(self) -> None:
        """Kill all workers; jobs under way end with a WorkerFault."""
        self._closed = True
        if self._thinning is not None:
            self._thinning.cancel()
            with suppress(asyncio.CancelledError):
                await self._thinning
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
        await asyncio.gather(*(worker.kill() for worker in list(self._all)))
        self._all.clear()
        self._idle.clear()

    def _count(self, fault: Fault) -> None:
        self.faults[fault] += 1
        if fault not in _OURS:
            return
        self._in_a_row += 1
        if self._in_a_row >= BREAK_AFTER:
            self._broken_until = asyncio.get_running_loop().time() + BREAK_S

    def _refusal(self) -> str:
        if self._closed:
            return "it was not tried: we are shutting down"
        left = self._broken_until - asyncio.get_running_loop().time()
        if left > 0:
            return f"it was not tried: worker processes fail one after the other; the next try is in {left:.0f} s"
        if len(self._waiting) >= QUEUE_MAX:
            return f"it was not tried: {QUEUE_MAX} jobs wait already"
        return ""

    async def _take(self) -> Process:
        """An idle worker, or a new one where there may be one more; else wait for either."""
        patience = SPARE_AFTER_S
        while True:
            if refusal := self._refusal():
                self._wake()  # whoever waits behind us learns it too
                raise WorkerFault(refusal, Fault.REFUSED)
            if self._idle:
                return self._idle.pop()[0]
            count = len(self._all) + self._starting
            if count == 0 or (patience <= 0.0 and count < self._size):
                return await self._start()
            patience = await self._wait(patience if patience > 0.0 else None)

    async def _wait(self, patience: float | None) -> float:
        """Wait until a worker is given back or `patience` is over; what is left of it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        turn = loop.create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(patience):
                await turn
        except TimeoutError:
            return 0.0
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake()  # it was our turn: let the next have it
            raise
        finally:
            with suppress(ValueError):
                self._waiting.remove(turn)
        return max(0.0, patience - (loop.time() - began)) if patience else 0.0

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def _start(self) -> Process:
        self._starting += 1
        self.started += 1
        worker = Process(*self._recipe)
        try:
            await worker.start()
            self._all.add(worker)
        except BaseException:
            self._wake()
            raise
        finally:
            self._starting -= 1
        if self._closed:
            await worker.kill()
            raise WorkerFault("it was not tried: we are shutting down", Fault.REFUSED)
        return worker

    def _discard(self, worker: Process) -> None:
        self._all.discard(worker)
        self._wake()

    async def _give_back(self, worker: Process, *, dead: bool = False) -> None:
        if dead or self._closed or worker.worn:
            self._discard(worker)
            await worker.kill()
            return
        self._idle.append((worker, asyncio.get_running_loop().time()))
        self._wake()
        if len(self._all) > 1 and (self._thinning is None or self._thinning.done()):
            self._thinning = asyncio.create_task(self._thin(), name="workers-thin")

    async def _thin(self) -> None:
        """Send the spare workers home."""
        loop = asyncio.get_running_loop()
        while len(self._all) > 1:
            await asyncio.sleep(SPARE_IDLE_S / 4)
            if self._idle and len(self._all) > 1 and loop.time() - self._idle[0][1] > SPARE_IDLE_S:
                worker, _ = self._idle.pop(0)
                self._all.discard(worker)
                await worker.kill()
