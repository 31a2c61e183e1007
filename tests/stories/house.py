"""A house for stories: the real settings, mind, engine, store, scheduler and dispatcher, between a world and an inbox.

The world says recorded payloads; the inbox keeps what arrives. `expect` takes a message that must be there by now;
at the end of the story nothing unexpected may be left.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from monitor.core.model import Incident, SendOutcome
from monitor.daemon.lookout import Lookout, Ports
from monitor.daemon.post import StoreOutbox, unheard
from monitor.daemon.runner import interpret_here
from monitor.metrics import Metrics
from monitor.notify import Envelope, Sent
from monitor.settings import Settings, load
from monitor.store import InlineWriter, Store
from probes.base import Observation, Request, Unreachable, Unreadable
from tests.stories.clock import START, Clock

__all__ = ["House", "Inbox", "World", "house", "settings_of", "statuspage"]

LOG = logging.getLogger(__name__)

Answer = bytes | str | Exception | Callable[[], bytes]


def statuspage(**components: str) -> str:
    """A summary.json after Atlassian's documented schema: ``statuspage(API="major_outage")``."""
    worst = {
        "operational": "none",
        "degraded_performance": "minor",
        "partial_outage": "major",
        "major_outage": "critical",
    }
    indicators = [worst.get(word, "none") for word in components.values()]
    ranked = sorted(indicators, key=["none", "minor", "major", "critical"].index)
    rows = [
        {"id": f"c{n}", "name": name.replace("_", " "), "status": word, "group": False, "group_id": None}
        for n, (name, word) in enumerate(components.items())
    ]
    page = {"id": "p1", "name": "Page", "url": "https://page.example", "updated_at": "2026-11-22T07:00:00Z"}
    status = {"indicator": ranked[-1] if ranked else "none", "description": "as it is"}
    return json.dumps(
        {"page": page, "status": status, "components": rows, "incidents": [], "scheduled_maintenances": []}
    )


@dataclass
class World:
    """What the outside answers, by URL. `took_s`: how long it takes."""

    answers: dict[str, Answer] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    took_s: float = 0.05
    asked: int = 0
    last: dict[str, bytes] = field(default_factory=dict)

    def says(self, url: str, answer: Answer, status: int = 200) -> None:
        """From now on."""
        self.answers[url] = answer
        self.status[url] = status

    async def __call__(self, request: Request) -> Observation:
        """The port that probes fetch through."""
        self.asked += 1
        await asyncio.sleep(self.took_s)
        answer = self.answers.get(request.url, Unreachable("nobody answers there"))
        if isinstance(answer, (Unreachable, Unreadable)):
            raise answer
        assert not isinstance(answer, Exception)
        body = answer if isinstance(answer, (bytes, str)) else answer()
        raw = body.encode() if isinstance(body, str) else body
        raw = self.last[request.url] if self.last.get(request.url) == raw else raw
        self.last[request.url] = raw
        return Observation(
            request.url, self.status.get(request.url, 200), {"content-type": "application/json"}, raw, Clock().now()
        )


@dataclass(frozen=True)
class Letter:
    """What arrived: when (seconds since the story began), where, and what."""

    at_s: float
    destination: str
    step: str
    title: str
    key: str
    envelope: Envelope


@dataclass
class Inbox:
    """The post at the other end. `down`: how it fails while it does; `hangs`: it takes and never answers."""

    arrived: list[Letter] = field(default_factory=list)
    expected: int = 0
    down: set[str] = field(default_factory=set)
    hangs: set[str] = field(default_factory=set)
    rejects: set[str] = field(default_factory=set)
    lost_answers: set[str] = field(default_factory=set)

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """The port that the dispatcher sends through."""
        if destination_id in self.hangs:
            await asyncio.sleep(3600)
        await asyncio.sleep(0.01)
        if destination_id in self.down:
            return Sent(SendOutcome.RETRY, "nobody answers there")
        if destination_id in self.rejects:
            return Sent(SendOutcome.REJECTED, "it does not take it")
        now_s = asyncio.get_running_loop().time()
        letter = Letter(now_s, destination_id, envelope.step, envelope.message.title, envelope.key, envelope)
        self.arrived.append(letter)
        if destination_id in self.lost_answers:
            return Sent(SendOutcome.UNKNOWN, "it went out and no answer came")
        return Sent(SendOutcome.DELIVERED)

    def expect(self, step: str, title: str, destination: str = "first/1") -> Letter:
        """The next message that was not yet expected; fails when it is not there or is another."""
        assert self.expected < len(self.arrived), f"no message has arrived where {step} {title!r} was due"
        letter = self.arrived[self.expected]
        self.expected += 1
        assert (letter.step, letter.destination) == (step, destination)
        assert title in letter.title
        return letter

    def nothing_else(self) -> None:
        """Every message was expected."""
        assert self.arrived[self.expected :] == []


class House:
    """One life of the daemon, on the story's clock."""

    def __init__(
        self, settings: Settings, store: Store, world: World, inbox: Inbox, writer: InlineWriter | None = None
    ) -> None:
        self.world = world
        self.inbox = inbox
        self.store = store
        self.writer = writer or InlineWriter(store)
        self.metrics = Metrics("story")
        clock = Clock()
        store.release_leases(clock.now())
        kept = store.load()
        self.lookout = Lookout(
            settings,
            kept,
            Ports(
                fetch=world,
                interpret_apart=interpret_here,
                sender=inbox,
                outbox=lambda expired: StoreOutbox(self.writer, "story", expired),
                writer=self.writer,
                clock=clock,
                metrics=self.metrics,
            ),
            unheard(store, kept.incidents.values()),
        )
        self.post = asyncio.get_running_loop().create_task(self.lookout.dispatcher.run())
        self.lookout.start()

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def availability(self, channel: str) -> str:
        """What the board would show."""
        return self.lookout.engine.shown.channels[channel].health.availability.value

    def incidents(self) -> list[Incident]:
        """Every incident that was ever opened, newest first."""
        return self.store.incidents()

    async def die(self) -> None:
        """The plug is pulled: nothing more comes from this house, and nothing is put in order."""
        runs = self.lookout.stop_looking()
        self.post.cancel()
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task() and t.get_name() != "story"]
        for task in others:
            task.cancel()
        await asyncio.gather(self.post, *runs, *others, return_exceptions=True)

    async def close(self) -> None:
        """An orderly end."""
        runs = self.lookout.stop_looking()
        await asyncio.gather(*runs, return_exceptions=True)
        await self.lookout.dispatcher.close(0.1)
        await asyncio.gather(self.post, return_exceptions=True)


def settings_of(folder: Path, text: str) -> Settings:
    """Settings of a team's file with this text."""
    path = folder / "vigie.yaml"
    path.write_text(text)
    return load(path, {})


@asynccontextmanager
async def house(folder: Path, text: str) -> AsyncIterator[House]:
    """A house with an empty store; at the end nothing unexpected may have been sent."""
    store = Store.open(f"sqlite:///{folder / 'vigie.db'}", now=START, reserve_bytes=4096)
    standing = House(settings_of(folder, text), store, World(), Inbox())
    try:
        yield standing
    finally:
        await standing.close()
        store.close()
    standing.inbox.nothing_else()
