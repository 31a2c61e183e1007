"""Whatever file is taken: nothing in what the mind gets leads nowhere."""

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
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


class Writer:
    """Somebody who writes files; one who is not `careful` forgets entries and names what is not there."""

    def __init__(self, *, careful: bool) -> None:
        self.careful = careful

    def one(self, *known: str) -> st.SearchStrategy[str]:
        """One of these."""
        other = () if self.careful else (*RECEIVERS, *POLICIES, *CHANNELS, "lost")
        return st.sampled_from((*known, *other))

    def some(self, *known: str, most: int = 3) -> st.SearchStrategy[list[str]]:
        """A few of them."""
        return st.lists(self.one(*known), min_size=1, max_size=most, unique=True)

    def section(self, names: tuple[str, ...], entries: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        """Entries under the names."""
        whole = keys(dict.fromkeys(names, entries))
        return whole if self.careful else st.one_of(whole, st.dictionaries(st.sampled_from(names), entries))

    def schedule(self) -> st.SearchStrategy[dict[str, Any]]:
        """A rotation, with rules or without, or an import."""
        turns: Keys = {"people": self.some(*PEOPLE), "every": st.just("1 week"), "start": st.just(START)}
        weekend = keys({"on": st.just(["sat"]), "people": st.tuples(self.one(*PEOPLE))})
        rotation = keys({"rotation": keys(turns)}, {"rules": st.lists(weekend, max_size=1)})
        return st.one_of(rotation, keys({"ical": st.just("https://cal.example/x.ics")}))

    def policy(self) -> st.SearchStrategy[dict[str, Any]]:
        """Steps, with a fall-back or without."""
        step = keys({"targets": self.some(*RECEIVERS)}, {"after": st.just("1m")})
        return keys({"steps": st.lists(step, min_size=1, max_size=2)}, {"fallback": self.one(*RECEIVERS)})

    def branch(self) -> st.SearchStrategy[dict[str, Any]]:
        """A branch with branches."""
        matchers = ["severity=critical", "channel=alpha", "kind=risk", "tags!=x"]
        own: Keys = {
            "matchers": st.lists(self.one(*matchers), max_size=2),
            "receiver": self.one(*RECEIVERS),
            "escalation": self.one(*POLICIES, "none"),
            "mute": self.some(*INTERVALS, most=1),
            "active": self.some(*INTERVALS, most=1),
        }
        on: Keys = {"continue": st.just(value=True)}
        leaf = keys(on, own)
        return st.recursive(leaf, lambda below: keys({**on, "routes": st.lists(below, max_size=2)}, own), max_leaves=4)

    def file(self) -> st.SearchStrategy[dict[str, Any]]:
        """The whole of it."""
        contacts = st.lists(st.just("json://127.0.0.1/x"), min_size=int(self.careful), max_size=2)
        tree: Keys = {"receiver": self.one(*RECEIVERS), "routes": st.lists(self.branch(), max_size=3)}
        launch: Keys = {
            "name": st.just("L"),
            "channels": self.some(*CHANNELS),
            "start": st.just(START),
            "end": st.just(END),
        }
        return keys(
            {
                "channels": self.section(CHANNELS, keys({"probes": st.just([PAGE])})),
                "people": self.section(PEOPLE, keys({"name": st.just("P"), "contacts": contacts})),
                "teams": self.section(TEAMS, keys({"members": self.some(*PEOPLE)})),
                "destinations": self.section(PLACES, keys({"contacts": contacts})),
                "schedules": self.section(SCHEDULES, self.schedule()),
                "escalation": self.section(POLICIES, self.policy()),
                "time_intervals": self.section(INTERVALS, keys({"windows": st.just([{"on": ["mon-fri"]}])})),
                "routes": keys(
                    {**tree, "fallback": self.one(*RECEIVERS)} if self.careful else {**tree},
                    {"escalation": self.one(*POLICIES)},
                ),
            },
            {
                "dependencies": st.dictionaries(st.sampled_from(CHANNELS), self.some(*CHANNELS, most=2), max_size=1),
                "launches": st.lists(keys(launch), max_size=1),
            },
        )


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


def test_no_file_that_is_taken_names_an_id_that_is_not_there(tmp_path: Path) -> None:
    taken, refused = [], []

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.one_of(Writer(careful=True).file(), Writer(careful=False).file()))
    def holds(file: dict[str, Any]) -> None:
        try:
            loaded = load(write(tmp_path, json.dumps(file)), {})
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
    assert len(taken) >= 20 <= len(refused), (len(taken), len(refused))
