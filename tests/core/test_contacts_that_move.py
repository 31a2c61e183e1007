"""What was told, when a reload gives a contact another address or another place: by the order of its addresses."""

from datetime import timedelta
from typing import Any

import pytest

from monitor.core.model import Configured, Incident, SendOutcome
from probes.base import Availability
from tests.core.mind import Mind, channel
from tests.core.people import Crew

DOWN, WEAK, WELL = Availability.OUTAGE, Availability.DEGRADED, Availability.OPERATIONAL
MOVED = Configured(elsewhere=frozenset({"first/1", "first/2"}), readdressed={"first/1": "first/2"})
SWAPPED = Configured(elsewhere=MOVED.elsewhere, readdressed={"first/1": "first/2", "first/2": "first/1"})


def mind(*, ways: int = 1) -> Mind:
    """One person who hears of a channel in trouble by the first of so many ways."""
    made = Mind(channel("x"), **_rules(ways))
    made.says("x/1", WELL)
    made.passes(60)
    made.says("x/1", WEAK)
    return made


def _rules(ways: int) -> dict[str, Any]:
    crew = Crew()
    crew.person("first", *["json"] * ways)
    return crew.rules("first", method_after=timedelta(minutes=2))


def reload(made: Mind, event: Configured, ways: int = 2) -> None:
    """The file has so many contacts now."""
    made.rules = Mind(channel("x"), **_rules(ways)).rules
    made.put(event)


def ends(made: Mind) -> set[str]:
    """Who heard the end."""
    made.repeats(400, 60, x_1=WELL)
    return {n.destination for n in made.told if n.step == "resolved"}


def the(made: Mind) -> Incident:
    """The one on the channel; one on a contact may follow."""
    incident, *_ = made.incidents
    return incident


def test_an_end_goes_with_the_address_and_nothing_is_told_again() -> None:
    made = mind()
    made.arrives()
    reload(made, MOVED)
    made.passes(200)
    assert made.steps == ["opened"]
    assert ends(made) == {"first/2"}


def test_two_addresses_that_change_places_hear_one_end_each() -> None:
    made = mind(ways=2)
    made.sends(SendOutcome.UNKNOWN)  # so the second way is tried
    made.passes(130)
    made.arrives()
    reload(made, SWAPPED)
    ended = ends(made)
    assert ended == {"first/1", "first/2"}
    assert made.steps.count("resolved") == 2


def test_news_on_its_way_goes_to_whoever_stands_there_by_then_and_both_hear_the_end() -> None:
    made = mind()
    made.arrives()
    made.says("x/1", DOWN)
    assert made.steps == ["opened", "updated"]
    reload(made, MOVED)
    made.arrives()
    assert ends(made) == {"first/1", "first/2"}


def test_whoever_stands_where_news_was_refused_on_its_way_has_heard_nothing_and_hears_no_end() -> None:
    made = mind()
    made.arrives()
    made.says("x/1", DOWN)
    reload(made, MOVED)
    made.sends(SendOutcome.REJECTED, made.told[1])
    assert ends(made) == {"first/2"}


def test_a_way_that_refused_gets_no_repeat_while_another_of_the_same_person_hears() -> None:
    made = mind(ways=2)
    made.sends(SendOutcome.REJECTED)
    made.arrives()
    made.repeats(5 * 3600, 600, x_1=WEAK)
    assert {n.destination for n in made.told if n.incident == the(made).id and n.step == "repeat"} == {"first/2"}


def test_news_on_its_way_to_a_place_that_is_no_more_leaves_nothing_there() -> None:
    made = mind(ways=2)
    made.sends(SendOutcome.REJECTED)  # the second is tried
    made.arrives()
    made.says("x/1", DOWN)
    reload(made, Configured(elsewhere=MOVED.elsewhere, readdressed={"first/2": "first/1"}), ways=1)
    assert [t.destination for t in the(made).told] == ["first/1"]
    assert ends(made) == {"first/1"}


def test_an_opening_on_its_way_stays_in_its_place_and_so_does_its_end() -> None:
    made = mind()
    reload(made, MOVED)
    made.arrives()
    assert ends(made) == {"first/1"}


def test_an_end_on_its_way_is_told_to_the_address_that_has_moved() -> None:
    made = mind()
    made.arrives()
    made.repeats(300, 60, x_1=WELL)
    assert made.steps == ["opened", "resolved"]
    reload(made, MOVED)
    assert [(n.step, n.destination) for n in made.told[2:]] == [("resolved", "first/2")]
    made.passes(60)
    assert len(made.told) == 3


def test_an_end_that_was_heard_is_not_told_again() -> None:
    made = mind()
    made.arrives()
    made.repeats(300, 60, x_1=WELL)
    made.arrives()
    reload(made, MOVED)
    made.passes(60)
    assert made.steps == ["opened", "resolved"]


@pytest.mark.parametrize("mended", [True, False])
def test_what_was_refused_is_told_by_an_address_that_is_mended_and_by_no_other_change(mended: bool) -> None:  # noqa: FBT001 - a parameter
    made = mind()
    made.sends(SendOutcome.REJECTED)
    reload(made, Configured(elsewhere=frozenset({"first/1"} if mended else ())), ways=1)
    assert made.steps == ["opened"] + ["opened"] * mended
    keys = [n.key for n in made.told]
    assert len(set(keys)) == len(keys), "the outbox would drop it as known"


def test_whoever_may_have_heard_the_opening_hears_the_end_though_news_in_between_is_refused() -> None:
    made = mind()
    made.sends(SendOutcome.UNKNOWN)
    made.says("x/1", DOWN)
    made.sends(SendOutcome.REJECTED)
    assert ends(made) == {"first/1"}


def test_whoever_may_have_heard_the_opening_hears_the_end_in_another_place() -> None:
    made = mind()
    made.sends(SendOutcome.UNKNOWN)
    reload(made, MOVED)
    assert "first/2" in ends(made)


def test_that_a_way_is_broken_is_not_told_by_that_way_however_long_it_lasts() -> None:
    crew = Crew()
    crew.person("first", "json", "sms", after={2: timedelta(minutes=7)})
    made = Mind(channel("x"), **crew.rules("first"))
    made.says("x/1", WELL)
    made.passes(60)
    made.says("x/1", WEAK)
    made.arrives()
    made.repeats(430, 10, x_1=WEAK)
    made.sends(SendOutcome.REJECTED)
    broken = made.incidents[-1]
    assert broken.subject == "first/2"
    made.arrives()
    made.repeats(1200, 10, x_1=WEAK)
    assert {n.destination for n in made.told if n.incident == broken.id} == {"first/1"}
