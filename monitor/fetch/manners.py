"""How hosts are treated: so many requests at a time, so far apart, and not before they said.

Everything here is in monotonic seconds of the event loop's clock.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from monitor.fetch.dialing import Stage
from monitor.fetch.egress import Target
from monitor.fetch.policy import (
    MAX_AGE_S_MAX,
    QUEUE_S_MAX,
    RETRY_AFTER_S_MAX,
    RETRY_AFTER_S_MIN,
    FetchPolicy,
)
from probes.base import Reason, Unreadable

__all__ = ["Gate", "Patience", "Watch", "max_age_s", "retry_after_s"]

_Key = TypeVar("_Key")

HOSTS_MAX = 4_096
WAITS_MAX = 20_000
_DIGITS_MAX = 9
WATCH_S = 0.05


class _Slots:
    """So many at a time, first come first served. Like asyncio.Semaphore, with a way in that costs no coroutine."""

    __slots__ = ("_free", "_waiting")

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: deque[asyncio.Future[None]] = deque()

    def try_take(self) -> bool:
        """Take a slot if one is free and nobody waits."""
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return True
        return False

    async def take(self) -> None:
        """Take a slot, waiting for it."""
        if self.try_take():
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()  # the slot was ours already
            raise

    def give(self) -> None:
        """Hand a slot on to the next who still waits, or back."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class _Host:
    """One public host: its slots, and when the next request to it may start."""

    __slots__ = ("next_start", "slots", "users")

    def __init__(self, slots: int) -> None:
        self.slots = _Slots(slots)
        self.next_start = 0.0
        self.users = 0  # requests that run or wait


class Gate:
    """Who may start now. Hosts of the team's own networks are bounded in all, not each."""

    def __init__(self, policy: FetchPolicy) -> None:
        self._policy = policy
        self._all = _Slots(policy.in_flight)
        self._hosts: dict[str, _Host] = {}

    def enter_at_once(self, *, private: bool) -> Callable[[], None] | None:
        """The way in that needs no waiting, as for the team's own hosts; None if there is none now."""
        return self._all.give if private and self._all.try_take() else None

    async def enter(self, host: str, *, private: bool) -> Callable[[], None]:
        """Wait for a turn; gives the function that ends it. Raises Unreadable(LIMIT) after QUEUE_S_MAX."""
        try:
            async with asyncio.timeout(QUEUE_S_MAX):
                return await self._wait(host, private=private)
        except TimeoutError:
            msg = (
                f"{host} was not asked: its turn did not come within {QUEUE_S_MAX:g} s, because other requests are slow"
            )
            raise Unreadable(msg, Reason.LIMIT) from None

    async def _wait(self, host: str, *, private: bool) -> Callable[[], None]:
        if private:
            await self._all.take()
            return self._all.give
        state = self._host(host)
        state.users += 1
        try:
            await state.slots.take()
            try:
                await self._space(state)
                await self._all.take()
            except BaseException:
                state.slots.give()
                raise
        except BaseException:
            state.users -= 1
            raise

        def leave() -> None:
            self._all.give()
            state.slots.give()
            state.users -= 1

        return leave

    async def _space(self, state: _Host) -> None:
        now = asyncio.get_running_loop().time()
        start = max(now, state.next_start)
        state.next_start = start + self._policy.spacing_s
        if start > now:
            await asyncio.sleep(start - now)

    def _host(self, host: str) -> _Host:
        state = self._hosts.get(host)
        if state is None:
            if len(self._hosts) >= HOSTS_MAX:  # redirects may name any number of hosts
                now = asyncio.get_running_loop().time()
                for name in [h for h, s in self._hosts.items() if s.next_start <= now and not s.users]:
                    del self._hosts[name]
            state = self._hosts[host] = _Host(self._policy.per_host)
        return state


