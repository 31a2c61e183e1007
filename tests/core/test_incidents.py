"""alerting.md sections 2 and 3: the life of an incident, and when people are told of it."""

import itertools
from datetime import timedelta

import pytest

from monitor.core.incident import TRANSITIONS, Move, advance, diagram
from monitor.core.model import Condition, Configured, Decision, Destination, Phase, SendOutcome, Tick
from monitor.core.step import restore, step
from probes.base import Availability, Certainty, Family, Reason, Severity, Signal
from tests.core.mind import FIRST, T0, Mind, channel, news, probe

OK, DOWN, WEAK = Availability.OPERATIONAL, Availability.OUTAGE, Availability.DEGRADED
WORK = Availability.MAINTENANCE
META = ("facebook", "instagram", "threads", "whatsapp", "messenger")


def at_once(**rules: object) -> Mind:
    """One channel, told without waiting."""
    rules = {"wait_critical": timedelta(0), "wait_warning": timedelta(0), **rules}
    mind = Mind(channel("x"), **rules)  # type: ignore[arg-type]
    mind.says("x/1", OK)
    mind.passes(60)
    return mind


def meta() -> Mind:
    mind = Mind(*(channel(name, platform="meta") for name in META))
    for name in META:
        mind.says(f"{name}/1", OK)
    return mind


def test_an_outage_is_told_once_and_its_end_once_with_its_duration() -> None:
    mind = at_once()
    mind.says("x/1", DOWN)
    assert mind.steps == ["opened"]
    mind.repeats(600, 60, x_1=DOWN)
    mind.says("x/1", OK)
    mind.repeats(300, 60, x_1=OK)
    assert mind.steps == ["opened", "resolved"]
    assert mind.told[1].message.title == "X: works again after 12 min"
    mind.repeats(3600, 60, x_1=OK)
    assert mind.steps == ["opened", "resolved"]
    assert not mind.incidents


def test_group_wait_is_5_s_for_critical_and_30_s_for_warning() -> None:
    for state, wait_s in ((DOWN, 5), (WEAK, 30)):
        mind = Mind(channel("x"))
        mind.says("x/1", OK)
        mind.says("x/1", state)
        mind.passes(wait_s - 1)
        assert not mind.told
        mind.passes(1)
        assert mind.steps == ["opened"]


def test_trouble_that_ends_inside_group_wait_is_not_told_at_all() -> None:
    mind = Mind(channel("x"), wait_critical=timedelta(minutes=5))
    mind.says("x/1", OK)
    mind.says("x/1", DOWN)
    mind.passes(30)
    mind.repeats(900, 60, x_1=OK)
    assert not mind.told
    assert "incident_resolved" in mind.codes


def test_it_is_resolved_only_after_the_channel_has_been_good_for_long_enough() -> None:
    mind = at_once(resolve_after=timedelta(minutes=2))
    mind.says("x/1", DOWN)
    mind.says("x/1", OK)
    mind.passes(119)
    assert mind.steps == ["opened"]
    mind.says("x/1", DOWN)
    mind.passes(10)
    mind.says("x/1", OK)
    mind.passes(119)
    assert mind.steps == ["opened"]
    mind.passes(1)
    assert mind.steps == ["opened", "resolved"]


def test_getting_worse_is_told_at_once_getting_better_is_not() -> None:
    mind = at_once()
    mind.says("x/1", WEAK)
    mind.says("x/1", DOWN)
    assert mind.steps == ["opened", "updated"]
    assert "got worse" in dict(mind.told[1].message.paragraphs)["What changed"]
    mind.says("x/1", WEAK)
    mind.says("x/1", DOWN)
    assert mind.steps == ["opened", "updated"]


def test_firing_again_within_15_minutes_reopens_the_same_incident_without_a_new_page() -> None:
    mind = at_once()
    mind.says("x/1", DOWN)
    mind.says("x/1", OK)
    mind.passes(121)
    first = mind.incidents[0]
    assert first.phase is Phase.RESOLVED
    mind.says("x/1", DOWN)
    mind.passes(30)
    assert [i.id for i in mind.incidents] == [first.id]
    assert mind.incidents[0].phase is Phase.OPEN
    assert mind.steps == ["opened", "resolved"]


