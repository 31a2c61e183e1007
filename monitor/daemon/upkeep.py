"""Keeping the store: freshness written down now and then, the outbox gauged, what is over pruned."""

import asyncio
from collections.abc import Callable, Mapping

from monitor.daemon.clock import WallClock
from monitor.engine import Engine
from monitor.metrics import Metrics, Suppressed
from monitor.settings import Settings
from monitor.store import OutboxState, OutboxStats, Retention, Store, Writer

__all__ = ["Upkeep"]

FRESHNESS_EVERY_S = 30.0
FRESHNESS_ROWS_MAX = 50
FRESHNESS_PAUSE_S = 0.25
OUTBOX_EVERY_S = 5.0
PRUNE_EVERY_S = 60.0


class Upkeep:
    """Three eternal works. `faults()`: how many workers of each pool had to be replaced, by the pool's name.

    `oldest_s`: for how long the oldest unsent message should have been sent.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        engine: Engine,
        metrics: Metrics,
        clock: WallClock,
        settings: Callable[[], Settings],
        faults: Callable[[], Mapping[str, int]],
    ) -> None:
        self._store = store
        self._writer = writer
        self._engine = engine
        self._metrics = metrics
        self._clock = clock
        self._settings = settings
        self._faults = faults
        self._superseded = self._stats_now().counts[OutboxState.SUPERSEDED]  # as last counted
        self._replaced: dict[str, int] = {}
        self.oldest_s = 0.0

    async def freshness(self) -> None:
        """A few rows at a time: the writer's thread and the loop share one interpreter, which many would hold."""
        while True:
            await asyncio.sleep(FRESHNESS_EVERY_S)
            left = self._engine.keep_freshness(FRESHNESS_ROWS_MAX)
            for _ in range(left // FRESHNESS_ROWS_MAX):
                await asyncio.sleep(FRESHNESS_PAUSE_S)
                self._engine.keep_freshness(FRESHNESS_ROWS_MAX)

    async def gauge(self) -> None:
        """Show what waits in the outbox, and what the pools lost."""
        while True:
            await asyncio.sleep(OUTBOX_EVERY_S)
            if self._store.degraded:  # as soon as there is room again, all is kept again
                await asyncio.wrap_future(self._writer.call(lambda store: store.refill()))
            self.show(await asyncio.wrap_future(self._writer.call(lambda store: store.outbox_stats())))

    async def prune(self) -> None:
        """Let go of what is over, when it has been kept as long as configured."""
        while True:
            await asyncio.sleep(PRUNE_EVERY_S)
            keep = self._settings().retention
            retention = Retention(
                decisions=keep.decisions,
                incidents=keep.incidents,
                deliveries=keep.decisions,
                observations=keep.observations,
            )
            now = self._clock.now()
            await asyncio.wrap_future(self._writer.call(lambda store: store.prune(now, retention)))  # noqa: B023 - awaited here

    def _stats_now(self) -> OutboxStats:
        return self._writer.call(lambda store: store.outbox_stats()).result()

    def show(self, stats: OutboxStats) -> None:
        """Show how the outbox is. What waits for a digest is not late."""
        oldest = stats.oldest_unsent
        self.oldest_s = max(0.0, (self._clock.now() - oldest).total_seconds()) if oldest else 0.0
        self._metrics.outbox({state.value: n for state, n in stats.counts.items()}, self.oldest_s)
        superseded = stats.counts[OutboxState.SUPERSEDED]
        for _ in range(superseded - self._superseded):
            self._metrics.suppressed(Suppressed.SUPERSEDED)
        self._superseded = superseded
        for pool, count in self._faults().items():
            for _ in range(count - self._replaced.get(pool, 0)):
                self._metrics.worker_restarted(pool)
            self._replaced[pool] = count
