"""`api.call`: whose fault a call's answer is. Only a vendor fault speaks against the vendor."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from probes.api import call
from probes.base import Availability, Observation, Outcome, Reading, Reason, Request, Severity, Unreachable

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
URL = "https://api.vendor.example/v1/me?access_token=CANARY-URL"
TOKEN = "CANARY-TOKEN-1234"


def outcome(status: int, body: object = b"", *, took: float = 0.1, error: str = "", **params: Any) -> Outcome:  # noqa: ANN401 - what the kind takes
    return read(status, body, took=took, error=error, **params).samples[0].outcome


def read(status: int, body: object = b"", *, took: float = 0.1, error: str = "", **params: Any) -> Reading:  # noqa: ANN401 - likewise
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Observation(URL, status, {"content-type": "application/json"}, raw, NOW, took, error)
    return call.interpret(call.Params(url=URL, **params), answer, {})


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Outcome.SUCCESS),
        (204, Outcome.SUCCESS),
        (299, Outcome.SUCCESS),
        (304, Outcome.OUR_REQUEST),
        (400, Outcome.OUR_REQUEST),
        (401, Outcome.OUR_AUTH),
        (403, Outcome.OUR_AUTH),
        (404, Outcome.OUR_REQUEST),
        (407, Outcome.OUR_NETWORK),
        (426, Outcome.OUR_REQUEST),
        (429, Outcome.RATE_LIMITED),
        (500, Outcome.VENDOR_FAULT),
        (503, Outcome.VENDOR_FAULT),
        (999, Outcome.VENDOR_FAULT),
    ],
)
def test_with_nothing_else_a_2xx_is_success_and_the_status_says_whose_fault_it_is(
    status: int, expected: Outcome
) -> None:
    assert outcome(status) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": {"code": 4, "message": "limit"}}, Outcome.RATE_LIMITED),
        (403, {"error": {"code": 17}}, Outcome.RATE_LIMITED),
        (400, {"error": {"code": 613}}, Outcome.RATE_LIMITED),
        (400, {"error": {"code": 80004}}, Outcome.RATE_LIMITED),
        (400, {"error": {"code": 190, "error_subcode": 463}}, Outcome.OUR_AUTH),
        (400, {"error": {"code": 2, "is_transient": True}}, Outcome.VENDOR_FAULT),
        (400, {"error": {"code": 100}}, Outcome.OUR_REQUEST),
        (400, {"errors": [{"code": 88}]}, Outcome.RATE_LIMITED),
        (400, {"errors": [{"code": 89}]}, Outcome.OUR_AUTH),
        (403, {"error": {"code": 403, "errors": [{"reason": "quotaExceeded"}]}}, Outcome.RATE_LIMITED),
        (403, {"error": {"status": "RESOURCE_EXHAUSTED"}}, Outcome.RATE_LIMITED),
        (200, {"ok": False, "error": "ratelimited"}, Outcome.RATE_LIMITED),
        (200, {"ok": False, "error": "token_expired"}, Outcome.OUR_AUTH),
        (200, {"ok": False, "error": "internal_error"}, Outcome.VENDOR_FAULT),
        (200, {"code": 40100, "message": "x", "request_id": "r"}, Outcome.RATE_LIMITED),
        (200, {"code": 50000, "message": "x", "request_id": "r"}, Outcome.VENDOR_FAULT),
        (200, {"code": 40100, "colour": "red"}, Outcome.SUCCESS),
        (200, {"errors": [{"extensions": {"code": "THROTTLED"}}]}, Outcome.RATE_LIMITED),
        (429, {"error": {"code": "rate_limit_exceeded"}}, Outcome.RATE_LIMITED),
        (500, {"error": {"code": 4}}, Outcome.VENDOR_FAULT),
        (403, b"<html><title>Just a moment...</title></html>", Outcome.OUR_REQUEST),
        (503, b"<!DOCTYPE html><html><body>captcha</body></html>", Outcome.OUR_REQUEST),
    ],
)
def test_the_vendors_own_code_beats_a_status_that_misleads(status: int, body: object, expected: Outcome) -> None:
    assert outcome(status, body) == expected


def test_expectations_of_the_body_are_held() -> None:
    good = {"data": {"id": "7", "ok": True, "n": 1}, "items": [{"a": "x"}]}
    assert (
        outcome(200, good, expect_json={"data.id": "7", "data.ok": True, "items.0.a": "x", "data": "*"})
        == Outcome.SUCCESS
    )
    for wrong in ({"data.id": 7}, {"data.n": True}, {"data.nothing": "*"}, {"items.1.a": "x"}):
        assert outcome(200, good, expect_json=wrong) == Outcome.VENDOR_FAULT
    assert outcome(200, b"<html>hello</html>", expect_json={"data": "*"}) == Outcome.VENDOR_FAULT
    assert outcome(200, b"[" * 100_000, expect_json={"data": "*"}) == Outcome.VENDOR_FAULT
    assert outcome(200, b"all is fine", expect_text=("fine",)) == Outcome.SUCCESS
    assert outcome(200, b"all is fine", expect_text=("fine", "great")) == Outcome.VENDOR_FAULT


def test_a_refusal_can_be_the_proof_of_life() -> None:
    problem = {"title": "Unauthorized", "type": "about:blank", "status": 401}
    wanted: dict[str, Any] = {"expect_status": (401,), "expect_json": {"title": "Unauthorized"}}
    assert outcome(401, problem, **wanted) == Outcome.SUCCESS
    assert outcome(401, b"<html>CDN</html>", **wanted) != Outcome.SUCCESS
    assert outcome(200, problem, **wanted) == Outcome.VENDOR_FAULT
    assert outcome(503, problem, **wanted) == Outcome.VENDOR_FAULT
    assert outcome(429, problem, **wanted) == Outcome.RATE_LIMITED


def test_a_right_answer_that_comes_too_late_is_a_vendor_fault() -> None:
    assert outcome(200, took=1.9, slow="2s") == Outcome.SUCCESS
    assert outcome(200, took=2.1, slow="2s") == Outcome.VENDOR_FAULT


def test_a_call_gives_one_sample_and_one_signal_that_says_what_to_do() -> None:
    fault = read(500, operation="read profile")
    assert [(s.key, s.severity, s.stands_for) for s in fault.signals] == [
        ("call", Severity.CRITICAL, Availability.OUTAGE)
    ]
    assert [(s.operation, s.outcome, s.took) for s in fault.samples] == [("read profile", Outcome.VENDOR_FAULT, 0.1)]
    well = read(200).signals[0]
    assert (well.severity, well.stands_for) == (Severity.OK, Availability.OPERATIONAL)
    ours = read(401).signals[0]
    assert (ours.severity, ours.stands_for) == (Severity.INFO, Availability.UNKNOWN)
    assert "renew the token" in ours.summary


async def test_a_connection_that_the_vendor_broke_off_is_its_fault_and_one_that_never_was_is_ours() -> None:
    def failing(error: Unreachable) -> Any:  # noqa: ANN401 - a Fetch
        async def fetch(request: Request) -> Observation:
            assert request.total <= timedelta(seconds=60)
            raise error

        return fetch

    params = call.Params(url=URL)
    for reason in (Reason.CONNECT, Reason.TIMEOUT):
        seen = await call.observe(params, failing(Unreachable("reset", reason, answered=True)))
        assert (seen.status, seen.error) == (0, reason.value)
        assert call.interpret(params, seen, {}).samples[0].outcome is Outcome.VENDOR_FAULT
    for error in (
        Unreachable("no name", Reason.DNS),
        Unreachable("no route", Reason.CONNECT),
        Unreachable("slow", Reason.TIMEOUT),
        Unreachable("bad certificate", Reason.TLS, answered=True),
    ):
        with pytest.raises(Unreachable):
            await call.observe(params, failing(error))


async def test_headers_and_body_are_sent_and_never_shown() -> None:
    sent: list[Request] = []

    async def fetch(request: Request) -> Observation:
        sent.append(request)
        echo = json.dumps({"error": f"bad token {TOKEN}", "url": request.url}).encode()
        return Observation(request.url, 401, {}, echo, NOW)

    params = call.Params(
        url=URL,
        method="POST",
        headers={"Authorization": SecretStr(f"Bearer {TOKEN}")},
        body=SecretStr('{"secret": "CANARY-BODY"}'),
    )
    said = call.interpret(params, await call.observe(params, fetch), {})
    assert sent[0].method == "POST"
    assert sent[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert sent[0].body == b'{"secret": "CANARY-BODY"}'
    assert TOKEN not in repr(said)
    assert "CANARY" not in said.signals[0].summary
    assert "CANARY" not in said.samples[0].operation
    assert TOKEN not in repr(params)
    assert pickle.loads(pickle.dumps(said)) == said  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": {"Bad Name": "x"}},
        {"headers": {"X": f"a\r\nInjected: {TOKEN}"}},
        {"method": "BREW"},
        {"expect_status": [42]},
        {"slow": "0s"},
        {"slow": "5m"},
        {"operation": 'x"} 1'},
        {"bad_after": 0},
        {"header": {"Authorization": TOKEN}},
    ],
)
def test_B43_what_cannot_be_sent_is_refused_at_load_without_showing_a_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        call.Params.model_validate({"url": "https://api.vendor.example/", **wrong})
    assert TOKEN not in str(raised.value)
