"""A random day over people too: they take incidents or do not, put off, silence, swap, while receivers fail, contacts
are mended and change places, files are loaded anew and the daemon is killed.

What must hold: every page is delivered, escalated or explained; nobody is told twice of the same thing; who heard the
beginning hears the end; the ledger explains each silence; no call is forgotten.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.audit import overdue
from monitor.core.duty import Override, Shift, Silence
from monitor.core.matching import parse_matcher
from monitor.core.model import (
    Act,
    Acted,
    Drilled,
    Event,
    Incident,
    Overridden,
    Phase,
    Restored,
    SendOutcome,
    Silenced,
    Unsilenced,
)
from monitor.notify import Envelope, Sent
from monitor.store import Delivery, OutboxState, Store
from tests.stories.clock import Clock
from tests.stories.days import CHANNELS, Day, page_of, platform_of
from tests.stories.house import House, Inbox

__all__ = ["PeopleDay"]

PEOPLE = ("first", "second", "third", "Second", " third ", "a stranger")
TWO = "json://127.0.0.1:8766/a json://127.0.0.1:8767/b"
TURNED = "json://127.0.0.1:8767/b json://127.0.0.1:8766/a"
THREE = "json://127.0.0.1:8768/z json://127.0.0.1:8766/a json://127.0.0.1:8767/b"
MENDED = "json://127.0.0.1:8769/new json://127.0.0.1:8767/b"
WAYS = ("first/1", "first/2", "second/1", "third/1", "room/1")
ARRIVED = {OutboxState.DELIVERED, OutboxState.UNKNOWN}
GIVEN_UP = {OutboxState.REJECTED, OutboxState.EXPIRED}
HELD = {
    "held_silence", "held_depends", "held_maintenance", "held_interval", "held_settling", "held_group_wait",
    "not_told_nobody", "incident_withdrawn", "unreachable", "step_skipped",
}  # fmt: skip
FOLLOWS = {"told_next_method", "told_escalated", "all_failing", "incident_resolved", "unreachable", "acknowledged"}
CALLS = {"opened", "escalated", "handed_over", "lapsed"}


def _team(
    channels: tuple[str, ...], every_s: int, *, hours: int, wait: str, contacts: str = TWO, name: str = "First"
) -> str:
    ways = ", ".join(f'"{address}"' for address in contacts.split())
    entries = "\n".join(
        f"  {name}: {{name: {name.title()}, platform: {platform_of(name)}, probes: "
        f'[{{kind: status.statuspage, url: "{page_of(name)}", every: {every_s}s}}]}}'
        for name in channels
    )
    return f"""
team: {{name: T, timezone: Europe/Paris}}
channels:
{entries}
people:
  first: {{name: {name}, contacts: [{ways}]}}
  second:
    name: Second
    contacts: ["json://127.0.0.1:8766/c"]
    quiet_hours: {{from: "09:30", to: "10:15"}}
    digest: "10:30"
  third: {{name: Third, contacts: ["json://127.0.0.1:8766/d"], language: fr}}
destinations:
  room: {{name: Room, contacts: ["json://127.0.0.1:8766/e"]}}
schedules:
  primary:
    name: Primary
    timezone: Europe/Paris
    rotation: {{people: [first, second], every: {hours} hours, start: 2026-11-22T09:00}}
escalation:
  call: {{steps: [{{targets: [third], after: {wait}}}, {{targets: [first, second], after: {wait}}}], repeat: 1}}
routes:
  receiver: primary
  escalation: call
  fallback: room
  repeat_interval: 45m
  routes:
    - {{matchers: ['severity="warning"', 'channel=~"shop|video"'], receiver: room}}
