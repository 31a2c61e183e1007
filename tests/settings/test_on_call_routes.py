"""The routing tree as the mind gets it, and what is wrong with one."""

from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor.core.duty import EVERY_DAY, Matcher, MatchOp, Route, TimeInterval, Window
from tests.settings.files import faults, loaded
from tests.settings.on_call import LINES, TEAM, fault_of, rules_of, settings_of, warnings_of

SECONDS = timedelta(seconds=1)


def tree_of(folder: Path, text: str) -> Route:
    """The root."""
    root = rules_of(folder, text).route
    assert root is not None
    return root


def walk(route: Route) -> Iterator[Route]:
    """It and all below it."""
    yield route
    for below in route.routes:
        yield from walk(below)


def test_the_plain_form_of_old_is_a_tree_without_branches(tmp_path: Path) -> None:
    root = tree_of(tmp_path, "routes: {receiver: first, group_wait: 0s, group_interval: 1m}\n")
    minute = timedelta(minutes=1)
    assert root == Route("root", "first", wait_critical=0 * SECONDS, wait_warning=0 * SECONDS, interval=minute)


def test_group_wait_is_one_value_or_one_for_each_severity(tmp_path: Path) -> None:
    both = tree_of(tmp_path, "routes: {receiver: first, group_wait: {critical: 1s}}\n")
    assert (both.wait_critical, both.wait_warning) == (SECONDS, 30 * SECONDS)
    default = tree_of(tmp_path, "routes: {receiver: first}\n")
    assert (default.wait_critical, default.interval) == (5 * SECONDS, timedelta(minutes=5))
    assert default.repeat == timedelta(hours=4)


TREE = """\
escalation: {p: {steps: [{targets: [second]}]}, q: {steps: [{targets: [first]}]}}
time_intervals: {office: {windows: [{on: [mon-fri], from: "09:00", to: "18:00"}]}}
routes:
  receiver: first
  escalation: p
  fallback: second
  group_wait: {critical: 1s, warning: 9s}
  repeat_interval: 1h
  routes:
    - matchers: ['severity="critical"']
      continue: true
      active: [office]
      group_wait: {warning: 2s}
      routes:
        - {matchers: ['channel=~"facebook|reddit"'], receiver: second, escalation: q, group_interval: 1m}
        - {matchers: [channel != facebook], escalation: none, mute: [office], group_wait: 3s}
    - {matchers: [tags=launch], group_wait: {critical: 4s}}
"""


