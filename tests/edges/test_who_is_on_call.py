"""Verbs that say who is on call and who would hear, from the configuration alone: no daemon runs, none ever has."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.edges.running import Vigie, sample

PEOPLE = """
  second: {name: Second on call, contacts: ["json://127.0.0.1:1/second"]}
  third: {name: Third on call, contacts: ["json://127.0.0.1:1/third"]}
destinations:
  room: {name: The room, contacts: ["json://127.0.0.1:1/room"]}
schedules:
  desk:
    name: The desk
    rotation: {people: [first, second], every: 1 week, start: 2026-11-02T09:00}
    rules:
      - {on: [sat, sun], people: [third, second], every: 1 week, start: 2026-11-09T00:00}
  backup:
    timezone: America/Chicago
    rotation: {people: [second, third], every: 1 day, start: 2026-11-02T09:00}
escalation:
  ladder: {steps: [{targets: [backup], after: 5m}, {targets: [third], after: 10m}], repeat: 1}
time_intervals:
  nights: {windows: [{from: "22:00", to: "06:00"}]}
silences:
  - {matchers: [channel="newsletter"], author: third, comment: launch, start: 2026-11-02T00:00, end: 2026-11-09T00:00}
"""
ROUTES = """
routes:
  receiver: desk
  escalation: ladder
  fallback: room
  routes:
    - {matchers: ['severity="warning"'], receiver: second, escalation: none, mute: [nights], continue: true}
    - {matchers: ['channel="newsletter"', 'severity!="info"'], receiver: desk}
    - {matchers: ['family=~"policy|brand"'], receiver: third, escalation: none, mute: [nights]}
