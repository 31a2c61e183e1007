"""The dead-man's switch outside: we call it while all is well with us, and our silence makes it call for help.

It has a door of its own (`own_policy`), so that no probe's queue, spacing or cache stands between us and it. What holds
for probes holds here too: a private address is called only where `fetch.allow_private` names it. A redirect is not
followed: it would show that somebody answered, not that the switch did.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import SecretStr

from monitor.fetch import FetchPolicy
from probes.base import Fetch, Request, Unreachable, Unreadable

__all__ = ["Heartbeat", "own_policy"]

LOG = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
TOTAL_MAX = timedelta(seconds=10)
BODY_BYTES_MAX = 65_536
LOOK_S = 1.0  # how soon we look again whether all is well, when it is not
_OK, _REDIRECT = 200, 300
_ILL, _REFUSED = "no heartbeat is sent", "the dead-man's switch did not take the heartbeat"


def own_policy(policy: FetchPolicy) -> FetchPolicy:
    """The policy of the heartbeat's own door: the team's, with nothing that holds up, remembers or leads elsewhere."""
    return replace(policy, in_flight=2, spacing_s=0.0, cache_bytes_max=0, redirects_max=0)


class Heartbeat:
    """Calls an address each so often, while `healthy` says so: with an empty text, else with the reason.

    `fetch`: a door of its own. `beaten(at)` hears of each call that was taken. `fault`: why the newest one was not, or
    was not made, for people; empty while all is well. The loop that runs this is itself part of what is shown to live.
    """

    def __init__(
        self,
        fetch: Fetch,
        healthy: Callable[[], str],
        beaten: Callable[[datetime], None],
        redact: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._fetch = fetch
        self._healthy = healthy
        self._beaten = beaten
        self._redact = redact
        self._url: SecretStr | None = None
        self._every_s = EVERY.total_seconds()
        self._changed = asyncio.Event()
        self._next_s = 0.0  # when the next call is due, by the loop's time; 0: at once
        self._took = False  # the switch has taken one
        self.fault = ""

    def set(self, url: SecretStr | None, every: timedelta = EVERY) -> None:
        """Take a configuration; a changed one is called at once. None: there is no switch."""
        if (url, every.total_seconds()) == (self._url, self._every_s):
            return
        self._url, self._every_s = url, every.total_seconds()
        self._next_s, self._took = 0.0, False
        self.fault = ""
        self._changed.set()

    async def run(self) -> None:
        """Beat for ever."""
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            if self._url is None:
                await self._changed.wait()
                continue
            if self._next_s <= loop.time():
                await self._turn(self._url, loop)
            await self._pause(max(self._next_s - loop.time(), 0.0))

    async def _turn(self, url: SecretStr, loop: asyncio.AbstractEventLoop) -> None:
        """Beat if all is well; note when to come again."""
        began = loop.time()
        why = self._healthy()
        if not why:
            self._next_s = began + self._every_s
            fault = await self._beat(url)
            if url == self._url:
                self._note(_REFUSED, fault)
            return
        self._next_s = self._next_s or began
        # Before the first beat all is given time to stand: people need not hear that a start is a start.
        if began - self._next_s >= (LOOK_S if self._took else self._every_s):
            self._note(_ILL, why)
        await self._pause(LOOK_S)

    async def _beat(self, url: SecretStr) -> str:
        """Why the call was not taken; empty when it was."""
        total = min(TOTAL_MAX, timedelta(seconds=self._every_s))
        try:
            seen = await self._fetch(Request(url.get_secret_value(), body_max=BODY_BYTES_MAX, total=total))
        except (Unreachable, Unreadable) as fault:
            return str(fault)
        if not _OK <= seen.status < _REDIRECT:
            return f"it answered HTTP {seen.status}"
        self._took = True
        self._beaten(seen.at)
        return ""

    def _note(self, kind: str, why: str) -> None:
        """Keep what is wrong, and log when that begins, becomes something else, and ends."""
        before, self.fault = self.fault, f"{kind}: {self._redact(why)}" if why else ""
        if self.fault and not before.startswith(kind):
            LOG.warning("%s", self.fault)
        elif before and not self.fault:
            LOG.info("the dead-man's switch takes our heartbeats again")

    async def _pause(self, seconds: float) -> None:
        """Wait, but not past a change of the configuration."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
