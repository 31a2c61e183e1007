# ruff: noqa: ANN401 - fields of the nouns pass through
"""alerting.md sections 4 and 5: what is not told for a while, and what follows when it may be."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from monitor.core.duty import Maintenance, Route, Silence, TimeInterval, Window
from monitor.core.matching import parse_matcher
from monitor.core.model import Gather, Phase, Unsilenced
from probes.base import Availability
from tests.core.mind import T0, Mind, channel
from tests.core.people import AT_ONCE, Crew, policy

OK, DOWN, WEAK = Availability.OPERATIONAL, Availability.OUTAGE, Availability.DEGRADED


def people(*names: str) -> Crew:
    crew = Crew()
    for name in names or ("first",):
        crew.person(name)
    return crew


def mind(*names: str, **rules: Any) -> Mind:
    """Channels that are well at the start, each its own platform; first is told at once."""
    found = Mind(*(channel(n) for n in names), **people().rules("first", **rules))
    for name in names:
        found.says(f"{name}/1", OK)
    return found


def steps(of: Mind, incident: str = "") -> list[str]:
    return [n.step for n in of.told if incident in ("", n.incident)]


# --- silences ---------------------------------------------------------------------------------------------------------


def test_what_is_silenced_is_not_told_and_stands_on_the_board_and_in_the_ledger() -> None:
    lookout = mind("x")
    lookout.silences('channel="x"', 60)
    lookout.says("x/1", DOWN)
    lookout.lives(600, x_1=DOWN)
    assert not lookout.told
    assert lookout.of("x").health.availability is DOWN
    assert lookout.incidents[0].held == {"x": "silence:1"}
    assert "held_silence" in lookout.codes


def test_when_a_silence_ends_with_trouble_still_there_it_is_told_at_once() -> None:
    lookout = mind("x", wait_critical=timedelta(seconds=30))
    lookout.silences('channel="x"', 10)
    lookout.says("x/1", DOWN)
    lookout.lives(700, 10, x_1=DOWN)
    assert lookout.heard() == [(600, "first/1", "opened")]


def test_who_was_told_before_the_silence_hears_once_at_its_end_that_it_still_stands() -> None:
    lookout = mind("x")
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.silences('channel="x"', 10)
    lookout.lives(900, 10, x_1=DOWN)
    assert lookout.heard() == [(0, "first/1", "opened"), (660, "first/1", "updated")]


def test_if_the_firing_was_delivered_so_is_the_resolve_silence_or_not() -> None:
    lookout = mind("x")
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.silences('channel="x"', 60)
    lookout.lives(600, x_1=OK)
    assert steps(lookout) == ["opened", "resolved"]


def test_what_began_and_ended_in_a_silence_is_told_to_nobody() -> None:
    lookout = mind("x")
    lookout.silences('channel="x"', 60)
    lookout.says("x/1", DOWN)
    lookout.lives(600, x_1=OK)
    lookout.lives(3600, 60, x_1=OK)
    assert not lookout.told


def test_a_silence_until_recovered_ends_when_its_trouble_does() -> None:
    lookout = mind("x")
    lookout.says("x/1", DOWN)
    lookout.silences('channel="x"', 24 * 60, until_recovered=True)
    lookout.lives(600, x_1=OK)
    assert not lookout.state.silences
    lookout.says("x/1", DOWN)
    lookout.lives(1200, x_1=DOWN)
    assert steps(lookout)[-1] == "updated"


def test_ending_a_silence_by_hand_tells_what_still_stands() -> None:
    lookout = mind("x")
    lookout.silences('channel="x"', 60)
    lookout.says("x/1", DOWN)
    taken = lookout.put(Unsilenced("1", "first", "cli"))
    assert [s.end for s in taken.ended_silences] == [lookout.now]
    assert steps(lookout) == ["opened"]
    assert "unsilenced" in lookout.codes


def test_a_silence_that_makes_no_sense_is_refused_and_changes_nothing() -> None:
    lookout = mind("x")
    before = lookout.state
    for matcher, minutes in (
        ('channel!="y"', 10),
        ('channel="x"', -1),
        ('channel="x"', 31 * 24 * 60),
        ('channel="x"', 0),
    ):
        answer = lookout.silences(matcher, minutes)
        assert (answer.done, answer.code) == (False, "invalid")
    assert lookout.state.silences == before.silences


def test_a_silence_of_the_file_holds_too_and_cannot_be_ended_by_hand() -> None:
    given = Silence("file/1", (parse_matcher('channel="x"'),), "first", "known", T0, T0 + timedelta(hours=1))
    lookout = mind("x", silences=(given,))
    lookout.says("x/1", DOWN)
    assert not lookout.told
    assert lookout.put(Unsilenced("file/1", "first", "cli")).answer.code == "invalid"  # type: ignore[union-attr]


# --- dependencies -----------------------------------------------------------------------------------------------------


def test_while_what_it_rests_on_is_out_only_that_is_told() -> None:
    lookout = mind("aws", "mailer", depends={"aws": ("mailer",)})
    lookout.says("aws/1", DOWN)
    lookout.says("mailer/1", DOWN)
    lookout.lives(600, aws_1=DOWN, mailer_1=DOWN)
    assert [n.labels["channel"] for n in lookout.told] == [("aws",)]


def test_an_effect_told_just_before_its_cause_is_folded_into_it_as_one_update_and_one_resolve() -> None:
    lookout = mind("aws", "mailer", depends={"aws": ("mailer",)})
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, mailer_1=DOWN)
    lookout.says("aws/1", DOWN)
    lookout.lives(600, aws_1=DOWN, mailer_1=DOWN)
    assert [(n.step, n.labels["channel"]) for n in lookout.told] == [("opened", ("mailer",)), ("updated", ("aws",))]
    lookout.lives(600, aws_1=OK, mailer_1=OK)
    assert [(n.step, n.labels["channel"]) for n in lookout.told[2:]] == [("resolved", ("aws",))]


def test_an_effect_that_still_fails_when_its_cause_is_over_is_told() -> None:
    lookout = mind("aws", "mailer", depends={"aws": ("mailer",)}, wait_critical=timedelta(seconds=5))
    lookout.says("aws/1", DOWN)
    lookout.says("mailer/1", DOWN)
    lookout.lives(300, 5, aws_1=DOWN, mailer_1=DOWN)
    lookout.lives(300, 5, aws_1=OK, mailer_1=DOWN)
    told = [(n.step, n.labels["channel"]) for n in lookout.told]
    assert told == [("opened", ("aws",)), ("resolved", ("aws",)), ("opened", ("mailer",))]
    when = {n.step + n.labels["channel"][0]: n.created for n in lookout.told}
    assert when["openedmailer"] - when["resolvedaws"] == timedelta(seconds=5)


def test_an_effect_folded_and_left_over_is_told_as_an_update_and_has_its_own_end() -> None:
    lookout = mind("aws", "mailer", depends={"aws": ("mailer",)})
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, mailer_1=DOWN)
    lookout.says("aws/1", DOWN)
    lookout.lives(300, aws_1=DOWN, mailer_1=DOWN)
    lookout.lives(300, aws_1=OK, mailer_1=DOWN)
    lookout.lives(300, aws_1=OK, mailer_1=OK)
    assert steps(lookout, "1") == ["opened", "updated", "resolved"]


def test_a_weak_cause_a_stale_one_and_an_effect_on_the_brand_are_not_held() -> None:
    lookout = mind("aws", "mailer", depends={"aws": ("mailer",)})
    lookout.says("aws/1", WEAK)
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, aws_1=WEAK, mailer_1=DOWN)
    assert {n.labels["channel"] for n in lookout.told} == {("aws",), ("mailer",)}


def test_a_restart_does_not_tell_what_is_held() -> None:
    lookout = mind("aws", "mailer", depends={"aws": ("mailer",)})
    lookout.says("aws/1", DOWN)
    lookout.says("mailer/1", DOWN)
    lookout.lives(60, aws_1=DOWN, mailer_1=DOWN)
    lookout.lives_no_more(60)
    lookout.says("mailer/1", DOWN)
    lookout.passes(2)
    lookout.says("aws/1", DOWN)
    lookout.lives(300, aws_1=DOWN, mailer_1=DOWN)
    assert [n.labels["channel"] for n in lookout.told] == [("aws",)]


# --- our own work, time intervals -------------------------------------------------------------------------------------


def test_our_own_work_holds_back_while_it_lasts_each_time_it_recurs() -> None:
    work = Maintenance(
        "deploy", (parse_matcher('channel="x"'),), datetime(2026, 11, 1, 8, 5, tzinfo=UTC).replace(tzinfo=None),
        timedelta(minutes=10), "UTC", "FREQ=DAILY",
    )  # fmt: skip
    lookout = mind("x", maintenance=(work,))
    lookout.lives(360, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(480, 10, x_1=DOWN)
    assert not lookout.told
    lookout.lives(120, 10, x_1=DOWN)
    assert lookout.heard() == [(900, "first/1", "opened")]


def test_a_route_outside_its_active_time_sends_nothing_until_it_is_open_again() -> None:
    office = TimeInterval("office", "UTC", (Window(time(9, 0), time(17, 0)),))
    crew = people("first", "room")
    tree = Route("root", "first", routes=(Route("root.1", "room", active=("office",)),))
    lookout = Mind(channel("x"), **crew.rules("first", route=tree, intervals={"office": office}))
    lookout.says("x/1", OK)
    lookout.says("x/1", DOWN)
    lookout.lives(3500, 60, x_1=DOWN)
    assert not lookout.told
    assert "held_interval" in lookout.codes
    lookout.lives(200, 60, x_1=DOWN)
    assert lookout.heard() == [(3600, "room/1", "opened")]


# --- quiet hours ------------------------------------------------------------------------------------------------------


def sleeper(**more: Any) -> Mind:
    """First has quiet hours from 7 to 11; it is 8."""
    crew = Crew()
    crew.person("first", quiet=(Window(time(7, 0), time(11, 0)),), digest=time(12, 0))
    lookout = Mind(channel("x"), channel("y"), **crew.rules("first", **more))
    for name in "xy":
        lookout.says(f"{name}/1", OK)
    return lookout


def test_in_quiet_hours_what_is_critical_passes_and_the_rest_waits_for_the_digest() -> None:
    lookout = sleeper()
    lookout.says("x/1", DOWN)
    lookout.says("y/1", WEAK)
    critical, weak = lookout.told
    assert (critical.due, critical.gather) == (None, Gather.NONE)
    assert (weak.due, weak.gather) == (T0.replace(hour=12), Gather.DIGEST)
    assert "held_quiet" in lookout.codes


def test_what_gets_critical_in_quiet_hours_is_told_at_once() -> None:
    lookout = sleeper()
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.says("x/1", DOWN)
    assert [(n.step, n.due is None) for n in lookout.told] == [("opened", False), ("updated", True)]


def test_what_is_over_before_the_digest_stands_there_as_over() -> None:
    lookout = sleeper()
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.lives(300, x_1=OK)
    assert [(n.step, n.due) for n in lookout.told] == [
        ("opened", T0.replace(hour=12)),
        ("resolved", T0.replace(hour=12)),
    ]


def test_an_escalation_waits_for_the_digest_that_brings_the_message() -> None:
    crew = Crew()
    crew.person("first", quiet=(Window(time(7, 0), time(11, 0)),), digest=time(12, 0))
    crew.person("second")
    crew.policies["p"] = policy("p", ("second", 5))
    lookout = Mind(channel("x"), **crew.rules("first", escalation="p"))
    lookout.says("x/1", OK)
    lookout.says("x/1", WEAK)
    lookout.lives(4 * 3600 + 290, 60, x_1=WEAK)
    assert [n.destination for n in lookout.told] == ["first/1"]
    lookout.lives(60, 10, x_1=WEAK)
    assert lookout.told[-1].destination == "second/1"


# --- routes -----------------------------------------------------------------------------------------------------------


def test_what_gets_worse_takes_the_routes_of_the_worse_too_and_whoever_heard_hears_on() -> None:
    crew = people("room", "first")
    tree = Route(
        "root", "room",
        routes=(Route("root.1", "first", matchers=(parse_matcher('severity="critical"'),), **AT_ONCE),),
    )  # fmt: skip
    lookout = Mind(channel("x"), **crew.rules("room", route=tree))
    lookout.says("x/1", OK)
    lookout.says("x/1", WEAK)
    lookout.lives(60, x_1=WEAK)
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.lives(300, x_1=OK)
    assert [(n.destination, n.step) for n in lookout.told] == [
        ("room/1", "opened"), ("room/1", "updated"), ("first/1", "opened"),
        ("room/1", "resolved"), ("first/1", "resolved"),
    ]  # fmt: skip
    assert lookout.incidents[0].phase is Phase.RESOLVED


def test_two_routes_to_the_same_receiver_and_policy_call_everybody_once() -> None:
    crew = people("first", "second")
    crew.policies["p"] = policy("p", ("second", 5))
    tree = Route(
        "root", "first", "p", routes=(Route("root.1", "first", "p", matchers=(parse_matcher('channel="a"'),)),)
    )
    lookout = Mind(channel("a", platform="m"), channel("b", platform="m"), **crew.rules("first", route=tree))
    for name in "ab":
        lookout.says(f"{name}/1", OK)
    for name in "ab":
        lookout.says(f"{name}/1", DOWN)
    lookout.lives(400, a_1=DOWN, b_1=DOWN)
    assert len(lookout.incidents[0].pages) == 1
    assert lookout.codes.count("told_escalated") == 1
