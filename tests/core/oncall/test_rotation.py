"""Whose turn it is: alerting.md section 7, case by case, and for every zone and rotation."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.duty import Rotation, Unit
from monitor.core.oncall import handoff, moment, reached, turn
from monitor.core.oncall.rotation import turn_number
from monitor.core.oncall.walls import FIRST, LAST
from tests.core.oncall.given import DAY, at, handoffs, places, rotation, rotations
from tests.fixtures_at import FIXTURES

W = datetime.fromisoformat
HOUR = timedelta(hours=1)
CASES = FIXTURES.parent / "design" / "dst_cases.json"
CHICAGO = "America/Chicago"


def _cases() -> list[Any]:
    """The walks, where their file is: it is not part of the project."""
    if not CASES.is_file():
        return [
            pytest.param(
                None,
                marks=pytest.mark.skip(reason=f"no cases at {CASES}; set VIGIE_FIXTURES to the folder beside theirs"),
            )
        ]
    return [
        pytest.param(case, id=f"{n}-{case['tz']}-{case['unit']}")
        for n, case in enumerate(json.loads(CASES.read_text()))
    ]


@pytest.mark.parametrize("case", _cases())
def test_a_walk_over_a_change_of_the_clocks_hands_over_where_it_should(case: dict[str, Any]) -> None:
    own = rotation("first", "second", "third", unit=case["unit"], length=case["length"], start=case["start"])
    tz = case["tz"]
    found = handoffs(own, tz, at(case["walk_from"], tz), at(case["walk_to"], tz))
    assert list(found) == [W(text) for text in case["handoffs"]]


@pytest.mark.parametrize(
    ("tz", "unit", "length", "start", "hours"),
    [
        pytest.param(CHICAGO, "week", 1, "2017-03-10T00:00", 167, id="week-into-summer"),
        pytest.param(CHICAGO, "week", 1, "2017-11-04T00:00", 169, id="week-into-winter"),
        pytest.param(CHICAGO, "day", 1, "2017-03-12T00:00", 23, id="day-into-summer"),
        pytest.param(CHICAGO, "day", 1, "2017-11-05T00:00", 25, id="day-into-winter"),
        pytest.param(CHICAGO, "hour", 3, "2017-03-12T00:00", 2, id="three-hours-into-summer"),
        pytest.param(CHICAGO, "hour", 3, "2017-11-05T00:00", 4, id="three-hours-into-winter"),
        pytest.param(CHICAGO, "month", 1, "2017-03-01T00:00", 743, id="month-of-March"),
        pytest.param(CHICAGO, "month", 2, "2017-11-01T00:00", 1465, id="two-months-from-November"),
        pytest.param("Europe/Berlin", "week", 1, "2026-10-19T09:00", 7 * 24 + 1, id="Berlin-week"),
        pytest.param("Africa/Casablanca", "day", 1, "2026-02-14T09:00", 25, id="Casablanca-Ramadan"),
        pytest.param("Africa/Casablanca", "week", 1, "2026-02-10T09:00", 169, id="Casablanca-Ramadan-week"),
        pytest.param("Australia/Lord_Howe", "day", 1, "2020-10-03T12:00", 23.5, id="Lord-Howe-into-summer"),
        pytest.param("Australia/Lord_Howe", "day", 1, "2021-04-03T12:00", 24.5, id="Lord-Howe-into-winter"),
        pytest.param("Antarctica/Troll", "day", 1, "2026-03-28T12:00", 22, id="Troll-into-summer"),
        pytest.param("Asia/Kathmandu", "day", 1, "2026-03-28T12:00", 24, id="Kathmandu"),
        pytest.param("Pacific/Apia", "week", 1, "2011-12-26T09:00", 6 * 24, id="Apia-week"),
    ],
)
def test_a_turn_is_as_long_as_the_wall_says(tz: str, unit: str, length: int, start: str, hours: float) -> None:
    held = turn(rotation("first", "second", unit=unit, length=length, start=start), tz, at(start, tz))
    assert held is not None
    assert (held.person, held.start) == ("first", at(start, tz))
    assert held.end - held.start == hours * HOUR


@pytest.mark.parametrize(
    ("tz", "start", "day", "shows"),
    [
        ("Europe/Dublin", "2026-03-27T01:30", "2026-03-29T12:00", "2026-03-29T02:00"),
        ("America/Sao_Paulo", "2018-11-01T00:00", "2018-11-04T12:00", "2018-11-04T01:00"),
        ("Antarctica/Troll", "2026-03-27T01:30", "2026-03-29T12:00", "2026-03-29T03:00"),
        ("Asia/Gaza", "2026-03-26T02:30", "2026-03-28T12:00", "2026-03-28T03:00"),
        ("Asia/Kathmandu", "2026-03-26T09:00", "2026-03-28T12:00", "2026-03-28T09:00"),
    ],
)
def test_a_daily_handoff_that_does_not_exist_is_the_first_instant_after_the_gap(
    tz: str, start: str, day: str, shows: str
) -> None:
    held = turn(rotation("first", "second", unit="day", start=start), tz, at(day, tz))
    assert held is not None
    assert reached(held.start, tz) == W(shows)


def test_Kathmandu_is_five_hours_and_three_quarters_ahead() -> None:
    held = turn(rotation("first", unit="day", start="2026-11-20T09:00"), "Asia/Kathmandu", at("2026-11-22T09:00"))
    assert held is not None
    assert held.start == W("2026-11-22T03:15+00:00")


def test_the_day_that_Apia_skipped_was_nobodys_turn_and_the_order_goes_on() -> None:
    own = rotation("first", "second", "third", unit="day", start="2011-12-28T00:00")
    found = [turn(own, "Pacific/Apia", at(f"{day}T12:00", "Pacific/Apia")) for day in ("2011-12-29", "2011-12-31")]
    assert [held and held.person for held in found] == ["second", "first"]  # third's day did not exist
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].end == found[1].start


def test_monthly_on_the_31st_is_the_last_day_of_short_months_and_the_31st_again() -> None:
    own = rotation("first", "second", unit="month", start="2026-01-31T09:00")
    days = [reached(handoff(own, "Europe/Paris", k), "Europe/Paris").date().isoformat() for k in range(-2, 5)]
    assert days == ["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]


def test_B96_monthly_from_a_leap_day_keeps_the_29th() -> None:
    own = rotation("first", "second", unit="month", length=12, start="2028-02-29T09:00")
    days = [reached(handoff(own, "Europe/Paris", k), "Europe/Paris").date().isoformat() for k in range(-1, 5)]
    assert days == ["2027-02-28", "2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]


def test_B96_a_rotation_that_starts_in_a_gap_or_in_the_repeated_hour_goes_on_at_that_time() -> None:
    for start, tz in (("2026-03-29T02:30", "Europe/Paris"), ("2026-10-25T02:30", "Europe/Paris")):
        own = rotation("first", "second", unit="day", start=start)
        assert handoff(own, tz, 0) == at(start, tz)
        assert [reached(handoff(own, tz, k), tz) for k in (-1, 1)] == [W(start) - DAY, W(start) + DAY]


def test_before_its_start_a_rotation_runs_backwards() -> None:
    own = rotation("first", "second", "third", start="2026-11-16T09:00")
    people = [turn(own, "Europe/Paris", at(f"2026-{day}T12:00", "Europe/Paris")) for day in ("11-01", "11-08", "11-15")]
    assert [held and held.person for held in people] == ["first", "second", "third"]


def test_a_rotation_of_nobody_is_nobodys_turn() -> None:
    assert turn(Rotation((), Unit.WEEK, 1, W("2026-11-16T09:00")), "Europe/Paris", at("2026-11-20T09:00")) is None


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("when", [FIRST, FIRST + DAY, at("4000-06-01T00:00"), LAST - DAY, LAST])
@pytest.mark.parametrize("length", [1, 7, 10**9, 10**15])
def test_no_date_and_no_length_is_too_far_away(unit: Unit, when: datetime, length: int) -> None:
    for start in ("0001-01-01T00:00", "2026-01-31T09:00", "9999-12-31T23:59"):
        held = turn(Rotation(("first", "second"), unit, length, W(start)), "Asia/Kathmandu", when)
        assert held is not None
        assert held.start <= when <= held.end


@given(places, rotations())
def test_a_turn_holds_the_moment_that_was_asked_for_and_its_neighbours_touch_it(
    place: tuple[str, datetime], own: Rotation
) -> None:
    tz, now = place
    held = turn(own, tz, now)
    assert held is not None
    assert held.start <= now < held.end
    before, after = turn(own, tz, held.start - timedelta.resolution), turn(own, tz, held.end)
    assert before is not None
    assert after is not None
    assert before.end == held.start
    assert after.start == held.end


@given(places, rotations(), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_every_moment_of_a_turn_gives_the_same_turn(
    place: tuple[str, datetime], own: Rotation, parts: list[float]
) -> None:
    tz, now = place
    held = turn(own, tz, now)
    assert held is not None
    for part in parts:
        inner = min(held.start + part * (held.end - held.start), held.end - timedelta.resolution)
        assert turn(own, tz, inner) == held


@given(places, rotations())
def test_F20_the_turns_in_order_are_all_there_are(place: tuple[str, datetime], own: Rotation) -> None:
    """Told apart from `turn`: handoffs listed one by one from the wall, those that fall together taken once."""
    tz, now = place
    k = turn_number(own, tz, now)
    listed = sorted({handoff(own, tz, n) for n in range(k - 30, k + 30)})
    since = listed.index(handoff(own, tz, k))
    end = listed[min(since + 10, len(listed) - 2)]
    walked = list(handoffs(own, tz, now, end))
    assert walked == listed[since : since + len(walked)]
    assert handoff(own, tz, k) <= now < handoff(own, tz, k + 1)


def test_a_turn_far_away_costs_no_more_than_one_near() -> None:
    own = rotation("first", "second", unit="hour", start="2000-01-01T00:00")
    assert turn_number(own, "Europe/Paris", W("9000-01-01T00:00").replace(tzinfo=UTC)) > 60_000_000
    assert moment(W("9000-01-01T00:00"), "UTC") - handoff(own, "UTC", 61_361_000) < 400 * DAY
