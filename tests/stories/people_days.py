"""A random day over people too: they take incidents or do not, put off, silence, swap, while receivers fail, files are
loaded anew and the daemon is killed.

What must hold: every page is delivered, escalated or explained; nobody is told twice of the same thing; who heard the
beginning hears the end; the ledger explains each silence; no call is forgotten.
"""

import asyncio
from collections import Counter, defaultdict
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
    Silenced,
    Unsilenced,
)
from monitor.store import Delivery, OutboxState, Store
from tests.stories.clock import Clock
from tests.stories.days import CHANNELS, Day, page_of, platform_of
from tests.stories.house import House

__all__ = ["PeopleDay"]

PEOPLE = ("first", "second", "third")
WAYS = ("first/1", "first/2", "second/1", "third/1", "room/1")
ARRIVED = {OutboxState.DELIVERED, OutboxState.UNKNOWN}
GIVEN_UP = {OutboxState.REJECTED, OutboxState.EXPIRED}
HELD = {
    "held_silence", "held_depends", "held_maintenance", "held_interval", "held_settling", "held_group_wait",
    "not_told_nobody", "incident_withdrawn", "unreachable", "step_skipped",
}  # fmt: skip
FOLLOWS = {"told_next_method", "told_escalated", "all_failing", "incident_resolved", "unreachable", "acknowledged"}
CALLS = {"opened", "escalated", "handed_over", "lapsed"}


def _team(channels: tuple[str, ...], every_s: int, *, hours: int, wait: str) -> str:
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
  first: {{name: First, contacts: ["json://127.0.0.1:8766/a", "json://127.0.0.1:8767/b"]}}
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
class PeopleDay(Day):
    """`late`: calls that the auditor found; `done`: how often each act was granted."""

    late: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def teams(self) -> list[str]:
        """Rotations, delays and channels differ."""
        return [
            _team(CHANNELS, self.every_s, hours=1, wait="7m"),
            _team(CHANNELS[:-2], self.every_s, hours=2, wait="4m"),
            _team(CHANNELS, self.every_s, hours=1, wait="15m"),
        ]

    def ways(self) -> tuple[str, ...]:
        """Every contact method."""
        return WAYS

    async def _something(self, house: House, store: Store) -> House:
        if self.dice.random() < 0.6:
            house = await super()._something(house, store)
        else:
            event = self._wish(house)
            if event is not None:
                answer = house.lookout.engine.put(event).answer
                assert answer is not None
                self.done[f"{type(event).__name__} {answer.code}"] += 1
        await asyncio.sleep(self.dice.uniform(0, 5))
        engine = house.lookout.engine
        self.late += [f"incident {o.incident}: {o.route}" for o in overdue(engine.state, engine.rules, Clock().now())]
        return house

    def _wish(self, house: House) -> Event | None:
        dice, state, now = self.dice, house.lookout.engine.state, Clock().now()
        who = dice.choice(PEOPLE)
        ids = sorted(state.incidents, key=int)
        kind = dice.choices(("act", "silence", "end", "override", "restore", "drill"), (12, 2, 1, 2, 1, 1))[0]
        if kind == "act" and ids:
            act = dice.choices(tuple(Act), (10, 2, 3, 1, 2))[0]
            some = tuple(dice.sample(ids, min(len(ids), dice.choice((1, 1, 1, 3)))))
            return Acted(act, some, who, "board", "Looking", now + timedelta(minutes=dice.uniform(1, 60)))
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
        followed = {
            "told_next_method",
            "told_escalated",
            "all_failing",
            "incident_resolved",
            "unreachable",
            "acknowledged",
        }
        for row in lost:
            note = row.row.notification
            assert followed & set(codes), (
                f"{note.key} of incident {incident.id} was lost, and nothing followed: {codes}"
            )

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
                if not heard or destination in folded or destination not in known:
                    continue
                last = rows[-1].row
                assert last.notification.step == "resolved" or last.state in GIVEN_UP, (
                    f"incident {incident.id} to {destination} ends with {[r.row.notification.step for r in rows]}"
                )

    def _no_repeats(self) -> None:
        """The same key again only after a kill or a doubt; no opening twice."""
        super()._no_repeats()
        openings = Counter(
            (letter.envelope.incident, letter.destination)
            for letter in self.inbox.arrived
            if letter.step == "opened" and not letter.envelope.repeat
        )
        twice = {thread: n for thread, n in openings.items() if n > 1 + self.kills}
        assert not twice, f"told the opening again: {twice}"
