"""Stretches of a day: on which days, over midnight, and where the clocks change."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.duty import TimeInterval, Window
from monitor.core.oncall import inside, interval_edge, interval_holds, moment, next_edge, reached
from monitor.core.oncall.walls import FIRST, LAST
from tests.core.oncall.given import DAY, WORK, at, places, windows

PARIS = "Europe/Paris"
NIGHT = Window(time(22), time(6), frozenset({4}))  # from Friday evening
WHOLE = Window(time(8), time(8), frozenset({5}))  # from Saturday morning
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("window", "local", "holds"),
    [
        (WORK, "2026-11-20T09:00", True),
        (WORK, "2026-11-20T16:59:59.999999", True),
        (WORK, "2026-11-20T17:00", False),
        (WORK, "2026-11-20T08:59:59", False),
        (WORK, "2026-11-21T12:00", False),
        (NIGHT, "2026-11-20T22:00", True),
        (NIGHT, "2026-11-21T05:59", True),
        (NIGHT, "2026-11-21T06:00", False),
        (NIGHT, "2026-11-21T22:00", False),
        (NIGHT, "2026-11-20T05:00", False),
        (WHOLE, "2026-11-21T08:00", True),
        (WHOLE, "2026-11-22T07:59", True),
        (WHOLE, "2026-11-22T08:00", False),
        (WHOLE, "2026-11-21T07:59", False),
    ],
)
def test_GA12_weekdays_nights_and_whole_days_with_the_end_excluded(window: Window, local: str, *, holds: bool) -> None:
    assert inside((window,), PARIS, at(local, PARIS)) is holds


def test_GA12_every_day_from_eight_to_eight_has_no_seam() -> None:
    always = (Window(time(8), time(8)),)
    start = at("2026-10-24T00:00", PARIS)
    assert all(inside(always, PARIS, start + n * 15 * MINUTE) for n in range(4 * 24 * 4))
    assert next_edge(always, PARIS, start) is None


@pytest.mark.parametrize(
    ("local", "edge"),
    [
        ("2026-11-20T08:00", "2026-11-20T09:00"),
        ("2026-11-20T09:00", "2026-11-20T17:00"),
        ("2026-11-20T17:00", "2026-11-20T22:00"),
        ("2026-11-20T23:00", "2026-11-21T06:00"),
        ("2026-11-21T06:00", "2026-11-23T09:00"),
    ],
)
def test_the_next_edge_is_where_it_opens_or_shuts(local: str, edge: str) -> None:
    assert next_edge((WORK, NIGHT), PARIS, at(local, PARIS)) == at(edge, PARIS)


def test_windows_that_touch_have_no_edge_between_them() -> None:
    both = (Window(time(9), time(12)), Window(time(12), time(17)))
    assert next_edge(both, PARIS, at("2026-11-20T10:00", PARIS)) == at("2026-11-20T17:00", PARIS)


def test_without_windows_or_weekdays_nothing_is_inside_and_nothing_changes() -> None:
    for none in ((), (Window(time(9), time(17), frozenset()),)):
        assert not inside(none, PARIS, at("2026-11-20T10:00", PARIS))
        assert next_edge(none, PARIS, at("2026-11-20T10:00", PARIS)) is None


def test_a_window_in_the_gap_does_not_open_and_one_around_it_is_shorter() -> None:
    tz = "America/Chicago"
    day = at("2026-03-08T00:00", tz)
    asleep = (Window(time(2, 10), time(2, 50)),)
    assert not any(inside(asleep, tz, day + n * MINUTE) for n in range(23 * 60))
    assert next_edge(asleep, tz, day) == at("2026-03-09T02:10", tz)
    around = (Window(time(1, 30), time(3, 30)),)
    assert sum(inside(around, tz, day + n * MINUTE) for n in range(23 * 60)) == 60


def test_a_window_in_the_repeated_hour_opens_once() -> None:
    tz = "America/Chicago"
    night = at("2026-11-01T00:00", tz)
    window = (Window(time(1, 15), time(1, 45)),)
    held = [n for n in range(25 * 60) if inside(window, tz, night + n * MINUTE)]
    assert held == list(range(75, 105))


def test_the_day_that_Apia_skipped_has_no_window_and_its_night_begins_where_it_ends() -> None:
    tz = "Pacific/Apia"
    friday = Window(time(9), time(17), frozenset({4}))
    assert next_edge((friday,), tz, at("2011-12-29T12:00", tz)) == at("2012-01-06T09:00", tz)
    assert inside((Window(time(22), time(6), frozenset({4})),), tz, at("2011-12-31T05:00", tz))


@given(places, st.lists(windows, min_size=1, max_size=3).map(tuple))
def test_inside_is_from_the_moment_of_a_start_to_the_moment_of_its_end(
    place: tuple[str, datetime], some: tuple[Window, ...]
) -> None:
    tz, now = place
    today = reached(now, tz).date()
    spans = []
    for window in some:
        for day in (today + n * DAY for n in range(-3, 3)):
            end = day if window.end > window.start else day + DAY
            if day.weekday() in window.weekdays:
                start, stop = datetime.combine(day, window.start), datetime.combine(end, window.end)
                spans.append((moment(start, tz), moment(stop, tz)))
    assert inside(some, tz, now) == any(start <= now < end for start, end in spans)


@given(places, st.lists(windows, max_size=3).map(tuple))
def test_nothing_changes_before_the_next_edge_and_it_does_there(
    place: tuple[str, datetime], some: tuple[Window, ...]
) -> None:
    tz, now = place
    was, edge = inside(some, tz, now), next_edge(some, tz, now)
    until = edge or now + 9 * DAY
    assert until > now
    steps = [now + (until - now) * n / 200 for n in range(200)] + [until - timedelta.resolution]
    assert all(inside(some, tz, step) == was for step in steps)
    assert edge is None or inside(some, tz, edge) != was


# --- time intervals --------------------------------------------------------------------------------------------------

LAST_DAY = TimeInterval("close", PARIS, (Window(time(22), time(6)),), days=frozenset({-1}))
LEAP = TimeInterval("leap", PARIS, (Window(time(0), time(0)),), frozenset({2}), frozenset({29}))


def test_an_interval_counts_days_from_either_end_of_the_month_by_the_day_on_which_it_began() -> None:
    assert interval_holds(LAST_DAY, at("2026-11-30T23:00", PARIS))
    assert interval_holds(LAST_DAY, at("2026-12-01T05:00", PARIS))
    assert not interval_holds(LAST_DAY, at("2026-11-29T23:00", PARIS))
    assert interval_edge(LAST_DAY, at("2026-12-01T06:00", PARIS)) == at("2026-12-31T22:00", PARIS)


def test_B96_an_interval_on_a_leap_day_is_found_within_the_horizon_and_not_beyond() -> None:
    assert interval_holds(LEAP, at("2028-02-29T12:00", PARIS))
    assert interval_edge(LEAP, at("2027-12-01T12:00", PARIS)) == at("2028-02-29T00:00", PARIS)
    assert interval_edge(LEAP, at("2028-02-29T12:00", PARIS)) == at("2028-03-01T00:00", PARIS)
    assert interval_edge(LEAP, at("2026-03-01T12:00", PARIS)) is None


def test_an_interval_of_a_month_ends_with_it() -> None:
    december = TimeInterval("sales", PARIS, (Window(time(0), time(0)),), frozenset({12}))
    assert interval_edge(december, at("2026-11-22T12:00", PARIS)) == at("2026-12-01T00:00", PARIS)
    assert interval_edge(december, at("2026-12-22T12:00", PARIS)) == at("2027-01-01T00:00", PARIS)


@pytest.mark.parametrize("end", [FIRST, FIRST + DAY, LAST - DAY, LAST])
def test_the_ends_of_the_calendar_are_no_crash(end: datetime) -> None:
    for interval in (LAST_DAY, LEAP):
        interval_holds(interval, end)
        interval_edge(interval, end)
    inside((WORK, NIGHT, WHOLE), PARIS, end)
    next_edge((WORK, NIGHT, WHOLE), PARIS, end)
