"""iCalendar addresses: read through the real door and in a real worker; what cannot be read is a sentence, no more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from monitor.core.model import Imported
from monitor.daemon.calendars import Calendar, Importer
from monitor.fetch import Fetcher, FetchPolicy
from monitor.workers import Calendars
from tests.hostile import Behaviour, Heard, HostileServer, Wire, answer, endless, raw, reset, silent
from tests.patience import until

LOOPBACK = FetchPolicy(allow_private=(ip_network("127.0.0.0/8"),), tries=1)
PEOPLE = {"first": "First on call", "second": "Second on call"}
CANARY = "canary-7b1c93-cal"
SECOND = timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def ics(title: str = "First on call") -> bytes:
    """A week from this morning on, of whoever the title names."""
    day = now().replace(hour=9, minute=0, second=0, microsecond=0)
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//test//EN",
        "BEGIN:VEVENT",
        "UID:1@example.org",
        f"DTSTAMP:{day:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{day:%Y%m%dT%H%M%SZ}",
        f"DTEND:{day + timedelta(days=7):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{title}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines).encode()


class World:
    """A server, an importer that runs, and what it told the mind."""

    def __init__(self, server: HostileServer, workers: Calendars, fetch: Fetcher) -> None:
        self.server, self.workers = server, workers
        self.told: list[Imported] = []
        self.importer = Importer(
            fetch, workers.read_calendar, self.told.append, now, redact=lambda text: text.replace(CANARY, "***")
        )

    def calendar(self, schedule: str = "week", path: str = f"/{CANARY}.ics", every: timedelta = SECOND) -> Calendar:
        """One of the server's."""
        return Calendar(schedule, SecretStr(self.server.url(path)), every, PEOPLE)

    async def first(self, behaviour: Behaviour) -> Imported:
        """What the first load of a calendar that behaves so comes to."""
        self.server.at(f"/{CANARY}.ics", behaviour)
        self.importer.set([self.calendar(every=timedelta(hours=1))])
        await until(lambda: self.told)
        return self.told[0]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with HostileServer() as server, Fetcher(LOOPBACK, now) as fetch:
        workers = Calendars()
        here = World(server, workers, fetch)
        task = asyncio.create_task(here.importer.run())
        yield here
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await workers.close()
        await asyncio.sleep(0.05)  # a connection that was on its way is taken before the server goes


async def test_a_calendar_becomes_the_shifts_of_whom_its_events_name(world: World) -> None:
    told = await world.first(answer(body=ics()))
    assert told.fault == ""
    assert [(shift.person, shift.layer) for shift in told.shifts or ()] == [("first", "import")]
    (heard,) = world.server.heard
    assert heard.headers["accept"].startswith("text/calendar")


async def test_an_unchanged_calendar_is_asked_for_by_its_tag_and_is_not_read_again(world: World) -> None:
    body = ics()

    async def tagged(heard: Heard, wire: Wire) -> bool:
        same = heard.headers.get("if-none-match") == '"1"'
        return await answer(304 if same else 200, b"" if same else body, {"ETag": '"1"'})(heard, wire)

    world.server.at(f"/{CANARY}.ics", tagged)
    world.importer.set([world.calendar(every=timedelta(seconds=0.2))])
    await until(lambda: len(world.told) >= 3)
    assert [told.fault for told in world.told[:3]] == ["", "", ""]
    assert len({told.shifts for told in world.told}) == 1
    assert [heard.headers.get("if-none-match") for heard in world.server.heard[:3]] == [None, '"1"', '"1"']
    assert world.workers.pool.started == 1


