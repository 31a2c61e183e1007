"""Calendars from outside are read in a process that may be killed: what each costs, and what comes of bad ones."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest

from monitor.core.duty import Shift
from monitor.workers import Calendars, Limits
from monitor.workers.calendars import LIMITS, TARGET, _rebuilt
from monitor.workers.process import Fault
from probes.base import Reason, Unreadable
from tests.core.oncall.calendars import calendar, on_call
from tests.core.oncall.given import NAMES, at, shift
from tests.patience import until

BAD = "tests.workers.readings_of_calendars:read"
START, END = at("2026-11-01T00:00"), at("2027-02-01T00:00")
WEEK = on_call("First Person", "20261116T090000", "20261123T090000")
FIRSTS = shift("first", "2026-11-16T09:00", "2026-11-23T09:00", "import")
NEVER = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"  # dateutil looks for it until the year 9999


@asynccontextmanager
async def reader(limits: Limits = LIMITS, target: str = TARGET) -> AsyncIterator[Calendars]:
    calendars = Calendars(limits, target=target)
    try:
        yield calendars
    finally:
        await calendars.close()


async def read(calendars: Calendars, data: bytes) -> tuple[Shift, ...]:
    return await calendars.read_calendar(data, NAMES, START, END, "Europe/Paris")


async def refused(calendars: Calendars, data: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        await read(calendars, data)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_calendar_is_read_in_a_process_of_its_own_that_ends_with_the_job() -> None:
    async with reader() as calendars:
        found = await calendars.read(
            calendar(WEEK, on_call("Guest", "20261116T090000", "20261123T090000")), NAMES, START, END
        )
        assert (found.shifts[0].person, found.unknown) == ("first", ("Guest",))
        assert calendars.pool.alive == 0
        assert await read(calendars, calendar(WEEK)) == (FIRSTS,)
        assert (calendars.pool.started, calendars.pool.alive) == (2, 0)


async def test_the_readers_own_word_comes_back_as_it_was_said() -> None:
    async with reader() as calendars:
        fault = await refused(calendars, b"<!doctype html><title>Sign in</title>")
        assert (str(fault), fault.reason) == ("the answer is not an iCalendar file", Reason.FORMAT)
        endless = await refused(calendars, calendar(WEEK + "|RRULE:FREQ=SECONDLY"))
        assert endless.reason is Reason.LIMIT
        assert "recurs too often to be read" in str(endless)
        assert calendars.pool.faults == {}


async def test_a_calendar_of_50_MB_is_refused_before_anything_is_started() -> None:
    async with reader() as calendars:
        fault = await refused(calendars, calendar(WEEK) + b"X" * 50_000_000)
        assert (str(fault), fault.reason) == ("the calendar is larger than 2 MB", Reason.LIMIT)
        assert calendars.pool.started == 0


async def test_an_endless_recurrence_is_stopped_and_the_next_calendar_is_read() -> None:
    async with reader(Limits(wall_s=30.0, cpu_s=1, jobs=1)) as calendars:
        data = calendar(*[f"{WEEK}|{NEVER};INTERVAL={n}" for n in range(1, 20)])
        fault = await refused(calendars, data)
        assert fault.reason is Reason.LIMIT
        assert "1 s of processor time" in str(fault)
        assert calendars.pool.alive == 0
        assert await read(calendars, calendar(WEEK)) == (FIRSTS,)


@pytest.mark.parametrize(
    ("data", "reason", "says"),
    [
        (b"hang", Reason.LIMIT, "more than 1 s"),
        (b"kill", Reason.INTERNAL, "SIGKILL"),
        (b"bug", Reason.INTERNAL, "KeyError"),
        (b"alien", Reason.INTERNAL, "nonsense"),
        (b"nonsense", Reason.INTERNAL, "nonsense"),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
async def test_a_reader_that_fails_or_answers_nonsense_costs_its_one_calendar(
    data: bytes, reason: Reason, says: str
) -> None:
    async with reader(Limits(wall_s=1.0 if data == b"hang" else 20.0, jobs=1), BAD) as calendars:
        fault = await refused(calendars, data)
        assert fault.reason is reason
        assert str(fault).startswith("reading the calendar failed: ")
        assert says in str(fault)
        assert "canary" not in str(fault)
        assert calendars.pool.alive == 0


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (((),),),
        ((("first",),), ()),
        ((("stranger", START, END),), ()),
        ((("first", datetime(2026, 11, 1), datetime(2026, 11, 2)),), ()),  # noqa: DTZ001 - the fault
        ((("first", "today", "tomorrow"),), ()),
        ((("first", END, START),), ()),
        ((("first", START, END),) * 20_001, ()),
        ((("first", START, END),), None),
        ((([], START, END),), ()),
    ],
    ids=["nothing", "one-part", "no-shift", "stranger", "naive", "words", "backwards", "many", "no-titles", "no-name"],
)
def test_an_answer_that_is_not_in_our_words_is_none(answer: Any) -> None:  # noqa: ANN401 - whatever comes
    with pytest.raises(Unreadable, match="nonsense") as caught:
        _rebuilt(answer, NAMES)
    assert caught.value.reason is Reason.INTERNAL


@pytest.mark.slow
async def test_after_each_failure_the_next_calendar_is_read() -> None:
    async with reader(Limits(wall_s=5.0, jobs=1), BAD) as calendars:
        for data in (b"hang", b"kill", b"bug", b"eat"):
            await refused(calendars, data)
            assert await read(calendars, calendar(WEEK)) == (FIRSTS,)


async def test_two_schedules_are_read_one_after_the_other() -> None:
    async with reader() as calendars:
        found = await asyncio.gather(*(read(calendars, calendar(WEEK)) for _ in range(2)))
        assert found == [(FIRSTS,), (FIRSTS,)]
        assert calendars.pool.alive == 0


async def test_closing_ends_a_job_under_way_with_a_word() -> None:
    async with reader(LIMITS, BAD) as calendars:
        job = asyncio.create_task(refused(calendars, b"hang"))
        await until(lambda: calendars.pool.pids)
        await calendars.close()
        assert str(await job).startswith("reading the calendar failed: ")


def test_the_process_that_asks_does_not_load_the_libraries_for_it() -> None:
    code = f"""
