"""The daemon: everything in its place, and an orderly end.

Three failure domains: this process (the mind, the store, the web), the parser worker and the notifier worker; remote
mark-up and the senders' code never run here.
"""

import asyncio
import gc
import ipaddress
import logging
import os
import signal
import threading
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version as installed_version

from monitor.core.model import Incident
from monitor.core.receivers import behind
from monitor.daemon.clock import WallClock
from monitor.daemon.configuration import Configuration
from monitor.daemon.house import Acts, DaemonHouse, Vitals
from monitor.daemon.lookout import Lookout, Ports
from monitor.daemon.outposts import Outposts
from monitor.daemon.post import StoreOutbox, unheard
from monitor.daemon.pulse import Pulse
from monitor.daemon.tasks import Tasks
from monitor.daemon.upkeep import Upkeep
from monitor.daemon.wishes import Links, Wishes
from monitor.fetch import Fetcher, FetchPolicy
from monitor.metrics import Metrics
from monitor.notify import WorkerSender, notify_test
from monitor.settings import Difference, Settings, redact
from monitor.store import Store, StoreError, Writer, Writes
from monitor.web import Changes, Refused, Sent, Web
from monitor.workers import Calendars, Parsers

__all__ = ["Daemon", "fetch_policy", "version"]

LOG = logging.getLogger(__name__)

OUTBOX_AGE_S_MAX = 600.0
STORE_STUCK_S_MAX = 10.0
FILES_EVERY_S = 1.0
POST_GRACE_S = 2.0
TASKS_END_S = 0.5
STORE_END_S = 1.5
END_S_MAX = 4.8


def version() -> str:
    """Vigie's version."""
    return installed_version("vigie")


