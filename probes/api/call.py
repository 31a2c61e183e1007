"""One synthetic call to a vendor's API, and what its outcome says: only a vendor fault speaks against the vendor.

Vendor faults: a 5xx answer, an answer of the due status that is not what was expected or comes too late, a connection
refused or broken off after it was taken. Not the vendor's: 429 and quota codes (rate limited), 401, 403 and token codes
(our auth), any other 4xx and bot challenges (our request), a proxy's 407 (our network). No answer to the name, no
connection, no TLS: that is Unreachable, and our network until other sources say more. The codes inside error bodies are
data (``envelopes.yaml``). How many faults make the channel bad is the mind's to say (`bad_after`, `bad_of`).

With nothing but `url` any 2xx answer is a success. `expect_status: [401]` makes the refusal of a call without a token
the proof of life that costs no quota; add `expect_json`, since a CDN's page can answer 401 too.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from probes import _text
from probes.api import _outcome
from probes.base import (
    Availability,
    Certainty,
    Duration,
    Evidence,
    Family,
    Fetch,
    MeasuredParams,
    Observation,
    Outcome,
    Reading,
    Reason,
    Request,
    Sample,
    Severity,
    Signal,
    Unreachable,
)

__all__ = ["AGES", "Params", "interpret", "observe"]

AGES = True  # the same body can come in time or too late, and each call is a sample of its own

HEADERS_MAX = 50
EXPECTATIONS_MAX = 50
TEXT_CHARS_MAX = 500
EVIDENCE_CHARS_MAX = 500
BODY_BYTES_MAX = 2 * 1024 * 1024
SECRET_CHARS_MIN = 6

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")


class Params(MeasuredParams):
    """The call, and what a good answer to it looks like."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        default="GET", description="The HTTP method."
    )
    headers: Mapping[str, SecretStr] = Field(
        default={}, max_length=HEADERS_MAX, description="Request headers; values may be secrets and are never shown."
    )
    body: SecretStr = Field(default=SecretStr(""), description="The request's body, sent as UTF-8; never shown.")
    operation: str = Field(
        default="", max_length=64, pattern=r"^[\w .:/-]*$", description="A short name for the call, for graphs."
    )
    expect_status: tuple[int, ...] = Field(
        default=(), max_length=EXPECTATIONS_MAX, description="The statuses of success; by default any 2xx."
    )
    expect_json: Mapping[str, str | int | float | bool | None] = Field(
        default={},
        max_length=EXPECTATIONS_MAX,
        description='What the JSON answer holds: dotted path to value; "*" means that it is there.',
    )
    expect_text: tuple[str, ...] = Field(
        default=(), max_length=EXPECTATIONS_MAX, description="Texts that the answer holds, word for word."
    )
    slow: Duration = Field(
        default=timedelta(seconds=10), description="An answer later than this is a vendor fault; at most 60s."
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                msg = "a header's name has only letters, digits and hyphens"
                raise ValueError(msg)
            if re.search(r"[\r\n\0]", value.get_secret_value()):
                msg = f"the value of the header {name} has a line break"
                raise ValueError(msg)
        return headers

    @field_validator("expect_status")
    @classmethod
    def _statuses(cls, statuses: tuple[int, ...]) -> tuple[int, ...]:
        if not all(100 <= s <= 599 for s in statuses):  # noqa: PLR2004 - RFC 9110
            msg = "an HTTP status is a number from 100 to 599"
            raise ValueError(msg)
        return statuses

    @field_validator("slow")
    @classmethod
    def _bounded(cls, slow: timedelta) -> timedelta:
        if not timedelta(0) < slow <= SLOW_MAX:
            msg = f"slow is more than 0s and at most {SLOW_MAX.total_seconds():g}s"
            raise ValueError(msg)
        return slow

    @property
    def name(self) -> str:
        """What the call is called in samples and sentences; never its path or query, which may hold secrets."""
        return self.operation or f"{self.method} {urlsplit(self.url).hostname or ''}"


SLOW_MAX = timedelta(seconds=60)


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One call. When the vendor took the connection and broke it off, an observation of status 0 with that `error`."""
    headers = {name.lower(): value.get_secret_value() for name, value in params.headers.items()}
    body = params.body.get_secret_value().encode("utf-8")
    total = min(SLOW_MAX, params.slow + timedelta(seconds=10))
    request = Request(params.url, params.method, headers, body, BODY_BYTES_MAX, total)
    try:
        return await fetch(request)
    except Unreachable as error:
        # A certificate that we do not accept may be our own old list of authorities.
        if not error.answered or error.reason in (Reason.DNS, Reason.TLS):
            raise
        took = total.total_seconds() if error.reason is Reason.TIMEOUT else 0.0
        return Observation(params.url, 0, {}, b"", datetime.now(UTC), took, error.reason.value)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """One signal, "call", and one sample. Raises nothing."""
    _ = memory
    outcome, why = _judged(params, observation)
    severity, state = _MEANS.get(outcome, (Severity.INFO, Availability.UNKNOWN))
    signal = Signal(
        key="call",
        family=Family.API,
        severity=severity,
        certainty=Certainty.MEASURED,
        summary=f"{params.name}: {why}",
        evidence=_evidence(params, observation) if outcome is not Outcome.SUCCESS else (),
        state=state,
    )
    return Reading((signal,), (Sample(params.name, outcome, observation.took),))


def _evidence(params: Params, observation: Observation) -> tuple[Evidence, ...]:
    """The bare facts, for those who want them: sentences for people carry no status codes."""
    fact = f"HTTP status {observation.status}" if observation.status else f"no answer: {observation.error}"
    shown = _shown(params, observation.body)
    return (Evidence(fact, observation.at), *((Evidence(shown, observation.at),) if shown else ()))


def _shown(params: Params, body: bytes) -> str:
    """The beginning of an answer as evidence, without our secrets: some vendors echo the token in their error."""
    text = body[: EVIDENCE_CHARS_MAX * 8].decode("utf-8", "replace")
    secrets = [params.body.get_secret_value(), *(v.get_secret_value() for v in params.headers.values())]
    for secret in (part for s in secrets for part in (s, s.rpartition(" ")[2])):
        if len(secret) >= SECRET_CHARS_MIN:
            text = text.replace(secret, "***")
    return _text.clean(text, EVIDENCE_CHARS_MAX)


_MEANS = {
    Outcome.SUCCESS: (Severity.OK, Availability.OPERATIONAL),
    Outcome.VENDOR_FAULT: (Severity.CRITICAL, Availability.OUTAGE),
}
_ADVICE = {
    Outcome.RATE_LIMITED: "the vendor limits our calls; call less often, or ask for a higher quota",
    Outcome.OUR_AUTH: "the vendor does not accept our credential; renew the token or its permissions",
    Outcome.OUR_REQUEST: "the vendor does not accept the request; check its address, version and parameters",
    Outcome.OUR_NETWORK: "our proxy asks for a log-in; check the proxy's credential",
}


def _judged(params: Params, observation: Observation) -> tuple[Outcome, str]:
    """The outcome and a sentence's end that says why."""
    if observation.error:
        return Outcome.VENDOR_FAULT, "no answer: the vendor's side broke off"
    status = observation.status
    body = _outcome.parsed(observation)
    said = _outcome.by_envelope(body)
    due = status in params.expect_status if params.expect_status else _outcome.by_status(status) is Outcome.SUCCESS
    unmet = _unmet(params, observation, body)
    if due and not unmet and (said is None or params.expect_status or params.expect_json or params.expect_text):
        return _by_time(params, observation)
    if said and status < 500:  # noqa: PLR2004 - a 5xx is the vendor's fault whatever its body says
        outcome, code = said
        reason = _ADVICE.get(outcome, "the vendor says that the fault is its own")
        return outcome, f"{reason} (its code {code})"
    what = _outcome.challenged(observation)
    if what:
        return (
            Outcome.OUR_REQUEST,
            f"{what} bars our way; the call needs another address or a token",
        )
    if due:
        return Outcome.VENDOR_FAULT, f"the answer is not the one that was due: {unmet}"
    outcome = _outcome.by_status(status)
    if outcome is Outcome.SUCCESS:
        return Outcome.VENDOR_FAULT, "the answer is not the one that was due"
    if outcome is Outcome.VENDOR_FAULT:
        return outcome, "the vendor's server reports a fault of its own"
    return outcome, _ADVICE[outcome]


def _by_time(params: Params, observation: Observation) -> tuple[Outcome, str]:
    took, limit = observation.took, params.slow.total_seconds()
    if took > limit:
        return Outcome.VENDOR_FAULT, f"the answer is right but took {took:.1f} s, more than {limit:g} s"
    return Outcome.SUCCESS, f"answered as expected, in {took:.2f} s"


def _unmet(params: Params, observation: Observation, body: object) -> str:
    """The first expectation of the body that is not met, as the end of a sentence; "" when all are."""
    if params.expect_json and body is None:
        return "it is not JSON"
    for path, due in params.expect_json.items():
        values = _outcome.values_at(body, path)
        if due == "*":
            met = any(v is not None for v in values)
        else:
            met = any(v == due and isinstance(v, bool) == isinstance(due, bool) for v in values)
        if not met:
            return f"its {path} is not {'there' if due == '*' else 'what was expected'}"
    text = observation.body.decode("utf-8", "replace") if params.expect_text else ""
    missing = next((t for t in params.expect_text if t not in text), None)
    return "an expected text is not in it" if missing is not None else ""