import asyncio, sys
from datetime import datetime, UTC
from monitor.workers import Calendars

async def main():
    calendars = Calendars()
    found = await calendars.read_calendar({calendar(WEEK)!r}, {{"first": "First Person"}},
        datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
    await calendars.close()
    print(len(found), [m for m in ("icalendar", "recurring_ical_events", "dateutil") if m in sys.modules])

asyncio.run(main())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert said.stdout.strip() == "1 []"


@pytest.mark.slow
async def test_the_largest_calendar_is_read_within_the_limits_or_refused_by_name() -> None:
    """2 MB of different kinds: of single events, of one line, of nests, of parameters, of a zone without end."""
    single = on_call("first", "20261116T090000Z", "20261116T100000Z", "")
    many = calendar(*[single] * 4_900)
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
        "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    async with reader() as calendars:
        assert len(await read(calendars, many)) == 1  # one and the same shift
        for data in (
            calendar(*[single] * 14_000),
            b"BEGIN:VCALENDAR\r\nX:" + b"a\r\n " * 480_000 + b"\r\nEND:VCALENDAR\r\n",
            b"BEGIN:VCALENDAR\r\n" * 50_000 + b"END:VCALENDAR\r\n" * 50_000,
            b"BEGIN:VCALENDAR\r\nX" + b";A=b" * 480_000 + b":1\r\nEND:VCALENDAR\r\n",
        ):
            fault = await refused(calendars, data)
            assert fault.reason in (Reason.LIMIT, Reason.FORMAT, Reason.FILTER)
            assert calendars.pool.alive == 0
        for data in (
            calendar(on_call("first", "20261116T090000", "20261117T090000", "Ours"), head=zone),
            calendar(f"{single}|RDATE:" + ",".join(["20261116T090000Z"] * 110_000)),
            calendar(f"{single}|{NEVER}"),
        ):  # how far a machine comes with these in its 20 s decides
            try:
                assert len(await read(calendars, data)) == 1
            except Unreadable as fault:
                assert fault.reason is Reason.LIMIT  # noqa: PT017 - the other of the two that are well
            assert calendars.pool.alive == 0
    assert set(calendars.pool.faults) <= {Fault.HUNG, Fault.MEMORY}
