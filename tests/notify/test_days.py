"""Random days of the post: receivers fail, hang and forget to answer, the store is locked, the house dies and starts.

Each day is drawn from a seed; a failing seed is printed, and gives the same day again.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import pytest

from monitor.core.model import Delivered, Gather, Message, Priority, SendOutcome
from monitor.notify import Envelope, OutboxRow, Sent
from monitor.notify.lanes import STORM_EVERY_S, STORM_MESSAGES_MAX, STORM_WINDOW_S
from tests.notify.desk import OK, RETRY, UNKNOWN, House, Inbox, message, row
from tests.notify.virtual import VirtualLoop, play

REFUSED = Sent(SendOutcome.REJECTED, "HTTP 400", status=400)
OUTCOMES = [OK, OK, OK, OK, RETRY, RETRY, UNKNOWN, REFUSED]
SERVICES = {f"d/{n}": service for n, service in enumerate(["mailto", "slack", "twilio", "json", "ntfy"])}
RANKS = [
    (Priority.FIRST_PAGE, Gather.NONE),
    (Priority.NEWS, Gather.NONE),
    (Priority.REPEAT, Gather.REPEAT),
    (Priority.REPORT, Gather.DIGEST),
]
ROWS = 60


class Day:
    """A house and what came of its messages, over all its lives."""

    def __init__(self, loop: VirtualLoop, seed: int, kills: int) -> None:
        self.dice = random.Random(seed)
        self.loop = loop
        self.kills = kills
        self.lives = 0
        self.letters: list[tuple[float, str, Envelope]] = []  # what may have arrived, when that ended
        self.inside: dict[str, list[str]] = {}  # key of a message -> its rows
        self.finals: list[Delivered] = []
        self.house = House(loop, Inbox(self._answer), SERVICES, gather=self._gather)

    def _gather(self, kind: str, destination: str, rows: Sequence[OutboxRow]) -> Message:
        words = message(f"{kind} for {destination}")
        return Message(words.title, words.symbol, (("", " ".join(row.key for row in rows)),))

    async def _answer(self, to: str, envelope: Envelope) -> Sent:
        await asyncio.sleep(self.dice.choice([0.0, 0.1, 2.0, 40.0]))
        if self.dice.random() < 0.05:
            raise ConnectionError
        sent = self.dice.choice(OUTCOMES)
        if sent.outcome in {SendOutcome.DELIVERED, SendOutcome.UNKNOWN}:
            self.letters.append((self.loop.time(), to, envelope))
        return sent

    async def goes_by(self) -> None:
        desk = self.house.outbox
        for number in range(ROWS):
            await asyncio.sleep(self.dice.expovariate(1 / 60))
            desk.faults = self.dice.choice([0, 0, 0, 1])
            priority, gather = self.dice.choice(RANKS)
            due = self.loop.now() if gather is not Gather.DIGEST else self.loop.now().replace(minute=59)
            to = f"d/{self.dice.randrange(5)}"
            critical = priority is Priority.FIRST_PAGE
            new = row(f"r{number}", self.loop.now(), to=to, critical=critical, life_s=7_200.0, due=due)
            desk.put(replace(new, priority=priority, gather=gather))
            self.house.dispatcher.notify_committed()
            if self.lives < self.kills and self.dice.random() < 2 * self.kills / ROWS:
                await self._dies()
        for _ in range(100):
            if len(desk.done) == ROWS:
                break
            await asyncio.sleep(300)
        await self.house.end()

    async def _dies(self) -> None:
        """It is gone, with all that it knew but the store; the next one takes up what was on its way."""
        self.lives += 1
        await self.house.die()
        desk = self.house.outbox
        desk.faults = 0
        desk.store.release_leases(self.loop.now())
        self.house = House(self.loop, self.house.inbox, SERVICES, gather=self._gather, outbox=desk)

    def check(self) -> None:
        ends = self.house.outbox.done
        assert len(ends) == ROWS, "something was lost"
        heard = Counter(final.key for final in self.house.finals)
        assert set(heard.values()) <= {1}, "an end was told twice"
        assert len(heard) >= ROWS - 5 * self.kills, "an end was not told"
        self._every_repeat_is_known_as_one()
        self._nobody_is_flooded()

    def _every_repeat_is_known_as_one(self) -> None:
        went_as: dict[str, set[str]] = defaultdict(set)
        for _, _, envelope in self.letters:
            many = envelope.step in {"digest", "repeat", "summary"}
            for key in envelope.message.paragraphs[0][1].split() if many else [envelope.key]:
                went_as[key].add(envelope.key)
        assert all(len(keys) == 1 for keys in went_as.values()), went_as
        for key, times in Counter(envelope.key for _, _, envelope in self.letters).items():
            # Once more because no answer came, and once more for each life that ended while it was out.
            assert times <= 2 + self.lives, f"{key} came {times} times"

    def _nobody_is_flooded(self) -> None:
        for to in SERVICES:
            times = [at for at, destination, _ in self.letters if destination == to and to != "d/3"]
            for n in range(STORM_MESSAGES_MAX, len(times)):
                if times[n] - times[n - STORM_MESSAGES_MAX] < STORM_WINDOW_S:
                    assert times[n] - times[n - 1] >= STORM_EVERY_S, f"{to} was flooded"


def _day(seed: int, kills: int) -> list[str]:
    """Play a day and check it; return its trace."""

    async def story(loop: VirtualLoop) -> list[str]:
        day = Day(loop, seed, kills)
        await day.goes_by()
        day.check()
        return [f"{at:.3f} {to} {envelope.key} {envelope.attempt}" for at, to, envelope in day.house.inbox.got]

    try:
        return play(story)
    except AssertionError as fault:
        fault.add_note(f"seed {seed}, {kills} kills")
        raise


def test_the_same_seed_gives_the_same_day() -> None:
    assert _day(0, 0) == _day(0, 0)


@pytest.mark.parametrize("seed", range(1, 3))
def test_on_random_days_every_message_comes_to_one_end_also_when_the_house_dies(seed: int) -> None:
    _day(seed, kills=4)


@pytest.mark.slow
def test_on_many_random_days_every_message_comes_to_one_end() -> None:
    for seed in range(100, 120):
        _day(seed, kills=seed % 8)
