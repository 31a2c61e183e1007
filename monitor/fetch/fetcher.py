"""One request from the check of its address to its bounded, complete answer."""

import asyncio
import copy
import re
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from yarl import URL

from monitor.fetch.body import ACCEPT_ENCODING, read_body
from monitor.fetch.dialing import STAGE, Resolver, Stage, connector
from monitor.fetch.egress import Target, check_url
from monitor.fetch.faults import explain, too_slow
from monitor.fetch.manners import Gate, Patience, Watch, max_age_s, retry_after_s
from monitor.fetch.policy import RETRY_WAIT_S_MAX, FetchPolicy
from monitor.fetch.recall import Recall
from probes.base import Observation, Reason, Request, Unreachable, Unreadable

__all__ = ["Fetcher"]

TARGETS_MAX = 20_000
CHUNK_BYTES = 64 * 1024  # the client library holds back at most twice as much of a body
_FRESHENED = ("cache-control", "age")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\\]")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_NO_HEADERS: frozenset[tuple[str, str]] = frozenset()
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_WORTH_A_TRY = frozenset({Reason.CONNECT})  # names have had their tries: the resolver asks twice
_RETRY_AFTER = frozenset({429, 503})
_STATUS_MIN, _OK, _NOT_MODIFIED, _TOO_MANY = 100, 200, 304, 429
_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError, ValueError)


class _ConnectionFailed(Exception):  # noqa: N818 - never leaves this module
    """An attempt failed on its connection, before an answer; it may be tried again."""

    def __init__(self, outcome: Unreachable) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


_Landed = asyncio.Future[Observation | Exception | None]


class _Hop(NamedTuple):
    """One request of a run: the first, or what a redirect makes of it."""

    target: Target
    method: str
    headers: Mapping[str, str]
    body: bytes
    body_max: int


