"""Local times and moments, where the clocks change and where they do not."""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.oncall import moment, next_at, reached
from monitor.core.oncall.walls import FIRST, LAST
from tests.core.oncall.given import DAY, ZONES, at, changes_of_the_clocks, places, times

W = datetime.fromisoformat


@pytest.mark.parametrize(
    ("tz", "local", "utc"),
    [
        ("Europe/Paris", "2026-07-01T12:00", "2026-07-01T10:00"),
        ("Asia/Kathmandu", "2026-11-22T09:00", "2026-11-22T03:15"),
        ("Europe/Dublin", "2026-03-29T01:30", "2026-03-29T01:00"),
        ("Europe/Dublin", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("America/Chicago", "2020-11-01T01:30", "2020-11-01T06:30"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00"),
        ("Antarctica/Troll", "2026-03-29T01:30", "2026-03-29T01:00"),
        ("Antarctica/Troll", "2026-03-29T02:59:59", "2026-03-29T01:00"),
        ("Asia/Gaza", "2026-03-28T02:30", "2026-03-28T00:00"),
        ("Australia/Lord_Howe", "2020-10-04T02:15", "2020-10-03T15:30"),
        ("Australia/Lord_Howe", "2021-04-04T01:45", "2021-04-03T14:45"),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T10:00"),
        ("Africa/Casablanca", "2026-02-15T02:30", "2026-02-15T01:30"),
    ],
)
def test_a_local_time_is_its_first_occurrence_or_the_first_instant_after_the_gap(tz: str, local: str, utc: str) -> None:
    assert moment(W(local), tz) == W(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("tz", "gap", "after"),
    [
        ("Europe/Dublin", "2026-03-29T01:30", "2026-03-29T02:00"),
        ("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T01:00"),
        ("Antarctica/Troll", "2026-03-29T01:30", "2026-03-29T03:00"),
        ("Asia/Gaza", "2026-03-28T02:30", "2026-03-28T03:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-31T00:00"),
    ],
)
def test_the_wall_shows_the_end_of_the_gap_then(tz: str, gap: str, after: str) -> None:
    assert moment(W(gap), tz).astimezone(zoneinfo.ZoneInfo(tz)).replace(tzinfo=None) == W(after)
    assert reached(moment(W(gap), tz), tz) == W(after)


def test_a_time_written_as_the_second_occurrence_is_still_the_first() -> None:
    assert moment(W("2020-11-01T01:30").replace(fold=1), "America/Chicago") == W("2020-11-01T06:30+00:00")


def test_in_the_repeated_hour_no_new_time_is_reached() -> None:
    tz = "America/Chicago"
    assert reached(W("2020-11-01T06:30+00:00"), tz) == W("2020-11-01T01:30")
    assert reached(W("2020-11-01T07:00+00:00"), tz) == W("2020-11-01T01:59:59.999999")
    assert reached(W("2020-11-01T07:59+00:00"), tz) == W("2020-11-01T01:59:59.999999")
    assert reached(W("2020-11-01T08:00+00:00"), tz) == W("2020-11-01T02:00")


@given(changes_of_the_clocks(), st.integers(-30 * 3600, 30 * 3600))
def test_a_moment_is_the_first_at_which_the_wall_shows_that_time_or_a_later_one(
    place: tuple[str, datetime], away_s: int
) -> None:
    tz, near = place
    zone = zoneinfo.ZoneInfo(tz)
    local = near.astimezone(zone).replace(tzinfo=None, fold=0, microsecond=0) + timedelta(seconds=away_s)
    found = moment(local, tz)
    assert found.astimezone(zone).replace(tzinfo=None) >= local
    before = [found - timedelta(seconds=1)] + [found - n * timedelta(minutes=10) for n in range(1, 300)]
    assert all(b.astimezone(zone).replace(tzinfo=None) < local for b in before)


@given(places, st.integers(-3 * 86400, 3 * 86400))
def test_a_local_time_has_come_exactly_when_it_is_reached(place: tuple[str, datetime], away_s: int) -> None:
    tz, now = place
    local = now.replace(tzinfo=None) + timedelta(seconds=away_s)
    assert (moment(local, tz) <= now) == (local <= reached(now, tz))


@pytest.mark.parametrize("tz", ["UTC", "Asia/Kathmandu", "America/Chicago", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_the_calendar_are_no_crash(tz: str) -> None:
    for local in (datetime.min, datetime.max, W("0001-01-01T13:00"), W("9999-12-31T13:00")):  # noqa: DTZ901
        assert FIRST <= moment(local, tz) <= LAST
    for end in (FIRST, FIRST + DAY, LAST - DAY, LAST):
        assert isinstance(reached(end, tz), datetime)
        assert next_at(time(9), tz, end) <= LAST
    assert next_at(time(9), tz, LAST) == LAST


# --- a time of day ---------------------------------------------------------------------------------------------------


def test_the_next_time_of_day_is_strictly_later() -> None:
    tz = "Europe/Paris"
    assert next_at(time(9), tz, at("2026-11-22T08:59", tz)) == at("2026-11-22T09:00", tz)
    assert next_at(time(9), tz, at("2026-11-22T09:00", tz)) == at("2026-11-23T09:00", tz)


@pytest.mark.parametrize(
    ("tz", "time_of_day", "start", "days"),
    [
        ("America/Chicago", "02:30", "2026-03-06T12:00", 5),
        ("America/Chicago", "01:30", "2026-10-30T12:00", 5),
        ("Europe/Dublin", "01:30", "2026-03-27T12:00", 5),
        ("America/Sao_Paulo", "00:00", "2018-11-01T12:00", 6),
        ("America/Sao_Paulo", "23:30", "2018-02-14T12:00", 6),
        ("Antarctica/Troll", "01:30", "2026-03-27T12:00", 5),
    ],
)
def test_GA10_a_reminder_at_a_time_of_day_comes_once_each_day(tz: str, time_of_day: str, start: str, days: int) -> None:
    now = at(start, tz)
    came: list[date] = []
    while len(came) < days:
        now = next_at(time.fromisoformat(time_of_day), tz, now)
        came.append(now.astimezone(zoneinfo.ZoneInfo(tz)).date())
    assert came == [came[0] + n * DAY for n in range(days)]


def test_GA10_the_day_that_Apia_skipped_has_no_reminder_and_the_next_has_one() -> None:
    first = next_at(time(9), "Pacific/Apia", at("2011-12-28T12:00", "Pacific/Apia"))
    second = next_at(time(9), "Pacific/Apia", first)
    assert first == at("2011-12-29T09:00", "Pacific/Apia")
    assert second == at("2011-12-31T09:00", "Pacific/Apia")
    assert second - first == DAY


@given(places, times)
def test_GA10_in_every_zone_a_time_of_day_comes_once_for_each_day_that_there_is(
    place: tuple[str, datetime], time_of_day: time
) -> None:
    tz, now = place
    local = reached(now, tz)
    end = now + 8 * DAY
    days = [local.date() + n * DAY for n in range(-2, 12)]
    real = [day for day in days if _lasts(day, tz)]
    due = [moment(datetime.combine(day, time_of_day), tz) for day in real]
    came = []
    while (now := next_at(time_of_day, tz, now)) <= end:
        came.append(now)
    assert came == [d for d in due if place[1] < d <= end]


def _lasts(day: date, tz: str) -> bool:
    return moment(datetime.combine(day, time()), tz) < moment(datetime.combine(day + DAY, time()), tz)


def test_every_zone_of_the_data_base_is_looked_at() -> None:
    assert len(ZONES) > 400
