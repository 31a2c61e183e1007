"""The house as the web sees it: what is committed, what is kept, and the few acts that it may ask for."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from monitor.core.links import Claim
from monitor.core.model import Answer, Decision, Event, Incident, Rules, State
from monitor.metrics import Metrics
from monitor.store import Delivery, OverrideRow, SilenceRow, StoredObservation, StoreReader
from monitor.web import Changes, Sent

__all__ = ["Acts", "DaemonHouse", "Vitals"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the daemon is: read anew at every question."""

    state: Callable[[], State]
    rules: Callable[[], Rules]
    warnings: Callable[[], Sequence[str]]
    now: Callable[[], datetime]
    alive: Callable[[], bool]
    ready: Callable[[], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Acts:
    """What may be asked of the daemon."""

    notify_test: Callable[[str | None], Awaitable[Sequence[Sent]]]
    reload: Callable[[], Awaitable[None]]
    act: Callable[[Event], Awaitable[Answer]]
    read_link: Callable[[str], Claim]


class DaemonHouse:
    """`monitor.web.House` over a running daemon. `readers`: a thread of its own for questions to the store."""

    def __init__(
        self,
        vitals: Vitals,
        reader: StoreReader,
        readers: Executor,
        metrics: Metrics,
        changed: Changes,
        *,
        version: str,
        acts: Acts,
    ) -> None:
        self._vitals = vitals
        self._reader = reader
        self._readers = readers
        self._metrics = metrics
        self._acts = acts
        self.changed = changed
        self.version = version

    @property
    def state(self) -> State:
        """What is committed."""
        return self._vitals.state()

    @property
    def rules(self) -> Rules:
        """What is configured."""
        return self._vitals.rules()

    @property
    def warnings(self) -> Sequence[str]:
        """What people must know of the house itself."""
        return self._vitals.warnings()

    def now(self) -> datetime:
        """The house's clock."""
        return self._vitals.now()

    def alive(self) -> bool:
        """Whether the loop and its tasks do their work."""
        return self._vitals.alive()

    def ready(self) -> tuple[bool, str]:
        """Whether the start is over and the store takes writes."""
        return self._vitals.ready()

    async def decisions(self, *, channel: str = "", incident: str = "", limit: int = 100) -> Sequence[Decision]:
        """The newest rows of the ledger."""
        rows = await self._read(
            lambda: self._reader.decisions(channel=channel or None, incident=incident or None, limit=limit)
        )
        return [row.decision for row in reversed(rows)]

    async def observations(self, probe: str, limit: int = 1) -> Sequence[StoredObservation]:
        """The newest kept runs of a probe."""
        return await self._read(lambda: self._reader.observations(probe, limit))

    async def incidents(self, limit: int = 200) -> Sequence[Incident]:
        """The newest incidents, the closed ones included."""
        return await self._read(lambda: self._reader.incidents(limit))

    async def incidents_named(self, ids: Collection[str]) -> Mapping[str, Incident]:
        """Those of these incidents that are known, the closed ones included."""
        return await self._read(lambda: self._reader.incidents_named(ids))

    async def deliveries(self, incident: str) -> Sequence[Delivery]:
        """Every notification of an incident with what became of it."""
        return await self._read(lambda: self._reader.deliveries(incident))

    async def silences(self, limit: int = 200) -> Sequence[SilenceRow]:
        """The newest silences, those that are over included."""
        return await self._read(lambda: self._reader.silences(limit))

    async def overrides(self, schedule: str | None, since: datetime, limit: int = 200) -> Sequence[OverrideRow]:
        """The newest changes of a schedule that reach past `since`, those that are over included."""
        return await self._read(lambda: self._reader.overrides(schedule, since, limit))

    async def render_metrics(self, *, openmetrics: bool, gzip: bool) -> tuple[bytes, str]:
        """The exposition and its content type."""
        return await self._metrics.render(openmetrics=openmetrics, gzip=gzip)

    async def act_notify_test(self, receiver: str | None) -> Sequence[Sent]:
        """Send a test message; raises Refused."""
        return await self._acts.notify_test(receiver)

    async def act_reload(self) -> None:
        """Load the configuration anew; raises Refused with every fault."""
        await self._acts.reload()

    async def act(self, event: Event) -> Answer:
        """Bring a person's wish before the mind; returns once it is committed."""
        return await self._acts.act(event)

    def read_link(self, token: str) -> Claim:
        """What a signed link says; raises BadLink."""
        return self._acts.read_link(token)

    async def _read(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)
