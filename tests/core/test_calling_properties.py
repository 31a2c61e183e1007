"""What holds of the calling of people whatever happens, in whatever order: outages, acts, silences, shifts, reloads,
restarts, and a post that delivers, refuses, keeps quiet or forgets.
"""

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from monitor.core.audit import overdue
from monitor.core.draft import Draft
from monitor.core.duty import Override, Route, Shift, Team, TimeInterval, Unit, Window
from monitor.core.matching import parse_matcher
from monitor.core.model import (
    Act,
    Acted,
    ChannelRule,
    Condition,
    Delivered,
    Drilled,
    Event,
    Incident,
    Notification,
    Overridden,
    Phase,
    Restored,
    Rules,
    SendOutcome,
    Step,
    Tick,
    Unsilenced,
)
from monitor.core.paging import made
from monitor.core.talk import Talk
from probes.base import Availability, Reason
from tests.core.mind import Mind, channel, probe
from tests.core.people import AT_ONCE, Crew, policy, rotation

CHANNELS = {"aws": "aws", "mail": "m", "shop": "m", "x": "x"}
WAYS = ("first/1", "first/2", "second/1", "third/1", "room/1")
EVERY_S = 300.0
STATES = {
    "ok": Availability.OPERATIONAL,
    "weak": Availability.DEGRADED,
    "down": Availability.OUTAGE,
    "work": Availability.MAINTENANCE,
}
EXPLAINED = {"nobody_left", "unreachable", "not_told_nobody"}


def _channels() -> list[ChannelRule]:
    return [channel(name, probe(name, every_s=600), platform=platform) for name, platform in CHANNELS.items()]


def _people(*, second: bool = True, quiet: bool = True) -> Crew:
    crew = Crew()
    crew.person("first", "slack", "sms", after={2: timedelta(minutes=7)})
    if second:
        hours = (Window(time(8, 30), time(10, 30)),) if quiet else ()
        crew.person("second", quiet=hours, digest=time(11, 0))
    crew.person("third", "pagerduty")
    crew.person("room")
    crew.teams["all"] = Team("all", "All", tuple(crew.recipients))
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC).replace(tzinfo=None)
    turns = ("first", "second") if second else ("first", "third")
    crew.schedule("primary", rotation=rotation(*turns, unit=Unit.HOUR, start=start))
    crew.policies["p"] = policy("p", ("third", 5), ("primary+first", 10), repeat=1, fallback="room")
    crew.policies["q"] = policy("q", ("second+nobody", 3), fallback="third")
    return crew


def _rules(crew: Crew, escalation: str, *, moved: bool = False, depends: bool = True) -> Rules:
    weak = Route(
        "root.1", "room", "", (parse_matcher('severity="warning"'), parse_matcher('channel="x"')), mute=("noon",),
        **AT_ONCE, interval=timedelta(minutes=4), repeat=timedelta(minutes=30),
    )  # fmt: skip
    night = Route("root.1", "all", "q", (parse_matcher('channel="mail"'),), goes_on=True, active=("noon",), **AT_ONCE)
    below = (night, replace(weak, id="root.2")) if moved else (weak,)
    root = Route("root", "primary", escalation, interval=timedelta(minutes=4), routes=below)
    noon = TimeInterval("noon", "UTC", (Window(time(9), time(9, 40)), Window(time(12), time(12, 20))))
    given = crew.rules(
        "primary", route=root, fallback="room", intervals={"noon": noon}, wait_warning=timedelta(seconds=30),
        wait_critical=timedelta(seconds=5), repeat=timedelta(minutes=45),
        depends={"aws": ("mail",)} if depends else {},
    )  # fmt: skip
    return Mind(*_channels(), **given).rules


VARIANTS: tuple[Rules, ...] = (
    _rules(_people(), "p"),
    _rules(_people(quiet=False), "q", moved=True),
    _rules(_people(second=False), "p", depends=False),
    replace(_rules(_people(), "p"), recipients={}, destinations={}, teams={}, schedules={}, policies={}, route=None),
)


