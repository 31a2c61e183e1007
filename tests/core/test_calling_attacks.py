# ruff: noqa: ANN401 - fields of the nouns pass through
"""Attacks on the calling of people: nights on which somebody was forgotten, called twice, or told what is not so."""

from datetime import timedelta
from typing import Any

from monitor.core.duty import Policy
from monitor.core.model import ChannelRule
from probes.base import Availability
from tests.core.mind import Mind, channel
from tests.core.people import Crew

OK, DOWN, WEAK = Availability.OPERATIONAL, Availability.OUTAGE, Availability.DEGRADED
MIN = timedelta(minutes=1)


def crew(*names: str) -> Crew:
    made = Crew()
    for name in names or ("first", "second", "third"):
        made.person(name)
    return made


def mind(
    made: Policy | None = None, people: Crew | None = None, *channels: ChannelRule, to: str = "first", **more: Any
) -> Mind:
    """First (or `to`) is called at once, then by the policy; x (or the channels) is well at second 0."""
    people = people or crew()
    if made is not None:
        people.policies[made.id] = made
    rules = people.rules(to, escalation=made.id if made else "", **more)
    found = Mind(*(channels or (channel("x"),)), **rules)
    for name in found.rules.channels:
        found.says(f"{name}/1", OK)
    return found


def said(of: Mind) -> list[tuple[str, str]]:
    """Who was told what, in order."""
    return [(n.destination.partition("/")[0], n.step) for n in of.told]


def reasons(of: Mind, incident: str) -> list[str]:
    return [d.code for d in of.ledger if d.incident == incident]


# --- messages ---------------------------------------------------------------------------------------------------------


def test_no_message_takes_the_key_of_another_that_went_out_before() -> None:
    """A key that is known already is dropped by the outbox: the repeat would never leave the house."""
    lookout = mind(repeat=10 * MIN)
    lookout.says("x/1", DOWN)
    lookout.lives(660, x_1=DOWN)
    lookout.silences('channel="x"', 1)
    lookout.lives(1800, x_1=DOWN)
    keys = [n.key for n in lookout.told]
    assert [n.step for n in lookout.told][:4] == ["opened", "repeat", "updated", "repeat"]
    assert len(set(keys)) == len(keys)