"""
MONDAY_NOON = "2026-11-23T12:00"  # local, as people type it: the first of a pair has the desk
NIGHT = "2026-11-23T23:00"


@dataclass
class Paper:
    """A configuration that nothing runs with."""

    vigie: Vigie

    def say(self, *words: str) -> Result:
        """Run a verb in this process; its output is a pipe."""
        return self.vigie.say(*words)

    def json(self, *words: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
        """What a verb prints as JSON."""
        result = self.say(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def rows(self, *words: str) -> list[list[str]]:
        """The lines of a table."""
        result = self.say(*words)
        assert result.exit_code in (0, 1), result.output
        return [line.split("\t") for line in result.stdout.splitlines() if "\t" in line]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    folder = tmp_path_factory.mktemp("paper")
    text = sample("http://127.0.0.1:1/page", 1, 1).replace("routes: {receiver: first, group_wait: 0s}", "")
    vigie = Vigie(folder, text.rstrip() + PEOPLE + ROUTES, 1)
    vigie.write(vigie.text)
    assert vigie.say("check-config").exit_code == 0, vigie.say("check-config").output
    return Paper(vigie)


# --- on call ---------------------------------------------------------------------------------------------------------


def test_every_schedule_stands_in_one_line_with_now_and_next(paper: Paper) -> None:
    said = paper.say("oncall", "--at", MONDAY_NOON)
    assert said.exit_code == 0, said.output
    assert "(Europe/Paris time)" in said.stdout
    head, desk, backup = paper.rows("oncall", "--at", MONDAY_NOON)
    assert head == ["SCHEDULE", "ON CALL", "UNTIL", "NEXT", "FROM"]
    assert (desk[0], desk[1], desk[3]) == ("desk", "Second on call", "Third on call (by a rule)")
    assert backup[:2] == ["backup", "Second on call"]
    found = paper.json("oncall", "--at", MONDAY_NOON)
    assert found["at"] == "2026-11-23T11:00:00Z"
    assert [s["now"][0]["person"] for s in found["schedules"]] == ["second", "second"]
    assert found["schedules"][0]["next"]["start"] == "2026-11-27T23:00:00Z"


def test_somebody_who_is_always_on_call_has_no_end_that_is_only_how_far_one_looks(paper: Paper) -> None:
    alone = Vigie(
        paper.vigie.folder / "alone",
        paper.vigie.text.replace("people: [second, third], every: 1 day,", "people: [second],"),
        1,
    )
    alone.folder.mkdir()
    alone.write(alone.text)
    assert "backup\tSecond on call\t\t\t\n" in alone.say("oncall", "--at", MONDAY_NOON).stdout
    assert "backup: Second on call, without an end in sight\n" in alone.say("oncall", "backup").stdout


def test_one_schedule_shows_its_shifts_before_now_and_after(paper: Paper) -> None:
    rows = paper.rows("oncall", "desk", "--at", MONDAY_NOON, "--days", "7")
    assert rows[0] == ["FROM", "TO", "WHO", "WHY", "WHEN"]
    assert [(r[2], r[3], r[4]) for r in rows[1:]] == [
        ("First on call", "rotation", "before"),
        ("Second on call", "rule", "before"),
        ("First on call", "rotation", "before"),
        ("Second on call", "rotation", "now"),
        ("Third on call", "rule", "to come"),
        ("Second on call", "rotation", "to come"),
        ("First on call", "rotation", "to come"),
    ]
    assert rows[1][0].startswith("before ")
    assert rows[-1][1].startswith("after ")
    said = paper.say("oncall", "backup", "--at", MONDAY_NOON)
    assert "handed over in America/Chicago time" in said.stdout


def test_show_may_be_named_and_options_may_come_first(paper: Paper) -> None:
    plain = paper.say("oncall", "desk", "--at", MONDAY_NOON).stdout
    assert paper.say("oncall", "show", "desk", "--at", MONDAY_NOON).stdout == plain
    assert paper.say("oncall", "--at", MONDAY_NOON, "desk").stdout == plain
    assert "lint" in paper.say("oncall", "--help").stdout


def test_a_schedule_that_is_not_there_and_a_time_that_is_none_are_said_so(paper: Paper) -> None:
    unknown = paper.say("oncall", "dask")
    assert (unknown.exit_code, "configured: desk, backup" in unknown.output) == (1, True)
    for wrong in (["--at", "noon"], ["--days", "0"], ["--days", "400"]):
        assert paper.say("oncall", "desk", *wrong).exit_code == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-23T12:00", "2026-11-23T11:00:00Z"),
        ("2026-11-23 12:00", "2026-11-23T11:00:00Z"),
        ("2026-11-23T12:00+00:00", "2026-11-23T12:00:00Z"),
        ("2026-11-23T12:00Z", "2026-11-23T12:00:00Z"),
        # The clocks in Paris: the first of two half past twos; the first instant after one that is left out.
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
        ("2027-03-28T02:30", "2027-03-28T01:00:00Z"),
    ],
)
def test_a_time_is_on_the_teams_clock_unless_it_says_otherwise(paper: Paper, typed: str, meant: str) -> None:
    assert paper.json("oncall", "--at", typed)["at"] == meant


def test_the_linter_names_what_is_wrong_and_its_exit_code_says_so(paper: Paper, tmp_path: Path) -> None:
    well = paper.say("oncall", "lint")
    assert (well.exit_code, well.stdout) == (0, "2 schedules: well.\n")
    other = tmp_path / "vigie.yaml"
    other.write_text(paper.vigie.text.replace("[second, third], every: 1 day", "[third], every: 1 day"))
    lonely = paper.say("oncall", "lint", "--config", str(other))
    assert lonely.exit_code == 1
    assert "backup: bus_factor: Third on call" in lonely.stdout
    found = paper.json("oncall", "lint", "--config", str(other), code=1)["findings"]
    assert [(f["schedule"], f["code"]) for f in found] == [("backup", "bus_factor")]


# --- routes ----------------------------------------------------------------------------------------------------------


def test_the_way_of_an_outage_is_told_with_who_that_is_and_who_comes_next(paper: Paper) -> None:
    said = paper.say("route", "explain", "channel=newsletter", "--at", MONDAY_NOON)
    assert said.exit_code == 0, said.output
    assert (
        "\n  channel=newsletter platform=mailer kind=availability family=status severity=critical state=outage\n"
        in said.stdout
    )
    assert [r[:2] for r in paper.rows("route", "explain", "channel=newsletter", "--at", MONDAY_NOON)[1:]] == [
        ["root", "yes"],
        ["root.1", "no"],
        ["root.2", "told here"],
        ["root.3", "no"],
    ]
    _, _, calls = said.stdout.partition("root.2: The desk, escalation ladder\n")
    assert calls.splitlines() == [
        "  after 5 s: The desk: Second on call",
        "  after 5 min: backup: Second on call",
        "  after 15 min: Third on call",
        "  after 25 min: The desk: Second on call",
        "  after 30 min: backup: Second on call",
        "  after 40 min: Third on call",
        "  after 50 min: The room",
        "  and again every 4 h, until somebody takes it",
    ]


def test_who_is_called_later_is_who_is_on_call_then(paper: Paper) -> None:
    """At ten to midnight on a Friday the desk is one person's, at five past another's."""
    found = paper.json("route", "explain", "channel=newsletter", "--at", "2026-11-27T23:50")
    (way,) = found["told"]
    desk = [c["people"][0]["id"] for c in way["calls"] if c["receivers"] == ["desk"]]
    assert desk == ["second", "third"]


def test_a_muted_route_tells_nobody_and_says_why(paper: Paper) -> None:
    said = paper.say("route", "explain", "channel=newsletter", "family=brand", "--at", NIGHT)
    assert said.exit_code == 0, "root.2 tells all the same"
    alone = paper.say("route", "explain", "family=brand", "severity=info", "--at", NIGHT)
    assert alone.exit_code == 1
    assert "Nobody is told now: it is inside the time interval nights." in alone.stdout
    awake = paper.json("route", "explain", "family=brand", "severity=info", "--at", MONDAY_NOON)
    assert [(t["route"], t["muted_by"]) for t in awake["told"]] == [("root.3", "")]
    assert awake["labels"] == {"kind": ["risk"], "family": ["brand"], "severity": ["info"]}


def test_a_route_that_continues_tells_two(paper: Paper) -> None:
    found = paper.json("route", "explain", "channel=newsletter", "severity=warning", "--at", MONDAY_NOON)
    assert [(t["route"], t["receiver"], t["policy"]) for t in found["told"]] == [
        ("root.1", "second", ""),
        ("root.2", "desk", "ladder"),
    ]
    assert [v["matched"] for v in found["visits"]] == [True, True, True, False]


def test_who_has_no_contacts_is_not_called_and_the_next_is_at_once(tmp_path: Path) -> None:
    text = sample("http://127.0.0.1:1/page", 1, 1).replace("routes: {receiver: first, group_wait: 0s}", "")
    alone = "  silent: {name: Silent}\nroutes: {receiver: silent, fallback: first}\n"
    vigie = Vigie(tmp_path, text.rstrip() + "\n" + alone, 1)
    vigie.write(vigie.text)
    said = vigie.say("route", "explain", "channel=newsletter")
    assert said.exit_code == 0, said.output
    assert "after 5 s: Silent: nobody can be reached, so the next at once\n  after 5 s: First on call\n" in said.stdout
    vigie.write(vigie.text.replace(", fallback: first", ""))
    assert vigie.say("route", "explain", "channel=newsletter").exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["channel"], "write it like channel=x"),
        (["chanel=newsletter"], "did you mean channel?"),
        (["channel=news"], "watched: newsletter"),
        (["severity=crit"], "did you mean critical?"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_routed_is_wrong_usage_with_a_hint(paper: Paper, words: list[str], says: str) -> None:
    said = paper.say("route", "explain", *words)
    assert said.exit_code == 2
    assert says in said.output


# --- silences --------------------------------------------------------------------------------------------------------


def test_silences_of_the_configuration_are_listed_without_a_daemon(paper: Paper) -> None:
    assert paper.rows("silence", "list", "--ended")[1][0] == "file/1"
    (found,) = paper.json("silence", "list", "--ended")["silences"]
    assert (found["source"], found["author"], found["matchers"]) == ("file", "third", ['channel="newsletter"'])
    assert found["state"] in ("ended", "active", "pending")


def test_acting_without_a_daemon_says_how_to_start_one(paper: Paper) -> None:
    acts = (
        ["ack", "1"],
        ["take-over", "1"],
        ["snooze", "1", "--for", "1h"],
        ["resolve", "1"],
        ["note", "1", "seen"],
        ["silence", "add", "channel=newsletter", "--for", "1h", "--comment", "x"],
        ["silence", "end", "1"],
        ["override", "add", "desk", "third", "--for", "1h"],
        ["override", "swap", "desk", "--first", MONDAY_NOON, "--second", NIGHT],
        ["override", "end", "1"],
        ["drill", "ladder"],
    )
    for words in acts:
        said = paper.say(*words, "--by", "first")
        assert (said.exit_code, "start it with `vigie run`" in said.output) == (1, True), (words, said.output)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["ack"], "Missing argument"),
        (["ack", "seven"], "write its number, like 7"),
        (["ack", "1", "-1"], "No such option"),
        (["snooze", "1"], "Missing option '--for'"),
        (["snooze", "1", "--for", "90"], "write it with a unit"),
        (["snooze", "1", "--for", "0s"], "a second is the shortest"),
        (["note", "1", " "], "needs words"),
        (["silence", "add", "--for", "1h", "--comment", "x"], "Missing argument"),
        (["silence", "add", "chanel=x", "--for", "1h", "--comment", "x"], "did you mean channel?"),
        (["silence", "add", 'channel=~"("', "--for", "1h", "--comment", "x"], "no expression that RE2 accepts"),
        (["silence", "add", "channel=x", "--for", "1h"], "Missing option '--comment'"),
        (["silence", "add", "channel=x", "--comment", "x"], "either --for or --until"),
        (["silence", "add", "channel=x", "--comment", "x", "--for", "1h", "--until", "23:00"], "either --for or"),
        (["silence", "add", "channel=x", "--comment", "x", "--until", "tonight"], "is not a time"),
        (["override", "add", "desk", "third"], "either --to or --for"),
        (["override", "swap", "desk", "--first", "09:00"], "Missing option '--second'"),
    ],
)
def test_wrong_usage_is_said_before_anybody_is_asked(paper: Paper, words: list[str], says: str) -> None:
    said = paper.say(*words)
    assert said.exit_code == 2, said.output
    assert says in said.output
