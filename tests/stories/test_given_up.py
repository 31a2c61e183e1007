"""A message that is refused is a trouble of ours: somebody else hears of it, also when the house falls in between."""

import asyncio
from pathlib import Path

import pytest

from monitor.core.model import Condition
from monitor.store import Store
from tests.stories.clock import START, run
from tests.stories.house import House, World, house, settings_of, statuspage
from tests.stories.plug import Plug, PluggedInbox, PluggedWriter
from tests.stories.test_one_channel import PAGE, TEAM

TWO = TEAM.replace(
    "first: {name: First on call, contacts: [", 'first: {name: First on call, contacts: ["json://127.0.0.1:8767/b", '
)
STORY_S = 100.0


def test_a_message_that_is_refused_is_told_by_another_contact_and_the_ledger_says_why(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TWO) as home:
            home.inbox.rejects.add("first/1")
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(61)
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            await home.passes(120)
            home.inbox.expect("opened", "Newsletter: outage", "first/2")
            letter = home.inbox.expect("opened", "Vigie: messages not arriving", "first/2")
            assert "First on call by webhook" in dict(letter.envelope.message.paragraphs)["What happened"]
            assert home.metrics.number("vigie_dead_letters_total").value == 1
            codes = [row.decision.code for row in home.store.decisions(limit=1000)]
            assert codes.count("rejected") == 1
            home.inbox.rejects.clear()
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(200)
            home.inbox.expect("resolved", "Newsletter: works again", "first/2")

    run(story())


@pytest.mark.parametrize("by", ["reload", "restart"])
def test_who_could_not_be_told_hears_what_still_goes_on_once_the_contact_is_mended(tmp_path: Path, by: str) -> None:
    mended = TEAM.replace("127.0.0.1:8766/hook", "127.0.0.1:8766/mended")

    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.inbox.rejects.add("first/1")
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(61)
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            await home.passes(120)
            home.inbox.nothing_else()
            home.inbox.rejects.clear()
            settings, after = settings_of(tmp_path, mended), home
            if by == "reload":
                home.lookout.apply(settings)
            else:
                await home.die()
                after = House(settings, home.store, home.world, home.inbox)
            await home.passes(60)
            home.inbox.expect("opened", "Newsletter: outage")
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(250)
            home.inbox.expect("resolved", "Newsletter: works again")
            home.inbox.nothing_else()
            await after.close()

    run(story())


def test_the_end_goes_to_the_address_that_heard_the_opening_though_it_stands_in_another_place_by_then(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(61)
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            await home.passes(60)
            home.inbox.expect("opened", "Newsletter: outage")
            home.lookout.apply(settings_of(tmp_path, TWO))  # another contact before it
            await home.passes(300)
            home.inbox.nothing_else()
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(200)
            home.inbox.expect("resolved", "Newsletter: works again", "first/2")

    run(story())


def _live(folder: Path, at: int) -> tuple[PluggedInbox, Plug, Store]:
    """The same with the plug pulled at a point."""

    async def story() -> tuple[PluggedInbox, Plug, Store]:
        plug, world = Plug(at), World()
        inbox = PluggedInbox(plug=plug)
        inbox.rejects.add("first/1")
        settings = settings_of(folder, TWO)
        store = Store.open(f"sqlite:///{folder / f'at{at}.db'}", now=START, reserve_bytes=4096)
        world.says(PAGE, statuspage(Email_sending="major_outage"))
        home = House(settings, store, world, inbox, PluggedWriter(store, plug))
        while asyncio.get_running_loop().time() < STORY_S:
            await asyncio.sleep(0.5)
            if plug.pulled:
                await home.die()
                plug.at = 0  # the next life is not cut short
                home = House(settings, store, world, inbox, PluggedWriter(store, plug))
        await home.close()
        return inbox, plug, store

    return run(story())


def _every_point(folder: Path, stride: int) -> None:
    _, whole, store = _live(folder, 0)
    store.close()
    assert whole.passed > 10
    for at in range(1, whole.passed + 1, stride):
        inbox, _, store = _live(folder, at)
        titles = {letter.title.partition(":")[0] for letter in inbox.arrived if letter.destination == "first/2"}
        assert titles == {"Newsletter", "Vigie"}, f"at point {at} the second contact heard {titles}"
        broken = [i for i in store.incidents() if i.condition is Condition.DELIVERY]
        assert [i.subject for i in broken] == ["first/1"], f"at point {at}"
        store.close()


def test_F01_with_the_plug_pulled_at_many_points_a_refused_message_is_still_told(tmp_path: Path) -> None:
    _every_point(tmp_path, 12)


@pytest.mark.slow
def test_F01_with_the_plug_pulled_at_every_point_a_refused_message_is_still_told(tmp_path: Path) -> None:
    _every_point(tmp_path, 1)
