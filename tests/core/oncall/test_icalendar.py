"""iCalendar out and in: what is written is read again, and what a stranger wrote is read or refused in a sentence."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.duty import Shift
from monitor.core.oncall import read_calendar, shifts, write_calendar
from monitor.core.oncall.importing import CALENDAR_BYTES_MAX, UNKNOWN_MAX
from probes.base import Reason, Unreadable
from tests.core.oncall.calendars import HEAD, calendar, on_call
from tests.core.oncall.given import DAY, NAMES, at, rotation, schedule, shift, spans

PARIS = "Europe/Paris"
START, END = at("2026-11-01T00:00"), at("2027-02-01T00:00")
NOW = at("2026-11-22T08:00")
WEEK = on_call("First Person", "20261116T090000", "20261123T090000")
HOURS = "RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24)))
FIRSTS = shift("first", "2026-11-16T09:00", "2026-11-23T09:00", "import")


def read(data: bytes, timezone: str = PARIS) -> tuple[Shift, ...]:
    return read_calendar(data, NAMES, START, END, timezone).shifts


def refused(data: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    return caught.value


# --- out -------------------------------------------------------------------------------------------------------------


def test_each_shift_is_an_event_in_UTC_that_names_its_person() -> None:
    own = schedule(rotation("first", "second"))
    text = write_calendar(own, shifts(own, (), (), at("2026-11-16T08:00"), at("2026-11-30T08:00")), NAMES, NOW)
    found = icalendar.Calendar.from_ical(text.encode())
    assert isinstance(found, icalendar.Calendar)
    assert str(found["X-WR-CALNAME"]) == "On call: Duty"
    events = found.walk("VEVENT")
    assert [str(e["SUMMARY"]) for e in events] == ["First Person", "Second Person"]
    assert events[0]["DTSTART"].to_ical() == b"20261116T080000Z"
    assert events[0]["DTEND"].to_ical() == b"20261123T080000Z"
    assert {e["DTSTAMP"].to_ical() for e in events} == {b"20261122T080000Z"}
    assert all("\r\n" in line and len(line.encode()) <= 77 for line in text.splitlines(keepends=True))


def test_an_event_keeps_its_uid_and_two_never_share_one() -> None:
    own = schedule(rotation("first", "second"))

    def uids(since: str) -> list[str]:
        some = shifts(own, (), (), at(since), at("2026-12-31T08:00"))
        text = write_calendar(own, some, NAMES, NOW)
        return [str(e["UID"]) for e in icalendar.Calendar.from_ical(text.encode()).walk("VEVENT")]

    early, late = uids("2026-11-16T08:00"), uids("2026-11-30T08:00")
    assert late == early[2:]
    assert len(set(early)) == len(early)


def test_a_name_cannot_write_lines_of_its_own() -> None:
    names = {"first": "First\r\nATTENDEE:mailto:evil@example.com\r\nX:\x00\x1b[31m; a, b \\ c"}
    text = write_calendar(schedule(), [FIRSTS], names, NOW)
    found = icalendar.Calendar.from_ical(text.encode()).walk("VEVENT")[0]
    assert "ATTENDEE" not in found
    assert str(found["SUMMARY"]) == "First  ATTENDEE:mailto:evil@example.com  X:  [31m; a, b \\ c"


def test_somebody_without_a_name_is_called_by_their_id() -> None:
    assert "SUMMARY:first" in write_calendar(schedule(), [FIRSTS], {}, NOW)


def test_a_calendar_without_shifts_is_one() -> None:
    assert icalendar.Calendar.from_ical(write_calendar(schedule(), (), NAMES, NOW).encode()).walk("VEVENT") == []


@settings(max_examples=40)
@given(st.lists(spans(NOW), min_size=1, max_size=5, unique_by=lambda s: (s.person, s.start)))
def test_what_is_written_is_read_again(some: list[Shift]) -> None:
    text = write_calendar(schedule(), some, NAMES, NOW)
    found = read(text.encode())
    assert {(s.person, s.start, s.end) for s in found} == {(s.person, s.start, s.end) for s in some}
    assert {s.layer for s in found} == {"import"}


# --- in: when --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        (WEEK, "2026-11-16T09:00", "2026-11-23T09:00"),
        (on_call("first", "20261116T080000Z", "20261123T080000Z", ""), "2026-11-16T09:00", "2026-11-23T09:00"),
        (on_call("first", "20261116T090000", "20261123T090000", ""), "2026-11-16T09:00", "2026-11-23T09:00"),
        (
            on_call("first", "20261116T090000", "20261123T090000", "Romance Standard Time"),
            "2026-11-16T09:00",
            "2026-11-23T09:00",
        ),
        (
            "SUMMARY:first|DTSTART;VALUE=DATE:20261116|DTEND;VALUE=DATE:20261123",
            "2026-11-16T00:00",
            "2026-11-23T00:00",
        ),
        ("SUMMARY:first|DTSTART;VALUE=DATE:20261116", "2026-11-16T00:00", "2026-11-17T00:00"),
        (
            "SUMMARY:first|DTSTART;VALUE=DATE:20261116|DTEND;VALUE=DATE:20261116",  # wrong, and seen
            "2026-11-16T00:00",
            "2026-11-17T00:00",
        ),
        (
            "SUMMARY:first|DTSTART;TZID=Europe/Paris:20261116T090000|DURATION:P1D",
            "2026-11-16T09:00",
            "2026-11-17T09:00",
        ),
        (
            on_call("first", "20261116T000000", "20261117T000000", "America/New_York"),
            "2026-11-16T06:00",
            "2026-11-17T06:00",
        ),
    ],
    ids=["zone", "utc", "floating", "windows-name", "days", "one-day", "same-day", "duration", "elsewhere"],
)
def test_an_event_is_a_shift_whichever_way_its_time_is_written(text: str, start: str, end: str) -> None:
    assert read(calendar(text)) == (shift("first", start, end, "import"),)


def test_times_without_a_zone_are_of_the_calendars_own_zone_if_it_says_one() -> None:
    head = "X-WR-TIMEZONE:America/New_York\r\n"
    floating = on_call("first", "20261116T090000", "20261117T090000", "")
    days = "SUMMARY:second|DTSTART;VALUE=DATE:20261116|DTEND;VALUE=DATE:20261117"
    assert read(calendar(floating, days, head=head)) == (
        shift("second", "2026-11-16T00:00", "2026-11-17T00:00", "import", "America/New_York"),
        shift("first", "2026-11-16T09:00", "2026-11-17T09:00", "import", "America/New_York"),
    )


def test_a_calendars_own_zone_may_have_microsofts_name_a_blank_behind_it_or_be_said_twice() -> None:
    floating = on_call("first", "20261116T090000", "20261117T090000", "")
    for own in ("W. Europe Standard Time", "Europe/Paris ", "Europe/Paris\r\nX-WR-TIMEZONE:Europe/Paris"):
        found = read(calendar(floating, head=f"X-WR-TIMEZONE:{own}\r\n"), "Asia/Tokyo")
        assert found == (shift("first", "2026-11-16T09:00", "2026-11-17T09:00", "import"),)


@pytest.mark.parametrize("head", ["", "X-WR-TIMEZONE:Europe/Paris\r\n"], ids=["of-the-schedule", "of-the-calendar"])
@pytest.mark.parametrize(
    ("more", "days"),
    [
        ("RRULE:FREQ=DAILY;UNTIL=20261118T080000Z", [16, 17, 18]),
        ("RRULE:FREQ=DAILY;COUNT=3|EXDATE:20261117T080000Z", [16, 18]),
    ],
    ids=["until", "except"],
)
def test_times_without_a_zone_may_stand_beside_others_in_UTC(head: str, more: str, days: list[int]) -> None:
    text = on_call("first", "20261116T090000", "20261117T090000", "", more=more)
    found = read(calendar(text, head=head), PARIS)
    assert [s.start for s in found] == [at(f"2026-11-{day}T09:00", PARIS) for day in days]


def test_turns_in_UTC_follow_each_other_without_a_gap_whatever_zone_the_calendar_is_shown_in() -> None:
    weekly = on_call("first", "20261018T070000Z", "20261025T070000Z", "", more="RRULE:FREQ=WEEKLY;COUNT=5")
    found = read(calendar(weekly, head="X-WR-TIMEZONE:Europe/Paris\r\n"))  # the first goes over a change of the clocks
    assert [s.start for s in found] == [datetime(2026, 10, 25, 7, tzinfo=UTC) + n * 7 * DAY for n in range(4)]
    assert all(earlier.end == later.start for earlier, later in pairwise(found))


def test_a_zone_that_the_calendar_itself_describes_is_taken() -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    found = read(calendar(on_call("first", "20261116T090000", "20261117T090000", "Ours"), head=zone))
    assert found[0].start == datetime(2026, 11, 16, 6, tzinfo=UTC)


def test_a_weekly_event_without_an_end_comes_as_often_as_the_window_is_long() -> None:
    text = on_call("first", "20200106T090000", "20200113T090000", more="RRULE:FREQ=WEEKLY;INTERVAL=2")
    found = read(calendar(text))
    assert len(found) == 7
    assert all(s.end - s.start == 7 * DAY for s in found)
    assert all(s.end > START and s.start < END for s in found)


def test_exceptions_and_moved_ones_are_followed_and_cancelled_ones_passed_over() -> None:
    series = on_call(
        "first",
        "20261116T090000",
        "20261117T090000",
        more="RRULE:FREQ=DAILY;COUNT=5|EXDATE;TZID=Europe/Paris:20261117T090000",
    )
    moved = (
        "BEGIN:VEVENT\r\nUID:0@example.com\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:second\r\n"
        "RECURRENCE-ID;TZID=Europe/Paris:20261118T090000\r\nDTSTART;TZID=Europe/Paris:20261118T120000\r\n"
        "DTEND;TZID=Europe/Paris:20261118T130000\r\nEND:VEVENT\r\n"
    )
    gone = on_call("third", "20261118T090000", "20261119T090000", more="STATUS:CANCELLED")
    data = calendar(series, gone).replace(b"END:VCALENDAR", moved.encode() + b"END:VCALENDAR")
    assert [(s.person, s.start) for s in read(data)] == [
        ("first", at("2026-11-16T09:00", PARIS)),
        ("second", at("2026-11-18T12:00", PARIS)),
        ("first", at("2026-11-19T09:00", PARIS)),
        ("first", at("2026-11-20T09:00", PARIS)),
    ]


def test_events_that_share_a_uid_are_all_read_but_older_versions_of_one_are_not() -> None:
    days = ("20261116T090000", "20261117T090000", "20261118T090000")
    once = [on_call(who, *day) for who, day in zip(("first", "second"), pairwise(days), strict=True)]
    weekly = [f"{text}|RRULE:FREQ=WEEKLY;COUNT=2" for text in once]
    for uid in (b"UID:same@example.com", b"UID:"):
        for texts, persons in ((once, ["first", "second"]), (weekly, ["first", "second"] * 2)):
            data = calendar(*texts).replace(b"UID:0@example.com", uid).replace(b"UID:1@example.com", uid)
            assert [s.person for s in read(data)] == persons
    versions = calendar(once[0] + "|SEQUENCE:1", on_call("third", *days[:2], more="SEQUENCE:2"))
    assert [s.person for s in read(versions.replace(b"UID:1@", b"UID:0@"))] == ["third"]


def test_where_the_clocks_change_a_daily_event_follows_the_wall() -> None:
    text = on_call("first", "20261020T023000", "20261021T023000", more="RRULE:FREQ=DAILY;COUNT=200")
    found = read_calendar(calendar(text), NAMES, at("2026-10-24T12:00"), at("2027-04-01T00:00"), PARIS).shifts
    assert all(earlier.end == later.start for earlier, later in pairwise(found))
    lengths = {(s.end - s.start) / timedelta(hours=1) for s in found}
    assert lengths == {23.5, 24, 25}
    assert at("2027-03-28T03:00", PARIS) in {s.start for s in found}  # 02:30 does not exist


def test_what_is_outside_the_window_or_takes_no_time_is_left_out() -> None:
    before = on_call("first", "20261001T090000", "20261008T090000")
    just_before = on_call("first", "20261031T120000Z", "20261101T000000Z", "")
    just_after = on_call("first", "20270201T000000Z", "20270201T120000Z", "")
    after = on_call("first", "20270301T090000", "20270308T090000")
    empty = on_call("first", "20261118T090000", "20261118T090000")
    over = on_call("second", "20261030T090000", "20261102T090000")
    assert read(calendar(before, just_before, after, just_after, empty, over)) == (
        shift("second", "2026-10-30T09:00", "2026-11-02T09:00", "import"),
    )


def test_several_calendars_in_one_answer_are_all_read() -> None:
    other = calendar(on_call("second", "20261118T090000", "20261119T090000"))
    assert [s.person for s in read(calendar(WEEK) + other)] == ["first", "second"]


# --- in: who ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("summary", "people"),
    [
        ("First Person", ["first"]),
        ("FIRST  PERSON", ["first"]),
        ("first", ["first"]),
        ("On Call - First Person - Marketing", ["first"]),
        ("On call: second", ["second"]),
        ("Second Person takes the first week", ["second"]),
        ("First Person\\, Third Person", ["first", "third"]),
        ("\uff26irst Person", ["first"]),  # a wide letter
        ("[L1] first", ["first"]),
    ],
)
def test_an_event_is_of_those_whom_its_title_names_by_name_or_else_by_id(summary: str, people: list[str]) -> None:
    found = read(calendar(on_call(summary, "20261116T090000", "20261123T090000")))
    assert sorted(s.person for s in found) == people


def test_of_two_names_of_which_one_begins_like_the_other_the_longer_is_meant() -> None:
    people = {"ann": "Ann", "ann-lee": "Ann Lee"}
    for summary, person in (("Ann Lee on call", "ann-lee"), ("Ann on call", "ann"), ("ann-lee", "ann-lee")):
        data = calendar(on_call(summary, "20261116T090000", "20261123T090000"))
        assert [s.person for s in read_calendar(data, people, START, END).shifts] == [person]


def test_a_part_of_a_word_is_nobody_and_attendees_are_asked_when_the_title_names_nobody() -> None:
    text = on_call("Firstly", "20261116T090000", "20261123T090000")
    assert refused(calendar(text)).reason is Reason.FILTER
    attended = text + "|ATTENDEE;CN=Second Person:mailto:x@example.com|ATTENDEE;CN=Nobody:mailto:y@example.com"
    assert [s.person for s in read(calendar(attended))] == ["second"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("|SEQUENCE:often", "SEQUENCE: Expected int, got: often"),
        ("|SEQUENCE:1|SEQUENCE:2", "an event has SEQUENCE more than once"),
        ("|UID:one|UID:two", "an event has UID more than once"),
    ],
)
def test_what_tells_versions_of_an_event_apart_must_be_readable(lines: str, said: str) -> None:
    text = on_call("First", "20261116T090000", "20261123T090000")
    assert said in str(refused(calendar(text + lines)))


def test_events_that_name_nobody_are_listed_beside_those_that_do() -> None:
    strange = [on_call(f"Guest {n}\\nline", "20261116T090000", "20261123T090000") for n in range(30)]
    found = read_calendar(calendar(WEEK, *strange), NAMES, START, END, PARIS)
    assert found.shifts == (FIRSTS,)
    assert found.unknown[:2] == ("Guest 0 line", "Guest 1 line")
    assert len(found.unknown) == UNKNOWN_MAX


def test_a_calendar_that_names_nobody_says_what_its_events_are_called() -> None:
    text = on_call("Guest\x07\u202e of honour " + "x" * 500, "20261116T090000", "20261123T090000")
    fault = refused(calendar(text, on_call("", "20261116T090000", "20261123T090000")))
    assert str(fault).startswith(
        "no event of the calendar names a person of the configuration; the events are called 'Guest of honour xxx"
    )
    assert "'(no title)'" in str(fault)
    assert str(refused(calendar())) == "the calendar has no event from 01 Nov 2026 to 01 Feb 2027"


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says", "reason"),
    [
        (b"", "not an iCalendar file", Reason.FORMAT),
        (b"<!doctype html><title>Sign in</title>", "not an iCalendar file", Reason.FORMAT),
        (b"/etc/passwd", "not an iCalendar file", Reason.FORMAT),
        (b"BEGIN:VCALENDAR", "cut off", Reason.FORMAT),
        (calendar(WEEK)[:-20], "cut off", Reason.FORMAT),
        (b"x BEGIN:VCALENDAR", "cannot be read", Reason.FORMAT),
        (b"BEGIN:VCALENDAR\r\n\xff\xfe", "not written in UTF-8", Reason.FORMAT),
        (calendar("SUMMARY:first"), "cannot be read", Reason.FORMAT),
        (calendar("SUMMARY:first|DTSTART:someday"), "cannot be read", Reason.FORMAT),
        (calendar(WEEK) + b"x" * CALENDAR_BYTES_MAX, "larger than 2 MB", Reason.LIMIT),
        (calendar(on_call("first", "20261116T090000", "20261117T090000", "Mars/Base")), "'Mars/Base'", Reason.WORD),
        (
            calendar(on_call("first", "20261116T090000", "20261117T090000", "../../etc/passwd")),
            "zone that is not known",
            Reason.WORD,
        ),
        (calendar(WEEK, head="X-WR-TIMEZONE:Mars/Base\r\n"), "'Mars/Base'", Reason.WORD),
        (calendar(WEEK, head="X-WR-TIMEZONE:../../etc/passwd\r\n"), "'../../etc/passwd'", Reason.WORD),
        (calendar(WEEK + "|RRULE:FREQ=SECONDLY"), "finer than a day", Reason.LIMIT),
        (calendar(WEEK + "|RRULE:FREQ=MINUTELY;COUNT=3"), "finer than a day", Reason.LIMIT),
        (calendar(WEEK + "|RRULE:FREQ=DAILY;INTERVAL=0"), "INTERVAL=0", Reason.LIMIT),
        (calendar(WEEK + "|RRULE:FREQ=WEEKLY|RRULE:FREQ=SECONDLY"), "finer than a day", Reason.LIMIT),
        (
            calendar(WEEK + "|RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6;BYMINUTE=1,2,3,4,5"),
            "30 times a day",
            Reason.LIMIT,
        ),
        (calendar(WEEK + "|RRULE:FREQ=SOMETIMES"), "RRULE: Expected frequency, got: SOMETIMES", Reason.FORMAT),
        (
            calendar(*[on_call("first", "20261101T000000", "20261101T010000", more=HOURS)] * 3),
            "more than 5000 events from 01 Nov 2026 to 01 Feb 2027",
            Reason.LIMIT,
        ),
    ],
    ids=[
        "empty",
        "html",
        "path",
        "only-a-head",
        "cut-off",
        "not-at-the-start",
        "not-utf8",
        "no-start",
        "no-date",
        "2-MB",
        "B95-zone",
        "B95-zone-path",
        "B95-own-zone",
        "B95-own-zone-path",
        "every-second",
        "every-minute",
        "interval-0",
        "second-rule",
        "30-a-day",
        "no-frequency",
        "more-than-5000",
    ],
)
def test_what_cannot_be_read_is_refused_by_name(data: bytes, says: str, reason: Reason) -> None:
    fault = refused(data)
    assert says in str(fault)
    assert fault.reason is reason


@settings(max_examples=150)
@given(st.data())
def test_a_calendar_with_any_line_broken_is_read_or_unreadable_and_nothing_else(data: st.DataObject) -> None:
    lines = calendar(WEEK + "|RRULE:FREQ=WEEKLY;COUNT=3", WEEK, head="X-WR-TIMEZONE:Europe/Paris\r\n").split(b"\r\n")
    for _ in range(data.draw(st.integers(1, 3))):
        n = data.draw(st.integers(0, len(lines) - 1))
        line = lines[n]
        cut = data.draw(st.integers(0, len(line)))
        other = data.draw(st.binary(max_size=6) | st.sampled_from([b"", *lines]))
        lines[n] = data.draw(st.sampled_from([line[:cut], line[:cut] + other + line[cut:], other]))
    try:
        found = read_calendar(b"\r\n".join(lines), NAMES, START, END, PARIS)
    except Unreadable as fault:
        assert str(fault)  # noqa: PT017 - either is fine, this one with a sentence
    else:
        assert found.shifts


def test_a_byte_order_mark_and_blank_lines_before_it_do_no_harm() -> None:
    assert read(b"\xef\xbb\xbf\r\n\r\n" + calendar(WEEK)) == (FIRSTS,)
    assert HEAD.startswith("BEGIN:VCALENDAR")


def test_a_line_may_be_folded_inside_a_letter() -> None:
    data = calendar(on_call("Zoë", "20261116T090000", "20261123T090000"))
    inside = data.index("ë".encode()) + 1
    for fold in (b"\r\n ", b"\n\t"):
        found = read_calendar(data[:inside] + fold + data[inside:], {"first": "Zoë"}, START, END, PARIS)
        assert found.shifts == (FIRSTS,)


def test_nobody_pays_for_the_libraries_before_a_calendar_is_asked_for() -> None:
    code = (
        "import sys, monitor.core.oncall, monitor.workers.calendars; "
        "print([m for m in ('icalendar', 'recurring_ical_events', 'dateutil') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert said.stdout.strip() == "[]"
