"""Starts and ends: killed, told to end, or started twice, Vigie loses nothing and says what is wrong."""

import random
import signal
import sqlite3
import time
from functools import partial
from pathlib import Path

import pytest

from tests.edges.running import Page, Receiver, Vigie, home, until

NOTHING_BEGUN = -signal.SIGTERM  # told to end before Python had read the program


def _whole(vigie: Vigie) -> None:
    """The store is a sound database whose outbox holds nothing half done that a start would not take up."""
    path = vigie.folder / "var" / "vigie.db"
    if path.exists():
        connection = sqlite3.connect(path)
        try:
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        finally:
            connection.close()


# --- F02: kill -9 ----------------------------------------------------------------------------------------------------


def _killed_at_start(vigie: Vigie, after_s: float) -> None:
    vigie.start(wait=False)
    time.sleep(after_s)
    vigie.kill()
    _whole(vigie)


def _it_works(page: Page, receiver: Receiver, vigie: Vigie, heard: int) -> None:
    """After whatever happened: it starts, sees, and tells."""
    vigie.start()
    assert vigie.state() == "operational"
    page.word = "major_outage"
    until(lambda: len(receiver.got) > heard, "it does not tell any more")
    page.word = "operational"
    until(lambda: receiver.steps[-1] == "resolved")
    assert vigie.ends() == 0


