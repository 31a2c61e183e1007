"""Pulling the plug: from one commit or one send on, the house can change nothing any more; then a new one starts.

The points are counted over one whole run without a fault, so that every commit and every send has its turn.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from monitor.notify import Envelope, Sent
from monitor.store import InlineWriter, Store, Writes
from tests.stories.house import Inbox

__all__ = ["Plug", "PluggedInbox", "PluggedWriter"]

_T = TypeVar("_T")


@dataclass
class Plug:
    """`at`: the point at which it is pulled (0: never). Points are counted as they are passed."""

    at: int = 0
    passed: int = 0

    @property
    def pulled(self) -> bool:
        """Whether the house is dead."""
        return 0 < self.at <= self.passed

    def point(self) -> bool:
        """One more point; whether the house is dead from here on."""
        if not self.pulled:
            self.passed += 1
        return self.pulled


class PluggedWriter(InlineWriter):
    """A writer that dies before or after a commit."""

    def __init__(self, store: Store, plug: Plug) -> None:
        super().__init__(store)
        self._plug = plug

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:
        """Commit, unless the plug is pulled before; say so, unless it is pulled after."""
        if self._plug.pulled or self._plug.point():
            return
        super().submit(writes, urgent=urgent, done=lambda: None)
        if not self._plug.point():
            done()

    def call(self, work: Callable[[Store], _T]) -> Future[_T]:
        """Work on the store; from a dead house nothing comes back."""
        if self._plug.pulled or self._plug.point():
            return Future()
        answer = super().call(work)
        return Future() if self._plug.point() else answer


@dataclass
class PluggedInbox(Inbox):
    """The world's inbox outlives the house; the house may die before or after a message arrives."""

    plug: Plug | None = None

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """Take a message, unless the plug is pulled before; answer, unless it is pulled after."""
        assert self.plug is not None
        if self.plug.pulled or self.plug.point():
            await asyncio.Event().wait()
        sent = await super().send(destination_id, envelope)
        if self.plug.point():
            await asyncio.Event().wait()
        return sent
