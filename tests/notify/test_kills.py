"""kill -9 at random moments of a real process that commits, gathers and sends: nothing is lost, little is doubled."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def _story(path: Path, kills: int, seed: int) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.notify.killed", str(path), str(kills), str(seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    story: dict[str, Any] = json.loads(done.stdout)
    return story


def _check(story: dict[str, Any], kills: int) -> None:
    kept = [key for lines in story["lives"] for line in lines for key in line.get("kept", ())]
    got = [(line["got"], tuple(line["rows"])) for lines in story["lives"] for line in lines if "got" in line]
    arrived = {key for _, rows in got for key in rows}
    assert len(kept) > kills, "hardly anything happened"
    assert story["unsent"] == 0
    assert set(kept) <= arrived, "what was committed never arrived"
    assert set(story["delivered"]) == set(kept)
    assert any(len(rows) > 1 for _, rows in got), "nothing was gathered"
    went_as = defaultdict(set)
    for message, rows in got:
        for key in rows:
            went_as[key].add(message)
    assert all(len(messages) == 1 for messages in went_as.values()), "a repeat had another key"
    again = sum(times - 1 for times in Counter(message for message, _ in got).values())
    assert again <= _in_flight(story), "more came twice than was on its way at a kill"


def _in_flight(story: dict[str, Any]) -> int:
    """How many messages had been received and not recorded when their life ended: at most one each may come again."""
    found = 0
    for lines in story["lives"][:-1]:
        settled = {key for line in lines for key in line.get("settled", ())}
        found += len({line["got"] for line in lines if "got" in line and not settled.issuperset(line["rows"])})
    return found


def test_F01_killed_at_a_few_moments_the_post_loses_nothing_and_repeats_what_was_on_its_way(tmp_path: Path) -> None:
    _check(_story(tmp_path / "vigie.db", 10, 1), 10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 4))
def test_F01_killed_at_200_random_moments_the_post_loses_nothing_and_repeats_what_was_on_its_way(
    tmp_path: Path, seed: int
) -> None:
    _check(_story(tmp_path / "vigie.db", 200, seed), 200)
