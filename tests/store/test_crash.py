"""The plug is pulled: what was promised is there, what was on its way is sent again, and the next start works."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from monitor.store import OutboxState, Store
from tests.store.given import NOW, ROOT, open_store

ROUNDS = 4


def run(path: Path, *wrap: str, rounds: int = ROUNDS, failpoint: str = "") -> tuple[int, list[str]]:
    done = subprocess.run(  # noqa: S603 - our own script
        [*wrap, sys.executable, "-m", "tests.store.crash_writer", str(path), str(rounds)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **({"VIGIE_FAILPOINT": failpoint} if failpoint else {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Error" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def promises_hold(path: Path, said: list[str]) -> None:
    """0 lost: every commit that was reported is there, whole; a message is settled, or is sent again."""
    store = open_store(path)
    with store._engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    kept = [int(line.split()[1]) for line in said if line.startswith("kept")]
    ledger = [int(row.decision.text) for row in store.decisions(limit=10_000)]
    assert ledger == list(range(len(ledger))), "no gap"
    assert len(ledger) in (len(kept), len(kept) + 1), "what was reported is there; of what was not, at most one commit"
    assert len(store.load().incidents) == len(ledger)
    if ledger:
        assert store.load().probes["x/1"].memory == {"n": ledger[-1]}
    store.release_leases(NOW)
    settled = {key for line in said if line.startswith("settled") for key in line.split()[1:]}
    for n in ledger:
        found = [d.row for name in (f"x-{n}", f"x-{n}-a", f"x-{n}-b") for d in store.deliveries(name)]
        assert [row.notification.key for row in found] == [f"k{n}", f"a{n}", f"b{n}"]
        assert all(row.state is OutboxState.DELIVERED for row in found if row.notification.key in settled)
        assert found[1].state is found[2].state, "what goes as one is settled as one"
    store.close()


@pytest.mark.parametrize(("name", "nth"), [("before_commit", 2), ("after_commit_before_done", 1), ("after_settle", 3)])
def test_F01_a_kill_at_a_failpoint_loses_nothing_and_repeats_at_most_one_message(
    path: Path, name: str, nth: int
) -> None:
    code, said = run(path, failpoint=f"{name}:kill:{nth}")
    assert code == -9
    assert "closed" not in said
    promises_hold(path, said)
    code, more = run(path, rounds=1)
    assert code == 0
    sent = Counter(line for line in said + more if line.startswith("sending"))
    assert sum(sent.values()) - len(sent) <= 1
    promises_hold(path, [*said, *more])


def test_a_failpoint_that_is_written_wrongly_is_refused(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import monitor.store"],
        cwd=ROOT,
        env={"VIGIE_FAILPOINT": "before_commit"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "name:kill" in done.stderr
    assert not path.exists()


STRACE = shutil.which("strace")
CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "rename", "unlink", "openat")

STEP = {"pwrite64": 5}  # some 220 of them, five minutes if each were a crash; the others are met one by one


@pytest.mark.slow
@pytest.mark.skipif(STRACE is None, reason="needs strace, to kill at a chosen system call")
@pytest.mark.parametrize("call", CALLS)
def test_F01_F02_a_kill_at_any_system_call_of_the_store_loses_nothing(tmp_path: Path, call: str) -> None:
    """Walks through the calls from the start of the process to its end, start-up and shutdown included."""
    assert STRACE is not None
    killed = 0
    log = tmp_path / "strace"
    for nth in range(1, 400, STEP.get(call, 1)):
        path = tmp_path / str(nth) / "vigie.db"
        files = [
            path.with_name(path.name + suffix)
            for suffix in ("", "-wal", "-shm", "-journal", ".lock", ".new", ".new-wal")
        ]
        only = [part for file in files for part in ("-P", str(file))]
        inject = f"inject={call}:signal=KILL:when={nth}"
        code, said = run(
            path, STRACE, "-f", "-qq", *only, "-e", f"trace={call}", "-e", inject, "-o", str(log), rounds=2
        )
        if "closed" in said:
            break
        killed += 1
        assert code in (-9, 137)
        promises_hold(path, said)  # opens it, which is a restart
        if nth % 10 == 1:
            assert run(path, rounds=1)[0] == 0
        shutil.rmtree(path.parent)
    else:
        pytest.fail("the calls did not come to an end")
    assert killed, f"{call} was never met: the test tests nothing"


def test_a_store_is_closed_in_order_even_when_nothing_was_written(path: Path) -> None:
    for _ in range(2):
        store: Store = open_store(path)
        store.close()
    assert not path.with_name("vigie.db-wal").exists()
