"""Who is on call, changes by hand, calendars; routes, dependencies and maintenance: what programs hear of them."""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import icalendar
import pytest
from aiohttp import ClientSession
from immutables import Map

from monitor.core.duty import Shift
from monitor.core.model import Overridden, ScheduleState, Tick
from monitor.web import Limits
from tests.web.conftest import Open
from tests.web.samples import stocked
from tests.web.standing import NOW, Standing

TOKEN = "canary-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PUBLIC = "0.0.0.0:0"
DAY = timedelta(days=1)
CALENDAR = "/api/v1/schedules/desk/calendar.ics"


async def _get(client: ClientSession, path: str, status: int = 200, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    async with client.get(path, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else await answer.text()


async def _post(client: ClientSession, path: str, body: Any, status: int = 200) -> Any:  # noqa: ANN401
    async with client.post(path, json=body) as answer:
        said = await answer.json()
        assert answer.status == status, said
        return said


# --- who is on call --------------------------------------------------------------------------------------------------


async def test_who_is_on_call_now_and_who_comes_next(client: ClientSession) -> None:
    said = await _get(client, "/api/v1/oncall")
    assert said["at"] == "2026-11-22T02:12:40Z"
    desk, backup = said["schedules"]
    assert (desk["id"], desk["name"], desk["timezone"], desk["imported"]) == ("desk", "The desk", "Europe/Paris", False)
    (now,) = desk["now"]
    assert now == {
        "person": "third", "name": "Third on call", "layer": "rule",
        "start": "2026-11-21T21:00:00Z", "end": "2026-11-22T06:00:00Z",
    }  # fmt: skip
    assert (desk["next"]["person"], desk["next"]["start"]) == ("second", "2026-11-22T21:00:00Z"), (
        "by day the third is too"
    )
    assert [s["person"] for s in backup["now"]] == ["second"]
    assert backup["next"] is None, "nobody takes turns with the second"


async def test_who_is_on_call_at_another_moment(client: ClientSession) -> None:
    for at in ("2026-11-25T12:00:00Z", "2026-11-25T13:00:00%2B01:00"):
        said = await _get(client, f"/api/v1/oncall?at={at}")
        assert said["at"] == "2026-11-25T12:00:00Z"
        assert [s["person"] for s in said["schedules"][0]["now"]] == ["first"]


async def test_a_schedule_shows_its_shifts_and_what_is_wrong_with_it(client: ClientSession) -> None:
    desk = await _get(client, "/api/v1/schedules/desk")
    starts = [s["start"] for s in desk["shifts"]]
    assert starts == sorted(starts)
    assert (starts[0], desk["shifts"][-1]["end"]) == ("2026-11-15T02:12:40Z", "2026-12-20T02:12:40Z")
    assert {s["layer"] for s in desk["shifts"]} == {"rotation", "rule"}
    assert all(s["end"] == t["start"] for s, t in zip(desk["shifts"], desk["shifts"][1:], strict=False))
    assert desk["calendar"] == CALENDAR, "on loopback no key is needed"
    backup = await _get(client, "/api/v1/schedules/backup?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z")
    assert [(s["person"], s["start"], s["end"]) for s in backup["shifts"]] == [
        ("second", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")
    ]
    assert [f["code"] for f in backup["findings"]] == ["bus_factor"]
    assert backup["findings"][0]["text"].startswith("Second on call is the only one")


async def test_history_knows_the_changes_of_the_past_as_far_as_they_held(
    client: ClientSession, house: Standing
) -> None:
    body = {"person": "first", "by": "third"}
    early = {**body, "start": "2026-11-22T02:00:00Z", "end": "2026-11-22T12:00:00Z"}
    later = {**body, "start": "2026-11-25T02:00:00Z", "end": "2026-11-25T12:00:00Z"}
    made = [(await _post(client, "/api/v1/schedules/backup/overrides", each))["id"] for each in (early, later)]
    house.at += timedelta(hours=2)
    for number in made:
        async with client.delete(f"/api/v1/overrides/{number}?by=third") as answer:
            assert answer.status == 200
    house.at += timedelta(days=5)
    shifts = (await _get(client, "/api/v1/schedules/backup?to=2026-11-28T00:00:00Z"))["shifts"]
    assert [(s["person"], s["start"], s["end"]) for s in shifts if s["layer"] == "override"] == [
        ("first", "2026-11-22T02:00:00Z", "2026-11-22T04:12:40Z")
    ]


async def test_an_imported_schedule_says_when_it_was_read_and_why_it_could_not_be(
    client: ClientSession, house: Standing
) -> None:
    imported = replace(house.rules.schedules["backup"], imported=True, rotation=None)
    house.rules = replace(house.rules, schedules={**house.rules.schedules, "backup": imported})
    shift = Shift("first", NOW - timedelta(hours=1), NOW + timedelta(hours=5), "import")
    held = ScheduleState("backup", shifts=(shift,), imported=NOW - timedelta(hours=1), fault="it answers 503")
    house.state = replace(house.state, schedules=Map({"backup": held}))
    backup = await _get(client, "/api/v1/schedules/backup")
    assert (backup["imported"], backup["fault"]) == (True, "it answers 503")
    assert backup["imported_at"] == "2026-11-22T01:12:40Z"
    assert [s["person"] for s in backup["now"]] == ["first"]
    assert "gap" in {f["code"] for f in backup["findings"]}


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-22T00:00:00Z&to=2026-11-22T00:00:00Z",
        "from=2026-11-23T00:00:00Z&to=2026-11-22T00:00:00Z",
        "from=2026-01-01T00:00:00Z&to=2027-01-03T00:00:00Z",
        "from=1990-01-01T00:00:00Z",
        "to=2099-01-01T00:00:00Z",
    ],
)
async def test_a_period_that_makes_no_sense_is_refused(client: ClientSession, query: str) -> None:
    error = (await _get(client, f"/api/v1/schedules/desk?{query}", 422))["error"]
    assert error["code"] == "invalid"


# --- changes by hand -------------------------------------------------------------------------------------------------


async def test_an_override_puts_somebody_else_on_call_and_is_taken_back(client: ClientSession, house: Standing) -> None:
    body = {"person": "first", "for": "8h", "by": "third", "comment": "asleep"}
    made = await _post(client, "/api/v1/schedules/desk/overrides", body)
    desk = await _get(client, "/api/v1/schedules/desk")
    assert [(s["person"], s["layer"]) for s in desk["now"]] == [("first", "override")]
    (change,) = desk["overrides"]
    assert (change["id"], change["swap"], change["by"], change["comment"]) == (
        made["id"],
        False,
        "Third on call",
        "asleep",
    )
    assert (change["spans"][0]["start"], change["spans"][0]["end"]) == ("2026-11-22T02:12:40Z", "2026-11-22T10:12:40Z")
    async with client.delete(f"/api/v1/overrides/{made['id']}?by=third") as answer:
        assert (await answer.json())["code"] == "done"
    assert (await _get(client, "/api/v1/schedules/desk"))["overrides"] == []
    assert len(house.acts) == 2


async def test_two_overrides_that_overlap_are_a_conflict_and_the_first_stands(
    client: ClientSession, house: Standing
) -> None:
    body = {"person": "first", "start": "2026-11-25T08:00:00Z", "end": "2026-11-25T20:00:00Z", "by": "third"}
    await _post(client, "/api/v1/schedules/desk/overrides", body)
    before = house.state.overrides
    other = {**body, "person": "second", "start": "2026-11-25T19:00:00Z", "end": "2026-11-25T23:00:00Z"}
    said = await _post(client, "/api/v1/schedules/desk/overrides", other, 409)
    assert said["error"]["code"] == "conflict"
    assert house.state.overrides == before
    touching = {**other, "start": "2026-11-25T20:00:00Z"}
    await _post(client, "/api/v1/schedules/desk/overrides", touching)


async def test_a_swap_gives_each_the_shift_of_the_other(client: ClientSession, house: Standing) -> None:
    body = {"first": "2026-12-01T12:00:00Z", "second": "2026-11-24T12:00:00Z", "by": "third"}
    before = {at: await _on_call(client, at) for at in (body["first"], body["second"])}
    await _post(client, "/api/v1/schedules/desk/swaps", body)
    (event,) = house.acts
    assert isinstance(event, Overridden)
    assert event.override.swap
    assert await _on_call(client, body["first"]) == before[body["second"]] != before[body["first"]]
    assert await _on_call(client, body["second"]) == before[body["first"]]
    again = await _post(
        client, "/api/v1/schedules/desk/swaps", {**body, "first": body["second"], "second": body["first"]}
    )
    assert again["code"] == "already", "in whichever order the two are named"
    assert len(house.acts) == 1


async def _on_call(client: ClientSession, at: str) -> str:
    person: str = (await _get(client, f"/api/v1/oncall?at={at}"))["schedules"][0]["now"][0]["person"]
    return person


@pytest.mark.parametrize(
    ("path", "change", "status", "code"),
    [
        (
            "/api/v1/schedules/backup/swaps",
            {"first": "2026-11-24T12:00:00Z", "second": "2026-12-01T12:00:00Z"},
            422,
            "invalid",
        ),
        (
            "/api/v1/schedules/desk/swaps",
            {"first": "2026-11-01T12:00:00Z", "second": "2026-12-01T12:00:00Z"},
            422,
            "invalid",
        ),
        ("/api/v1/schedules/desk/overrides", {"person": "nobody", "for": "1h"}, 422, "invalid"),
        ("/api/v1/schedules/desk/overrides", {"person": "first"}, 422, "invalid"),
        ("/api/v1/schedules/desk/overrides", {"person": "first", "for": "0s"}, 422, "invalid"),
        ("/api/v1/schedules/nosuch/overrides", {"person": "first", "for": "1h"}, 404, "unknown_schedule"),
        (
            "/api/v1/schedules/nosuch/swaps",
            {"first": "2026-11-24T12:00:00Z", "second": "2026-12-01T12:00:00Z"},
            404,
            "unknown_schedule",
        ),
    ],
)
async def test_a_change_that_cannot_be_made_says_why_and_changes_nothing(
    client: ClientSession,
    house: Standing,
    path: str,
    change: dict[str, str],
    status: int,
    code: str,
) -> None:
    said = await _post(client, path, {**change, "by": "third"}, status)
    assert said["error"]["code"] == code
    assert not house.state.overrides


# --- calendars -------------------------------------------------------------------------------------------------------


def _events(text: str) -> list[Any]:
    found: list[Any] = icalendar.Calendar.from_ical(text).walk("VEVENT")
    return found


async def test_the_calendar_is_read_by_other_programs_and_holds_the_shifts(client: ClientSession) -> None:
    async with client.get(CALENDAR) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        text = await answer.text()
    events = _events(text)
    at = [e for e in events if e["DTSTART"].dt <= NOW < e["DTEND"].dt]
    assert [str(e["SUMMARY"]) for e in at] == ["Third on call"]
    assert min(e["DTSTART"].dt for e in events) <= NOW - timedelta(days=28)
    assert max(e["DTEND"].dt for e in events) >= NOW + timedelta(days=90)


def _known(text: str) -> set[tuple[str, datetime, datetime]]:
    """What a program knows events by, and when they are."""
    return {(str(e["UID"]), e["DTSTART"].dt, e["DTEND"].dt) for e in _events(text)}


async def test_the_calendar_of_a_day_later_changes_no_event_of_today(client: ClientSession, house: Standing) -> None:
    today = _known(await _get(client, CALENDAR))
    house.at += timedelta(days=1)
    later = _known(await _get(client, CALENDAR))
    assert len(today & later) > 50
    assert {u for u, *_ in today & later} == {u for u, *_ in today} & {u for u, *_ in later}


async def test_somebody_who_is_always_on_call_is_one_event_that_stays(client: ClientSession, house: Standing) -> None:
    first = _known(await _get(client, "/api/v1/schedules/backup/calendar.ics"))
    house.at += timedelta(hours=1)
    assert len(first) == 1
    assert _known(await _get(client, "/api/v1/schedules/backup/calendar.ics")) == first


async def test_the_calendar_still_holds_a_change_that_is_over(client: ClientSession, house: Standing) -> None:
    start, end = NOW + timedelta(hours=10), NOW + timedelta(hours=12)
    span = {"start": start.isoformat(), "end": end.isoformat()}
    await _post(client, "/api/v1/schedules/desk/overrides", {"by": "first", "person": "third", **span})
    before = _known(await _get(client, CALENDAR))
    house.at = end + timedelta(hours=1)
    await house.act(Tick())
    assert not house.state.overrides
    after = _known(await _get(client, CALENDAR))
    assert [found for found in after if found[1:] == (start, end)]
    assert {e for e in before if start - DAY < e[1] < end + DAY} <= after


async def test_of_shifts_that_overlap_none_is_cut_where_the_calendar_begins(
    client: ClientSession, house: Standing
) -> None:
    """As only an import has them."""
    begin = NOW - timedelta(days=28)
    long = Shift("first", begin - 5 * DAY, begin + 5 * DAY, "import")
    short = Shift("second", begin - 8 * DAY, begin - 3 * DAY, "import")  # over, and begun before the other
    rules = house.rules.schedules["desk"]
    house.rules = replace(
        house.rules, schedules=Map({"desk": replace(rules, imported=True, rotation=None, rules=(), timezone="UTC")})
    )
    house.state = replace(house.state, schedules=Map({"desk": ScheduleState("desk", shifts=(long, short))}))
    found = _known(await _get(client, CALENDAR))
    assert [(start, end) for _, start, end in found] == [(long.start, long.end)]


async def test_a_calendar_program_needs_only_the_address_that_the_schedule_shows(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN)
    address = (await _get(client, "/api/v1/schedules/desk", headers=BEARER))["calendar"]
    assert address.startswith(f"{CALENDAR}?key=")
    assert TOKEN not in address
    assert "BEGIN:VCALENDAR" in await _get(client, address)
    assert "BEGIN:VCALENDAR" in await _get(client, CALENDAR, headers=BEARER), "the token will do too"


async def test_B72_a_key_that_is_bad_truncated_or_of_another_calendar_opens_nothing(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN, limits=Limits(guesses=(0.0, 1_000)))
    good = (await _get(client, "/api/v1/schedules/desk", headers=BEARER))["calendar"].partition("key=")[2]
    other = (await _get(client, "/api/v1/schedules/backup", headers=BEARER))["calendar"].partition("key=")[2]
    unkeyed = hmac.new(b"", b"vigie calendar of desk", hashlib.sha256).hexdigest()[:32]
    swapped = ("1" if good[0] == "0" else "0") + good[1:]
    for key in (
        "",
        good[:-1],
        good + "0",
        good.upper() + "x",
        swapped,
        other,
        unkeyed,
        TOKEN,
        "%00",
        "%ff",
        "é",
        "0" * 64,
    ):
        error = (await _get(client, f"{CALENDAR}?key={key}", 401))["error"]
        assert error["code"] == "token_needed", key
    error = (await _get(client, f"{CALENDAR}?key={good}&key={good}", 400))["error"]
    assert error["code"] == "bad_query"


async def test_B72_a_key_opens_its_calendar_and_nothing_else(open_web: Open, house: Standing) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN, limits=Limits(guesses=(0.0, 1_000)))
    good = (await _get(client, "/api/v1/schedules/desk", headers=BEARER))["calendar"].partition("?")[2]
    for path in (
        "/api/v1/schedules/desk",
        "/api/v1/oncall",
        "/",
        f"{CALENDAR}/",
        "/api/v1/schedules/backup/calendar.ics",
    ):
        async with client.get(f"{path}?{good}") as answer:
            assert answer.status == 401, path
    async with client.post(f"/api/v1/schedules/desk/overrides?{good}", json={}) as answer:
        assert answer.status == 401
    async with client.post(f"{CALENDAR}?{good}", json={}) as answer:
        assert answer.status == 401
    assert not house.acts