def test_trouble_that_came_back_and_stays_is_told_after_group_interval_and_then_its_end() -> None:
    mind = at_once()
    mind.says("x/1", DOWN)
    mind.says("x/1", OK)
    mind.passes(121)
    mind.says("x/1", DOWN)
    mind.repeats(360, 60, x_1=DOWN)
    assert mind.steps == ["opened", "resolved", "updated"]
    assert "in trouble again" in dict(mind.told[2].message.paragraphs)["What changed"]
    mind.repeats(300, 60, x_1=OK)
    assert mind.steps == ["opened", "resolved", "updated", "resolved"]


def test_after_15_minutes_it_is_a_new_incident() -> None:
    mind = at_once()
    mind.says("x/1", DOWN)
    mind.repeats(20 * 60, 60, x_1=OK)
    mind.says("x/1", DOWN)
    assert mind.steps == ["opened", "resolved", "opened"]
    assert mind.incidents[0].id == "2"


def test_meta_down_is_one_message_and_not_five() -> None:
    mind = meta()
    for name in META:
        mind.says(f"{name}/1", DOWN)
        mind.passes(0.5)
    mind.repeats(120, 60, **{f"{n}_1": DOWN for n in META})
    assert mind.steps == ["opened"]
    assert mind.incidents[0].scope == "meta"
    assert mind.told[0].message.title.startswith("Meta: outage")
    for name in META:
        mind.says(f"{name}/1", OK)
    mind.repeats(300, 60, **{f"{n}_1": OK for n in META})
    assert mind.steps == ["opened", "resolved"]


def test_a_channel_that_joins_late_is_one_update_and_one_resolve() -> None:
    mind = meta()
    mind.says("facebook/1", DOWN)
    mind.passes(10)
    mind.says("instagram/1", DOWN)
    mind.says("threads/1", DOWN)
    mind.repeats(600, 60, facebook_1=DOWN, instagram_1=DOWN, threads_1=DOWN)
    assert mind.steps == ["opened", "updated"]
    assert "Instagram and Threads" in dict(mind.told[1].message.paragraphs)["What changed"]
    mind.repeats(180, 60, facebook_1=OK, instagram_1=DOWN, threads_1=OK)
    assert mind.steps == ["opened", "updated"]
    mind.repeats(180, 60, instagram_1=OK, facebook_1=OK, threads_1=OK)
    assert mind.steps == ["opened", "updated", "resolved"]


def test_two_platforms_are_two_incidents() -> None:
    mind = Mind(channel("x"), channel("y"))
    mind.says("x/1", DOWN)
    mind.says("y/1", DOWN)
    mind.passes(10)
    assert mind.steps == ["opened", "opened"]


def test_the_resolve_goes_to_those_who_got_the_opening_and_to_no_one_else() -> None:
    second = Destination("second/1", "second", "Second", "json")
    mind = at_once(destinations=(FIRST, second))
    mind.says("x/1", DOWN)
    lost = next(n for n in mind.told if n.destination == "second/1")
    mind.sends(SendOutcome.REJECTED, lost)
    mind.says("x/1", OK)
    mind.passes(121)
    resolved = [n.destination for n in mind.told if n.step == "resolved" and n.incident == lost.incident]
    assert resolved == ["first/1"]


def test_a_message_given_up_is_a_trouble_of_ours_told_by_another_way() -> None:
    second = Destination("second/1", "second", "Second", "json")
    mind = at_once(destinations=(FIRST, second))
    mind.says("x/1", DOWN)
    mind.sends(SendOutcome.REJECTED, mind.told[0])
    mind.passes(31)
    ours = [i for i in mind.incidents if i.condition is Condition.DELIVERY]
    assert [i.subject for i in ours] == ["first/1"]
    assert [n.destination for n in mind.told if n.incident == ours[0].id] == ["second/1"]
    mind.says("x/1", OK)
    mind.passes(121)
    mind.sends(SendOutcome.DELIVERED, next(n for n in mind.told if n.destination == "first/1"))
    assert mind.incidents[-1].phase is Phase.RESOLVED


def test_without_a_receiver_the_ledger_says_that_nobody_was_told() -> None:
    mind = at_once(destinations=())
    mind.says("x/1", DOWN)
    assert not mind.told
    assert mind.codes.count("not_told_nobody") == 1


def test_unknown_is_told_when_it_lasts_15_minutes_not_before() -> None:
    mind = at_once()
    for _ in range(14):
        mind.fails("x/1")
        mind.passes(60)
    assert mind.incidents[0].phase is Phase.PENDING
    assert not mind.told
    for _ in range(2):
        mind.fails("x/1")
        mind.passes(60)
    assert mind.steps == ["opened"]
    assert mind.told[0].message.title.startswith("X: state unknown since")
    mind.says("x/1", OK)
    mind.passes(121)
    assert mind.steps == ["opened", "resolved"]


