"""Crash stories: the plug is pulled at every commit and every send; then the house restarts.

Nothing is lost, and nothing arrives twice beyond one repeat with the same key.
"""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from monitor.store import Store
from tests.stories.clock import START, run
from tests.stories.house import House, World, settings_of, statuspage
from tests.stories.plug import Plug, PluggedInbox, PluggedWriter
from tests.stories.test_one_channel import PAGE, TEAM

DAY_S = 900.0


async def _world_turns(world: World) -> None:
    """What happens outside, whatever becomes of the house."""
    world.says(PAGE, statuspage(Email_sending="operational"))
    await asyncio.sleep(61)
    world.says(PAGE, statuspage(Email_sending="major_outage"))
    await asyncio.sleep(240)
    world.says(PAGE, statuspage(Email_sending="operational"))


def _live(folder: Path, at: int) -> tuple[PluggedInbox, Plug, Store]:
    """One story with the plug pulled at a point; the store as it is at the end."""

    async def story() -> tuple[PluggedInbox, Plug, Store]:
        plug, world = Plug(at), World()
        inbox = PluggedInbox(plug=plug)
        settings = settings_of(folder, TEAM)
        store = Store.open(f"sqlite:///{folder / f'at{at}.db'}", now=START, reserve_bytes=4096)
        outside = asyncio.get_running_loop().create_task(_world_turns(world), name="story")
        house = House(settings, store, world, inbox, PluggedWriter(store, plug))
        end = asyncio.get_running_loop().time() + DAY_S
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.5)
            if plug.pulled:
                await house.die()
                plug.at = 0  # the next life is not cut short
                house = House(settings, store, world, inbox, PluggedWriter(store, plug))
        await outside
        await house.close()
        return inbox, plug, store

    return run(story())


def _check(inbox: PluggedInbox, at: int) -> None:
    absent = [letter for letter in inbox.arrived if letter.step == "down"]  # a life that ended between signs of life
    inbox.arrived = [letter for letter in inbox.arrived if letter.step != "down"]
    assert len(absent) <= 1
    steps = [letter.step for letter in inbox.arrived]
    distinct = list(dict.fromkeys(steps))
    assert distinct in (["opened", "resolved"], ["resolved"]), f"at point {at}: {steps}"
    if distinct == ["resolved"]:  # merged with an opening that had not gone out: start, end and duration in one
        assert "from 09:0" in dict(inbox.arrived[-1].envelope.message.paragraphs)["What happened"]
    repeats = Counter(letter.key for letter in inbox.arrived)
    assert sum(n - 1 for n in repeats.values()) <= 1, f"at point {at}: {repeats}"


def test_without_a_fault_the_story_has_many_points(tmp_path: Path) -> None:
    inbox, plug, store = _live(tmp_path, 0)
    _check(inbox, 0)
    assert [letter.step for letter in inbox.arrived] == ["opened", "resolved"]
    assert plug.passed > 30
    store.close()


def _every_point(folder: Path, start: int, stride: int) -> None:
    _, plug, store = _live(folder, 0)
    store.close()
    for at in range(start, plug.passed + 1, stride):
        inbox, _, store = _live(folder, at)
        _check(inbox, at)
        assert store.outbox_stats().unsent == 0
        store.close()


def test_F01_with_the_plug_pulled_at_many_points_nothing_is_lost(tmp_path: Path) -> None:
    _every_point(tmp_path, 1, 29)


@pytest.mark.slow
def test_F01_with_the_plug_pulled_at_every_point_nothing_is_lost(tmp_path: Path) -> None:
    _every_point(tmp_path, 1, 1)
