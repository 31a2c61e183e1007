"""Names to addresses, and the last look at the real address of every connection before it is made.

The look is taken where the socket is created, so it sees what is really connected to, however the address came about:
written as a number in any alphabet, resolved, resolved again to something else, or named by a redirect.
"""

import asyncio
import contextlib
import socket
import ssl
from contextvars import ContextVar
from ipaddress import ip_address
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import AsyncResolver

from monitor.fetch.egress import private_range
from monitor.fetch.policy import DNS_CACHE_S, DNS_TRIES, DNS_TRY_S, KEEPALIVE_S, Address, FetchPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["STAGE", "Resolver", "Stage", "connector"]

_LOOPBACK = {socket.AF_INET: ("127.0.0.1",), socket.AF_INET6: ("::1",), socket.AF_UNSPEC: ("127.0.0.1", "::1")}
TEAM_HOSTS_MAX = 1_000


class Stage:
    """How far the attempts at one request came: what a failure means depends on it. Times are the event loop's."""

    __slots__ = ("deadline", "dialled", "expired", "heard", "refused", "silent", "sockets", "task")

    def __init__(self, task: asyncio.Task[object], began: float, deadline: float) -> None:
        self.task = task  # that makes the attempts
        self.deadline = deadline
        self.heard = began  # when the last of the answer came in
        self.dialled = False  # a new connection was begun; an attempt without one used a standing connection
        self.refused = ""  # the range of a private address that was not connected to, with an article
        self.expired = False  # its time was over and it was ended ...
        self.silent = False  # ... because nothing more came
        self.sockets: Sequence[_Socket] = ()

    def again(self) -> None:
        """Note that a further attempt begins."""
        self.sockets, self.dialled, self.refused = (), False, ""
        self.hear()

    def hear(self) -> None:
        """Note that a piece of the answer came in."""
        self.heard = asyncio.get_running_loop().time()

    @property
    def stood(self) -> bool:
        """Whether a connection stood at any time."""
        return not self.dialled or any(s.stood() for s in self.sockets)


STAGE: ContextVar[Stage | None] = ContextVar("vigie_fetch_stage", default=None)
"""The stage of the attempt that the current task makes; connections are begun in tasks of its own context."""


class _Socket(socket.socket):
    """A socket that still knows after its end whether the other side had taken the connection."""

    _had_peer = False

    def stood(self) -> bool:
        with contextlib.suppress(OSError):
            self.getpeername()
            self._had_peer = True
        return self._had_peer

    def close(self) -> None:
        self.stood()
        super().close()


class Resolver(AbstractResolver):
    """aiodns, so that no lookup ever holds a thread; `localhost` is answered here (RFC 6761, 6.3).

    `pending`: names whose lookup has begun and not ended. `team_hosts`: names that were found to lead to nothing but
    addresses that the team allows although they are private.
    """

    def __init__(self, policy: FetchPolicy) -> None:
        self.pending: set[str] = set()
        self.team_hosts: set[str] = set()
        self._policy = policy
        servers = list(policy.nameservers) or None
        self._inner = AsyncResolver(nameservers=servers, timeout=DNS_TRY_S, tries=DNS_TRIES)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's addresses; raises OSError when there are none or nobody answers."""
        if host.rstrip(".").lower() == "localhost":
            own = _LOOPBACK[family]
            allowed = [address for address in own if self._is_team(address)]  # if only one of the two is, then that
            return [_result(host, address, port) for address in allowed or own]
        self.pending.add(host)
        try:
            found = await self._inner.resolve(host, port, family)
        finally:
            self.pending.discard(host)
        if all(self._is_team(r["host"]) for r in found) and len(self.team_hosts) < TEAM_HOSTS_MAX:
            self.team_hosts.add(host)
        else:
            self.team_hosts.discard(host)
        return found

    def _is_team(self, text: str) -> bool:
        return self._policy.allows(_address(text))

    async def close(self) -> None:
        """End all lookups now."""
        await self._inner.close()


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def _address(text: str) -> Address:
    return ip_address(text.partition("%")[0])


def connector(policy: FetchPolicy, resolver: Resolver, *, checked: bool) -> aiohttp.TCPConnector:
    """A pool of connections. `checked` False is for the way to a configured proxy alone, which may be private.

    How many stand at a time is the gate's business, so the pool itself has no limit that could stall in silence.
    """

    def make_socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
        family, kind, proto, _, where = info
        stage = STAGE.get()
        if stage is not None:
            stage.dialled = True
        if checked and (word := private_range(_address(str(where[0])), policy)):
            if stage is not None:
                stage.refused = word
            raise PermissionError(f"{word} address is not connected to")
        made = _Socket(family, kind, proto)
        if stage is not None:
            stage.sockets = (*stage.sockets, made)
        return made

    context: ssl.SSLContext | bool = True  # the system's roots, which the client library has loaded already
    if policy.ca_file:
        context = ssl.create_default_context()
        context.load_verify_locations(policy.ca_file)
    return aiohttp.TCPConnector(
        resolver=resolver,
        socket_factory=make_socket,
        ssl=context,
        limit=0,
        ttl_dns_cache=DNS_CACHE_S,
        keepalive_timeout=KEEPALIVE_S,
    )
