"""What people ask of the house, on its way to the mind and back; and the signed links by which they may ask."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from monitor.core import links
from monitor.core.links import LASTS, Claim
from monitor.core.model import Acted, Answer, Event, Phase
from monitor.engine import Engine
from monitor.web import Refused

__all__ = ["Links", "Wishes"]

COMMIT_S_MAX = 10.0


class Wishes:
    """Brings events before the mind and waits for their commit: what is answered holds, whatever happens next.

    `ended`: the phase of an incident that the mind no longer holds, or None when there never was one.
    """

    def __init__(self, engine: Engine, ended: Callable[[str], Awaitable[Phase | None]]) -> None:
        self._engine = engine
        self._ended = ended

    async def act(self, event: Event) -> Answer:
        """The mind's answer, once it is committed. Raises Refused when the store does not take it in time."""
        committed = asyncio.Event()
        taken = self._engine.put(event, done=committed.set)
        try:
            async with asyncio.timeout(COMMIT_S_MAX):
                await committed.wait()
        except TimeoutError:
            raise Refused("The store takes too long to keep this; look at the board before you try again.") from None
        answer = taken.answer or Answer.yes("done", "Noted.")
        if isinstance(event, Acted) and answer.code == "unknown" and len(event.incidents) == 1:
            return await self._of_ended(event.incidents[0], answer)
        return answer

    async def _of_ended(self, incident: str, answer: Answer) -> Answer:
        """An incident that has been closed is known, and over."""
        phase = await self._ended(incident)
        return answer if phase is None else Answer.yes("over", "It is over and closed.", incident)


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
