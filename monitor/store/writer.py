"""The thread that owns the store: it gathers what steps want kept, commits it in order, and says when it is safe.

`submit` never waits for the disk. What gathers within GROUP_S goes into one commit; an urgent step, or a call, ends the
wait at once. `done` is called after the commit, in the order of the submits, on the writer's thread.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from monitor.store.failpoint import failpoint
from monitor.store.rows import StoreError, StoreFull, StoreLocked, Writes
from monitor.store.store import Store

__all__ = ["BATCH_MAX", "GROUP_S", "WAITING_MAX", "InlineWriter", "StoreWriter", "Writer"]

GROUP_S = 0.1
"""The longest that a step waits for others to share its commit."""

BATCH_MAX = 500
"""Steps in one commit: bounds how long a reader of the outbox waits behind it."""

WAITING_MAX = 50_000
"""Steps that may wait for the disk; at more, the disk has been too slow for minutes, and the store counts as failed."""

RETRY_S = 1.0
LOCKED_TRIES_MAX = 10
"""With the second that SQLite itself waits, twenty seconds for a foreign program to let go."""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class StoreWriter(Protocol):
    """What the engine and the dispatcher need: a place to hand in, in order, and a word when it is safe."""

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:
        """Have `writes` kept; `done` is called once they are. Raises StoreError when the store has failed."""
        ...

    def call(self, work: Callable[[Store], _T]) -> Future[_T]:
        """Run `work` on the store, after all that was submitted before it."""
        ...

    def close(self, timeout_s: float) -> bool:
        """Commit what waits and stop. False: not all of it could be committed in time."""
        ...


@dataclass(frozen=True, slots=True)
class _Keep:
    writes: Writes
    urgent: bool
    done: Callable[[], None]
    since: float


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[Store], Any]
    future: "Future[Any]"


class Writer:
    """The writer of a running daemon. `on_failure` is called once, on the writer's thread, when the store has failed:
    nothing will be committed any more, no `done` will come, and the daemon should end with an error and start anew.
    """

    def __init__(self, store: Store, *, on_failure: Callable[[StoreError], None], group_s: float = GROUP_S) -> None:
        self.store = store
        self.failed: StoreError | None = None
        self._on_failure = on_failure
        self._group_s = group_s
        self._waiting: deque[_Keep | _Call] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._hurry = 0  # how many of those waiting end the wait
        self._since: float | None = None  # when the thread began what it has in hand
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """How many submits and calls wait."""
        return len(self._waiting)

    @property
    def stuck_s(self) -> float:
        """For how long the disk has not taken what it was given: it is full, or hangs."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:
        """Have `writes` kept, at once if `urgent`. Never waits. Raises StoreError when the store has failed."""
        self._add(_Keep(writes, urgent, done, time.monotonic()), hurry=urgent)

    def call(self, work: Callable[[Store], _T]) -> Future[_T]:
        """Run `work(store)` on the writer's thread, after all that was submitted before; it must be one transaction."""
        future: Future[_T] = Future()
        self._add(_Call(work, future), hurry=True)
        return future

    def close(self, timeout_s: float) -> bool:
        """Commit what waits, stop, and let the store go. False: something could not be committed in `timeout_s`."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.error("store: %d commits were still waiting for the disk at the end", self.backlog)
            return False  # the store stays open: its thread is in the middle of a transaction
        self.store.close()
        return self.failed is None

    def _add(self, item: _Keep | _Call, *, hurry: bool) -> None:
        with self._changed:
            if self.failed is not None:
                raise self.failed
            if self._closing:
                raise StoreError("the store is closing")
            if len(self._waiting) >= WAITING_MAX:
                msg = f"{self.store.path}: {WAITING_MAX} steps wait for the disk; it is too slow, or stuck"
                raise StoreError(msg)
            self._waiting.append(item)
            self._hurry += hurry
            if hurry or len(self._waiting) in (1, BATCH_MAX):
                self._changed.notify_all()

    # --- on the writer's thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while group := self._next_group():
                self._since = time.monotonic()
                self._work(group)
                self._since = None
        except Exception as error:  # noqa: BLE001 - the thread's last line of defence: whatever it is, it must be heard
            _log.exception("store: the writer has failed")
            self._fail(error if isinstance(error, StoreError) else StoreError(f"the store's writer failed: {error!r}"))

    def _next_group(self) -> list[_Keep | _Call]:
        """Wait for work, and a little for more of it. Empty: closing, and all is done."""
        with self._changed:
            while not self._waiting:
                if self._closing:
                    return []
                self._changed.wait()
            first = self._waiting[0]
            if isinstance(first, _Keep):
                until = first.since + self._group_s
                while not (self._hurry or self._closing or len(self._waiting) >= BATCH_MAX):
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
            return self._take()

    def _take(self) -> list[_Keep | _Call]:
        """Either the submits up to the next call, or one call."""
        group: list[_Keep | _Call] = []
        while self._waiting and len(group) < BATCH_MAX:
            item = self._waiting[0]
            if isinstance(item, _Call) and group:
                break
            group.append(self._waiting.popleft())
            self._hurry -= isinstance(item, _Call) or item.urgent
            if isinstance(item, _Call):
                break
        return group

    def _work(self, group: Sequence[_Keep | _Call]) -> None:
        first = group[0]
        if isinstance(first, _Call):
            self._answer(first)
            return
        keeps = [item for item in group if isinstance(item, _Keep)]
        self._persist(lambda store: store.commit([item.writes for item in keeps]))
        failpoint("after_commit_before_done")
        for item in keeps:
            try:
                item.done()
            except Exception:  # noqa: BLE001 - the rows are safe; the others still must hear of theirs
                _log.exception("store: what was to happen after a commit failed")

    def _answer(self, item: _Call) -> None:
        if not item.future.set_running_or_notify_cancel():
            return
        try:
            answer = self._persist(item.work)
        except Exception as error:
            item.future.set_exception(error)
            if self.store.failed is not None:
                raise
        else:
            item.future.set_result(answer)

    def _persist(self, work: Callable[[Store], _T]) -> _T:
        """Try until it is done, the store has failed, or we are closing. A full disk is waited out."""
        tries = 0
        while True:
            try:
                return work(self.store)
            except (StoreFull, StoreLocked) as error:
                tries += 1
                if self._closing or (isinstance(error, StoreLocked) and tries >= LOCKED_TRIES_MAX):
                    raise
                _log.warning("store: %s; trying again (%d)", error, tries)
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, RETRY_S)

    def _fail(self, error: StoreError) -> None:
        with self._changed:
            self.failed = error
            lost, self._waiting = list(self._waiting), deque()
        for item in lost:
            if isinstance(item, _Call) and item.future.set_running_or_notify_cancel():
                item.future.set_exception(error)
        self._on_failure(error)


class InlineWriter:
    """The same with every commit made at once, on the caller's thread: for simulations and the command line."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.backlog = 0

    @property
    def failed(self) -> StoreError | None:
        """Why nothing can be committed any more, or None."""
        return self.store.failed

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:  # noqa: ARG002 - always at once
        """Commit `writes`, then call `done`. Raises StoreError."""
        self.store.commit([writes])
        failpoint("after_commit_before_done")
        done()

    def call(self, work: Callable[[Store], _T]) -> Future[_T]:
        """A future that holds the answer of `work(store)` already."""
        future: Future[_T] = Future()
        try:
            future.set_result(work(self.store))
        except Exception as error:  # noqa: BLE001 - it goes to the caller, whatever it is
            future.set_exception(error)
        return future

    def close(self, timeout_s: float = 0.0) -> bool:  # noqa: ARG002 - nothing ever waits
        """Let the store go."""
        self.store.close()
        return self.store.failed is None