def test_a_branch_inherits_all_but_its_matchers_and_time_intervals(tmp_path: Path) -> None:
    routes = {route.id: route for route in walk(tree_of(tmp_path, TREE))}
    assert list(routes) == ["root", "root.1", "root.1.1", "root.1.2", "root.2"]
    assert [(r.receiver, r.policy) for r in routes.values()] == [
        ("first", "p"),
        ("first", "p"),
        ("second", "q"),
        ("first", ""),
        ("first", "p"),
    ]
    assert [(r.wait_critical // SECONDS, r.wait_warning // SECONDS) for r in routes.values()] == [
        (1, 9),
        (1, 2),
        (1, 2),
        (3, 3),
        (4, 9),
    ]
    assert [r.interval // SECONDS for r in routes.values()] == [300, 300, 60, 300, 300]
    assert {r.repeat for r in routes.values()} == {timedelta(hours=1)}
    assert [(r.active, r.mute, r.goes_on) for r in routes.values()] == [
        ((), (), False),
        (("office",), (), True),
        ((), (), False),
        ((), ("office",), False),
        ((), (), False),
    ]


@pytest.mark.parametrize(
    ("written", "matcher"),
    [
        ('severity="critical"', Matcher("severity", MatchOp.EQUAL, "critical")),
        ("severity=critical", Matcher("severity", MatchOp.EQUAL, "critical")),
        (' tags != "launch" ', Matcher("tags", MatchOp.NOT_EQUAL, "launch")),
        ('channel=~"red.*|facebook"', Matcher("channel", MatchOp.LIKE, "red.*|facebook")),
        ('market !~ "d.|es"', Matcher("market", MatchOp.NOT_LIKE, "d.|es")),
        ('state="outage"', Matcher("state", MatchOp.EQUAL, "outage")),
        ('kind="delivery"', Matcher("kind", MatchOp.EQUAL, "delivery")),
        ('family="brand"', Matcher("family", MatchOp.EQUAL, "brand")),
        ('platform="meta"', Matcher("platform", MatchOp.EQUAL, "meta")),
    ],
)
def test_matchers_are_written_as_in_alertmanager(tmp_path: Path, written: str, matcher: Matcher) -> None:
    root = tree_of(tmp_path, f"routes: {{receiver: first, routes: [{{matchers: ['{written}']}}]}}\n")
    assert root.routes[0].matchers == (matcher,)


def test_a_time_interval_has_windows_months_and_days_in_a_zone(tmp_path: Path) -> None:
    text = """\
time_intervals:
  office: {windows: [{on: [mon-fri], from: "08:30", to: "18:00"}]}
  sale: {timezone: Asia/Tokyo, months: [nov, December, 1], days: [1, -1]}
"""
    office, sale = rules_of(tmp_path, text).intervals.values()
    assert office == TimeInterval("office", "Europe/Paris", (Window(time(8, 30), time(18), frozenset(range(5))),))
    whole = Window(time(0), time(0), EVERY_DAY)
    assert sale == TimeInterval("sale", "Asia/Tokyo", (whole,), frozenset({11, 12, 1}), frozenset({1, -1}))


# --- faults ----------------------------------------------------------------------------------------------------------

TREE_FAULTS = [
    pytest.param(
        "routes: {receiver: frist}\n",
        (1, "routes.receiver", "there is no receiver with this id", "did you mean 'first'?"),
        id="B94 unknown receiver",
    ),
    pytest.param(
        "routes:\n  receiver: first\n  routes:\n    - {matchers: [channel=reddit], receiver: secnd}\n",
        (4, "routes.routes.1.receiver", "there is no receiver with this id", "did you mean 'second'?"),
        id="B94 unknown receiver of a branch",
    ),
    pytest.param(
        "routes: {receiver: first, fallback: thrid}\n",
        (1, "routes.fallback", "there is no receiver with this id", "known: first, mute, second"),
        id="B94 unknown fall-back",
    ),
    pytest.param(
        "routes: {receiver: first, fallback: mute}\n",
        (1, "routes.fallback", "reaches nobody: it has no contacts", "a fall-back must be somebody who can be told"),
        id="a fall-back without contacts",
    ),
    pytest.param(
        "routes: {receiver: first, escalation: pp}\n",
        (1, "routes.escalation", "there is no escalation policy with this id", "policies stand under `escalation:`"),
        id="unknown policy",
    ),
    pytest.param(
        "routes: {receiver: p}\nescalation: {p: {steps: [{targets: [first]}], fallback: first}}\n",
        (
            1,
            "routes.receiver",
            "is an escalation policy, and no receiver",
            "a receiver is a person, a schedule, a team or a destination",
        ),
        id="a policy as receiver",
    ),
    pytest.param(
        "time_intervals: {office: {}}\nroutes:\n  receiver: first\n  routes:\n    - mute: [offise]\n",
        (5, "routes.routes.1.mute.1", "there is no time interval with this id", "did you mean 'office'?"),
        id="unknown interval",
    ),
    pytest.param(
        "routes: {receiver: first, matchers: [channel=reddit]}\n",
        (1, "routes.matchers", "unknown key", ""),
        id="matchers at the root",
    ),
    pytest.param(
        "routes: {receiver: first, mute: [a]}\n",
        (1, "routes.mute", "unknown key", "did you mean 'routes'?"),
        id="a muted root",
    ),
    pytest.param(
        "routes: {receiver: first, repeat_interval: 0s}\n",
        (1, "routes.repeat_interval", "must be at least 0.1s", ""),
        id="no pause between repeats",
    ),
]


@pytest.mark.parametrize(("text", "fault"), TREE_FAULTS)
def test_each_fault_of_a_tree_is_at_its_place_with_a_hint(
    tmp_path: Path, text: str, fault: tuple[int, str, str, str]
) -> None:
    line, key, what, hint = fault_of(tmp_path, text)
    assert (line, key, what) == fault[:3]
    if what != "unknown key":
        assert hint == fault[3]


@pytest.mark.parametrize(
    ("written", "what", "hint"),
    [
        ("chanel=reddit", "names a label that does not exist", "did you mean 'channel'?"),
        ("owner=first", "names a label that does not exist", "known: channel, family, kind, market, platform,"),
        ("channel", "is not a matcher", 'write it as channel="x"'),
        ("channel is reddit", "is not a matcher", ""),
        ('channel=~"("', "holds an expression that RE2 does not accept", ""),
        ('channel=~"(?=a)"', "holds an expression that RE2 does not accept", ""),
        (f"channel=~{'a' * 501}", "is too long", ""),
        ("severity=critcal", "asks for something that severity never is", "did you mean 'critical'?"),
        ('state="on fire"', "asks for something that state never is", "known: degraded, elevated, maintenance"),
        ('channel="a', "does not close its quote", ""),
        ('channel="a"b', "goes on after its closing quote", ""),
        ('channel=a"b', "has a quote in the middle", "put the whole value in quotes"),
        ("", "is not a matcher", ""),
    ],
)
def test_B98_a_bad_matcher_is_a_fault_with_a_hint(tmp_path: Path, written: str, what: str, hint: str) -> None:
    found = fault_of(tmp_path, f"routes:\n  receiver: first\n  routes:\n    - matchers:\n      - '{written}'\n")
    assert found[:2] == (5, "routes.routes.1.matchers.1")
    assert found[2].startswith(what)
    assert hint in found[3]


def branches(*lines: str) -> str:
    """A tree of these branches, the first of which stands in line 4."""
    return "routes:\n  receiver: first\n  routes:\n" + "".join(f"    - {line}\n" for line in lines)


TAKEN = "is never reached: that in line {} takes all of it"
NEVER = "is never reached: its matchers, with those of the routes above it, never hold together"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param(
            branches("{receiver: second}", "{matchers: [channel=reddit]}"), 5, TAKEN.format(4 + LINES), id="catch-all"
        ),
        pytest.param(
            branches("{matchers: [severity=critical]}", "{matchers: [severity=critical, channel=reddit]}"),
            5,
            TAKEN.format(4 + LINES),
            id="a narrower one after a wider one",
        ),
        pytest.param(
            branches("{matchers: ['channel=~\"re.*\"']}", "{matchers: [channel=reddit]}"),
            5,
            TAKEN.format(4 + LINES),
            id="after an expression",
        ),
        pytest.param(
            branches(
                "{matchers: ['severity=~\"critical|warning\"']}", "{matchers: [severity=info]}", "{receiver: second}"
            ),
            6,
            f"is never reached: that in line {4 + LINES} and that in line {5 + LINES} take all of it",
            id="after two that share everything",
        ),
        pytest.param(branches("{matchers: [severity=critical, severity=warning]}"), 4, NEVER, id="against itself"),
        pytest.param(branches("{matchers: [channel=reddit, channel=facebook]}"), 4, NEVER, id="two channels"),
        pytest.param(branches("{matchers: [channel=reddit, platform=meta]}"), 4, NEVER, id="another's platform"),
        pytest.param(
            branches("{matchers: [severity=critical], routes: [{matchers: [severity=info]}]}"),
            4,
            NEVER,
            id="against its parent",
        ),
        pytest.param(branches("{matchers: [state=outage, kind=risk]}"), 4, NEVER, id="a state of another kind"),
    ],
)
def test_B94_a_route_that_nothing_can_take_fails_the_load(tmp_path: Path, text: str, line: int, what: str) -> None:
    found = fault_of(tmp_path, text)
    assert (found[0], found[2]) == (line, what)
    assert found[3]


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("channel=redit", "did you mean 'reddit'?"),
        ("platform=mita", "did you mean 'meta'?"),
        ("tags=lunch", "did you mean 'launch'?"),
        ("market=us", "known: de, fr"),
    ],
)
def test_B94_a_route_for_what_is_not_watched_fails_the_load(tmp_path: Path, written: str, hint: str) -> None:
    found = fault_of(tmp_path, branches("{matchers: [severity=critical, " + written + "]}"))
    assert found == (4, "routes.routes.1.matchers.2", "holds for nothing that is watched", hint)


