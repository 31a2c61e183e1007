"""The dead-man's switch outside: called while all is well, and silent, so that it goes off, when it is not (F45)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.daemon.clock import WallClock
from monitor.daemon.heartbeat import Heartbeat, own_policy
from monitor.daemon.upkeep import Upkeep
from monitor.fetch import Fetcher, FetchPolicy
from monitor.metrics import Metrics
from monitor.store import InlineWriter, Writes
from probes.base import Request, Unreachable, Unreadable
from tests.hostile import Behaviour, HostileServer, answer, reset, silent
from tests.patience import until
from tests.store.given import note, open_store

LOOPBACK = FetchPolicy(allow_private=(ip_network("127.0.0.0/8"),), tries=1)
EVERY = timedelta(milliseconds=200)
CANARY = "canary-5f2d81-beat"


def now() -> datetime:
    return datetime.now(UTC)


class Beating:
    """A heartbeat that runs, with what it told; `ill`: why all is not well."""

    def __init__(self, fetch: Fetcher) -> None:
        self.ill = ""
        self.taken: list[datetime] = []
        self.heart = Heartbeat(fetch, lambda: self.ill, self.taken.append)


@contextlib.asynccontextmanager
async def beating(policy: FetchPolicy = LOOPBACK) -> AsyncIterator[Beating]:
    async with Fetcher(own_policy(policy), now) as fetch:
        here = Beating(fetch)
        task = asyncio.create_task(here.heart.run())
        yield here
        here.heart.set(None)
        await asyncio.sleep(2 * EVERY.total_seconds())  # a call that is on its way ends before the server does
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def a_switch(behaviour: Behaviour) -> AsyncIterator[HostileServer]:
    async with HostileServer() as world:
        world.at(f"/ping/{CANARY}", behaviour)
        yield world


def url_of(world: HostileServer) -> SecretStr:
    return SecretStr(world.url(f"/ping/{CANARY}"))


async def test_while_all_is_well_the_switch_is_called_again_and_again() -> None:
    async with a_switch(answer(body=b"OK", headers={"ETag": '"1"'})) as world, beating() as here:
        here.heart.set(url_of(world), EVERY)
        await until(lambda: len(here.taken) >= 3)
        gaps = [(b - a).total_seconds() for a, b in zip(here.taken, here.taken[1:], strict=False)]
    assert here.heart.fault == ""
    assert {heard.method for heard in world.heard} == {"GET"}
    assert not any("if-none-match" in heard.headers for heard in world.heard), "each call is whole, none is conditional"
    assert min(gaps) > 0.02, "never faster than asked"


async def test_while_it_is_not_well_the_switch_is_not_called_and_then_at_once() -> None:
    async with a_switch(answer()) as world, beating() as here:
        here.ill = "the outbox is 700 s old"
        here.heart.set(url_of(world), EVERY)
        await until(lambda: here.heart.fault)
        assert here.heart.fault == "no heartbeat is sent: the outbox is 700 s old"
        assert world.heard == []
        here.ill = ""
        await until(lambda: here.taken)
        assert here.heart.fault == ""
        here.ill = "the scheduler stands still"
        await until(lambda: here.heart.fault)
        count = len(world.heard)
        await asyncio.sleep(0.5)
        assert len(world.heard) == count


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (answer(404), "it answered HTTP 404"),
        (answer(500), "it answered HTTP 500"),
        (answer(302, headers={"Location": "/elsewhere"}), "redirects, which is not followed"),
        (answer(body=b"x" * 70_000), "larger"),
        (reset(), "broke off"),
        (silent(), "within 0.2 s"),
    ],
    ids=["404", "500", "302", "large", "reset", "silent"],
)
async def test_a_call_that_is_not_taken_is_said_once_without_the_address(
    behaviour: Behaviour, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with a_switch(behaviour) as world, beating() as here:
        here.heart.set(url_of(world), EVERY)
        await until(lambda: says in here.heart.fault)
        await until(lambda: len(world.heard) >= 3)
        assert here.taken == []
        assert {heard.path for heard in world.heard} == {f"/ping/{CANARY}"}, "nobody is led elsewhere"
        world.at(f"/ping/{CANARY}", answer())
        await until(lambda: here.taken)
        assert here.heart.fault == ""
    ours = [record.getMessage() for record in caplog.records if record.name == "monitor.daemon.heartbeat"]
    assert ours[0].startswith("the dead-man's switch did not take the heartbeat: ")
    assert ours[1:] == ["the dead-man's switch takes our heartbeats again"]
    assert CANARY not in caplog.text


async def test_a_private_address_is_called_only_where_the_team_allows_it() -> None:
    async with a_switch(answer()) as world, beating(FetchPolicy()) as here:
        here.heart.set(url_of(world), EVERY)
        await until(lambda: "fetch.allow_private" in here.heart.fault)
    assert world.heard == []


async def test_a_changed_address_is_called_at_once_and_none_is_called_no_more() -> None:
    async with a_switch(answer()) as world, beating() as here:
        world.at("/second", answer())
        here.heart.set(url_of(world), timedelta(hours=1))
        await until(lambda: len(here.taken) == 1)
        here.heart.set(SecretStr(world.url("/second")), timedelta(hours=1))
        await until(lambda: len(here.taken) == 2)
        here.heart.set(SecretStr(world.url("/second")), timedelta(hours=1))  # a reload that changes nothing
        await asyncio.sleep(0.1)
        assert [heard.path for heard in world.heard] == [f"/ping/{CANARY}", "/second"]
        here.heart.set(None)
        here.heart.set(None, EVERY)
        await asyncio.sleep(0.3)
        assert len(world.heard) == 2


async def test_an_end_waits_for_no_answer() -> None:
    async with a_switch(silent()) as world, Fetcher(own_policy(LOOPBACK), now) as fetch:
        heart = Heartbeat(fetch, lambda: "", lambda _: None)
        heart.set(url_of(world), timedelta(hours=1))
        task = asyncio.create_task(heart.run())
        await until(lambda: world.heard)
        began = asyncio.get_running_loop().time()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert asyncio.get_running_loop().time() - began < 2


async def test_probes_that_fill_every_place_do_not_hold_up_the_heartbeat() -> None:
    busy = FetchPolicy(allow_private=LOOPBACK.allow_private, in_flight=1)
    async with a_switch(answer()) as world, beating(busy) as here, Fetcher(busy, now) as probes:
        world.at("/slow", silent())

        async def look() -> None:
            with contextlib.suppress(Unreachable, Unreadable):
                await probes(Request(world.url("/slow"), total=timedelta(seconds=30)))

        tasks = [asyncio.create_task(look()) for _ in range(20)]
        await until(lambda: world.heard)
        here.heart.set(url_of(world), EVERY)
        await until(lambda: len(here.taken) >= 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_a_night_of_messages_that_wait_for_the_digest_does_not_stop_the_heartbeat(tmp_path: Path) -> None:
    clock = WallClock()
    night = clock.now() - timedelta(hours=9)
    store = open_store(tmp_path / "vigie.db")
    store.commit([Writes(notifications=(note("k", at=night, due=clock.now() + timedelta(hours=1)),))])
    metrics = Metrics("test")
    keep = Upkeep(store, InlineWriter(store), None, metrics, clock, settings=None, faults=dict)  # type: ignore[arg-type]  # only the gauge is asked
    keep.show(store.outbox_stats())
    assert keep.oldest_s == 0
    keep.show(replace(store.outbox_stats(), oldest_unsent=night))
    assert keep.oldest_s > 9 * 3_600 - 1
    store.close()
