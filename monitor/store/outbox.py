"""The outbox: lease, send, settle. Plain functions on a connection; each runs inside a transaction of the caller.

A *thread* is what one destination hears of one incident. In a thread at most one row is unsent and at most one is
leased: a newer notification supersedes an unsent older one when it comes in, and a leased one that comes back unsent
gives way to the newer one that waits behind it. So a thread is heard in order, and never twice the same news.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, or_, select, update

from monitor.core.model import Message, Notification, SendOutcome
from monitor.store import codec
from monitor.store.rows import FINAL, UNSENT, OutboxRow, OutboxState, OutboxStats
from monitor.store.schema import attempt, inserting, outbox

__all__ = ["LEASE_S", "expire", "lapse", "lease", "next_due", "put", "row_of", "settle", "stats"]

LEASE_S = 120.0
"""Longer than any attempt may take (its worker is killed at 30 s): a lease lapses only if its holder is lost."""

ERROR_CHARS_MAX = 500

_o = outbox.c

_FINAL_OF = {
    SendOutcome.DELIVERED: OutboxState.DELIVERED,
    SendOutcome.REJECTED: OutboxState.REJECTED,
    SendOutcome.EXPIRED: OutboxState.EXPIRED,
    SendOutcome.SUPERSEDED: OutboxState.SUPERSEDED,
    SendOutcome.UNKNOWN: OutboxState.UNKNOWN,
}


def put(connection: Connection, shard: int, notifications: Sequence[Notification]) -> None:
    """Take notifications in, in order. One whose key is known already changes nothing."""
    for n in notifications:
        values = {
            "shard": shard,
            "key": n.key,
            "incident": n.incident,
            "revision": n.revision,
            "step": n.step,
            "destination": n.destination,
            "message": codec.encode(codec.MESSAGE, n.message),
            "created": n.created,
            "expires": n.expires,
            "critical": n.critical,
            "state": OutboxState.PENDING,
            "due": n.created,
            "attempts": 0,
            "repeat": False,
            "lease_owner": "",
            "last_error": "",
        }
        if connection.execute(inserting(connection, outbox).on_conflict_do_nothing(), values).rowcount:
            older = (_o.shard == shard, _o.incident == n.incident, _o.destination == n.destination, _o.key != n.key)
            _supersede(connection, select(outbox).where(*older, _o.state.in_(UNSENT)), n.created)


def _supersede(connection: Connection, query: Select[Any], at: datetime) -> None:
    for row in connection.execute(query).all():
        _close(connection, row, SendOutcome.SUPERSEDED, at, "a newer message took its place")


def _close(
    connection: Connection, row: Row[Any], outcome: SendOutcome, at: datetime, detail: str, took_s: float = 0.0
) -> None:
    values = {
        "state": _FINAL_OF[outcome],
        "lease_owner": "",
        "lease_until": None,
        "last_error": detail[:ERROR_CHARS_MAX],
    }
    connection.execute(update(outbox).where(_o.id == row.id), values)
    _note(connection, row, outcome, at, detail, took_s)


def _note(
    connection: Connection, row: Row[Any], outcome: SendOutcome, at: datetime, detail: str, took_s: float
) -> None:
    line = {
        "shard": row.shard,
        "key": row.key,
        "at": at,
        "outcome": outcome,
        "detail": detail[:ERROR_CHARS_MAX],
        "took_s": took_s,
    }
    connection.execute(insert(attempt), line)


# --- lease -----------------------------------------------------------------------------------------------------------


def lease(  # noqa: PLR0913 - each is one plain condition of what may go out now
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    owner: str,
    exclude: Collection[str] = (),
    destinations: Collection[str] | None = None,
    per_destination: int = 1,
    lease_s: float = LEASE_S,
) -> list[OutboxRow]:
    """Hand out what is due: criticals first, then the longest due; never two of one thread at a time.

    `exclude`: destinations whose lane is busy; `destinations`: only these. At most `per_destination` rows each, so that
    one destination's backlog does not fill the batch.
    """
    lapse(connection, now, _o.lease_until <= now)
    order = (_o.critical.desc(), _o.due, _o.id)
    due = [_o.state.in_(UNSENT), _o.due <= now, _o.expires > now, *_lanes(exclude, destinations), ~_thread_busy()]
    place = func.row_number().over(partition_by=_o.destination, order_by=order).label("place")
    ranked = select(_o.id, place).where(*due).subquery()
    heads = select(ranked.c.id).where(ranked.c.place <= per_destination)
    query = select(outbox).where(_o.id.in_(heads)).order_by(*order).limit(limit).with_for_update(skip_locked=True)
    rows = connection.execute(query).all()
    until = now + timedelta(seconds=lease_s)
    if rows:
        values = {"state": OutboxState.LEASED, "attempts": _o.attempts + 1, "lease_owner": owner, "lease_until": until}
        connection.execute(update(outbox).where(_o.id.in_([row.id for row in rows])).values(values))
    taken = {"state": OutboxState.LEASED, "lease_owner": owner}
    return [row_of(row, attempts=row.attempts + 1, lease_until=until, **taken) for row in rows]


def _lanes(exclude: Collection[str], destinations: Collection[str] | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if exclude:
        found.append(_o.destination.not_in(sorted(exclude)))
    if destinations is not None:
        found.append(_o.destination.in_(sorted(destinations)))
    return found


def _thread_busy() -> ColumnElement[bool]:
    other = outbox.alias("other")
    same = (other.c.shard == _o.shard, other.c.incident == _o.incident, other.c.destination == _o.destination)
    return select(1).where(*same, other.c.state == OutboxState.LEASED).correlate(outbox).exists()


def lapse(connection: Connection, now: datetime, *which: ColumnElement[bool]) -> int:
    """Take leases back whose holder is lost: it may have sent, or not. The next attempt is marked a repeat."""
    rows = connection.execute(select(outbox).where(_o.state == OutboxState.LEASED, *which).order_by(_o.id)).all()
    for row in rows:
        _again(
            connection,
            row,
            SendOutcome.UNKNOWN,
            now,
            now,
            "the sender ended before it said how it went",
            0.0,
        )
    return len(rows)


# --- settle ----------------------------------------------------------------------------------------------------------


def settle(  # noqa: PLR0913 - one attempt has that many facts
    connection: Connection,
    key: str,
    outcome: SendOutcome,
    *,
    at: datetime,
    due: datetime | None = None,
    detail: str = "",
    took_s: float = 0.0,
    shard: int = 0,
) -> bool:
    """Record what became of one attempt. RETRY needs `due`; UNKNOWN with `due` is sent once more, without is final.

    False: the row is unknown or was final already, and stays as it is; the attempt is on record all the same.
    """
    if outcome is SendOutcome.RETRY and due is None:
        msg = f"{key}: a retry needs the time when it is due"
        raise ValueError(msg)
    row = connection.execute(select(outbox).where(_o.shard == shard, _o.key == key).with_for_update()).one_or_none()
    if row is None:
        return False
    if row.state in FINAL:
        _note(connection, row, outcome, at, detail, took_s)
        return False
    if due is not None and outcome in (SendOutcome.RETRY, SendOutcome.UNKNOWN):
        _again(connection, row, outcome, at, due, detail, took_s)
    else:
        _close(connection, row, outcome, at, detail, took_s)
    return True


def _again(
    connection: Connection, row: Row[Any], outcome: SendOutcome, at: datetime, due: datetime, detail: str, took_s: float
) -> None:
    """Back into the queue, unless a newer message of the thread waits already: then that one tells it all."""
    _note(connection, row, outcome, at, detail, took_s)
    thread = (_o.shard == row.shard, _o.incident == row.incident, _o.destination == row.destination)
    if connection.execute(select(_o.id).where(*thread, _o.id > row.id, _o.state.in_(UNSENT)).limit(1)).first():
        _close(connection, row, SendOutcome.SUPERSEDED, at, "a newer message took its place")
        return
    values = {
        "state": OutboxState.RETRY,
        "due": min(due, row.expires),
        "repeat": row.repeat or outcome is SendOutcome.UNKNOWN,
        "lease_owner": "",
        "lease_until": None,
        "last_error": detail[:ERROR_CHARS_MAX],
    }
    connection.execute(update(outbox).where(_o.id == row.id), values)


def expire(connection: Connection, now: datetime, limit: int) -> list[OutboxRow]:
    """Give up what is past its time, oldest first; the rows come back so that people can be told."""
    query = select(outbox).where(_o.state.in_(UNSENT), _o.expires <= now).order_by(_o.id).limit(limit)
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        _close(connection, row, SendOutcome.EXPIRED, now, row.last_error or "its time ran out before it could be sent")
    return [row_of(row, state=OutboxState.EXPIRED) for row in rows]


# --- look ------------------------------------------------------------------------------------------------------------


def next_due(connection: Connection, exclude: Collection[str] = ()) -> datetime | None:
    """When `lease` or `expire` will next have something to do; what waits for a busy thread or lane does not count."""
    ready = select(func.min(_o.due)).where(_o.state.in_(UNSENT), ~_thread_busy(), *_lanes(exclude, None))
    over = select(func.min(_o.expires)).where(_o.state.in_(UNSENT))
    lost = select(func.min(_o.lease_until)).where(_o.state == OutboxState.LEASED)
    times = [connection.execute(query).scalar() for query in (ready, over, lost)]
    return min((time for time in times if time is not None), default=None)


def stats(connection: Connection) -> OutboxStats:
    """Counts of every state, and the oldest row that has not gone out."""
    counts = dict.fromkeys(OutboxState, 0)
    for state, number in connection.execute(select(_o.state, func.count()).group_by(_o.state)):
        counts[OutboxState(state)] = number
    waiting = or_(_o.state.in_(UNSENT), _o.state == OutboxState.LEASED)
    return OutboxStats(counts, connection.execute(select(func.min(_o.created)).where(waiting)).scalar())


def row_of(row: Row[Any], **changed: Any) -> OutboxRow:  # noqa: ANN401 - fields of OutboxRow, checked there
    """A row in the words of the model. A message that no longer parses becomes one that says so: never silence."""
    try:
        message = codec.MESSAGE.validate_json(row.message)
    except ValidationError as error:
        lost = f"The words on {row.incident} ({row.step}) are damaged in the store ({codec.why(error)}): see the board."
        message = Message(
            title=f"Vigie: a message about {row.incident} is damaged"[:80], symbol="?", paragraphs=(("", lost),)
        )
    n = Notification(
        key=row.key,
        incident=row.incident,
        revision=row.revision,
        step=row.step,
        destination=row.destination,
        message=message,
        created=row.created,
        expires=row.expires,
        critical=row.critical,
    )
    facts: dict[str, Any] = {
        "state": OutboxState(row.state),
        "attempts": row.attempts,
        "last_error": row.last_error,
        "lease_owner": row.lease_owner,
        "lease_until": row.lease_until,
    }
    return OutboxRow(notification=n, due=row.due, repeat=row.repeat, shard=row.shard, **(facts | changed))
