"""F06, F14: the whole daemon in a network and a file system of its own, where names lead nowhere and disks fill up."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

APART = ["unshare", "--map-root-user", "--mount", "--net"]
ROOT = Path(__file__).parents[2]
HELD_S = 5.0  # at least, for which a name that nobody knows is looked for

pytestmark = pytest.mark.slow


def _lived(what: str, folder: Path) -> Any:  # noqa: ANN401 - JSON
    if shutil.which("unshare") is None or subprocess.run([*APART, "true"], check=False).returncode:  # noqa: S603 - fixed words
        pytest.skip("this machine does not let a test have a network and mounts of its own")
    said = subprocess.run(  # noqa: S603 - our own program
        [*APART, sys.executable, "-m", "tests.edges.apart", what, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_F14_a_name_server_that_never_answers_holds_up_nothing_else(tmp_path: Path) -> None:
    found = _lived("black_hole", tmp_path)
    assert (found["local"], found["named"], found["reason"], found["code"]) == ("operational", "unknown", "dns", 0)
    assert found["gap_s"] < HELD_S, "a source on this machine had to wait for the name server"


def test_F06_on_a_full_disk_people_are_still_told_and_the_board_says_it_until_there_is_room(tmp_path: Path) -> None:
    found = _lived("full_disk", tmp_path)
    assert found.pop("steps")[:2] == ["opened", "resolved"]
    spent = "the store does not take writes"  # which also ends the heartbeat
    assert found == {"before": False, "spent": spent, "after": "operational", "code": 0}