ENDLESS_RULE = ics().replace(b"SUMMARY", b"RRULE:FREQ=SECONDLY\r\nSUMMARY")
BAD: dict[str, tuple[Behaviour, str]] = {
    "404": (answer(404), "the calendar's address answered HTTP 404"),
    "500": (answer(500, ics()), "the calendar's address answered HTTP 500"),
    "50-MB": (answer(body=b"BEGIN:VCALENDAR\r\n" + b"X" * 50_000_000), "larger"),
    "endless": (endless(b"BEGIN:VCALENDAR\r\n" * 4_000), "larger"),
    "garbage": (answer(body=bytes(range(256)) * 100), "not an iCalendar file"),
    "login-page": (answer(body=b"<!DOCTYPE html><title>Sign in</title>"), "not an iCalendar file"),
    "empty": (answer(body=b""), "not an iCalendar file"),
    "cut": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\nBEGIN:VCALENDAR"), "cut off"),
    "endless-recurrence": (answer(body=ENDLESS_RULE), "recurs too often"),
    "nobody": (answer(body=ics("Somebody else")), "names a person"),
    "reset": (reset(), "broke off"),
    "redirect": (answer(302, headers={"Location": "http://10.0.0.1/"}), "does not follow|do not follow"),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_cannot_be_read_is_one_clear_sentence_and_brings_no_shift(world: World, case: str) -> None:
    behaviour, says = BAD[case]
    told = await world.first(behaviour)
    assert told.shifts is None, "the last good copy stands"
    assert any(part in told.fault for part in says.split("|")), told.fault
    assert CANARY not in told.fault
    assert "\n" not in told.fault
    assert len(told.fault) <= 300


async def test_a_calendar_that_hangs_is_given_up_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.daemon.calendars.TOTAL", SECOND)
    world.server.at("/hang.ics", silent())
    world.server.at(f"/{CANARY}.ics", answer(body=ics()))
    world.importer.set([world.calendar("hung", "/hang.ics"), world.calendar("week")])
    await until(lambda: {told.schedule for told in world.told} == {"hung", "week"})
    by_schedule = {told.schedule: told for told in reversed(world.told)}
    assert by_schedule["week"].shifts
    assert by_schedule["hung"].shifts is None
    assert "within 1 s" in by_schedule["hung"].fault or "said nothing" in by_schedule["hung"].fault


async def test_a_calendar_that_fails_is_tried_again_and_counts_again_when_it_is_back(world: World) -> None:
    world.server.at(f"/{CANARY}.ics", answer(503))
    world.importer.set([world.calendar(every=timedelta(seconds=0.2))])
    await until(lambda: len(world.told) >= 2)
    assert {told.shifts for told in world.told} == {None}
    world.server.at(f"/{CANARY}.ics", answer(body=ics()))
    await until(lambda: world.told[-1].shifts)
    assert world.told[-1].fault == ""


async def test_a_reload_reads_what_changed_at_once_and_leaves_the_rest_alone(world: World) -> None:
    world.server.at("/a.ics", answer(body=ics()))
    world.server.at("/b.ics", answer(body=ics("Second on call")))
    hour = timedelta(hours=1)
    same = world.calendar("same", "/a.ics", hour)
    world.importer.set([same, world.calendar("moved", "/a.ics", hour), world.calendar("gone", "/a.ics", hour)])
    await until(lambda: len(world.told) == 3)
    world.importer.set([same, world.calendar("moved", "/b.ics", hour)])
    await until(lambda: len(world.told) == 4)
    await asyncio.sleep(0.2)
    assert len(world.told) == 4
    assert world.told[3].schedule == "moved"
    assert [shift.person for shift in world.told[3].shifts or ()] == ["second"]


async def test_a_load_under_way_of_an_address_that_left_brings_nothing(world: World) -> None:
    world.server.at(f"/{CANARY}.ics", answer(body=ics(), after_s=0.3))
    world.importer.set([world.calendar()])
    await until(lambda: world.server.heard)
    world.importer.set([])
    await asyncio.sleep(0.6)
    assert world.told == []


async def test_a_mind_that_fails_at_an_import_does_not_end_the_importing() -> None:
    heard: list[Imported] = []

    def failing(event: Imported) -> None:
        heard.append(event)
        raise RuntimeError("the mind fell over")

    async with HostileServer() as server, Fetcher(LOOPBACK, now) as fetch:
        server.at("/a.ics", answer(404))
        workers = Calendars()
        importer = Importer(fetch, workers.read_calendar, failing, now)
        importer.set([Calendar("week", SecretStr(server.url("/a.ics")), timedelta(seconds=0.1), PEOPLE)])
        task = asyncio.create_task(importer.run())
        await until(lambda: len(heard) >= 2)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await workers.close()
        await asyncio.sleep(0.05)
