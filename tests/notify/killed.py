"""A post that is killed again and again: ``python -m tests.notify.killed STORE KILLS SEED``, and its story as JSON.

This process forks a child for each life, reads what it says and kills it with SIGKILL at a random moment: some time
after it has said so many lines, so that as much happens in a life on a busy machine. A life is a dispatcher over the
store's file on a loop of its own, whose time goes on where that of the life before ended, as fast as the machine can,
so that a kill meets it anywhere: in the middle of a commit or of a send. It commits messages, gathers them, sends them,
and the receivers fail now and then. What a receiver got is written to a pipe before the send returns. The last life is
not killed: it commits nothing new and ends when all is sent.

Out: ``{"lives": [[{"got": key, "rows": [...]} | {"kept": [...]} | {"settled": [...]}, ...], ...], "unsent": n,
"delivered": [...]}``, keys of rows; `kept`: their commit is done.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from monitor.core.model import Delivered, Gather, Message, Priority, SendOutcome
from monitor.daemon.post import StoreOutbox
from monitor.notify import Dispatcher, Envelope, OutboxRow, Sent
from monitor.store import InlineWriter, OutboxState, Store, Writes
from tests.notify.desk import message, row
from tests.notify.virtual import START, VirtualLoop

__all__ = ["main"]

PLACES = [f"d{n}/1" for n in range(4)]
SERVICES = dict.fromkeys(PLACES, "slack")
RANKS = [(Priority.FIRST_PAGE, Gather.NONE), (Priority.REPEAT, Gather.REPEAT), (Priority.REPORT, Gather.DIGEST)]
LINES_MAX = 60
KILL_S_MAX = 0.02
MIDDLE_S = 15.0
"""Virtual: what comes for a digest waits so long at most."""


class Life:
    """From a start to a kill."""

    def __init__(self, path: Path, loop: VirtualLoop, said: int, dice: random.Random) -> None:
        self.loop = loop
        self.said = said
        self.dice = dice
        self.store = Store.open(f"sqlite:///{path}", now=loop.now(), reserve_bytes=0)
        self.store.release_leases(loop.now())
        self.begun = sum(self.store.outbox_stats().counts.values())
        self.dispatcher = Dispatcher(
            StoreOutbox(InlineWriter(self.store), "life", self.ended),
            self,
            clock=loop,
            services=SERVICES,
            on_final=self.ended,
            gather=self.gather,
            jitter=lambda delay_s: delay_s,
        )

    def say(self, **what: object) -> None:
        """One line, whole, out of this process."""
        os.write(self.said, json.dumps(what | {"at": self.loop.time()}).encode() + b"\n")

    def ended(self, end: Delivered) -> None:
        """As the mind would hear it."""
        self.say(settled=[end.key])

    def gather(self, kind: str, destination: str, rows: Sequence[OutboxRow]) -> Message:
        """Words that name the rows."""
        return replace(message(f"{kind} for {destination}"), paragraphs=(("", " ".join(row.key for row in rows)),))

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        """A receiver, now and then one that is down or slow."""
        del destination_id
        await asyncio.sleep(self.dice.choice([0.0, 0.5, 3.0]))
        if self.dice.random() < 0.1:
            return Sent(SendOutcome.RETRY, "HTTP 503")
        many = envelope.step in {"digest", "repeat", "summary"}
        self.say(got=envelope.key, rows=envelope.message.paragraphs[0][1].split() if many else [envelope.key])
        await asyncio.sleep(self.dice.choice([0.0, 0.5, 3.0]))
        return Sent(SendOutcome.DELIVERED, "HTTP 200")

    async def commit_for_ever(self) -> None:
        """As the mind would: a few messages at a time."""
        number = self.begun
        while True:
            new = [self._new(number + n) for n in range(self.dice.randint(1, 4))]
            number += len(new)
            self.store.commit([Writes(notifications=tuple(new))])
            self.say(kept=[note.key for note in new])
            self.dispatcher.notify_committed()
            await asyncio.sleep(self.dice.uniform(0, 20))

    def _new(self, number: int) -> Any:  # noqa: ANN401 - a notification
        priority, gather = self.dice.choice(RANKS)
        now = self.loop.now()
        due = now + timedelta(seconds=MIDDLE_S - self.loop.time() % MIDDLE_S) if gather is Gather.DIGEST else None
        new = row(f"k{number}", now, to=self.dice.choice(PLACES), due=due, life_s=1e7)
        return replace(new, priority=priority, gather=gather)

    async def live(self, *, last: bool) -> None:
        """Until the kill; the last life until all is sent."""
        running = asyncio.create_task(self.dispatcher.run())
        if not last:
            await self.commit_for_ever()
        while self.store.outbox_stats().unsent:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(10)
        await self.dispatcher.close()
        await running
        self.store.close()


def _child(path: Path, at_s: float, said: int, seed: int, *, last: bool) -> None:
    loop = VirtualLoop()
    loop.at_s = at_s
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        life = Life(path, loop, said, random.Random(seed))
        life.say(open=True)
        runner.run(life.live(last=last))
    os._exit(0)


def _one_life(path: Path, at_s: float, seed: int, kill: tuple[int, float] | None) -> list[dict[str, Any]]:
    """What a child said until it was killed, after so many lines and seconds; None: until it ended by itself."""
    told, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        try:
            _child(path, at_s, say, seed, last=kill is None)
        finally:
            os._exit(1)
    os.close(say)
    said, due = b"", 0 if kill is None else -signal.SIGKILL
    while some := os.read(told, 65_536):
        said += some
        if kill is not None and said.count(b"\n") >= kill[0]:
            time.sleep(kill[1])
            os.kill(child, signal.SIGKILL)
            kill = None
    os.close(told)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == due, "it ended by itself"
    return [json.loads(line) for line in said.splitlines(keepends=True) if line.endswith(b"\n")]


def main(path: Path, kills: int, seed: int) -> None:
    """Live, be killed, live again; then say what happened."""
    dice = random.Random(seed)
    lives: list[list[dict[str, Any]]] = []
    at_s = 0.0
    for life in range(kills + 1):
        kill = (dice.randint(1, LINES_MAX), dice.uniform(0, KILL_S_MAX)) if life < kills else None
        lives.append(_one_life(path, at_s, seed * 100_000 + life, kill))
        at_s = max([at_s, *(line["at"] for line in lives[-1])])
    store = Store.open(f"sqlite:///{path}", now=START, reserve_bytes=0)
    keys = [key for lines in lives for line in lines for key in line.get("kept", ())]
    known = [delivery.row for key in keys for delivery in store.deliveries(key)]
    delivered = [r.notification.key for r in known if r.state is OutboxState.DELIVERED]
    unsent = store.outbox_stats().unsent
    store.close()
    print(json.dumps({"lives": lives, "unsent": unsent, "delivered": delivered}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
