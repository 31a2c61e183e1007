# ruff: noqa: ANN401 - fields of the nouns pass through
"""alerting.md section 6: who is called when nobody answers, and what an answer changes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from monitor.core.duty import Policy
from monitor.core.model import Act, Phase, SendOutcome
from monitor.core.paging import coming
from probes.base import Availability
from tests.core.mind import T0, Mind, channel
from tests.core.people import Crew, policy

OK, DOWN, WEAK = Availability.OPERATIONAL, Availability.OUTAGE, Availability.DEGRADED


def crew(*names: str) -> Crew:
    found = Crew()
    for name in names or ("first", "second", "third"):
        found.person(name)
    return found


def mind(made: Policy, people: Crew | None = None, **more: Any) -> Mind:
    """First is called at once, then by the policy; trouble begins at second 60."""
    people = people or crew()
    people.policies[made.id] = made
    found = Mind(channel("x"), **people.rules("first", escalation=made.id, **more))
    found.says("x/1", OK)
    found.passes(60)
    found.says("x/1", DOWN)
    return found


def test_nobody_answers_and_the_second_is_called_after_the_steps_delay_then_the_third() -> None:
    lookout = mind(policy("p", ("second", 5), ("third", 10)))
    lookout.lives(20 * 60, x_1=DOWN)
    assert lookout.heard() == [(60, "first/1", "opened"), (360, "second/1", "escalated"), (960, "third/1", "escalated")]


def test_each_call_says_who_is_called_next_and_when_and_when_its_reader_is_reminded() -> None:
    lookout = mind(policy("p", ("second", 5), ("third", 10)), repeat=timedelta(minutes=30))
    lookout.lives(20 * 60, x_1=DOWN)
    said = [dict(n.message.paragraphs)["When you will hear next"].splitlines()[1:] for n in lookout.told]
    assert said == [
        ["If nobody acknowledges, this goes to Second at 08:06.", "You are reminded at 08:31 if it is still open."],
        ["If nobody acknowledges, this goes to Third at 08:16.", "You are reminded at 08:36 if it is still open."],
        ["You are reminded at 08:46 if it is still open."],
    ]


def test_an_acknowledgement_stops_the_calls_and_the_repeats_and_the_others_hear_who_has_it() -> None:
    lookout = mind(policy("p", ("second", 5), ("third", 10)), repeat=timedelta(minutes=30))
    lookout.lives(6 * 60, x_1=DOWN)
    answer = lookout.acts(Act.ACKNOWLEDGE, by="second")
    assert (answer.done, answer.code) == (True, "done")
    lookout.lives(50 * 60, x_1=DOWN)
    assert lookout.heard()[2:] == [(420, "first/1", "acknowledged")]
    assert lookout.incidents[0].phase is Phase.ACKNOWLEDGED


def test_whoever_heard_of_it_hears_the_end() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.lives(6 * 60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE, by="second")
    lookout.lives(300, x_1=OK)
    assert sorted(d for _, d, _ in lookout.heard("resolved")) == ["first/1", "second/1"]


def test_an_acknowledgement_lapses_after_an_hour_with_a_reminder_and_calling_is_taken_up_again() -> None:
    lookout = mind(policy("p", ("second", 5), ("third", 10)))
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(3600 + 10 * 60, x_1=DOWN)
    assert lookout.heard()[1:] == [(3720, "first/1", "lapsed"), (4020, "second/1", "escalated")]
    assert "ack_lapsed" in lookout.codes


def test_a_warnings_acknowledgement_holds_for_eight_hours() -> None:
    lookout = Mind(channel("x"), **crew("first").rules("first"))
    lookout.says("x/1", OK)
    lookout.says("x/1", WEAK)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(8 * 3600 - 1, 60, x_1=WEAK)
    assert not lookout.heard("lapsed")
    lookout.lives(61, x_1=WEAK)
    assert len(lookout.heard("lapsed")) == 1


def test_worsening_undoes_an_acknowledgement_for_paging_and_keeps_the_owner() -> None:
    people = crew("first", "second")
    people.policies["p"] = policy("p", ("second", 5))
    lookout = Mind(channel("x"), **people.rules("first", escalation="p"))
    lookout.says("x/1", OK)
    lookout.says("x/1", WEAK)
    lookout.lives(10, x_1=WEAK)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(60, x_1=WEAK)
    lookout.says("x/1", DOWN)
    lookout.lives(6 * 60, x_1=DOWN)
    assert [s for _, _, s in lookout.heard()] == ["opened", "updated", "escalated"]
    assert lookout.incidents[0].owner == "first"
    assert lookout.incidents[0].phase is Phase.OPEN


def test_after_the_last_step_it_begins_again_so_often_and_then_the_fall_back_is_called() -> None:
    people = crew("first", "second", "room")
    lookout = mind(policy("p", ("second", 5), repeat=2, fallback="room"), people)
    lookout.lives(3600, x_1=DOWN)
    assert lookout.heard() == [
        (60, "first/1", "opened"),
        (360, "second/1", "escalated"),
        (660, "first/1", "escalated"),
        (960, "second/1", "escalated"),
        (1260, "first/1", "escalated"),
        (1560, "second/1", "escalated"),
        (1860, "room/1", "escalated"),
    ]


def test_a_step_that_resolves_to_nobody_is_skipped_at_once_and_recorded() -> None:
    people = crew("first", "third")
    people.schedule("empty", rotation=None)
    lookout = mind(policy("p", ("empty", 5), ("third", 10)), people)
    lookout.lives(6 * 60, x_1=DOWN)
    assert (360, "third/1", "escalated") in lookout.heard()
    assert "step_skipped" in lookout.codes


def test_ga1_a_step_deleted_mid_incident_does_not_stop_the_escalation() -> None:
    lookout = mind(policy("p", ("second", 5), ("third", 10)))
    lookout.lives(60, x_1=DOWN)
    people = crew()
    people.policies["p"] = policy("p")
    fresh = Mind(channel("x"), **people.rules("first", escalation="p")).rules
    lookout.reload(fresh)
    lookout.lives(20 * 60, x_1=DOWN)
    assert lookout.heard()[1:] == [(360, "second/1", "escalated"), (960, "third/1", "escalated")]


def test_ga3_down_for_three_minutes_across_several_steps_is_one_message_for_one_contact() -> None:
    lookout = mind(policy("p", ("second", 1), ("second", 1), ("second", 1)))
    lookout.lives(30, x_1=DOWN)
    lookout.lives_no_more(for_s=200)
    lookout.says("x/1", DOWN)
    lookout.lives(30, x_1=DOWN)
    assert [d for _, d, s in lookout.heard() if d == "second/1" and s == "escalated"] == ["second/1"]


def test_ga4_four_incidents_unacknowledged_repeat_together_and_one_reply_takes_all() -> None:
    lookout = Mind(*(channel(f"c{n}") for n in range(4)), **crew("first").rules("first", repeat=timedelta(minutes=30)))
    for n in range(4):
        lookout.says(f"c{n}/1", OK)
    for n in range(4):
        lookout.lives(10, 10, **{f"c{m}_1": DOWN for m in range(n)})
        lookout.says(f"c{n}/1", DOWN)
    lookout.lives(32 * 60, 30, c0_1=DOWN, c1_1=DOWN, c2_1=DOWN, c3_1=DOWN)
    repeats = [n for n in lookout.told if n.step == "repeat"]
    assert len({n.created for n in repeats}) == 1
    assert sorted(i for n in repeats for i in n.acts) == ["1", "2", "3", "4"]
    answer = lookout.acts(Act.ACKNOWLEDGE, "1", "2", "3", "4")
    assert answer.done
    assert all(i.phase is Phase.ACKNOWLEDGED for i in lookout.incidents)


def test_the_next_contact_method_is_tried_when_one_does_not_deliver_for_two_minutes() -> None:
    people = Crew()
    people.person("first", "slack", "sms")
    lookout = mind(policy("p"), people)
    lookout.passes(125)
    assert lookout.heard() == [(60, "first/1", "opened"), (180, "first/2", "opened")]


def test_a_refused_message_goes_by_the_next_method_at_once() -> None:
    people = Crew()
    people.person("first", "slack", "sms")
    lookout = mind(policy("p"), people)
    lookout.sends(SendOutcome.REJECTED)
    assert lookout.heard()[1] == (60, "first/2", "opened")


def test_when_all_methods_fail_the_next_step_is_called_at_once_and_in_the_end_the_fall_back() -> None:
    people = crew("first", "second", "room")
    lookout = mind(policy("p", ("second", 30), fallback="room"), people)
    lookout.passes(5 * 60)
    assert lookout.heard()[:3] == [
        (60, "first/1", "opened"), (180, "second/1", "escalated"), (300, "room/1", "escalated")
    ]  # fmt: skip


def test_without_a_policy_the_fall_back_is_called_when_nobody_can_be_reached() -> None:
    people = crew("first", "room")
    lookout = Mind(channel("x"), **people.rules("first", fallback="room"))
    lookout.says("x/1", OK)
    lookout.says("x/1", DOWN)
    lookout.sends(SendOutcome.REJECTED)
    assert ("room/1", "escalated") in [(d, s) for _, d, s in lookout.heard()]


def test_a_second_method_is_used_too_when_nobody_takes_it_for_so_long() -> None:
    people = Crew()
    people.person("first", "slack", "sms", after={2: timedelta(minutes=2)})
    lookout = mind(policy("p"), people)
    lookout.lives(10 * 60, x_1=DOWN)
    assert lookout.heard() == [(60, "first/1", "opened"), (180, "first/2", "opened")]


def test_it_is_told_again_after_repeat_interval_while_nobody_took_it() -> None:
    lookout = mind(policy("p"), repeat=timedelta(hours=1))
    lookout.lives(3 * 3600 - 60, 60, x_1=DOWN)
    assert [s for _, _, s in lookout.heard()] == ["opened", "repeat", "repeat"]


def test_a_snooze_keeps_everybody_quiet_until_it_ends() -> None:
    lookout = mind(policy("p", ("second", 5)), repeat=timedelta(minutes=20))
    lookout.lives(60, x_1=DOWN)
    assert [due for due, _ in coming(lookout.incidents[0])] == [T0 + timedelta(minutes=6)]
    assert lookout.acts(Act.SNOOZE, until=lookout.now + timedelta(hours=1)).done
    assert coming(lookout.incidents[0]) == (), "nobody is called next while it is put off"
    lookout.lives(3600 - 20, x_1=DOWN)
    assert len(lookout.heard()) == 1
    lookout.lives(30, x_1=DOWN)
    assert [s for _, _, s in lookout.heard()] == ["opened", "repeat"]
    lookout.lives(6 * 60, x_1=DOWN)
    assert lookout.heard()[-1][1:] == ("second/1", "escalated")


def test_whoever_takes_what_was_put_off_has_it_for_as_long_as_any_taking_lasts() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.lives(60, x_1=DOWN)
    lookout.acts(Act.SNOOZE, until=lookout.now + timedelta(hours=3))
    lookout.acts(Act.ACKNOWLEDGE)
    assert lookout.incidents[0].snoozed is None, "every door would name the end of the snooze"
    lookout.lives(3600 + 6 * 60, x_1=DOWN)
    assert [(d, s) for _, d, s in lookout.heard()[1:]] == [("first/1", "lapsed"), ("second/1", "escalated")]


def test_resolved_by_hand_it_stays_over_while_its_trouble_stands_and_comes_back_when_it_gets_worse() -> None:
    lookout = Mind(channel("x"), **crew("first").rules("first"))
    lookout.says("x/1", OK)
    lookout.says("x/1", WEAK)
    lookout.lives(30, x_1=WEAK)
    assert lookout.acts(Act.RESOLVE).done
    lookout.lives(3600, 60, x_1=WEAK)
    assert [s for _, _, s in lookout.heard()] == ["opened", "resolved"]
    lookout.says("x/1", DOWN)
    lookout.lives(600, x_1=DOWN)
    assert [s for _, _, s in lookout.heard()] == ["opened", "resolved", "updated"]


def test_resolved_by_hand_and_well_later_it_counts_anew() -> None:
    lookout = Mind(channel("x"), **crew("first").rules("first"))
    lookout.says("x/1", OK)
    lookout.says("x/1", DOWN)
    lookout.lives(30, x_1=DOWN)
    lookout.acts(Act.RESOLVE)
    lookout.lives(1800, 60, x_1=DOWN)
    lookout.lives(1800, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    assert [s for _, _, s in lookout.heard()] == ["opened", "resolved", "opened"]


def test_who_gives_their_name_in_place_of_their_id_is_the_same_person() -> None:
    people = crew("first", "second")
    people.recipients["first"] = replace(people.recipients["first"], name="First on call")
    lookout = mind(policy("p", ("second", 5)), people)
    lookout.acts(Act.ACKNOWLEDGE, by="first on  Call ")
    assert [i.owner for i in lookout.incidents] == ["first"]
    assert lookout.acts(Act.TAKE_OVER, by="FIRST").code == "already"
    assert [s for _, _, s in lookout.heard()] == ["opened"], "who took it need not be told so"
    lookout.lives(61 * 60, x_1=DOWN)
    assert lookout.heard("lapsed") == [(3660, "first/1", "lapsed")]


def test_taking_twice_is_answered_by_who_took_it_when_and_changes_nothing() -> None:
    lookout = mind(policy("p"))
    lookout.acts(Act.ACKNOWLEDGE)
    before = lookout.state.incidents
    answer = lookout.acts(Act.ACKNOWLEDGE, by="second")
    assert (answer.done, answer.code) == (True, "already")
    assert "First" in answer.text
    assert "08:01" in answer.text
    assert lookout.state.incidents == before


def test_taking_over_changes_the_owner_and_the_others_hear_it() -> None:
    lookout = mind(policy("p", ("second", 5)))
    lookout.lives(6 * 60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.acts(Act.TAKE_OVER, by="second")
    assert lookout.incidents[0].owner == "second"
    assert lookout.heard()[-1][1:] == ("first/1", "handed_over")


def test_an_act_on_what_is_unknown_pending_or_over_changes_nothing_and_says_so() -> None:
    lookout = mind(policy("p"))
    assert lookout.acts(Act.ACKNOWLEDGE, "99").code == "unknown"
    lookout.lives(300, x_1=OK)
    assert (lookout.acts(Act.ACKNOWLEDGE).code, lookout.acts(Act.ACKNOWLEDGE).done) == ("over", True)


def test_a_note_stands_in_the_ledger_with_who_and_by_which_door() -> None:
    lookout = mind(policy("p"))
    assert lookout.acts(Act.NOTE, text="The vendor is looking at it").done
    row = lookout.ledger[-1]
    assert (row.code, row.text) == ("noted", "First noted by board: The vendor is looking at it")
    assert row.incident == lookout.incidents[0].id


def test_an_escalation_that_fell_due_while_it_was_silenced_begins_where_it_was_left() -> None:
    lookout = mind(policy("p", ("second", 5), ("third", 5)))
    lookout.lives(60, x_1=DOWN)
    lookout.silences('channel="x"', 30)
    lookout.lives(30 * 60 + 60, 30, x_1=DOWN)
    assert [d for _, d, _ in lookout.heard()] == ["first/1", "first/1"]
    lookout.lives(5 * 60, 30, x_1=DOWN)
    assert lookout.heard()[-1][1:] == ("second/1", "escalated")


def test_in_trouble_again_it_is_nobodys_and_the_steps_follow_from_the_first() -> None:
    people = crew("first", "second", "room")
    lookout = mind(policy("p", ("second", 5), fallback="room"), people, interval=timedelta(minutes=3))
    lookout.lives(6 * 60, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE, by="second")
    lookout.lives(200, x_1=OK)
    known = len(lookout.told)
    lookout.says("x/1", DOWN)
    again = (lookout.now - T0).total_seconds()
    lookout.lives(9 * 60, x_1=DOWN)
    assert lookout.incidents[0].owner == ""
    assert [(t - again, d, s) for t, d, s in lookout.heard()[known:]] == [
        (180, "first/1", "updated"), (180, "second/1", "updated"), (480, "second/1", "escalated")
    ]  # fmt: skip


def test_in_trouble_again_without_a_policy_nobody_else_is_called() -> None:
    people = crew("first", "room")
    lookout = Mind(channel("x"), **people.rules("first", fallback="room", interval=timedelta(minutes=3)))
    lookout.says("x/1", OK)
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    lookout.lives(200, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(1800, 30, x_1=DOWN)
    assert {d for _, d, _ in lookout.heard()} == {"first/1"}