class Daemon:
    """One life of Vigie. `run` returns the exit code: 0 after an orderly end, 70 when the store failed."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._clock = WallClock()
        self._metrics = Metrics(version())
        self._changes = Changes()
        self._end = asyncio.Event()
        self._code = 0
        self._pulse = Pulse(self._clock, self._metrics)
        self._configuration = Configuration(
            settings,
            environ,
            self._clock.now,
            take=self._take,
            show=self._metrics.config,
            changed=self._changes.bump,
        )

    @property
    def settings(self) -> Settings:
        """The configuration that runs."""
        return self._configuration.settings

    def redact(self, text: str) -> str:
        """The text without any secret of the configuration."""
        return redact(text, self.settings.secrets)

    async def run(self, started: Callable[["Daemon"], None] = lambda _: None) -> int:
        """Live until told to end. Raises StoreError or OSError when it cannot start; `started` hears that it has."""
        self._loop = loop = asyncio.get_running_loop()
        self._signals(loop)
        settings = self.settings
        self._store = Store.open(settings.store, now=self._clock.now())
        self._writer = Writer(self._store, on_failure=self._store_failing)
        self._fetcher = Fetcher(fetch_policy(settings), self._clock.now)
        self._parsers = Parsers()
        self._calendars = Calendars()
        self._sender = WorkerSender(_contacts(settings))
        self._tasks = Tasks(self._restarted)
        self._readers = ThreadPoolExecutor(1, "store-reader")
        self._reader = Store.open_readonly(settings.store)
        key = self._writer.call(lambda store: store.secret("links")).result()
        self._links = Links(key, lambda: self.settings.board_url, self._clock.now)
        self._lookout = self._make_lookout(loop)
        self._wishes = Wishes(self._lookout.engine, self._kept)
        self._outposts = self._make_outposts()
        self._upkeep = self._make_upkeep()
        self._web = self._make_web()
        try:
            await self._web.start()
        except BaseException:
            self._writer.close(STORE_END_S)
            raise
        await self._fetcher.start()
        await self._outposts.start(settings)
        self._lookout.start()
        self._spawn()
        if settings.contacts:
            self._warming = loop.create_task(self._sender.start(), name="warm the post")
        gc.collect()
        gc.freeze()  # what stands now stands to the end: no collection need walk it
        started(self)
        await self._end.wait()
        await self._close()
        return self._code

    @property
    def address(self) -> tuple[str, int]:
        """Where the board is."""
        return self._web.address

    # --- putting together --------------------------------------------------------------------------------------------

    def _make_lookout(self, loop: asyncio.AbstractEventLoop) -> Lookout:
        writer = _OnLoop(self._writer, loop)
        self._writer.call(lambda store: store.release_leases(self._clock.now())).result()
        kept = self._writer.call(lambda store: store.load()).result()
        for row in kept.quarantined:
            LOG.error("%s", row)
        owner = uuid.uuid4().hex
        ports = Ports(
            fetch=self._fetcher,
            interpret_apart=self._parsers.interpret,
            sender=self._sender,
            outbox=lambda expired: StoreOutbox(self._writer, owner, expired),
            writer=writer,
            clock=self._clock,
            metrics=self._metrics,
            not_before=self._fetcher.not_before,
            link=self._links.url,
            redact=self.redact,
            moved=self._changes.bump,
        )
        lost = self._writer.call(lambda store: unheard(store, kept.incidents.values())).result()
        return Lookout(self.settings, kept, ports, lost)

    def _make_outposts(self) -> Outposts:
        return Outposts(
            self._lookout.engine,
            self._fetcher,
            fetch_policy(self.settings),
            self._calendars,
            self._metrics,
            self._clock,
            healthy=self._unwell,
            redact=self.redact,
        )

    def _make_upkeep(self) -> Upkeep:
        return Upkeep(
            self._store,
            self._writer,
            self._lookout.engine,
            self._metrics,
            self._clock,
            settings=lambda: self.settings,
            faults=lambda: {"parser": sum(self._parsers.pool.faults.values()), "notifier": self._sender.replaced},
        )

    def _make_web(self) -> Web:
        vitals = Vitals(
            state=lambda: self._lookout.engine.shown,
            rules=lambda: self._lookout.engine.rules,
            warnings=self._warnings,
            now=self._clock.now,
            alive=lambda: self._pulse.alive,
            ready=self._ready,
        )
        house = DaemonHouse(
            vitals,
            self._reader,
            self._readers,
            self._metrics,
            self._changes,
            version=version(),
            acts=Acts(self.notify_test, self._configuration.reload, self._wishes.act, self._links.read),
        )
        server = self.settings.server
        token = server.token.get_secret_value() if server.token else ""
        return Web(house, server.listen, token=token, hosts=server.hosts)

    def _signals(self, loop: asyncio.AbstractEventLoop) -> None:
        def end() -> None:
            if self._end.is_set():
                os._exit(1)  # told twice: at once
            LOG.info("ending in order; a second signal ends at once")
            self._end.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end)
        loop.add_signal_handler(signal.SIGHUP, self._configuration.hangup)

    def _spawn(self) -> None:
        tasks = self._tasks
        tasks.spawn("dispatcher", self._lookout.dispatcher.run)
        tasks.spawn("beat", self._pulse.run)
        tasks.spawn("freshness", self._upkeep.freshness)
        tasks.spawn("outbox gauge", self._upkeep.gauge)
        tasks.spawn("retention", self._upkeep.prune)
        tasks.spawn("heartbeat", self._outposts.heartbeat.run)
        tasks.spawn("calendars", self._outposts.importer.run)
        tasks.spawn("auditor", self._outposts.audit)
        tasks.spawn("files", self._watch_files)

    async def _watch_files(self) -> None:
        while True:
            await asyncio.sleep(FILES_EVERY_S)
            await self._configuration.watch()

    async def _kept(self, incidents: Collection[str]) -> Mapping[str, Incident]:
        """Those of these incidents that the store knows."""
        return await self._loop.run_in_executor(self._readers, lambda: self._reader.incidents_named(incidents))

    # --- configuration -----------------------------------------------------------------------------------------------

    def _take(self, fresh: Settings) -> Difference:
        """Live by new settings."""
        self._sender.set_contacts(_contacts(fresh))
        self._outposts.set(fresh)
        return self._lookout.apply(fresh)

    async def notify_test(self, receiver: str | None) -> Sequence[Sent]:
        """Send a test by every contact of whoever is behind a receiver now (by default the root's); raises Refused."""
        state, rules = self._lookout.engine.state, self._lookout.engine.rules
        wanted = receiver or (rules.route.receiver if rules.route else "")
        people = behind(rules, state.overrides, state.schedules, wanted, self._clock.now())
        names = [m.destination for person in people for m in rules.recipients[person].methods]
        if not names:
            known = ", ".join(sorted({*rules.recipients, *rules.teams, *rules.schedules})) or "nobody"
            raise Refused(f"there is no receiver {wanted[:64]!r} with a contact now; known: {known}", unknown=True)
        outcome = await notify_test(self._sender, names, now=self._clock.now(), rules=rules)
        return [Sent(name, sent.outcome.value, self.redact(sent.detail)) for name, sent in outcome.items()]

    # --- how it is ---------------------------------------------------------------------------------------------------

    def _warnings(self) -> list[str]:
        said = self._configuration.warnings
        if self._store.degraded:
            said.append("The disk is full: what is critical is still kept, but soon no more. Make room.")
        said += self._outposts.warnings
        if self._pulse.jumped:
            said.append("This machine's clock was moved; times shown count on from the start of Vigie.")
        said += [f"A part of Vigie failed and was started again: {name}." for name in self._tasks.faulty]
        return said

    def _unwell(self) -> str:
        """Why the dead-man's switch should not hear from us; empty: all is well."""
        ready, why = self._ready()
        if not ready:
            return why
        if not self._pulse.alive:
            return "the event loop stood still"
        if self._lookout.scheduler.stalled:
            return "no probe has run when it was due"
        if self._upkeep.oldest_s > OUTBOX_AGE_S_MAX:
            return "messages wait too long in the outbox"
        return ""

    def _ready(self) -> tuple[bool, str]:
        if self._writer.failed is not None or self._writer.stuck_s > STORE_STUCK_S_MAX:
            return False, "the store does not take writes"
        monitor = self._lookout.engine.shown.monitor
        left = "1 probe has" if monitor.waiting == 1 else f"{monitor.waiting} probes have"
        return monitor.settled, "" if monitor.settled else f"{left} not run yet"

    def _restarted(self, task: str) -> None:
        self._metrics.task_restarted(task)
        self._changes.bump()

    def _store_failing(self, fault: StoreError) -> None:
        """On the writer's thread."""
        self._loop.call_soon_threadsafe(self._store_failed, fault)

    def _store_failed(self, fault: StoreError) -> None:
        LOG.critical("the store failed, so nothing can be kept: %s. Ending, to start anew", fault)
        self._code = 70
        self._end.set()

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _close(self) -> None:
        """Intake first, then the post, then the store; each with its patience. In all at most 5 s."""
        last = _end_anyway(self._code)
        runs = self._lookout.stop_looking()
        self._tasks.end()
        await self._web.stop()
        await self._lookout.dispatcher.close(POST_GRACE_S)
        stuck = await self._tasks.close(TASKS_END_S)
        if runs:
            await asyncio.wait(runs, timeout=TASKS_END_S)
        if self._writer.failed is None:
            self._lookout.engine.keep_freshness()
        await asyncio.to_thread(self._writer.close, STORE_END_S)
        await asyncio.gather(
            self._parsers.close(),
            self._calendars.close(),
            self._sender.close(),
            self._fetcher.close(),
            self._outposts.close(),
        )
        self._readers.shutdown(wait=False)
        self._reader.close()
        last.cancel()
        if stuck:
            LOG.warning("these did not end when told: %s", ", ".join(stuck))


class _OnLoop:
    """The store's writer for the engine: what it says is said on the loop."""

    def __init__(self, writer: Writer, loop: asyncio.AbstractEventLoop) -> None:
        self._writer = writer
        self._loop = loop

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:
        """As `Engine` wants it."""

        def say() -> None:
            self._loop.call_soon_threadsafe(done)

        self._writer.submit(writes, urgent=urgent, done=say)


def _end_anyway(code: int) -> threading.Timer:
    """Whatever hangs in an orderly end, it holds up the end no longer than `END_S_MAX`. Cancelled when all is done."""

    def end() -> None:
        LOG.error("the orderly end took too long: ending now; what is committed is safe")
        os._exit(code)

    last = threading.Timer(END_S_MAX, end)
    last.daemon = True
    last.start()
    return last


def _contacts(settings: Settings) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in settings.contacts.items()}


def fetch_policy(settings: Settings) -> FetchPolicy:
    """How the outside is asked, as configured."""
    fetch = settings.fetch
    contact = f"; {fetch.contact}" if fetch.contact else ""
    return FetchPolicy(
        allow_private=tuple(ipaddress.ip_network(network) for network in fetch.allow_private),
        per_host=fetch.per_host,
        in_flight=fetch.in_flight,
        spacing_s=fetch.spacing.total_seconds(),
        proxy=fetch.proxy.get_secret_value() if fetch.proxy else "",
        user_agent=f"Vigie/{version()} (channel monitor{contact})",
    )
