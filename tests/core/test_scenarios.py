# ruff: noqa: ANN401 - fields of the nouns pass through
"""alerting.md section 11: the scenarios of Alertmanager (AM) and GoAlert (GA) that we hold ourselves to.

Virtual seconds from the start; a message must arrive in the interval, and nothing else may. Where ours differs on
purpose, the test says how.
"""

from datetime import timedelta
from typing import Any

import pytest

from monitor.core.duty import Team
from monitor.core.model import Act, SendOutcome, Tick
from monitor.core.telling import wanted
from probes.base import Availability
from tests.core.mind import T0, Mind, channel, said
from tests.core.people import Crew

OK, DOWN, WEAK = Availability.OPERATIONAL, Availability.OUTAGE, Availability.DEGRADED


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def standing(*names: str, platform: str = "p", people: tuple[str, ...] = ("first",), **more: Any) -> Mind:
    """Channels of one platform, all well at second 0; timers are named in seconds."""
    crew = Crew()
    for person in people:
        crew.person(person)
    crew.teams["all"] = Team("all", "All", people)
    timers: dict[str, Any] = {n: seconds(more.pop(n)) for n in ("wait", "interval", "repeat") if n in more}
    wait = timers.pop("wait", seconds(1))
    rules = crew.rules("all", wait_critical=wait, wait_warning=wait, resolve_after=seconds(0), **timers, **more)
    mind = Mind(*(channel(n, platform=platform) for n in names), **rules)
    for name in names:
        mind.says(f"{name}/1", OK)
    return mind


def at(mind: Mind, second: float) -> None:
    """Let time pass up to that second; messages arrive as they are sent."""
    mind.arrives()
    while (T0 + seconds(second) - mind.now) > seconds(0):
        mind.passes(min(0.1, (T0 + seconds(second) - mind.now).total_seconds()))
        mind.arrives()


def heard(mind: Mind, *expected: tuple[float, float, str]) -> None:
    """Exactly these: (not before, not after, step)."""
    found = [(when, step) for when, _, step in mind.heard()]
    assert [step for _, step in found] == [step for _, _, step in expected], found
    for (when, step), (low, high, _) in zip(found, expected, strict=True):
        assert low <= when <= high, (when, step, low, high)


def test_am1_the_same_trouble_seen_again_is_told_at_each_interval_with_its_newest_words_and_its_end_once() -> None:
    mind = standing("a", wait=1, interval=1, repeat=0.001)
    at(mind, 1.0)
    mind.says("a/1", DOWN)
    at(mind, 3.6)
    mind.says("a/1", DOWN, said(DOWN, "more", text="And now the ads too"))
    at(mind, 4.5)
    assert "And now the ads too" in str(mind.told[-1].message.paragraphs)
    mind.says("a/1", OK)
    at(mind, 5.3)
    heard(mind, (2, 2.5, "opened"), (3, 3.5, "repeat"), (4, 4.5, "repeat"), (4.5, 5.5, "resolved"))
    assert mind.told[0].opened == T0 + seconds(1.0)
    mind.says("a/1", DOWN)
    at(mind, 6.6)
    assert mind.heard()[4][0] == pytest.approx(6.3)
    assert mind.heard()[4][2] == "updated"


def test_am3_of_two_receivers_one_fails_for_a_while_and_the_other_hears_it_as_if_nothing_were() -> None:
    """Alertmanager tries B again at its next interval (6); ours as soon as B is back, which the outbox does."""
    mind = standing("a", people=("a1", "b1"), wait=1, interval=2, repeat=3)
    at(mind, 1.0)
    mind.says("a/1", DOWN)
    mind.passes(1.0)
    to_a, to_b = mind.told
    mind.sends(SendOutcome.DELIVERED, to_a)
    mind.passes(2.5)
    mind.sends(SendOutcome.DELIVERED, to_b)
    mind.passes(2.0)
    assert [(t, d) for t, d, _ in mind.heard()] == [(2.0, "a1/1"), (2.0, "b1/1"), (6.0, "a1/1")]


def test_am4_what_comes_together_is_one_message_and_then_one_of_all_five() -> None:
    mind = standing("a", "b", "c", "d", "e", wait=1, interval=2, repeat=4.9)
    for second, names in ((1.1, "a"), (1.7, "b"), (3.3, "cde")):
        at(mind, second)
        for name in names:
            mind.says(f"{name}/1", DOWN)
    at(mind, 10.4)
    heard(mind, (2, 2.5, "opened"), (4.1, 4.5, "updated"), (9.1, 10.5, "repeat"))
    assert [len(n.labels["channel"]) for n in mind.told] == [2, 5, 5]


def test_am5_what_is_never_refreshed_is_unknown_not_resolved() -> None:
    mind = standing("a", wait=1)
    mind.says("a/1", DOWN)
    mind.passes(20 * 60)
    assert mind.of("a").health.availability is Availability.UNKNOWN
    assert "resolved" not in mind.steps


def test_am8_a_reload_between_two_troubles_keeps_the_timer_and_doubles_nothing() -> None:
    mind = standing("a", "b", wait=7)
    at(mind, 1)
    mind.says("a/1", DOWN)
    at(mind, 3)
    mind.reload(mind.rules)
    at(mind, 4)
    mind.says("b/1", DOWN)
    at(mind, 20)
    heard(mind, (8, 8.5, "opened"))
    assert mind.told[0].labels["channel"] == ("a", "b")


