"""The fence around Apprise, inside a notifier worker: what it may do, and what really came of each send.

Apprise answers True or False; a person who waits for a page needs to know more. Every HTTP request that its plugins
make goes through `FencedAdapter`, which notes the status line and decides by it, never follows a redirect, asks for no
compression, and reads at most a little of the answer: a receiver that drips, floods or sends a bomb cannot hold us.
"""

import contextlib
import io
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import unquote

import requests
import requests.sessions
from apprise import Apprise, AppriseAsset
from apprise.common import NotifyFormat, NotifyType, PersistentStoreMode
from apprise.manager_plugins import NotificationManager
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import MaxRetryError, NewConnectionError
from urllib3.exceptions import TimeoutError as PoolTimeoutError

from monitor.core.model import SendOutcome
from monitor.notify import pager
from monitor.notify.model import Envelope, Sent
from monitor.notify.render import Rendered
from monitor.notify.services import SERVICES, Manner, manner_of
from monitor.notify.steps import Stage, page_of, severity_of, stage_of

__all__ = ["Attempt", "FencedAdapter", "begin", "mark", "outcome_of", "plugin_for", "post", "raise_fence", "say"]

CONNECT_S_MAX, READ_S_MAX = 5.0, 10.0
ANSWER_BYTES_MAX, ANSWER_S_MAX, ANSWER_CHUNK = 65_536, 2.0, 8_192
STATUS_REDIRECT, STATUS_CLIENT, STATUS_SERVER = 300, 400, 500
RETRY_STATUSES = frozenset({408, 425, 429})
UNSEEN_STATUSES = frozenset({429, 503})
"""Too many, and closed for now: they speak of the service. Other faults of a server may be the message's doing."""

ASSET: dict[str, Any] = {
    "service_timeout": 0,  # its clock leaves the thread running; ours kills the process
    "async_mode": False,  # no shared pool
    "http_redirects": False,  # a redirected POST becomes an empty GET that "succeeds"
    "default_service_retry": 0,  # hidden retries are duplicates
    "app_id": "Vigie",
    "app_desc": "Vigie, the lookout for marketing channels",
    "app_url": "",
    "image_url_mask": "",
    "image_url_logo": "",
    "storage_mode": PersistentStoreMode.MEMORY,  # nothing of a contact on disk
    "secure_logging": True,
    "allow_templates": False,
    "pgp_autogen": False,
    "pem_autogen": False,
}


@dataclass(slots=True)
class Attempt:
    """What one try's requests came to. `on_out` is called once, just before the first byte may leave."""

    on_out: Callable[[], None] = lambda: None
    read_answer: bool = True  # False: the status line says all (webhooks)
    headers: dict[str, str] = field(default_factory=dict)
    out: bool = False
    results: list[Sent] = field(default_factory=list)
    clipped: bool = False  # an answer was not read to its end: what the plugin makes of it means nothing

    def going_out(self) -> None:
        """Note that from here on the message may have arrived."""
        if not self.out:
            self.out = True
            self.on_out()


_CURRENT = threading.local()


def begin(attempt: Attempt) -> None:
    """Make this the attempt of the current thread."""
    _CURRENT.attempt = attempt


def _current() -> Attempt:
    attempt = getattr(_CURRENT, "attempt", None)
    return attempt if isinstance(attempt, Attempt) else Attempt()


