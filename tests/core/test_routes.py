"""The routing tree: who hears of an incident, why, and which routes nobody can ever take."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.duty import Labels, Route, TimeInterval, Window
from monitor.core.labels import labels_of_channel
from monitor.core.matching import matches, parse_matcher
from monitor.core.model import ChannelRule
from monitor.core.routes import explain, muted, route, unreachable, walk
from tests.core.mind import channel

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)  # a Sunday


def node(receiver: str, *matchers: str, routes: Sequence[Route] = (), **more: object) -> Route:
    """A route that does not yet know its place."""
    parsed = tuple(parse_matcher(m) for m in matchers)
    return Route("", receiver, matchers=parsed, routes=tuple(routes), **more)  # type: ignore[arg-type]


def rooted(top: Route, place: str = "root") -> Route:
    """The same tree with every node's place as its id."""
    below = tuple(rooted(child, f"{place}.{n}") for n, child in enumerate(top.routes, 1))
    return Route(place, top.receiver, "", top.matchers, top.goes_on, top.active, top.mute, routes=below)


def tree(*routes: Route) -> Route:
    return rooted(node("desk", routes=routes))


def of(channel: str = "x", **labels: str) -> Labels:
    return {"channel": (channel,), "severity": ("critical",), **{name: (value,) for name, value in labels.items()}}


def receivers(root: Route, *labels: Labels) -> list[str]:
    return [r.receiver for r in route(root, labels)]


# The example of Alertmanager's documentation, told with channels: a default, a pager for two services and below it a
# place for one of them; a team of its own; an auditor beside everybody.
DOCUMENTED = tree(
    node("auditor", "severity=critical", goes_on=True),
    node(
        "social pager",
        'channel=~"facebook|instagram"',
        routes=[
            node("night watch", "state=outage"),
            node("ads desk", "tags=paid", goes_on=True),
            node("reels", "market=emea"),
        ],
    ),
    node("mail team", "platform=mailchimp"),
)


@pytest.mark.parametrize(
    ("labels", "heard"),
    [
        (of("x", severity="warning"), ["desk"]),
        (of("x"), ["auditor"]),
        (of("facebook", severity="warning"), ["social pager"]),
        (of("facebook"), ["auditor", "social pager"]),
        (of("facebook", severity="warning", state="outage", tags="paid"), ["night watch"]),
        (of("facebook", severity="warning", tags="paid"), ["ads desk"]),
        (of("facebook", severity="warning", tags="paid", market="emea"), ["ads desk", "reels"]),
        (of("instagram", severity="warning", market="emea"), ["reels"]),
        (of("mailchimp", severity="warning", platform="mailchimp"), ["mail team"]),
        ({"kind": ("blind",), "severity": ("warning",)}, ["desk"]),
    ],
)
def test_the_documented_tree_routes_as_documented(labels: Labels, heard: list[str]) -> None:
    assert receivers(DOCUMENTED, labels) == heard


def test_a_root_alone_takes_everything() -> None:
    assert receivers(tree(), of("x")) == ["desk"]
    assert receivers(tree(), {}) == ["desk"]


def test_the_first_match_wins_and_the_next_sibling_is_tried_only_when_it_continues() -> None:
    assert receivers(tree(node("a", "channel=x"), node("b", "channel=x")), of("x")) == ["a"]
    assert receivers(tree(node("a", "channel=x", goes_on=True), node("b", "channel=x")), of("x")) == ["a", "b"]
    assert receivers(tree(node("a", "channel=y"), node("b", "channel=x")), of("x")) == ["b"]


def test_what_continues_inside_a_branch_does_not_leave_it() -> None:
    inner = node("branch", "channel=x", routes=[node("a", "severity=critical", goes_on=True)])
    assert receivers(tree(inner, node("b", "channel=x")), of("x")) == ["a"]


def test_a_branch_whose_children_do_not_match_is_itself_the_match() -> None:
    inner = node("branch", "channel=x", routes=[node("a", "severity=info")])
    assert receivers(tree(inner, node("b", "channel=x")), of("x")) == ["branch"]


def test_each_channel_of_an_incident_takes_its_own_way_and_the_incident_goes_everywhere() -> None:
    root = tree(node("a", "channel=facebook"), node("b", "channel=instagram"))
    assert receivers(root, of("facebook"), of("instagram")) == ["a", "b"]
    assert receivers(root, of("instagram"), of("facebook")) == ["a", "b"]
    assert receivers(root, of("facebook"), of("threads")) == ["desk", "a"]


def test_one_route_is_named_once_however_many_channels_take_it() -> None:
    root = tree(node("a", "platform=meta"))
    assert receivers(root, of("facebook", platform="meta"), of("threads", platform="meta")) == ["a"]