@dataclass
class World:
    """A mind, what its probes say, and a post like the outbox: of one thread only the newest unsent message stays."""

    mind: Mind = field(default_factory=lambda: Mind(*_channels()))
    says: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CHANNELS, "ok"))
    post: dict[str, SendOutcome | None] = field(default_factory=dict)
    waiting: dict[tuple[str, str], Notification] = field(default_factory=dict)
    arrived: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    queued: dict[tuple[str, str], list[Notification]] = field(default_factory=lambda: defaultdict(list))
    keys: set[str] = field(default_factory=set)
    lost: set[tuple[str, str]] = field(default_factory=set)  # threads whose end was given up

    def __post_init__(self) -> None:
        self.mind.rules = VARIANTS[0]
        self.mind.put = self._watched(self.mind.put)  # type: ignore[assignment, method-assign]
        self.mind.reload(VARIANTS[0])
        self.lives(0)

    # --- what happens -------------------------------------------------------------------------------------------------

    def lives(self, seconds: float, every_s: float = EVERY_S) -> None:
        """Probes say what they say, the post does what it does."""
        end = self.mind.now + timedelta(seconds=seconds)
        while True:
            for name, state in self.says.items():
                if state == "fails":
                    self.mind.fails(f"{name}/1", Reason.FORMAT)
                else:
                    self.mind.says(f"{name}/1", STATES[state])
            self.carry()
            if self.mind.now >= end:
                break
            self.passes(min(every_s, (end - self.mind.now).total_seconds()))

    def passes(self, seconds: float) -> None:
        """The mind is woken when it asks to be, and never without end."""
        mind, end = self.mind, self.mind.now + timedelta(seconds=seconds)
        at_once = 0
        while mind.state.wake is not None and mind.state.wake <= end:
            at_once = at_once + 1 if mind.state.wake <= mind.now else 0
            assert at_once < 5, "woken again and again at one moment"
            mind.now = max(mind.now, mind.state.wake)
            mind.put(Tick())
            self.carry()
        mind.now = end
        self.nobody_is_forgotten()

    def carry(self) -> None:
        """What is due goes out."""
        for thread, note in list(self.waiting.items()):
            outcome = self.post.get(note.destination, SendOutcome.DELIVERED)
            if note.due is not None and note.due > self.mind.now:
                continue
            if note.expires <= self.mind.now:
                outcome = SendOutcome.EXPIRED
            if outcome is None or self.waiting.get(thread) is not note:
                continue
            del self.waiting[thread]
            if outcome in (SendOutcome.DELIVERED, SendOutcome.UNKNOWN):
                self.arrived[thread].append(note.step)
            elif note.step == "resolved":
                self.lost.add(thread)
            self.mind.put(Delivered(note.key, note.incident, note.destination, outcome, "because"))

    # --- what holds after every step ----------------------------------------------------------------------------------

    def _watched(self, put: Callable[[Event], Step]) -> Callable[[Event], Step]:
        def watched(event: Event) -> Step:
            before = self.mind.state
            taken = put(event)
            self._keys(taken)
            for id_, incident in taken.state.incidents.items():
                known = before.incidents.get(id_)
                assert known is None or known.revision <= incident.revision, "a revision went back"
                self._held_back(taken, known, incident)
            self._wake(taken)
            return taken

        return watched

    def _keys(self, taken: Step) -> None:
        threads = set()
        for note in taken.notifications:
            thread = (note.incident, note.destination)
            if note.incident.isdigit():
                assert note.key not in self.keys, f"{note.key} is the key of another message"
                self.keys.add(note.key)
                assert thread not in threads, f"two messages to one destination in one step: {note.key}"
                earlier = self.queued[thread]
                assert all(n.revision < note.revision for n in earlier), f"{note.key} is not newer than {earlier}"
                assert note.step != "resolved" or earlier, f"the end went to {note.destination}, who was told nothing"
                earlier.append(note)
            threads.add(thread)
            self.waiting[thread] = note

    @staticmethod
    def _held_back(taken: Step, known: Incident | None, incident: Incident) -> None:
        steps = {(n.step, n.destination) for n in taken.notifications if n.incident == incident.id}
        silent = bool(incident.held) and set(incident.channels or ("",)) <= set(incident.held)
        for step, destination in steps:
            keyed = step == "acknowledged" and destination == "third/1"
            assert step == "resolved" or keyed or not silent, f"{step} of {incident.id} though all of it is held"
        if known is not None and known.phase is incident.phase is Phase.ACKNOWLEDGED:
            assert not {s for s, _ in steps} & {"repeat", "escalated", "opened"}, f"{steps} though it is taken"

    def _wake(self, taken: Step) -> None:
        state = taken.state
        times = [*state.due.values(), *state.agenda.values()]
        times += [state.monitor.duties] if state.monitor.duties is not None else []
        if times:
            assert state.wake is not None, f"{min(times)} is due, and nothing wakes the mind"
            assert state.wake <= max(min(times), self.mind.now), f"{min(times)} is due, and the wake is {state.wake}"

    # --- what holds at rest -------------------------------------------------------------------------------------------

    def nobody_is_forgotten(self) -> None:
        """Every incident that is open and audible has been heard of, is on its way, is about to be, or is explained."""
        mind = self.mind
        late = overdue(mind.state, mind.rules, mind.now)
        assert not late, f"calls are late: {late}"
        draft = Draft(mind.state, mind.rules, mind.now)
        for incident in mind.incidents:
            if incident.phase is not Phase.OPEN or incident.firing is None or not mind.state.monitor.settled:
                continue
            talk = Talk(draft, incident)
            if talk.quiet or talk.silent or not self._in_trouble(talk):
                continue
            assert any(self._answered_for(talk)), (
                f"incident {incident.id} is open and nobody hears of it: {self._codes(incident.id)}\n{incident}"
            )
            self._on_call_know(talk)

    def _in_trouble(self, talk: Talk) -> bool:
        """Whether any of it that may be told is bad, or was when it was last seen."""
        members = [self.mind.state.channels[c] for c in talk.channels]
        if talk.incident.condition is not Condition.AVAILABILITY:
            return talk.in_trouble()
        seen = [m.last_known if m.unknown_since is not None else m.health.availability for m in members]
        return bool({Availability.DEGRADED, Availability.OUTAGE} & set(seen))

    def _on_call_know(self, talk: Talk) -> None:
        """Whoever is on call now, where the schedule was called, was told, whenever the shift began."""
        incident = talk.incident
        for page in talk.pages:
            back = incident.reopened is not None and talk.now < incident.reopened + page.interval
            schedules = {n for names in made(page, talk.rules) for n in names if n in talk.rules.schedules}
            if page.muted or not page.taken or back:
                continue
            for person in talk.behind(schedules):
                if talk.rules.recipients[person].methods and incident.subject not in WAYS:
                    assert person in page.called, f"{person} is on call and was not called to {incident}"
                    assert talk.told_of(person), f"{person} is on call and was told nothing of {incident}"

    def _answered_for(self, talk: Talk) -> list[bool]:
        now = talk.now
        in_time = now - talk.rules.method_after
        on_its_way = [t.arrived is not None or (not t.lost and t.at > in_time) for t in talk.told.values()]
        coming = [p.due is not None and p.due > now for p in talk.pages]
        muted = bool(talk.pages) and all(p.muted for p in talk.pages)
        again = [not t.resolved and t.recipient in p.called for p in talk.pages if p.over for t in talk.told.values()]
        explained = EXPLAINED & set(self._codes(talk.incident.id))
        return [any(on_its_way), any(coming), muted, any(again), bool(explained)]

    def _codes(self, incident: str) -> list[str]:
        return [d.code for d in self.mind.ledger if d.incident == incident]

    def ends_well(self) -> None:
        """All is well again, with everything back in the configuration: who heard of a trouble hears its end."""
        mind = self.mind
        mind.reload(VARIANTS[0])
        self.post.clear()
        self.says = dict.fromkeys(CHANNELS, "ok")
        for silence in sorted(mind.state.silences):
            mind.put(Unsilenced(silence, "first", "cli"))
        self.lives(3600)
        mind.put(Drilled("all", "first"))  # what shows that messages arrive again
        self.lives(26 * 3600, 1200)
        assert not [i for i in mind.incidents if not i.by_hand], f"never ended: {mind.incidents}"
        for thread, steps in self.arrived.items():
            incident, destination = thread
            if not incident.isdigit() or thread in self.lost:
                continue
            gone = any(d.code == "not_told_gone" and d.incident == incident for d in mind.ledger)
            assert steps[-1] == "resolved" or gone or "incident_folded" in self._codes(incident), (
                f"incident {incident} to {destination} ends with {steps}"
            )


