"""Work of our own that recurs: RFC 5545 in a zone, cheap for a rule of any age, refused when it has no end of steps."""

import itertools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.duty import Maintenance
from monitor.core.oncall import moment, next_occurrence, occurrence, rrule_fault
from monitor.core.oncall.rrule import COUNT_MAX, parsed, year_of
from monitor.core.oncall.walls import FIRST, LAST
from tests.core.oncall.given import DAY, at, places

W = datetime.fromisoformat
PARIS = "Europe/Paris"
HOUR = timedelta(hours=1)


def work(rule: str = "", start: str = "2026-01-04T02:00", hours: float = 2, tz: str = PARIS) -> Maintenance:
    return Maintenance("m", (), W(start), hours * HOUR, tz, rule)


def starts(one: Maintenance, since: str, count: int) -> list[str]:
    """When it comes next, on the wall."""
    now = at(since, one.timezone)
    found: list[str] = []
    while len(found) < count and (span := next_occurrence(one, now)):
        now = span[0]
        found.append(f"{now.astimezone(ZoneInfo(one.timezone)):%Y-%m-%dT%H:%M}")
    return found


def test_work_that_does_not_recur_is_there_once() -> None:
    once = work()
    span = (at("2026-01-04T02:00", PARIS), at("2026-01-04T04:00", PARIS))
    assert occurrence(once, span[0] - timedelta.resolution) is None
    assert occurrence(once, span[0]) == span
    assert occurrence(once, span[1] - timedelta.resolution) == span
    assert occurrence(once, span[1]) is None
    assert next_occurrence(once, span[0] - timedelta.resolution) == span
    assert next_occurrence(once, span[0]) is None
    assert next_occurrence(once, at("1990-01-01T00:00")) == span


