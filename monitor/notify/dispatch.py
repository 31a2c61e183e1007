"""The outbox dispatcher: takes what is due, sends it in its destination's lane, records what came of it.

One task runs `Dispatcher.run`; each try is a task of its own, at most one per destination, so a destination that hangs
holds up nobody but itself. Waiting is on the event loop's time and `now` comes from the clock handed in: on a loop
whose time jumps, a day of sending takes seconds and comes out the same each time.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.model import Delivered, SendOutcome
from monitor.notify.enclosing import Gatherer, Linker, enclose, listing, no_link
from monitor.notify.lanes import FAILURES_MAX, LOOK_BACK_S, Lane, Verdict, decide
from monitor.notify.model import Attempted, Clock, Lanes, Outbox, Parcel, Sender, Sent
from monitor.notify.services import Manner, is_program, manner_of

__all__ = ["DOUBT", "Dispatcher", "spread"]

LOG = logging.getLogger("vigie.notify")
LEASE_ROWS_MAX = 64
DEADLINE_S = 30.0
POLL_S, POLL_S_MAX = 1.0, 30.0
RELEASE_S_MAX = 1.0
SETTLE_TRIES_MAX, SETTLE_PAUSE_S = 3, 0.2
OUTBOX_PAUSE_S = 1.0
LANES_MAX = 2_000
JITTER = 0.1
DOUBT = "no answer came, so it may not have arrived"


def spread(delay_s: float, dice: random.Random | None = None) -> float:
    """Vary a delay by up to 10 % either way, so that lanes which failed together do not come back together."""
    return delay_s * (dice or _DICE).uniform(1 - JITTER, 1 + JITTER)


_DICE = random.Random()  # noqa: S311 - spreads load, guards nothing


class Dispatcher:
    """Sends what the outbox holds.

    `services`: destination id -> scheme, for the pace. `gather` makes the words for several rows, `link` the address by
    which whoever gets a message acts. `on_final` hears of every row that is done, after that is recorded: DELIVERED,
    REJECTED, EXPIRED, or UNKNOWN when the last try had no answer either. `on_attempt` hears of every try. Neither may
    wait or raise.
    """

    def __init__(  # noqa: PLR0913 - each is a neighbour or a dial that stories turn
        self,
        outbox: Outbox,
        sender: Sender,
        *,
        clock: Clock,
        services: Mapping[str, str],
        on_final: Callable[[Delivered], None],
        on_attempt: Callable[[Attempted], None] = lambda _: None,
        gather: Gatherer = listing,
        link: Linker = no_link,
        jitter: Callable[[float], float] = spread,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._services = services
        self._on_final = on_final
        self._on_attempt = on_attempt
        self._gather = gather
        self._link = link
        self._jitter = jitter
        self._deadline_s = deadline_s
        self._lanes: dict[str, Lane] = {}
        self._wake = asyncio.Event()
        self._leasing = asyncio.Lock()
        self._closing = False
        self._recalled = False
        self._elsewhere: set[str] = set()  # what waits for these is to be made due
        self._out: dict[asyncio.Task[None], Parcel] = {}  # with the receiver: cancelled at the end
        self._recording: set[asyncio.Task[None]] = set()  # its outcome is known: never cancelled

    def notify_committed(self) -> None:
        """Say that rows may have come: the dispatcher looks at once."""
        self._wake.set()

    def lanes(self) -> Iterable[Lane]:
        """Return every lane in use, for metrics and the board."""
        return tuple(self._lanes.values())

    def set_services(self, services: Mapping[str, str], elsewhere: Collection[str] = ()) -> None:
        """Take a new configuration: lanes of destinations that are gone are forgotten once idle.

        `elsewhere`: destinations whose address is another now. What failed at the old one is tried at once: who mends
        an address must not wait for the breaker.
        """
        self._services = services
        for name in [name for name, lane in self._lanes.items() if name not in services and not lane.busy]:
            del self._lanes[name]
        for name, lane in self._lanes.items():
            lane.manner, lane.program = self._ways_of(name)
            if name in elsewhere:
                lane.forgive()
        self._elsewhere.update(elsewhere)
        self._wake.set()

    async def run(self) -> None:
        """Dispatch until `close`. A fault of the outbox is logged and tried again; it never ends this task."""
        while not self._closing:
            self._wake.clear()
            try:
                async with self._leasing:
                    full = await self._round()
                pause_s = 0.0 if full else await self._pause_s()
            except Exception as fault:  # noqa: BLE001 - the eternal task survives whatever the store does
                LOG.warning("the outbox cannot be read: %s", type(fault).__name__)
                pause_s = OUTBOX_PAUSE_S
                await asyncio.sleep(pause_s)
                continue
            if pause_s > 0:
                try:
                    async with asyncio.timeout(pause_s):
                        await self._wake.wait()
                except TimeoutError:
                    pass

    async def close(self, grace_s: float = 2.0) -> None:
        """Stop within `grace_s` and two seconds: what is with a receiver by then is cut off, its lease given back.

        Call it while `run` is still running; `run` then ends by itself.
        """
        self._closing = True
        self._wake.set()
        try:
            async with asyncio.timeout(RELEASE_S_MAX), self._leasing:
                pass  # what is being leased right now is given back by its own round
        except TimeoutError:
            LOG.warning("the outbox does not answer; what it lent comes back when the leases lapse")
        pending = {*self._out, *self._recording}
        if pending:
            await asyncio.wait(pending, timeout=grace_s)
        cut = dict(self._out)
        for task in cut:
            task.cancel()
        releases: list[Coroutine[None, None, None]] = [self._release(parcel) for parcel in cut.values()]
        try:
            async with asyncio.timeout(RELEASE_S_MAX):
                await asyncio.gather(*cut, *self._recording, *releases, return_exceptions=True)
        except TimeoutError:
            LOG.warning("%d sends could not be recorded before the end; they are made again after the start", len(cut))

    async def _release(self, parcel: Parcel) -> None:
        """Give back what was cut off while it was sent: it may have arrived, so the next try says that it may be a
        repeat.
        """
        now = self._clock.now()
        cut = Sent(SendOutcome.UNKNOWN, "cut off at the end")
        await self._settle(parcel, Verdict(SendOutcome.UNKNOWN, now), now, cut, 0.0)

    async def _round(self) -> bool:
        """Lease what is due and start it; return whether more may be due right now."""
        now = self._clock.now()
        if not self._recalled:
            await self._recall(now)
        if self._elsewhere:
            await self._hasten(now)
        parcels = await self._outbox.lease(now, LEASE_ROWS_MAX, self._state_of_lanes(now))
        for parcel in parcels:
            lane = self._lane(parcel.destination)
            if lane.busy or self._closing:
                back = Sent(SendOutcome.RETRY, "given back")
                await self._settle(parcel, Verdict(SendOutcome.RETRY, now), now, back, 0.0)
                continue
            lane.busy = True
            task = asyncio.create_task(self._carry(lane, parcel), name=f"send {parcel.destination}")
            self._out[task] = parcel
            task.add_done_callback(self._ended)
        return len(parcels) >= LEASE_ROWS_MAX

    async def _recall(self, now: datetime) -> None:
        """Have the lanes know what was sent before this process began: a restart must not undo their limits."""
        for destination, at, outcome in await self._outbox.recent_tries(now - timedelta(seconds=LOOK_BACK_S)):
            self._lane(destination).recall(at, outcome)
        self._recalled = True

    async def _hasten(self, now: datetime) -> None:
        names, self._elsewhere = self._elsewhere, set()
        try:
            await self._outbox.hasten(names, now)
        except BaseException:
            self._elsewhere |= names
            raise

    def _state_of_lanes(self, now: datetime) -> Lanes:
        lanes = self._lanes.values()
        probing = (lane.last for lane in lanes if lane.failures >= FAILURES_MAX)
        return Lanes(
            busy=self._not_ready(now),
            storming=frozenset(lane.destination for lane in lanes if lane.storming(now)),
            apart=frozenset(name for name, scheme in self._services.items() if is_program(scheme)),
            last=frozenset[str]().union(*probing),
        )

    def _not_ready(self, now: datetime) -> frozenset[str]:
        """Name the lanes that take nothing now: they are busy, or rest."""
        return frozenset(name for name, lane in self._lanes.items() if lane.busy or lane.ready_at(now) > now)

    def _lane(self, destination: str) -> Lane:
        lane = self._lanes.get(destination)
        if lane is None:
            if len(self._lanes) >= LANES_MAX:
                idle = next((name for name, lane in self._lanes.items() if not lane.busy), None)
                if idle is not None:
                    del self._lanes[idle]
            manner, program = self._ways_of(destination)
            lane = self._lanes[destination] = Lane(destination, manner, program)
        return lane

    def _ways_of(self, destination: str) -> tuple[Manner, bool]:
        scheme = self._services.get(destination, "")
        return manner_of(scheme), is_program(scheme)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._out.pop(task, None)
        self._recording.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            LOG.error("a send ended in a fault of ours: %s", type(fault).__name__)
        self._wake.set()

    async def _pause_s(self) -> float:
        """Return how long nothing will be due, at most `POLL_S_MAX`."""
        now = self._clock.now()
        due = await self._outbox.next_due(now, self._not_ready(now))
        times = [ready for lane in self._lanes.values() if not lane.busy and (ready := lane.ready_at(now)) > now]
        if due is not None:
            # Already due, yet not leased: the outbox holds it back, for another row of its incident is on its way.
            times.append(due if due > now else now + timedelta(seconds=POLL_S))
        return min([POLL_S_MAX, *((time - now).total_seconds() for time in times)])

    async def _carry(self, lane: Lane, parcel: Parcel) -> None:
        """Make one try with one message and record it."""
        now = self._clock.now()
        lane.start(now, frozenset(row.key for row in parcel.rows))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            sent = await self._send(parcel)
        finally:
            lane.busy = False
        took_s = loop.time() - began_s
        self._move_to_recording()
        ended = self._clock.now()
        lane.end(sent, ended, self._jitter)
        verdict = decide(parcel, sent, ended, lane, self._jitter)
        self._count(parcel, verdict, started=now, took_s=took_s)
        await self._record(parcel, verdict, ended, sent, took_s)

    def _move_to_recording(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._out.pop(task, None)
            self._recording.add(task)

    async def _send(self, parcel: Parcel) -> Sent:
        envelope = enclose(parcel, self._gather, self._link)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._sender.send(parcel.destination, envelope)
        except TimeoutError:
            return Sent(SendOutcome.UNKNOWN, f"no answer within {self._deadline_s:g} s")
        except Exception as fault:  # noqa: BLE001 - a bug in a sender must cost a retry, not the message
            LOG.error("the sender failed for %s: %s", parcel.destination, type(fault).__name__)  # noqa: TRY400 - its text may hold an address
            return Sent(SendOutcome.RETRY, f"fault of ours: {type(fault).__name__}")

    def _count(self, parcel: Parcel, verdict: Verdict, *, started: datetime, took_s: float) -> None:
        waited_s = max(0.0, (started - parcel.planned).total_seconds())
        final = verdict.due is None
        self._on_attempt(Attempted(parcel.destination, verdict.outcome, final, took_s, waited_s, parcel.attempts + 1))

    async def _record(self, parcel: Parcel, verdict: Verdict, at: datetime, sent: Sent, took_s: float) -> None:
        if (others := len(parcel.rows) - 1) > 0:
            many = "one other" if others == 1 else f"{others} others"
            sent = replace(sent, detail=f"{sent.detail or sent.outcome}; in one message with {many}")
        await self._settle(parcel, verdict, at, sent, took_s)
        if verdict.due is not None:
            return
        detail = sent.detail
        if verdict.outcome is SendOutcome.UNKNOWN:
            detail = f"{DOUBT}: {detail}"
        for row in parcel.rows:
            self._on_final(Delivered(row.key, row.incident, row.destination, verdict.outcome, detail))

    async def _settle(self, parcel: Parcel, verdict: Verdict, at: datetime, sent: Sent, took_s: float) -> None:
        """Record a try, patiently: a try that is not recorded is made again when its lease lapses."""
        keys = [row.key for row in parcel.rows]
        for left in reversed(range(SETTLE_TRIES_MAX)):
            try:
                await self._outbox.settle(
                    keys, verdict.outcome, at=at, due=verdict.due, detail=sent.detail, took_s=took_s
                )
            except Exception as fault:
                LOG.warning("the outbox cannot record a send to %s: %s", parcel.destination, type(fault).__name__)
                if not left:
                    raise
                await asyncio.sleep(SETTLE_PAUSE_S)
            else:
                return
