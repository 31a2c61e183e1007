"""Every verb: its exit code, its JSON, its plain lines when piped, and its word when something is wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from monitor.cli.printing import rows
from tests.edges.running import Page, Receiver, Vigie, home, until


@dataclass
class Desk:
    """A house that has lived through an outage, and a command line in its folder."""

    page: Page
    receiver: Receiver
    vigie: Vigie

    def say(self, *words: str) -> Result:
        """Run a verb in this process; its output is a pipe."""
        return self.vigie.say(*words)

    def json(self, *words: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
        """What a verb prints as JSON."""
        result = self.say(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    more = "  second: {name: Second, contacts: ['json://127.0.0.1:1/nobody']}\n"
    with home(folder) as (page, receiver, vigie):
        vigie.text = vigie.text.replace("routes:", more + "routes:")
        vigie.start()
        page.word = "major_outage"
        until(lambda: receiver.steps == ["opened"])
        yield Desk(page, receiver, vigie)


def _plain(text: str) -> None:
    """Nothing that only a terminal understands."""
    assert not [c for c in text if not c.isprintable() and c not in "\n\t"]


def test_status_lists_every_channel(desk: Desk) -> None:
    said = desk.say("status")
    assert said.exit_code == 0
    _plain(said.stdout)
    head, line = said.stdout.splitlines()
    assert head.split("\t") == ["CHANNEL", "STATE", "RISK", "SINCE", "PEOPLE", "WHY"]
    assert line.split("\t")[:3] == ["newsletter", "✖ outage", "none"]
    found = desk.json("status")["channels"]
    assert [(c["id"], c["availability"]) for c in found] == [("newsletter", "outage")]


def test_explain_says_who_was_told_by_which_way(desk: Desk) -> None:
    said = desk.say("explain", "newsletter")
    assert said.exit_code == 0
    _plain(said.stdout)
    assert "First on call by webhook: Newsletter: outage" in said.stdout
    assert "its story is `vigie explain 1`" in said.stdout
    found = desk.json("explain", "newsletter")
    assert found["channel"]["availability"] == "outage"
    assert [n["step"] for n in found["notifications"]] == ["opened"]
    assert "incident_opened" in {d["code"] for d in found["decisions"]}


def test_explain_goes_back_in_time(desk: Desk) -> None:
    then = desk.json("explain", "newsletter", "--at", "2020-01-01T00:00")
    assert then["decisions"] == then["incidents"] == then["notifications"] == []
    assert then["channel"]["reasons"] == ["Nothing is in the ledger before that moment"]
    wrong = desk.say("explain", "newsletter", "--at", "half past nine")
    assert wrong.exit_code == 2
    assert "02:10" in wrong.output


def test_incidents_are_listed(desk: Desk) -> None:
    said = desk.say("incidents")
    assert said.exit_code == 0
    _plain(said.stdout)
    assert len(said.stdout.splitlines()) == 2
    (found,) = desk.json("incidents")["incidents"]
    assert (found["scope"], found["phase"], found["severity"]) == ("newsletter", "open", "critical")
    assert desk.say("incidents", "--limit", "0").exit_code == 2


def test_a_test_message_goes_through_the_daemon_and_its_outcome_is_the_exit_code(desk: Desk) -> None:
    before = len(desk.receiver.got)
    well = desk.say("notify-test")
    assert well.exit_code == 0, well.output
    assert "delivered" in well.stdout
    assert len(desk.receiver.got) == before + 1
    found = desk.json("notify-test", "second", code=1)
    assert [r["destination"] for r in found["results"]] == ["second/1"]
    assert found["results"][0]["outcome"] != "delivered"
    unknown = desk.say("notify-test", "nobody")
    assert unknown.exit_code == 1
    assert "first, second" in unknown.output


def test_a_source_is_tried_once_and_explained(desk: Desk) -> None:
    asked = desk.page.asked
    said = desk.say("probe", "newsletter/1")
    assert said.exit_code == 0, said.output
    assert "Email sending" in said.stdout
    assert desk.page.asked > asked
    (run,) = desk.json("probe", "newsletter")["runs"]
    assert run["channel"]["after"]["availability"] == "outage"
    unknown = desk.say("probe", "news")
    assert unknown.exit_code == 1
    assert "newsletter" in unknown.output


def test_all_sources_are_tried(desk: Desk) -> None:
    said = desk.say("check-sources")
    assert said.exit_code == 0, said.output
    assert "1 sources: 1 answer (0 moved), 0 cannot be read." in said.stdout
    assert [s["verdict"] for s in desk.json("check-sources")["sources"]] == ["answers"]
    desk.page.body = b"<html>Log in</html>"
    try:
        assert [s["verdict"] for s in desk.json("check-sources", code=1)["sources"]] == ["cannot be read"]
        assert desk.say("probe", "newsletter").exit_code == 1
    finally:
        desk.page.body = None


def test_the_configuration_is_checked(desk: Desk, tmp_path: Path) -> None:
    well = desk.say("check-config")
    assert (well.exit_code, well.stdout.count("well: 1 channels, 1 probes, 2 people")) == (0, 1)
    assert desk.json("check-config")["faults"] == []
    bad = tmp_path / "bad.yaml"
    bad.write_text("chanels: {}\nrules: {resolve_after: soon}\n")
    said = desk.say("check-config", "--config", str(bad))
    assert said.exit_code == 1
    assert f"{bad}:1:1: chanels: " in said.stderr
    assert "did you mean 'channels'" in said.stderr
    faults = desk.json("check-config", "--config", str(bad), code=1)["faults"]
    assert {f["key"] for f in faults} == {"chanels", "rules.resolve_after"}
    assert (faults[0]["line"], faults[0]["column"]) == (1, 1)
    for verb in (["status"], ["run"], ["notify-test"], ["incidents"], ["explain", "x"], ["check-sources"]):
        refused = (
            desk.say(*verb, "--config", str(bad)) if verb != ["run"] else desk.vigie.run("run", "--config", str(bad))
        )
        code = refused.exit_code if isinstance(refused, Result) else refused.returncode
        assert code == 1, verb
        assert "did you mean 'channels'" in refused.stderr, verb


def test_what_is_not_there_is_said_with_the_way_out(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "vigie.yaml"
    other.write_text(desk.vigie.text.replace("sqlite:///var/vigie.db", f"sqlite:///{tmp_path}/none.db"))
    for verb in (["status"], ["incidents"], ["explain", "newsletter"]):
        said = desk.say(*verb, "--config", str(other))
        assert said.exit_code == 1, verb
        assert "vigie run" in said.output, verb
        assert "Traceback" not in said.output
    other.write_text(desk.vigie.text.replace(f"listen: 127.0.0.1:{desk.vigie.port}", "listen: 127.0.0.1:1"))
    silent = desk.say("notify-test", "--config", str(other))
    assert silent.exit_code == 1
    assert "start it with `vigie run`" in silent.output
    assert desk.say("explain", "nothing").exit_code == 1
    assert desk.say("status", "--config", str(tmp_path / "missing.yaml")).exit_code == 1


def test_wrong_use_is_2_and_help_is_0(desk: Desk) -> None:
    assert desk.say("statuss").exit_code == 2
    assert desk.say("explain").exit_code == 2
    assert desk.say("status", "--jsn").exit_code == 2
    assert desk.say("--help").exit_code == 0
    assert f'version="{desk.say("version").stdout.strip()}"' in desk.vigie.raw("/metrics")[1].decode()


def test_B58_a_cell_from_outside_is_no_formula_in_a_spreadsheet(capsys: pytest.CaptureFixture[str]) -> None:
    evil = ('=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "a\tb", "plain - words")
    rows(("WHAT",), [(text,) for text in evil])
    head, *cells = capsys.readouterr().out.splitlines()
    assert head == "WHAT"
    assert len(cells) == len(evil)
    assert not [cell for cell in cells if cell.lstrip()[:1] in "=+-@"]
    assert cells[-2:] == ["a b", "plain - words"]


def test_a_reader_that_hangs_up_is_no_fault_of_ours(desk: Desk) -> None:
    """``vigie status | head -0``: the pipe's other end is gone before we write."""
    command = f"{sys.executable} -m monitor.cli explain newsletter --json | true"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    said = subprocess.run(  # noqa: S602 - our own program, in a shell's pipe
        command, shell=True, cwd=desk.vigie.folder, capture_output=True, text=True, timeout=60, check=False, env=env
    )
    assert "Traceback" not in said.stderr


def test_the_last_of_all_the_daemon_ends_in_order(desk: Desk) -> None:
    assert desk.vigie.ends() == 0
    assert desk.say("status").exit_code == 0, "what is kept can be read without a daemon"
