"""The house's clock: wall clock at the start plus monotonic time since; no step of the wall clock moves a timer."""

import time
from datetime import UTC, datetime, timedelta

__all__ = ["WallClock"]


class WallClock:
    """`now` never goes back. `jump` says how far the machine's wall clock has gone from it meanwhile."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC)
        self._origin_s = time.monotonic()

    def now(self) -> datetime:
        """Aware UTC."""
        return self._started + timedelta(seconds=time.monotonic() - self._origin_s)

    def jump(self) -> timedelta:
        """How far the wall clock is ahead of us; negative when it is behind."""
        return datetime.now(UTC) - self.now()
