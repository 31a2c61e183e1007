"""Whatever file is taken: nothing in what the mind gets leads nowhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.duty import Route
from monitor.core.model import Rules
from monitor.settings import SettingsError, load
from tests.settings.files import write

CHANNELS = ("alpha", "beta", "gamma")
PEOPLE, TEAMS, PLACES, SCHEDULES = ("p1", "p2"), ("t1",), ("d1",), ("s1", "s2")
RECEIVERS = (*PEOPLE, *TEAMS, *PLACES, *SCHEDULES)
POLICIES, INTERVALS = ("e1", "e2"), ("i1",)
START, END = "2026-11-02T09:00", "2026-11-03T09:00"
PAGE = {"kind": "status.statuspage", "url": "http://127.0.0.1/x"}

Keys = dict[str, st.SearchStrategy[Any]]


def keys(required: Keys, optional: Keys | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping."""
    return st.fixed_dictionaries(required, optional=optional or {})


def some(*known: str, most: int = 3) -> st.SearchStrategy[list[str]]:
    """A few of these."""
    return st.lists(st.sampled_from(known), min_size=1, max_size=most, unique=True)


def all_of(names: tuple[str, ...], entries: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Entries under the names."""
    return keys(dict.fromkeys(names, entries))


def schedule() -> st.SearchStrategy[dict[str, Any]]:
    """A rotation, with rules or without, or an import."""
    turns: Keys = {"people": some(*PEOPLE), "every": st.just("1 week"), "start": st.just(START)}
    weekend = keys({"on": st.just(["sat"]), "people": st.tuples(st.sampled_from(PEOPLE))})
    rotation = keys({"rotation": keys(turns)}, {"rules": st.lists(weekend, max_size=1)})
    return st.one_of(rotation, keys({"ical": st.just("https://cal.example/x.ics")}))


def policy() -> st.SearchStrategy[dict[str, Any]]:
    """Steps, with a fall-back or without."""
    step = keys({"targets": some(*RECEIVERS)}, {"after": st.just("1m")})
    return keys({"steps": st.lists(step, min_size=1, max_size=2)}, {"fallback": st.sampled_from(RECEIVERS)})


def branch() -> st.SearchStrategy[dict[str, Any]]:
    """A branch with branches."""
    own: Keys = {
        "matchers": st.lists(
            st.sampled_from(["severity=critical", "channel=alpha", "kind=risk", "tags!=x"]), max_size=2
        ),
        "receiver": st.sampled_from(RECEIVERS),
        "escalation": st.sampled_from((*POLICIES, "none")),
        "mute": some(*INTERVALS, most=1),
        "active": some(*INTERVALS, most=1),
    }
    on: Keys = {"continue": st.just(value=True)}
    return st.recursive(
        keys(on, own), lambda below: keys({**on, "routes": st.lists(below, max_size=2)}, own), max_leaves=4
    )


def file() -> st.SearchStrategy[dict[str, Any]]:
    """A file in which, most of the time, nothing is wrong."""
    contacts = st.lists(st.just("json://127.0.0.1/x"), min_size=1, max_size=2)
    tree: Keys = {"receiver": st.sampled_from(RECEIVERS), "routes": st.lists(branch(), max_size=3)}
    launch: Keys = {"name": st.just("L"), "channels": some(*CHANNELS), "start": st.just(START), "end": st.just(END)}
    return keys(
        {
            "channels": all_of(CHANNELS, keys({"probes": st.just([PAGE])})),
            "people": all_of(PEOPLE, keys({"name": st.just("P"), "contacts": contacts})),
            "teams": all_of(TEAMS, keys({"members": some(*PEOPLE)})),
            "destinations": all_of(PLACES, keys({"contacts": contacts})),
            "schedules": all_of(SCHEDULES, schedule()),
            "escalation": all_of(POLICIES, policy()),
            "time_intervals": all_of(INTERVALS, keys({"windows": st.just([{"on": ["mon-fri"]}])})),
            "routes": keys({**tree, "fallback": st.sampled_from(RECEIVERS)}, {"escalation": st.sampled_from(POLICIES)}),
            "dependencies": all_of(CHANNELS[:1], some(*CHANNELS[1:], most=2)),
            "launches": st.lists(keys(launch), max_size=1),
        }
    )


FILE = file()
IDS = {*CHANNELS, *RECEIVERS, *POLICIES, *INTERVALS}


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - any of JSON
    """Where ids stand, as values and as keys."""
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [path] if isinstance(node, str) and node in IDS else []
    found += [(*path, key) for key in node if key in IDS] if isinstance(node, dict) else []
    return [*found, *(place for key, value in below for place in places(value, (*path, key)))]


@st.composite
def flawed(draw: st.DrawFn) -> dict[str, Any]:
    """A file in which one id was changed, or its entry forgotten."""
    whole: dict[str, Any] = json.loads(json.dumps(draw(FILE)))  # what is drawn may be shared
    *above, last = draw(st.sampled_from(places(whole)))
    node: Any = whole
    for key in above:
        node = node[key]
    other = draw(st.sampled_from((*sorted(IDS), "lost")))
    if isinstance(node, dict) and last in IDS:
        value = node.pop(last)
        if draw(st.booleans()):
            node[other] = value
    else:
        node[last] = other
    return whole


def named(rules: Rules) -> dict[str, tuple[set[str], set[str]]]:
    """Every place where an id is named: what stands there, and what there is."""
    receivers = {*rules.recipients, *rules.teams, *rules.schedules}
    persons = {name for name, who in rules.recipients.items() if who.person}
    rotations = [s.rotation for s in rules.schedules.values() if s.rotation]
    rotations += [rule.rotation for s in rules.schedules.values() for rule in s.rules]
    routes = every(rules.route)
    nodes = {*rules.channels, *(c.platform for c in rules.channels.values())}
    policies = rules.policies.values()
    without = {""} if rules.fallback else set[str]()
    return {
        "methods": ({m.destination for r in rules.recipients.values() for m in r.methods}, set(rules.destinations)),
        "owners": ({d.receiver for d in rules.destinations.values()}, set(rules.recipients)),
        "members": ({m for team in rules.teams.values() for m in team.members}, persons),
        "participants": ({p for rotation in rotations for p in rotation.participants}, persons),
        "targets": ({t for policy in policies for step in policy.steps for t in step.targets}, receivers),
        "fall-backs": ({policy.fallback for policy in policies}, receivers | without),
        "fall-back": ({rules.fallback}, receivers | {""}),
        "receivers": ({route.receiver for route in routes}, receivers),
        "policies": ({route.policy for route in routes}, {*rules.policies, ""}),
        "intervals": ({name for route in routes for name in (*route.active, *route.mute)}, set(rules.intervals)),
        "nodes": ({n for node, below in rules.depends.items() for n in (node, *below)}, nodes | {"*"}),
        "launches": ({c for launch in rules.launches for c in launch.channels}, set(rules.channels)),
    }


def every(route: Route | None) -> list[Route]:
    """A route and all below it."""
    return [route, *(found for below in route.routes for found in every(below))] if route else []


@pytest.mark.parametrize("files", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_no_file_that_is_taken_names_an_id_that_is_not_there(tmp_path: Path, files: int) -> None:
    taken, refused = [], []

    @settings(max_examples=files)
    @given(st.one_of(FILE, flawed(), flawed()))
    def holds(written: dict[str, Any]) -> None:
        try:
            loaded = load(write(tmp_path, json.dumps(written)), {})
        except SettingsError as error:
            refused.append(error)
            return
        rules = loaded.rules_for_mind()
        for place, (names, known) in named(rules).items():
            assert names <= known, place
        assert set(loaded.contacts) == set(rules.destinations) == {d.id for d in loaded.destinations}
        assert set(loaded.calendars) == {s.id for s in rules.schedules.values() if s.imported}
        routes = every(rules.route)
        assert len({route.id for route in routes}) == len(routes)
        taken.append(rules)

    holds()
    assert len(taken) >= files // 10 <= len(refused), (len(taken), len(refused))
