"""The one place where state changes: an event goes in, a step is decided at once, and is told when it is committed.

Not async, so there is nothing to lock: every call happens on one thread. `put` decides in memory and hands what must be
kept to the store's writer; `committed` hears of a step only after its commit, and nothing else may leave the house:
no message, no metric of a state, no page. A crash before the commit loses nothing that the next run does not see again.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Protocol

from monitor.core.model import Configured, Event, Rules, State, Step, Tick
from monitor.core.step import step
from monitor.store import StoredObservation, Writes

__all__ = ["Engine", "Writer"]


class Writer(Protocol):
    """What the engine needs of the store: commits in the order of submission, `done` after each."""

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:
        """Queue writes; urgent ones are committed at once with all that waits before them."""
        ...


class Engine:
    """The state as decided (`state`) and as committed (`shown`), and the only way to change it.

    `now`: wall clock at the start plus monotonic time since. `wake` hears when a step asks to be woken at another time
    than the step before it. `committed` is called with every step whose commit is
    done, in order; for steps with nothing to keep, at once when nothing waits before them.
    """

    def __init__(
        self,
        writer: Writer,
        rules: Rules,
        state: State,
        now: Callable[[], datetime],
        committed: Callable[[Step], None],
        wake: Callable[[datetime | None], None] = lambda _: None,
    ) -> None:
        self._writer = writer
        self._now = now
        self._committed = committed
        self._wake = wake
        self._pending = 0
        self._touched: dict[str, None] = {}
        self.rules = rules
        self.state = state
        self.shown = state

    def put(
        self,
        event: Event,
        observation: StoredObservation | None = None,
        done: Callable[[], None] = lambda: None,
    ) -> Step:
        """Decide what an event means. `observation` is kept with the step if the step changes anything.

        `done` is called when what was decided is committed; at once, where there is nothing to keep. An answer rests on
        what was decided before it ("already taken"), so it waits for that, although it changes nothing itself.
        """
        taken = step(self.state, event, self.rules, self._now())
        asked = self.state.wake
        self.state = taken.state
        if taken.wake != asked:
            self._wake(taken.wake)
        if taken.touched:
            self._touched.update(dict.fromkeys(taken.touched))
        if _keeps(taken) or (taken.answer is not None and self._pending):
            self._submit(taken, observation, done)
            return taken
        if self._pending == 0:
            self._show(taken)
        done()
        return taken

    def configure(self, rules: Rules, event: Configured) -> Step:
        """Take new rules; what vanished from them is forgotten, what is told goes on by the new ones."""
        self.rules = rules
        return self.put(event)

    def tick(self) -> Step:
        """Time passed: see to what is due."""
        return self.put(Tick())

    def keep_freshness(self, most: int | None = None) -> int:
        """Write down when probes were last seen, for those whose freshness alone moved; how many are left to write.

        `most`: so many at a time, those that have waited longest; None: all.
        """
        taken = list(islice(self._touched, most))
        for probe in taken:
            del self._touched[probe]
        writes = Writes(probes=tuple(self.state.probes[p] for p in taken if p in self.state.probes))
        if writes.probes:
            self._writer.submit(writes, urgent=False, done=lambda: None)
        return len(self._touched)

    def _submit(self, taken: Step, observation: StoredObservation | None, done: Callable[[], None]) -> None:
        state = taken.state
        for probe in taken.probes:
            self._touched.pop(probe, None)
        writes = Writes(
            probes=tuple(state.probes[p] for p in taken.probes if p in state.probes),
            removed_probes=tuple(p for p in taken.probes if p not in state.probes),
            channels=tuple(state.channels[c] for c in taken.channels if c in state.channels),
            removed_channels=tuple(c for c in taken.channels if c not in state.channels),
            incidents=(*(state.incidents[i] for i in taken.incidents if i in state.incidents), *taken.closed),
            silences=(*(state.silences[s] for s in taken.silences if s in state.silences), *taken.ended_silences),
            removed_silences=tuple(s for s in taken.silences if s not in state.silences),
            overrides=(*(state.overrides[o] for o in taken.overrides if o in state.overrides), *taken.ended_overrides),
            removed_overrides=tuple(o for o in taken.overrides if o not in state.overrides),
            schedules=tuple(state.schedules[s] for s in taken.schedules if s in state.schedules),
            removed_schedules=tuple(s for s in taken.schedules if s not in state.schedules),
            monitor=state.monitor if taken.monitor or taken.incidents else None,
            decisions=taken.decisions,
            notifications=taken.notifications,
            observations=(observation,) if observation is not None and (taken.probes or taken.channels) else (),
            shard=state.monitor.shard,
        )
        self._pending += 1
        urgent = bool(taken.incidents or taken.notifications or taken.answer)
        self._writer.submit(writes, urgent=urgent, done=lambda: self._done(taken, done))

    def _done(self, taken: Step, done: Callable[[], None]) -> None:
        self._pending -= 1
        self._show(taken)
        done()

    def _show(self, taken: Step) -> None:
        self.shown = taken.state
        self._committed(taken)


def _keeps(taken: Step) -> bool:
    return bool(
        taken.probes
        or taken.channels
        or taken.incidents
        or taken.monitor
        or taken.decisions
        or taken.notifications
        or taken.silences
        or taken.overrides
        or taken.schedules
    )
