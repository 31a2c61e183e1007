"""What people ask of a house, when it is late: the incident is long closed, and the mind has let it go."""

from collections.abc import Collection, Mapping
from pathlib import Path

from monitor.core.model import Act, Acted, Answer, Incident, Phase
from monitor.daemon.wishes import Wishes
from tests.stories.clock import run
from tests.stories.house import House, house, statuspage
from tests.stories.test_one_channel import PAGE, TEAM


def wishes_of(home: House) -> Wishes:
    async def kept(incidents: Collection[str]) -> Mapping[str, Incident]:
        return home.store.incidents_named(incidents)

    return Wishes(home.lookout.engine, kept)


async def outage(home: House) -> str:
    """An incident from its opening to its closing, and its number."""
    home.world.says(PAGE, statuspage(Email_sending="major_outage"))
    await home.passes(600)
    home.world.says(PAGE, statuspage(Email_sending="operational"))
    await home.passes(3600)
    home.inbox.expected = len(home.inbox.arrived)
    newest = home.incidents()[0]
    assert newest.phase is Phase.CLOSED
    assert newest.id not in home.lookout.engine.state.incidents
    return newest.id


def test_B74_what_is_closed_is_over_and_what_never_was_is_unknown_and_no_note_is_lost_without_a_word(
    tmp_path: Path,
) -> None:
    said: dict[str, Answer] = {}

    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            first, second = await outage(home), await outage(home)
            wishes = wishes_of(home)

            async def act(act: Act, *incidents: str) -> Answer:
                return await wishes.act(Acted(act, incidents, "first", "link", "seen"))

            said["taken"] = await act(Act.ACKNOWLEDGE, first)
            said["both"] = await act(Act.ACKNOWLEDGE, first, second)
            said["noted"] = await act(Act.NOTE, first)
            said["never was"] = await act(Act.ACKNOWLEDGE, "99")
            said["one never was"] = await act(Act.ACKNOWLEDGE, first, "99")

    run(story())
    assert {name: (answer.done, answer.code) for name, answer in said.items()} == {
        "taken": (True, "over"),
        "both": (True, "over"),
        "noted": (False, "not_open"),
        "never was": (False, "unknown"),
        "one never was": (False, "unknown"),
    }


def test_of_several_those_that_are_open_are_taken_and_the_closed_are_said_to_be_over(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            closed = await outage(home)
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            await home.passes(60)
            (open_,) = home.lookout.engine.state.incidents
            said = await wishes_of(home).act(Acted(Act.ACKNOWLEDGE, (closed, open_), "first", "link"))
            assert (said.done, said.code) == (True, "done")
            assert f"#{closed}: It is over and closed." in said.text
            assert home.lookout.engine.state.incidents[open_].owner == "first"
            home.inbox.expected = len(home.inbox.arrived)

    run(story())
