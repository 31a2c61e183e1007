"""F36, conditional requests, shared answers, spacing, tries: how hosts are treated."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.fetch import FetchPolicy
from monitor.fetch.egress import check_url
from monitor.fetch.manners import Gate, Patience, max_age_s, retry_after_s
from monitor.fetch.recall import IDLE_S, Recall
from probes.base import Reason, Unreachable, Unreadable
from tests.fetch.doors import SECOND, ask, door, get, now
from tests.hostile import Behaviour, Heard, HostileServer, Wire, answer, raw, reset, silent
from tests.patience import HANG_S, until

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def world() -> AsyncIterator[HostileServer]:
    async with HostileServer() as server:
        yield server


def conditional(body: bytes, etag: str = '"one"') -> Behaviour:
    """A page that answers 304 to whoever knows it."""

    async def behave(heard: Heard, wire: Wire) -> bool:
        if heard.headers.get("if-none-match") == etag:
            return await answer(304, headers={"ETag": etag, "Cache-Control": "max-age=7"})(heard, wire)
        return await answer(body=body, headers={"ETag": etag, "Content-Type": "text/x"})(heard, wire)

    return behave


async def test_an_unchanged_page_is_not_sent_again_and_is_the_same_object(world: HostileServer) -> None:
    url = world.at("/", conditional(b"page"))
    async with door() as fetch:
        first, second = await fetch(get(url)), await fetch(get(url))
        assert second.status == 200
        assert second.body is first.body
        assert second.headers["content-type"] == "text/x"
        assert second.headers["cache-control"] == "max-age=7"
        assert second.at >= first.at
        assert [h.headers.get("if-none-match") for h in world.heard] == [None, '"one"']
        world.at("/", conditional(b"turned", '"two"'))
        third = await fetch(get(url))
        assert third.body == b"turned"
        assert (await fetch(get(url))).body is third.body


async def test_a_page_is_also_asked_by_its_date_and_compared_where_it_has_neither(world: HostileServer) -> None:
    day = format_datetime(NOON, usegmt=True)
    url = world.at("/", answer(body=b"page", headers={"Last-Modified": day}))
    async with door() as fetch:
        first, second = await fetch(get(url)), await fetch(get(url))
        assert second.body is first.body
        assert world.heard[1].headers["if-modified-since"] == day


async def test_an_answer_is_remembered_for_its_own_headers_and_never_for_a_failure(world: HostileServer) -> None:
    url = world.at("/", conditional(b"page"))
    async with door() as fetch:
        await fetch(get(url))
        await fetch(get(url, headers={"Accept": "text/html"}))
        assert "if-none-match" not in world.heard[1].headers
        broken = world.at("/broken", answer(500, b"sorry", {"ETag": '"e"'}))
        await fetch(get(broken))
        await fetch(get(broken))
        assert "if-none-match" not in world.heard[-1].headers


async def test_a_304_that_nobody_asked_for_is_no_page(world: HostileServer) -> None:
    seen = await ask(world.at("/", answer(304)))
    assert (seen.status, seen.body) == (304, b"")


def test_what_is_remembered_is_bounded_and_survives_more_sources_than_room() -> None:
    recall = Recall(1000)
    for turn in range(3):
        for source in range(50):
            recall.put(source, {}, bytes([source]) * 100, float(turn))
    assert recall.size_bytes == 1000
    assert [source for source in range(50) if recall.get(source, 3.0)] == list(range(10))
    assert recall.put("new", {}, b"n" * 100, 4.0) == b"n" * 100
    assert recall.get("new", 4.0) is None
    recall.put("later", {}, b"l" * 100, 5.0 + IDLE_S)
    assert recall.get("later", 5.0 + IDLE_S) is not None
    assert recall.size_bytes == 100
    recall.put("large", {}, b"x" * 126, 6.0 + IDLE_S)
    assert recall.get("large", 6.0 + IDLE_S) is None


async def test_equal_requests_at_the_same_time_are_one(world: HostileServer) -> None:
    url = world.at("/", answer(body=b"page", after_s=0.1))
    async with door() as fetch:
        seen = await asyncio.gather(*(fetch(get(url)) for _ in range(20)))
        assert len(world.heard) == 1
        assert all(one is seen[0] for one in seen)
        await asyncio.gather(fetch(get(url)), fetch(get(url, headers={"Accept": "x"})))
        assert len(world.heard) == 3


async def test_a_failure_is_shared_too(world: HostileServer) -> None:
    url = world.at("/", raw(b"nonsense\r\n\r\n"))
    async with door() as fetch:
        done = await asyncio.gather(*(fetch(get(url)) for _ in range(5)), return_exceptions=True)
        assert len(world.heard) == 1
        assert {str(one) for one in done} == {f"127.0.0.1:{world.port} answered with something that is not HTTP"}
        assert len({id(one) for one in done}) == 5


@pytest.mark.parametrize("who", [0, 3])
async def test_one_who_gives_up_does_not_take_the_others_along(world: HostileServer, who: int) -> None:
    url = world.at("/", answer(body=b"page", after_s=0.2))
    async with door() as fetch:
        tasks = [asyncio.create_task(fetch(get(url))) for _ in range(5)]
        await asyncio.sleep(0.05)
        tasks[who].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(done.pop(who), asyncio.CancelledError)
        assert [one.body for one in done if not isinstance(one, BaseException)] == [b"page"] * 4
        assert len(world.heard) <= 2


@pytest.mark.parametrize("status", [429, 503])
async def test_F36_a_host_that_asks_us_to_wait_is_left_alone(world: HostileServer, status: int) -> None:
    url = world.at("/", answer(status, b"slow down", {"Retry-After": "120"}))
    good = world.at("/good", answer(body=b"good"))
    async with door() as fetch:
        assert fetch.not_before(url) is None
        assert (await fetch(get(url))).status == status
        for _ in range(3):
            with pytest.raises(Unreadable, match=r"asked us to wait until \d\d:\d\d:\d\d UTC") as caught:
                await fetch(get(url))
            assert caught.value.reason is Reason.HTTP
        assert len(world.heard) == 1
        again = fetch.not_before(url)
        assert again is not None
        assert 110 < again - asyncio.get_running_loop().time() <= 120
        assert (await fetch(get(good))).body == b"good"
        assert fetch.not_before(good) is None


async def test_F36_after_the_wait_the_host_is_asked_again(world: HostileServer) -> None:
    url = world.at("/", answer(503, headers={"Retry-After": "0"}))
    async with door() as fetch:
        await fetch(get(url))
        with pytest.raises(Unreadable):
            await fetch(get(url))
        world.at("/", answer(body=b"back"))
        await asyncio.sleep(1.05)
        assert (await fetch(get(url))).body == b"back"


async def test_F36_a_rate_limit_is_for_a_public_host_as_a_whole_and_for_no_other() -> None:
    patience, policy = Patience(), FetchPolicy()
    one, two = (check_url(f"https://api.example.com/{n}", policy) for n in (1, 2))
    other = check_url("https://www.example.com/", policy)
    patience.asked_to_wait(one.text, one, 60.0, whole_origin=True)
    assert patience.barred_until(one.text, one)
    assert patience.barred_until(two.text, two)
    assert patience.barred_until(other.text, other) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("0", 1.0),
        ("99999999999999999999", 3600.0),
        ("7200", 3600.0),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOON - timedelta(days=90), usegmt=True), 1.0),
        ("Sun, 22 Nov 9999 12:00:00 GMT", 3600.0),
        ("-5", None),
        ("1e3", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sun, 99 Nov 2026 99:99:99 GMT", None),
    ],
)
def test_a_retry_after_is_read_and_clamped(value: str, seconds: float | None) -> None:
    assert retry_after_s(value, NOON) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"cache-control": "max-age=60"}, 60.0),
        ({"cache-control": "public, Max-Age=60", "age": "20"}, 40.0),
        ({"cache-control": "max-age=60", "age": "90"}, 0.0),
        ({"cache-control": "max-age=86400"}, 300.0),
        ({"cache-control": "max-age=60, no-cache"}, 0.0),
        ({"cache-control": "no-store"}, 0.0),
        ({"cache-control": "s-maxage=60"}, 0.0),
        ({"cache-control": "max-age=-1"}, 0.0),
        ({"cache-control": "max-age=" + "9" * 400}, 300.0),
        ({"cache-control": "max-age=x, ,,="}, 0.0),
    ],
)
def test_a_max_age_is_read_and_bounded(headers: dict[str, str], seconds: float) -> None:
    assert max_age_s(headers) == seconds


async def test_a_max_age_stretches_the_interval_of_public_hosts_and_never_of_our_own(world: HostileServer) -> None:
    url = world.at("/", answer(body=b"x", headers={"Cache-Control": "max-age=60"}))
    async with door() as fetch:
        await fetch(get(url))
        assert fetch.not_before(url) is None
    patience, target = Patience(), check_url("https://example.com/", FetchPolicy())
    patience.stays_fresh(target.text, 60.0)
    until = patience.not_before(target.text, target)
    assert until is not None
    assert 55 < until - asyncio.get_running_loop().time() <= 60
    assert patience.barred_until(target.text, target) is None  # it is advice, not a bar
    patience.stays_fresh(target.text, 0.0)
    assert patience.not_before(target.text, target) is None


async def test_a_public_host_gets_few_requests_at_a_time_and_not_all_at_once() -> None:
    gate = Gate(FetchPolicy(per_host=2, spacing_s=0.05))
    running = most = 0
    starts = []

    async def visit() -> None:
        nonlocal running, most
        assert gate.enter_at_once(private=False) is None
        leave = await gate.enter("vendor.example", private=False)
        starts.append(asyncio.get_running_loop().time())
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.12)
        running -= 1
        leave()

    await asyncio.gather(*(visit() for _ in range(6)))
    assert most == 2
    assert min(b - a for a, b in pairwise(starts)) > 0.04


async def test_hosts_do_not_wait_for_one_another_and_our_own_are_not_spaced() -> None:
    gate = Gate(FetchPolicy(per_host=1, spacing_s=30.0))
    for n in range(20):
        await asyncio.wait_for(gate.enter(f"h{n}.example", private=False), HANG_S)
    for _ in range(200):
        assert gate.enter_at_once(private=True) is not None


async def test_in_all_no_more_than_so_many_run_and_a_slot_that_is_given_up_is_not_lost(world: HostileServer) -> None:
    url = world.at("/", silent())
    good = world.at("/good", answer(body=b"good"))
    async with door(in_flight=2) as fetch:
        hanging = [asyncio.create_task(fetch(get(f"{url}?{n}"))) for n in range(2)]
        await until(lambda: len(world.heard) == 2)
        waiting = [asyncio.create_task(fetch(get(f"{good}?{n}"))) for n in range(3)]
        await asyncio.sleep(0.05)
        assert len(world.heard) == 2
        waiting[0].cancel()
        hanging[0].cancel()
        assert [one.body for one in await asyncio.gather(*waiting[1:])] == [b"good"] * 2
        hanging[1].cancel()
        await asyncio.gather(*hanging, waiting[0], return_exceptions=True)
        assert (await fetch(get(good))).body == b"good"


async def test_a_turn_that_comes_to_one_who_is_just_leaving_goes_to_the_next() -> None:
    gate = Gate(FetchPolicy(per_host=1, spacing_s=0.0))
    leave = await gate.enter("slow.example", private=False)
    leaver, stayer = (asyncio.create_task(gate.enter("slow.example", private=False)) for _ in range(2))
    await asyncio.sleep(0.02)
    leave()
    leaver.cancel()
    await asyncio.wait_for(stayer, HANG_S)
    assert leaver.cancelled()


async def test_one_who_leaves_the_queue_leaves_nothing_behind() -> None:
    gate = Gate(FetchPolicy(per_host=1))
    await gate.enter("slow.example", private=False)
    waiting = asyncio.create_task(gate.enter("slow.example", private=False))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert gate._hosts["slow.example"].users == 1


async def test_a_connection_that_fails_is_tried_again_within_the_run(world: HostileServer) -> None:
    said = [reset(), raw(b""), answer(body=b"third")]

    async def behave(heard: Heard, wire: Wire) -> bool:
        return await said.pop(0)(heard, wire)

    url = world.at("/", behave)
    seen = await ask(url, {"tries": 3}, method="GET")
    assert seen.body == b"third"


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(500, b"sorry"),
        answer(429),
        raw(b"nonsense\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"),
    ],
    ids=["500", "429", "garbage", "cut"],
)
async def test_what_answered_is_not_tried_again(world: HostileServer, behaviour: Behaviour) -> None:
    url = world.at("/", behaviour)
    async with door(tries=3) as fetch:
        await asyncio.gather(fetch(get(url)), return_exceptions=True)
    assert len(world.heard) == 1


async def test_a_post_is_not_sent_twice(world: HostileServer) -> None:
    with pytest.raises(Unreachable):
        await ask(world.at("/", reset()), {"tries": 3}, method="POST", body=b"pay")
    assert len(world.heard) == 1


async def test_tries_end_within_the_total_time_and_a_cancel_is_not_taken_for_a_failure() -> None:
    async with door(tries=1000) as fetch:
        async with asyncio.timeout(HANG_S):
            with pytest.raises(Unreachable):
                await fetch(get("http://127.0.0.1:1/", total=0.5 * SECOND))
        trying = asyncio.create_task(fetch(get("http://127.0.0.1:1/", total=2 * HANG_S * SECOND)))
        await asyncio.sleep(0.2)
        trying.cancel()
        async with asyncio.timeout(HANG_S):
            with pytest.raises(asyncio.CancelledError):
                await trying


@pytest.mark.parametrize("ended_by", ["cancel", "time"])
async def test_a_further_try_ends_at_once_when_it_is_cancelled_or_its_time_is_over(
    world: HostileServer, ended_by: str
) -> None:
    said = [reset(), silent(), silent()]

    async def behave(heard: Heard, wire: Wire) -> bool:
        return await said.pop(0)(heard, wire)

    url = world.at("/", behave)
    async with door(tries=3) as fetch:
        trying = asyncio.create_task(fetch(get(url, total=(2 if ended_by == "time" else 2 * HANG_S) * SECOND)))
        await until(lambda: len(world.heard) == 2)
        if ended_by == "cancel":
            trying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(trying, HANG_S)
        else:
            with pytest.raises(Unreachable, match="within 2 s"):
                await asyncio.wait_for(trying, HANG_S)
    assert len(world.heard) == 2


async def test_an_observation_is_what_the_outside_said(world: HostileServer) -> None:
    headers = {"X-Twice": "one", "x-TWICE": "two", "X-Odd": "caf\xe9", "Set-Cookie": "a=1"}
    url = world.at("/page", answer(404, b"gone", headers))
    before = now()
    async with door(user_agent="Vigie/test") as fetch:
        seen = await fetch(get(url + "?q=1", headers={"X-Mine": "yes"}))
        assert (seen.url, seen.status, seen.body) == (url + "?q=1", 404, b"gone")
        assert seen.headers["x-twice"] == "one, two"
        seen.headers["x-odd"].encode()
        assert before <= seen.at <= now()
        assert 0 < seen.took < 5
        assert (world.heard[0].headers["user-agent"], world.heard[0].headers["x-mine"]) == ("Vigie/test", "yes")
        await fetch(get(url))
        assert "cookie" not in world.heard[1].headers


ASK_WITHOUT_LIMIT = {
    "monitor/demo/house.py": "asks nobody but the daemon that it has started itself",
    "monitor/demo/people.py": "opens links of nobody but that daemon",
    "monitor/web/guard.py": "a server's request, bounded by client_max_size and never decompressed",
}


def test_no_code_of_ours_reads_an_answer_without_a_limit() -> None:
    """The client library's own ways to read a body have no limit on what it decompresses to."""
    unbounded = re.compile(r"await\s+[\w.]+\.(?:read|text|json)\(\)|\bClientSession\(")
    root = Path(__file__).resolve().parents[2]
    sources = {p.relative_to(root).as_posix(): p for room in ("monitor", "probes") for p in (root / room).rglob("*.py")}
    assert len(sources) > 10
    found = {name for name, path in sources.items() if unbounded.search(path.read_text(encoding="utf-8"))}
    assert found - ASK_WITHOUT_LIMIT.keys() == {"monitor/fetch/fetcher.py"}
    assert not re.search(r"await\s+[\w.]+\.(?:read|text|json)\(\)", sources["monitor/fetch/fetcher.py"].read_text())
