"""What people ask of the house, on its way to the mind and back; and the signed links by which they may ask."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from monitor.core import links
from monitor.core.links import LASTS, Claim
from monitor.core.model import Acted, Answer, Event, Incident, Phase
from monitor.engine import Engine
from monitor.web import Refused

__all__ = ["Links", "Wishes"]

COMMIT_S_MAX = 10.0


class Wishes:
    """Brings events before the mind and waits for their commit: what is answered holds, whatever happens next.

    `kept`: those of some incidents that the store knows, by id.
    """

    def __init__(self, engine: Engine, kept: Callable[[Collection[str]], Awaitable[Mapping[str, Incident]]]) -> None:
        self._engine = engine
        self._kept = kept

    async def act(self, event: Event) -> Answer:
        """The mind's answer, once it is committed. Raises Refused when the store does not take it in time."""
        if isinstance(event, Acted):
            event = await self._with_closed(event)
        committed = asyncio.Event()
        taken = self._engine.put(event, done=committed.set)
        try:
            async with asyncio.timeout(COMMIT_S_MAX):
                await committed.wait()
        except TimeoutError:
            raise Refused("The store takes too long to keep this; look at the board before you try again.") from None
        return taken.answer or Answer.yes("done", "Noted.")

    async def _with_closed(self, event: Acted) -> Acted:
        """Name those that the mind has let go, so that it can tell them from those that never were."""
        missing = [i for i in event.incidents if i not in self._engine.state.incidents]
        kept = await self._kept(missing) if missing else {}
        return replace(event, closed=tuple(i for i, found in kept.items() if found.phase is Phase.CLOSED))


class Links:
    """Makes and reads signed links. `key`: the store's; `board_url`: read anew at every use, for a reload moves it."""

    def __init__(self, key: bytes, board_url: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._key = key
        self._board_url = board_url
        self._now = now

    def url(self, recipient: str, incidents: tuple[str, ...]) -> str:
        """A link for a recipient to these incidents; empty where there is nothing to act on."""
        if not recipient or not incidents:
            return ""
        token = links.sign(self._key, recipient, incidents[: links.INCIDENTS_MAX], self._now() + LASTS)
        return f"{self._board_url().rstrip('/')}/a/{token}"

    def read(self, token: str) -> Claim:
        """What a link says; raises BadLink."""
        return links.read(self._key, token, self._now())
