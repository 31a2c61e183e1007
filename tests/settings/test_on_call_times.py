"""Times of on-call: zones, clocks that change, silences, work of our own, launches, dead-man's switches."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.core.duty import Launch, Maintenance, Matcher, MatchOp, Silence, Unit
from monitor.core.oncall import handoff, on_call
from tests.settings.files import faults, loaded
from tests.settings.on_call import ROUTES, fault_of, rotation, rules_of, settings_of, warnings_of

# --- zones and the clocks that change --------------------------------------------------------------------------------

ZONED = {
    "people.a.timezone": "people: {{a: {{name: A, timezone: '{}'}}}}",
    "destinations.a.timezone": "destinations: {{a: {{timezone: '{}'}}}}",
    "schedules.a.timezone": "schedules: {{a: {{ical: 'https://cal.example/x', timezone: '{}'}}}}",
    "time_intervals.a.timezone": "time_intervals: {{a: {{timezone: '{}'}}}}",
    "maintenance.a.timezone": "maintenance: {{a: {{matchers: [channel=x], start: 2026-11-02T09:00, duration: 1h, "
    "timezone: '{}'}}}}",
}


@pytest.mark.parametrize("key", ZONED)
@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("../../etc/passwd", "such as Europe/Paris"),
        ("/etc/localtime", "such as Europe/Paris"),
        ("Mars/Base", "such as Europe/Paris"),
        ("europe/paris", "did you mean 'Europe/Paris'?"),
        ("Europe/Pari", "did you mean 'Europe/Paris'?"),
    ],
)
def test_B95_a_zone_that_does_not_exist_is_a_fault_wherever_one_stands(
    tmp_path: Path, key: str, zone: str, hint: str
) -> None:
    found = faults(tmp_path, ZONED[key].format(zone))
    assert [(fault.key, fault.what) for fault in found] == [(key, "is not a time zone of the IANA database")]
    if hint.startswith("did"):
        assert found[0].hint == hint


CHANGES = [
    pytest.param(
        "Europe/Paris",
        "2026-03-29T02:30",
        "the clocks of Europe/Paris pass over this time; the turn begins at 2026-03-29 03:00",
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        id="gap",
    ),
    pytest.param(
        "Europe/Paris",
        "2026-10-25T02:30",
        "the clocks of Europe/Paris show this time twice; the first counts",
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        id="fold",
    ),
    pytest.param(
        "Australia/Lord_Howe",
        "2026-10-04T02:15",
        "the clocks of Australia/Lord_Howe pass over this time; the turn begins at 2026-10-04 02:30",
        datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
        id="a gap of half an hour",
    ),
    pytest.param(
        "Pacific/Apia",
        "2011-12-30T09:00",
        "the clocks of Pacific/Apia pass over this time; the turn begins at 2011-12-31 00:00",
        datetime(2011, 12, 30, 10, tzinfo=UTC),
        id="a day that does not exist",
    ),
]


@pytest.mark.parametrize(("zone", "start", "warning", "begins"), CHANGES)
def test_B96_a_schedule_may_start_in_a_gap_or_a_fold_and_is_told_what_that_means(
    tmp_path: Path, zone: str, start: str, warning: str, begins: datetime
) -> None:
    turns = f"people: [first, second], every: 1 day, start: {start}"
    settings = settings_of(tmp_path, ROUTES + rotation(turns) + f"    timezone: {zone}\n")
    assert settings.warnings == (f"schedules.s.rotation.start: {warning}",)
    schedule = settings.rules_for_mind().schedules["s"]
    assert schedule.rotation is not None
    assert handoff(schedule.rotation, zone, 0) == begins
    assert on_call(schedule, (), (), begins) == ("first",)
    assert on_call(schedule, (), (), begins - timedelta(seconds=1)) == ("second",)


def test_B96_the_same_holds_for_the_rules_of_a_schedule(tmp_path: Path) -> None:
    rule = "{people: [first, second], every: 1 day, start: 2026-03-29T02:30}"
    said = (
        "schedules.s.rules.1.start: the clocks of Europe/Paris pass over this time; the turn begins at 2026-03-29 03:00"
    )
    assert warnings_of(tmp_path, f"{ROUTES}schedules: {{s: {{rules: [{rule}]}}}}\n") == (said,)


def test_B96_a_monthly_turn_from_Feb_29_begins_on_the_29th_or_the_last_day(tmp_path: Path) -> None:
    turns = "people: [first, second], every: 12 months, start: 2028-02-29T09:00"
    settings = settings_of(tmp_path, ROUTES + rotation(turns))
    assert settings.warnings == ()
    monthly = settings.rules_for_mind().schedules["s"].rotation
    assert monthly is not None
    paris = ZoneInfo("Europe/Paris")
    begins = [handoff(monthly, "Europe/Paris", k).astimezone(paris) for k in range(-1, 5)]
    assert [f"{b:%Y-%m-%d %H:%M}" for b in begins] == [
        "2027-02-28 09:00",
        "2028-02-29 09:00",
        "2029-02-28 09:00",
        "2030-02-28 09:00",
        "2031-02-28 09:00",
        "2032-02-29 09:00",
    ]


def test_B96_week_53_is_a_week_like_any_other(tmp_path: Path) -> None:
    turns = "people: [first, second], every: 1 week, start: 2026-12-28T00:00"
    assert datetime(2026, 12, 28, tzinfo=UTC).isocalendar().week == 53
    settings = settings_of(tmp_path, ROUTES + rotation(turns))
    assert settings.warnings == ()
    schedule = settings.rules_for_mind().schedules["s"]
    assert schedule.rotation is not None
    assert schedule.rotation.unit is Unit.WEEK
    noons = [datetime(2026, 12, 23, 12, tzinfo=UTC) + timedelta(weeks=n) for n in range(4)]
    assert [on_call(schedule, (), (), noon) for noon in noons] == [("second",), ("first",), ("second",), ("first",)]


# --- silences, work of our own, launches -----------------------------------------------------------------------------


def silence(keys: str = "", matchers: str = "channel=reddit") -> str:
    """A silence; `keys` come after what every one has, which stands in line 3."""
    text = f"{ROUTES}silences:\n  - {{matchers: ['{matchers}'], author: A, comment: C, start: 2026-11-02T09:00"
    return f"{text}, {keys or 'end: 2026-11-03T09:00'}}}\n"


def test_a_silence_is_in_the_teams_zone_or_in_its_own(tmp_path: Path) -> None:
    found = rules_of(tmp_path, silence("end: 2026-11-03T09:00-05:00, until: recovered")).silences
    assert found == (
        Silence(
            id="file/1",
            matchers=(Matcher("channel", MatchOp.EQUAL, "reddit"),),
            author="A",
            comment="C",
            start=datetime(2026, 11, 2, 8, tzinfo=UTC),
            end=datetime(2026, 11, 3, 14, tzinfo=UTC),
            until_recovered=True,
        ),
    )


def test_a_silence_lasts_thirty_days_at_most(tmp_path: Path) -> None:
    assert len(rules_of(tmp_path, silence("end: 2026-12-02T09:00")).silences) == 1
    line, key, what, hint = fault_of(tmp_path, silence("end: 2026-12-02T09:01"))
    assert (line, key, what) == (3, "silences.1.end", "is more than 30 days after its start")
    assert "maintenance" in hint


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ("end: 2026-11-02T08:59", "is before its start"),
        ("end: 2026-11-02T09:00", "is not after its start"),
        ("end: 2026-11-02T09:30+02:00", "is before its start"),
    ],
)
def test_a_silence_that_ends_before_it_starts_is_a_fault(tmp_path: Path, keys: str, what: str) -> None:
    assert fault_of(tmp_path, silence(keys))[:3] == (3, "silences.1.end", what)


@pytest.mark.parametrize("matcher", ['channel=~".*"', 'channel=""', 'severity!="info"', 'market=~"|fr"'])
def test_a_silence_asks_for_something(tmp_path: Path, matcher: str) -> None:
    assert fault_of(tmp_path, silence(matchers=matcher))[:3] == (3, "silences.1.matchers", "would hold back everything")


def test_a_silence_without_matchers_is_a_fault(tmp_path: Path) -> None:
    text = silence().replace("['channel=reddit']", "[]")
    assert fault_of(tmp_path, text)[:2] == (3, "silences.1.matchers")


def work(keys: str) -> str:
    """Work of our own, in line 3."""
    text = f"{ROUTES}maintenance:\n  backup: {{matchers: [channel=reddit], start: 2026-11-01T02:00"
    return f"{text}, {keys}}}\n"


def test_work_of_our_own_recurs_in_a_zone(tmp_path: Path) -> None:
    keys = "duration: 2h, rrule: FREQ=WEEKLY;BYDAY=SU, timezone: Asia/Tokyo, comment: Backup"
    found = rules_of(tmp_path, work(keys)).maintenance
    assert found == (
        Maintenance(
            id="backup",
            matchers=(Matcher("channel", MatchOp.EQUAL, "reddit"),),
            start=datetime(2026, 11, 1, 2),  # noqa: DTZ001 - local
            duration=timedelta(hours=2),
            timezone="Asia/Tokyo",
            rrule="FREQ=WEEKLY;BYDAY=SU",
            comment="Backup",
        ),
    )


@pytest.mark.parametrize(
    ("rrule", "hint"),
    [
        ("FREQ=SECONDLY", "FREQ=DAILY"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX is not a value"),
        ("FREQ=WEEKLY;COUNT=2;UNTIL=20261231", "both COUNT and UNTIL"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "names no day"),
        ("FREQ=DAILY;UNTIL=20200101", "ends before"),
        ("weekly", "FREQ=WEEKLY;BYDAY=SU"),
        ("FREQ=WEEKLY;SWORDFISH=1", "one reads like FREQ=WEEKLY;BYDAY=SU"),
    ],
)
def test_a_recurrence_that_cannot_be_followed_is_a_fault_that_repeats_no_secret(
    tmp_path: Path, rrule: str, hint: str
) -> None:
    line, key, what, said = fault_of(tmp_path, work(f"duration: 1h, rrule: {rrule}"))
    assert (line, key, what) == (3, "maintenance.backup.rrule", "is not a recurrence that can be followed")
    assert hint in said
    assert "SWORDFISH" not in said


@pytest.mark.parametrize("duration", ["0s", "31d"])
def test_work_lasts_some_time_and_thirty_days_at_most(tmp_path: Path, duration: str) -> None:
    assert fault_of(tmp_path, work(f"duration: {duration}"))[:2] == (3, "maintenance.backup.duration")


def test_work_that_matches_everything_is_a_fault(tmp_path: Path) -> None:
    text = work("duration: 1h").replace("channel=reddit", "severity!=info")
    assert fault_of(tmp_path, text)[:3] == (3, "maintenance.backup.matchers", "would hold back everything")


def launch(channels: str = "[reddit]", end: str = "2026-12-03T00:00") -> str:
    """A launch, in line 3."""
    start = "2026-12-01T06:00"
    return f"{ROUTES}launches:\n  - {{name: Sale, channels: {channels}, start: {start}, end: {end}}}\n"


def test_a_launch_has_channels_and_a_time(tmp_path: Path) -> None:
    start, end = datetime(2026, 12, 1, 5, tzinfo=UTC), datetime(2026, 12, 2, 23, tzinfo=UTC)
    assert rules_of(tmp_path, launch()).launches == (Launch("file/1", "Sale", ("reddit",), start, end),)


def test_a_launch_that_ends_before_it_starts_or_of_an_unknown_channel_is_a_fault(tmp_path: Path) -> None:
    found = fault_of(tmp_path, launch(end="2026-11-30T00:00"))
    assert found[:3] == (3, "launches.1.end", "is before its start")
    found = fault_of(tmp_path, launch(channels="[reddit, facbook]"))
    assert found == (3, "launches.1.channels.2", "no channel with this id is watched", "did you mean 'facebook'?")


# --- dead-man's switches and rules -----------------------------------------------------------------------------------


def test_the_watchdog_is_expected_only_when_it_is_said(tmp_path: Path) -> None:
    assert rules_of(tmp_path, "").watchdog is None
    assert rules_of(tmp_path, "watchdog: {}\n").watchdog == timedelta(minutes=5)
    assert rules_of(tmp_path, "watchdog: {within: 90s}\n").watchdog == timedelta(seconds=90)


def test_the_heartbeat_is_an_address_and_a_pace(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "heartbeat: {url: '${BEAT}'}", {"BEAT": "https://beat.example/0123456789ab"})
    assert settings.heartbeat is not None
    assert settings.heartbeat.url.get_secret_value() == "https://beat.example/0123456789ab"
    assert settings.heartbeat.every == timedelta(minutes=1)
    assert loaded(tmp_path, "team: {}").heartbeat is None


@pytest.mark.parametrize("url", ["ftp://beat.example/x", "beat.example/x", "https://u:p@beat.example/x", "https://"])
def test_a_heartbeat_that_is_no_web_address_is_a_fault(tmp_path: Path, url: str) -> None:
    assert fault_of(tmp_path, f"heartbeat: {{url: '{url}'}}\n")[:2] == (1, "heartbeat.url")


def test_the_rules_of_on_call_reach_the_mind(tmp_path: Path) -> None:
    text = "rules: {fold_within: 1s, method_after: 2s, ack_critical: 3s, ack_warning: 4s, absent_after: 5s}\n"
    rules = rules_of(tmp_path, text)
    found = (rules.fold_within, rules.method_after, rules.ack_critical, rules.ack_warning, rules.absent_after)
    assert [span.total_seconds() for span in found] == [1, 2, 3, 4, 5]


def test_a_channel_has_a_market_and_tags(tmp_path: Path) -> None:
    channel = rules_of(tmp_path, "").channels["reddit"]
    assert (channel.market, channel.tags) == ("fr", ("launch",))
    assert rules_of(tmp_path, "dependencies: {meta: [facebook], reddit: '*'}\n").depends == {
        "meta": ("facebook",),
        "reddit": ("*",),
    }


@pytest.mark.parametrize(
    ("keys", "warned"),
    [
        ("duration: 2d, rrule: FREQ=DAILY", True),
        ("duration: 1d, rrule: FREQ=DAILY", True),
        ("duration: 23h, rrule: FREQ=DAILY", False),
        ("duration: 2d, rrule: FREQ=DAILY;COUNT=5", False),
        ("duration: 2d, rrule: 'FREQ=WEEKLY;BYDAY=MO,TU'", False),
        ("duration: 7d, rrule: FREQ=WEEKLY", True),
        ("duration: 2d", False),
    ],
)
def test_work_that_never_pauses_is_a_warning(tmp_path: Path, keys: str, warned: bool) -> None:  # noqa: FBT001 - of the table
    said = "maintenance.backup: it lasts until it comes again, so what it touches is never told"
    assert (said in warnings_of(tmp_path, work(keys))) is warned