def test_am10_while_its_cause_is_out_an_effect_is_left_out_and_comes_back_after() -> None:
    """A(aa), B(aa) and B(ab) are channels of one platform; B(aa) rests on the source."""
    mind = standing("a", "b", "c", "s", wait=1, interval=1, repeat=3600, depends={"s": ("b",)})
    at(mind, 1)
    for name in "abc":
        mind.says(f"{name}/1", DOWN)
    at(mind, 2.2)
    mind.says("s/1", DOWN)
    at(mind, 3.6)
    assert mind.told[-1].labels["channel"] == ("a", "c", "s")
    mind.says("s/1", OK)
    at(mind, 5.5)
    heard(mind, (2, 2.5, "opened"), (3, 3.5, "updated"), (4, 4.7, "updated"))
    assert "b" in mind.told[-1].labels["channel"]


def test_am13_a_silenced_channel_is_missing_from_the_messages_and_in_them_again_after() -> None:
    mind = standing("a", "b", wait=1, interval=1, repeat=0.001)
    at(mind, 1)
    mind.says("a/1", DOWN)
    mind.says("b/1", DOWN)
    at(mind, 2.5)
    mind.silences('channel="b"', 2 / 60)
    at(mind, 5.2)
    told = [(round(t), n.labels["channel"]) for (t, _, _), n in zip(mind.heard(), mind.told, strict=True)]
    assert told == [(2, ("a", "b")), (3, ("a",)), (4, ("a",)), (5, ("a", "b"))]


@pytest.mark.parametrize(
    ("before", "now", "step"),
    [
        ("nothing", "firing", "opened"),
        ("nothing", "resolved", None),
        ("nothing", "well", None),
        ("told", "a new member", "updated"),
        ("told", "the same, before the repeat", None),
        ("told", "the same, after the repeat", "repeat"),
        ("told", "a member resolved, others firing", None),
        ("told", "all resolved", "resolved"),
    ],
)
def test_am17_the_truth_table_of_whether_to_tell(before: str, now: str, step: str | None) -> None:
    mind = standing("a", "b", "c", wait=0 if before == "told" else 5, interval=1, repeat=60)
    if before == "told":
        mind.says("a/1", DOWN)
        mind.says("b/1", DOWN)
        mind.lives(2, 1, a_1=DOWN, b_1=DOWN)
    known = len(mind.told)
    if now == "resolved":
        mind.says("a/1", DOWN)
        mind.passes(1)
        mind.lives(10, 1, a_1=OK)
    elif now == "firing":
        mind.lives(6, 1, a_1=DOWN)
    elif now == "a new member":
        mind.lives(3, 1, a_1=DOWN, b_1=DOWN, c_1=DOWN)
    elif now == "the same, before the repeat":
        mind.lives(50, 1, a_1=DOWN, b_1=DOWN)
    elif now == "the same, after the repeat":
        mind.lives(63, 1, a_1=DOWN, b_1=DOWN)
    elif now == "a member resolved, others firing":
        mind.lives(20, 1, a_1=DOWN, b_1=OK)
    elif now == "all resolved":
        mind.lives(5, 1, a_1=OK, b_1=OK)
    else:
        mind.lives(20, 1, a_1=OK)
    assert [n.step for n in mind.told[known:]] == ([step] if step else [])


def test_ga7_a_first_page_overtakes_older_repeats() -> None:
    mind = standing("a", wait=0, repeat=60, interval=1)
    mind.says("a/1", DOWN)
    mind.lives(65, 5, a_1=DOWN)
    repeat = mind.told[-1]
    assert (repeat.step, mind.told[0].step) == ("repeat", "opened")
    assert mind.told[0].priority < repeat.priority


def test_an_acknowledged_group_is_told_no_more_until_it_is_over() -> None:
    mind = standing("a", "b", wait=0, interval=1, repeat=10)
    mind.says("a/1", DOWN)
    mind.lives(5, 1, a_1=DOWN)
    mind.acts(Act.ACKNOWLEDGE)
    mind.lives(120, 5, a_1=DOWN)
    assert mind.steps == ["opened"]


def test_who_joined_is_told_at_the_interval_also_when_the_wake_up_comes_late_as_each_one_does() -> None:
    mind = standing("a", "b", "c", wait=0, interval=60)
    mind.says("a/1", DOWN)
    mind.arrives()
    for joined, steps in (("b", 2), ("c", 3)):
        due = mind.incidents[0].told[0].at + seconds(60)
        mind.passes(20)
        mind.says(f"{joined}/1", DOWN)
        assert mind.state.wake == due
        mind.now = due + timedelta(milliseconds=2)
        mind.put(Tick())
        assert len(mind.steps) == steps
        assert joined in mind.incidents[0].told[0].channels


def test_nothing_is_wanted_by_whoever_has_heard_it_all() -> None:
    mind = standing("a", wait=0)
    mind.says("a/1", DOWN)
    incident = mind.incidents[0]
    assert wanted(incident, incident.told[0], incident.channels, seconds(60), mind.now) is None
