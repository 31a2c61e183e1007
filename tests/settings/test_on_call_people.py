"""People, teams, places, schedules and policies as the mind gets them."""

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from monitor.core.duty import (
    EVERY_DAY,
    DutyRule,
    Method,
    Policy,
    PolicyStep,
    Recipient,
    Rotation,
    Schedule,
    Team,
    Unit,
    Window,
)
from tests.settings.files import loaded
from tests.settings.on_call import ROUTES, fault_of, rules_of, settings_of, warnings_of

NIGHT = Window(time(22), time(7))


def person(folder: Path, *keys: str) -> Recipient:
    """A person with these keys."""
    text = "team: {timezone: Europe/Paris, language: fr}\npeople:\n  a:\n    name: A\n    "
    return loaded(folder, text + "\n    ".join(keys)).rules_for_mind().recipients["a"]


def test_a_person_has_contacts_in_order_each_alone_or_with_the_time_after_which_it_is_used_too(tmp_path: Path) -> None:
    contacts = "['json://127.0.0.1/x', {address: 'json://127.0.0.1/y', after: 2m}, {address: 'json://127.0.0.1/z'}]"
    settings = loaded(tmp_path, f"people: {{a: {{name: A, contacts: {contacts}}}}}")
    rules = settings.rules_for_mind()
    assert rules.recipients["a"].methods == (Method("a/1"), Method("a/2", timedelta(minutes=2)), Method("a/3"))
    assert [settings.contacts[name].get_secret_value()[-1] for name in rules.destinations] == ["x", "y", "z"]


def test_what_a_person_does_not_say_is_as_the_team_has_it(tmp_path: Path) -> None:
    assert person(tmp_path) == Recipient("a", "A", language="fr", timezone="Europe/Paris", digest=time(9))


def test_a_person_may_live_elsewhere_and_read_another_language(tmp_path: Path) -> None:
    found = person(tmp_path, "timezone: Asia/Kathmandu", "language: en", "digest: '07:30'")
    assert (found.timezone, found.language, found.digest) == ("Asia/Kathmandu", "en", time(7, 30))


@pytest.mark.parametrize(
    ("written", "windows"),
    [
        ("{from: '22:00', to: '07:00'}", (NIGHT,)),
        ("{from: 22:00, to: 7:00}", (NIGHT,)),
        ("[{from: '22:00', to: '07:00'}]", (NIGHT,)),
        ("{from: '20:00', to: '24:00'}", (Window(time(20), time(0)),)),
        ("{on: [sat, Sunday]}", (Window(time(0), time(0), frozenset({5, 6})),)),
        ("{on: [mon-fri], from: '18:00', to: '08:00'}", (Window(time(18), time(8), frozenset(range(5))),)),
        ("{on: [fri-mon]}", (Window(time(0), time(0), frozenset({4, 5, 6, 0})),)),
        ("[{from: '22:00', to: '07:00'}, {on: [sun]}]", (NIGHT, Window(time(0), time(0), frozenset({6})))),
        ("", ()),
    ],
)
def test_quiet_hours_are_one_stretch_or_several(tmp_path: Path, written: str, windows: tuple[Window, ...]) -> None:
    assert person(tmp_path, f"quiet_hours: {written}").quiet == windows


def test_quiet_hours_without_days_are_every_day() -> None:
    assert NIGHT.weekdays == EVERY_DAY


def test_a_place_is_a_recipient_and_no_person(tmp_path: Path) -> None:
    text = "destinations: {room: {contacts: ['json://127.0.0.1/room'], language: fr, digest: '08:00'}}\n"
    settings = settings_of(tmp_path, text)
    found = settings.rules_for_mind().recipients["room"]
    assert (found.name, found.person, found.methods) == ("room", False, (Method("room/1"),))
    assert (found.language, found.timezone, found.digest) == ("fr", "Europe/Paris", time(8))
    assert settings.contacts["room/1"].get_secret_value() == "json://127.0.0.1/room"
    assert [d.id for d in settings.destinations] == ["first/1", "second/1", "room/1"]
    assert set(settings.places) == {"room"}


def test_a_team_is_people_under_one_name(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, "teams: {all: {name: Marketing, members: [first, second]}}\n")
    assert rules.teams == {"all": Team("all", "Marketing", ("first", "second"))}


# --- schedules -------------------------------------------------------------------------------------------------------


