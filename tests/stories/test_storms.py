"""F29, F33: fifty channels at once, and a thousand reloads in the middle of it: nothing is lost, nothing is doubled."""

import asyncio
import random
from pathlib import Path

import pytest

from monitor.core.model import Phase
from tests.stories.clock import run
from tests.stories.house import House, house, settings_of, statuspage

CHANNELS = 50
PLATFORMS = 10
MESSAGES_MAX = 2 * PLATFORMS  # the opening of each platform, and one update about who joined late
EVERY_S = 30


def _page(n: int) -> str:
    return f"https://status{n}.vendor.example/api/v2/summary.json"


def _team(channels: int = CHANNELS, more: str = "") -> str:
    entries = "\n".join(
        f"  c{n}: {{name: Channel {n}, platform: p{n % PLATFORMS}, probes: "
        f'[{{kind: status.statuspage, url: "{_page(n)}", every: {EVERY_S}s}}]}}'
        for n in range(channels)
    )
    return (
        f"team: {{name: T, timezone: Europe/Paris}}\n{more}channels:\n{entries}\n"
        'people:\n  first: {name: First, contacts: ["json://127.0.0.1:8766/a"]}\nroutes: {receiver: first}\n'
    )


def _all_say(home: House, word: str) -> None:
    for n in range(CHANNELS):
        home.world.says(_page(n), statuspage(API=word))


def _states(home: House) -> set[str]:
    return {home.availability(f"c{n}") for n in range(CHANNELS)}


def test_F33_fifty_channels_that_flip_at_once_are_a_few_messages_and_no_state_is_lost(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, _team()) as home:
            _all_say(home, "operational")
            await home.passes(120)
            assert _states(home) == {"operational"}
            _all_say(home, "major_outage")
            await home.passes(EVERY_S + 15 * 60)
            assert _states(home) == {"outage"}
            told = home.inbox.arrived
            assert PLATFORMS <= len(told) <= MESSAGES_MAX, f"{len(told)} messages for {CHANNELS} channels"
            kept = home.store.load().channels
            assert {c.health.availability.value for c in kept.values()} == {"outage"}, "a state was lost on its way"
            codes = [row.decision for row in home.store.decisions(limit=5000)]
            changed = {d.channel for d in codes if d.code == "availability_changed" and "→ outage" in d.text}
            assert len(changed) == CHANNELS, "a change is not in the ledger"
            openings = len(told)
            _all_say(home, "operational")
            await home.passes(EVERY_S + 15 * 60)
            assert _states(home) == {"operational"}
            ends = [letter for letter in told[openings:] if letter.step == "resolved"]
            assert len(ends) == len(told) - openings == PLATFORMS, "each trouble ends with one message"
            assert all(i.phase in (Phase.RESOLVED, Phase.CLOSED) for i in home.incidents())
            home.inbox.expected = len(told)

    run(story())


def _story_of_reloads(folder: Path, reloads: int, seed: int) -> None:
    """Reloads at random moments while channels fail, recover, come, go and change places."""

    async def story() -> None:
        dice = random.Random(seed)
        whole = settings_of(folder, _team(10))
        fewer = settings_of(folder, _team(8))
        slower = settings_of(folder, _team(10, "rules: {resolve_after: 3m}\n"))
        async with house(folder, _team(10)) as home:
            _all_say(home, "operational")
            await home.passes(120)
            before = len(asyncio.all_tasks())
            _all_say(home, "major_outage")
            for _ in range(reloads):
                home.lookout.apply(dice.choice((whole, slower)))
                await home.passes(dice.uniform(0.05, 3))
            openings = [(letter.envelope.incident, letter.step) for letter in home.inbox.arrived]
            assert sorted(openings) == sorted(set(openings)), "an opening came twice"
            assert [step for _, step in openings] == ["opened"] * PLATFORMS, f"{openings}"
            for _ in range(reloads):  # two of them leave and come back: their troubles end, and begin anew
                home.lookout.apply(dice.choice((whole, fewer)))
                await home.passes(dice.uniform(0.05, 3))
            home.lookout.apply(whole)
            _all_say(home, "operational")
            asked = home.world.asked
            await home.passes(3600)
            rate = (home.world.asked - asked) / 3600
            assert rate <= 1.01 * 10 / EVERY_S, f"{rate:.2f} looks a second: timers have doubled"
            assert rate >= 0.98 * 10 / EVERY_S, f"{rate:.2f} looks a second: timers were lost"
            assert len(asyncio.all_tasks()) <= before, [t.get_name() for t in asyncio.all_tasks()]
            assert {home.availability(f"c{n}") for n in range(10)} == {"operational"}
            last: dict[str, str] = {}
            for letter in home.inbox.arrived:
                last[letter.envelope.incident] = letter.step
            assert set(last.values()) == {"resolved"}, "somebody was told of a trouble and not of its end"
            keys = [letter.key for letter in home.inbox.arrived]
            assert len(keys) == len(set(keys)), "a message came twice"
            assert home.store.outbox_stats().unsent == 0
            home.inbox.expected = len(home.inbox.arrived)

    run(story())


def test_F29_reloads_in_the_middle_of_an_outage_lose_and_double_nothing(tmp_path: Path) -> None:
    _story_of_reloads(tmp_path, 60, 29)


@pytest.mark.slow
def test_F29_a_thousand_reloads_in_the_middle_of_an_outage_lose_and_double_nothing(tmp_path: Path) -> None:
    _story_of_reloads(tmp_path, 500, 2900)