dependencies: {{reddit: [shop, video]}}
"""


@dataclass
class Addresses(Inbox):
    """The post by address: `refuses` take nothing. `heard`: incident and address -> steps, in order."""

    refuses: set[str] = field(default_factory=set)
    heard: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    book: Callable[[], Mapping[str, str]] = dict

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """To whatever address stands there by now."""
        address = self.book().get(destination_id)
        if address is None:
            return Sent(SendOutcome.REJECTED, "this contact is no longer configured")
        if address in self.refuses:
            return Sent(SendOutcome.REJECTED, "it does not take it")
        before = len(self.arrived)
        sent = await super().send(destination_id, envelope)
        if len(self.arrived) > before and not envelope.repeat:
            self.heard[envelope.incident, address].append(envelope.step)
        return sent

    def forget(self) -> None:
        """Addresses that left the file are strangers should they come back."""
        here = set(self.book().values())
        for thread in [t for t in self.heard if t[1] not in here]:
            del self.heard[thread]


def _book(house: House) -> Callable[[], Mapping[str, str]]:
    """Where each contact of this house leads, whenever it is asked."""
    return lambda: {place: address.get_secret_value() for place, address in house.lookout.settings.contacts.items()}


@dataclass
class PeopleDay(Day):
    """`late`: calls that the auditor found; `done`: how often each act was granted."""

    inbox: Addresses = field(default_factory=Addresses)
    late: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def teams(self) -> list[str]:
        """Rotations, delays and channels differ."""
        return [
            _team(CHANNELS, self.every_s, hours=1, wait="7m"),
            _team(CHANNELS[:-2], self.every_s, hours=2, wait="4m"),
            _team(CHANNELS, self.every_s, hours=1, wait="15m"),
            _team(CHANNELS, self.every_s, hours=1, wait="7m", contacts=TURNED, name="Second"),
            _team(CHANNELS, self.every_s, hours=1, wait="7m", contacts=THREE, name="Other"),
            _team(CHANNELS, self.every_s, hours=2, wait="7m", contacts=MENDED),
        ]

    def ways(self) -> tuple[str, ...]:
        """Every contact method."""
        return WAYS

    async def _something(self, house: House, store: Store) -> House:
        self.inbox.book = _book(house)
        dice = self.dice.random()
        if dice < 0.08:
            house.lookout.apply(self.dice.choice(self.settings))
        elif dice < 0.6:
            house = await super()._something(house, store)
        else:
            self._somebody_acts(house, store)
        self.inbox.book = _book(house)
        self.inbox.forget()
        await asyncio.sleep(self.dice.uniform(0, 5))
        engine = house.lookout.engine
        self.late += [f"incident {o.incident}: {o.route}" for o in overdue(engine.state, engine.rules, Clock().now())]
        return house

    def _somebody_acts(self, house: House, store: Store) -> None:
        event = self._wish(house, store)
        if event is None:
            return
        engine, ids = house.lookout.engine, event.incidents if isinstance(event, Acted) else ()
        kept: list[Incident] = []
        answer = engine.put(event, done=lambda: kept.extend(store.incidents_named(ids).values())).answer
        assert answer is not None
        assert {i.id for i in kept} == set(ids), "the answer came before what it rests on was kept"
        assert all(engine.state.incidents.get(i.id, i) == i for i in kept), "what is kept is not what was answered"
        self.done[f"{type(event).__name__} {answer.code}"] += 1

    def _post_turns(self) -> None:
        super()._post_turns()
        self.inbox.refuses.clear()
        if self.dice.random() < 0.4:
            self.inbox.refuses.add(self.dice.choice(sorted(self.inbox.book().values())))

    async def _all_is_well(self, house: House, store: Store) -> House:
        self.inbox.refuses.clear()
        house = await super()._all_is_well(house, store)
        for name in house.lookout.engine.rules.recipients:
            house.lookout.engine.put(Drilled(name, "first"))  # what shows that messages arrive again
        await asyncio.sleep(300)
        self.inbox.forget()
        return house

    def _wish(self, house: House, store: Store) -> Event | None:
        dice, state, now = self.dice, house.lookout.engine.state, Clock().now()
        who = dice.choice(PEOPLE)
        ids = sorted(state.incidents, key=int)
        kind = dice.choices(("act", "silence", "end", "override", "restore", "drill"), (12, 2, 1, 2, 1, 1))[0]
        if kind == "act" and ids:
            act = dice.choices(tuple(Act), (10, 2, 3, 1, 2))[0]
            over = [i.id for i in store.incidents(limit=1000) if i.id not in state.incidents]
            ids = over if over and dice.random() < 0.1 else ids
            some = tuple(dice.sample(ids, min(len(ids), dice.choice((1, 1, 1, 3)))))
            until = now + timedelta(minutes=dice.uniform(1, 60))
            return Acted(act, some, who, "board", "Looking", until, tuple(i for i in some if i in over))
        if kind == "silence":
            matcher = parse_matcher(f'channel="{dice.choice(CHANNELS)}"')
            end = now + timedelta(minutes=dice.uniform(1, 45))
            wished = Silence("", (matcher,), who, "known", now, end, until_recovered=dice.random() < 0.3)
            return Silenced(wished, "board")
        if kind == "end" and state.silences:
            return Unsilenced(dice.choice(sorted(state.silences)), who, "cli")
        if kind == "override":
            start = now + timedelta(minutes=dice.uniform(0, 60))
            span = Shift(who, start, start + timedelta(minutes=dice.uniform(5, 90)), "override")
            return Overridden(Override("", "primary", (span,), by=who), "api")
        if kind == "restore" and state.overrides:
            return Restored(dice.choice(sorted(state.overrides)), who, "api")
        return Drilled("call", who) if kind == "drill" else None

    # --- what must hold ----------------------------------------------------------------------------------------------

    def promises(self, store: Store) -> None:
        """As on any day, and no call was late."""
        assert not self.late, f"calls were forgotten: {self.late[:3]}"
        super().promises(store)

    def _conservation(self, store: Store) -> None:
        """Every page is delivered, escalated or explained; the ledger explains each silence."""
        for incident in store.incidents(limit=1000):
            rows = store.deliveries(incident.id)
            unsettled = [
                r.row.notification.key for r in rows if r.row.state in (OutboxState.PENDING, OutboxState.RETRY)
            ]
            assert not unsettled, f"never sent and never given up: {unsettled}"
            codes = [row.decision.code for row in store.decisions(incident=incident.id, limit=1000)]
            assert "incident_opened" in codes or incident.phase is Phase.CLOSED
            if not rows and "incident_opened" in codes:
                assert HELD & set(codes), f"incident {incident.id} was told to nobody, and nothing says why: {codes}"
            self._answered_for(incident, rows, codes)

    @staticmethod
    def _answered_for(incident: Incident, rows: list[Delivery], codes: list[str]) -> None:
        lost = [r for r in rows if r.row.state in GIVEN_UP and r.row.notification.step in CALLS]
        for row in lost:
            key = row.row.notification.key
            assert FOLLOWS & set(codes), f"{key} of incident {incident.id} was lost, and nothing followed: {codes}"

    def _the_end_is_heard(self, store: Store) -> None:
        """By rows and not by letters, for a digest brings several."""
        for incident in store.incidents(limit=1000):
            threads: dict[str, list[Delivery]] = defaultdict(list)
            for row in store.deliveries(incident.id):
                threads[row.row.notification.destination].append(row)
            folded = {t.destination for t in incident.told if t.folded}
            known = {t.destination for t in incident.told}
            for destination, rows in threads.items():
                heard = [r for r in rows if r.row.state in ARRIVED]
                moves = destination.startswith("first/")  # its addresses change places: see `_by_address`
                if not heard or destination in folded or destination not in known or moves:
                    continue
                last = rows[-1].row
                assert last.notification.step == "resolved" or last.state in GIVEN_UP, (
                    f"incident {incident.id} to {destination} ends with {[r.row.notification.step for r in rows]}"
                )
            self._by_address(incident, store)

    def _by_address(self, incident: Incident, store: Store) -> None:
        """Whoever heard the opening hears the end there, wherever it stands by then; or a row says why not."""
        rows = store.deliveries(incident.id)
        lost = {
            r.row.notification.recipient
            for r in rows
            if r.row.notification.step == "resolved" and r.row.state is not OutboxState.DELIVERED
        }
        codes = {row.decision.code for row in store.decisions(incident=incident.id, limit=1000)}
        for (about, address), steps in self.inbox.heard.items():
            who = next((n.partition("/")[0] for n, a in self.inbox.book().items() if a == address), "")
            last = {step for (_, there), each in self.inbox.heard.items() if there == address for step in each}
            gathered = bool(last & {"digest", "summary", "several"})
            if about == incident.id and who not in lost and not gathered and "incident_folded" not in codes:
                assert steps[-1] == "resolved", f"incident {about} to {address} ends with {steps}: {codes}"

    def _no_repeats(self) -> None:
        """The same key again only after a kill or a doubt; no address hears an opening twice."""
        super()._no_repeats()
        twice = {t: s for t, s in self.inbox.heard.items() if s.count("opened") > 1 + self.kills + self.doubts}
        assert not twice, f"told the opening again: {twice}"