def test_a_schedule_has_a_rotation_in_its_zone_and_rules_above_it(tmp_path: Path) -> None:
    text = """\
schedules:
  primary:
    name: Primary
    timezone: America/Chicago
    rotation: {people: [first, second], every: 1 week, start: 2026-11-02T09:00}
    rules:
      - {on: [sat, sun], people: [second]}
      - {from: "18:00", to: "08:00", people: [second, first], every: 12 hours, start: "2026-11-02 18:00"}
    notice: "08:00"
    announce: false
"""
    assert rules_of(tmp_path, text).schedules["primary"] == Schedule(
        id="primary",
        name="Primary",
        timezone="America/Chicago",
        rotation=Rotation(("first", "second"), Unit.WEEK, 1, datetime(2026, 11, 2, 9)),  # noqa: DTZ001 - local
        rules=(
            DutyRule(
                Window(time(0), time(0), frozenset({5, 6})),
                Rotation(("second",), Unit.WEEK, 1, datetime(2024, 1, 1)),  # noqa: DTZ001 - local
            ),
            DutyRule(
                Window(time(18), time(8)),
                Rotation(("second", "first"), Unit.HOUR, 12, datetime(2026, 11, 2, 18)),  # noqa: DTZ001 - local
            ),
        ),
        announce=False,
        notice=time(8),
    )


def test_a_schedules_zone_is_the_teams_unless_it_says_another(tmp_path: Path) -> None:
    schedule = rules_of(tmp_path, "schedules: {a: {rotation: {people: [first]}}}\n").schedules["a"]
    assert (schedule.name, schedule.timezone, schedule.announce, schedule.notice) == ("a", "Europe/Paris", True, None)


@pytest.mark.parametrize(
    ("written", "length", "unit"),
    [
        ("1 week", 1, Unit.WEEK),
        ("2 weeks", 2, Unit.WEEK),
        ("week", 1, Unit.WEEK),
        ("12 hours", 12, Unit.HOUR),
        ("12h", 12, Unit.HOUR),
        ("1d", 1, Unit.DAY),
        ("2w", 2, Unit.WEEK),
        ("3 days", 3, Unit.DAY),
        ("2 months", 2, Unit.MONTH),
    ],
)
def test_the_length_of_a_turn_is_a_count_and_a_unit(tmp_path: Path, written: str, length: int, unit: Unit) -> None:
    text = f"schedules: {{a: {{rotation: {{people: [first, second], every: {written}, start: 2026-11-02T09:00}}}}}}\n"
    rotation = rules_of(tmp_path, text).schedules["a"].rotation
    assert rotation is not None
    assert (rotation.length, rotation.unit) == (length, unit)


@pytest.mark.parametrize(
    "written", ["1m", "90 minutes", "0 weeks", "1.5 days", "fortnight", "13 months", "-1 week", "1"]
)
def test_no_turn_is_shorter_than_an_hour_or_without_a_unit(tmp_path: Path, written: str) -> None:
    text = f"schedules:\n  a: {{rotation: {{people: [first], every: {written}, start: 2026-11-02T09:00}}}}\n"
    assert fault_of(tmp_path, text)[:2] == (2, "schedules.a.rotation.every")


def test_an_imported_schedule_has_its_address_apart_from_the_mind(tmp_path: Path) -> None:
    text = "schedules: {a: {ical: 'https://cal.example/private-0a1b2c3d/x.ics', ical_every: 1h}}\n"
    settings = settings_of(tmp_path, text)
    schedule = settings.rules_for_mind().schedules["a"]
    assert (schedule.imported, schedule.rotation) == (True, None)
    assert settings.calendars["a"].url.get_secret_value() == "https://cal.example/private-0a1b2c3d/x.ics"
    assert settings.calendars["a"].every == timedelta(hours=1)
    assert "private-0a1b2c3d" not in repr(settings.rules_for_mind())


# --- escalation ------------------------------------------------------------------------------------------------------


def test_a_policy_has_steps_repeats_and_a_fall_back(tmp_path: Path) -> None:
    policy = (
        "on-call: {steps: [{targets: [second]}, {targets: [first, second], after: 10m}], repeat: 3, fallback: first}"
    )
    rules = rules_of(tmp_path, f"escalation: {{{policy}}}\nroutes: {{receiver: first, escalation: on-call}}\n")
    five, ten = timedelta(minutes=5), timedelta(minutes=10)
    steps = (PolicyStep(("second",), five), PolicyStep(("first", "second"), ten))
    assert rules.policies == {"on-call": Policy("on-call", steps, 3, "first")}


