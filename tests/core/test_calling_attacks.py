# ruff: noqa: ANN401 - fields of the nouns pass through
"""Attacks on the calling of people: nights on which somebody was forgotten, called twice, or told what is not so."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from monitor.core.audit import overdue
from monitor.core.duty import Policy, Route, Team, TimeInterval, Unit, Window
from monitor.core.matching import parse_matcher
from monitor.core.model import Act, ChannelRule, Condition, Phase, SendOutcome, Watched
from probes.base import Availability
from tests.core.mind import T0, Mind, channel
from tests.core.people import AT_ONCE, Crew, policy, rotation

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


def hourly(escalation: Policy | None = None, **more: Any) -> Mind:
    """First and second take turns of an hour from 8:00, which is now; no test pages."""
    people = crew("first", "second", "third")
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC).replace(tzinfo=None)
    turns = rotation("first", "second", unit=Unit.HOUR, start=start)
    people.schedule("primary", rotation=turns, announce=False)
    return mind(escalation, people, to="primary", **more)


def test_a_step_that_falls_due_at_the_handoff_is_one_message_to_whoever_comes() -> None:
    lookout = hourly(policy("p", ("primary", 30)))
    lookout.lives(1800, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(1900, 30, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "escalated")]
    assert lookout.codes.count("told_handed_over") + lookout.codes.count("told_escalated") == 1
