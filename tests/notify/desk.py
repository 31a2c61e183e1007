"""An outbox that is a list, and an inbox that answers as the test says: the neighbours of a dispatcher."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.core.model import Message, SendOutcome
from monitor.notify import Envelope, OutboxRow, Sent

HELD_S = 60.0
OK = Sent(SendOutcome.DELIVERED, "HTTP 200", status=200)


def message(title: str = "Newsletter: outage since 09:00") -> Message:
    return Message(title=title, symbol="⛔", paragraphs=(("What it means", "No mail goes out."),))


def row(key: str, now: datetime, *, to: str = "first/1", critical: bool = False, life_s: float = 86_400.0) -> OutboxRow:
    return OutboxRow(
        key=key,
        incident="0-1",
        revision=1,
        step="opened",
        destination=to,
        message=message(),
        created=now,
        expires=now + timedelta(seconds=life_s),
        critical=critical,
    )


@dataclass
class ListOutbox:
    """Rows by key with their due time, and the log of what was settled."""

    rows: dict[str, tuple[OutboxRow, datetime]] = field(default_factory=dict)
    held: dict[str, datetime] = field(default_factory=dict)
    log: list[tuple[str, SendOutcome, datetime | None]] = field(default_factory=list)
    done: dict[str, SendOutcome] = field(default_factory=dict)
    faults: int = 0  # so many calls fail first

    def put(self, *rows: OutboxRow) -> None:
        self.rows |= {row.key: (row, row.created) for row in rows}

    def _fail(self) -> None:
        if self.faults:
            self.faults -= 1
            raise OSError("database is locked")

    async def lease(self, now: datetime, limit: int, busy: frozenset[str]) -> list[OutboxRow]:
        self._fail()
        taken: dict[str, OutboxRow] = {}
        for row, due in sorted(self.rows.values(), key=lambda item: (not item[0].critical, item[1])):
            free = self.held.get(row.key, now) <= now
            if (
                free
                and due <= now
                and row.destination not in busy
                and row.destination not in taken
                and len(taken) < limit
            ):
                taken[row.destination] = row
                self.held[row.key] = now + timedelta(seconds=HELD_S)
        return list(taken.values())

    async def settle(
        self,
        key: str,
        outcome: SendOutcome,
        *,
        at: datetime,
        due: datetime | None = None,
        detail: str = "",
        took_s: float = 0.0,
    ) -> None:
        del at, detail, took_s
        self._fail()
        self.log.append((key, outcome, due))
        self.held.pop(key, None)
        row, _ = self.rows.pop(key)
        if due is None:
            assert key not in self.done
            self.done[key] = outcome
        else:
            unknown = row.unknown_before or outcome is SendOutcome.UNKNOWN
            self.rows[key] = (replace(row, attempts=row.attempts + 1, unknown_before=unknown), due)

    async def next_due(self, now: datetime, busy: frozenset[str]) -> datetime | None:
        times = [self.held.get(row.key, due) for row, due in self.rows.values() if row.destination not in busy]
        return min((time for time in times if time > now), default=None)


@dataclass
class Inbox:
    """A sender that keeps what it is given with the loop's time, and answers by `answer`."""

    answer: Callable[[str, Envelope], Awaitable[Sent]]
    got: list[tuple[float, str, Envelope]] = field(default_factory=list)

    async def send(self, destination_id: str, envelope: Envelope) -> Sent:
        self.got.append((asyncio.get_running_loop().time(), destination_id, envelope))
        return await self.answer(destination_id, envelope)

    def times(self, destination: str = "first/1") -> list[float]:
        return [round(at, 2) for at, to, _ in self.got if to == destination]


def always(sent: Sent) -> Inbox:
    async def answer(_to: str, _envelope: Envelope) -> Sent:
        return sent

    return Inbox(answer)
