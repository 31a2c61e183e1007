"""Random days: a world that lies, hides and recovers, a post that fails, a daemon that is killed and reloaded.

One seed is one day, to the event. What must hold whatever happened is checked at the end (`Day.promises`): the
invariants of the design's list. A broken promise names the seed and the command that plays the day again.
"""

import asyncio
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.core.model import Phase
from monitor.store import OutboxState, Store
from probes.base import Reason, Unreachable
from tests.stories.clock import START, run
from tests.stories.house import House, Inbox, World, settings_of, statuspage

if TYPE_CHECKING:
    from monitor.settings import Settings

__all__ = ["CHANNELS", "Day", "page_of", "platform_of", "play"]

CHANNELS = ("facebook", "instagram", "threads", "x", "reddit", "mailer", "shop", "video", "chat", "search")
META = ("facebook", "instagram", "threads")
FINAL = {OutboxState.DELIVERED, OutboxState.REJECTED, OutboxState.EXPIRED, OutboxState.SUPERSEDED, OutboxState.UNKNOWN}
QUIET_S = 2 * 3600.0
WORDS = ("operational", "operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance")
BROKEN: tuple[bytes | str, ...] = (
    "",
    "<html><title>Log in</title><form action=/login></form></html>",
    '{"page": {}',
    '{"page": {}, "status": {"indicator": "none"}, "components": "gone"}',
    statuspage(API="somewhat_sleepy"),
)


def page_of(channel: str) -> str:
    """Its status page."""
    return f"https://status.{channel}.example/api/v2/summary.json"


def platform_of(channel: str) -> str:
    """The platform it belongs to."""
    return "meta" if channel in META else channel


def _team(channels: tuple[str, ...], every_s: int) -> str:
    entries = "\n".join(
        f"  {name}: {{name: {name.title()}, platform: {platform_of(name)}, probes: "
        f'[{{kind: status.statuspage, url: "{page_of(name)}", every: {every_s}s}}]}}'
        for name in channels
    )
    return (
        f"team: {{name: T, timezone: Europe/Paris}}\nchannels:\n{entries}\n"
        'people:\n  first: {name: First, contacts: ["json://127.0.0.1:8766/a", "json://127.0.0.1:8767/b"]}\n'
        "routes: {receiver: first}\n"
    )


