"""Who is on call by a schedule: its layers, and that shifts, the people of a moment and the next change agree."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.duty import DutyRule, Override, Rotation, Schedule, Shift, Window
from monitor.core.oncall import handoff, inside, next_change, on_call, shifts, turn, whole_shifts
from monitor.core.oncall.walls import FIRST, LAST
from tests.core.oncall.given import (
    DAY,
    at,
    changes,
    override,
    places,
    rotation,
    rotations,
    schedule,
    schedules,
    shift,
    spans,
    zones,
)

PARIS = "Europe/Paris"
WEEKLY = rotation("first", "second")
WEEKEND = DutyRule(Window(time(0), time(0), frozenset({5, 6})), rotation("third"))
NIGHTS = DutyRule(Window(time(22), time(6)), rotation("third", "fourth", unit="day", start="2026-11-16T22:00"))
SWAP = Override(
    "9",
    "duty",
    (
        shift("second", "2026-11-18T00:00", "2026-11-19T00:00"),
        shift("first", "2026-11-25T00:00", "2026-11-26T00:00"),
    ),
    swap=True,
)


def who(one: Schedule, local: str, *made: Override, imported: tuple[Shift, ...] = ()) -> tuple[str, ...]:
    return on_call(one, made, imported, at(local, PARIS))


# --- layers ----------------------------------------------------------------------------------------------------------


def test_a_rotation_alone_says_whose_week_it_is() -> None:
    assert who(schedule(WEEKLY), "2026-11-16T08:59") == ("second",)
    assert who(schedule(WEEKLY), "2026-11-16T09:00") == ("first",)
    assert who(schedule(WEEKLY), "2026-11-23T09:00") == ("second",)


def test_without_anything_nobody_is_on_call() -> None:
    for none in (schedule(), schedule(rotation()), schedule(imported=True), schedule(None, WEEKEND)):
        assert who(none, "2026-11-18T12:00") == ()
        assert shifts(none, (), (), at("2026-11-17T00:00"), at("2026-11-18T00:00")) == ()


def test_GA12_a_rule_lies_over_the_rotation_on_its_days_until_their_end() -> None:
    one = schedule(WEEKLY, WEEKEND)
    assert who(one, "2026-11-20T23:59") == ("first",)
    assert who(one, "2026-11-21T00:00") == ("third",)
    assert who(one, "2026-11-22T23:59") == ("third",)
    assert who(one, "2026-11-23T00:00") == ("first",)


def test_GA12_a_rule_over_midnight_belongs_to_the_evening_and_its_own_rotation_turns() -> None:
    one = schedule(WEEKLY, NIGHTS)
    assert [who(one, f"2026-11-{day}T23:00") for day in (16, 17, 18)] == [("third",), ("fourth",), ("third",)]
    assert who(one, "2026-11-18T05:59") == ("fourth",)
    assert who(one, "2026-11-18T06:00") == ("first",)


def test_a_later_rule_wins_and_a_rule_of_nobody_calls_nobody_in_nobodys_place() -> None:
    always = Window(time(0), time(0))
    both = schedule(WEEKLY, DutyRule(always, rotation("third")), DutyRule(always, rotation("fourth")))
    assert who(both, "2026-11-18T12:00") == ("fourth",)
    empty = schedule(WEEKLY, DutyRule(always, rotation("third")), DutyRule(always, rotation()))
    assert who(empty, "2026-11-18T12:00") == ("third",)


def test_an_override_lies_over_rules_and_a_swap_over_overrides() -> None:
    one = schedule(WEEKLY, WEEKEND)
    change = override("fourth", "2026-11-18T00:00", "2026-11-22T00:00")
    assert who(one, "2026-11-21T12:00", change) == ("fourth",)
    assert who(one, "2026-11-18T12:00", change, SWAP) == ("second",)
    assert who(one, "2026-11-18T12:00", SWAP, change) == ("second",)
    assert who(one, "2026-11-22T00:00", change) == ("third",)


def test_a_change_of_another_schedule_changes_nothing() -> None:
    other = Override("1", "other", override("fourth", "2026-11-18T00:00", "2026-11-22T00:00").spans)
    assert who(schedule(WEEKLY), "2026-11-19T00:00", other) == ("first",)


def test_an_import_stands_in_place_of_the_rotation_and_may_call_several() -> None:
    one = schedule(WEEKLY, NIGHTS, imported=True)
    imported = (
        shift("third", "2026-11-18T08:00", "2026-11-18T20:00", "import"),
        shift("fourth", "2026-11-18T12:00", "2026-11-18T23:00", "import"),
        shift("third", "2026-11-18T13:00", "2026-11-18T14:00", "import"),
    )
    assert who(one, "2026-11-18T07:00", imported=imported) == ()
    assert who(one, "2026-11-18T08:00", imported=imported) == ("third",)
    assert who(one, "2026-11-18T13:30", imported=imported) == ("third", "fourth")
    assert who(one, "2026-11-18T21:00", imported=imported) == ("fourth",)
    assert who(one, "2026-11-18T22:00", imported=imported) == ("third",)  # the rule for nights
    assert who(schedule(WEEKLY), "2026-11-18T13:30", imported=imported) == ("first",)


# --- shifts ----------------------------------------------------------------------------------------------------------


def test_shifts_say_who_from_when_to_when_and_why() -> None:
    one = schedule(WEEKLY, WEEKEND)
    change = override("fourth", "2026-11-19T12:00", "2026-11-20T12:00")
    found = shifts(one, (change,), (), at("2026-11-19T00:00", PARIS), at("2026-11-24T00:00", PARIS))
    assert found == (
        shift("first", "2026-11-19T00:00", "2026-11-19T12:00"),
        shift("fourth", "2026-11-19T12:00", "2026-11-20T12:00", "override"),
        shift("first", "2026-11-20T12:00", "2026-11-21T00:00"),
        shift("third", "2026-11-21T00:00", "2026-11-23T00:00", "rule"),
        shift("first", "2026-11-23T00:00", "2026-11-23T09:00"),
        shift("second", "2026-11-23T09:00", "2026-11-24T00:00"),
    )


def test_successive_turns_of_one_person_are_one_shift_and_gaps_are_left_out() -> None:
    start, end = at("2026-11-16T09:00", PARIS), at("2026-12-14T09:00", PARIS)
    one = schedule(rotation("first", "first", "second"))
    assert [s.person for s in shifts(one, (), (), start, end)] == ["first", "second", "first"]
    alone = schedule(None, DutyRule(Window(time(9), time(17)), rotation("first")))
    assert [(s.end - s.start) for s in shifts(alone, (), (), start, start + 2 * DAY)] == [timedelta(hours=8)] * 2


def test_two_people_of_an_import_overlap_without_cutting_each_other() -> None:
    imported = (
        shift("first", "2026-11-18T08:00", "2026-11-18T20:00", "import"),
        shift("second", "2026-11-18T12:00", "2026-11-18T14:00", "import"),
    )
    day = at("2026-11-18T00:00", PARIS)
    assert shifts(schedule(imported=True), (), imported, day, day + DAY) == imported


def test_an_empty_stretch_of_time_has_no_shifts() -> None:
    now = at("2026-11-18T00:00")
    assert shifts(schedule(WEEKLY), (), (), now, now) == ()
    assert shifts(schedule(WEEKLY), (), (), now, now - DAY) == ()


def test_a_whole_shift_is_found_from_any_moment_of_it() -> None:
    one = schedule(WEEKLY, WEEKEND)
    for local in ("2026-11-16T09:00", "2026-11-18T12:00", "2026-11-20T23:59"):
        assert whole_shifts(one, (), (), at(local, PARIS)) == (shift("first", "2026-11-16T09:00", "2026-11-21T00:00"),)
    monthly = schedule(rotation("first", "second", unit="month", length=6, start="2026-01-01T00:00"))
    assert whole_shifts(monthly, (), (), at("2026-03-01T00:00", PARIS)) == (
        shift("first", "2026-01-01T00:00", "2026-07-01T00:00"),
    )
    assert whole_shifts(schedule(), (), (), at("2026-03-01T00:00")) == ()


def test_the_ends_of_the_calendar_are_no_crash() -> None:
    one = schedule(rotation("first", "second", unit="month", length=7), NIGHTS, tz="Asia/Kathmandu")
    for end in (FIRST, LAST):
        assert on_call(one, (), (), end)
        next_change(one, (), (), end)
        whole_shifts(one, (), (), end)
    assert shifts(one, (), (), LAST - 2 * DAY, LAST)[-1].end == LAST
    assert shifts(one, (), (), FIRST, FIRST + 2 * DAY)[0].start == FIRST


# --- the next change -------------------------------------------------------------------------------------------------


def test_the_next_change_is_where_somebody_else_is_on_call() -> None:
    one = schedule(WEEKLY, WEEKEND)
    now = at("2026-11-18T00:00", PARIS)
    assert next_change(one, (), (), now) == at("2026-11-21T00:00", PARIS)
    change = override("fourth", "2026-11-19T12:00", "2026-11-20T12:00")
    assert next_change(one, (change,), (), now) == at("2026-11-19T12:00", PARIS)
    same = override("first", "2026-11-19T12:00", "2026-11-20T12:00")
    assert next_change(one, (same,), (), now) == at("2026-11-21T00:00", PARIS)


def test_nothing_changes_where_one_person_or_nobody_is_always_on_call() -> None:
    now = at("2026-11-18T00:00")
    for one in (schedule(rotation("first", unit="hour")), schedule(), schedule(imported=True)):
        assert next_change(one, (), (), now) is None
    yearly = schedule(rotation("first", "second", unit="month", length=14, start="2026-11-01T00:00"))
    assert next_change(yearly, (), (), now) is None  # 14 months are beyond the horizon


def test_many_edges_without_a_change_are_not_walked_for_ever() -> None:
    one = schedule(rotation("first"), DutyRule(Window(time(9), time(17)), rotation("first")))
    now = at("2026-11-18T00:00")
    found = next_change(one, (), (), now)
    assert found is not None
    assert 90 * DAY < found - now < 110 * DAY


def test_a_schedule_of_thousands_of_imported_shifts_is_asked_of_a_few_of_them() -> None:
    start = at("2026-01-01T00:00")
    hour = timedelta(hours=1)
    imported = tuple(Shift(f"p{n % 7}", start + n * hour, start + (n + 1) * hour, "import") for n in range(5_000))
    one = schedule(imported=True)
    assert on_call(one, (), imported, start + 3_000.5 * hour) == ("p4",)
    assert next_change(one, (), imported, start + 3_000.5 * hour) == start + 3_001 * hour
    assert len(shifts(one, (), imported, start, start + 400 * DAY)) == 5_000


# --- F20 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tz", "start", "end"),
    [
        ("America/Chicago", "2026-03-01T00:00", "2026-03-15T00:00"),
        ("America/Chicago", "2026-10-25T00:00", "2026-11-08T00:00"),
        ("Europe/Paris", "2028-02-20T00:00", "2028-03-08T00:00"),
        ("Europe/Paris", "2026-12-20T00:00", "2027-01-10T00:00"),
        ("Australia/Lord_Howe", "2020-09-28T00:00", "2020-10-10T00:00"),
        ("Pacific/Apia", "2011-12-20T00:00", "2012-01-10T00:00"),
        ("Africa/Casablanca", "2026-02-08T00:00", "2026-02-22T00:00"),
    ],
    ids=["gap", "fold", "leap-day", "week-53", "half-an-hour", "skipped-day", "Ramadan"],
)
@pytest.mark.parametrize(("unit", "length"), [("hour", 1), ("hour", 3), ("hour", 24), ("day", 1), ("week", 1)])
def test_F20_each_handover_comes_exactly_once(tz: str, start: str, end: str, unit: str, length: int) -> None:
    own = rotation("first", "second", "third", unit=unit, length=length, start="2011-01-01T02:30")
    one, now, until = schedule(own, tz=tz), at(start, tz), at(end, tz)
    told: list[tuple[datetime, str]] = []
    while (change := next_change(one, (), (), now)) is not None and change < until:
        told.append((change, on_call(one, (), (), change)[0]))
        now = change
    real = shifts(one, (), (), at(start, tz), until)
    assert told == [(s.start, s.person) for s in real[1:]]
    assert all(earlier.person != later.person for earlier, later in pairwise(real))


def test_F20_B96_in_week_53_and_on_the_leap_day_turns_are_as_long_as_ever() -> None:
    weekly, daily = rotation("first", "second", start="2026-01-05T09:00"), rotation("first", "second", unit="day")
    for local in ("2026-12-30T12:00", "2027-01-03T12:00", "2027-01-06T12:00"):  # 2026 has a week 53
        held = turn(weekly, PARIS, at(local, PARIS))
        assert held is not None
        assert held.end - held.start == 7 * DAY
    for local in ("2028-02-28T12:00", "2028-02-29T12:00", "2028-03-01T12:00"):
        held = turn(daily, PARIS, at(local, PARIS))
        assert held is not None
        assert held.end - held.start == DAY


# --- for every zone and rotation -------------------------------------------------------------------------------------


@given(places, rotations(), st.integers(1, 40), st.floats(0, 1))
def test_for_any_zone_and_rotation_shifts_tile_time_wherever_the_walk_starts(
    place: tuple[str, datetime], own: Rotation, days: int, part: float
) -> None:
    tz, start = place
    one, end = schedule(own, tz=tz), place[1] + days * DAY
    found = shifts(one, (), (), start, end)
    assert found[0].start == start
    assert found[-1].end == end
    assert all(earlier.end == later.start for earlier, later in pairwise(found))
    assert all(s.start < s.end for s in found)
    middle = start + part * (end - start)
    if start < middle < end:
        halves = shifts(one, (), (), start, middle) + shifts(one, (), (), middle, end)
        assert _joined(halves) == found


def _joined(cut: tuple[Shift, ...]) -> tuple[Shift, ...]:
    done: list[Shift] = []
    for one in cut:
        if done and done[-1].end == one.start and (done[-1].person, done[-1].layer) == (one.person, one.layer):
            one = Shift(one.person, done.pop().start, one.end, one.layer)  # noqa: PLW2901 - it grows
        done.append(one)
    return tuple(done)


@settings(max_examples=40)
@given(places, st.data())
def test_on_call_agrees_with_shifts_and_the_next_change_is_their_next_edge(
    place: tuple[str, datetime], data: st.DataObject
) -> None:
    tz, now = place
    one = data.draw(schedules(tz))
    made = data.draw(changes(now))
    imported = tuple(data.draw(st.lists(spans(now), max_size=5)))
    end = now + 3 * DAY
    found = shifts(one, made, imported, now, end)
    edges = {edge for s in found for edge in (s.start, s.end)} | {now, end}
    for edge in sorted(edges):
        for moment in (edge, edge + timedelta(seconds=1), edge - timedelta.resolution):
            if now <= moment < end:
                people = {s.person for s in found if s.start <= moment < s.end}
                assert set(on_call(one, made, imported, moment)) == people
    change = next_change(one, made, imported, now)
    was = set(on_call(one, made, imported, now))
    differing = [e for e in sorted(edges) if now < e < end and set(on_call(one, made, imported, e)) != was]
    if differing:
        assert change == differing[0]
    else:
        assert change is None or change >= end


@settings(max_examples=40)
@given(places, st.data())
def test_the_layer_that_decides_is_the_highest_that_has_somebody(
    place: tuple[str, datetime], data: st.DataObject
) -> None:
    tz, now = place
    one, made = data.draw(schedules(tz)), data.draw(changes(now))
    imported = tuple(data.draw(st.lists(spans(now), max_size=5)))
    assert set(on_call(one, made, imported, now)) == _plainly(one, made, imported, now)


def _plainly(one: Schedule, made: tuple[Override, ...], imported: tuple[Shift, ...], now: datetime) -> set[str]:
    """The layers as alerting.md says them, with no thought of cost."""
    for swap in (True, False):
        held = [s.person for c in made if c.swap is swap for s in c.spans if s.start <= now < s.end]
        if held:
            return {held[-1]}
    for rule in reversed(one.rules):
        held_by = turn(rule.rotation, one.timezone, now)
        if held_by and inside((rule.window,), one.timezone, now):
            return {held_by.person}
    if one.imported:
        return {s.person for s in imported if s.start <= now < s.end}
    own = turn(one.rotation, one.timezone, now) if one.rotation else None
    return {own.person} if own else set()


@pytest.mark.slow
@settings(max_examples=400)
@given(zones, rotations(), st.datetimes(datetime(1850, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_years_of_turns_tile_time(tz: str, own: Rotation, start: datetime) -> None:
    one = schedule(own, tz=tz)
    found = shifts(one, (), (), start, start + 300 * DAY)
    assert found[0].start == start
    assert found[-1].end == start + 300 * DAY
    assert all(earlier.end == later.start for earlier, later in pairwise(found))
    if len(set(own.participants)) == len(own.participants) > 1:
        real = {
            handoff(own, tz, k) for k in range(_first(own, tz, start) - 1, _first(own, tz, start) + len(found) + 40)
        }
        assert {s.start for s in found[1:]} <= real


def _first(own: Rotation, tz: str, start: datetime) -> int:
    from monitor.core.oncall.rotation import turn_number  # noqa: PLC0415 - only the slow test looks inside

    return turn_number(own, tz, start)
