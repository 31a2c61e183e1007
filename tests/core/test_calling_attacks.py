# ruff: noqa: ANN401 - fields of the nouns pass through
"""Attacks on the calling of people: nights on which somebody was forgotten, called twice, or told what is not so."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from monitor.core.duty import Override, Policy, Route, Shift, Silence, Team, TimeInterval, Unit, Window
from monitor.core.matching import parse_matcher
from monitor.core.model import Act, ChannelRule, Condition, Delivered, Overridden, Phase, SendOutcome, Tick, Watched
from probes.base import Availability, Certainty, Family, Reason, Severity, Signal
from tests.core.mind import T0, Mind, channel, probe
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


# --- routes and their hours -------------------------------------------------------------------------------------------

OFFICE = TimeInterval("office", "UTC", (Window(time(8), time(8, 30)),))  # the first half hour


def test_a_route_outside_its_hours_repeats_updates_and_reminds_of_nothing_and_tells_what_is_new_when_it_opens() -> None:
    people = crew("first", "second")
    tree = Route("root", "first", mute=("lunch",))
    lunch = TimeInterval("lunch", "UTC", (Window(time(8, 30), time(10)),))
    lookout = mind(None, people, route=tree, intervals={"lunch": lunch}, repeat=20 * MIN)
    lookout.says("x/1", WEAK)
    lookout.lives(25 * 60, 60, x_1=WEAK)
    assert said(lookout) == [("first", "opened"), ("first", "repeat")]
    lookout.lives(20 * 60, 60, x_1=WEAK)
    lookout.lives(74 * 60, 60, x_1=DOWN)
    assert len(lookout.told) == 2
    lookout.lives(120, 60, x_1=DOWN)
    assert said(lookout)[2:] == [("first", "updated")]
    assert lookout.told[2].created == T0 + timedelta(hours=2)


def test_a_taking_that_lapses_outside_the_hours_of_its_route_is_not_told_then() -> None:
    tree = Route("root", "first", active=("office",))
    lookout = mind(None, crew("first", "second"), route=tree, intervals={"office": OFFICE})
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(2 * 3600, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened")]
    assert lookout.incidents[0].phase is Phase.OPEN
    lookout.lives(22 * 3600, 300, x_1=DOWN)
    assert said(lookout)[1:2] == [("first", "repeat")]
    assert lookout.told[1].created == T0 + timedelta(days=1)


def test_a_route_put_before_others_moves_no_open_incident_to_its_hours_and_calls_nobody_twice() -> None:
    people = crew("first", "second", "room")
    people.policies["p"] = policy("p", ("second", 30))
    mine = Route("root.1", "first", "p", (parse_matcher('channel="x"'),), **AT_ONCE)
    other = Route("root.1", "room", "", (parse_matcher('channel="y"'),), active=("office",), **AT_ONCE)
    lookout = mind(None, people, route=Route("root", "room", routes=(mine,)), intervals={"office": OFFICE})
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    moved = Route("root", "room", routes=(other, replace(mine, id="root.2")))
    lookout.reload(replace(lookout.rules, route=moved))
    lookout.lives(3600, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "escalated")]
    assert [(p.route, p.muted) for p in lookout.incidents[0].pages] == [("root.2", "")]


def test_a_policy_that_is_another_by_now_does_not_call_beside_the_one_an_incident_began_with() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    root = lookout.rules.route
    assert root is not None
    lookout.reload(replace(lookout.rules, policies={"q": policy("q", ("third", 5))}, route=replace(root, policy="q")))
    lookout.lives(1200, 30, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "escalated")]


def test_the_hours_of_a_route_that_are_others_by_now_hold_for_what_is_open() -> None:
    lookout = mind(repeat=10 * MIN, intervals={"office": OFFICE})
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    root = lookout.rules.route
    assert root is not None
    lookout.reload(replace(lookout.rules, route=replace(root, mute=("office",))))
    lookout.lives(3600 - 120, 60, x_1=DOWN)
    assert lookout.told[1].created >= T0 + timedelta(minutes=30)
    assert len(lookout.incidents[0].pages) == 1


def test_what_got_worse_in_group_wait_waits_no_longer_than_the_worse_would() -> None:
    lookout = mind(wait_critical=timedelta(seconds=5), wait_warning=timedelta(seconds=30))
    lookout.says("x/1", WEAK)
    lookout.passes(2)
    lookout.says("x/1", DOWN)
    lookout.passes(60)
    assert lookout.heard() == [(7, "first/1", "opened")]


# --- silence, and people who act in it --------------------------------------------------------------------------------


def test_a_taking_that_lapses_in_a_silence_reminds_nobody_and_the_end_of_the_silence_tells_it() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.silences('channel="x"', 120)
    lookout.lives(7190, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened")]
    lookout.lives(310, 10, x_1=DOWN)
    assert said(lookout)[1:] == [("first", "updated"), ("second", "escalated")]


def test_a_taking_in_a_silence_is_told_to_services_that_keep_an_alert_and_to_no_person() -> None:
    people = crew("second", "third")
    people.person("first")
    people.person("pager", "pagerduty")
    people.teams["all"] = Team("all", "All", ("first", "pager"))
    lookout = mind(None, people, to="all")
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.silences('channel="x"', 60)
    lookout.acts(Act.ACKNOWLEDGE, by="third")
    assert said(lookout)[2:] == [("pager", "acknowledged")]


def test_whoever_has_gone_off_call_hears_nothing_of_who_takes_it_and_then_its_end() -> None:
    lookout = hourly()
    lookout.lives(3500, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(300, 10, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE, by="third")
    lookout.lives(300, 10, x_1=OK)
    assert said(lookout) == [
        ("first", "opened"), ("second", "handed_over"), ("second", "acknowledged"),
        ("first", "resolved"), ("second", "resolved"),
    ]  # fmt: skip


# --- causes and effects -----------------------------------------------------------------------------------------------


def aws(*more: ChannelRule, people: Crew | None = None, **rules: Any) -> Mind:
    """The mailer rests on AWS."""
    depends = {"aws": ("mailer",)}
    return mind(None, people, channel("aws"), channel("mailer", platform="m"), *more, depends=depends, **rules)


def test_whoever_heard_of_an_effect_and_not_of_its_cause_hears_the_end_of_the_effect() -> None:
    theirs = Route("root.1", "room", "", (parse_matcher('channel="mailer"'),), **AT_ONCE)
    lookout = aws(people=crew("first", "room"), route=Route("root", "first", routes=(theirs,)))
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, mailer_1=DOWN)
    lookout.says("aws/1", DOWN)
    lookout.lives(300, aws_1=DOWN, mailer_1=DOWN)
    lookout.lives(300, aws_1=OK, mailer_1=OK)
    assert said(lookout)[:2] == [("room", "opened"), ("first", "opened")]
    assert sorted(said(lookout)[2:]) == [("first", "resolved"), ("room", "resolved")]


def test_a_channel_that_rests_on_nothing_and_joins_what_was_told_with_its_cause_is_told() -> None:
    lookout = aws(channel("shop", platform="m"))
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, mailer_1=DOWN)
    lookout.says("aws/1", DOWN)
    lookout.lives(60, aws_1=DOWN, mailer_1=DOWN)
    lookout.says("shop/1", DOWN)
    lookout.lives(600, aws_1=DOWN, mailer_1=DOWN, shop_1=DOWN)
    assert [(n.step, n.labels["channel"]) for n in lookout.told] == [
        ("opened", ("mailer",)), ("updated", ("aws",)), ("updated", ("shop",))
    ]  # fmt: skip


def test_an_effect_that_was_in_its_group_wait_waits_again_when_its_cause_is_over() -> None:
    lookout = aws(wait_critical=timedelta(seconds=30))
    lookout.says("mailer/1", DOWN)
    lookout.passes(5)
    lookout.says("aws/1", DOWN)
    lookout.lives(300, 5, aws_1=DOWN, mailer_1=DOWN)
    lookout.lives(170, 5, aws_1=OK, mailer_1=DOWN)
    told = {(n.labels["channel"][0], n.step): n.created for n in lookout.told}
    assert told["mailer", "opened"] - told["aws", "resolved"] == timedelta(seconds=30)


def test_what_rests_on_one_channel_of_a_platform_is_told_when_that_channel_alone_is_well() -> None:
    depends = {"facebook": ("x",)}
    meta = [channel(name, platform="meta") for name in ("facebook", "instagram")]
    lookout = mind(None, None, *meta, channel("x"), depends=depends)
    for name in ("facebook", "instagram", "x"):
        lookout.says(f"{name}/1", DOWN)
    lookout.lives(300, facebook_1=DOWN, instagram_1=DOWN, x_1=DOWN)
    assert {n.labels["channel"] for n in lookout.told} == {("facebook",), ("facebook", "instagram")}
    lookout.lives(300, facebook_1=OK, instagram_1=DOWN, x_1=DOWN)
    assert ("x",) in {n.labels["channel"] for n in lookout.told}


# --- nobody is forgotten ----------------------------------------------------------------------------------------------


def test_whoever_comes_on_call_while_it_is_put_off_is_called_when_that_ends() -> None:
    lookout = hourly()
    lookout.lives(3500, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(30, 10, x_1=DOWN)
    lookout.acts(Act.SNOOZE, until=lookout.now + 30 * MIN)
    lookout.lives(1700, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened")]
    lookout.lives(200, 60, x_1=DOWN)
    assert said(lookout)[1:] == [("second", "handed_over")]


def test_whoever_comes_on_call_while_it_is_silenced_is_called_when_the_silence_ends() -> None:
    lookout = hourly()
    lookout.lives(3500, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.silences('channel="x"', 30)
    lookout.lives(1900, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "handed_over")]


def test_whoever_comes_on_call_while_it_is_taken_is_called_when_the_taking_lapses() -> None:
    lookout = hourly()
    lookout.lives(3500, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(30, 10, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(3620, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("first", "lapsed"), ("second", "handed_over")]


def test_whoever_comes_on_call_just_after_a_start_is_called_when_every_probe_has_run() -> None:
    lookout = hourly()
    lookout.lives(3500, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(30, 10, x_1=DOWN)
    lookout.lives_no_more(60)
    lookout.passes(30)
    assert said(lookout) == [("first", "opened")]
    lookout.says("x/1", DOWN)
    lookout.passes(1)
    assert said(lookout)[1:] == [("second", "handed_over")]


def test_whoever_comes_on_call_between_two_troubles_of_one_incident_is_called_to_the_second() -> None:
    lookout = hourly(interval=5 * MIN)
    lookout.lives(3200, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(30, 10, x_1=DOWN)
    lookout.lives(400, 10, x_1=OK)
    lookout.lives(600, 10, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("first", "resolved"), ("second", "opened")]
    again = lookout.incidents[0].reopened
    assert again is not None
    assert lookout.told[-1].created == again + 5 * MIN


def test_whoever_was_called_by_name_too_stays_called_when_the_shift_is_over() -> None:
    people = crew("first", "second")
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC).replace(tzinfo=None)
    people.schedule("primary", rotation=rotation("first", "second", unit=Unit.HOUR, start=start), announce=False)
    lookout = mind(policy("p", ("first", 5)), people, to="primary", repeat=30 * MIN)
    lookout.lives(3000, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(3000, 30, x_1=DOWN)
    assert ("first", "repeat") in said(lookout)


def test_a_schedule_that_is_the_fall_back_hands_over_too() -> None:
    people = crew("first", "second", "third")
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC).replace(tzinfo=None)
    people.schedule("primary", rotation=rotation("first", "second", unit=Unit.HOUR, start=start), announce=False)
    lookout = mind(policy("p", ("third", 5), fallback="primary"), people, to="third")
    lookout.lives(2700, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(1200, 30, x_1=DOWN)
    assert said(lookout)[-2:] == [("first", "escalated"), ("second", "handed_over")]


def test_what_gets_worse_while_it_is_put_off_is_called_at_once_and_escalates() -> None:
    lookout = mind(policy("p", ("second", 5)), wait_warning=MIN)
    lookout.says("x/1", WEAK)
    lookout.passes(10)
    lookout.acts(Act.SNOOZE, until=lookout.now + 60 * MIN)
    lookout.lives(30, x_1=WEAK)
    assert not lookout.told
    lookout.says("x/1", DOWN)
    lookout.lives(600, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "escalated")]


def test_an_outage_that_goes_out_of_sight_before_anybody_took_it_still_escalates() -> None:
    lookout = mind(policy("p", ("second", 10)))
    lookout.says("x/1", DOWN)
    for _ in range(20):
        lookout.fails("x/1")
        lookout.lives(60)
    assert said(lookout) == [("first", "opened"), ("second", "escalated")]


def test_news_that_does_not_arrive_goes_by_the_next_method_though_the_opening_arrived() -> None:
    people = Crew()
    people.person("first", "slack", "sms")
    lookout = mind(None, people)
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.says("x/1", DOWN)
    lookout.sends(SendOutcome.REJECTED)
    assert [(n.destination, n.step) for n in lookout.told if n.incident == "1"] == [
        ("first/1", "opened"), ("first/1", "updated"), ("first/2", "updated")
    ]  # fmt: skip


def test_news_that_reaches_nobody_who_was_called_calls_the_next_at_once() -> None:
    lookout = mind(policy("p", ("second", 60)))
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.says("x/1", DOWN)
    lookout.passes(121)
    assert said(lookout) == [("first", "opened"), ("first", "updated"), ("second", "escalated")]


def test_when_whoever_was_called_leaves_the_configuration_the_next_is_called_at_once() -> None:
    lookout = mind(policy("p", ("second", 60)))
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    fewer = mind(policy("p", ("second", 60)), crew("second", "third"), to="third")
    lookout.reload(fewer.rules)
    assert ("second", "escalated") in said(lookout)


def test_a_way_that_leaves_the_configuration_and_comes_back_is_told_anew_under_a_new_key() -> None:
    lookout = mind(None, crew("first"), repeat=10 * MIN)
    whole = lookout.rules
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.reload(replace(whole, recipients={}, destinations={}, route=None))
    lookout.lives(900, x_1=DOWN)
    assert "not_told_gone" in lookout.codes
    lookout.reload(whole)
    lookout.lives(60, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("first", "opened")]
    assert len({n.key for n in lookout.told}) == 2


def test_an_owner_who_was_never_called_hears_that_it_got_worse_and_its_end() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.acts(Act.ACKNOWLEDGE, by="third")
    lookout.lives(60, x_1=WEAK)
    lookout.lives(60, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("first", "acknowledged"), ("first", "updated"), ("third", "updated")]
    lookout.lives(300, x_1=OK)
    assert sorted(said(lookout)[4:]) == [("first", "resolved"), ("third", "resolved")]


def test_whoever_could_not_be_reached_by_any_way_is_tried_again_when_a_repeat_is_due() -> None:
    lookout = mind(None, crew("first"), repeat=30 * MIN)
    lookout.says("x/1", DOWN)
    lookout.sends(SendOutcome.REJECTED)
    lookout.lives(31 * 60, 60, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("first", "repeat")]
    lookout.lives(300, 60, x_1=OK)
    assert said(lookout)[2:] == [("first", "resolved")]


def test_whoever_got_the_opening_hears_the_end_though_what_came_after_it_was_lost() -> None:
    lookout = mind(None, crew("first"))
    lookout.says("x/1", WEAK)
    lookout.says("x/1", DOWN)
    opening, update = lookout.told
    lookout.sends(SendOutcome.DELIVERED, opening)
    lookout.sends(SendOutcome.REJECTED, update)
    lookout.lives(300, x_1=OK)
    assert said(lookout) == [("first", "opened"), ("first", "updated"), ("first", "resolved")]


def test_a_channel_that_joins_what_waits_for_a_digest_stands_in_that_digest() -> None:
    people = Crew()
    people.person("first", quiet=(Window(time(7), time(11)),), digest=time(12))
    lookout = mind(None, people, channel("a", platform="m"), channel("b", platform="m"))
    lookout.says("a/1", WEAK)
    lookout.lives(60, a_1=WEAK)
    lookout.says("b/1", WEAK)
    lookout.lives(5 * 3600, 60, a_1=WEAK, b_1=WEAK)
    assert {n.due for n in lookout.told} == {T0.replace(hour=12)}
    assert lookout.told[-1].message.title == "M: degraded since 08:00"


# --- trouble of our own -----------------------------------------------------------------------------------------------


def ours(of: Mind) -> list[tuple[Condition, Phase]]:
    return [(i.condition, i.phase) for i in of.incidents if not i.channels]


def test_trouble_of_our_own_is_over_when_what_it_is_about_leaves_the_configuration() -> None:
    people = crew("first", "second", "room")
    people.teams["all"] = Team("all", "All", ("first", "second"))
    people.schedule("empty", rotation=None)
    lookout = mind(policy("p", ("empty", 5)), people, to="all", fallback="room", watchdog=5 * MIN)
    lookout.lives(400, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.sends(SendOutcome.REJECTED, next(n for n in lookout.told if n.incident == "3"))
    opened = {Condition.SCHEDULE, Condition.DELIVERY, Condition.WATCHDOG}
    assert set(ours(lookout)) == {(c, Phase.OPEN) for c in opened}
    fewer = crew("second", "room")
    lookout.reload(mind(None, fewer, to="second", fallback="room").rules)
    assert set(ours(lookout)) == {(c, Phase.RESOLVED) for c in opened}
    lookout.lives(60, x_1=DOWN)
    assert ("second", "resolved") in said(lookout)


def test_a_schedule_on_which_nobody_relies_any_more_is_no_trouble() -> None:
    people = crew("first", "room")
    people.schedule("empty", rotation=None)
    lookout = mind(policy("p", ("empty", 5)), people, fallback="room")
    assert ours(lookout) == [(Condition.SCHEDULE, Phase.OPEN)]
    lookout.reload(replace(lookout.rules, policies={}))
    assert ours(lookout) == [(Condition.SCHEDULE, Phase.RESOLVED)]


def test_a_message_to_a_way_that_left_the_configuration_is_no_trouble_when_it_is_lost() -> None:
    lookout = mind(None, crew("first", "room"))
    lookout.says("x/1", DOWN)
    lost = lookout.told[-1]
    lookout.reload(mind(None, crew("room"), to="room").rules)
    lookout.sends(SendOutcome.REJECTED, lost)
    assert not ours(lookout)


def test_trouble_of_our_own_that_a_person_called_over_stays_over_while_it_stands_and_comes_back_after() -> None:
    lookout = mind(watchdog=5 * MIN)
    lookout.lives(360, 60, x_1=OK)
    lookout.acts(Act.RESOLVE)
    for _ in range(3):
        lookout.silences('channel="y"', 1)
        lookout.lives(1800, 60, x_1=OK)
    assert said(lookout) == [("first", "opened"), ("first", "resolved")]
    lookout.put(Watched())
    lookout.lives(1200, 60, x_1=OK)
    assert said(lookout)[2:] == [("first", "opened")]
    assert lookout.codes.count("let_go") == 1


def test_lost_messages_that_a_person_called_over_are_closed_like_any_incident_and_new_when_more_are_lost() -> None:
    people = crew("first", "second")
    people.teams["all"] = Team("all", "All", ("first", "second"))
    lookout = mind(None, people, to="all")
    lookout.says("x/1", DOWN)
    lookout.sends(SendOutcome.REJECTED, lookout.told[0])
    lookout.acts(Act.RESOLVE, "2")
    lookout.lives(1200, 60, x_1=DOWN)
    assert [i.id for i in lookout.incidents] == ["1"]
    lookout.says("x/1", OK)
    lookout.lives(121)
    lookout.put(Delivered("k", "1", "first/1", SendOutcome.EXPIRED))
    assert ours(lookout) == [(Condition.DELIVERY, Phase.OPEN)]


def test_blindness_that_a_person_called_over_is_let_go_when_we_see_out_again_also_after_a_restart() -> None:
    lookout = mind(None, None, *(channel(f"c{n}") for n in range(5)))
    for n in range(5):
        lookout.fails(f"c{n}/1", Reason.DNS)
    lookout.passes(2)
    lookout.acts(Act.RESOLVE)
    lookout.lives_no_more(30)
    for n in range(5):
        lookout.says(f"c{n}/1", OK)
    lookout.lives(1200, 60, **{f"c{n}_1": OK for n in range(5)})
    assert not lookout.incidents


def test_what_a_person_called_over_and_is_no_longer_watched_is_let_go() -> None:
    lookout = mind(None, None, channel("x"), channel("y"))
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.RESOLVE)
    lookout.reload(mind(None, None, channel("y")).rules)
    lookout.lives(1200, 60, y_1=OK)
    assert not lookout.incidents


# --- starts and ends --------------------------------------------------------------------------------------------------


def test_an_absence_is_told_though_the_first_start_after_it_was_cut_short() -> None:
    lookout = mind(None, None, channel("x"), channel("y"))
    lookout.lives(60, x_1=OK, y_1=OK)
    lookout.lives_no_more(3600)
    lookout.passes(20)
    lookout.lives_no_more(5)
    lookout.lives(60, x_1=OK, y_1=OK)
    assert said(lookout) == [("first", "down")]


def test_an_end_that_was_not_told_before_the_house_fell_again_is_told_however_long_it_lay() -> None:
    lookout = mind(None, None, channel("x"), channel("y"))
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN, y_1=OK)
    lookout.says("x/1", OK)
    lookout.passes(60)
    lookout.lives_no_more(100)
    lookout.says("x/1", OK)
    assert (lookout.incidents[0].phase, said(lookout)) == (Phase.RESOLVED, [("first", "opened")])
    lookout.lives_no_more(20 * 60)
    lookout.lives(30 * 60, 60, x_1=OK, y_1=OK)
    assert sorted(said(lookout)) == [("first", "down"), ("first", "opened"), ("first", "resolved")]
    assert not lookout.incidents


def test_a_silence_until_recovered_outlasts_another_that_holds_the_same() -> None:
    lookout = mind()
    lookout.silences('channel="x"', 600, until_recovered=True)
    lookout.says("x/1", DOWN)
    given = Silence("file/1", (parse_matcher('platform="x"'),), "first", "known", T0, T0 + timedelta(hours=1))
    lookout.reload(replace(lookout.rules, silences=(given,)))
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.NOTE, text="It is looked at anew")
    lookout.lives(2 * 3600, 60, x_1=DOWN)
    assert lookout.incidents[0].held == {"x": "silence:1"}
    assert not lookout.told
    lookout.lives(600, 60, x_1=OK)
    assert not lookout.state.silences


def test_of_two_silences_that_hold_the_same_the_older_is_named_in_every_process() -> None:
    lookout = mind()
    for _ in range(12):
        lookout.silences('channel="x"', 60)
    lookout.says("x/1", DOWN)
    assert lookout.incidents[0].held == {"x": "silence:1"}


def test_a_silence_leaves_the_state_when_its_time_is_over_though_nothing_else_happens() -> None:
    lookout = mind()
    lookout.passes(1)
    lookout.silences('channel="x"', 1)
    lookout.passes(60)
    assert not lookout.state.silences


# --- acts at odd moments ----------------------------------------------------------------------------------------------


def test_what_is_taken_before_anybody_was_called_calls_nobody_until_the_taking_lapses() -> None:
    lookout = mind(policy("p", ("second", 5)), wait_critical=MIN)
    lookout.says("x/1", DOWN)
    lookout.passes(10)
    lookout.acts(Act.ACKNOWLEDGE, by="third")
    lookout.lives(3600 - 60, 60, x_1=DOWN)
    assert not lookout.told
    lookout.lives(500, 10, x_1=DOWN)
    assert sorted(said(lookout)) == [("first", "opened"), ("second", "escalated"), ("third", "lapsed")]


def test_what_is_taken_while_it_is_held_back_is_not_told_when_that_ends() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.silences('channel="x"', 10)
    lookout.says("x/1", DOWN)
    lookout.passes(60)
    lookout.acts(Act.ACKNOWLEDGE, by="third")
    lookout.lives(1800, 60, x_1=DOWN)
    assert not lookout.told


def test_what_is_taken_just_after_a_start_stays_taken() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.says("x/1", DOWN)
    lookout.lives(240, x_1=DOWN)
    lookout.lives_no_more(100)
    lookout.acts(Act.ACKNOWLEDGE, by="third")
    lookout.lives(600, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("first", "acknowledged")]


def test_an_effect_that_was_folded_and_taken_reminds_nobody_while_its_cause_is_out() -> None:
    lookout = aws()
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, mailer_1=DOWN)
    lookout.says("aws/1", DOWN)
    lookout.passes(10)
    assert lookout.acts(Act.ACKNOWLEDGE, "1", by="second").code == "done"
    lookout.lives(3700, 60, aws_1=DOWN, mailer_1=DOWN)
    assert [n.step for n in lookout.told if n.incident == "1"] == ["opened"]


def test_a_snooze_that_ends_in_a_silence_is_quiet_until_that_ends_too() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.SNOOZE, until=lookout.now + 10 * MIN)
    lookout.silences('channel="x"', 30)
    lookout.lives(29 * 60, 30, x_1=DOWN)
    assert said(lookout) == [("first", "opened")]
    lookout.lives(60 + 330, 30, x_1=DOWN)
    assert said(lookout)[1:] == [("first", "updated"), ("second", "escalated")]


def test_a_silence_that_ends_in_a_snooze_is_quiet_until_that_ends_too() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.silences('channel="x"', 10)
    lookout.says("x/1", DOWN)
    lookout.passes(60)
    lookout.acts(Act.SNOOZE, until=lookout.now + 30 * MIN)
    lookout.lives(29 * 60, 30, x_1=DOWN)
    assert not lookout.told
    lookout.lives(60 + 330, 30, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "escalated")]


def test_silence_cause_and_quiet_hours_together_end_in_one_message_each_in_its_time() -> None:
    people = Crew()
    people.person("first", quiet=(Window(time(7), time(10)),), digest=time(11))
    lookout = aws(people=people)
    lookout.silences('channel="mailer"', 60)
    lookout.says("aws/1", DOWN)
    lookout.says("mailer/1", WEAK)
    lookout.lives(3600, 60, aws_1=DOWN, mailer_1=WEAK)
    assert [(n.labels["channel"], n.due) for n in lookout.told] == [(("aws",), None)]
    assert lookout.incidents[1].held == {"mailer": "depends:aws"}
    lookout.lives(600, 60, aws_1=OK, mailer_1=WEAK)
    mailer = [n for n in lookout.told if n.labels["channel"] == ("mailer",)]
    assert [(n.step, n.due) for n in mailer] == [("opened", T0.replace(hour=11))]


# --- people in several places -----------------------------------------------------------------------------------------


def test_a_person_in_two_teams_and_two_steps_hears_each_thing_once() -> None:
    people = crew("first", "second", "third")
    people.teams["a"] = Team("a", "A", ("first", "second"))
    people.teams["b"] = Team("b", "B", ("second", "third"))
    lookout = mind(policy("p", ("a+b+second", 5)), people, to="a")
    lookout.says("x/1", DOWN)
    lookout.lives(330, x_1=DOWN)
    assert sorted(said(lookout)) == [
        ("first", "escalated"), ("first", "opened"), ("second", "escalated"), ("second", "opened"),
        ("third", "escalated"),
    ]  # fmt: skip


def test_a_fall_back_that_was_called_already_is_called_once_more_and_then_nobody() -> None:
    lookout = mind(policy("p", ("second", 5), fallback="first"), repeat=timedelta(0))
    lookout.says("x/1", DOWN)
    lookout.lives(3600, 30, x_1=DOWN)
    assert said(lookout) == [("first", "opened"), ("second", "escalated"), ("first", "escalated")]


def test_a_repeat_a_step_and_a_second_method_that_fall_due_together_are_one_message_by_each_way() -> None:
    people = crew("second")
    people.person("first", "slack", "sms", after={2: 10 * MIN})
    lookout = mind(policy("p", ("first+second", 10)), people, repeat=10 * MIN)
    lookout.says("x/1", DOWN)
    lookout.lives(610, x_1=DOWN)
    assert sorted((n.destination, n.step) for n in lookout.told) == [
        ("first/1", "escalated"), ("first/1", "opened"), ("first/2", "opened"), ("second/1", "escalated")
    ]  # fmt: skip


def test_a_second_method_counts_from_the_reminder_when_the_taking_has_lapsed() -> None:
    people = Crew()
    people.person("first", "slack", "sms", after={2: 10 * MIN})
    lookout = mind(None, people)
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(3600 + 630, 30, x_1=DOWN)
    assert lookout.heard()[1:] == [(3660, "first/1", "lapsed"), (4260, "first/2", "opened")]


def test_without_a_route_the_ledger_says_at_the_end_of_a_silence_that_nobody_was_told() -> None:
    lookout = mind()
    lookout.reload(replace(lookout.rules, route=None))
    lookout.silences('channel="x"', 10)
    lookout.says("x/1", DOWN)
    lookout.lives(300, x_1=DOWN)
    assert "not_told_nobody" not in lookout.codes
    lookout.lives(400, x_1=DOWN)
    assert lookout.codes.count("not_told_nobody") == 1


def test_a_change_by_hand_in_the_middle_of_an_incident_hands_it_over_and_back() -> None:
    lookout = hourly(repeat=10 * MIN)
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    span = Shift("third", lookout.now, lookout.now + 15 * MIN, "override")
    lookout.put(Overridden(Override("", "primary", (span,), by="second"), "board"))
    lookout.lives(840, x_1=DOWN)
    lookout.lives(120, x_1=DOWN)
    assert said(lookout) == [
        ("first", "opened"), ("third", "handed_over"), ("third", "repeat"), ("first", "handed_over")
    ]  # fmt: skip


def test_whoever_is_on_call_when_a_step_is_due_is_called_and_not_who_was_when_it_opened() -> None:
    people = crew("first", "second", "third")
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC).replace(tzinfo=None)
    people.schedule("primary", rotation=rotation("first", "second", unit=Unit.HOUR, start=start), announce=False)
    lookout = mind(policy("p", ("primary", 20)), people, to="third")
    lookout.lives(3000, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(1250, 30, x_1=DOWN)
    assert said(lookout) == [("third", "opened"), ("second", "escalated")]


# --- our own troubles and people --------------------------------------------------------------------------------------


def test_messages_that_tell_of_lost_messages_are_lost_without_a_word_about_themselves() -> None:
    people = crew("first", "second", "third")
    people.teams["all"] = Team("all", "All", ("first", "second", "third"))
    lookout = mind(policy("p", ("all", 5), repeat=3, fallback="third"), people, to="all", repeat=30 * MIN)
    lookout.says("x/1", DOWN)
    known = 0
    for _ in range(240):
        for lost in lookout.told[known:]:
            known += 1
            lookout.sends(SendOutcome.REJECTED, lost)
        lookout.passes(60)
        lookout.says("x/1", DOWN)
    troubles = [i.subject for i in lookout.incidents if i.condition is Condition.DELIVERY]
    assert sorted(troubles) == ["first/1", "second/1", "third/1"]
    assert not [n for n in lookout.told if n.incident != "1" and n.destination == _subject(lookout, n.incident)]
    assert known < 200, f"{known} messages in four hours in which none arrived"


def _subject(of: Mind, incident: str) -> str:
    return next(i.subject for i in of.incidents if i.id == incident)


def test_while_we_are_blind_one_message_goes_out_can_be_taken_and_its_end_is_heard() -> None:
    names = [f"c{n}" for n in range(6)]
    lookout = mind(policy("p", ("second", 5)), None, *(channel(n) for n in names))
    for _ in range(4):
        for name in names:
            lookout.fails(f"{name}/1", Reason.DNS)
        lookout.lives(30)
    assert lookout.acts(Act.ACKNOWLEDGE, by="first").code == "done"
    for _ in range(40):
        for name in names:
            lookout.fails(f"{name}/1", Reason.DNS)
        lookout.lives(30)
    assert said(lookout) == [("first", "opened")]
    lookout.lives(600, 30, **{f"{n}_1": OK for n in names})
    assert said(lookout) == [("first", "opened"), ("first", "resolved")]


def test_what_a_person_called_over_is_told_again_when_it_is_worse_whatever_it_is() -> None:
    brand = Signal(
        "cut", Family.BRAND, Severity.WARNING, Certainty.OFFICIAL, "Reach was cut", lasts=timedelta(days=2)
    )  # fmt: skip
    lookout = mind(None, None, channel("x", probe("x", 1), probe("x", 2, Family.BRAND)))
    lookout.says("x/2", brand)
    lookout.lives(60, x_1=OK)
    lookout.acts(Act.RESOLVE)
    lookout.lives(3600, 60, x_1=OK)
    assert said(lookout) == [("first", "opened"), ("first", "resolved")]
    lookout.says("x/2", brand, replace(brand, key="ban", severity=Severity.CRITICAL))
    lookout.lives(60, x_1=OK)
    assert said(lookout)[2:] == [("first", "updated")]


def test_an_unknown_that_a_person_called_over_stays_over_until_it_is_known_again() -> None:
    lookout = mind()
    for _ in range(20):
        lookout.fails("x/1")
        lookout.lives(60)
    lookout.acts(Act.RESOLVE)
    for _ in range(60):
        lookout.fails("x/1")
        lookout.lives(60)
    assert said(lookout) == [("first", "opened"), ("first", "resolved")]
    lookout.lives(1200, 60, x_1=OK)
    assert not lookout.incidents


# --- digests ----------------------------------------------------------------------------------------------------------


def test_the_end_of_what_was_told_before_the_quiet_hours_comes_with_the_digest_unless_it_was_critical() -> None:
    people = Crew()
    people.person("first", quiet=(Window(time(9), time(11)),), digest=time(12))
    lookout = mind(None, people, channel("x"), channel("y"))
    lookout.says("x/1", WEAK)
    lookout.says("y/1", DOWN)
    lookout.lives(3660, 60, x_1=WEAK, y_1=DOWN)
    lookout.lives(300, 60, x_1=OK, y_1=OK)
    assert [(n.labels["channel"], n.due) for n in lookout.told if n.step == "resolved"] == [
        (("x",), T0.replace(hour=12)), (("y",), None)
    ]  # fmt: skip


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 26, (8, 7, 7)), (10, 29, (7, 8, 8))])
def test_digests_come_at_nine_by_the_wall_over_the_days_of_23_and_25_hours_once_a_day(
    month: int, day: int, hours: tuple[int, ...]
) -> None:
    people = Crew()
    people.person("first", quiet=(Window(time(20), time(8)),), digest=time(9), timezone="Europe/Paris")
    lookout = mind(None, people)
    lookout.now = datetime(2027, month, day, 12, tzinfo=UTC)
    lookout.says("x/1", OK)
    for _ in hours:
        lookout.lives(10 * 3600, 1200, x_1=OK)
        lookout.lives(1800, 300, x_1=WEAK)
        lookout.lives(13.5 * 3600, 1200, x_1=OK)
    due = sorted({n.due for n in lookout.told if n.due is not None})
    assert [(d.hour, d.minute) for d in due] == [(hour, 0) for hour in hours]


# --- sentences of alerting.md that nothing else shows -----------------------------------------------------------------


def test_what_is_in_trouble_again_and_worse_than_before_is_told_at_once_and_escalates_from_there() -> None:
    lookout = mind(policy("p", ("second", 5)), interval=10 * MIN)
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.lives(180, x_1=OK)
    again = len(lookout.told)
    lookout.says("x/1", DOWN)
    start = lookout.now
    lookout.lives(400, x_1=DOWN)
    found = [(n.destination, n.step, n.created - start) for n in lookout.told[again:]]
    assert found == [("first/1", "updated", timedelta(0)), ("second/1", "escalated", 5 * MIN)]


def test_a_message_lasts_four_hours_when_critical_else_a_day_and_from_the_digest_that_brings_it() -> None:
    people = Crew()
    people.person("first", quiet=(Window(time(7), time(10)),), digest=time(11))
    people.person("second")
    people.teams["all"] = Team("all", "All", ("first", "second"))
    lookout = mind(None, people, channel("x"), channel("y"), to="all")
    lookout.says("x/1", DOWN)
    lookout.says("y/1", WEAK)
    lasts = {(n.destination, n.critical): n.expires - n.created for n in lookout.told}
    assert lasts == {
        ("first/1", True): timedelta(hours=4), ("second/1", True): timedelta(hours=4),
        ("first/1", False): timedelta(hours=27), ("second/1", False): timedelta(hours=24),
    }  # fmt: skip


def test_an_effect_told_more_than_five_minutes_before_its_cause_stays_by_itself_and_has_its_own_end() -> None:
    lookout = aws()
    lookout.says("mailer/1", DOWN)
    lookout.lives(301, mailer_1=DOWN)
    lookout.says("aws/1", DOWN)
    lookout.lives(600, aws_1=DOWN, mailer_1=DOWN)
    lookout.lives(300, aws_1=DOWN, mailer_1=OK)
    assert [(n.step, n.labels["channel"]) for n in lookout.told] == [
        ("opened", ("mailer",)), ("opened", ("aws",)), ("resolved", ("mailer",))
    ]  # fmt: skip
    assert "incident_folded" not in lookout.codes


def test_evidence_that_is_stale_keeps_an_incident_open_marked_and_neither_resolves_nor_worsens_it() -> None:
    lookout = mind(None, None, channel("x", probe("x", 1), probe("x", 2)))
    lookout.says("x/2", OK)
    lookout.says("x/1", WEAK)
    for _ in range(60):
        lookout.fails("x/1")
        lookout.fails("x/2")
        lookout.lives(60)
    incident = lookout.incidents[0]
    assert (incident.phase, incident.severity, incident.unseen) == (Phase.OPEN, Severity.WARNING, True)
    assert lookout.codes.count("incident_unseen") == 1
    assert said(lookout) == [("first", "opened")]


def test_group_wait_and_the_steps_count_from_the_opening_over_a_restart() -> None:
    lookout = mind(policy("p", ("second", 10)), wait_critical=5 * MIN)
    lookout.lives(60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.passes(60)
    lookout.lives_no_more(90)
    lookout.says("x/1", DOWN)
    lookout.lives(149, 10, x_1=DOWN)
    assert not lookout.told
    lookout.lives(2, 1, x_1=DOWN)
    assert lookout.heard() == [(360, "first/1", "opened")]
    lookout.lives(240, x_1=DOWN)
    lookout.lives_no_more(90)
    lookout.lives(600, x_1=DOWN)
    assert lookout.heard()[1:] == [(960, "second/1", "escalated")]


def test_a_cause_that_is_taken_or_silenced_still_holds_its_effects_and_they_are_told_when_it_is_over() -> None:
    lookout = aws()
    lookout.silences('channel="aws"', 10)
    lookout.says("aws/1", DOWN)
    lookout.says("mailer/1", DOWN)
    lookout.lives(300, aws_1=DOWN, mailer_1=DOWN)
    assert not lookout.told
    lookout.lives(400, aws_1=DOWN, mailer_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE, "1", by="first")
    lookout.lives(600, aws_1=DOWN, mailer_1=DOWN)
    assert [n.labels["channel"] for n in lookout.told] == [("aws",)]
    lookout.lives(300, aws_1=OK, mailer_1=DOWN)
    assert ("mailer",) in [n.labels["channel"] for n in lookout.told]


def test_every_repeat_stops_at_the_taking_and_begins_again_when_it_lapses() -> None:
    lookout = mind(repeat=10 * MIN)
    lookout.says("x/1", DOWN)
    lookout.lives(1250, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(3600 - 10, 30, x_1=DOWN)
    lookout.lives(10 + 620, 10, x_1=DOWN)
    assert [s for _, s in said(lookout)] == ["opened", "repeat", "repeat", "lapsed", "repeat"]


def test_however_many_repeats_fall_due_together_no_step_writes_them_all_and_none_is_forgotten() -> None:
    names = [f"c{n}" for n in range(300)]
    lookout = mind(None, None, *(channel(n, probe(n, every_s=1200)) for n in names), repeat=20 * MIN)
    for name in names:
        lookout.says(f"{name}/1", DOWN)
    lookout.arrives()
    sizes = []
    lookout.now += 20 * MIN
    while lookout.state.wake is not None and lookout.state.wake <= lookout.now:
        sizes.append(len(lookout.put(Tick()).notifications))
    assert sum(sizes) == len(names)
    assert max(sizes) <= 200


def test_what_fell_due_while_the_house_was_down_leaves_the_rest_of_the_plan_where_it_was() -> None:
    crew = Crew()
    for name in ("first", "second", "third"):
        crew.person(name)
    crew.policies["p"] = policy("p", ("second", 5), ("third", 10))
    made = Mind(channel("x"), **crew.rules("first", escalation="p"))
    made.says("x/1", Availability.OPERATIONAL)
    made.passes(60)
    made.says("x/1", Availability.OUTAGE)
    made.arrives()
    made.lives_no_more(420)
    made.says("x/1", Availability.OUTAGE)
    made.lives(900, x_1=Availability.OUTAGE)
    called = {n.destination: (n.created - T0).total_seconds() for n in made.told if n.step == "escalated"}
    assert called == {"second/1": 480, "third/1": 60 + 300 + 600}