@pytest.mark.parametrize(
    "text",
    [
        branches("{continue: true, receiver: second}", "{matchers: [channel=reddit]}"),
        branches("{matchers: [severity=critical]}", "{matchers: [severity=critical], receiver: second}").replace(
            "critical]}\n", "critical], continue: true}\n", 1
        ),
        branches("{matchers: [family=status, family=api]}"),
        branches("{matchers: [channel=reddit, tags=launch, market=fr]}"),
        branches("{matchers: [kind=watchdog]}", "{matchers: ['channel=\"\"']}"),
        branches("{matchers: [channel=reddit]}", "{matchers: [channel=facebook]}", "{receiver: second}"),
    ],
)
def test_a_route_that_something_can_take_is_well(tmp_path: Path, text: str) -> None:
    assert settings_of(tmp_path, text).routes is not None


def nested(depth: int) -> str:
    """A tree of this depth."""
    text = "routes:\n  receiver: first\n"
    for level in range(depth):
        indent = "  " * (level + 1)
        text += f"{indent}routes:\n{indent}- continue: true\n"
    return text


def test_routes_nest_ten_deep_and_no_deeper(tmp_path: Path) -> None:
    assert len(list(walk(tree_of(tmp_path, nested(10))))) == 11
    line, key, what, _ = fault_of(tmp_path, nested(11))
    assert (line, what) == (2 + 2 * 11, "is nested deeper than 10 levels of routes")
    assert key == "routes" + ".routes.1" * 11