class FencedAdapter(HTTPAdapter):
    """Requests' transport with our limits; notes what happened in the thread's `Attempt`."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002 - likewise
        timeout: Any = None,  # noqa: ARG002, ANN401 - likewise; ours hold
        verify: bool | str = True,  # noqa: FBT001, FBT002 - likewise
        cert: Any = None,  # noqa: ANN401 - likewise
        proxies: Any = None,  # noqa: ANN401 - likewise
    ) -> requests.Response:
        """Send one request; return an answer whose body is read, bounded, and whose redirects lead nowhere."""
        attempt = _current()
        request.headers["Accept-Encoding"] = "identity"
        attempt.going_out()
        try:
            answer = super().send(
                request, stream=True, timeout=(CONNECT_S_MAX, READ_S_MAX), verify=verify, cert=cert, proxies=proxies
            )
        except requests.RequestException as fault:
            attempt.results.append(_of_fault(fault))
            raise
        attempt.results.append(_of_status(answer))
        try:
            body, whole = _read(answer) if attempt.read_answer else (b"", True)
        finally:
            with contextlib.suppress(Exception):
                answer.raw.close()
        attempt.clipped = attempt.clipped or not whole
        return _bounded(answer, body)


def _read(answer: requests.Response) -> tuple[bytes, bool]:
    """Read a little of the body, undecoded and not for long; say whether that was all of it."""
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return b"", False
    with contextlib.suppress(AttributeError):  # how deep the socket lies is no promise of the library
        sock = cast("Any", answer.raw)._fp.fp.raw._sock  # noqa: SLF001 - no public way to bound one read
        sock.settimeout(ANSWER_S_MAX / 2)
    until = time.monotonic() + ANSWER_S_MAX
    body = b""
    try:
        while len(body) <= ANSWER_BYTES_MAX and time.monotonic() < until:
            piece = answer.raw.read1(ANSWER_CHUNK, decode_content=False)
            if not piece:
                return body, True
            body += piece
    except Exception:  # noqa: BLE001 - a broken body changes nothing: the status line has spoken
        return body, False
    return body[:ANSWER_BYTES_MAX], False


def _bounded(answer: requests.Response, body: bytes) -> requests.Response:
    bounded = requests.Response()
    bounded.status_code = answer.status_code
    bounded.reason = answer.reason
    bounded.url = answer.url
    bounded.request = answer.request
    bounded.encoding = answer.encoding or "utf-8"
    dropped = {"location", "content-encoding", "transfer-encoding", "content-length", "set-cookie"}
    bounded.headers = CaseInsensitiveDict({k: v for k, v in answer.headers.items() if k.lower() not in dropped})
    bounded.raw = io.BytesIO(body)
    return bounded


def _of_status(answer: requests.Response) -> Sent:
    status = answer.status_code
    if status < STATUS_REDIRECT:
        return Sent(SendOutcome.DELIVERED, f"HTTP {status}", status=status)
    retry_after_s = _retry_after_s(answer.headers.get("Retry-After", ""))
    if status in RETRY_STATUSES or status >= STATUS_SERVER:
        return Sent(SendOutcome.RETRY, f"HTTP {status}", retry_after_s, status, unseen=status in UNSEEN_STATUSES)
    if status < STATUS_CLIENT:
        return Sent(
            SendOutcome.REJECTED, f"it answers with a redirect (HTTP {status}), which is not followed", None, status
        )
    return Sent(SendOutcome.REJECTED, f"HTTP {status}", None, status)


def _retry_after_s(value: str) -> float | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3) -> seconds from now; None when it is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _of_fault(fault: requests.RequestException) -> Sent:
    """Tell what certainly did not arrive (try again) from what may have (unknown)."""
    if isinstance(fault, requests.exceptions.SSLError):
        return Sent(SendOutcome.RETRY, "its TLS certificate or handshake failed", unseen=True)
    if isinstance(fault, requests.exceptions.ProxyError):
        return Sent(SendOutcome.RETRY, "the proxy did not let it through", unseen=True)
    if isinstance(fault, requests.exceptions.ConnectTimeout):
        return Sent(SendOutcome.RETRY, f"no connection within {CONNECT_S_MAX:g} s", unseen=True)
    if isinstance(fault, requests.exceptions.ReadTimeout):
        return Sent(SendOutcome.UNKNOWN, f"no answer within {READ_S_MAX:g} s")
    if isinstance(fault, requests.exceptions.ConnectionError):
        cause = fault.args[0] if fault.args else None
        if isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError | PoolTimeoutError | None):
            return Sent(SendOutcome.RETRY, "no connection (refused, or its name is not known)", unseen=True)
        return Sent(SendOutcome.UNKNOWN, "the connection broke before an answer came")
    if isinstance(fault, ValueError):  # requests' kinds of a wrong URL, scheme or header
        return Sent(SendOutcome.REJECTED, "its address is not valid")
    return Sent(SendOutcome.UNKNOWN, f"no readable answer ({type(fault).__name__})")


def outcome_of(attempt: Attempt, said: bool) -> Sent:  # noqa: FBT001 - the plugin's one word
    """Join what the plugin said with what really happened. The plugin alone knows what a 200 with error text means."""
    bad = [result for result in attempt.results if result.outcome is not SendOutcome.DELIVERED]
    last = attempt.results[-1] if attempt.results else None
    if last is None:
        # Also where the plugin says "sent": some do when they find nothing to send.
        return Sent(SendOutcome.REJECTED, "the service's own checks refused it before anything was sent")
    if said or (not bad and attempt.clipped):
        return Sent(SendOutcome.DELIVERED, last.detail, status=last.status)
    for outcome in (SendOutcome.UNKNOWN, SendOutcome.RETRY, SendOutcome.REJECTED):
        for result in bad:
            if result.outcome is outcome:
                return result
    return Sent(SendOutcome.REJECTED, f"it answered HTTP {last.status}, and the answer says no", status=last.status)


def raise_fence() -> None:
    """Put the fence up for this process: every later `requests` session uses it, and only allowed schemes load."""
    requests.sessions.HTTPAdapter = FencedAdapter
    cast("Any", NotificationManager)().enable_only(*SERVICES)


def plugin_for(url: str) -> Any:  # noqa: ANN401 - apprise is untyped
    """Return the plugin object for a contact; raises whatever the plugin finds wrong, ValueError when it says
    nothing.
    """
    plugin: Any = Apprise.instantiate(url, asset=AppriseAsset(**ASSET), suppress_exceptions=False)
    if plugin is None:
        raise ValueError("not a complete address of this service")
    # Their throttle sleeps in the sending thread and their own limits are ours to keep: see lanes.PACE.
    plugin.request_rate_per_sec = 0
    plugin.redirects = False
    plugin.retry = 0
    plugin.wait = 0
    plugin.vigie_said = _said(url)
    return plugin


def _said(url: str) -> frozenset[str]:
    """The names of the parameters that a contact sets itself, in lower case."""
    query = url.partition("?")[2]
    return frozenset(unquote(item.partition("=")[0]).lower() for item in query.split("&") if item)


def mark(plugin: Any, scheme: str, envelope: Envelope) -> None:  # noqa: ANN401 - apprise is untyped
    """Put the key on the message where the service has a place for it, so that a repeat is recognised.

    Webhooks get the header ``Idempotency-Key`` and fields beside Apprise's own; pagers get the incident as their key,
    so that updates and the end meet the incident they belong to. What the contact itself sets, wins.
    """
    if manner_of(scheme) is not Manner.WEBHOOK:
        pager.mark(plugin, scheme, envelope)
        return
    plugin.headers = {"Idempotency-Key": re.sub(r"[^\x21-\x7e]", "_", envelope.key)} | plugin.headers
    ours = _fields(envelope)
    if not scheme.startswith("json"):
        ours["labels"] = "; ".join(f"{name}={','.join(values)}" for name, values in envelope.labels.items())
        ours = {name: str(value) for name, value in ours.items() if value not in {"", None}}  # these hold words only
        plugin.xsd_url = None  # Apprise's schema has no such elements
    plugin.payload_extras = ours | plugin.payload_extras


def _fields(envelope: Envelope) -> dict[str, Any]:
    """What a webhook is told beside the words."""
    fields: dict[str, Any] = {
        "key": envelope.key,
        "incident": envelope.incident,
        "revision": envelope.revision,
        "step": envelope.step,
        "severity": severity_of(envelope),
        "critical": envelope.critical,
        "repeat": envelope.repeat,
        "created": envelope.created.isoformat(),
        "opened": envelope.opened.isoformat() if envelope.opened else None,
        "resolved": envelope.resolved.isoformat() if envelope.resolved else None,
        "labels": {name: list(values) for name, values in envelope.labels.items()},
        "url": page_of(envelope) or None,
    }
    return fields | ({"acknowledge_url": envelope.act_url} if envelope.act_url else {})


def say(plugin: Any, words: Rendered, envelope: Envelope) -> bool:  # noqa: ANN401 - apprise is untyped
    """Let the plugin send; return its word. The text is finished: no conversion, no cutting."""
    kinds = {"critical": NotifyType.FAILURE, "warning": NotifyType.WARNING, "info": NotifyType.INFO}
    kind = NotifyType.SUCCESS if stage_of(envelope.step) is Stage.OVER else kinds[severity_of(envelope)]
    body = words.html if words.html and NotifyFormat.HTML in _formats(plugin) else words.text
    return bool(plugin.notify(body=body or words.title, title=words.title if body else "", notify_type=kind))


def post(url: str, body: Any, headers: Mapping[str, str]) -> bool:  # noqa: ANN401 - JSON
    """Make one request of our own, of JSON; return whether it was taken. The attempt knows the rest."""
    try:
        answer = requests.post(
            url,
            json=body,
            headers={"User-Agent": ASSET["app_id"], **headers},
            timeout=(CONNECT_S_MAX, READ_S_MAX),
            allow_redirects=False,
        )
    except requests.RequestException:
        return False
    return answer.status_code < STATUS_REDIRECT


def _formats(plugin: Any) -> tuple[NotifyFormat, ...]:  # noqa: ANN401 - apprise is untyped
    formats = plugin.notify_format
    return formats if isinstance(formats, tuple) else (formats,)
