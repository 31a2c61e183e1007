"""What every operation of the API refuses, in one table: each new one is held to it without being asked."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from monitor.core.model import Watched
from monitor.web import Limits
from monitor.web.guard import BODY_BYTES_MAX
from monitor.web.openapi import refusals_of
from monitor.web.operations import Operation
from tests.patience import HANG_S
from tests.web.conftest import Open
from tests.web.samples import ACTING, OPERATIONS, SAMPLES, WITH_BODY, ask, kept, stocked
from tests.web.standing import Standing

TOKEN = "canary-0123456789abcdef"
PUBLIC = "0.0.0.0:0"
UNHURRIED = Limits(acts=(1e6, 10**6), guesses=(1e6, 10**6), body_s=0.3)
JSON = {"Content-Type": "application/json"}
GUARDED = [o for o in OPERATIONS if not o.open]
STRICT = [o for o in OPERATIONS if o.path.startswith("/api/")]

Op = Operation[Any, Any]


def _nothing_happened(house: Standing) -> bool:
    return not house.acts and not house.tested and not house.reloads


def _code(operation: Op, status: int, said: Any) -> str:  # noqa: ANN401 - JSON
    """The code of an error, which must be documented for the operation."""
    code: str = said["error"]["code"]
    assert code in refusals_of(operation)[status], f"{operation.id}: {status} {code}"
    assert said["error"]["message"].endswith((".", "…")), operation.id
    return code


async def _refused(
    client: ClientSession,
    operation: Op,
    status: int,
    code: str,
    headers: Any = None,  # noqa: ANN401 - of aiohttp
    **more: Any,  # noqa: ANN401
) -> str:
    """The text of the answer, which must have this status and code."""
    got, said = await ask(client, operation, headers, **more)
    assert got == status, f"{operation.id}: {got} {said} for {headers} {more}"
    assert _code(operation, got, said) == code, f"{operation.id}: {said} for {headers} {more}"
    return str(said["error"]["message"])


WRONG = {
    "none": {},
    "empty": {"Authorization": "Bearer"},
    "short": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "long": {"Authorization": f"Bearer {TOKEN}x"},
    "not ASCII": {"Authorization": "Bearer tökén-0123456789abcdef"},
    "basic": {"Authorization": f"Basic {TOKEN}"},
    "cookie": {"Cookie": f"vigie_session={TOKEN}"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_B65_nothing_is_served_without_the_right_token(
    open_web: Open, house: Standing, wrong: dict[str, str]
) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN, limits=UNHURRIED)
    for operation in GUARDED:
        assert TOKEN not in await _refused(client, operation, 401, "token_needed", wrong)
    assert _nothing_happened(house)


async def test_B65_on_loopback_acting_needs_the_token_where_there_is_one(open_web: Open, house: Standing) -> None:
    client = await open_web(token=TOKEN, limits=UNHURRIED)
    for operation in ACTING:
        await _refused(client, operation, 401, "token_needed")
    assert _nothing_happened(house)
    for operation in OPERATIONS:
        if not operation.acts:
            assert (await ask(client, operation))[0] == 200, operation.id


async def test_B66_the_right_token_counts_in_any_case_of_its_scheme_and_only_once(
    open_web: Open, house: Standing
) -> None:
    stocked(house)
    client = await open_web(listen=PUBLIC, token=TOKEN, limits=UNHURRIED)
    twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")]
    for operation in GUARDED:
        await _refused(client, operation, 400, "two_authorizations", twice)
    assert _nothing_happened(house)
    for operation in GUARDED:
        for scheme in ("bearer", "BEARER"):
            status, said = await ask(client, operation, {"Authorization": f"{scheme} {TOKEN}"})
            assert status == 200, f"{operation.id}: {said}"


async def test_B62_B63_a_foreign_name_or_site_is_refused(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=UNHURRIED)
    for operation in OPERATIONS:
        await _refused(client, operation, 421, "unknown_host", {"Host": "evil.example"})
    for operation in ACTING:
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            await _refused(client, operation, 403, "foreign_origin", headers)
    assert _nothing_happened(house)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"{", "not JSON"),
        (b'{"by": "first"', "not JSON"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 40_000 + b"1" + b"}" * 40_000, "nested"),
        (b'{"by": "first", "by": "second"}', "twice"),
        (b'{"by": NaN}', "NaN"),
        (b'{"by": -Infinity}', "NaN"),
        (b'{"by": ' + b"9" * 5_000 + b"}", "digits"),
        (b'\xef\xbb\xbf{"by": "first"}', "not JSON"),
        (b'{"by": "\xff"}', "UTF-8"),
        (b"\x00", "not JSON"),
    ],
    ids=lambda value: repr(value[:16]),
)
async def test_B67_a_body_that_two_readers_could_read_differently_is_refused(
    open_web: Open, house: Standing, body: bytes, word: str
) -> None:
    client = await open_web(limits=UNHURRIED)
    for operation in WITH_BODY:
        assert word in await _refused(client, operation, 400, "bad_json", JSON, data=body)
    assert _nothing_happened(house)


async def test_B68_a_body_that_is_not_JSON_in_UTF_8_by_its_own_word_is_refused(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=UNHURRIED)
    for operation in WITH_BODY:
        for charset in ("nope", "utf-16", "unicode_escape"):
            headers = {"Content-Type": f"application/json; charset={charset}"}
            await _refused(client, operation, 400, "bad_charset", headers, data=b"{}")
        await _refused(client, operation, 415, "not_json", {"Content-Type": "text/plain"}, data=b"{}")
    assert _nothing_happened(house)


async def test_B69_an_unknown_or_mistyped_field_is_refused(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=UNHURRIED)
    wrong: list[Any] = [7, True, {}, "\ud800"]
    for operation in WITH_BODY:
        if operation.id == "watchdog":
            continue  # takes whatever an Alertmanager sends
        good = SAMPLES[operation.id].body
        strange: list[Any] = [[], "first", 0, None, True, {**good, "bye": "first"}]
        strange += [{**good, name: value} for name in good for value in wrong]
        for body in strange:
            await _refused(client, operation, 400, "bad_body", JSON, data=json.dumps(body).encode())
        for name in set(good) - {"text", "via", "comment", "receiver", "for"}:
            without = {k: v for k, v in good.items() if k != name}
            await _refused(client, operation, 400, "bad_body", json=without)
    assert _nothing_happened(house)


async def test_B70_a_body_that_is_compressed_or_too_large_is_refused(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=UNHURRIED)
    for operation in WITH_BODY:
        body = json.dumps(SAMPLES[operation.id].body).encode()
        packed = {**JSON, "Content-Encoding": "gzip"}
        await _refused(client, operation, 415, "compressed_body", packed, data=gzip.compress(body))
        await _refused(client, operation, 413, "body_too_large", JSON, data=body + b" " * BODY_BYTES_MAX)
    assert _nothing_happened(house)


async def test_B71_a_body_that_stalls_ends_with_the_time_for_bodies(open_web: Open, house: Standing) -> None:
    base = (await open_web(limits=UNHURRIED))._base_url
    assert base is not None

    async def stall(operation: Op) -> tuple[Op, bytes]:
        reader, writer = await asyncio.open_connection(base.host, base.port)
        head = f"POST {SAMPLES[operation.id].path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(head.encode() + b"Content-Length: 100\r\n\r\n{")
        got = await reader.read()
        writer.close()
        return operation, got

    async with asyncio.timeout(HANG_S):
        for operation, got in await asyncio.gather(*map(stall, WITH_BODY)):
            status, _, rest = got.partition(b"\r\n")
            assert b" 408 " in status, operation.id
            assert _code(operation, 408, json.loads(rest.partition(b"\r\n\r\n")[2])) == "body_too_slow"
    assert _nothing_happened(house)


JUNK = (
    "nosuch", "99999999999999999999999999999999", "-1", "%00", "%0a", "a%0aERROR%20forged", "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e", "x" * 5_000, "%ff%fe", "%22%3E%3Cscript%3E", "'%20OR%201=1--", "%F0%9F%92%A9",
)  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=lambda value: value[:20])
async def test_B73_an_id_that_is_not_ours_is_404_with_a_code_and_a_sentence(
    open_web: Open, house: Standing, junk: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = await open_web(limits=UNHURRIED)
    before = kept(house)
    for operation in OPERATIONS:
        if "{id}" not in operation.path:
            continue
        sample = SAMPLES[operation.id]
        path = operation.path.replace("{id}", junk) + sample.path[len(sample.path.partition("?")[0]) :]
        url = URL(f"{str(client._base_url).rstrip('/')}{path}", encoded=True)
        async with ClientSession() as plain, plain.request(operation.method, url, json=sample.body) as answer:
            said = await answer.json()
            assert answer.status == 404, f"{operation.id}: {said}"
        assert _code(operation, 404, said).startswith("unknown_"), operation.id
    assert kept(house) == before
    assert not any(line.startswith("ERROR") for line in caplog.text.splitlines())


async def test_a_query_that_is_not_documented_is_refused(open_web: Open, house: Standing) -> None:
    stocked(house)
    client = await open_web(limits=UNHURRIED)
    for operation in OPERATIONS:
        sample = SAMPLES[operation.id]
        path = sample.path + ("&" if "?" in sample.path else "?")
        for query in ("nosuch=1", "x=1&x=2", "nosuch=%00"):
            asked = {"path": path + query, "json": sample.body}
            if operation in STRICT:
                await _refused(client, operation, 400, "bad_query", **asked)
            elif operation.id != "metrics":
                assert (await ask(client, operation, **asked))[0] == 200, "balancers add what they like"
    assert _nothing_happened(house)


async def test_another_method_is_refused_and_changes_nothing(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=UNHURRIED)
    for operation in OPERATIONS:
        async with client.request("PATCH", SAMPLES[operation.id].path.partition("?")[0]) as answer:
            assert answer.status == 405
            assert operation.method in answer.headers["Allow"].split(",")
    assert _nothing_happened(house)


async def test_acting_too_often_is_slowed_down_whatever_the_act(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=Limits(acts=(0.0, 3)))
    watchdog = next(o for o in ACTING if o.id == "watchdog")
    assert [(await ask(client, watchdog))[0] for _ in range(4)] == [200, 200, 200, 429]
    async with client.post("/api/v1/drills", json=SAMPLES["drill"].body) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "1"
    assert house.acts == [Watched()] * 3
