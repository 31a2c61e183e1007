"""What the daemon does besides looking and telling: the heartbeat to a dead-man's switch, calendars from elsewhere, and
the auditor of calls to people.
"""

import asyncio
import logging
from collections.abc import Callable

from monitor.core.audit import Overdue, overdue
from monitor.daemon.calendars import Importer, calendars_of
from monitor.daemon.clock import WallClock
from monitor.daemon.heartbeat import Heartbeat, own_policy
from monitor.engine import Engine
from monitor.fetch import Fetcher, FetchPolicy
from monitor.metrics import Metrics
from monitor.settings import Settings
from monitor.workers import Calendars

__all__ = ["Outposts"]

LOG = logging.getLogger(__name__)

AUDIT_EVERY_S = 30.0


class Outposts:
    """Belongs to one life of the daemon. `healthy`: empty while all is well with us, else why not."""

    def __init__(  # noqa: PLR0913 - each is a neighbour
        self,
        engine: Engine,
        fetcher: Fetcher,
        policy: FetchPolicy,
        calendars: Calendars,
        metrics: Metrics,
        clock: WallClock,
        *,
        healthy: Callable[[], str],
        redact: Callable[[str], str],
    ) -> None:
        self._engine = engine
        self._metrics = metrics
        self._clock = clock
        self._door = Fetcher(own_policy(policy), clock.now)
        self.heartbeat = Heartbeat(self._door, healthy, metrics.heartbeat, redact)
        self.importer = Importer(fetcher, calendars.read_calendar, engine.put, clock.now, redact=redact)
        self._late: tuple[Overdue, ...] = ()

    async def start(self, settings: Settings) -> None:
        """Open the heartbeat's door and take the first configuration."""
        await self._door.start()
        self.set(settings)

    async def close(self) -> None:
        """Close the door."""
        await self._door.close()

    def set(self, settings: Settings) -> None:
        """Take a configuration."""
        self.importer.set(calendars_of(settings))
        beat = settings.heartbeat
        if beat is None:
            self.heartbeat.set(None)
        else:
            self.heartbeat.set(beat.url, beat.every)

    @property
    def warnings(self) -> list[str]:
        """What people must know, in sentences."""
        said = [f"Calls to people are late: {len(self._late)}. Tell IT."] if self._late else []
        return (
            [*said, f"{self.heartbeat.fault[:1].upper()}{self.heartbeat.fault[1:]}."] if self.heartbeat.fault else said
        )

    async def audit(self) -> None:
        """Look, for ever, for calls that should have been made; what the mind forgot, it is asked again."""
        while True:
            await asyncio.sleep(AUDIT_EVERY_S)
            self._late = overdue(self._engine.shown, self._engine.rules, self._clock.now())
            self._metrics.overdue(len(self._late))
            for each in self._late:
                LOG.error("incident %s: a call by route %s is due since %s", each.incident, each.route, each.due)
            if self._late:
                self._engine.tick()
