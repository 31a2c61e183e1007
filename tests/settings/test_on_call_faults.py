"""What makes a file of on-call unusable: each fault at its place, in words that help."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.core.duty import Launch, Maintenance, Matcher, MatchOp, Silence, Unit
from monitor.core.oncall import handoff, on_call
from tests.settings.files import faults, loaded
from tests.settings.on_call import LINES, ROUTES, TEAM, fault_of, rules_of, settings_of, warnings_of

SAME_IDS = "people, teams, destinations and schedules share one set of ids"


def rotation(keys: str) -> str:
    """A schedule whose rotation, with these keys, is line 3."""
    return f"schedules:\n  s:\n    rotation: {{{keys}}}\n"


def policy(keys: str) -> str:
    """A policy in line 2, its keys in line 3."""
    return f"escalation:\n  p:\n    {keys}\n" + ROUTES.replace("}", ", escalation: p}")


FAULTS = [
    # --- one set of ids
    pytest.param(
        "teams:\n  first: {members: [second]}\n",
        (2, "teams.first", f"is the id of a person too, in line {LINES - 2}", SAME_IDS),
        id="a team with a person's id",
    ),
    pytest.param(
        "schedules: {s: {rotation: {people: [first]}}}\ndestinations:\n  s: {contacts: ['json://127.0.0.1/s']}\n",
        (3, "destinations.s", f"is the id of a schedule too, in line {LINES + 1}", SAME_IDS),
        id="a place with a schedule's id",
    ),
    # --- people
    pytest.param(
        "destinations:\n  room:\n    contacts:\n    - {address: 'json://127.0.0.1/x', after: 1m}\n",
        (
            4,
            "destinations.room.contacts.1.after",
            "the first contact is used at once",
            "remove `after`, or change the order",
        ),
        id="a first contact that waits",
    ),
    pytest.param(
        "destinations:\n  room:\n    contacts:\n    - 'json://127.0.0.1/x'\n"
        "    - {address: 'json://127.0.0.1/y', after: 5m}\n    - {address: 'json://127.0.0.1/z', after: 1m}\n",
        (
            6,
            "destinations.room.contacts.3.after",
            "is sooner than that of a contact before it",
            "put the contacts into the order of their use",
        ),
        id="contacts out of order",
    ),
    pytest.param(
        "destinations:\n  room: {contacts: ['syslog://']}\n",
        (2, "destinations.room.contacts.1", "has a scheme that Vigie does not send by", ""),
        id="a receiver that does not parse",
    ),
    pytest.param(
        "destinations: {room: {quiet_hours: {on: [sat]}}}\n",
        (1, "destinations.room.quiet_hours", "unknown key", ""),
        id="a place that sleeps",
    ),
    pytest.param(
        "teams:\n  all:\n    members: [first, nobody]\n",
        (3, "teams.all.members.2", "there is no person with this id", "known: first, mute, second"),
        id="an unknown member",
    ),
    pytest.param(
        "teams:\n  all: {members: [first]}\n  both: {members: [second, all]}\n",
        (3, "teams.both.members.2", "is a team; a team holds people only", ""),
        id="a team in a team",
    ),
    pytest.param(
        "teams: {all: {members: []}}\n",
        (1, "teams.all.members", "must have at least 1 item after validation, not 0", ""),
        id="an empty team",
    ),
    # --- schedules
    pytest.param(
        rotation("people: []"),
        (3, "schedules.s.rotation.people", "must have at least 1 item after validation, not 0", ""),
        id="B94 empty rotation",
    ),
    pytest.param(
        rotation("people: [first, thrid, second], every: 1 week, start: 2026-11-02T09:00"),
        (3, "schedules.s.rotation.people.2", "there is no person with this id", "known: first, mute, second"),
        id="B94 an unknown person in a rotation",
    ),
    pytest.param(
        "teams: {all: {members: [first]}}\n" + rotation("people: [all]"),
        (4, "schedules.s.rotation.people.1", "is a team; a rotation holds people only", ""),
        id="a team in a rotation",
    ),
    pytest.param(
        rotation("people: [first, second]"),
        (
            3,
            "schedules.s.rotation",
            "needs `every` and `start`, because several people take turns",
            'such as every: "1 week" and start: 2026-11-02T09:00',
        ),
        id="turns without length",
    ),
    pytest.param(
        "schedules:\n  s: {name: Primary}\n",
        (2, "schedules.s", "has nobody in it", "give it a `rotation`, `rules` or `ical`"),
        id="B94 a schedule of nobody",
    ),
    pytest.param(
        "schedules:\n  s: {rotation: {people: [first]}, ical: 'https://cal.example/x.ics'}\n",
        (2, "schedules.s", "has `rotation` and `ical`; one of them must go", ""),
        id="a rotation beside an import",
    ),
    pytest.param(
        "schedules: {s: {ical: 'webcal://cal.example/x.ics'}}\n",
        (1, "schedules.s.ical", "is not an http or https address", "write https:// in place of webcal://"),
        id="webcal",
    ),
    pytest.param(
        "schedules: {s: {rules: [{on: [sat, sum], people: [first]}]}}\n",
        (
            1,
            "schedules.s.rules.1.on.2",
            "is not a weekday",
            "write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri",
        ),
        id="a day that is none",
    ),
    pytest.param(
        "schedules: {s: {rules: [{from: '22:00', people: [first]}]}}\n",
        (1, "schedules.s.rules.1", "`from` and `to` come together", "without both it is the whole day"),
        id="from without to",
    ),
    pytest.param(
        "schedules: {s: {rotation: {people: [first]}, notice: '25:00'}}\n",
        (1, "schedules.s.notice", "is not a time of day", 'from "00:00" to "23:59"'),
        id="an hour that is none",
    ),
    pytest.param(
        rotation("people: [first], start: 2027-02-29T09:00"),
        (3, "schedules.s.rotation.start", "is a day or time that does not exist", "look at the calendar"),
        id="B96 Feb 29 of a year that has none",
    ),
    pytest.param(
        rotation("people: [first], start: 2026-11-02T09:00Z"),
        (
            3,
            "schedules.s.rotation.start",
            "is a local time and takes no Z or offset",
            "the zone stands under `timezone`",
        ),
        id="a start with an offset",
    ),
    pytest.param(
        rotation("people: [first], start: 2026-W53-1T09:00"),
        (3, "schedules.s.rotation.start", "is not a day and time", "write it as 2026-11-02T09:00"),
        id="B96 a day of a week's number",
    ),
    # --- escalation
    pytest.param(
        policy("steps: [{targets: [secnd]}]"),
        (3, "escalation.p.steps.1.targets.1", "there is no receiver with this id", "did you mean 'second'?"),
        id="B94 an unknown target",
    ),
    pytest.param(
        policy("steps: [{targets: [first]}, {targets: [p], after: 1m}]"),
        (3, "escalation.p.steps.2.targets.1", "the policy calls itself", "set `repeat` to do all of it again"),
        id="B94 a policy that calls itself",
    ),
    pytest.param(
        policy("{steps: [{targets: [q]}]}\n  q: {steps: [{targets: [first]}]}").replace(
            "p}", "p, routes: [{escalation: q}]}"
        ),
        (
            3,
            "escalation.p.steps.1.targets.1",
            "is an escalation policy, and no receiver",
            "a receiver is a person, a schedule, a team or a destination",
        ),
        id="B94 cyclic escalation",
    ),
    pytest.param(
        policy("steps: [{targets: [first]}, {targets: [mute]}]"),
        (
            3,
            "escalation.p.steps.2",
            "calls nobody: no one behind its targets has contacts",
            "give them `contacts`, or name somebody else",
        ),
        id="a step that calls nobody",
    ),
    pytest.param(
        "schedules: {s: {rotation: {people: [mute]}}}\nteams: {t: {members: [mute]}}\n"
        + policy("steps: [{targets: [s, t]}]"),
        (
            5,
            "escalation.p.steps.1",
            "calls nobody: no one behind its targets has contacts",
            "give them `contacts`, or name somebody else",
        ),
        id="a step whose schedule and team have no contacts",
    ),
    pytest.param(
        policy("{steps: [{targets: [second]}], repeat: 4}"),
        (3, "escalation.p.repeat", "must be less than or equal to 3", ""),
        id="repeats without end",
    ),
    pytest.param(
        policy("steps: []"),
        (3, "escalation.p.steps", "must have at least 1 item after validation, not 0", ""),
        id="a policy without steps",
    ),
    pytest.param(
        policy("{steps: [{targets: [second]}], fallback: mute}"),
        (
            3,
            "escalation.p.fallback",
            "reaches nobody: it has no contacts",
            "a fall-back must be somebody who can be told",
        ),
        id="a policy whose fall-back has no contacts",
    ),
    pytest.param(
        policy("steps: [{targets: [second]}]").replace("fallback: second, ", ""),
        (
            2,
            "escalation.p",
            "has no fall-back, and `routes` has none",
            "add `fallback: RECEIVER` here or under `routes`",
        ),
        id="no fall-back",
    ),
    pytest.param(
        "escalation:\n  none: {steps: [{targets: [second]}], fallback: first}\n",
        (2, "escalation.none", "'none' stands for no policy at all", "choose another id"),
        id="a policy called none",
    ),
    # --- dependencies
    pytest.param(
        "dependencies: {meta: [facebook, instagrm]}\n",
        (1, "dependencies.meta.2", "is neither a channel nor a platform of this file", "did you mean 'instagram'?"),
        id="an unknown child",
    ),
    pytest.param(
        "dependencies:\n  cloudflare: '*'\n",
        (
            2,
            "dependencies.cloudflare",
            "is neither a channel nor a platform of this file",
            "known: facebook, instagram, meta, reddit",
        ),
        id="an unknown node",
    ),
    pytest.param(
        "dependencies: {facebook: [instagram], instagram: [reddit], reddit: [facebook]}\n",
        (
            1,
            "dependencies.facebook",
            "rests on itself in a circle: facebook -> instagram -> reddit -> facebook",
            "",
        ),
        id="a circle",
    ),
    pytest.param(
        "dependencies:\n  reddit: '*'\n  facebook: [reddit]\n",
        (
            2,
            "dependencies.reddit",
            "rests on itself in a circle: reddit -> facebook -> reddit",
            "in place of `*`, name the channels that fail with it",
        ),
        id="a circle through all",
    ),
    pytest.param(
        "dependencies: {reddit: [reddit]}\n",
        (1, "dependencies.reddit.1", "rests on itself", "remove it"),
        id="on itself",
    ),
    pytest.param(
        "dependencies: {reddit: []}\n",
        (1, "dependencies.reddit", "nothing rests on it", "name channels, or remove it"),
        id="nothing rests on it",
    ),
    pytest.param(
        "dependencies: {reddit: [facebook, '*']}\n",
        (1, "dependencies.reddit", "`*` stands for all others; what is beside it says nothing", ""),
        id="all and one",
    ),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_each_fault_is_at_its_place_with_a_hint(tmp_path: Path, text: str, fault: tuple[int, str, str, str]) -> None:
    found = fault_of(tmp_path, text)
    assert found[:3] == fault[:3]
    assert found[3].startswith(fault[3])


def test_the_faults_of_on_call_come_together_also_where_parts_are_broken(tmp_path: Path) -> None:
    text = """\
