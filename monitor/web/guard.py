"""Who may ask, and what may be asked: Host allow-list, token, origin, body limits, security headers.

The board listens on loopback by default, where a name that resolves to 127.0.0.1 (DNS rebinding) and other pages in the
reader's browser are the danger; on any other address it refuses to start without a token.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import hdrs, web

__all__ = [
    "BODY_BYTES_MAX",
    "Door",
    "PublicWithoutTokenError",
    "Refusal",
    "read_body",
    "refuse_public_without_token",
    "secure",
]

BODY_BYTES_MAX = 256 * 1024
BODY_S_MAX = 10.0
COOKIE = "vigie_session"
SESSION_S_MAX = 30 * 24 * 3600
TOKEN_CHARS_MIN = 16
ACTS_PER_S, ACTS_BURST = 10.0, 20
WRONG_TOKENS_PER_S, WRONG_TOKENS_BURST = 1 / 6, 10
BAD_LINKS_PER_S, BAD_LINKS_BURST = 1 / 2, 20
CLIENTS_MAX = 1_024
KEY_CHARS = 32  # 128 bits

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login", "/api/v1/openapi.json"})
"""Need no token: they tell nothing of what is watched."""
OPEN_BELOW = ("/static/", "/a/")
"""Likewise what is below: a signed link is a right of its own."""
CALENDAR = re.compile(r"/api/v1/schedules/([^/]+)/calendar\.ics", re.ASCII)
"""Where a key in the query stands for the token: programs for calendars cannot send one."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Other sites hear nothing; under "no-referrer" a browser would call the origin of our own forms "null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "vigie",
}


class PublicWithoutTokenError(Exception):
    """The board would be open to others, and nothing guards it."""


