"""Open pages hear of changes."""

import asyncio

from aiohttp import ClientResponse, ClientSession

from monitor.web import Changes, Limits, Web
from monitor.web.sse import QUIET_S_MAX, STREAMS_MAX
from tests.patience import HANG_S
from tests.web.conftest import Open
from tests.web.standing import Standing

QUICK = Limits(event_gap_s=0.05, event_quiet_s=0.1)


async def _next(stream: ClientResponse, field: str = "data") -> str:
    async with asyncio.timeout(QUIET_S_MAX / 2):  # then something is said in any case
        while line := (await stream.content.readline()).decode():
            if line.startswith(f"{field}:"):
                return line.partition(":")[2].strip()
    raise AssertionError("the stream ended")


async def test_a_page_hears_its_own_version_first_and_then_every_change(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=QUICK)
    async with client.get("/") as answer:
        page = await answer.text()
    async with client.get("/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        first = await _next(stream)
        assert f'data-version="{first}"' in page
        house.changed.bump()
        second = await _next(stream)
        assert second != first
    async with client.get("/") as answer:
        assert f'data-version="{second}"' in await answer.text()


async def test_a_storm_of_commits_is_few_events_and_the_last_one_is_heard(open_web: Open, house: Standing) -> None:
    client = await open_web(limits=Limits(event_gap_s=1.0, event_quiet_s=5.0))
    async with client.get("/events") as stream:
        heard = [await _next(stream)]
        for _ in range(500):
            house.changed.bump()
            await asyncio.sleep(0)
        while not heard[-1].endswith("-500"):
            heard.append(await _next(stream))
    assert len(heard) <= 4


async def test_a_quiet_house_still_finds_out_whether_somebody_is_there(open_web: Open) -> None:
    client = await open_web(limits=QUICK)
    async with client.get("/events") as stream:
        assert await _next(stream, "") == "still here"


async def test_a_closing_house_ends_every_stream_at_once(house: Standing) -> None:
    web = Web(house, "127.0.0.1:0")
    await web.start()
    async with ClientSession(f"http://127.0.0.1:{web.address[1]}") as client, client.get("/events") as stream:
        await _next(stream)
        async with asyncio.timeout(HANG_S):
            await web.stop()
            assert b"data" not in await stream.content.read()


async def test_streams_beyond_the_limit_are_turned_away_and_pages_still_served(open_web: Open) -> None:
    client = await open_web()
    streams = [await client.get("/events") for _ in range(STREAMS_MAX)]
    async with client.get("/events") as answer:
        assert answer.status == 503
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    for stream in streams:
        stream.close()


async def test_a_version_can_be_waited_for_by_many() -> None:
    changes = Changes()
    waiting = [asyncio.create_task(changes.wait(0)) for _ in range(3)]
    await asyncio.sleep(0)
    changes.bump()
    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert await changes.wait(0) == 1
