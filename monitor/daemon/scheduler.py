"""When each probe runs: a fixed rate with a jittered phase, and full coverage soon after the start.

Every probe runs once within `FIRST_RUNS_WITHIN`, then on its own grid ``phase + k x every``. The phase comes from the
URL, so that probes of one URL run together (and share one fetch), and different ones are spread over the interval. A
run that is still under way when the next is due is not doubled: that turn is left out.

The event loop's own timer heap is the queue: one handle a probe, no task that waits.
"""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.settings import ProbeSpec

__all__ = ["FIRST_RUNS_WITHIN", "Scheduler"]

LOG = logging.getLogger(__name__)

FIRST_RUNS_WITHIN = timedelta(seconds=2)
RECHECK_MIN_S = 0.1
TURN_SLACK = 1e-3
STALLED_S = 60.0


@dataclass(slots=True)
class _Slot:
    """One probe on the schedule. `origin`: the loop's time of its grid; `task`: its run under way."""

    spec: ProbeSpec
    origin: float
    every_s: float
    due: float
    handle: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = None
    recheck: bool = field(default=False)


class Scheduler:
    """Calls `run(spec)` for every probe when it is due.

    `not_before(url)`: the loop's time before which a host asked not to be called, or None. `late(seconds)`: hears how
    late each run starts. `broke()`: a run ended in a fault of ours.
    """

    def __init__(
        self,
        run: Callable[[ProbeSpec], Awaitable[None]],
        *,
        not_before: Callable[[str], float | None] = lambda _: None,
        late: Callable[[float], None] = lambda _: None,
        broke: Callable[[], None] = lambda: None,
    ) -> None:
        self._run = run
        self._not_before = not_before
        self._late = late
        self._broke = broke
        self._slots: dict[str, _Slot] = {}

    def start(self, specs: Iterable[ProbeSpec]) -> None:
        """Begin to look: each probe first soon, then on its grid."""
        for spec in specs:
            self.add(spec)

    def carry_over(self, carried: Mapping[str, ProbeSpec]) -> None:
        """Probes that are the same, by their old ids, and the specs under which their turns go on."""
        slots = {old: self._slots.pop(old) for old in carried if old in self._slots}
        for old, slot in slots.items():
            slot.spec = carried[old]
            self._slots[slot.spec.rule.id] = slot

    def add(self, spec: ProbeSpec) -> None:
        """Put a probe on the schedule."""
        loop = asyncio.get_running_loop()
        every_s = spec.rule.every.total_seconds()
        share = zlib.crc32(spec.rule.url.encode()) / 2**32
        first = loop.time() + share * min(FIRST_RUNS_WITHIN.total_seconds(), every_s)
        origin = loop.time() + share * every_s
        slot = _Slot(spec, origin, every_s, first)
        self._slots[spec.rule.id] = slot
        self._arm(slot, first)

    def remove(self, probe: str) -> None:
        """Take a probe off; a run under way is cancelled."""
        slot = self._slots.pop(probe, None)
        if slot is not None:
            if slot.handle is not None:
                slot.handle.cancel()
            if slot.task is not None:
                slot.task.cancel()

    def recheck(self, probe: str, after: timedelta) -> None:
        """Look again soon, once, if that is before the probe's next turn."""
        slot = self._slots.get(probe)
        when = asyncio.get_running_loop().time() + max(after.total_seconds(), RECHECK_MIN_S)
        if slot is not None and not slot.recheck and when < slot.due:
            slot.recheck = True
            self._arm(slot, when)

    def close(self) -> list[asyncio.Task[None]]:
        """Take everything off; the runs that were under way, cancelled."""
        tasks = [s.task for s in self._slots.values() if s.task is not None]
        for probe in list(self._slots):
            self.remove(probe)
        return tasks

    @property
    def stalled(self) -> bool:
        """Whether a probe's turn came and went, long ago, without a run."""
        now = asyncio.get_running_loop().time()
        return any(now - slot.due > STALLED_S for slot in self._slots.values())

    def _arm(self, slot: _Slot, when: float) -> None:
        if slot.handle is not None:
            slot.handle.cancel()
        slot.due = when
        slot.handle = asyncio.get_running_loop().call_at(when, self._fire, slot)

    def _fire(self, slot: _Slot) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        wait_until = self._not_before(str(slot.spec.params.url))
        if wait_until is not None and wait_until > now:
            self._arm(slot, wait_until)
            return
        self._late(now - slot.due)
        slot.recheck = False
        if slot.task is None:
            slot.task = loop.create_task(self._guard(slot), name=f"run {slot.spec.rule.id}")
        # A timer may fire a hair before its time: a turn so near counts as reached, or it would come again at once.
        turns = int((now - slot.origin) / slot.every_s + TURN_SLACK) + 1
        following = slot.origin + turns * slot.every_s
        if following - now < slot.every_s / 2 and turns <= 1:
            following += slot.every_s  # the first run was just now; the grid's first turn would follow on its heels
        self._arm(slot, following)

    async def _guard(self, slot: _Slot) -> None:
        try:
            await self._run(slot.spec)
        except Exception:
            LOG.exception("probe %s: its run ended in a fault of ours", slot.spec.rule.id)
            self._broke()
        finally:
            slot.task = None
