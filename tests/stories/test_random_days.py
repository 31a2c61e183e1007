"""Random days: promises hold whatever the world, the post and the power do. A failing seed repeats its day."""

import os
from pathlib import Path

import pytest

from tests.stories.days import Day, play
from tests.stories.people_days import PeopleDay

SEED = int(os.environ.get("VIGIE_SEED", "1"))
HOURS = float(os.environ.get("VIGIE_HOURS", "1.5"))


@pytest.mark.parametrize("kind", [Day, PeopleDay], ids=lambda kind: str(kind.__name__))
def test_a_random_day_keeps_every_promise(kind: type[Day], tmp_path: Path) -> None:
    play(SEED, tmp_path, HOURS, kind)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_ten_more_days_keep_every_promise(seed: int, tmp_path: Path) -> None:
    play(seed, tmp_path, 12.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 106))
def test_six_more_days_over_people_keep_every_promise(seed: int, tmp_path: Path) -> None:
    play(seed, tmp_path, 8.0, PeopleDay)
