"""The listener: routes, answers to faults, and the limits of a connection.

aiohttp decompresses unread bodies while it drains them (an 8 KB brotli body froze the loop for 10 s, measured), so
`auto_decompress` is off; it bounds neither the number of connections nor hides its version, so both are done here.
"""

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from weakref import WeakSet

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from monitor.web.api import Api, error_json
from monitor.web.board import Board
from monitor.web.forms import login_for, see_other
from monitor.web.guard import (
    ACTS_BURST,
    ACTS_PER_S,
    BODY_BYTES_MAX,
    BODY_S_MAX,
    WRONG_TOKENS_BURST,
    WRONG_TOKENS_PER_S,
    Door,
    Refusal,
    refuse_public_without_token,
    secure,
)
from monitor.web.house import House, Refused
from monitor.web.sse import GAP_S_MIN, QUIET_S_MAX, Streams

__all__ = ["Limits", "Web", "split_listen"]

log = logging.getLogger(__name__)

LINGER_S_MAX = 2.0
CLOSE_S_MAX = 1.0
PATH_CHARS_LOGGED = 100

_UNREADABLE = Refusal(400, "bad_request", "This is no HTTP request, or a line of it is too long.")
_FAULT = Refusal(500, "internal", "A fault of ours; it is in the log.")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may cost. `header_s`: until a request's headers are complete, and idle between requests;
    `acts`, `guesses`: requests that change something, and wrong tokens, in a second and at once.
    """

    connections: int = 200
    header_s: float = 10.0
    body_s: float = BODY_S_MAX
    event_gap_s: float = GAP_S_MIN
    event_quiet_s: float = QUIET_S_MAX
    acts: tuple[float, int] = (ACTS_PER_S, ACTS_BURST)
    guesses: tuple[float, int] = (WRONG_TOKENS_PER_S, WRONG_TOKENS_BURST)


def split_listen(listen: str) -> tuple[str, int]:
    """``"127.0.0.1:9180"`` or ``"[::1]:9180"`` -> host and port; raises ValueError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:  # noqa: PLR2004 - the last port
        raise ValueError(f"{listen!r} is not host:port, such as 127.0.0.1:9180")
    return host.strip("[]"), int(port)


class _Connection(RequestHandler):
    """One connection; what cannot be parsed is answered without our version and without the input.

    `others`: all that are open, which it leaves at its end. aiohttp's own list fills only after a batch was accepted.
    """

    others: "WeakSet[_Connection]"

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another."""
        self.others.discard(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - the library's signature; it would repeat the input
    ) -> web.StreamResponse:
        log.debug("a request from %s could not be served: %s", request.remote, type(exc).__name__)
        response = error_json(_UNREADABLE if status < HTTPStatus.INTERNAL_SERVER_ERROR else _FAULT)
        secure(response)
        response.force_close()
        return response


class _Full(asyncio.Protocol):
    """The answer to one connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n\r\n")
        transport.close()


class Web:
    """The board, the API, the metrics and the events behind one address.

    `listen`: ``host:port``, port 0 for any; `hosts`: further names under which people reach it. Raises
    PublicWithoutTokenError at once when others could reach it and no good token guards it; ValueError for an address.
    """

    def __init__(
        self, house: House, listen: str, *, token: str = "", hosts: Iterable[str] = (), limits: Limits | None = None
    ) -> None:
        self._host, self._port = split_listen(listen)
        refuse_public_without_token(self._host, token)
        self._limits = limits or Limits()
        self._door = Door(self._host, token, hosts, self._limits.acts, self._limits.guesses)
        self._streams = Streams(
            house.changed,
            secrets.token_hex(4),
            gap_s=self._limits.event_gap_s,
            quiet_s=self._limits.event_quiet_s,
        )
        self._board = Board(house, self._door, self._streams)
        self._api = Api(house, self._door, body_s=self._limits.body_s)
        self._open: WeakSet[_Connection] = WeakSet()
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are listened on."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken."""
        self._runner = web.AppRunner(self._application(), handle_signals=False, shutdown_timeout=CLOSE_S_MAX)
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connect, self._host, self._port, reuse_address=True)
        except OSError:
            await self._runner.cleanup()
            raise

    async def stop(self) -> None:
        """Take no more, end the streams, let what is under way finish for CLOSE_S_MAX."""
        self._streams.close()
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _connect(self) -> asyncio.Protocol:
        server = self._runner.server if self._runner else None
        if server is None or len(self._open) >= self._limits.connections:
            return _Full()
        made = _Connection(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self._limits.header_s,
            lingering_time=LINGER_S_MAX,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # what AppRunner passes too; the annotation is too narrow
            debug=False,
        )
        made.others = self._open
        self._open.add(made)
        return made

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._answer], client_max_size=BODY_BYTES_MAX)
        app.on_response_prepare.append(_secure)
        app.add_routes([*self._board.routes(), *self._api.routes(), web.get("/events", self._streams.serve)])
        return app

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The door first; then every fault becomes an answer without a traceback and without the input."""
        try:
            self._door.admit(request)
            return await handler(request)
        except Refusal as refusal:
            return self._refused(request, refusal)
        except web.HTTPException as answer:
            if answer.status < HTTPStatus.BAD_REQUEST:
                raise
            kept = {k: v for k, v in answer.headers.items() if k in {"Allow", "Retry-After"}}
            phrase = HTTPStatus(answer.status).phrase
            words = "There is no such page." if answer.status == HTTPStatus.NOT_FOUND else f"{phrase}."
            return self._refused(request, Refusal(answer.status, _code(phrase), words, kept))
        except Refused as refused:  # an act of which nobody can say yet whether it is kept
            return self._refused(request, Refusal(500, "not_kept", str(refused)))
        except ConnectionError:
            raise
        except Exception as fault:  # noqa: BLE001 - the last resort: one request fails, the house goes on
            where = traceback.extract_tb(fault.__traceback__)[-1]
            # not the message: it may hold a secret or a stranger's text
            path = request.path[:PATH_CHARS_LOGGED]
            log.error("%s %r failed: %s at %s:%d", request.method, path, type(fault).__name__, where.name, where.lineno)  # noqa: TRY400
            return self._refused(request, _FAULT)

    def _refused(self, request: web.Request, refusal: Refusal) -> web.StreamResponse:
        for_program = request.path.startswith(("/api/", "/metrics", "/events", "/healthz", "/readyz"))
        if for_program or "text/html" not in request.headers.get("Accept", ""):
            return error_json(refusal)
        if refusal.code == "token_needed":
            return see_other(login_for(request.raw_path if request.method == "GET" else "/"))
        return self._board.error(refusal)


def _code(phrase: str) -> str:
    return phrase.lower().replace(" ", "_").replace("-", "_")


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    secure(response)