class Refusal(Exception):  # noqa: N818 - what it is: an answer, not a fault
    """A request is not served. `code`: stable, for programs; `message`: one sentence, for people."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.faults: tuple[str, ...] = ()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on `host`; a name other than localhost counts as reachable."""
    try:
        return ipaddress.ip_address(host.strip("[]").split("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def refuse_public_without_token(host: str, token: str) -> None:
    """Raise PublicWithoutTokenError where `server.listen` is not loopback and `server.token` is missing or short."""
    if is_loopback(host):
        return
    if not token:
        raise PublicWithoutTokenError(
            f"server.listen is {host}, which others can reach, and there is no server.token to guard it; "
            "set one, for instance `token: file:/run/secrets/vigie-token`, or listen on 127.0.0.1"
        )
    if len(token) < TOKEN_CHARS_MIN:
        raise PublicWithoutTokenError(
            f"server.token has fewer than {TOKEN_CHARS_MIN} characters, too few for a listener that others can reach; "
            "make one with `openssl rand -hex 32`"
        )


def secure(response: web.StreamResponse) -> None:
    """Put the security headers on an answer."""
    for name, value in HEADERS.items():
        response.headers[name] = value


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rate:
    """A token bucket per client, of the CLIENTS_MAX that came last."""

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._clients: OrderedDict[str, _Bucket] = OrderedDict()

    def spent(self, client: str) -> bool:
        """Whether the client has nothing left; takes nothing."""
        return self._refilled(client).left < 1.0

    def take(self, client: str) -> bool:
        """Take one, if there is one."""
        bucket = self._refilled(client)
        if bucket.left < 1.0:
            return False
        bucket.left -= 1.0
        return True

    def _refilled(self, client: str) -> _Bucket:
        now = self._clock()
        bucket = self._clients.setdefault(client, _Bucket(float(self._burst), now))
        bucket.left = min(float(self._burst), bucket.left + (now - bucket.at) * self._per_s)
        bucket.at = now
        self._clients.move_to_end(client)
        if len(self._clients) > CLIENTS_MAX:
            self._clients.popitem(last=False)
        return bucket


class Door:
    """Lets a request in or raises Refusal. `host`: the one listened on; `hosts`: further names people use for us;
    `acts`, `guesses`: how many requests that change something, and how many wrong tokens, a client may send in a
    second, and how many at once.
    """

    def __init__(
        self,
        host: str,
        token: str = "",
        hosts: Iterable[str] = (),
        acts: tuple[float, int] = (ACTS_PER_S, ACTS_BURST),
        guesses: tuple[float, int] = (WRONG_TOKENS_PER_S, WRONG_TOKENS_BURST),
    ) -> None:
        self._public = not is_loopback(host)
        self._names = {"localhost", host.lower().strip("[]"), *(h.lower().strip("[]") for h in hosts)}
        self._token = token.encode()
        self._acts = Rate(*acts)
        self._wrong = Rate(*guesses)
        self._bad_links = Rate(BAD_LINKS_PER_S, BAD_LINKS_BURST)

    @property
    def guarded(self) -> bool:
        """Whether reading needs the token too."""
        return self._public

    @property
    def has_token(self) -> bool:
        """Whether acting needs the token."""
        return bool(self._token)

    def may_act(self, request: web.Request) -> bool:
        """Whether a form from this browser would be let in."""
        return not self._token or self.knows_session(request.cookies.get(COOKIE, ""))

    def admit(self, request: web.Request) -> None:
        """Raise Refusal unless the request may be served."""
        self._check_host(request)
        if len(request.headers.getall(hdrs.AUTHORIZATION, ())) > 1:
            raise Refusal(400, "two_authorizations", "The request has more than one Authorization header.")
        acting = request.method not in {"GET", "HEAD"}
        if acting:
            self._check_origin(request)
            if not self._acts.take(request.remote or ""):
                raise Refusal(429, "too_many_requests", "Too many requests; try again shortly.", {"Retry-After": "1"})
        path = request.path
        if path in OPEN_PATHS or path.startswith(OPEN_BELOW):
            return
        if not acting and self._public and self._has_key(request):
            return
        if (acting and self._token) or self._public:
            self._check_token(request, cookie_counts=not acting or _is_our_form(request))

    def _check_host(self, request: web.Request) -> None:
        if not request.raw_path.startswith("/"):  # the absolute form would override the Host header
            raise Refusal(400, "absolute_uri", "The request line must name a path, not an address.")
        name = _host_name(request.headers.get(hdrs.HOST, ""))
        if name in self._names or _is_address(name, public=self._public):
            return
        raise Refusal(421, "unknown_host", "This name is not one of ours; add it to server.hosts if it should be.")

    @staticmethod
    def _check_origin(request: web.Request) -> None:
        origins = request.headers.getall(hdrs.ORIGIN, ())
        site = request.headers.get("Sec-Fetch-Site", "none")
        host = request.headers.get(hdrs.HOST, "").lower()
        # A browser that withholds referrers names our own forms "null"; so does a sandbox elsewhere, but not also this.
        ours = {f"http://{host}", f"https://{host}", *(["null"] if site == "same-origin" else [])}
        if site in {"none", "same-origin"} and ours.issuperset(o.lower() for o in origins):
            return
        raise Refusal(403, "foreign_origin", "Requests that change something must not come from another site.")

    def _check_token(self, request: web.Request, *, cookie_counts: bool) -> None:
        header = request.headers.get(hdrs.AUTHORIZATION)
        if header is None and cookie_counts and self.knows_session(request.cookies.get(COOKIE, "")):
            return
        scheme, _, given = (header or "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(given.strip(), request.remote or ""):
            return
        raise Refusal(
            401, "token_needed", "This needs the token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"}
        )

    def is_token(self, given: str, client: str) -> bool:
        """Whether `given` is the token; raises Refusal for a client that guesses."""
        if self._wrong.spent(client):
            raise Refusal(429, "too_many_guesses", "Too many wrong tokens; try again later.", {"Retry-After": "60"})
        # header values hold undecodable bytes as surrogates; as bytes they are merely wrong
        right = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token) and bool(self._token)
        if not right and given:
            self._wrong.take(client)
        return right

    def bad_link(self, client: str) -> None:
        """Count a link that gives no right; raises Refusal for a client that tries many. Good links never wait."""
        if not self._bad_links.take(client):
            raise Refusal(429, "too_many_links", "Too many links that do not work; try later.", {"Retry-After": "60"})

    def new_session(self) -> str:
        """A cookie's value: when it ends, and our seal on that. It dies with the token, and does not tell it."""
        ends = str(int(time.time()) + SESSION_S_MAX)
        return f"{ends}.{self._seal(ends)}"

    def knows_session(self, value: str) -> bool:
        """Whether the cookie is ours and still lasts."""
        ends, _, seal = value.partition(".")
        given = seal.encode("utf-8", "surrogateescape")
        right = hmac.compare_digest(given, self._seal(ends).encode())
        return right and bool(self._token) and ends.isascii() and ends.isdigit() and int(ends) > time.time()

    def calendar_key(self, schedule: str) -> str:
        """What lets a program read one calendar where reading needs the token, else nothing. It dies with the token."""
        return self._signed(f"vigie calendar of {schedule}")[:KEY_CHARS] if self._public else ""

    def _has_key(self, request: web.Request) -> bool:
        """Whether the request reads a calendar with its key; a wrong one counts as a wrong token."""
        found = CALENDAR.fullmatch(request.rel_url.raw_path)
        given = request.query.getall("key", [])
        if found is None or not given or self._wrong.spent(request.remote or ""):
            return False
        schedule = request.match_info.get("id", "")
        right = hmac.compare_digest(given[0].encode("utf-8", "surrogateescape"), self.calendar_key(schedule).encode())
        if not right:
            self._wrong.take(request.remote or "")
        return right

    def _seal(self, ends: str) -> str:
        return self._signed(f"vigie board until {ends}")

    def _signed(self, words: str) -> str:
        return hmac.new(self._token, words.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _is_our_form(request: web.Request) -> bool:
    """Whether a browser says that one of our own pages sent this; `_check_origin` has seen that nothing speaks against
    it. Programs that change something bring the token.
    """
    said = hdrs.ORIGIN in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
    return said and not request.path.startswith("/api/")


def _host_name(header: str) -> str:
    """The name in a Host header, without its port and brackets, in lower case."""
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str, *, public: bool) -> bool:
    """Whether `name` is an address that may stand for us: nobody can make a name resolve by writing an address."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return public or address.is_loopback


async def read_body(request: web.Request, *, seconds: float = BODY_S_MAX) -> bytes:
    """The body, within its limits of size and time; raises Refusal. Compressed bodies are not opened."""
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").strip().lower() not in {"", "identity"}:
        raise Refusal(415, "compressed_body", "Send the body as it is, not compressed.")
    too_long = Refusal(413, "body_too_large", f"The body is larger than {BODY_BYTES_MAX} bytes.")
    if request.content_length is not None and request.content_length > BODY_BYTES_MAX:
        raise too_long
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except TimeoutError as late:
        raise Refusal(408, "body_too_slow", "The body took too long to arrive.", {"Connection": "close"}) from late
    except web.HTTPRequestEntityTooLarge as large:
        raise too_long from large
