"""A web server on loopback that misbehaves on request, a name server that lies, and certificates of every bad kind.

    async with HostileServer() as world:
        world.at("/feed", answer(body=b"..."))
        world.at("/bomb", endless(b"x" * 65536))
        ... await fetch(Request(world.url("/feed"))) ...
        assert world.heard[0].headers["user-agent"]

A behaviour is a coroutine function of what was heard and the wire to answer on; it returns whether the connection
stays.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = [
    "Behaviour",
    "FakeDns",
    "Heard",
    "HostileServer",
    "TlsFiles",
    "answer",
    "drip",
    "endless",
    "make_tls",
    "raw",
    "reset",
    "silent",
]


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Wire = asyncio.StreamWriter
Behaviour = Callable[[Heard, Wire], Awaitable[bool]]


def answer(
    status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None, *, after_s: float = 0.0
) -> Behaviour:
    """A well-formed answer, with its length, on a connection that stays."""

    async def behave(heard: Heard, wire: Wire) -> bool:
        await asyncio.sleep(after_s)
        lines = [f"HTTP/1.1 {status} Said", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        if status not in (204, 304):
            lines.append(f"Content-Length: {len(body)}")
        wire.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if heard.method != "HEAD" and status not in (204, 304):
            wire.write(body)
        return True

    return behave


def raw(data: bytes) -> Behaviour:
    """These very bytes, then the end of the connection."""

    async def behave(heard: Heard, wire: Wire) -> bool:
        del heard
        wire.write(data)
        return False

    return behave


def endless(pieces: bytes | Iterable[bytes], head: bytes = b"HTTP/1.1 200 OK\r\n\r\n", gap_s: float = 0.0) -> Behaviour:
    """`head`, then `pieces` again and again (or until an iterable ends) as fast as they are taken."""

    async def behave(heard: Heard, wire: Wire) -> bool:
        del heard
        wire.write(head)
        while True:
            for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
                wire.write(piece)
                await wire.drain()
                await asyncio.sleep(gap_s)
            if not isinstance(pieces, bytes):
                return False

    return behave


def drip(data: bytes, gap_s: float) -> Behaviour:
    """One byte at a time."""
    return endless((data[i : i + 1] for i in range(len(data))), b"", gap_s)


def silent(head: bytes = b"") -> Behaviour:
    """`head`, and then nothing for an hour."""

    async def behave(heard: Heard, wire: Wire) -> bool:
        del heard
        wire.write(head)
        await wire.drain()
        await asyncio.sleep(3600)
        return False

    return behave


def reset(head: bytes = b"") -> Behaviour:
    """`head`, and then a TCP reset."""

    async def behave(heard: Heard, wire: Wire) -> bool:
        del heard
        wire.write(head)
        await wire.drain()
        wire.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.transport.abort()
        return False

    return behave


class HostileServer:
    """An HTTP/1.1 server for tests. `heard`: every request so far; `connections`: how many were taken."""

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._tls = tls
        self._host = host
        self._routes: dict[str, Behaviour] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.heard: list[Heard] = []
        self.connections = 0
        self.open = 0
        self.port = 0

    def at(self, path: str, behaviour: Behaviour) -> str:
        """Behave so at `path` (the query is not looked at); gives the address."""
        self._routes[path] = behaviour
        return self.url(path)

    def url(self, path: str = "/", host: str = "") -> str:
        """The address of `path`, by another name of the host if one is given."""
        return f"{'https' if self._tls else 'http'}://{host or self._host}:{self.port}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0, ssl=self._tls, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "entered before it is left"
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, wire: Wire) -> None:
        task = asyncio.create_task(self._serve(reader, wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, wire: Wire) -> None:
        self.connections += 1
        self.open += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while await self._exchange(reader, wire):
                    await wire.drain()
                await wire.drain()
        finally:
            self.open -= 1
            wire.close()
            with contextlib.suppress(ConnectionError, TimeoutError, ssl.SSLError):
                await asyncio.wait_for(wire.wait_closed(), 1.0)

    async def _exchange(self, reader: asyncio.StreamReader, wire: Wire) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        heard = Heard(method, path, headers, body)
        self.heard.append(heard)
        behave = self._routes.get(path.partition("?")[0], answer(404, b"nothing here"))
        return await behave(heard, wire)


class FakeDns(asyncio.DatagramProtocol):
    """A name server over UDP (RFC 1035). `answers` gives for a name the addresses, an RCODE number, or None: silence.

    async with FakeDns(lambda name: ["10.0.0.1"]) as dns: policy = FetchPolicy(nameservers=(dns.address,))
    """

    def __init__(self, answers: Callable[[str], list[str] | int | None]) -> None:
        self._answers = answers
        self._transport: asyncio.DatagramTransport | None = None
        self.address = ""
        self.asked: list[str] = []

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.address = "127.0.0.1:{}".format(self._transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None, "entered before it is left"
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += 1 + data[at]
        question, kind = data[12 : at + 5], int.from_bytes(data[at + 1 : at + 3], "big")
        name = ".".join(labels)
        if kind == 1:
            self.asked.append(name)
        said = self._answers(name)
        if said is None:
            return
        records = b""
        count = 0
        for address in said if isinstance(said, list) else ():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if kind == (28 if family == socket.AF_INET6 else 1):
                packed = socket.inet_pton(family, address)
                records += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(packed)) + packed
                count += 1
        flags = 0x8180 | (said if isinstance(said, int) else 0)
        head = data[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0)
        assert self._transport is not None, "asked after the start"
        self._transport.sendto(head + question + records, addr)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate authority of our own, and what servers with its certificates need."""

    ca: Path
    contexts: Mapping[str, ssl.SSLContext]


def make_tls(folder: Path) -> TlsFiles:
    """Make an authority and certificates in `folder` with the openssl program.

    Servers: "good" (localhost, 127.0.0.1), "expired", "other" (another host), "self" (signed by itself).
    """
    ca, key = folder / "ca.pem", folder / "ca.key"
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    authority = ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", "/CN=Test authority"]
    _openssl("req", "-x509", "-new", "-key", key, "-days", "30", "-out", ca, *authority)
    contexts = {}
    for name, host, signed, more in (
        ("good", "DNS:localhost,IP:127.0.0.1", True, ["-days", "10"]),
        ("expired", "DNS:localhost,IP:127.0.0.1", True, ["-days", "-1"]),
        ("other", "DNS:elsewhere.example", True, ["-days", "10"]),
        ("self", "DNS:localhost,IP:127.0.0.1", False, ["-days", "10"]),
    ):
        own, request, made = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.pem"
        extension = folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={host}\n")
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", own)
        _openssl("req", "-new", "-key", own, "-out", request, "-subj", f"/CN={name}")
        signer: list[str | Path] = ["-CA", ca, "-CAkey", key, "-CAcreateserial"] if signed else ["-signkey", own]
        _openssl("x509", "-req", "-in", request, "-out", made, "-extfile", extension, *signer, *more)
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(made, own)
    return TlsFiles(ca, contexts)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)  # noqa: S603, S607 - for tests