@dataclass
class Day:
    """One random day. `said`: what each page says now, as a word or None for what cannot be read."""

    seed: int
    folder: Path
    hours: float = 6.0
    every_s: int = 60
    dice: random.Random = field(init=False)
    world: World = field(default_factory=World)
    inbox: Inbox = field(default_factory=Inbox)
    said: dict[str, str | None] = field(default_factory=dict)
    kills: int = 0
    doubts: int = 0
    lies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.settings: list[Settings] = [settings_of(self.folder, text) for text in self.teams()]

    def teams(self) -> list[str]:
        """The files between which reloads change; the first holds at the beginning and in the end."""
        return [_team(CHANNELS, self.every_s), _team(CHANNELS[:-2], self.every_s)]

    def ways(self) -> tuple[str, ...]:
        """Every contact method."""
        return ("first/1", "first/2")

    # --- the day -----------------------------------------------------------------------------------------------------

    async def live(self) -> Store:
        """Play it; the store as it is in the end."""
        store = Store.open(f"sqlite:///{self.folder / 'day.db'}", now=START, reserve_bytes=4096)
        for channel in CHANNELS:
            self._says(channel, "operational")
        self.world.took_s = 0.2
        house = House(self.settings[0], store, self.world, self.inbox)
        end = self.hours * 3600
        while asyncio.get_running_loop().time() < end:
            await asyncio.sleep(self.dice.expovariate(1 / 120))
            house = await self._something(house, store)
            self._look_for_lies(house)
        house = await self._all_is_well(house, store)
        await house.close()
        return store

    async def _something(self, house: House, store: Store) -> House:
        act = self.dice.choices(
            ("turn", "break", "hide", "network", "post", "kill", "reload"), (40, 12, 12, 3, 14, 4, 4)
        )[0]
        channel = self.dice.choice(CHANNELS)
        if act == "turn":
            self._says(channel, self.dice.choice(WORDS))
        elif act == "break":
            self.said[channel] = None
            self.world.says(page_of(channel), self.dice.choice(BROKEN))
        elif act == "hide":
            self.said[channel] = None
            self.world.says(
                page_of(channel), Unreachable("nobody answers", self.dice.choice((Reason.DNS, Reason.TIMEOUT)))
            )
        elif act == "network":
            for name in CHANNELS:
                self.said[name] = None
                self.world.says(page_of(name), Unreachable("the name is not known", Reason.DNS))
            await asyncio.sleep(self.dice.uniform(60, 900))
            for name in CHANNELS:
                self._says(name, self.dice.choice(WORDS))
        elif act == "post":
            self._post_turns()
        elif act == "kill":
            self.kills += 1
            await house.die()
            await asyncio.sleep(self.dice.uniform(0, 300))
            return House(house.lookout.settings, store, self.world, self.inbox)
        else:
            house.lookout.apply(self.dice.choice(self.settings))
        return house

    def _says(self, channel: str, word: str) -> None:
        self.said[channel] = word
        self.world.says(page_of(channel), statuspage(API=word))

    def _post_turns(self) -> None:
        for trouble in (self.inbox.down, self.inbox.lost_answers):
            trouble.clear()
            if self.dice.random() < 0.4:
                trouble.add(self.dice.choice(self.ways()))
        self.doubts += bool(self.inbox.lost_answers)

    async def _all_is_well(self, house: House, store: Store) -> House:
        """The day ends well, so that everything that was owed can be paid."""
        self.inbox.down.clear()
        self.inbox.lost_answers.clear()
        for channel in CHANNELS:
            self._says(channel, "operational")
        house.lookout.apply(self.settings[0])
        await asyncio.sleep(QUIET_S)
        assert house.store is store
        return house

    def _look_for_lies(self, house: House) -> None:
        """Operational may be shown only where the newest answer, older than a turn, was not something else."""
        shown = house.lookout.engine.shown.channels
        for channel, word in self.said.items():
            state = shown.get(channel)
            probe = house.lookout.engine.shown.probes.get(f"{channel}/1")
            if state is None or probe is None or probe.failure is not None or not probe.signals:
                continue
            worst = max(s.severity for s in probe.signals)
            if worst >= 2 and state.health.availability.value == "operational":
                self.lies.append(f"{channel} was shown operational while its page said {word}")

    # --- what must hold ----------------------------------------------------------------------------------------------

    def promises(self, store: Store) -> None:
        """Every invariant, each with its sentence."""
        assert not self.lies, self.lies[0]
        kept = store.load()
        wrong = {
            c: s.health.availability.value for c, s in kept.channels.items() if s.health.availability != "operational"
        }
        assert not wrong, f"all pages say well for hours, and these are not: {wrong}"
        active = [i.id for i in kept.incidents.values() if i.phase in (Phase.PENDING, Phase.OPEN, Phase.ACKNOWLEDGED)]
        assert not active, f"incidents that never ended: {active}"
        self._conservation(store)
        self._the_end_is_heard(store)
        self._no_repeats()
        ledger = [row.decision for row in store.decisions(limit=1000)]
        assert all(a.at <= b.at for a, b in pairwise(ledger)), "time went back in the ledger"

    def _conservation(self, store: Store) -> None:
        for incident in store.incidents(limit=1000):
            rows = store.deliveries(incident.id)
            unsettled = [r.row.notification.key for r in rows if r.row.state not in FINAL]
            assert not unsettled, f"never sent and never given up: {unsettled}"
            told = {t.destination for t in incident.told}
            sent = {r.row.notification.destination for r in rows}
            assert sent == told, f"incident {incident.id}: told {told}, but notifications for {sent}"
            codes = {row.decision.code for row in store.decisions(incident=incident.id)}
            opened = "incident_opened" in codes
            assert opened or incident.phase is Phase.CLOSED, f"incident {incident.id} has no beginning in the ledger"

    def _the_end_is_heard(self, store: Store) -> None:
        """Who heard the opening hears the end, last of all."""
        heard: dict[tuple[str, str], list[str]] = defaultdict(list)
        for letter in self.inbox.arrived:
            if letter.step == "down":
                continue  # about no incident
            heard[letter.envelope.incident, letter.destination].append(letter.step)
        lost = {
            (r.row.notification.incident, r.row.notification.destination)
            for i in store.incidents(limit=1000)
            for r in store.deliveries(i.id)
            if r.row.state in (OutboxState.REJECTED, OutboxState.EXPIRED)
        }
        for thread, steps in heard.items():
            assert steps[-1] == "resolved" or thread in lost, f"incident {thread[0]} to {thread[1]} ends with {steps}"
            assert steps.count("opened") <= 1 + self.kills + self.doubts, (
                f"{thread} was told the opening again: {steps}"
            )

    def _no_repeats(self) -> None:
        repeats = sum(n - 1 for n in Counter(letter.key for letter in self.inbox.arrived).values())
        marked = sum(letter.envelope.repeat for letter in self.inbox.arrived)
        assert repeats - marked <= self.kills, f"{repeats} repeats of the same key with {self.kills} kills"


def play(seed: int, folder: Path, hours: float = 6.0, kind: type[Day] = Day) -> None:
    """Play a day and check its promises; a broken one says how to play it again."""
    day = kind(seed, folder, hours)
    try:
        store = run(day.live())
        try:
            day.promises(store)
        finally:
            store.close()
    except AssertionError as broken:
        which = f"tests/stories/test_random_days.py -k {kind.__name__}"
        again = f"VIGIE_SEED={seed} VIGIE_HOURS={hours} python -m pytest {which}"
        raise AssertionError(f"seed {seed}: {broken}\nplay it again: {again}") from broken