class Watch:
    """Ends attempts whose time is over, and those whose answer stops in the middle.

    One look at all of them, WATCH_S apart while there are any: a timer for each costs a tenth of a request. It cancels
    the attempt's task, as asyncio.timeout does; whoever made the attempt turns that into what it means.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._running: set[Stage] = set()
        self._next: asyncio.TimerHandle | None = None

    def begin(self, stage: Stage) -> None:
        """Look after this attempt."""
        self._running.add(stage)
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(WATCH_S, self._look)

    def end(self, stage: Stage) -> None:
        """The attempt has ended."""
        self._running.discard(stage)

    def close(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for stage in list(self._running):
            if stage.expired:
                continue
            late = now >= stage.deadline
            stage.silent = not late and now - stage.heard > self._gap_s and stage.stood
            if late or stage.silent:
                stage.expired = True
                stage.task.cancel()
        self._next = loop.call_later(WATCH_S, self._look) if self._running else None


class Patience:
    """Until when hosts and pages asked to be left alone.

    A page's own wait always holds for that page. A 429 holds for its whole origin too, since rate limits count a
    client and not a page; a host of the team's own networks is spared that.
    """

    def __init__(self) -> None:
        self._until: dict[str | tuple[str, str, int], float] = {}
        self._fresh: dict[str, float] = {}

    def asked_to_wait(self, url: str, target: Target, seconds: float, *, whole_origin: bool) -> None:
        """Note a Retry-After, in seconds from now."""
        until = asyncio.get_running_loop().time() + seconds
        _keep(self._until, url, until)
        if whole_origin:
            _keep(self._until, target.origin, until)

    def stays_fresh(self, url: str, seconds: float) -> None:
        """Note a max-age, in seconds from now; 0 forgets an earlier one."""
        if seconds > 0:
            _keep(self._fresh, url, asyncio.get_running_loop().time() + seconds)
        elif self._fresh:
            self._fresh.pop(url, None)

    def barred_until(self, url: str, target: Target) -> float | None:
        """When a standing Retry-After ends, None if there is none."""
        if not self._until:
            return None
        until = max(self._until.get(url, 0.0), self._until.get(target.origin, 0.0))
        return until if until > asyncio.get_running_loop().time() else None

    def not_before(self, url: str, target: Target) -> float | None:
        """When the page is best asked again: after its Retry-After and its max-age; None for at once."""
        now = asyncio.get_running_loop().time()
        until = max(self.barred_until(url, target) or 0.0, self._fresh.get(url, 0.0))
        return until if until > now else None


def _keep(waits: dict[_Key, float], key: _Key, until: float) -> None:
    if len(waits) >= WAITS_MAX and key not in waits:
        now = asyncio.get_running_loop().time()
        for old in [k for k, v in waits.items() if v <= now] or list(waits)[: WAITS_MAX // 10]:
            del waits[old]
    waits[key] = until


def retry_after_s(value: str, now: datetime) -> float | None:
    """Seconds of a Retry-After header, clamped to 1 s .. 1 h; None for one that cannot be read.

    RFC 9110, 10.2.3: a number of seconds or an HTTP date.
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text) if len(text) <= _DIGITS_MAX else RETRY_AFTER_S_MAX
    else:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, RETRY_AFTER_S_MIN), RETRY_AFTER_S_MAX)


def max_age_s(headers: Mapping[str, str]) -> float:
    """For how long an answer calls itself fresh (RFC 9111, 5.2.2), less its Age, at most MAX_AGE_S_MAX; 0 if unsaid."""
    control = headers.get("cache-control")
    if not control:
        return 0.0
    seconds = 0.0
    for part in control.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in ("no-cache", "no-store"):
            return 0.0
        number = value.strip('" ')
        if name == "max-age" and number.isascii() and number.isdigit():
            seconds = float(number[:_DIGITS_MAX])
    age = headers.get("age", "")
    if age.isascii() and age.isdigit():
        seconds -= float(age[:_DIGITS_MAX])
    return min(max(seconds, 0.0), MAX_AGE_S_MAX)
