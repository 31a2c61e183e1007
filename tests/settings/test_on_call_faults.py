"""What makes a file of on-call unusable: each fault at its place, in words that help."""

from pathlib import Path

import pytest

from tests.settings.files import faults
from tests.settings.on_call import LINES, ROUTES, TEAM, fault_of, rotation

SAME_IDS = "people, teams, destinations and schedules share one set of ids"


def policy(keys: str) -> str:
    """A policy in line 2, its keys in line 3."""
    return f"escalation:\n  p:\n    {keys}\n" + ROUTES.replace("}", ", escalation: p}")


FAULTS = [
    # --- one set of ids
    pytest.param(
        "teams:\n  first: {members: [second]}\n",
        (2, "teams.first", f"is the id of a person too, in line {LINES - 2}", SAME_IDS),
        id="a team with a person's id",
    ),
    pytest.param(
        "schedules: {s: {rotation: {people: [first]}}}\ndestinations:\n  s: {contacts: ['json://127.0.0.1/s']}\n",
        (3, "destinations.s", f"is the id of a schedule too, in line {LINES + 1}", SAME_IDS),
        id="a place with a schedule's id",
    ),
    # --- people
    pytest.param(
        "destinations:\n  room:\n    contacts:\n    - {address: 'json://127.0.0.1/x', after: 1m}\n",
        (
            4,
            "destinations.room.contacts.1.after",
            "the first contact is used at once",
            "remove `after`, or change the order",
        ),
        id="a first contact that waits",
    ),
    pytest.param(
        "destinations:\n  room:\n    contacts:\n    - 'json://127.0.0.1/x'\n"
        "    - {address: 'json://127.0.0.1/y', after: 5m}\n    - {address: 'json://127.0.0.1/z', after: 1m}\n",
        (
            6,
            "destinations.room.contacts.3.after",
            "is sooner than that of a contact before it",
            "put the contacts into the order of their use",
        ),
        id="contacts out of order",
    ),
    pytest.param(
        "destinations:\n  room: {contacts: ['syslog://']}\n",
        (2, "destinations.room.contacts.1", "has a scheme that Vigie does not send by", ""),
        id="a receiver that does not parse",
    ),
    pytest.param(
        "destinations: {room: {quiet_hours: {on: [sat]}}}\n",
        (1, "destinations.room.quiet_hours", "unknown key", ""),
        id="a place that sleeps",
    ),
    pytest.param(
        "teams:\n  all:\n    members: [first, nobody]\n",
        (3, "teams.all.members.2", "there is no person with this id", "known: first, mute, second"),
        id="an unknown member",
    ),
    pytest.param(
        "teams:\n  all: {members: [first]}\n  both: {members: [second, all]}\n",
        (3, "teams.both.members.2", "is a team; a team holds people only", ""),
        id="a team in a team",
    ),
    pytest.param(
        "teams: {all: {members: []}}\n",
        (1, "teams.all.members", "must not be empty", ""),
        id="an empty team",
    ),
    # --- schedules
    pytest.param(
        rotation("people: []"),
        (3, "schedules.s.rotation.people", "must not be empty", ""),
        id="B94 empty rotation",
    ),
    pytest.param(
        rotation("people: [first, thrid, second], every: 1 week, start: 2026-11-02T09:00"),
        (3, "schedules.s.rotation.people.2", "there is no person with this id", "known: first, mute, second"),
        id="B94 an unknown person in a rotation",
    ),
    pytest.param(
        "teams: {all: {members: [first]}}\n" + rotation("people: [all]"),
        (4, "schedules.s.rotation.people.1", "is a team; a rotation holds people only", ""),
        id="a team in a rotation",
    ),
    pytest.param(
        rotation("people: [first, second]"),
        (
            3,
            "schedules.s.rotation",
            "needs `every` and `start`, because several people take turns",
            'such as every: "1 week" and start: 2026-11-02T09:00',
        ),
        id="turns without length",
    ),
    pytest.param(
        "schedules:\n  s: {name: Primary}\n",
        (2, "schedules.s", "has nobody in it", "give it a `rotation`, `rules` or `ical`"),
        id="B94 a schedule of nobody",
    ),
    pytest.param(
        "schedules:\n  s: {rotation: {people: [first]}, ical: 'https://cal.example/x.ics'}\n",
        (2, "schedules.s", "has `rotation` and `ical`; one of them must go", ""),
        id="a rotation beside an import",
    ),
    pytest.param(
        "schedules: {s: {ical: 'webcal://cal.example/x.ics'}}\n",
        (1, "schedules.s.ical", "is not an http or https address", "write https:// in place of webcal://"),
        id="webcal",
    ),
    pytest.param(
        "schedules: {s: {rules: [{on: [sat, sum], people: [first]}]}}\n",
        (
            1,
            "schedules.s.rules.1.on.2",
            "is not a weekday",
            "write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri",
        ),
        id="a day that is none",
    ),
    pytest.param(
        "schedules: {s: {rules: [{from: '22:00', people: [first]}]}}\n",
        (1, "schedules.s.rules.1", "`from` and `to` come together", "without both it is the whole day"),
        id="from without to",
    ),
    pytest.param(
        "schedules: {s: {rotation: {people: [first]}, notice: '25:00'}}\n",
        (1, "schedules.s.notice", "is not a time of day", 'from "00:00" to "23:59"'),
        id="an hour that is none",
    ),
    pytest.param(
        rotation("people: [first], start: 2027-02-29T09:00"),
        (3, "schedules.s.rotation.start", "is a day or time that does not exist", "look at the calendar"),
        id="B96 Feb 29 of a year that has none",
    ),
    pytest.param(
        rotation("people: [first], start: 2026-11-02T09:00Z"),
        (
            3,
            "schedules.s.rotation.start",
            "is a local time and takes no Z or offset",
            "the zone stands under `timezone`",
        ),
        id="a start with an offset",
    ),
    pytest.param(
        rotation("people: [first], start: 2026-W53-1T09:00"),
        (3, "schedules.s.rotation.start", "is not a day and time", "write it as 2026-11-02T09:00"),
        id="B96 a day of a week's number",
    ),
    # --- escalation
    pytest.param(
        policy("steps: [{targets: [secnd]}]"),
        (3, "escalation.p.steps.1.targets.1", "there is no receiver with this id", "did you mean 'second'?"),
        id="B94 an unknown target",
    ),
    pytest.param(
        policy("steps: [{targets: [first]}, {targets: [p], after: 1m}]"),
        (3, "escalation.p.steps.2.targets.1", "the policy calls itself", "set `repeat` to do all of it again"),
        id="B94 a policy that calls itself",
    ),
    pytest.param(
        policy("{steps: [{targets: [q]}]}\n  q: {steps: [{targets: [first]}]}").replace(
            "p}", "p, routes: [{escalation: q}]}"
        ),
        (
            3,
            "escalation.p.steps.1.targets.1",
            "is an escalation policy, and no receiver",
            "a receiver is a person, a schedule, a team or a destination",
        ),
        id="B94 cyclic escalation",
    ),
    pytest.param(
        policy("steps: [{targets: [first]}, {targets: [mute]}]"),
        (
            3,
            "escalation.p.steps.2",
            "calls nobody: no one behind its targets has contacts",
            "give them `contacts`, or name somebody else",
        ),
        id="a step that calls nobody",
    ),
    pytest.param(
        "schedules: {s: {rotation: {people: [mute]}}}\nteams: {t: {members: [mute]}}\n"
        + policy("steps: [{targets: [s, t]}]"),
        (
            5,
            "escalation.p.steps.1",
            "calls nobody: no one behind its targets has contacts",
            "give them `contacts`, or name somebody else",
        ),
        id="a step whose schedule and team have no contacts",
    ),
    pytest.param(
        policy("{steps: [{targets: [second]}], repeat: 4}"),
        (3, "escalation.p.repeat", "must be less than or equal to 3", ""),
        id="repeats without end",
    ),
    pytest.param(
        policy("steps: []"),
        (3, "escalation.p.steps", "must not be empty", ""),
        id="a policy without steps",
    ),
    pytest.param(
        policy("{steps: [{targets: [second]}], fallback: mute}"),
        (
            3,
            "escalation.p.fallback",
            "reaches nobody: it has no contacts",
            "a fall-back must be somebody who can be told",
        ),
        id="a policy whose fall-back has no contacts",
    ),
    pytest.param(
        policy("steps: [{targets: [second]}]").replace("fallback: second, ", ""),
        (
            2,
            "escalation.p",
            "has no fall-back, and `routes` has none",
            "add `fallback: RECEIVER` here or under `routes`",
        ),
        id="no fall-back",
    ),
    pytest.param(
        "escalation:\n  none: {steps: [{targets: [second]}], fallback: first}\n",
        (2, "escalation.none", "'none' stands for no policy at all", "choose another id"),
        id="a policy called none",
    ),
    # --- dependencies
    pytest.param(
        "dependencies: {meta: [facebook, instagrm]}\n",
        (1, "dependencies.meta.2", "is neither a channel nor a platform of this file", "did you mean 'instagram'?"),
        id="an unknown child",
    ),
    pytest.param(
        "dependencies:\n  cloudflare: '*'\n",
        (
            2,
            "dependencies.cloudflare",
            "is neither a channel nor a platform of this file",
            "known: facebook, instagram, meta, reddit",
        ),
        id="an unknown node",
    ),
    pytest.param(
        "dependencies: {facebook: [instagram], instagram: [reddit], reddit: [facebook]}\n",
        (
            1,
            "dependencies.facebook",
            "rests on itself in a circle: facebook -> instagram -> reddit -> facebook",
            "",
        ),
        id="a circle",
    ),
    pytest.param(
        "dependencies:\n  reddit: '*'\n  facebook: [reddit]\n",
        (
            2,
            "dependencies.reddit",
            "rests on itself in a circle: reddit -> facebook -> reddit",
            "in place of `*`, name the channels that fail with it",
        ),
        id="a circle through all",
    ),
    pytest.param(
        "dependencies: {reddit: [reddit]}\n",
        (1, "dependencies.reddit.1", "rests on itself", "remove it"),
        id="on itself",
    ),
    pytest.param(
        "dependencies: {reddit: []}\n",
        (1, "dependencies.reddit", "nothing rests on it", "name channels, or remove it"),
        id="nothing rests on it",
    ),
    pytest.param(
        "dependencies: {reddit: [facebook, '*']}\n",
        (1, "dependencies.reddit", "`*` stands for all others; what is beside it says nothing", ""),
        id="all and one",
    ),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_each_fault_is_at_its_place_with_a_hint(tmp_path: Path, text: str, fault: tuple[int, str, str, str]) -> None:
    found = fault_of(tmp_path, text)
    assert found[:3] == fault[:3]
    assert found[3].startswith(fault[3])


def test_the_faults_of_on_call_come_together_also_where_parts_are_broken(tmp_path: Path) -> None:
    text = """\
teams: {all: {members: [nobody]}, half: {membrs: [first]}}
destinations: {room: {contacts: ["syslog://x"]}, hall: {name: ""}}
schedules: {a: {rotation: {people: [nobody]}}, b: {rotation: []}}
escalation: {p: {steps: [{targets: [half, b, hall]}]}, q: {steps: []}}
routes: {receiver: nobody, group_wait: soon}
dependencies: {meta: [nobody]}
silences: [{matchers: [tags=launch], author: A, comment: C, start: 2026-11-03T09:00, end: 2026-11-02T09:00}, {}]
maintenance: {m: {matchers: [tags=launch], start: 2026-11-03T09:00, duration: 1h, rrule: FREQ=NEVER}, n: {}}
launches: [{name: L, channels: [nobody], start: 2026-11-02T09:00, end: 2026-11-03T09:00}, {name: M}]
"""
    found = {(fault.line - LINES, fault.key) for fault in faults(tmp_path, TEAM + text)}
    assert found == {
        (1, "teams.all.members.1"),
        (1, "teams.half.membrs"),
        (1, "teams.half.members"),
        (2, "destinations.room.contacts.1"),
        (2, "destinations.hall.name"),
        (3, "schedules.a.rotation.people.1"),
        (3, "schedules.b.rotation"),
        (4, "escalation.q.steps"),
        (5, "routes.group_wait"),
        (6, "dependencies.meta.1"),
        (7, "silences.1.end"),
        *((7, f"silences.2.{key}") for key in ("matchers", "author", "comment", "start", "end")),
        (8, "maintenance.m.rrule"),
        *((8, f"maintenance.n.{key}") for key in ("matchers", "start", "duration")),
        (9, "launches.1.channels.1"),
        *((9, f"launches.2.{key}") for key in ("channels", "start", "end")),
    }
