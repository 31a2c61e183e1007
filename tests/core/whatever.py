"""A world around the mind for whatever happens: probes, a post like the outbox, a file whose contacts come, go and
change places. It watches every step, and is asked what holds at rest and in the end.

Who heard of something is known here by the address, as a person is; the mind knows only its place, ``first/1``.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache

from monitor.core.audit import overdue
from monitor.core.draft import Draft
from monitor.core.duty import Recipient, Route, Team, TimeInterval, Unit, Window
from monitor.core.matching import parse_matcher
from monitor.core.model import (
    ChannelRule,
    Condition,
    Configured,
    Decision,
    Delivered,
    Drilled,
    Event,
    Incident,
    Notification,
    Phase,
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

__all__ = ["ADDRESSES", "CHANNELS", "NOBODY", "STATES", "World"]

CHANNELS = {"aws": "aws", "mail": "m", "shop": "m", "x": "x"}
ADDRESSES = {"first": ("first-1", "first-2"), "second": ("second-1",), "third": ("third-1",), "room": ("room-1",)}
NOBODY = 3  # the variant of the file without people
EVERY_S = 300.0
STATES = {
    "ok": Availability.OPERATIONAL,
    "weak": Availability.DEGRADED,
    "down": Availability.OUTAGE,
    "work": Availability.MAINTENANCE,
}
EXPLAINED = {"nobody_left", "unreachable", "not_told_nobody"}
TAKEN = {"acknowledged", "taken_over"}
HELD = {"silence": "held_silence", "depends": "held_depends", "maintenance": "held_maintenance"}

Contacts = tuple[tuple[str, tuple[str, ...]], ...]
Names = tuple[tuple[str, str], ...]


def _service(address: str) -> str:
    kept = {"first-1": "slack", "first-2": "sms"}
    return "pagerduty" if address.startswith("third") else kept.get(address, "json")


def _channels() -> list[ChannelRule]:
    return [channel(name, probe(name, every_s=600), platform=platform) for name, platform in CHANNELS.items()]


def _people(contacts: Contacts, names: Names, *, second: bool = True, quiet: bool = True) -> Crew:
    crew = Crew()
    hours = (Window(time(8, 30), time(10, 30)),) if quiet else ()
    for name, addresses in contacts:
        if name == "second" and not second:
            continue
        after = {2: timedelta(minutes=7)} if name == "first" else {}
        quieter = {"quiet": hours, "digest": time(11, 0)} if name == "second" else {}
        crew.person(name, *map(_service, addresses), after=after, **quieter)
        known = replace(crew.recipients[name], name=dict(names)[name], person=name != "room")
        if not addresses:
            known = replace(known, methods=())
            del crew.destinations[f"{name}/1"]
        crew.recipients[name] = known
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


@cache
def _file(variant: int, contacts: Contacts, names: Names) -> Rules:
    """The rules of one of four files, with these contacts and names in it."""
    if variant == 1:
        return _rules(_people(contacts, names, quiet=False), "q", moved=True)
    if variant == 2:
        return _rules(_people(contacts, names, second=False), "p", depends=False)
    whole = _rules(_people(contacts, names), "p")
    none: dict[str, object] = {n: {} for n in ("recipients", "destinations", "teams", "schedules", "policies")}
    return replace(whole, route=None, **none) if variant == NOBODY else whole  # type: ignore[arg-type]


@dataclass
class World:
    """A mind, what its probes say, and a post like the outbox: of one thread only the newest unsent message stays."""

    mind: Mind = field(default_factory=lambda: Mind(*_channels()))
    contacts: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(ADDRESSES))
    names: dict[str, str] = field(default_factory=lambda: {name: name.title() for name in ADDRESSES})
    book: dict[str, str] = field(default_factory=dict)  # place -> the address that stands there
    fresh: int = 2  # the number of the newest address
    stood: dict[str, str] = field(default_factory=dict)  # address -> where it stood last
    says: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CHANNELS, "ok"))
    post: dict[str, SendOutcome | None] = field(default_factory=dict)
    waiting: dict[tuple[str, str], Notification] = field(default_factory=dict)
    arrived: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))  # by address
    queued: dict[tuple[str, str], list[Notification]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    keys: set[str] = field(default_factory=set)
    lost: set[tuple[str, str]] = field(default_factory=set)  # threads whose end was given up
    doubted: set[tuple[str, str]] = field(default_factory=set)  # threads of which something may have arrived, or not
    astray: set[str] = field(default_factory=set)  # keys that were on their way to an address that stands elsewhere now
    closed: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mind.put = self._watched(self.mind.put)  # type: ignore[assignment, method-assign]
        self.reload(0)
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
        """What is due goes out, to whatever address stands there by now."""
        for thread, note in list(self.waiting.items()):
            address = self.book.get(note.destination, "")
            outcome = self.post.get(address, SendOutcome.DELIVERED) if address else SendOutcome.REJECTED
            if note.due is not None and note.due > self.mind.now:
                continue
            if note.expires <= self.mind.now:
                outcome = SendOutcome.EXPIRED
            if outcome is None or self.waiting.get(thread) is not note:
                continue
            del self.waiting[thread]
            self._ended(note, address, outcome)
            self.mind.put(Delivered(note.key, note.incident, note.destination, outcome, "because"))

    def _ended(self, note: Notification, address: str, outcome: SendOutcome) -> None:
        heard = note.incident, address
        if outcome is SendOutcome.UNKNOWN:
            self.doubted.add(heard)
        if outcome in (SendOutcome.DELIVERED, SendOutcome.UNKNOWN):
            self.lost.discard(heard)
            if note.key not in self.astray:
                self._not_twice(note, heard)
            self.arrived[heard].append(note.step)
        elif note.step == "resolved":
            self.lost.add(heard)

    def _not_twice(self, note: Notification, heard: tuple[str, str]) -> None:
        before = self.arrived[heard]
        if heard in self.doubted or not note.incident.isdigit():
            return
        assert note.step != "opened" or "opened" not in before, f"{note.key} opens it again for {heard}: {before}"
        assert note.step != "resolved" or before[-1:] != ["resolved"], f"{note.key} ends it again for {heard}"

    def reload(self, variant: int) -> None:
        """The file is another: one of the variants, with the contacts and names of now."""
        rules = _file(variant, tuple(self.contacts.items()), tuple(self.names.items()))
        book = {
            f"{name}/{n}": address
            for name, addresses in self.contacts.items() if name in rules.recipients
            for n, address in enumerate(addresses, 1)
        }  # fmt: skip
        old, self.book = self.book, book
        elsewhere = frozenset(place for place in {**old, **book} if old.get(place) != book.get(place))
        there = {address: place for place, address in book.items()}
        moved = {place: there[address] for place, address in old.items() if there.get(address, place) != place}
        self._forget(old, book)
        self.astray |= {n.key for n in self.waiting.values() if n.destination in elsewhere}
        self.mind.rules = rules
        self.mind.put(Configured(elsewhere=elsewhere, readdressed=moved))

    def _forget(self, old: Mapping[str, str], book: Mapping[str, str]) -> None:
        """An address that left is known no more once another stands in its place, or it comes back to another."""
        self.stood.update({address: place for place, address in old.items()})
        for address, place in self.stood.items():
            taken = book.get(place) not in (address, None) and address not in book.values()
            came = address in book.values() and address not in old.values() and book.get(place) != address
            if taken or came:
                for thread in [t for t in self.arrived if t[1] == address]:
                    del self.arrived[thread]

    # --- what holds after every step ----------------------------------------------------------------------------------

    def _watched(self, put: Callable[[Event], Step]) -> Callable[[Event], Step]:
        def watched(event: Event) -> Step:
            before = self.mind.state
            taken = put(event)
            for row in taken.decisions:
                self.rows[row.incident].append(row)
            self.closed |= dict.fromkeys(i.id for i in taken.closed)
            self._keys(taken)
            for id_, incident in taken.state.incidents.items():
                known = before.incidents.get(id_)
                assert known is None or known.revision <= incident.revision, "a revision went back"
                if incident is not known:
                    self._held_back(taken, known, incident)
                    self._is_explained(incident)
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
                earlier.append(note)
                told = [n for (i, _), all_ in self.queued.items() if i == note.incident for n in all_]
                known = note.step != "resolved" or any(n.recipient == note.recipient for n in told if n is not note)
                assert known, f"the end went to {note.recipient}, who was told nothing"
            threads.add(thread)
            self.waiting[thread] = note

    def _is_explained(self, incident: Incident) -> None:
        """Why people are not told of it, or no longer, stands in the ledger."""
        codes = self._codes(incident.id)
        if incident.phase is Phase.ACKNOWLEDGED:
            assert TAKEN & codes, f"{incident} is taken, and no row says by whom"
        for what, code in ((incident.snoozed, "snoozed"), (incident.folded, "incident_folded")):
            assert not what or code in codes, f"no row explains why {incident} is quiet: {codes}"
        assert not incident.by_hand or "resolved_by_hand" in codes, f"no row says who called {incident} over"
        assert not any(p.muted for p in incident.pages) or "held_interval" in codes, f"{incident} is quiet, and why?"
        assert not any(t.lost for t in incident.told) or {"rejected", "expired"} & codes, f"{incident} lost in silence"
        for each, why in incident.held.items():
            last = [r.code for r in self.rows[incident.id] if r.channel == each and r.code.startswith("held_")]
            assert last[-1:] == [HELD[why.partition(":")[0]]], f"{each} of {incident} is held by {why}, and says {last}"

    @staticmethod
    def _held_back(taken: Step, known: Incident | None, incident: Incident) -> None:
        steps = {(n.step, n.destination) for n in taken.notifications if n.incident == incident.id}
        silent = bool(incident.held) and set(incident.channels or ("",)) <= set(incident.held)
        for step, destination in steps:
            keyed = step in ("acknowledged", "handed_over") and destination.startswith("third/")
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
                if _reachable(talk.rules.recipients[person], incident.subject):
                    assert person in page.called, f"{person} is on call and was not called to {incident}"
                    assert talk.told_of(person), f"{person} is on call and was told nothing of {incident}"

    def _answered_for(self, talk: Talk) -> list[bool]:
        now = talk.now
        in_time = now - talk.rules.method_after
        on_its_way = [t.arrived is not None or (not t.lost and t.at > in_time) for t in talk.told.values()]
        coming = [p.due is not None and p.due > now for p in talk.pages]
        muted = bool(talk.pages) and all(p.muted for p in talk.pages)
        again = [not t.resolved and t.recipient in p.called for p in talk.pages if p.over for t in talk.told.values()]
        explained = EXPLAINED & self._codes(talk.incident.id)
        return [any(on_its_way), any(coming), muted, any(again), bool(explained)]

    def _codes(self, incident: str) -> set[str]:
        return {row.code for row in self.rows[incident]}

    def ends_well(self) -> None:
        """All is well again, with everybody back in the configuration: who heard of a trouble hears its end."""
        mind = self.mind
        self.reload(0)
        self.post.clear()
        self.says = dict.fromkeys(CHANNELS, "ok")
        for silence in sorted(mind.state.silences):
            mind.put(Unsilenced(silence, "first", "cli"))
        self.lives(3600)
        mind.put(Drilled("all", "first"))  # what shows that messages arrive again
        self.lives(26 * 3600, 1200)
        assert not [i for i in mind.incidents if not i.by_hand], f"never ended: {mind.incidents}"
        for (incident, address), steps in self.arrived.items():
            person = address.partition("-")[0]
            gone = {r.destination.partition("/")[0] for r in self.rows[incident] if r.code == "not_told_gone"}
            known = steps and incident.isdigit() and address in self.book.values() and person not in gone
            if known and (incident, address) not in self.lost and "incident_folded" not in self._codes(incident):
                assert steps[-1:] == ["resolved"], f"incident {incident} to {address} ends with {steps}"


def _reachable(person: Recipient, subject: str) -> bool:
    return any(m.destination != subject for m in person.methods)
