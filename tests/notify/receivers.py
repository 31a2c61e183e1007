"""Receivers on loopback: one that keeps what it gets, a proxy that is any host, the hostile ones of the list (B80)."""

import asyncio
import contextlib
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.patience import HANG_S

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """What came: loop time of the first byte, headers (lower case), body. `hosts`: whom a proxy was asked for."""

    port: int = 0
    firsts: list[float] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)

    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def has(self, requests: int) -> None:
        """Wait until so many requests have come whole."""
        async with asyncio.timeout(HANG_S), self.changed:
            await self.changed.wait_for(lambda: len(self.bodies) >= requests)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"

    def notes(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]


@contextlib.asynccontextmanager
async def receiver(answer: Answer, *, port: int = 0) -> AsyncIterator[Receiver]:
    """Listen; answer each request by `answer` once it is read whole."""
    async with _listening(answer, None, port) as here:
        yield here


@contextlib.asynccontextmanager
async def everywhere(answer: Answer, context: ssl.SSLContext) -> AsyncIterator[Receiver]:
    """Be a proxy that plays every host that it is asked for; `context` has a certificate for them."""
    async with _listening(answer, context, 0) as here:
        yield here


def certified(folder: Path, *hosts: str) -> tuple[ssl.SSLContext, Path]:
    """A context with a certificate for these hosts, and the file of the authority that signed it; takes openssl."""
    ca, ca_key, key, request, cert, names = (
        folder / name for name in ("ca.pem", "ca.key", "key", "request", "cert.pem", "names")
    )
    names.write_text("subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts) + "\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"]
    authority = ["-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    signed = ["-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "9", "-extfile", names]
    for words in (
        ["req", "-x509", *curve, "-keyout", ca_key, "-out", ca, *authority],
        ["req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=everywhere"],
        ["x509", "-req", "-in", request, "-out", cert, *signed],
    ):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)  # noqa: S603, S607 - for tests
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, ca


@contextlib.asynccontextmanager
async def _listening(answer: Answer, context: ssl.SSLContext | None, port: int) -> AsyncIterator[Receiver]:
    here = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            if context is not None:
                asked = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split()
                here.hosts.append(asked[1].removesuffix(":443"))
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                await writer.start_tls(context)
            first = await reader.readexactly(1)
            here.firsts.append(asyncio.get_running_loop().time())
            head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            here.lines.append(head[0])
            here.heads.append(headers)
            here.bodies.append(await reader.readexactly(int(headers.get("content-length", "0"))))
            async with here.changed:
                here.changed.notify_all()
            await answer(writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    here.port = server.sockets[0].getsockname()[1]
    try:
        yield here
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)
        await server.wait_closed()


def says(status: str, body: bytes = b"ok", *headers: str) -> Answer:
    """Answer with a status line such as ``200 OK``, a body and more headers."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()

    return answer


async def hang(_writer: asyncio.StreamWriter) -> None:
    """Take the request and say nothing."""
    await asyncio.sleep(3_600)


async def reset(writer: asyncio.StreamWriter) -> None:
    """Take the request and cut the connection."""
    writer.transport.abort()


async def drip_head(writer: asyncio.StreamWriter) -> None:
    """Send the status line byte by byte, for ever: no single read ever waits long."""
    for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.3)


async def drip_body(writer: asyncio.StreamWriter) -> None:
    """Say 200 at once, then a byte now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(10_000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.2)


async def endless_body(writer: asyncio.StreamWriter) -> None:
    """Say 200, then bytes without end."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def gzip_bomb(writer: asyncio.StreamWriter) -> None:
    """Say 200 with a small body that unpacks to 1 GiB: gzip members of 10 MiB of zeros, one after another."""
    import gzip  # noqa: PLC0415 - only here

    member = gzip.compress(bytes(10 * 2**20), 9)
    body = member * 103
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
