"""Verbs by which people answer: to incidents, silences and schedules, through a running daemon."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result

from tests.edges.running import Page, Receiver, Vigie, home, until

MORE = """
  second: {{name: Second on call, contacts: ["json://127.0.0.1:{receiver}/second"]}}
  third: {{name: Third on call, contacts: ["json://127.0.0.1:{receiver}/third"]}}
schedules:
  desk:
    name: The desk
    rotation: {{people: [first, second], every: 1 week, start: 2026-11-02T09:00}}
    announce: false
escalation:
  ladder: {{steps: [{{targets: [second], after: 1s}}, {{targets: [third], after: 1h}}], fallback: third}}
silences:
  - {{matchers: [channel="forms"], author: third, comment: done, start: 2026-11-02T00:00, end: 2026-11-03T00:00}}
routes: {{receiver: first, escalation: ladder, group_wait: 0s, fallback: third}}
"""
FORMS = """
  forms:
    name: Forms
    platform: forms
    probes:
      - {{kind: status.statuspage, url: "{url}", every: 1s, components: ["Email sending"]}}
people:"""


@dataclass
class Desk:
    """A house in an outage of its newsletter; its forms are well until somebody says otherwise."""

    forms: Page
    receiver: Receiver
    vigie: Vigie

    def say(self, *words: str, code: int = 0) -> Result:
        """Run a verb in this process; its output is a pipe."""
        result = self.vigie.say(*words)
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        """What a verb prints as JSON."""
        return json.loads(self.say(*words, "--json").stdout)

    def incident(self, scope: str) -> dict[str, Any]:
        """The newest incident of a channel; empty while there is none."""
        found: list[dict[str, Any]] = self.json("incidents")["incidents"]
        return next((i for i in found if i["scope"] == scope), {})

    def told(self, scope: str, step: str) -> bool:
        """Whether somebody has got such a message on the newest incident of a channel."""
        return any(b["step"] == step and b["incident"] == self.incident(scope).get("id") for b in self.receiver.got)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with home(tmp_path_factory.mktemp("desk")) as (page, receiver, vigie):
        forms = Page()
        text = vigie.text.replace("\npeople:", FORMS.format(url=forms.url))
        text = text.replace("routes: {receiver: first, group_wait: 0s}", "").rstrip()
        vigie.text = text + MORE.format(receiver=receiver.port)
        vigie.start()
        page.word = "major_outage"
        until(lambda: "opened" in receiver.steps)
        yield Desk(forms, receiver, vigie)
        forms.close()


def test_the_life_of_an_incident_by_hand_is_told_in_order(desk: Desk) -> None:
    desk.forms.word = "major_outage"
    until(lambda: desk.told("forms", "escalated"), "the second was not called")
    number = desk.incident("forms")["id"]

    assert "You have it until" in desk.say("ack", number, "--by", "second").stdout
    (again,) = desk.json("ack", f"#{number}", "--by", "first")["answers"]
    assert (again["code"], "Already taken by Second on call" in again["text"]) == ("already", True)
    assert desk.incident("forms")["owner"] == "Second on call"
    line = next(r for r in desk.say("status").stdout.splitlines() if r.startswith("forms\t"))
    assert f"#{number}, taken by Second on call" in line
    assert "  acknowledged: it has lasted since " in desk.say("explain", number).stdout, "it was taken later than that"
    assert desk.json("take-over", number, "--by", "Third on call")["code"] == "done"
    assert "Nobody is called to it before" in desk.say("snooze", number, "--for", "1h30m", "--by", "third").stdout
    desk.say("note", number, "the vendor has called back", "--by", "third")
    desk.say("resolve", number, "--text", "a false alarm", "--by", "third")
    until(lambda: desk.told("forms", "resolved"), "nobody heard of the end")

    until(lambda: "Sent the all-clear to" in desk.say("explain", number).stdout, "it was not recorded")
    said = desk.say("explain", f"#{number}").stdout
    assert said.startswith(f"#{number} Forms: outage\n")
    assert "called over by Third on call" in said
    assert "called so far: First on call, Second on call" in said
    _, _, story = said.partition("What happened, in order (Europe/Paris time)\n")
    marks = (
        "(incident_opened",
        "First on call is told by webhook: opened. (told_opened)",
        "Sent the opening to First on call by webhook: it arrived. (delivered)",
        "Second on call is told by webhook: escalated. (told_escalated)",
        "Sent the call to Second on call by webhook: it arrived. (delivered)",
        "Second on call took it by cli; nobody is called again before",
        "(told_acknowledged)",
        "Third on call took it over from Second on call by cli. (taken_over)",
        "(snoozed)",
        "Third on call noted by cli: the vendor has called back. (noted)",
        "Third on call called it over by cli: a false alarm. (resolved_by_hand)",
        "(incident_resolved)",
        "(told_resolved)",
        "Sent the all-clear to",
    )
    places = [story.find(mark) for mark in marks]
    assert places == sorted(places), [(m, p) for m, p in zip(marks, places, strict=True)]
    assert places[0] > 0, story
    found = desk.json("explain", number)
    assert found["incident"]["by_hand"] == "Third on call"
    assert [n["step"] for n in found["notifications"]].count("escalated") == 1
    times = [line["at"] for line in found["timeline"]]
    assert times == sorted(times)


def test_an_incident_is_explained_as_it_stood_then(desk: Desk) -> None:
    number = desk.incident("newsletter")["id"]
    before = desk.json("explain", number, "--at", "2020-01-01T00:00")
    assert (before["timeline"], before["notifications"]) == ([], [])
    assert "nothing yet" in desk.say("explain", number, "--at", "2020-01-01T00:00").stdout
    assert "as of" in desk.say("explain", number, "--at", "2020-01-01T00:00").stdout


def test_B74_what_is_not_there_cannot_be_acted_on(desk: Desk) -> None:
    for words in (["take-over", "9999"], ["snooze", "9999", "--for", "1h"], ["resolve", "9999"], ["note", "9999", "x"]):
        assert "Error: " in desk.say(*words, "--by", "first", code=1).output
    assert "9999" in desk.say("explain", "#9999", code=1).output
    assert "There is no silence 9999" in desk.say("silence", "end", "9999", code=1).output
    assert "stands in the configuration" in desk.say("silence", "end", "file/1", code=1).output
    assert "There is no change 9999" in desk.say("override", "end", "9999", code=1).output
    assert "nobody-such" in desk.say("drill", "nobody-such", code=1).output


def test_several_incidents_are_taken_at_once(desk: Desk) -> None:
    number = desk.incident("newsletter")["id"]
    said = desk.say("ack", number, "9999", number, "--by", "first", code=1)
    assert said.stdout.startswith(f"#{number}: ")
    assert said.stdout.count("\n") == 1
    assert said.stderr.startswith("#9999: No incident 9999 is known")
    assert desk.incident("newsletter")["phase"] == "acknowledged"
    found = json.loads(desk.say("ack", number, "9999", "--by", "first", "--json", code=1).stdout)["answers"]
    assert [(a["incident"], a["done"], a["code"]) for a in found] == [
        (number, True, "already"),
        ("9999", False, "unknown_incident"),
    ]


def test_who_acts_is_the_login_name_unless_it_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = desk.incident("newsletter")["id"]
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "night.porter")
    desk.say("take-over", number)
    assert desk.incident("newsletter")["owner"] == "night.porter"
    monkeypatch.setenv("LOGNAME", "second")
    desk.say("take-over", number)
    assert desk.incident("newsletter")["owner"] == "Second on call"


def test_a_silence_is_made_listed_shown_in_the_status_and_ended(desk: Desk) -> None:
    made = desk.json(
        "silence", "add", "channel=newsletter", "severity!=info",
        "--for", "2h", "--comment", "the vendor knows", "--by", "third", "--until-recovered",
    )  # fmt: skip
    assert made["code"] == "done"
    row = next(r for r in desk.say("silence", "list").stdout.splitlines() if r.startswith(f"{made['id']}\t"))
    assert row.split("\t")[1] == "active"
    assert row.split("\t")[3].startswith("recovered, or ")
    assert row.split("\t")[4:] == ['channel="newsletter" severity!="info"', "the vendor knows", "Third on call"]
    status = next(r for r in desk.say("status").stdout.splitlines() if r.startswith("newsletter\t"))
    assert f"silence {made['id']}" in status
    assert next(c for c in desk.json("status")["channels"] if c["id"] == "newsletter")["held"]

    assert "is over; what is still in trouble is told" in desk.say("silence", "end", made["id"], "--by", "third").stdout
    assert made["id"] not in [s["id"] for s in desk.json("silence", "list")["silences"]]
    past = {s["id"]: s["state"] for s in desk.json("silence", "list", "--ended")["silences"]}
    assert past[made["id"]] == "ended"


def test_a_silence_that_makes_no_sense_changes_nothing(desk: Desk) -> None:
    before = desk.json("silence", "list")
    common = ["--comment", "x", "--by", "first"]
    for words, says in (
        (["channel!=newsletter", "--for", "1h"], "does not match everything"),
        (["channel=newsletter", "--for", "31d"], "at most 30 days"),
        (["channel=newsletter", "--start", "2026-11-02T10:00", "--until", "2026-11-02T09:00"], "end after it starts"),
        (["channel=newsletter", "--until", "2020-01-01T00:00"], "end"),
    ):
        assert says in desk.say("silence", "add", *words, *common, code=1).output
    assert desk.json("silence", "list") == before
    aside = desk.say("silence", "add", "channel=news", "--for", "1h", *common)
    assert "no watched channel matches it now" in aside.stderr


def test_an_override_is_made_seen_refused_twice_and_taken_back(desk: Desk) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    span = ["--from", start.isoformat(), "--for", "8h"]
    made = desk.json("override", "add", "desk", "third", *span, "--by", "first", "--comment", "a wedding")
    assert "Third on call from" in made["text"]
    at = (start + timedelta(hours=1)).isoformat()
    assert "Third on call (by an override)" in desk.say("oncall", "--at", at).stdout
    listed = desk.say("oncall", "desk", "--days", "1").stdout
    assert f"{made['id']}\toverride\tThird on call" in listed
    assert "First on call\ta wedding" in listed
    clash = desk.say("override", "add", "desk", "second", *span, "--by", "second", code=1)
    assert "Error: " in clash.output
    for words in (["override", "add", "dask", "third", *span], ["override", "add", "desk", "nobody", *span]):
        desk.say(*words, "--by", "first", code=1)
    desk.say("override", "end", made["id"], "--by", "first")
    assert "override" not in desk.say("oncall", "--at", at).stdout


def test_two_people_swap_their_shifts(desk: Desk) -> None:
    at = [(datetime.now(UTC) + timedelta(weeks=weeks)).isoformat() for weeks in (30, 31)]
    before = [desk.json("oncall", "--at", a)["schedules"][0]["now"][0]["person"] for a in at]
    made = desk.json("override", "swap", "desk", "--first", at[0], "--second", at[1], "--by", "first")
    after = [desk.json("oncall", "--at", a)["schedules"][0]["now"][0] for a in at]
    assert [s["person"] for s in after] == before[::-1]
    assert {s["layer"] for s in after} == {"swap"}
    desk.say("override", "end", made["id"], "--by", "second")


def test_a_drill_reaches_everybody_behind_a_policy(desk: Desk) -> None:
    said = desk.say("drill", "ladder", "--by", "first").stdout
    assert "Second on call" in said
    assert "Third on call" in said
    until(lambda: desk.receiver.steps.count("drill") >= 2, "the drill did not arrive")
