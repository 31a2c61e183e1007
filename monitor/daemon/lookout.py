"""The lookout: everything between the outside's answers and the outbox, wired; the same in the daemon and in a story.

What differs between the two (the network, the post, the clock, the store's thread) is handed in as `Ports`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast

from monitor.core import wording
from monitor.core.duty import Recipient
from monitor.core.model import Alive, Configured, Delivered, Message, SendOutcome, Step
from monitor.core.step import restore
from monitor.daemon.runner import Interpret, Runner
from monitor.daemon.scheduler import Scheduler
from monitor.engine import Engine
from monitor.engine import Writer as EngineWriter
from monitor.metrics import Metrics, ProbeMeter, Suppressed
from monitor.notify import Attempted, Dispatcher, Outbox, OutboxRow, Sender
from monitor.settings import Difference, ProbeSpec, Settings, difference
from monitor.store import Snapshot
from probes.base import Fetch

if TYPE_CHECKING:
    from monitor.core.wording.gathering import Kind

__all__ = ["Clock", "Lookout", "Ports"]

LOG = logging.getLogger(__name__)

_SUPPRESSED = {
    "held_blind": Suppressed.BLIND,
    "not_told_nobody": Suppressed.NOBODY,
    "held_silence": Suppressed.SILENCE,
    "held_depends": Suppressed.DEPENDS,
    "held_maintenance": Suppressed.MAINTENANCE,
    "held_interval": Suppressed.INTERVAL,
    "held_quiet": Suppressed.QUIET,
}

WAKE_MIN_S = 0.001
WAKE_AFTER_FAULT_S = 1.0
ALIVE_EVERY_S = 30.0


class Clock(Protocol):
    """The house's time."""

    def now(self) -> datetime:
        """Aware UTC; it never goes back."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What the lookout stands on."""

    fetch: Fetch
    interpret_apart: Interpret
    sender: Sender
    outbox: Callable[[Callable[[Delivered], None]], Outbox]
    writer: EngineWriter
    clock: Clock
    metrics: Metrics
    not_before: Callable[[str], float | None] = lambda _: None
    link: Callable[[str, tuple[str, ...]], str] = lambda _, __: ""  # recipient, incidents -> a signed address
    redact: Callable[[str], str] = lambda text: text
    moved: Callable[[], None] = lambda: None  # something that people see has changed


