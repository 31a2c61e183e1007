# ruff: noqa: ANN401 - fields of the nouns pass through
"""alerting.md sections 7 and 9 in the mind: handoffs, reminders, imports, absence, drills, reports."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from monitor.core.audit import overdue
from monitor.core.duty import Launch, Override, Shift, Unit
from monitor.core.model import (
    Act,
    Alive,
    Condition,
    Drilled,
    Gather,
    Imported,
    Overridden,
    Phase,
    Restored,
    State,
    Watched,
)  # fmt: skip
from probes.base import Availability, Certainty, Family, Severity, Signal
from tests.core.mind import T0, Mind, channel, probe, said
from tests.core.people import Crew, policy, rotation

OK, DOWN = Availability.OPERATIONAL, Availability.OUTAGE


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 22, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def hourly(**more: Any) -> Mind:
    """First and second take turns of an hour, from 8 on, which is now."""
    crew = Crew()
    crew.person("first")
    crew.person("second")
    turns = rotation("first", "second", unit=Unit.HOUR, start=local(8))
    crew.schedule("primary", rotation=turns, **{n: more.pop(n) for n in ("notice", "announce") if n in more})
    crew.policies["p"] = policy("p", ("primary", 30))
    lookout = Mind(channel("x"), **crew.rules("primary", **more))
    lookout.says("x/1", OK)
    return lookout


# --- handoffs ---------------------------------------------------------------------------------------------------------


def test_whoever_is_on_call_when_the_message_is_due_gets_it() -> None:
    lookout = hourly()
    lookout.lives(3590, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    assert lookout.told[-1].destination == "first/1"


def test_at_a_handoff_the_new_one_gets_a_test_page_exactly_once() -> None:
    lookout = hourly()
    lookout.lives(3 * 3600 + 30, 60, x_1=OK)
    assert lookout.heard() == [
        (3600, "second/1", "handoff"), (7200, "first/1", "handoff"), (10800, "second/1", "handoff")
    ]  # fmt: skip


def test_what_is_open_is_handed_over_and_whoever_leaves_hears_only_the_end() -> None:
    lookout = hourly(repeat=timedelta(minutes=20))
    lookout.lives(3000, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(2400, 30, x_1=DOWN)
    lookout.lives(300, 30, x_1=OK)
    said_to = [(round(t), d, s) for t, d, s in lookout.heard()]
    assert said_to[:3] == [
        (3000, "first/1", "opened"), (3600, "second/1", "handed_over"), (3600, "second/1", "handoff")
    ]  # fmt: skip
    assert not [d for t, d, s in said_to if t > 3600 and d == "first/1" and s != "resolved"]
    assert {d for _, d, s in said_to if s == "resolved"} == {"first/1", "second/1"}


def test_an_acknowledged_incident_stays_with_its_owner_over_a_handoff() -> None:
    lookout = hourly()
    lookout.lives(3500, 60, x_1=OK)
    lookout.says("x/1", DOWN)
    lookout.lives(30, 10, x_1=DOWN)
    lookout.acts(Act.ACKNOWLEDGE)
    lookout.lives(600, 60, x_1=DOWN)
    assert lookout.incidents[0].owner == "first"
    assert not lookout.heard("handed_over")
    handoff = next(n for n in lookout.told if n.step == "handoff")
    assert handoff.acts == (lookout.incidents[0].id,)


def test_a_restart_at_a_handoff_announces_it_once() -> None:
    lookout = hourly()
    lookout.lives(3590, 60, x_1=OK)
    lookout.lives_no_more(30)
    lookout.says("x/1", OK)
    lookout.lives(120, 30, x_1=OK)
    assert [s for _, _, s in lookout.heard()] == ["handoff"]


def test_ga10_the_reminder_at_a_time_of_day_comes_exactly_once_a_day() -> None:
    lookout = hourly(notice=time(9, 30), announce=False)
    for _ in range(3):
        lookout.lives(86400, 1200, x_1=OK)
    assert [t for t, _, s in lookout.heard() if s == "duty"] == [5400, 5400 + 86400, 5400 + 2 * 86400]


def test_ga10_a_reminder_late_in_the_evening_comes_on_the_day_after_the_clocks_passed_over_it_too() -> None:
    crew = Crew()
    crew.person("first")
    turns = rotation("first", start=local(8))
    crew.schedule("primary", rotation=turns, timezone="America/Nuuk", notice=time(23, 30), announce=False)
    lookout = Mind(channel("x"), **crew.rules("primary"))
    lookout.says("x/1", OK)
    lookout.lives_no_more((datetime(2027, 3, 26, 12, tzinfo=UTC) - lookout.now).total_seconds())
    lookout.lives(5 * 86400, 1800, x_1=OK)
    came = [T0 + timedelta(seconds=t) for t, _, s in lookout.heard() if s == "duty" and t > 100 * 86400]
    assert [f"{at:%d %H:%M}" for at in came] == ["26 12:00", "27 01:30", "28 01:00", "29 00:30", "30 00:30", "31 00:30"]


def test_a_schedule_with_nobody_on_call_is_a_trouble_of_ours_told_to_the_fall_back() -> None:
    crew = Crew()
    crew.person("first")
    crew.person("room")
    crew.schedule("primary", rotation=None)
    lookout = Mind(channel("x"), **crew.rules("primary", fallback="room"))
    lookout.says("x/1", OK)
    lookout.passes(10)
    trouble = next(i for i in lookout.incidents if i.condition is Condition.SCHEDULE)
    assert trouble.subject == "primary"
    assert [(n.destination, n.incident) for n in lookout.told] == [("room/1", trouble.id)]


# --- by hand ----------------------------------------------------------------------------------------------------------


def override(lookout: Mind, person: str, start_s: float, end_s: float) -> str:
    spans = (
        Shift(person, lookout.now + timedelta(seconds=start_s), lookout.now + timedelta(seconds=end_s), "override"),
    )
    answer = lookout.put(Overridden(Override("", "primary", spans, by="first"), "board")).answer
    assert answer is not None
    return answer.code


def test_an_override_counts_at_once_and_can_be_taken_back() -> None:
    lookout = hourly()
    assert override(lookout, "second", 0, 1800) == "done"
    assert [(d, s) for _, d, s in lookout.heard()] == [("second/1", "handoff")]
    lookout.passes(600)
    taken = lookout.put(Restored("1", "first", "board"))
    assert [(s.start, s.end) for o in taken.ended_overrides for s in o.spans] == [(T0, T0 + timedelta(seconds=600))]
    assert lookout.state.schedules["primary"].on_call == ("first",)


def test_ga9_of_two_overlapping_overrides_the_second_is_refused_whole() -> None:
    lookout = hourly()
    assert override(lookout, "second", 600, 1800) == "done"
    assert override(lookout, "first", 1200, 2400) == "conflict"
    assert len(lookout.state.overrides) == 1


def test_an_override_for_nobody_or_that_ends_before_it_starts_is_refused() -> None:
    lookout = hourly()
    assert override(lookout, "stranger", 600, 1800) == "invalid"
    assert override(lookout, "second", 1800, 600) == "invalid"
    assert not lookout.state.overrides


def test_an_override_taken_back_before_it_began_has_held_for_no_time() -> None:
    lookout = hourly()
    override(lookout, "second", 600, 1800)
    taken = lookout.put(Restored("1", "first", "board"))
    assert [s.end - s.start for o in taken.ended_overrides for s in o.spans] == [timedelta(0)]


def test_an_override_that_is_over_leaves_the_state() -> None:
    lookout = hourly()
    override(lookout, "second", 0, 600)
    lookout.lives(900, 60, x_1=OK)
    assert not lookout.state.overrides


# --- imports ----------------------------------------------------------------------------------------------------------


def imported() -> Mind:
    crew = Crew()
    crew.person("first")
    crew.person("second")
    crew.schedule("primary", rotation=None, imported=True)
    lookout = Mind(channel("x"), **crew.rules("primary"))
    lookout.says("x/1", OK)
    return lookout


def test_an_import_is_taken_and_one_that_fails_leaves_the_last_good_copy() -> None:
    lookout = imported()
    lookout.put(Imported("primary", (Shift("second", T0, T0 + timedelta(days=1), "import"),)))
    lookout.put(Imported("primary", None, "it answers 404"))
    lookout.says("x/1", DOWN)
    assert lookout.told[-1].destination == "second/1"
    assert lookout.state.schedules["primary"].fault == "it answers 404"
    assert "import_failed" in lookout.codes


def test_before_the_first_import_is_tried_an_empty_schedule_is_no_trouble_and_after_it_failed_it_is() -> None:
    lookout = imported()
    lookout.passes(30)
    assert not lookout.incidents
    lookout.put(Imported("primary", None, "nobody answers"))
    assert [i.condition for i in lookout.incidents] == [Condition.SCHEDULE]


# --- the dead man's switch, absence -----------------------------------------------------------------------------------


def simple(**rules: Any) -> Mind:
    crew = Crew()
    crew.person("first")
    lookout = Mind(channel("x"), **crew.rules("first", **rules))
    lookout.says("x/1", OK)
    return lookout


def test_five_minutes_without_the_watchdog_are_told_and_its_return_too() -> None:
    lookout = simple(watchdog=timedelta(minutes=5))
    for _ in range(5):
        lookout.put(Watched())
        lookout.lives(60, 30, x_1=OK)
    assert not lookout.told
    lookout.lives(300, 30, x_1=OK)
    assert [s for _, _, s in lookout.heard()] == ["opened"]
    assert lookout.incidents[0].condition is Condition.WATCHDOG
    lookout.put(Watched())
    lookout.lives(60, 30, x_1=OK)
    assert [s for _, _, s in lookout.heard()] == ["opened", "resolved"]


def test_after_more_than_two_minutes_of_absence_people_hear_from_when_to_when_and_what_was_missed() -> None:
    lookout = simple()
    lookout.lives(60, x_1=OK)
    lookout.put(Alive())
    lookout.lives_no_more(1800)
    lookout.says("x/1", DOWN)
    lookout.lives(60, x_1=DOWN)
    down = next(n for n in lookout.told if n.step == "down")
    text = str(down.message)
    assert "08:01" in text
    assert "08:31" in text
    assert lookout.steps.count("down") == 1
    assert lookout.state.monitor.absent_since is None


def test_a_short_restart_is_not_told() -> None:
    lookout = simple()
    lookout.put(Alive())
    lookout.lives_no_more(60)
    lookout.says("x/1", OK)
    lookout.lives(120, x_1=OK)
    assert not lookout.told


# --- drills, the auditor ----------------------------------------------------------------------------------------------


def test_a_drill_tries_every_method_of_everybody_behind_a_policy_and_its_fall_back() -> None:
    crew = Crew()
    crew.person("first", "slack", "sms")
    crew.person("second")
    crew.person("room")
    crew.policies["p"] = policy("p", ("first", 5), ("second", 5), fallback="room")
    lookout = Mind(channel("x"), **crew.rules("first"))
    answer = lookout.put(Drilled("p", "first")).answer
    assert answer is not None
    assert answer.done
    assert sorted(n.destination for n in lookout.told) == ["first/1", "first/2", "room/1", "second/1"]
    assert {n.step for n in lookout.told} == {"drill"}


def test_a_drill_of_what_is_unknown_says_so() -> None:
    answer = simple().put(Drilled("nobody", "first")).answer
    assert answer is not None
    assert (answer.done, answer.code) == (False, "unknown")


def test_the_auditor_finds_a_call_that_is_more_than_a_minute_late_and_nothing_that_is_held() -> None:
    crew = Crew()
    crew.person("first")
    crew.person("second")
    crew.policies["p"] = policy("p", ("second", 5))
    lookout = Mind(channel("x"), **crew.rules("first", escalation="p"))
    lookout.says("x/1", OK)
    lookout.says("x/1", DOWN)
    lookout.arrives()
    state: State = lookout.state
    late = T0 + timedelta(minutes=6, seconds=1)
    assert [o.incident for o in overdue(state, lookout.rules, late)] == ["1"]
    assert not overdue(state, lookout.rules, late - timedelta(seconds=2))
    lookout.acts(Act.ACKNOWLEDGE)
    assert not overdue(lookout.state, lookout.rules, late)


# --- reports and launches ---------------------------------------------------------------------------------------------


def test_small_news_of_policy_goes_into_the_next_digest_once() -> None:
    crew = Crew()
    crew.person("first", digest=time(9, 0))
    lookout = Mind(channel("x", probe("x", 1), probe("x", 2, Family.POLICY)), **crew.rules("first"))
    small = Signal("terms", Family.POLICY, Severity.INFO, Certainty.OFFICIAL, "Terms reworded", lasts=timedelta(days=3))
    for _ in range(3):
        lookout.says("x/2", small)
    assert [(n.step, n.due, n.gather) for n in lookout.told] == [("report", T0.replace(hour=9), Gather.DIGEST)]
    assert not lookout.incidents


def test_work_announced_inside_a_launch_is_told_at_once_and_once() -> None:
    sale = Launch("sale", "Winter sale", ("x",), T0 + timedelta(days=2), T0 + timedelta(days=3))
    lookout = simple(launches=(sale,))
    for start_h, told in ((24, 0), (50, 1), (50, 1)):
        start = T0 + timedelta(hours=start_h)
        work = Signal(
            f"work{start_h}", Family.STATUS, Severity.INFO, Certainty.OFFICIAL, "Database work",
            since=start, until=start + timedelta(hours=2),
        )  # fmt: skip
        lookout.says("x/1", said(OK), work)
        assert lookout.steps.count("announced") == told
    assert lookout.of("x").health.availability is OK
    assert lookout.incidents == []
    assert Phase.OPEN not in {i.phase for i in lookout.incidents}
