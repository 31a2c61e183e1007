"""A world on loopback that costs as little as it can: status pages and feeds, as a process of its own.

``/<anything>.json`` is a Statuspage summary of about 34 KB with an ETag, which changes every CHANGES_EVERY-th time it
is asked (304 else), but for those under ``/still/``; ``/feed/<n>`` a feed with another text every time.
``/_asked/<beginning>`` says how often paths that begin so were asked, and how many different ones: JSON [int, int].
``/_turn`` and ``/_calm`` turn the page ``/turning.json`` bad and well. As a proxy it refuses every CONNECT. It prints
its port, and ends with its stdin.
"""

import asyncio
import json
import sys
import zlib
from collections import Counter

__all__ = ["CHANGES_EVERY", "summary"]

CHANGES_EVERY = 10
COMPONENTS = 96
ENTRIES = 40
STAMP = b"2026-11-22T00:00:00.000Z"
TURNING = "/turning.json"


def summary(word: str = "operational") -> bytes:
    """A summary.json after Atlassian's documented schema, of about 34 KB."""
    rows = [
        {
            "id": f"c{n:011d}",
            "name": f"Component number {n}",
            "status": word if n == 0 else "operational",
            "created_at": "2021-03-04T05:06:07.000Z",
            "updated_at": "2026-10-11T12:13:14.000Z",
            "position": n,
            "description": "What this component does, in a sentence as vendors write it.",
            "showcase": True,
            "start_date": "2021-03-04",
            "group_id": None,
            "page_id": "p0000000001",
            "group": False,
            "only_show_if_degraded": False,
        }
        for n in range(COMPONENTS)
    ]
    page = {"id": "p0000000001", "name": "Bench", "url": "https://page.example", "updated_at": STAMP.decode()}
    status = {"indicator": "none" if word == "operational" else "critical", "description": "as it is"}
    whole = {"page": page, "components": rows, "incidents": [], "scheduled_maintenances": [], "status": status}
    return json.dumps(whole).encode()


def feed(turn: int) -> bytes:
    """An RSS feed of about 30 KB whose newest entry is another one every turn."""
    items = "".join(
        f"<item><title>Change {turn - n}</title><link>https://page.example/{turn - n}</link><guid>{turn - n}</guid>"
        f"<pubDate>Sun, 22 Nov 2026 08:00:00 GMT</pubDate><description>{'We changed a thing in our API. ' * 18}"
        "</description></item>"
        for n in range(ENTRIES)
    )
    return f'<rss version="2.0"><channel><title>Changes</title>{items}</channel></rss>'.encode()


class _World:
    """What every path says now."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.well, self.bad = summary(), summary("major_outage")
        self.turned = False

    def answer(self, path: str, known: bytes) -> bytes:
        """The whole answer to one GET. `known`: the value of If-None-Match."""
        if path.startswith("/_asked/"):
            begin = path.removeprefix("/_asked")
            counts = [count for asked, count in self.asked.items() if asked.startswith(begin)]
            return _whole(json.dumps([sum(counts), len(counts)]).encode())
        if path in ("/_turn", "/_calm"):
            self.turned = path == "/_turn"
            return _whole(b"{}")
        count = self.asked[path]
        self.asked[path] = count + 1
        if path.startswith("/feed/"):
            return _whole(feed(count + ENTRIES), b"application/rss+xml")
        if path == TURNING:
            return _whole(self.bad if self.turned else self.well)
        still = path.startswith("/still/")
        turn = 0 if still else (count + zlib.crc32(path.encode()) % CHANGES_EVERY) // CHANGES_EVERY
        tag = b'"v%d"' % turn
        if known == tag:
            return b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\n\r\n" % tag
        body = self.well.replace(STAMP, b"2026-11-22T%02d:%02d:%02d.000Z" % (turn // 3600, turn // 60 % 60, turn % 60))
        return _whole(body, tag=tag)


def _whole(body: bytes, kind: bytes = b"application/json", tag: bytes = b"") -> bytes:
    named = b"ETag: %b\r\n" % tag if tag else b""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n" % (kind, named, len(body))
    return head + body


class _Connection(asyncio.Protocol):
    def __init__(self, world: _World) -> None:
        self._world = world
        self._transport: asyncio.Transport
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        while b"\r\n\r\n" in self._held:
            head, _, self._held = self._held.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            method, path, _ = first.decode().split(" ", 2)
            if method == "CONNECT":
                self._transport.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                continue
            known = next((line[15:] for line in lines if line[:15].lower() == b"if-none-match: "), b"")
            self._transport.write(self._world.answer(path, known))


async def _serve() -> None:
    world = _World()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(world), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the bench learns of it
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