teams: {all: {members: [nobody]}, half: {membrs: [first]}}
destinations: {room: {contacts: ["syslog://x"]}, hall: {name: ""}}
schedules: {a: {rotation: {people: [nobody]}}, b: {rotation: []}}
escalation: {p: {steps: [{targets: [half, b, hall]}]}, q: {steps: []}}
routes: {receiver: nobody, group_wait: soon}
dependencies: {meta: [nobody]}
silences: [{matchers: [tags=launch], author: A, comment: C, start: 2026-11-03T09:00, end: 2026-11-02T09:00}, {}]
maintenance: {m: {matchers: [tags=launch], start: 2026-11-03T09:00, duration: 1h, rrule: FREQ=NEVER}, n: {}}
launches: [{name: L, channels: [nobody], start: 2026-11-02T09:00, end: 2026-11-03T09:00}, {name: M}]
"""
    found = {(fault.line - LINES, fault.key) for fault in faults(tmp_path, TEAM + text)}
    assert found == {
        (1, "teams.all.members.1"),
        (1, "teams.half.membrs"),
        (1, "teams.half.members"),
        (2, "destinations.room.contacts.1"),
        (2, "destinations.hall.name"),
        (3, "schedules.a.rotation.people.1"),
        (3, "schedules.b.rotation"),
        (4, "escalation.q.steps"),
        (5, "routes.group_wait"),
        (6, "dependencies.meta.1"),
        (7, "silences.1.end"),
        *((7, f"silences.2.{key}") for key in ("matchers", "author", "comment", "start", "end")),
        (8, "maintenance.m.rrule"),
        *((8, f"maintenance.n.{key}") for key in ("matchers", "start", "duration")),
        (9, "launches.1.channels.1"),
        *((9, f"launches.2.{key}") for key in ("channels", "start", "end")),
    }


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