# --- against a plain reading of Alertmanager's rule ------------------------------------------------------------------

_MATCHERS = ("channel=a", "channel=b", 'channel=~"a|b"', "severity=critical", "severity!=critical", "tags=t")
_LABELS = st.fixed_dictionaries(
    {"channel": st.sampled_from([("a",), ("b",), ("c",)]), "severity": st.sampled_from([("critical",), ("warning",)])},
    optional={"tags": st.sampled_from([("t",), ("t", "u")])},
)


def _nodes(children: st.SearchStrategy[list[Route]]) -> st.SearchStrategy[Route]:
    return st.builds(
        lambda matchers, goes_on, below: node("r", *matchers, goes_on=goes_on, routes=below),
        st.lists(st.sampled_from(_MATCHERS), max_size=2),
        st.booleans(),
        children,
    )


_TREES = st.recursive(
    st.just([]),
    lambda below: st.lists(_nodes(below), max_size=3),
    max_leaves=12,
).map(lambda routes: tree(*routes))


def plain(top: Route, labels: Labels) -> list[str]:
    """Alertmanager's rule as its documentation tells it."""
    if not matches(top.matchers, labels):
        return []
    found: list[str] = []
    for child in top.routes:
        ways = plain(child, labels)
        found += ways
        if ways and not child.goes_on:
            break
    return found or [top.id]


@settings(max_examples=200)
@given(_TREES, _LABELS)
def test_one_channel_goes_where_the_plain_rule_says(root: Route, labels: Labels) -> None:
    assert [r.id for r in route(root, [labels])] == plain(root, labels)


@settings(max_examples=200)
@given(_TREES, st.lists(_LABELS, min_size=1, max_size=4))
def test_a_channel_that_joins_never_takes_a_route_away(root: Route, labels: list[Labels]) -> None:
    ways = [{r.id for r in route(root, labels[: n + 1])} for n in range(len(labels))]
    assert all(ways)
    assert all(before <= after for before, after in pairwise(ways))


@settings(max_examples=200)
@given(_TREES, _LABELS)
def test_the_explanation_chooses_the_same_routes(root: Route, labels: Labels) -> None:
    visits = explain(root, labels, {}, AT)
    assert [v.route.id for v in visits if v.chosen] == [r.id for r in route(root, [labels])]
    assert all(v.matched for v in visits if v.chosen)
    assert all(v.why for v in visits)


# --- explained -------------------------------------------------------------------------------------------------------


def test_the_way_is_told_node_by_node() -> None:
    visits = explain(DOCUMENTED, of("facebook", tags="paid", market="emea"), {}, AT)
    assert [(v.route.id, v.matched, v.chosen, v.why) for v in visits] == [
        ("root", True, False, "it takes everything; a route below it matches too"),
        ("root.1", True, True, "severity is critical"),
        ("root.2", True, False, "channel is facebook; a route below it matches too"),
        ("root.2.1", False, False, 'state="outage" does not hold: there is no state'),
        ("root.2.2", True, True, "tags are paid"),
        ("root.2.3", True, True, "market is emea"),
        ("root.3", False, False, "not tried: root.2 matches before it and does not continue"),
    ]


NIGHTS = TimeInterval("nights", "Europe/Paris", (Window(time(22), time(6)),))
OFFICE = TimeInterval("office", "Europe/Paris", (Window(time(9), time(17), frozenset(range(5))),))
YEAR_END = TimeInterval("year end", "UTC", (Window(time(0), time(0)),), frozenset({12}), frozenset({-1}))
INTERVALS = {i.id: i for i in (NIGHTS, OFFICE, YEAR_END)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("active", "mute", "moment", "by"),
    [
        ((), ("nights",), "2026-11-23T23:00+01:00", "nights"),
        ((), ("nights",), "2026-11-23T05:59+01:00", "nights"),
        ((), ("nights",), "2026-11-23T06:00+01:00", ""),
        (("office",), (), "2026-11-23T09:00+01:00", ""),
        (("office",), (), "2026-11-23T17:00+01:00", "office"),
        (("office",), (), "2026-11-22T10:00+01:00", "office"),
        (("office", "nights"), (), "2026-11-22T23:00+01:00", ""),
        (("office",), ("office",), "2026-11-23T10:00+01:00", "office"),
        ((), ("year end",), "2026-12-31T12:00+00:00", "year end"),
        ((), ("year end",), "2026-12-30T12:00+00:00", ""),
        ((), ("gone",), "2026-12-30T12:00+00:00", ""),
        (("gone",), (), "2026-12-30T12:00+00:00", ""),
    ],
)
def test_a_route_is_muted_inside_a_mute_interval_and_outside_all_active_ones(
    active: tuple[str, ...], mute: tuple[str, ...], moment: str, by: str
) -> None:
    assert muted(Route("root", "desk", active=active, mute=mute), INTERVALS, at(moment)) == by


