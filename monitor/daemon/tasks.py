"""Eternal tasks: each has a name, none dies silently, all end in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

__all__ = ["Tasks"]

LOG = logging.getLogger(__name__)

RESTART_AFTER_S = 1.0


class Tasks:
    """Runs `work` for ever under a name. One that ends, by a fault or by itself, is counted and started again.

    `restarted(name)` hears of each; `faulty` names those that ended within the last `FAULTY_S`.
    """

    FAULTY_S = 300.0

    def __init__(self, restarted: Callable[[str], None], *, restart_after_s: float = RESTART_AFTER_S) -> None:
        self._restarted = restarted
        self._restart_after_s = restart_after_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._fell: dict[str, float] = {}
        self._closing = False

    def spawn(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Start an eternal task."""
        self._tasks[name] = asyncio.get_running_loop().create_task(self._keep(name, work), name=name)

    @property
    def faulty(self) -> tuple[str, ...]:
        """The tasks that had to be started again lately."""
        now = asyncio.get_running_loop().time()
        return tuple(sorted(name for name, at in self._fell.items() if now - at < self.FAULTY_S))

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
                if self._over():
                    return
                LOG.error("the task %r ended although it is eternal; starting it again", name)
            except asyncio.CancelledError:
                if self._over():
                    raise
                # Something that it awaited was cancelled: without this it would be gone without a word.
                LOG.error("the task %r was cancelled although it is eternal; starting it again", name)  # noqa: TRY400 - a stack adds nothing
            except Exception:
                LOG.exception("the task %r failed; starting it again", name)
            self._fell[name] = asyncio.get_running_loop().time()
            self._restarted(name)
            await asyncio.sleep(self._restart_after_s)

    def _over(self) -> bool:
        return self._closing

    def end(self) -> None:
        """From now on a task may end: none is started again."""
        self._closing = True

    async def close(self, within_s: float) -> list[str]:
        """Cancel all; the names of those that did not end in time."""
        self.end()
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=within_s)
        return [name for name, task in self._tasks.items() if not task.done()]