def test_there_are_at_most_five_hundred_routes(tmp_path: Path) -> None:
    whole = branches(*["{continue: true}"] * 250, "{routes: [" + "{continue: true}, " * 248 + "{continue: true}]}")
    assert len(list(walk(tree_of(tmp_path, whole)))) == 501
    line, key, what, _ = fault_of(tmp_path, whole + "    - {}\n")
    assert (line, key, what) == (255, "routes.routes.252", "there are 501 routes; at most 500")


def test_all_faults_of_a_tree_come_at_once_also_where_a_branch_is_broken(tmp_path: Path) -> None:
    text = branches("{reciever: first}", "{receiver: secnd, routes: [{mute: [nights]}]}", "{matchers: [severty=info]}")
    found = {(fault.line - LINES, fault.key) for fault in faults(tmp_path, TEAM + text)}
    assert found == {
        (4, "routes.routes.1.reciever"),
        (5, "routes.routes.2.receiver"),
        (5, "routes.routes.2.routes.1.mute.1"),
        (6, "routes.routes.3.matchers.1"),
    }


def test_people_without_routes_are_told_nothing_and_that_is_said(tmp_path: Path) -> None:
    settings = loaded(tmp_path, TEAM)
    assert settings.rules_for_mind().route is None
    assert settings.warnings == ("nobody will be told of trouble: there are people, but no `routes`",)


@pytest.mark.parametrize(
    ("more", "warned"),
    [
        ("routes: [{receiver: second}]", True),
        ("routes: [{continue: true, receiver: second}]", True),
        ("routes: [{matchers: [severity=critical], receiver: second}]", False),
        ("routes: [{continue: true, receiver: second}, {receiver: first}]", False),
        ("fallback: first, routes: [{receiver: second}]", False),
        ("routes: [{continue: true}, {receiver: second}]", False),
    ],
)
def test_a_root_whose_receiver_hears_of_nothing_is_a_warning(tmp_path: Path, more: str, warned: bool) -> None:  # noqa: FBT001 - of the table
    said = f"routes.receiver: First hears of nothing, because the route in line {LINES + 1} takes everything"
    assert (said in warnings_of(tmp_path, f"routes: {{receiver: first, {more}}}\n")) is warned