class Lookout:
    """Looks, decides, tells. `start` and `close` belong to one event loop.

    `unheard`: ends of notifications that an earlier life recorded, but of which its mind did not hear.
    """

    def __init__(self, settings: Settings, kept: Snapshot, ports: Ports, unheard: Sequence[Delivered] = ()) -> None:
        self.settings = settings
        self._unheard = unheard
        self._ports = ports
        self._wake_handle: asyncio.TimerHandle | None = None
        self._alive_handle: asyncio.TimerHandle | None = None
        rules = settings.rules_for_mind()
        now = ports.clock.now()
        state = restore(kept, rules, now)
        self.engine = Engine(ports.writer, rules, state, ports.clock.now, self._committed, self._arm)
        self.scheduler = Scheduler(
            self._run,
            not_before=ports.not_before,
            late=ports.metrics.late,
            broke=lambda: ports.metrics.task_restarted("run"),
        )
        self.runner = Runner(
            self.engine,
            ports.fetch,
            ports.clock.now,
            interpret_apart=ports.interpret_apart,
            meter=self._meter,
            recheck=self.scheduler.recheck,
            redact=ports.redact,
        )
        self.dispatcher = Dispatcher(
            ports.outbox(self.on_final),
            ports.sender,
            clock=ports.clock,
            services=_services(settings),
            on_final=self.on_final,
            on_attempt=self._on_attempt,
            gather=self._gathered,
            link=lambda row: ports.link(row.recipient, row.acts),
        )

    def start(self) -> None:
        """Begin: what was open is taken up, every probe is looked at soon, what is due is sent."""
        rules = self.engine.rules
        metrics, state = self._ports.metrics, self.engine.state
        metrics.configure(rules)
        metrics.channels(rules, state)
        metrics.incidents(state)
        metrics.silences(len(state.silences))
        self.engine.configure(rules, Configured(start=True))
        for event in self._unheard:
            self.on_final(event)
        self.scheduler.start(self.settings.probes)
        self._live()

    def apply(self, settings: Settings) -> Difference:
        """Take new settings as a difference: what did not change keeps running, timers and all."""
        change = difference(self.settings, settings)
        self.settings = settings
        rules = settings.rules_for_mind()
        specs = settings.probe_by_id
        for probe in (*change.removed, *change.changed):
            self.scheduler.remove(probe)
            self.runner.forget(probe)
        for old in change.moved:
            self.runner.forget(old)
        fresh = {*change.added, *change.changed, *change.moved.values()}
        same = {probe: spec for probe, spec in specs.items() if probe not in fresh}
        self.scheduler.carry_over(same | {old: specs[new] for old, new in change.moved.items()})
        self._ports.metrics.configure(rules)
        self.dispatcher.set_services(_services(settings), change.contacts_changed)
        event = Configured(
            forget=frozenset(change.changed),
            moved=change.moved,
            elsewhere=frozenset(change.contacts_changed),
            readdressed=change.contacts_moved,
        )
        self.engine.configure(rules, event)
        self._ports.metrics.channels(rules, self.engine.state)
        for probe in (*change.added, *change.changed):
            self.scheduler.add(specs[probe])
        self._ports.moved()
        return change

    def stop_looking(self) -> list[asyncio.Task[None]]:
        """Take no more in; the runs that were under way, cancelled."""
        for handle in (self._wake_handle, self._alive_handle):
            if handle is not None:
                handle.cancel()
        return self.scheduler.close()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _live(self) -> None:
        """Note that we live, so that the next start knows how long nobody looked."""
        self._alive_handle = asyncio.get_running_loop().call_later(ALIVE_EVERY_S, self._live)
        self.engine.put(Alive())

    async def _run(self, spec: ProbeSpec) -> None:
        await self.runner.run(spec)

    def _meter(self, spec: ProbeSpec) -> ProbeMeter:
        return self._ports.metrics.probe(spec.rule.channel, spec.rule.id, spec.kind)

    def _arm(self, wake: datetime | None) -> None:
        """Have the mind woken at the time it asked for."""
        if self._wake_handle is not None:
            self._wake_handle.cancel()
            self._wake_handle = None
        if wake is not None:
            left_s = (wake - self._ports.clock.now()).total_seconds()
            loop = asyncio.get_running_loop()
            self._wake_handle = loop.call_later(max(left_s, WAKE_MIN_S), self._tick)

    def _tick(self) -> None:
        self._wake_handle = None
        try:
            taken = self.engine.tick()
        except Exception:
            LOG.exception("the mind failed at what was due; trying again")
            self._ports.metrics.task_restarted("tick")
            self._wake_handle = asyncio.get_running_loop().call_later(WAKE_AFTER_FAULT_S, self._tick)
        else:
            if self._wake_handle is None:
                self._arm(taken.wake)

    def _committed(self, taken: Step) -> None:
        """What may leave the house now that it is kept."""
        metrics, rules = self._ports.metrics, self.engine.rules
        if taken.channels:
            metrics.channels(rules, taken.state, taken.channels)
        if taken.incidents:
            metrics.incidents(taken.state, taken.incidents)
        if taken.monitor:
            metrics.blind(on=taken.state.monitor.blind_since is not None)
        for decision in taken.decisions:
            if decision.code in _SUPPRESSED:
                metrics.suppressed(_SUPPRESSED[decision.code])
        if taken.silences:
            metrics.silences(len(taken.state.silences))
        if taken.notifications:
            self.dispatcher.notify_committed()
        if (
            taken.channels or taken.incidents or taken.probes or taken.monitor
            or taken.silences or taken.overrides or taken.schedules
        ):  # fmt: skip
            self._ports.moved()

    def on_final(self, event: Delivered) -> None:
        """A notification is done, one way or another."""
        if event.outcome in (SendOutcome.REJECTED, SendOutcome.EXPIRED):
            LOG.warning("a message to %s is given up (%s): %s", event.destination, event.outcome, event.detail)
            self._ports.metrics.dead_letter()
        self.engine.put(event)

    def _gathered(self, kind: str, destination: str, rows: Sequence[OutboxRow]) -> Message:
        """One message of several, in the words of whoever gets it."""
        rules = self.engine.rules
        where = rules.destinations.get(destination)
        recipient = rules.recipients.get(where.receiver if where else "") or Recipient(
            "", "", language=rules.language, timezone=rules.timezone
        )
        items = [
            wording.Gathered(
                r.message.title, r.message.symbol, r.step, critical=r.critical, created=r.created, incident=r.incident
            )
            for r in rows
        ]
        return wording.gathered(cast("Kind", kind), items, recipient, rules, self._ports.clock.now())

    def _on_attempt(self, attempted: Attempted) -> None:
        self._ports.metrics.attempt(attempted.destination, attempted.outcome)


def _services(settings: Settings) -> Mapping[str, str]:
    return {d.id: d.service for d in settings.destinations}