def test_unknown_that_ends_early_leaves_no_message_and_no_incident() -> None:
    mind = at_once()
    mind.fails("x/1")
    mind.passes(600)
    mind.says("x/1", OK)
    assert not mind.incidents
    assert "incident_withdrawn" in mind.codes


def test_at_a_start_first_messages_wait_until_every_probe_has_run_once() -> None:
    mind = Mind(channel("x"), channel("y"), wait_critical=timedelta(0))
    mind.says("x/1", DOWN)
    assert not mind.told
    mind.says("y/1", OK)
    mind.passes(0)
    assert mind.steps == ["opened"]


def test_at_a_start_they_wait_no_longer_than_60_s() -> None:
    mind = Mind(channel("x"), channel("y"), wait_critical=timedelta(0))
    mind.says("x/1", DOWN)
    mind.passes(59)
    assert not mind.told
    mind.passes(1)
    assert mind.steps == ["opened"]


def wide() -> Mind:
    mind = Mind(*(channel(f"c{n}") for n in range(6)), wait_critical=timedelta(0))
    for n in range(6):
        mind.says(f"c{n}/1", OK)
    mind.passes(30)
    return mind


def test_F16_when_the_network_is_gone_there_is_one_message_about_us_and_none_about_channels() -> None:
    mind = wide()
    for _ in range(40):
        for n in range(6):
            mind.fails(f"c{n}/1", Reason.DNS, "no answer to the name")
        mind.passes(60)
    assert mind.steps == ["opened"]
    assert mind.told[0].message.title.startswith("Vigie: cut off from outside")
    for n in range(6):
        mind.says(f"c{n}/1", OK)
        mind.passes(1)
    mind.passes(10)
    assert mind.steps == ["opened", "resolved"]
    assert {mind.of(f"c{n}").health.availability for n in range(6)} == {OK}


def test_an_unreadable_page_proves_that_we_can_see_out() -> None:
    mind = wide()
    for n in range(6):
        mind.fails(f"c{n}/1", Reason.FORMAT)
    mind.passes(60)
    assert mind.state.monitor.blind_since is None


def test_while_we_are_blind_an_open_incident_neither_resolves_nor_worsens() -> None:
    mind = wide()
    mind.says("c0/1", WEAK)
    mind.passes(31)
    for n in range(6):
        mind.fails(f"c{n}/1", Reason.TIMEOUT, "too slow")
    mind.passes(2)
    assert mind.state.monitor.blind_since is not None
    mind.says("c0/1", DOWN)
    assert [i.severity for i in mind.incidents if i.scope == "c0"] == [Severity.WARNING]


def test_risk_is_an_incident_of_its_own() -> None:
    mind = Mind(channel("x", probe("x", 1), probe("x", 2, Family.BRAND)))
    mind.says("x/1", OK)
    mind.says("x/2", news("Moderation cut", Severity.WARNING, "https://one.example/1"))
    mind.passes(31)
    assert mind.told[0].message.title.startswith("X: elevated brand risk")
    assert mind.incidents[0].condition is Condition.RISK


def test_low_risk_is_not_an_incident() -> None:
    mind = Mind(channel("x", probe("x", 1), probe("x", 2, Family.BRAND)))
    mind.says("x/1", OK)
    mind.says("x/2", news("a remark", Severity.INFO, "https://one.example/1"))
    mind.passes(3600 * 3)
    assert not [i for i in mind.incidents if i.condition is Condition.RISK]


def test_maintenance_is_a_state_and_no_incident() -> None:
    mind = at_once()
    mind.says("x/1", WORK)
    assert not mind.incidents


def test_our_lead_over_the_vendors_page_is_kept() -> None:
    api = probe("x", 2, Family.API, host="api.x.example", every_s=60)
    mind = Mind(channel("x", probe("x", 1), api))
    mind.says("x/1", OK)
    for _ in range(3):
        mind.says("x/2", DOWN)
    mind.repeats(600, 60, x_1=OK, x_2=DOWN)
    mind.says("x/1", DOWN)
    assert mind.incidents[0].lead_s == pytest.approx(600)
    assert mind.of("x").health.availability is DOWN


