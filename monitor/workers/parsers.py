"""The pool that reads mark-up for probes: `interpret`, in a process that may be killed."""

import asyncio
from collections.abc import Mapping
from typing import Any

from monitor.workers.pool import WorkerPool
from monitor.workers.process import Fault, Limits, WorkerFault
from probes.base import Observation, Params, Reading, Reason, Unreadable

__all__ = ["Parsers"]

TARGET = "monitor.workers.interpreting:interpret"
PRELOAD = ("feedparser", "selectolax.lexbor", "re2", "probes.base")
POISON_MAX = 256
POISON_S = 600.0
_OVER_A_LIMIT = frozenset({Fault.HUNG, Fault.MEMORY})


class Parsers:
    """Runs the `interpret` of kinds that read mark-up.

    A document that hung or burst a worker is not given to one again for POISON_S while the same body comes: it would
    take the worker from the others at each run.
    """

    def __init__(self, limits: Limits | None = None, *, size: int = 2, target: str = TARGET) -> None:
        self.pool = WorkerPool(target, limits, size=size, preload=PRELOAD, allow=("probes.base",))
        self._poison: dict[tuple[str, int, int], tuple[float, str]] = {}

    async def interpret(
        self, kind: str, params: Params, observation: Observation, memory: Mapping[str, Any]
    ) -> Reading:
        """What `kind` reads in `observation`; raises Unreadable, also when the worker gave no reading."""
        poison = (kind, len(observation.body), hash(observation.body))
        now = asyncio.get_running_loop().time()
        until, known = self._poison.get(poison, (0.0, ""))
        if until > now:
            raise Unreadable(known, Reason.LIMIT)
        try:
            reading = await self.pool.run(kind, params, observation, dict(memory))
        except WorkerFault as fault:
            reason = Reason.LIMIT if fault.fault in _OVER_A_LIMIT else Reason.INTERNAL
            text = f"reading the answer failed: {fault}"
            if fault.fault in _OVER_A_LIMIT:
                self._poison.pop(poison, None)
                while len(self._poison) >= POISON_MAX:
                    del self._poison[next(iter(self._poison))]
                self._poison[poison] = (now + POISON_S, f"{text}; the same answer is not read again for a while")
            raise Unreadable(text, reason) from None
        if not isinstance(reading, Reading):
            raise Unreadable("reading the answer failed: the worker answered nonsense", Reason.INTERNAL)
        return reading

    async def close(self) -> None:
        """Kill the workers."""
        await self.pool.close()