async def test_B72_a_key_dies_with_the_token(open_web: Open) -> None:
    first = await open_web(listen=PUBLIC, token=TOKEN)
    address = (await _get(first, "/api/v1/schedules/desk", headers=BEARER))["calendar"]
    second = await open_web(listen=PUBLIC, token=f"{TOKEN}2")
    await _get(second, address, 401)


async def test_guessing_a_key_is_slowed_down(open_web: Open) -> None:
    client = await open_web(listen=PUBLIC, token=TOKEN, limits=Limits(guesses=(0.0, 3)))
    address = (await _get(client, "/api/v1/schedules/desk", headers=BEARER))["calendar"]
    for guess in range(3):
        await _get(client, f"{CALENDAR}?key={guess}", 401)
    await _get(client, address, 401)  # even the right one: a guesser learns nothing any more


# --- routes, dependencies, maintenance -------------------------------------------------------------------------------


async def test_the_way_through_the_routes_is_explained(client: ClientSession) -> None:
    said = await _get(client, "/api/v1/routes/explain?channel=facebook&severity=critical&kind=availability&tags=launch")
    assert said["labels"] == {
        "channel": ["facebook"],
        "platform": ["meta"],
        "kind": ["availability"],
        "family": ["status"],
        "severity": ["critical"],
        "state": ["outage"],
        "tags": ["launch"],
    }
    assert {v["route"]: (v["matched"], v["chosen"]) for v in said["visits"]} == {
        "root": (True, False), "root.1": (True, True), "root.2": (True, True), "root.3": (False, False),
    }  # fmt: skip
    second = next(v for v in said["visits"] if v["route"] == "root.2")
    assert (second["receiver"], second["receiver_name"]) == ("backup", "Backup")
    assert second["matchers"] == ['severity="critical"', 'platform=~"meta|x"']


