"""The pulse: how late the event loop is, measured and shown, and two dogs that watch it.

One is the lag, which the web and the dead-man's switch ask for; the other is `faulthandler`, which each beat re-arms,
and which ends the process with a stack when the loop stands still.
"""

import asyncio
import faulthandler
import logging
from datetime import timedelta

from monitor.daemon.clock import WallClock
from monitor.metrics import Metrics

__all__ = ["Pulse"]

LOG = logging.getLogger(__name__)

BEAT_S = 0.5
LAG_ALIVE_S_MAX = 10.0
LAG_LOGGED_S = 1.0
STUCK_S_MAX = 30.0
JUMP_MIN = timedelta(seconds=5)


class Pulse:
    """`run` beats for ever; `jumped`: somebody moved the machine's clock since the start."""

    def __init__(self, clock: WallClock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._last_s = 0.0
        self.jumped = False

    @property
    def alive(self) -> bool:
        """Whether the loop beat lately."""
        return asyncio.get_running_loop().time() - self._last_s < LAG_ALIVE_S_MAX

    async def run(self) -> None:
        """Beat."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            faulthandler.dump_traceback_later(STUCK_S_MAX, exit=True)
            await asyncio.sleep(BEAT_S)
            lag_s = max(0.0, loop.time() - due)
            self._metrics.lag(lag_s)
            if lag_s > LAG_LOGGED_S:
                LOG.warning("the event loop stood still for %.1f s", lag_s)
            self._last_s = loop.time()
            self._look_at_the_clock()

    def _look_at_the_clock(self) -> None:
        jumped = abs(self._clock.jump()) > JUMP_MIN
        if jumped and not self.jumped:
            LOG.warning("the machine's clock was moved by %s; timers are not touched", self._clock.jump())
        self.jumped = jumped