# --- what may happen --------------------------------------------------------------------------------------------------

Happens = Callable[[World], None]


def _say(name: str, state: str) -> Happens:
    def happens(world: World) -> None:
        world.says[name] = state
        world.lives(0)

    return happens


def _live(minutes: float) -> Happens:
    return lambda world: world.lives(minutes * 60)


def _post(destination: str, outcome: SendOutcome | None) -> Happens:
    return lambda world: world.post.update({destination: outcome})


def _act(act: Act, which: int, by: str, minutes: float) -> Happens:
    def happens(world: World) -> None:
        if world.mind.incidents:
            chosen = world.mind.incidents[which % len(world.mind.incidents)].id
            until = world.mind.now + timedelta(minutes=minutes)
            world.mind.put(Acted(act, (chosen,), by, "board", "looking", until))

    return happens


def _silence(matcher: str, minutes: float, until_recovered: bool, after_s: float) -> Happens:  # noqa: FBT001 - drawn
    return lambda world: void(world.mind.silences(matcher, minutes, until_recovered=until_recovered, after_s=after_s))


def void(_: object) -> None:
    """Nothing comes of it here."""


def _unsilence(which: int) -> Happens:
    def happens(world: World) -> None:
        known = sorted(world.mind.state.silences)
        if known:
            world.mind.put(Unsilenced(known[which % len(known)], "first", "cli"))

    return happens