async def test_a_muted_route_is_explained_for_the_time_that_was_asked(client: ClientSession) -> None:
    night, day = [
        (await _get(client, f"/api/v1/routes/explain?kind=risk&at={at}"))["visits"]
        for at in ("2026-11-22T02:00:00Z", "2026-11-22T12:00:00Z")
    ]
    assert [v["muted_by"] for v in night if v["chosen"]] == ["night"]
    assert [v["muted_by"] for v in day if v["chosen"]] == [""]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("channel=nosuch", 404, "unknown_channel"),
        ("severity=catastrophic", 422, "invalid"),
        ("kind=%00", 422, "invalid"),
        ("at=yesterday", 400, "bad_query"),
        ("tag=launch", 400, "bad_query"),
    ],
)
async def test_a_label_that_cannot_be_is_refused(client: ClientSession, query: str, status: int, code: str) -> None:
    error = (await _get(client, f"/api/v1/routes/explain?{query}", status))["error"]
    assert error["code"] == code


async def test_without_routes_there_is_nothing_to_explain(client: ClientSession, house: Standing) -> None:
    house.rules = replace(house.rules, route=None)
    assert (await _get(client, "/api/v1/routes/explain", 404))["error"]["code"] == "no_routes"


async def test_dependencies_are_told_as_declared_and_with_what_they_come_to(client: ClientSession) -> None:
    meta, network = (await _get(client, "/api/v1/dependencies"))["dependencies"]
    assert meta == {
        "node": "meta",
        "children": ["facebook", "instagram", "threads"],
        "channels": ["facebook", "instagram", "threads"],
    }
    assert (network["node"], network["children"], len(network["channels"])) == ("our-network", ["*"], 43)


async def test_our_own_maintenance_says_what_is_open_and_what_comes(client: ClientSession, house: Standing) -> None:
    (work,) = (await _get(client, "/api/v1/maintenance"))["maintenance"]
    assert (work["id"], work["timezone"], work["rrule"]) == ("relaunch", "Europe/Paris", "FREQ=WEEKLY;BYDAY=SU")
    assert work["now"] is None
    assert work["next"] == {"start": "2026-11-22T03:00:00Z", "end": "2026-11-22T05:00:00Z"}
    house.at += timedelta(hours=1)
    (work,) = (await _get(client, "/api/v1/maintenance"))["maintenance"]
    assert work["now"] == {"start": "2026-11-22T03:00:00Z", "end": "2026-11-22T05:00:00Z"}
    assert work["next"]["start"] == "2026-11-29T03:00:00Z"


async def test_B86_no_contact_of_anybody_is_in_any_answer(client: ClientSession, house: Standing) -> None:
    stocked(house)
    for path in ("/api/v1/oncall", "/api/v1/schedules/desk", CALENDAR, "/api/v1/routes/explain", "/api/v1/silences"):
        said = str(await _get(client, path))
        for word in ("mailto", "slack", "first/1", "SMS"):
            assert word not in said, f"{word} in {path}"