class Fetcher:
    """The only door to the internet: ``async with Fetcher(policy, now) as fetch: await fetch(Request(url))``.

    `now` gives the wall clock as an aware UTC datetime. Raises Unreachable and Unreadable, as probes.base.Fetch says.
    Identical requests at the same time share one answer; an unchanged body is the same bytes object as before.
    """

    def __init__(self, policy: FetchPolicy, now: Callable[[], datetime]) -> None:
        self._policy = policy
        self._now = now
        self._recall = Recall(policy.cache_bytes_max)
        self._patience = Patience()
        self._flights: dict[Hashable, _Landed | None] = {}  # the future is made by the first who joins
        self._targets: dict[str, Target] = {}
        self._session: aiohttp.ClientSession | None = None
        self._proxied: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the door; in the event loop that will use it."""
        self._gate = Gate(self._policy)
        self._watch = Watch(self._policy.read_gap_s)
        self._resolver = Resolver(self._policy)
        self._session = self._make_session(checked=True)
        if self._policy.proxy:
            self._proxied = self._make_session(checked=False)

    async def close(self) -> None:
        """End all connections and lookups at once; requests still under way fail."""
        sessions = [s for s in (self._session, self._proxied) if s is not None]
        self._session = self._proxied = None
        for session in sessions:
            await session.close()
        if sessions:
            self._watch.close()
            await self._resolver.close()

    def _make_session(self, *, checked: bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector(self._policy, self._resolver, checked=checked),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._policy.user_agent, "Accept": "*/*", "Accept-Encoding": ACCEPT_ENCODING},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._policy.connect_s),
            auto_decompress=False,
            read_bufsize=CHUNK_BYTES,
            trust_env=False,
        )

    def not_before(self, url: str) -> float | None:
        """The event loop's time before which `url` should not be asked again, None for at once.

        A Retry-After stands between 1 s and 1 h, and a call in that time is refused; a max-age stretches the interval
        to at most 5 min, and not at all for hosts of the team's own networks, where the configured interval holds.
        """
        try:
            return self._patience.not_before(url, self._target(url))
        except Unreadable:
            return None

    async def __call__(self, request: Request) -> Observation:
        """The answer to one request; an HTTP error status is an answer."""
        if request.method != "GET" or request.body:
            return await self._run(request)
        headers = frozenset(request.headers.items()) if request.headers else _NO_HEADERS
        key = (request.url, headers, request.body_max, request.total)
        while key in self._flights:
            landed = self._flights[key]
            if landed is None:
                landed = self._flights[key] = asyncio.get_running_loop().create_future()
            outcome = await asyncio.shield(landed)
            if isinstance(outcome, Observation):
                return outcome
            if outcome is not None:
                raise copy.copy(outcome)
            # the one whom we followed was cancelled: whoever comes first asks anew
        self._flights[key] = outcome = None
        try:
            outcome = await self._run(request)
        except (Unreachable, Unreadable) as error:
            outcome = error
            raise
        else:
            return outcome
        finally:
            landed = self._flights.pop(key)
            if landed is not None and not landed.done():
                landed.set_result(outcome)

    def _target(self, url: str) -> Target:
        target = self._targets.get(url)
        if target is None:
            target = check_url(url, self._policy)
            if len(self._targets) >= TARGETS_MAX:
                self._targets.clear()
            self._targets[url] = target
        return target

    async def _run(self, request: Request) -> Observation:
        """Follow one request to its end, through as many redirects as the policy allows."""
        target = self._target(request.url)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        hop = _Hop(target, request.method, request.headers, request.body, request.body_max)
        total_s = request.total.total_seconds()
        deadline = 0.0
        followed_max = self._policy.redirects_max
        for hops in range(followed_max + 1):
            self._refuse_if_barred(request.url, hop.target)
            private = hop.target.private or hop.target.host in self._resolver.team_hosts
            leave = self._gate.enter_at_once(private=private)
            if leave is None:
                leave = await self._gate.enter(hop.target.host, private=private)
            try:
                began = loop.time()
                deadline = deadline or began + total_s
                observation = await self._within(Stage(task, began, deadline), hop, total_s)
            finally:
                leave()
            if observation.status != _OK or not private:
                self._heed(request.url, hop.target, observation, private=private)
            if observation.status not in _REDIRECTS:
                return observation
            if hops == followed_max:
                break
            hop = self._redirected(hop, observation)
        text = f"redirects more than {followed_max} times" if followed_max else "redirects, which is not followed"
        raise Unreadable(f"{target.place} {text}", Reason.LIMIT)

    def _refuse_if_barred(self, url: str, target: Target) -> None:
        until = self._patience.barred_until(url, target)
        if until is not None:
            wait = until - asyncio.get_running_loop().time()
            at = self._now() + timedelta(seconds=wait)
            text = f"{target.place} asked us to wait until {at:%H:%M:%S} UTC, so it was not asked"
            raise Unreadable(text, Reason.HTTP)

    def _heed(self, url: str, target: Target, observation: Observation, *, private: bool) -> None:
        """Note what the answer says about when to come again."""
        headers = observation.headers
        if observation.status in _RETRY_AFTER:
            if "retry-after" in headers:
                seconds = retry_after_s(headers["retry-after"], self._now())
                if seconds is not None:
                    whole = observation.status == _TOO_MANY and not private
                    self._patience.asked_to_wait(url, target, seconds, whole_origin=whole)
        elif observation.status == _OK:
            self._patience.stays_fresh(url, max_age_s(headers))

    async def _within(self, stage: Stage, hop: _Hop, total_s: float) -> Observation:
        """One hop, tried again if its connection fails, all before the stage's deadline."""
        cancelling = stage.task.cancelling()
        token = STAGE.set(stage)
        self._watch.begin(stage)
        try:
            try:
                return await self._ask(hop, stage)
            except (Unreadable, Unreachable):
                raise
            except _FAILURES as error:
                failed = self._failure(error, hop, stage)
            if isinstance(failed, _ConnectionFailed):
                return await self._again(hop, stage, failed)
            raise failed
        except _ConnectionFailed as last:
            raise last.outcome from None
        except asyncio.CancelledError:
            if stage.expired and stage.task.uncancel() <= cancelling:  # as asyncio.timeout tells its own cancel
                resolving = not stage.sockets and hop.target.host in self._resolver.pending
                raise too_slow(hop.target, stage, total_s, resolving=resolving) from None
            if self._session is None and not stage.task.cancelling():
                # the client library ends lookups by cancelling those who wait for them; nobody cancelled us
                raise Unreadable("the fetcher was closed in the middle", Reason.INTERNAL) from None
            raise
        finally:
            self._watch.end(stage)
            STAGE.reset(token)

    async def _again(self, hop: _Hop, stage: Stage, first: _ConnectionFailed) -> Observation:
        """The further attempts. tenacity is met only here, since it costs as much as half a request."""
        known: _ConnectionFailed | None = first
        retrying = AsyncRetrying(
            # nothing wider than this: tenacity would take a cancellation for a failure and go on
            retry=retry_if_exception_type((_ConnectionFailed,)),
            stop=stop_after_attempt(self._policy.tries),
            wait=wait_random_exponential(multiplier=0.2, max=RETRY_WAIT_S_MAX),
            reraise=True,
        )

        async def attempt() -> Observation:
            nonlocal known
            if known is not None:  # the first attempt is behind us: tenacity only counts it
                failed, known = known, None
                raise failed
            stage.again()
            try:
                return await self._ask(hop, stage)
            except (Unreadable, Unreachable):
                raise
            except _FAILURES as error:
                raise self._failure(error, hop, stage) from None

        return await retrying(attempt)

    def _failure(self, error: Exception, hop: _Hop, stage: Stage) -> Unreachable | Unreadable | _ConnectionFailed:
        """What to raise for a failed attempt: _ConnectionFailed where asking again may help and does no harm."""
        outcome = explain(error, hop.target, stage, proxied=self._is_proxied(hop.target))
        unsent = isinstance(error, aiohttp.ClientConnectorError)
        if isinstance(outcome, Unreachable) and outcome.reason in _WORTH_A_TRY and (unsent or hop.method in _SAFE):
            return _ConnectionFailed(outcome)
        return outcome

    def _is_proxied(self, target: Target) -> bool:
        return self._proxied is not None and not target.private

    async def _ask(self, hop: _Hop, stage: Stage) -> Observation:
        """Send the request and read its answer, whole or not at all."""
        proxied = self._is_proxied(hop.target)
        session = self._proxied if proxied else self._session
        if session is None:
            raise Unreadable("the fetcher is closed", Reason.INTERNAL)
        began = stage.heard
        url = hop.target.url
        key = answer = None
        headers: Mapping[str, str] = hop.headers
        if hop.method == "GET" and not hop.body:
            key = (hop.target.text, frozenset(headers.items()) if headers else _NO_HEADERS, hop.body_max)
            answer = self._recall.get(key, began)
            if answer is not None and answer.conditions:
                headers = {**headers, **answer.conditions} if headers else answer.conditions
        response = await session.request(
            hop.method,
            url,
            headers=headers,
            data=hop.body or None,
            allow_redirects=False,
            proxy=self._policy.proxy if proxied else None,
        )
        try:
            status = response.status
            headers, body = response.headers, b""
            if status == _NOT_MODIFIED and answer is not None:
                status, body, got = _OK, answer.body, _confirmed(answer.headers, headers)
            elif status < _STATUS_MIN:
                raise Unreadable(f"the status {status} does not exist", Reason.FORMAT)  # noqa: TRY301 - named below
            else:
                got = _lowered(headers)
                if status not in _REDIRECTS:
                    coding = got.get("content-encoding", "")
                    body = await read_body(response.content, coding, hop.body_max, stage.hear)
                    if status == _OK and key is not None:
                        body = self._recall.put(key, got, body, began)
        except Unreadable as error:
            response.close()
            raise Unreadable(f"{hop.target.place}: {error}", error.reason) from None
        except BaseException:
            response.close()
            raise
        response.release()
        return Observation(hop.target.text, status, got, body, self._now(), asyncio.get_running_loop().time() - began)

    def _redirected(self, hop: _Hop, observation: Observation) -> _Hop:
        """What a redirect makes of a request; raises Unreadable for one that is not followed."""
        place = hop.target.place
        location = observation.headers.get("location", "").strip()
        if not location:
            raise Unreadable(f"{place} redirects without saying where to", Reason.FORMAT)
        try:
            if _UNFIT.search(location):
                raise ValueError  # noqa: TRY301 - browsers would repair it, each in its own way
            joined = str(hop.target.url.join(URL(location)).with_fragment(None))
        except ValueError:
            raise Unreadable(f"{place} redirects to something that is not an address", Reason.FORMAT) from None
        try:
            target = self._target(joined)
        except Unreadable as error:
            raise Unreadable(f"{place} redirects to where we do not follow: {error}", error.reason) from None
        if hop.target.scheme == "https" and target.scheme == "http":
            raise Unreadable(f"{place} redirects from https to http, which we do not follow", Reason.FORBIDDEN)
        same = target.origin == hop.target.origin
        keeps = observation.status in _KEEP_METHOD or hop.method in _SAFE
        if keeps and hop.body and not same:
            raise Unreadable(f"{place} redirects a request with a body to another host", Reason.FORBIDDEN)
        method, body = (hop.method, hop.body) if keeps else ("GET", b"")
        return _Hop(target, method, hop.headers if same else {}, body, hop.body_max)


def _confirmed(earlier: Mapping[str, str], newer: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of an answer that was confirmed: its own, but for how long it stays fresh (RFC 9111, 3.2)."""
    changed = {k: v for k in _FRESHENED if (v := newer.get(k)) != earlier.get(k) and v is not None and v.isascii()}
    return {**earlier, **changed} if changed else earlier


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names in lower case; values of a repeated one joined (RFC 9110, 5.3), bytes beyond ASCII made readable."""
    out = {name.lower(): value for name, value in headers.items()}
    if len(out) == len(headers) and "".join(out.values()).isascii():
        return out
    out = {}
    for name, value in headers.items():
        key = name.lower()
        text = value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        out[key] = f"{out[key]}, {text}" if key in out else text
    return out
