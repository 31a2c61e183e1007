"""Who is on call: now, next, around now; changes by hand, and what the linter says."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from aiohttp import ClientSession
from immutables import Map

from monitor.core.duty import Override, Shift
from monitor.core.model import Overridden, Restored, ScheduleState
from tests.web.called import town_in_trouble
from tests.web.conftest import Open
from tests.web.reading import flat, follow, page_of, send
from tests.web.standing import NAUGHTY, NOW, OverrideRow, Standing

EN_DASH = "\N{EN DASH}"
WISH = {"person": "first", "start": "2026-11-25T09:00", "end": "2026-11-25T18:00", "comment": "dentist", "by": "second"}


@pytest.fixture
def house() -> Standing:
    return town_in_trouble()


def override(number: str, start: datetime, hours: float, person: str = "first", **more: object) -> Override:
    span = Shift(person, start, start + timedelta(hours=hours), "override")
    return replace(Override(number, "desk", (span,), by="second", at=NOW, comment="dentist"), **more)  # type: ignore[arg-type]  # fields of a test


async def test_every_schedule_says_who_is_on_call_now_until_when_and_who_then(client: ClientSession) -> None:
    text = flat(await page_of(client, "/oncall"))
    assert "The desk Now Third on call, until Sun 22 Nov, 22:00; then Second on call" in text
    assert "Times here are Europe/Paris time" in text
    assert "Backup Now Second on call; no handoff is in sight" in text
    assert "Times here are America/Chicago time" in text
    assert "Second on call is the only one in the rotation of Backup" in text


async def test_the_weeks_around_now_are_shifts_in_the_schedules_own_zone(client: ClientSession) -> None:
    text = flat(await page_of(client, "/oncall")).replace(EN_DASH, "-")
    assert "Third on call now rule Sat 21 Nov, 22:00 - Sun 22 Nov, 07:00" in text
    assert "Third on call Mon 23 Nov, 07:00 - Mon 23 Nov, 09:00 First on call Mon 23 Nov, 09:00" in text
    past = text.partition("The last two weeks")[2].partition("Backup")[0]
    assert past.index("Sat 21 Nov, 07:00") < past.index("Mon 9 Nov, 09:00")


async def test_a_change_by_hand_is_made_shown_and_taken_back(client: ClientSession, house: Standing) -> None:
    sent = await send(client, "/oncall/desk/overrides", **WISH)
    text = (await follow(client, sent)).replace(EN_DASH, "-")
    assert "The desk: First on call from" in text
    assert "First on call Wed 25 Nov, 09:00 - Wed 25 Nov, 18:00 dentist override by Second on call, 03:12" in text
    (event,) = house.acts
    assert isinstance(event, Overridden)
    assert event.override.spans == (
        Shift("first", datetime(2026, 11, 25, 8, tzinfo=UTC), datetime(2026, 11, 25, 17, tzinfo=UTC), "override"),
    )
    (number,) = house.state.overrides
    text = await follow(client, await send(client, f"/oncall/changes/{number}/restore", by="first"))
    assert "The change is taken back; the schedule is as if it had not been made." in text
    assert house.acts[-1] == Restored(number, "first", "board")
    assert house.state.overrides == Map()


async def test_a_change_is_told_by_the_clock_by_which_it_was_asked_for(client: ClientSession) -> None:
    wish = {**WISH, "start": "2026-11-25T09:00", "end": "2026-11-26T18:00"}
    text = await follow(client, await send(client, "/oncall/backup/overrides", **wish))
    assert "Backup: First on call from Wed 25 Nov 09:00 to Thu 26 Nov 18:00 (America/Chicago time)." in text
    assert "shifts are in the time of their schedule, all else in Europe/Paris time" in text
    assert "all times are" not in text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"person": ""}, "Choose who is on call then."),
        ({"person": "room"}, "Choose who is on call then."),
        ({"end": ""}, "Say until when."),
        ({"end": "2026-11-25T08:00"}, "It must end after it starts"),
        ({"start": "2026-11-21T08:00", "end": "2026-11-21T09:00"}, "after now"),
        ({"start": "soon"}, "This is no date and time"),
        ({"end": "2036-11-25T08:00"}, "longer than"),
        ({"by": "", "name": ""}, "Say who you are."),
        ({"comment": "x" * 1_001}, "1000 are the most"),
    ],
)
async def test_B96_a_change_that_cannot_be_is_explained_in_its_own_form(
    client: ClientSession, house: Standing, fields: dict[str, str], said: str
) -> None:
    sent = await send(client, "/oncall/desk/overrides", **{**WISH, **fields})
    assert sent.status == 422
    assert said in sent.said
    assert re.search(r'<details class="change" id="change-1" data-key="change-1" open>', sent.text)
    assert not re.search(r'id="change-2"[^>]* open>', sent.text)
    assert 'value="dentist"' in sent.text or "comment" in fields
    assert house.state.overrides == Map()


async def test_a_change_that_is_pressed_twice_is_one(client: ClientSession, house: Standing) -> None:
    wish = {**WISH, "start": ""}
    await send(client, "/oncall/desk/overrides", **wish)
    house.at += timedelta(seconds=2)
    said = await follow(client, await send(client, "/oncall/desk/overrides", **wish))
    assert "This override stands already." in said
    assert len(house.state.overrides) == 1


async def test_a_change_that_overlaps_another_is_refused_whole(client: ClientSession, house: Standing) -> None:
    await send(client, "/oncall/desk/overrides", **WISH)
    sent = await send(
        client,
        "/oncall/desk/overrides",
        **{**WISH, "person": "third", "start": "2026-11-25T17:00", "end": "2026-11-25T20:00"},
    )
    assert sent.status == 422
    assert "overlap" in sent.said.lower()
    assert len(house.state.overrides) == 1


async def test_B96_an_hour_that_does_not_exist_is_the_first_instant_after_the_gap(
    client: ClientSession, house: Standing
) -> None:
    house.at = datetime(2027, 3, 27, 12, tzinfo=UTC)
    await send(client, "/oncall/desk/overrides", **{**WISH, "start": "2027-03-28T02:30", "end": "2027-03-28T12:00"})
    (made,) = house.state.overrides.values()
    assert made.spans[0].start == datetime(2027, 3, 28, 1, tzinfo=UTC)


async def test_what_is_no_schedule_or_no_change_is_said(client: ClientSession, house: Standing) -> None:
    assert (await send(client, "/oncall/nosuch/overrides", **WISH)).status == 404
    text = await follow(client, await send(client, "/oncall/changes/77/restore", by="first"))
    assert "Nothing was changed. There is no change 77" in text
    sent = await send(client, "/oncall/changes/77/restore", by="")
    assert sent.status == 422
    assert house.state.overrides == Map()


async def test_history_counts_changes_that_are_over(client: ClientSession, house: Standing) -> None:
    past = override("1", NOW - timedelta(days=3), 2, "third")
    house.taken = [OverrideRow(past, ended=True)]
    text = flat(await page_of(client, "/oncall")).replace(EN_DASH, "-")
    assert "Third on call override Thu 19 Nov, 03:12 - Thu 19 Nov, 05:12" in text


async def test_a_swap_shows_both_shifts_and_who_made_it(client: ClientSession, house: Standing) -> None:
    spans = (
        Shift("first", NOW + timedelta(days=1), NOW + timedelta(days=2), "swap"),
        Shift("second", NOW + timedelta(days=8), NOW + timedelta(days=9), "swap"),
    )
    house.state = replace(
        house.state, overrides=Map({"3": Override("3", "desk", spans, swap=True, by="first", at=NOW)})
    )
    text = flat(await page_of(client, "/oncall")).replace(EN_DASH, "-")
    assert "First on call Mon 23 Nov, 03:12 - Tue 24 Nov, 03:12 Second on call Mon 30 Nov, 03:12" in text
    assert "swap by First on call, 03:12" in text


def offered(page: str, field: str) -> dict[str, str]:
    """What a choice on the page offers: what a reader sees, to what is sent."""
    select = re.search(rf'<select id="{field}"[^>]*>(.*?)</select>', page, re.DOTALL)
    assert select is not None
    found = re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)</option>', select[1])
    return {unescape(seen).replace(EN_DASH, "-"): unescape(sent) for sent, seen in found}


async def test_two_people_swap_shifts_that_they_choose_by_what_they_see(client: ClientSession, house: Standing) -> None:
    async with client.get("/oncall") as answer:
        shifts = offered(await answer.text(), "first-1s")
    mine = "Third on call, Mon 23 Nov, 07:00 - Mon 23 Nov, 09:00"
    theirs = next(seen for seen in shifts if seen.startswith("First on call, Mon 23 Nov, 09:00"))
    sent = await send(client, "/oncall/desk/swaps", first=shifts[mine], second=shifts[theirs], by="third")
    text = (await follow(client, sent)).replace(EN_DASH, "-")
    assert "First on call now" not in text
    assert "First on call swap Mon 23 Nov, 07:00 - Mon 23 Nov, 09:00 Third on call swap Mon 23 Nov, 09:00" in text
    (made,) = house.state.overrides.values()
    assert (made.swap, made.by, [span.person for span in made.spans]) == (True, "third", ["first", "third"])


async def test_of_a_shift_that_has_begun_what_is_left_is_swapped(client: ClientSession, house: Standing) -> None:
    async with client.get("/oncall") as answer:
        shifts = offered(await answer.text(), "second-1s")
    running = next(sent for seen, sent in shifts.items() if seen.startswith("Third on call, Sat 21 Nov, 22:00"))
    later = next(sent for seen, sent in shifts.items() if seen.startswith("First on call"))
    assert (await send(client, "/oncall/desk/swaps", first=running, second=later, by="third")).status == 303
    (made,) = house.state.overrides.values()
    assert made.spans[0].start == NOW


LATER = "2026-11-23T08:00:00Z/2026-11-23T09:00:00Z/first"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("", LATER, "Choose a shift."),
        ("2026-11-23T08:00:00Z/2026-11-23T09:00:00Z", "nonsense", "Choose a shift."),
        ("2026-11-23T06:00:00/2026-11-23T08:00:00/third", LATER, "Choose a shift."),  # in which zone?
        ("9999-12-31T23:59:59-14:00/9999-12-31T23:59:59-14:00/first", LATER, "Choose a shift."),
        ("2026-11-23T06:00:00Z/2026-11-23T08:00:00Z/nobody", LATER, "nobody"),
        ("2026-11-23T06:00:00Z/2026-11-23T08:00:00Z/second", LATER, "is not the one on call"),
        (LATER, LATER, "the two shifts overlap"),
        ("2026-11-01T06:00:00Z/2026-11-01T08:00:00Z/third", LATER, "this shift is over"),
    ],
)
async def test_a_swap_that_cannot_be_is_explained_in_its_own_form(
    client: ClientSession, house: Standing, first: str, second: str, said: str
) -> None:
    sent = await send(client, "/oncall/desk/swaps", first=first, second=second, by="third", comment="a wedding")
    assert sent.status == 422
    assert said.lower() in sent.said.lower()
    assert re.search(r'<details class="change" id="change-1s" data-key="change-1s" open>', sent.text)
    assert not re.search(r'id="change-1" data-key="change-1" open>', sent.text)
    assert sent.text.count('value="a wedding"') == 1
    assert house.state.overrides == Map()


async def test_a_calendar_that_cannot_be_read_is_named_with_the_age_of_the_copy(
    client: ClientSession, house: Standing
) -> None:
    imported = replace(house.rules.schedules["backup"], rotation=None, imported=True)
    house.rules = replace(house.rules, schedules={**house.rules.schedules, "backup": imported})
    held = ScheduleState("backup", imported=NOW - timedelta(hours=5), fault=f"no answer {NAUGHTY}")
    house.state = replace(house.state, schedules=Map({"backup": held}))
    page = await page_of(client, "/oncall")
    text = flat(page)
    assert "imported from a calendar, last read Sat 22:12" in text
    assert "The calendar cannot be read, so the last good copy stands: no answer" in text
    assert "Backup Now nobody" in text
    assert len(page.all("script")) == 1


async def test_the_calendar_feed_is_linked_with_the_key_that_programs_need(open_web: Open) -> None:
    client = await open_web(listen="0.0.0.0:0", token="canary-0123456789abcdef")
    signed_in = await send(client, "/login", token="canary-0123456789abcdef")
    page = await page_of(client, "/oncall", Cookie=signed_in.cookie)
    feeds = [a["href"] or "" for a in page.all("a") if ".ics" in (a["href"] or "")]
    assert len(feeds) == 2
    async with client.get(feeds[0]) as answer:  # as a calendar program: without the session
        assert answer.status == 200
        assert (await answer.text()).startswith("BEGIN:VCALENDAR")


async def test_a_house_without_schedules_says_so(client: ClientSession, house: Standing) -> None:
    house.rules = replace(house.rules, schedules={})
    assert "No schedule is configured." in flat(await page_of(client, "/oncall"))


async def test_many_short_shifts_are_cut_and_counted(client: ClientSession, house: Standing) -> None:
    desk = house.rules.schedules["desk"]
    assert desk.rotation is not None
    hourly = replace(desk, rules=(), rotation=replace(desk.rotation, unit=type(desk.rotation.unit)("hour"), length=3))
    house.rules = replace(house.rules, schedules={"desk": hourly})
    assert re.search(r"and \d+ more", flat(await page_of(client, "/oncall")))