def test_a_policy_without_a_fall_back_takes_that_of_the_routes(tmp_path: Path) -> None:
    text = f"escalation: {{p: {{steps: [{{targets: [second]}}]}}}}\n{ROUTES}"
    rules = rules_of(tmp_path, text.replace("fallback: second", "fallback: second, escalation: p"))
    assert (rules.policies["p"].fallback, rules.fallback) == ("", "second")


# --- doubts ----------------------------------------------------------------------------------------------------------

DOUBTS = [
    pytest.param(
        f"{ROUTES}escalation: {{p: {{steps: [{{targets: [second]}}]}}}}\n",
        "escalation.p: no route has this policy",
        id="a policy that no route has",
    ),
    pytest.param(
        f"{ROUTES}time_intervals: {{a: {{windows: [{{on: [sat]}}]}}}}\n",
        "time_intervals.a: no route has this interval",
        id="an interval that no route has",
    ),
    pytest.param(
        "routes: {receiver: mute}\n",
        "nobody will be told of trouble: Mute has no contacts",
        id="a receiver without contacts",
    ),
    pytest.param(
        "teams: {t: {name: All, members: [mute]}}\nroutes: {receiver: t}\n",
        "nobody will be told of trouble: nobody in All has contacts",
        id="a team of which nobody has contacts",
    ),
    pytest.param(
        "routes: {receiver: first, routes: [{matchers: [channel=reddit], receiver: mute}]}\n",
        "routes.routes.1: nobody will be told of trouble: Mute has no contacts",
        id="a branch's receiver without contacts",
    ),
    pytest.param(
        f"{ROUTES}schedules:\n  s: {{rotation: {{people: [first, mute], every: 1 week, start: 2026-11-02T09:00}}}}\n",
        "schedules.s.rotation.people.2: nobody hears while Mute is on call: no contacts",
        id="someone in a rotation without contacts",
    ),
    pytest.param(
        f"{ROUTES}escalation: {{p: {{steps: [{{targets: [second, mute]}}]}}}}\n".replace(
            "}\n", ", escalation: p}\n", 1
        ),
        "escalation.p.steps.1.targets.2: nobody can be reached behind Mute: no contacts",
        id="one of several targets without contacts",
    ),
    pytest.param(
        f"{ROUTES}schedules: {{s: {{rules: [{{on: [mon-fri], people: [first]}}]}}}}\n",
        "schedules.s: nobody is on call outside its rules, because it has no rotation",
        id="a schedule with gaps",
    ),
    pytest.param(
        f"{ROUTES}silences: [{{matchers: [channel=x], author: A, comment: C, start: 2026-11-02T09:00, "
        "end: 2026-11-03T09:00}]\n",
        "silences.1.matchers: hold for nothing that is watched",
        id="a silence of nothing",
    ),
]


@pytest.mark.parametrize(("text", "warning"), DOUBTS)
def test_what_works_and_is_probably_not_meant_so_is_said(tmp_path: Path, text: str, warning: str) -> None:
    assert warnings_of(tmp_path, text) == (warning,)


def test_a_digest_inside_the_quiet_hours_of_every_day_is_said(tmp_path: Path) -> None:
    text = "people: {a: {name: A, contacts: ['json://127.0.0.1/x'], quiet_hours: {from: '22:00', to: '10:00'}}}\n"
    text += "routes: {receiver: a}\nchannels: {reddit: {}}\n"
    said = "people.a.digest: the digest comes within the quiet hours of every day"
    assert loaded(tmp_path, text).warnings == (said,)
    assert loaded(tmp_path, text.replace("10:00", "09:00")).warnings == ()
    assert loaded(tmp_path, text.replace("{from:", "{on: [mon-sat], from:")).warnings == ()


def test_rules_that_cover_the_whole_week_leave_no_gap(tmp_path: Path) -> None:
    rules = "[{on: [mon-fri], people: [first]}, {on: [sat, sun], people: [second]}]"
    assert warnings_of(tmp_path, f"{ROUTES}schedules: {{s: {{rules: {rules}}}}}\n") == ()
