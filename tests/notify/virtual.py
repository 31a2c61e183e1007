"""A loop whose time jumps to the next timer, and the clock that goes with it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, moves the loop's time."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is not None and timeout > 0:
            self._jump(timeout)
        return list(ready)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual seconds; `now` is START plus its time."""

    def __init__(self) -> None:
        self.at_s = 0.0
        super().__init__(_JumpingSelector(self._jump))

    def _jump(self, seconds: float) -> None:
        self.at_s += seconds

    def time(self) -> float:
        return self.at_s

    def now(self) -> datetime:
        return START + timedelta(seconds=self.at_s)


def play(story: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a story on a fresh virtual loop."""
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(story(loop))
