"""An event loop whose time jumps: nothing waits, everything happens in order. A day of 50 probes takes seconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["START", "Clock", "run"]

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
_T = TypeVar("_T")


class _Jump(selectors.SelectSelector):
    """Instead of waiting for the outside, moves the time to the next timer."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "the story stands still: nothing is due and nothing is awaited"
        self.loop.jumped += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`jumped`: seconds since the story began."""

    def __init__(self) -> None:
        selector = _Jump()
        selector.loop = self
        self.jumped = 0.0
        super().__init__(selector)

    def time(self) -> float:
        return self.jumped

    def _write_to_self(self) -> None:
        """Nobody waits at the other end."""


class Clock:
    """The house's clock on the story's time."""

    def now(self) -> datetime:
        """START plus the loop's time."""
        return START + timedelta(seconds=asyncio.get_running_loop().time())


def run(story: Coroutine[Any, Any, _T]) -> _T:
    """Play a story to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