def test_the_explanation_names_the_interval_that_mutes_what_was_chosen() -> None:
    root = tree(node("a", "channel=x", mute=("nights",)))
    visits = explain(root, of("x"), INTERVALS, at("2026-11-23T23:00+01:00"))
    assert [(v.route.id, v.muted_by) for v in visits] == [("root", ""), ("root.1", "nights")]


# --- what nothing can take -------------------------------------------------------------------------------------------

META = [
    channel("facebook", platform="meta"),
    channel("instagram", platform="meta"),
    ChannelRule("x", "X", "xcorp", "X Corp", market="emea", tags=("launch",)),
]


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        ([node("a", "channel=x"), node("b", "channel=facebook")], []),
        (
            [node("a"), node("b", "channel=x")],
            [("root.2", "root.1 takes everything that would match, and does not continue")],
        ),
        ([node("a", goes_on=True), node("b", "channel=x")], []),
        (
            [node("a", "platform=meta"), node("b", "channel=facebook")],
            [("root.2", "root.1 takes everything that would match, and does not continue")],
        ),
        ([node("a", "channel=facebook"), node("b", "platform=meta")], []),
        (
            [node("a", "channel=facebook"), node("b", "channel=instagram"), node("c", "platform=meta")],
            [("root.3", "root.1 and root.2 take everything that would match, and do not continue")],
        ),
        ([node("a", "severity=critical"), node("b", 'severity=~"critical|warning"')], []),
        (
            [node("a", "severity!=info"), node("b", "severity=critical", "channel=x")],
            [("root.2", "root.1 takes everything that would match, and does not continue")],
        ),
        (
            [node("a", "channel=facebok")],
            [("root.1", 'channel="facebok" holds for nothing that is watched; did you mean facebook?')],
        ),
        ([node("a", 'channel=~"tik.*"')], [("root.1", 'channel=~"tik.*" holds for nothing that is watched')]),
        (
            [node("a", "channel=x", "platform=meta")],
            [("root.1", "its matchers, with those of the routes above it, never hold together")],
        ),
        (
            [node("a", "channel=x", routes=[node("b", "market=emea"), node("c", "market!=emea")])],
            [("root.1.2", "its matchers, with those of the routes above it, never hold together")],
        ),
        (
            [node("a", "channel=x"), node("b", routes=[node("c", "tags=launch"), node("d", "channel=facebook")])],
            [("root.2.1", "root.1 takes everything that would match, and does not continue")],
        ),
        (
            [node("a"), node("b", "channel=x", routes=[node("c", "severity=critical")])],
            [("root.2", "root.1 takes everything that would match, and does not continue")],
        ),
        ([node("a", "kind=blind"), node("b", "kind=risk", "state=severe"), node("c", "kind=delivery")], []),
        (
            [node("a", "kind=blind", "channel=x")],
            [("root.1", "its matchers, with those of the routes above it, never hold together")],
        ),
        (
            [node("a", "kind=availability", "family=brand")],
            [("root.1", "its matchers, with those of the routes above it, never hold together")],
        ),
        ([node("a", "family=api", goes_on=True), node("b", "family=status")], []),
    ],
)
def test_B94_a_route_that_nothing_can_take_is_named_with_the_reason(
    routes: list[Route], found: list[tuple[str, str]]
) -> None:
    assert [(u.route, u.why) for u in unreachable(tree(*routes), META)] == found


WATCHED = [ChannelRule("a", "A", "a", "A", tags=("t", "u")), channel("b"), channel("c")]


@settings(max_examples=200)
@given(_TREES, st.sampled_from(WATCHED), st.sampled_from(("info", "warning", "critical")))
def test_what_is_called_unreachable_is_never_taken(root: Route, about: ChannelRule, severity: str) -> None:
    labels = {**labels_of_channel(about), "severity": (severity,), "kind": ("risk",), "family": ("brand",)}
    assert not {u.route for u in unreachable(root, WATCHED)} & {r.id for r in route(root, [labels])}


def test_the_linter_is_quick_for_many_channels_and_routes() -> None:
    many = [channel(f"c{n}") for n in range(300)]
    root = tree(*(node("r", f"channel=c{n}", routes=[node("s", "severity=critical")]) for n in range(300)))
    assert unreachable(root, many) == ()
    assert len(list(walk(root))) == 601
