"""Small rows to put into a store."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.duty import Matcher, MatchOp, Override, Shift, Silence
from monitor.core.model import (
    Condition,
    Decision,
    Gather,
    Incident,
    Message,
    Notification,
    Phase,
    Priority,
    ProbeState,
    SendOutcome,
)
from monitor.store import OutboxRow, Store, Tried
from probes.base import Severity

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RESERVE = 256 * 1024


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def open_store(path: Path, *, reserve_bytes: int = 0) -> Store:
    return Store.open(url_of(path), now=NOW, reserve_bytes=reserve_bytes)


def note(  # noqa: PLR0913 - each is one fact of a message
    key: str,
    *,
    incident: str = "x-1",
    destination: str = "first/1",
    revision: int = 1,
    step: str = "opened",
    at: datetime = NOW,
    critical: bool = False,
    lasts: timedelta = timedelta(hours=4),
    priority: Priority = Priority.NEWS,
    gather: Gather = Gather.NONE,
    due: datetime | None = None,
) -> Notification:
    return Notification(
        key=key,
        incident=incident,
        revision=revision,
        step=step,
        destination=destination,
        message=Message(title=f"about {key}", symbol="!", paragraphs=(("Why", "because"),)),
        created=at,
        expires=at + lasts,
        critical=critical,
        priority=priority,
        gather=gather,
        due=due,
    )


def silence(name: str, *, start: datetime = NOW, lasts: timedelta = timedelta(hours=1)) -> Silence:
    matchers = (Matcher("channel", MatchOp.EQUAL, "x"),)
    return Silence(name, matchers, "First", "we know", start, start + lasts, created=start)


def override(name: str, *, schedule: str = "days", start: datetime = NOW, person: str = "second") -> Override:
    spans = (Shift(person, start, start + timedelta(hours=8), "override"),)
    return Override(name, schedule, spans, by="first", at=NOW, comment="a day off")


def ended(  # noqa: PLR0913 - the facts of an attempt
    store: Store,
    keys: Collection[str],
    outcome: SendOutcome,
    *,
    at: datetime = NOW,
    due: datetime | None = None,
    detail: str = "",
    took_s: float = 0.0,
    shard: int = 0,
) -> int:
    """Settle one attempt with these rows."""
    return store.settle([Tried(tuple(keys), outcome, at, due, detail, took_s, shard)])


def lease(store: Store, at: datetime = NOW, limit: int = 10, **how: object) -> list[OutboxRow]:
    """The rows of all that is handed out."""
    how = {"owner": "me", **how}
    return [row for parcel in store.lease(at, limit, **how) for row in parcel.rows]  # type: ignore[arg-type]  # as given


def incident(
    name: str, *, phase: Phase = Phase.OPEN, opened: datetime = NOW, resolved: datetime | None = None
) -> Incident:
    return Incident(
        id=name,
        scope="x",
        condition=Condition.AVAILABILITY,
        phase=phase,
        severity=Severity.CRITICAL,
        channels=("x",),
        opened=opened,
        resolved=resolved,
        reasons=("the page says so",),
    )


def probe(name: str, number: int = 0) -> ProbeState:
    return ProbeState(id=name, channel=name.split("/", maxsplit=1)[0], seen_at=seconds(number), memory={"n": number})


def decision(text: str, *, at: datetime = NOW, channel: str = "x", about: str = "") -> Decision:
    return Decision(at=at, code="fired", text=text, channel=channel, incident=about, evidence=("x/1#page",))


@dataclass(frozen=True)
class Ended:
    """How a process ended; `code` is negative for a signal."""

    code: int
    out: str
    err: str