def _override(person: str, after: float, minutes: float) -> Happens:
    def happens(world: World) -> None:
        start = world.mind.now + timedelta(minutes=after)
        span = Shift(person, start, start + timedelta(minutes=minutes), "override")
        world.mind.put(Overridden(Override("", "primary", (span,), by="first"), "board"))

    return happens


def _restore(which: int) -> Happens:
    def happens(world: World) -> None:
        known = sorted(world.mind.state.overrides)
        if known:
            world.mind.put(Restored(known[which % len(known)], "first", "board"))

    return happens


def _reload(which: int) -> Happens:
    return lambda world: world.mind.reload(VARIANTS[which])


def _restart(for_s: float, runs: bool) -> Happens:  # noqa: FBT001 - drawn
    def happens(world: World) -> None:
        world.mind.lives_no_more(for_s)
        if runs:
            world.lives(0)
        else:
            world.passes(5)

    return happens


WHO = st.sampled_from(("first", "second", "third", "room", "a stranger"))
MATCHERS = ('channel="x"', 'platform="m"', 'severity="warning"', 'kind="availability"', 'channel=~"aws|mail"')
HAPPENS = st.one_of(
    st.builds(_say, st.sampled_from(tuple(CHANNELS)), st.sampled_from((*STATES, "down", "down", "fails"))),
    st.builds(_live, st.sampled_from((0.1, 1, 2.5, 5, 6, 16, 45, 61))),
    st.builds(
        _post, st.sampled_from(WAYS),
        st.sampled_from((SendOutcome.DELIVERED, SendOutcome.REJECTED, SendOutcome.UNKNOWN, None)),
    ),
    st.builds(_act, st.sampled_from(tuple(Act)), st.integers(0, 3), WHO, st.sampled_from((2, 20, 90))),
    st.builds(
        _silence, st.sampled_from(MATCHERS), st.sampled_from((1, 7, 40)), st.booleans(), st.sampled_from((0, 0, 300))
    ),
    st.builds(_unsilence, st.integers(0, 2)),
    st.builds(_override, WHO, st.sampled_from((0, 3, 30)), st.sampled_from((4, 50))),
    st.builds(_restore, st.integers(0, 2)),
    st.builds(_reload, st.sampled_from((0, 0, 1, 2, 3))),
    st.builds(_restart, st.sampled_from((1, 30, 200, 1500)), st.booleans()),
    st.just(lambda world: void(world.mind.put(Drilled("p", "first")))),
)  # fmt: skip


def _whatever_happens(happenings: list[Happens]) -> None:
    world = World()
    for happens in happenings:
        happens(world)
    world.ends_well()


ANYTHING = st.lists(HAPPENS, min_size=5, max_size=25)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(ANYTHING)
def test_whatever_happens_nobody_is_forgotten_nobody_told_twice_and_who_heard_hears_the_end(
    happenings: list[Happens],
) -> None:
    _whatever_happens(happenings)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=int(os.environ.get("VIGIE_EXAMPLES", "600")), deadline=None, phases=(Stage.generate,))
@given(ANYTHING)
def test_whatever_happens_many_times_over_nobody_is_forgotten(happenings: list[Happens]) -> None:
    _whatever_happens(happenings)