def test_a_channel_that_is_no_longer_watched_ends_its_incident_and_those_told_hear_it() -> None:
    mind = Mind(channel("x"), channel("y"), wait_critical=timedelta(0))
    mind.says("x/1", OK)
    mind.says("y/1", OK)
    mind.says("x/1", DOWN)
    mind.rules = Mind(channel("y")).rules
    mind.put(Configured())
    assert mind.steps == ["opened", "resolved"]
    assert "x" not in mind.state.channels


def test_a_reload_in_group_wait_keeps_the_timer() -> None:
    mind = Mind(channel("x"))
    mind.says("x/1", OK)
    mind.says("x/1", WEAK)
    mind.passes(20)
    mind.put(Configured())
    mind.passes(9)
    assert not mind.told
    mind.passes(1)
    assert mind.steps == ["opened"]


def test_a_restart_forgets_nothing_and_tells_nothing_twice() -> None:
    mind = at_once()
    mind.says("x/1", DOWN)
    mind.passes(30)
    kept = mind.state
    mind.state = restore(kept, mind.rules, mind.now)
    mind.put(Configured(start=True))
    mind.says("x/1", DOWN)
    mind.passes(120)
    assert mind.steps == ["opened"]
    mind.repeats(180, 60, x_1=OK)
    assert mind.steps == ["opened", "resolved"]


def test_F34_a_source_that_flaps_at_its_interval_gives_at_most_two_messages_an_hour() -> None:
    mind = at_once(resolve_after=timedelta(seconds=2))
    for turn in range(120):
        mind.says("x/1", DOWN if turn % 2 else OK)
        mind.passes(60)
    assert len(mind.told) <= 4


def test_the_same_events_give_the_same_ledger_byte_for_byte() -> None:
    mind = meta()
    for turn in range(60):
        for number, name in enumerate(META):
            mind.says(f"{name}/1", (OK, DOWN, WEAK, OK)[(turn // (number + 2)) % 4])
        mind.passes(47)
    replayed = Mind(*(channel(name, platform="meta") for name in META))
    state = type(mind.state)()
    ledger: list[Decision] = []
    for now, event in mind.events:
        taken = step(state, event, replayed.rules, now)
        state = taken.state
        ledger += taken.decisions
    assert repr(ledger).encode() == repr(mind.ledger).encode()
    assert len(ledger) > 20
    assert mind.events[0][0] == T0


def test_the_transition_table_is_closed_and_every_phase_can_be_reached_and_left() -> None:
    reached = {Phase.PENDING}
    for _ in Phase:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(Phase)
    assert {before for before, _ in TRANSITIONS} == set(Phase) - {Phase.CLOSED}
    for phase, move in itertools.product(Phase, Move):
        if (phase, move) not in TRANSITIONS:
            with pytest.raises(AssertionError, match="cannot"):
                advance(phase, move)
    assert "pending --> open: confirm" in diagram()


def test_the_resolve_tells_the_whole_of_the_trouble_not_its_last_remnant() -> None:
    mind = meta()
    for name in ("facebook", "instagram"):
        mind.says(f"{name}/1", DOWN)
    mind.passes(10)
    mind.says("facebook/1", OK)
    mind.repeats(60, 30, facebook_1=OK, instagram_1=DOWN)
    mind.repeats(300, 60, facebook_1=OK, instagram_1=OK)
    text = dict(mind.told[-1].message.paragraphs)["What happened"]
    assert mind.told[-1].step == "resolved"
    assert "Facebook:" in text
    assert "Instagram:" in text


def test_a_policy_change_is_worded_as_one_and_not_as_brand_risk() -> None:
    text, week = "Prices change on 1 December", timedelta(days=7)
    policy = Signal("p1", Family.POLICY, Severity.CRITICAL, Certainty.OFFICIAL, text, lasts=week)
    mind = Mind(channel("x", probe("x", 1), probe("x", 2, Family.POLICY)))
    mind.says("x/1", OK)
    mind.says("x/2", policy)
    mind.passes(31)
    message = mind.told[0].message
    assert message.title.startswith("X: policy change to act on")
    said = " ".join(text for _, text in message.paragraphs)
    assert "brand" not in said
    assert "vendor's own feed" in said


def test_a_tick_whose_deadline_has_moved_on_judges_nothing_anew() -> None:
    mind = at_once()
    before = mind.state.agenda["x"]
    mind.repeats(240, 60, x_1=OK)
    mind.now = before
    taken = mind.put(Tick())
    assert taken.channels == ()
    assert taken.decisions == ()
    assert mind.state.agenda["x"] > before
