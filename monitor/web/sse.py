"""Telling open pages that something changed: server-sent events that carry a version and nothing else.

A page that hears a version other than its own fetches itself anew; so no state travels here, and a lost event costs
nothing. Format: the "text/event-stream" section of the HTML standard.
"""

import asyncio

from aiohttp import web

from monitor.web.house import Version

__all__ = ["Changes", "Streams"]

STREAMS_MAX = 100  # of the 200 connections; the rest stays free for pages, scrapes and acts
GAP_S_MIN = 1.0  # a storm of commits is one event a second
QUIET_S_MAX = 15.0  # then a comment, which finds out whether somebody is still there
WRITE_S_MAX = 10.0
RETRY_MS = 3_000


class Changes:
    """A count that moves with every commit, and can be waited for."""

    def __init__(self) -> None:
        self.version = 0
        self._moved = asyncio.Event()

    def bump(self) -> None:
        """Something changed that a page may show."""
        self.version += 1
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait(self, seen: int) -> int:
        """The version, as soon as it is not `seen`."""
        while self.version == seen:
            await self._moved.wait()
        return self.version


class Streams:
    """All open event streams. `boot`: part of every version, so that a page notices a restart."""

    def __init__(self, changed: Version, boot: str, *, gap_s: float = GAP_S_MIN, quiet_s: float = QUIET_S_MAX) -> None:
        self._changed = changed
        self._boot = boot
        self._gap_s = gap_s
        self._quiet_s = quiet_s
        self._open: set[asyncio.Timeout] = set()
        self._closing = False

    @property
    def token(self) -> str:
        """The version a page made now carries."""
        return f"{self._boot}-{self._changed.version}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one stream open until the reader leaves or the house closes."""
        if len(self._open) >= STREAMS_MAX or self._closing:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        life = asyncio.timeout(None)
        self._open.add(life)
        try:
            async with life:
                await self._feed(request, response)
        except (ConnectionError, TimeoutError):
            pass  # the reader left or does not read, or the house closes: all of these just end the stream
        finally:
            self._open.discard(life)
        return response

    async def _feed(self, request: web.Request, response: web.StreamResponse) -> None:
        await response.prepare(request)
        seen = self._changed.version
        await self._write(response, f"retry: {RETRY_MS}\nevent: changed\ndata: {self.token}\n\n")
        while True:
            try:
                async with asyncio.timeout(self._quiet_s):
                    seen = await self._changed.wait(seen)
            except TimeoutError:
                await self._write(response, ": still here\n\n")
                continue
            await self._write(response, f"event: changed\ndata: {self.token}\n\n")
            await asyncio.sleep(self._gap_s)

    @staticmethod
    async def _write(response: web.StreamResponse, text: str) -> None:
        async with asyncio.timeout(WRITE_S_MAX):
            await response.write(text.encode())

    def close(self) -> None:
        """End every stream."""
        self._closing = True
        for life in self._open:
            life.reschedule(asyncio.get_running_loop().time())