@pytest.mark.slow
def test_F02_killed_at_start_up_at_a_reload_and_at_the_end_the_next_start_is_well(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        _killed_at_start(vigie, 1.2)
        whole, vigie.text = vigie.text, vigie.text[: vigie.text.index("people:")]  # quick to start
        vigie.start()
        vigie.write(vigie.text.replace("resolve_after: 2s", "resolve_after: 1s"))
        vigie.signal(signal.SIGHUP)
        time.sleep(0.15)
        vigie.signal(signal.SIGTERM)
        time.sleep(0.03)
        vigie.kill()
        _whole(vigie)
        vigie.text = whole
        _it_works(page, receiver, vigie, 0)


@pytest.mark.slow
def test_F02_killed_at_many_moments_of_a_start_a_reload_and_an_end(tmp_path: Path) -> None:
    dice = random.Random(2)
    with home(tmp_path) as (page, receiver, vigie):
        vigie.text = vigie.text.replace("resolve_after: 2s", "resolve_after: 2s, reopen_within: 1s, flap_changes: 20")
        for _ in range(12):
            _killed_at_start(vigie, dice.uniform(0.3, 3.0))
        for n in range(8):
            vigie.start()
            page.word = "major_outage" if n % 2 else "operational"
            if n < 4:
                vigie.signal(signal.SIGHUP)
            else:
                vigie.signal(signal.SIGTERM)
            time.sleep(dice.uniform(0.0, 0.8))
            vigie.kill()
            _whole(vigie)
        page.word = "operational"
        vigie.start()
        until(lambda: vigie.state() == "operational")
        time.sleep(4)
        assert vigie.ends() == 0
        _it_works(page, receiver, vigie, len(receiver.got))
        keys = [body["key"] for body in receiver.got]
        assert len(keys) - len(set(keys)) <= 20, "more repeats than kills"


# --- F10 -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_F10_a_second_one_on_the_same_store_or_port_ends_with_a_clear_word(tmp_path: Path) -> None:
    with home(tmp_path) as (page, _, vigie):
        vigie.start()
        second = vigie.run("run")
        assert second.returncode == 1
        assert "vigie.db" in second.stderr
        assert "another Vigie" in second.stderr
        assert "Traceback" not in second.stderr
        other = tmp_path / "other.yaml"
        other.write_text(vigie.text.replace("var/vigie.db", "var/other.db"))
        third = vigie.run("run", "--config", str(other))
        assert third.returncode == 1
        assert f"127.0.0.1:{vigie.port}" in third.stderr
        assert "Is another Vigie running?" in third.stderr
        asked = page.asked
        until(lambda: page.asked > asked, "the first one was disturbed")
        assert vigie.ends() == 0


def test_an_address_that_others_can_reach_needs_a_token(tmp_path: Path) -> None:
    with home(tmp_path) as (_, _, vigie):
        vigie.text = vigie.text.replace(f"listen: 127.0.0.1:{vigie.port}", 'listen: "[::]:9180"')
        vigie.start(wait=False)
        assert vigie.wait() == 1
        assert "token" in vigie.log()
        assert "Traceback" not in vigie.log()
        assert not (tmp_path / "var").exists(), "it began although it must not"


# --- F26, F27: SIGTERM -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_F02_a_reload_that_is_asked_for_during_the_start_does_not_end_it(tmp_path: Path) -> None:
    with home(tmp_path) as (_, _, vigie):
        vigie.start(wait=False)
        assert vigie.process is not None
        pid = vigie.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        until(children.read_text, "it does not look at its contacts")
        assert "Board:" not in vigie.log()
        while "Board:" not in vigie.log() and vigie.process.poll() is None:
            vigie.signal(signal.SIGHUP)
            time.sleep(0.02)
        until(vigie.ready)
        assert vigie.ends() == 0


def _terminated_at(vigie: Vigie, after_s: float) -> None:
    vigie.start(wait=False)
    time.sleep(after_s)
    begun = "Board:" in vigie.log()
    code = vigie.ends()
    assert code == 0 or (code == NOTHING_BEGUN and not begun), f"after {after_s:.2f} s: {code}: {vigie.log()}"
    assert "Traceback" not in vigie.log(), vigie.log()
    _whole(vigie)
    (vigie.folder / "log").unlink()


@pytest.mark.slow
def test_F27_told_to_end_at_any_moment_it_ends_in_order(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        whole, vigie.text = vigie.text, vigie.text[: vigie.text.index("people:")]  # quick to start
        _terminated_at(vigie, 0.9)
        vigie.text = whole
        page.word = "major_outage"
        _terminated_at(vigie, 2.5)
        page.word = "operational"
        vigie.start()
        until(lambda: vigie.state() == "operational")
        time.sleep(3)
        assert vigie.ends() == 0
        steps = [step for n, step in enumerate(receiver.steps) if receiver.got[n]["key"] not in _keys(receiver, n)]
        assert steps in ([], ["opened", "resolved"], ["resolved"]), f"it was told {steps}"


def _keys(receiver: Receiver, before: int) -> set[str]:
    return {body["key"] for body in receiver.got[:before]}


@pytest.mark.slow
def test_F27_told_to_end_at_twenty_random_moments_it_ends_in_order(tmp_path: Path) -> None:
    dice = random.Random(27)
    with home(tmp_path) as (page, receiver, vigie):
        for n in range(20):
            page.word = "major_outage" if n < 10 else "operational"
            _terminated_at(vigie, dice.uniform(0.2, 6.0))
        page.word = "operational"
        vigie.start()
        time.sleep(6)
        assert vigie.ends() == 0
        unsent = sqlite3.connect(tmp_path / "var" / "vigie.db").execute(
            "select count(*) from outbox where state in ('pending', 'retry', 'leased')"
        )
        assert unsent.fetchone() == (0,)
        story = [(body["key"], body["step"]) for body in receiver.got]
        assert not story or story[-1][1] == "resolved", story


# A probe that will not be cancelled, as a badly written kind might be; and every eternal task is cancelled, once,
# two seconds after the start, as something that it awaits might be.
STUBBORN = """
import asyncio
from probes.status import statuspage
from probes.status.statuspage import Params, interpret

runs = []

async def observe(params, fetch):
    if not runs:
        runs.append(1)
        return await statuspage.observe(params, fetch)
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass
"""
WRAPPER = """
import asyncio, pathlib, sys
import probes.status
probes.status.__path__.append(str(pathlib.Path("kinds").absolute()))
from monitor.daemon import daemon
whole = daemon.Daemon.run

async def run(self, started):
    def then(it):
        started(it)
        asyncio.get_running_loop().call_later(2, fell)
    return await whole(self, then)

def fell():
    for name in ("dispatcher", "beat", "freshness", "outbox gauge", "retention", "files"):
        for task in asyncio.all_tasks():
            if task.get_name() == name:
                task.cancel()

daemon.Daemon.run = run
from monitor.cli import main
sys.argv = ["vigie", "run"]
main()
"""


def _counted(vigie: Vigie, line: str) -> bool:
    return vigie.metric(line) == 1


@pytest.mark.slow
def test_F25_F26_tasks_that_fall_are_started_again_and_told_and_one_that_will_not_end_is_left(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        (tmp_path / "kinds").mkdir()
        (tmp_path / "kinds" / "stubborn.py").write_text(STUBBORN)
        stubborn = f'{{kind: status.stubborn, url: "{page.url}?2", every: 1s}}\n      - {{kind: status.statuspage'
        vigie.text = vigie.text.replace("{kind: status.statuspage", stubborn, 1)
        vigie.program = ("-c", WRAPPER)
        vigie.start(wait=False)
        names = ("dispatcher", "beat", "freshness", "outbox gauge", "retention", "files")
        until(lambda: "is eternal" in vigie.log(), "nothing fell")
        for name in names:
            line = f'vigie_task_restarts_total{{task="{name}"}}'
            until(partial(_counted, vigie, line), f"{name} was not counted")
        board = vigie.raw("/")[1].decode()
        assert all(f"was started again: {name}." in board for name in names), "the board does not tell"
        page.word = "major_outage"
        until(lambda: receiver.steps == ["opened"], "what fell does not work again")
        assert vigie.ends() == 0


@pytest.mark.slow
def test_told_twice_to_end_it_ends_at_once(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        receiver.hang = True
        page.word = "major_outage"
        until(lambda: receiver.hung, "nobody was told")  # for which an orderly end would wait
        vigie.signal(signal.SIGTERM)
        until(lambda: "ending in order" in vigie.log())
        vigie.signal(signal.SIGTERM)
        assert vigie.wait() == 1, "the second word changed nothing"