@pytest.mark.parametrize(
    ("rule", "start", "comes"),
    [
        ("FREQ=WEEKLY;BYDAY=SU", "2026-01-04T02:00", ["2026-11-22T02:00", "2026-11-29T02:00"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU", "2026-01-04T02:00", ["2026-11-22T02:00", "2026-12-01T02:00"]),
        ("FREQ=MONTHLY;BYDAY=1SU", "2026-01-04T02:00", ["2026-12-06T02:00", "2027-01-03T02:00"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-04T02:00", ["2026-11-30T02:00", "2026-12-31T02:00"]),
        ("FREQ=MONTHLY", "2026-01-31T02:00", ["2026-12-31T02:00", "2027-01-31T02:00", "2027-03-31T02:00"]),
        ("FREQ=DAILY;INTERVAL=10", "2026-01-04T02:00", ["2026-11-30T02:00", "2026-12-10T02:00"]),
        ("FREQ=DAILY;BYHOUR=2,14", "2026-01-04T02:00", ["2026-11-21T14:00", "2026-11-22T02:00"]),
        ("FREQ=YEARLY", "2024-02-29T02:00", ["2028-02-29T02:00", "2032-02-29T02:00"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2024-02-29T02:00", ["2027-02-28T02:00", "2028-02-29T02:00"]),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=WE", "2020-12-30T02:00", ["2026-12-30T02:00", "2032-12-29T02:00"]),
        ("freq=weekly;byday=su", "2026-01-04T02:00", ["2026-11-22T02:00"]),
    ],
)
def test_B96_a_rule_comes_when_RFC_5545_says_also_on_leap_days_and_in_week_53(
    rule: str, start: str, comes: list[str]
) -> None:
    assert rrule_fault(rule, W(start)) is None
    assert starts(work(rule, start), "2026-11-21T12:00", len(comes)) == comes


@pytest.mark.parametrize(
    ("rule", "comes"),
    [
        ("FREQ=WEEKLY;COUNT=3", ["2026-01-04T02:00", "2026-01-11T02:00", "2026-01-18T02:00"]),
        ("FREQ=WEEKLY;UNTIL=20260111T020000", ["2026-01-04T02:00", "2026-01-11T02:00"]),
        ("FREQ=WEEKLY;UNTIL=20260111T010000Z", ["2026-01-04T02:00", "2026-01-11T02:00"]),
        ("FREQ=WEEKLY;UNTIL=20260111T005959Z", ["2026-01-04T02:00"]),
        ("FREQ=WEEKLY;UNTIL=20260111", ["2026-01-04T02:00", "2026-01-11T02:00"]),
        ("FREQ=YEARLY;COUNT=2", ["2026-01-04T02:00", "2027-01-04T02:00"]),
    ],
)
def test_a_rule_ends_after_its_count_or_at_its_until(rule: str, comes: list[str]) -> None:
    one = work(rule)
    assert starts(one, "2026-01-01T00:00", 9) == comes
    last = at(comes[-1], PARIS)
    assert occurrence(one, last + HOUR) == (last, last + 2 * HOUR)
    assert occurrence(one, last + 365 * DAY) is None
    assert next_occurrence(one, last) is None


def test_the_latest_of_two_that_overlap_holds() -> None:
    one = work("FREQ=DAILY", hours=30)
    assert occurrence(one, at("2026-03-02T03:00", PARIS)) == (
        at("2026-03-02T02:00", PARIS),
        at("2026-03-02T02:00", PARIS) + 30 * HOUR,
    )


def test_work_over_new_year_and_work_of_years_holds() -> None:
    assert occurrence(work("FREQ=YEARLY", "2020-12-31T22:00", 5), at("2026-01-01T02:00", PARIS)) is not None
    long = work("FREQ=YEARLY;INTERVAL=5", "2020-06-01T00:00", 24 * 1_200)
    assert occurrence(long, at("2023-01-01T00:00", PARIS)) is not None
    assert occurrence(long, at("2024-01-01T00:00", PARIS)) is None


def test_an_occurrence_in_a_gap_begins_after_it_and_one_in_the_repeated_hour_the_first_time() -> None:
    nightly = work("FREQ=DAILY", "2026-01-04T02:30")
    assert occurrence(nightly, at("2026-03-29T03:00", PARIS)) == (
        W("2026-03-29T01:00+00:00"),
        W("2026-03-29T03:00+00:00"),
    )
    assert occurrence(nightly, W("2026-10-25T00:30+00:00")) == (
        W("2026-10-25T00:30+00:00"),
        W("2026-10-25T02:30+00:00"),
    )
    assert next_occurrence(nightly, W("2026-10-25T00:30+00:00")) == (
        W("2026-10-26T01:30+00:00"),
        W("2026-10-26T03:30+00:00"),
    )


def test_the_wall_clock_of_the_zone_is_kept_over_the_year() -> None:
    weekly = work("FREQ=WEEKLY;BYDAY=SU")
    assert starts(weekly, "2026-03-22T00:00", 3) == ["2026-03-22T02:00", "2026-03-29T03:00", "2026-04-05T02:00"]


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("FREQ=SECONDLY", "finer than a day"),
        ("FREQ=MINUTELY;INTERVAL=30", "finer than a day"),
        ("FREQ=HOURLY", "FREQ=DAILY with BYHOUR"),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "finer than a day"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;INTERVAL=1001", "INTERVAL=1001"),
        ("FREQ=DAILY;COUNT=1000000000", "COUNT=1000000000"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=" + "9" * 5_000, "5017 characters"),
        ("FREQ=DAILY;COUNT=" + "9" * 300, "COUNT=9"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231", "both COUNT and UNTIL"),
        ("FREQ=DAILY;BYHOUR=0,6,12,18;BYMINUTE=0,10,20,30,40,50,59", "28 times a day"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "names no day"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "names no day"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4,6,9,11", "names no day"),
        ("FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30", "names no day"),
        ("FREQ=WEEKLY;UNTIL=20250101", "ends before"),
        ("FREQ=WEEKLY;UNTIL=20261301", "no time that there is"),
        ("FREQ=WEEKLY;UNTIL=20261201T256060", "no time that there is"),
        ("FREQ=WEEKLY;UNTIL=tomorrow", "is no time"),
        ("FREQ=FORTNIGHTLY", "no FREQ that is known"),
        ("BYDAY=SU", "no FREQ that is known"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=1SU", "BYDAY=1SU"),
        ("FREQ=MONTHLY;BYDAY=0SU", "BYDAY=0SU"),
        ("FREQ=MONTHLY;BYDAY=99SU", "BYDAY=99SU"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO=54"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH=13"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR=-1"),
        ("FREQ=DAILY;BYSECOND=60", "BYSECOND=60"),
        ("FREQ=MONTHLY;BYSETPOS=0", "BYSETPOS=0"),
        ("FREQ=WEEKLY;WKST=1MO", "WKST=1MO"),
        ("FREQ=WEEKLY;FREQ=DAILY", "there twice"),
        ("FREQ=WEEKLY;BYEASTER=0", "'BYEASTER'"),
        ("RRULE:FREQ=WEEKLY", "'RRULE:FREQ'"),
        ("FREQ=WEEKLY\nDTSTART:20200101", "no FREQ"),
        ("FREQ=WEEKLY;", "is no part of a rule"),
        ("FREQ=WEEKLY;BYDAY=", "is no part of a rule"),
        ("every sunday", "is no part of a rule"),
        ("FREQ=WEEKLY;BYDAY=SU,", "BYDAY="),
        ("FREQ=WEEKLY;INTERVAL=٣", "INTERVAL="),
    ],
    ids=lambda value: value[:40],
)
def test_a_rule_that_is_none_or_has_no_end_of_steps_is_refused_in_a_sentence(rule: str, says: str) -> None:
    said = rrule_fault(rule, W("2026-01-04T02:00"))
    assert said is not None
    assert says in said
    assert said.endswith(".")
    assert "\n" not in said


def test_an_empty_rule_and_the_densest_one_are_well() -> None:
    start = W("2026-01-04T02:00")
    assert rrule_fault("", start) is None
    assert rrule_fault("FREQ=DAILY;BYHOUR=" + ",".join(str(h) for h in range(24)), start) is None
    assert rrule_fault(f"FREQ=DAILY;COUNT={COUNT_MAX}", start) is None


def test_a_rule_of_any_age_is_asked_only_of_the_year_in_question() -> None:
    """The walk from the start would be 730,000 days; each question would take seconds."""
    old = work("FREQ=DAILY;BYHOUR=0,6,12,18", "0026-01-04T00:00")
    now = at("2026-11-22T11:00", PARIS)
    for n in range(2_000):
        assert next_occurrence(old, now + n * HOUR) is not None
    counted = work(f"FREQ=DAILY;COUNT={COUNT_MAX}", "2020-01-01T00:00")
    assert next_occurrence(counted, now) is None


@pytest.mark.parametrize("end", [FIRST, FIRST + DAY, LAST - DAY, LAST])
@pytest.mark.parametrize("start", ["0001-01-01T00:00", "2026-01-04T02:00", "9999-12-31T23:00"])
@pytest.mark.parametrize(
    "rule", ["", "FREQ=YEARLY;INTERVAL=1000", "FREQ=WEEKLY;INTERVAL=1000", "FREQ=MONTHLY;BYDAY=-1FR"]
)
def test_the_ends_of_the_calendar_are_no_crash(rule: str, start: str, end: datetime) -> None:
    one = work(rule, start, tz="Asia/Kathmandu", hours=24 * 400)
    assert isinstance(rrule_fault(rule, W(start)), str | None)
    occurrence(one, end)
    next_occurrence(one, end)


# --- against the library itself --------------------------------------------------------------------------------------


def _some(values: list[int], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


@st.composite
def rules(draw: st.DrawFn) -> str:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    if freq in ("MONTHLY", "YEARLY"):
        days += ["1MO", "-1FR", "2TU"]
    parts = [f"FREQ={freq}", f"INTERVAL={draw(st.integers(1, 5))}"]
    by = {
        "BYMONTH": _some(list(range(1, 13)), 6),
        "BYMONTHDAY": _some([1, 2, 15, 28, 29, 30, 31, -1, -2]),
        "BYDAY": st.lists(st.sampled_from(days), min_size=1, max_size=4, unique=True).map(",".join),
        "BYHOUR": _some(list(range(24))),
        "BYMINUTE": _some([0, 15, 30]),
        "WKST": st.sampled_from(["MO", "SU", "WE"]),
    }
    if freq == "YEARLY":
        by |= {"BYYEARDAY": _some([1, 60, 100, 366, -1]), "BYWEEKNO": _some([1, 2, 20, 52, 53, -1])}
    chosen = draw(st.lists(st.sampled_from(sorted(by)), max_size=3, unique=True))
    if "BYWEEKNO" in chosen:
        by["BYDAY"] = st.sampled_from(["MO", "TU,SU"])
    parts += [f"{key}={draw(by[key])}" for key in chosen]
    if freq in ("MONTHLY", "YEARLY") and "BYDAY" in chosen and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from([1, -1, 2]))}")
    return ";".join(parts)


rule_starts = st.datetimes(datetime(1950, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(microsecond=0))  # noqa: DTZ001


@settings(max_examples=60)
@given(rules(), rule_starts, st.integers(0, 90))
def test_a_year_of_a_rule_is_what_the_library_gives_from_its_very_start(rule: str, start: datetime, later: int) -> None:
    year = start.year + later
    if rrule_fault(rule, start) is not None:
        return
    found, following = year_of(parsed(rule), start, year)
    walked = itertools.takewhile(lambda d: d.year <= (following or year), rrulestr(rule, dtstart=start))
    whole = [d for d in walked if d.year >= year]
    assert list(found) == [d for d in whole if d.year == year]
    if following is not None:
        assert {d.year for d in whole} - {year} == {following}


@settings(max_examples=60)
@given(rules(), places, st.integers(1, 40), st.integers(0, 400))
def test_what_holds_and_what_comes_next_are_those_of_the_library_on_the_wall(
    rule: str, place: tuple[str, datetime], hours: int, days: int
) -> None:
    tz, now = place
    start = (now - days * DAY).replace(tzinfo=None, microsecond=0)
    if start.year < 1890 or rrule_fault(rule, start) is not None:
        return
    one = Maintenance("m", (), start, hours * HOUR, tz, rule)
    spans = []
    for local in itertools.takewhile(lambda d: d.year < now.year + 9, rrulestr(rule, dtstart=start)):
        begin = moment(local, tz)
        spans.append((begin, begin + hours * HOUR))
        if begin > now + 3 * DAY:
            break
    held = [span for span in spans if span[0] <= now < span[1]]
    assert occurrence(one, now) == (held[-1] if held else None)
    later = [span for span in spans if span[0] > now]
    if later:
        assert next_occurrence(one, now) == later[0]


@given(st.text(max_size=60) | st.text("FREQ=DAILYWEKNTVUBO;,0123456789+-:\n", max_size=60))
def test_no_text_is_more_than_refused(text: str) -> None:
    said = rrule_fault(text, W("2026-01-04T02:00"))
    if said is None:
        next_occurrence(work(text), at("2026-11-22T12:00"))
    else:
        assert said.endswith(".")


def test_B96_a_leap_day_on_a_Sunday_is_waited_for_but_not_for_more_than_a_generation() -> None:
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU"
    assert starts(work(rule), "2026-11-22T12:00", 2) == ["2032-02-29T02:00", "2060-02-29T02:00"]
    assert rrule_fault(rule, W("2089-01-01T02:00")) == "The rule names no day in the 30 years from its start."  # 2128
