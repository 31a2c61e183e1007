"""The outbox: lease, send, settle. Plain functions on a connection; each runs inside a transaction of the caller.

A *thread* is what one destination hears of one incident. In a thread at most one row is unsent and at most one is
leased: a newer notification supersedes an unsent older one when it comes in, and a leased one that comes back unsent
gives way to the newer one that waits behind it. So a thread is heard in order, and never twice the same news.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Integer, Row, bindparam, case, func, insert, or_, select, update

from monitor.core.model import Gather, Message, Notification, Priority, SendOutcome
from monitor.store import codec
from monitor.store.gathering import GATHER_ROWS_MAX, STALE_AFTER, choose, is_stale, key_of, planned
from monitor.store.rows import FINAL, UNSENT, OutboxRow, OutboxState, OutboxStats, Parcel, Tried
from monitor.store.schema import UtcTime, attempt, outbox

__all__ = ["LEASE_S", "expire", "hasten", "lapse", "lease", "next_due", "put", "recent", "row_of", "settle", "stats"]

LEASE_S = 120.0
"""Longer than any attempt may take (its worker is killed at 30 s): a lease lapses only if its holder is lost."""

ERROR_CHARS_MAX = 500

_log = logging.getLogger(__name__)

_o = outbox.c

_FINAL_OF = {
    SendOutcome.DELIVERED: OutboxState.DELIVERED,
    SendOutcome.REJECTED: OutboxState.REJECTED,
    SendOutcome.EXPIRED: OutboxState.EXPIRED,
    SendOutcome.SUPERSEDED: OutboxState.SUPERSEDED,
    SendOutcome.UNKNOWN: OutboxState.UNKNOWN,
}

_TRIED = (SendOutcome.DELIVERED, SendOutcome.REJECTED, SendOutcome.RETRY, SendOutcome.UNKNOWN)


# Built once: making a statement costs more than running it.
_BUSY = outbox.alias("busy")
_THREAD_BUSY = (
    select(1)
    .where(_BUSY.c.shard == _o.shard, _BUSY.c.incident == _o.incident, _BUSY.c.destination == _o.destination)
    .where(_BUSY.c.state == OutboxState.LEASED)
    .correlate(outbox)
    .exists()
)
_planned = func.coalesce(_o.planned, _o.created, type_=UtcTime)
_FREE = (_o.destination.not_in(bindparam("exclude", expanding=True)), ~_THREAD_BUSY)
_ALIVE = (_o.state.in_(UNSENT), _o.expires > bindparam("now"))
_ORDER = (_o.key.in_(bindparam("last", expanding=True)), _o.priority, _planned, _o.id)
_RANKED = (
    select(_o.id, func.row_number().over(partition_by=_o.destination, order_by=_ORDER).label("place"))
    .where(*_ALIVE, _o.due <= bindparam("now"), *_FREE)
    .subquery()
)
_DUE = (
    select(outbox)
    .where(_o.id.in_(select(_RANKED.c.id).where(_RANKED.c.place == 1)))
    .order_by(*_ORDER)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_OTHERS = (
    select(outbox)
    .where(*_ALIVE, _o.shard == bindparam("of"), _o.destination == bindparam("to"), ~_THREAD_BUSY)
    .where(_o.repeat == bindparam("perhaps"), _o.parcel == bindparam("message_key"))
    .where(or_(_o.due <= bindparam("now"), _planned <= bindparam("stale")))
    .order_by(_o.priority, _planned, _o.id)
    .limit(GATHER_ROWS_MAX)
    .with_for_update(skip_locked=True)
)
_TAKE = (
    update(outbox)
    .where(_o.id == bindparam("row"))
    .values(
        state=OutboxState.LEASED,
        attempts=_o.attempts + 1,
        lease_owner=bindparam("who"),
        lease_until=bindparam("until"),
        parcel=bindparam("message_key"),
    )
)
_LEASED = select(outbox).where(_o.state == OutboxState.LEASED).order_by(_o.id)
_OF_KEYS = (
    select(outbox)
    .where(_o.shard == bindparam("of"), _o.key.in_(bindparam("named", expanding=True)))
    .order_by(_o.id)
    .with_for_update()
)
_WAITING_BEHIND = (
    select(_o.id)
    .where(_o.shard == bindparam("of"), _o.incident == bindparam("about"), _o.destination == bindparam("to"))
    .where(_o.id > bindparam("row"), _o.state.in_(UNSENT))
    .limit(1)
)
_CLOSE = (
    update(outbox)
    .where(_o.id == bindparam("row"))
    .values(state=bindparam("end"), lease_owner="", lease_until=None, last_error=bindparam("why"))
)
_AGAIN = (
    update(outbox)
    .where(_o.id == bindparam("row"))
    .values(
        state=OutboxState.RETRY,
        due=bindparam("next"),
        repeat=bindparam("perhaps"),
        parcel=bindparam("message_key"),
        lease_owner="",
        lease_until=None,
        last_error=bindparam("why"),
    )
)
_HASTEN = (
    update(outbox)
    .where(_o.state == OutboxState.RETRY, _o.due > bindparam("now"))
    .where(_o.destination.in_(bindparam("to", expanding=True)))
    .values(due=bindparam("now"))
)
_OVER = (
    select(outbox)
    .where(_o.state.in_(UNSENT), _o.expires <= bindparam("now"))
    .order_by(_o.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_LOG = insert(attempt)
_ADD = insert(outbox)
_KNOWN = select(_o.key).where(_o.shard == bindparam("of"), _o.key.in_(bindparam("named", expanding=True)))
_UNSENT_OF = (
    select(outbox)
    .where(_o.shard == bindparam("of"), _o.incident.in_(bindparam("about", expanding=True)), _o.state.in_(UNSENT))
    .order_by(_o.id.desc())
)
_NEXT_DUE = select(func.min(_o.due)).where(_o.state.in_(UNSENT), *_FREE)
_NEXT_OVER = select(func.min(_o.expires)).where(_o.state.in_(UNSENT))
_NEXT_LOST = select(func.min(_o.lease_until)).where(_o.state == OutboxState.LEASED)
_RECENT = (
    select(_o.destination, attempt.c.at, attempt.c.outcome, case((_o.parcel != "", _o.parcel), else_=_o.key))
    .join(attempt, (attempt.c.shard == _o.shard) & (attempt.c.key == _o.key))
    .where(attempt.c.at > bindparam("since"), attempt.c.outcome.in_(_TRIED))
    .distinct()  # the rows of one message are one try
    .order_by(attempt.c.at)
)

_PUT_MAX = 500  # notifications a statement: databases bound the number of parameters


# --- in --------------------------------------------------------------------------------------------------------------


def put(connection: Connection, shard: int, notifications: Sequence[Notification]) -> None:
    """Take notifications in, in order. One whose key is known already changes nothing."""
    for start in range(0, len(notifications), _PUT_MAX):
        some: dict[str, Notification] = {}
        for n in notifications[start : start + _PUT_MAX]:
            some.setdefault(n.key, n)
        known = set(connection.scalars(_KNOWN, {"of": shard, "named": list(some)}))
        fresh = [n for n in some.values() if n.key not in known]
        if fresh:
            connection.execute(_ADD, [_fresh(shard, n) for n in fresh])
            _supersede(connection, shard, {n.incident for n in fresh})


def _fresh(shard: int, n: Notification) -> dict[str, Any]:
    return {
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
        "due": n.created if n.due is None else max(n.due, n.created),
        "attempts": 0,
        "repeat": False,
        "lease_owner": "",
        "last_error": "",
        "priority": int(n.priority),
        "gather": n.gather,
        "planned": n.due,
        "facts": codec.encode(codec.FACTS, codec.facts_of(n)),
        "parcel": "",
    }


def _supersede(connection: Connection, shard: int, incidents: Collection[str]) -> None:
    """Of the unsent rows of each thread, only the newest stays."""
    newest: dict[tuple[str, str], Row[Any]] = {}
    for row in connection.execute(_UNSENT_OF, {"of": shard, "about": sorted(incidents)}).all():
        newer = newest.setdefault((row.incident, row.destination), row)
        if newer is not row:
            _close(connection, row, SendOutcome.SUPERSEDED, newer.created, "a newer message took its place")


def _close(
    connection: Connection, row: Row[Any], outcome: SendOutcome, at: datetime, detail: str, took_s: float = 0.0
) -> None:
    connection.execute(_CLOSE, {"row": row.id, "end": _FINAL_OF[outcome], "why": detail[:ERROR_CHARS_MAX]})
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
    connection.execute(_LOG, line)


# --- lease -----------------------------------------------------------------------------------------------------------


def lease(  # noqa: PLR0913 - each is one plain condition of what may go out now
    connection: Connection,
    now: datetime,
    limit: int,
    *,
    owner: str,
    exclude: Collection[str] = (),
    storming: Collection[str] = (),
    apart: Collection[str] = (),
    last: Collection[str] = (),
    lease_s: float = LEASE_S,
) -> list[Parcel]:
    """Hand out what is due: one message for each destination, the most urgent first, then what was planned first.

    Of destinations: `exclude` get nothing; to those `storming` all that is due goes as one message; to those `apart`
    each row goes by itself, whatever may be said for gathering. `last`: keys of rows that others of their destination
    are preferred to. Never two of one thread at a time.
    """
    lapse(connection, now, lost=False)
    wanted = {"now": now, "most": limit, "exclude": sorted(exclude), "last": sorted(last)}
    until = now + timedelta(seconds=lease_s)
    found = []
    for top in connection.execute(_DUE, wanted).all():
        kind, rows = "", [top]
        if top.destination not in apart:
            kind, rows = _gathered(connection, top, now, storming=top.destination in storming)
        found.append(_take(connection, kind, rows, owner, until))
    return found


def _gathered(connection: Connection, top: Row[Any], now: datetime, *, storming: bool) -> tuple[str, list[Row[Any]]]:
    """The rows that go with `top`, the most urgent first, and as what."""
    if not (top.parcel if top.repeat else top.gather or storming or is_stale(top, now)):
        return "", [top]
    which = {"of": top.shard, "to": top.destination, "perhaps": top.repeat, "message_key": top.parcel}
    found = connection.execute(_OTHERS, {"now": now, "stale": now - STALE_AFTER, **which}).all()
    rows = sorted({row.id: row for row in (top, *found)}.values(), key=lambda r: (r.priority, planned(r), r.id))
    return choose(top, rows, now, storming=storming)


def _take(connection: Connection, kind: str, rows: Sequence[Row[Any]], owner: str, until: datetime) -> Parcel:
    first = rows[0]
    key = first.key if not kind else first.parcel or key_of(kind, first.destination, rows)
    parcel = key if kind else ""
    facts = [{"row": row.id, "who": owner, "until": until, "message_key": parcel} for row in rows]
    connection.execute(_TAKE, facts)
    taken = {"state": OutboxState.LEASED, "lease_owner": owner, "lease_until": until}
    return Parcel(tuple(row_of(row, attempts=row.attempts + 1, **taken) for row in rows), key, kind)


def lapse(connection: Connection, now: datetime, *, lost: bool) -> int:
    """Take back the leases that are over; all of them if the holder is `lost`. It may have sent, or not: the next
    attempt is marked a repeat.
    """
    rows = [row for row in connection.execute(_LEASED).all() if lost or row.lease_until <= now]
    for row in rows:
        _again(connection, row, SendOutcome.UNKNOWN, now, now, "the sender ended before it said how it went")
    return len(rows)


# --- settle ----------------------------------------------------------------------------------------------------------


def settle(connection: Connection, end: Tried) -> int:
    """Record what became of one attempt. Raises ValueError for a retry that is not said to be due.

    Returns how many rows that changed: one that is unknown or was final already stays as it is; the attempt is on
    record all the same.
    """
    if end.outcome is SendOutcome.RETRY and end.due is None:
        msg = f"{', '.join(end.keys)}: a retry needs the time when it is due"
        raise ValueError(msg)
    changed = 0
    for row in connection.execute(_OF_KEYS, {"of": end.shard, "named": sorted(end.keys)}).all():
        if row.state in FINAL:
            _note(connection, row, end.outcome, end.at, end.detail, end.took_s)
            continue
        changed += 1
        if end.due is not None and end.outcome in (SendOutcome.RETRY, SendOutcome.UNKNOWN):
            _again(connection, row, end.outcome, end.at, end.due, end.detail, end.took_s)
        else:
            _close(connection, row, end.outcome, end.at, end.detail, end.took_s)
    return changed


def _again(
    connection: Connection,
    row: Row[Any],
    outcome: SendOutcome,
    at: datetime,
    due: datetime,
    detail: str,
    took_s: float = 0.0,
) -> None:
    """Back into the queue, unless a newer message of the thread waits already: then that one tells it all."""
    _note(connection, row, outcome, at, detail, took_s)
    thread = {"of": row.shard, "about": row.incident, "to": row.destination, "row": row.id}
    if connection.execute(_WAITING_BEHIND, thread).first():
        _close(connection, row, SendOutcome.SUPERSEDED, at, "a newer message took its place")
        return
    perhaps = row.repeat or outcome is SendOutcome.UNKNOWN
    values = {
        "row": row.id,
        "next": min(due, row.expires),
        "perhaps": perhaps,
        "message_key": row.parcel if perhaps else "",  # what certainly did not arrive may be gathered anew
        "why": detail[:ERROR_CHARS_MAX],
    }
    connection.execute(_AGAIN, values)


def hasten(connection: Connection, destinations: Collection[str], now: datetime) -> None:
    """What waits to be tried again at these destinations is due at once: they lead elsewhere now."""
    connection.execute(_HASTEN, {"to": sorted(destinations), "now": now})


def expire(connection: Connection, now: datetime, limit: int) -> list[OutboxRow]:
    """Give up what is past its time, oldest first; the rows come back so that people can be told."""
    rows = connection.execute(_OVER, {"now": now, "most": limit}).all()
    for row in rows:
        _close(connection, row, SendOutcome.EXPIRED, now, row.last_error or "its time ran out before it could be sent")
    return [row_of(row, state=OutboxState.EXPIRED) for row in rows]


# --- look ------------------------------------------------------------------------------------------------------------


def next_due(connection: Connection, exclude: Collection[str] = ()) -> datetime | None:
    """When `lease` or `expire` will next have something to do; what waits for a busy thread or lane does not count."""
    queries = (_NEXT_DUE, {"exclude": sorted(exclude)}), (_NEXT_OVER, None), (_NEXT_LOST, None)
    times = [connection.execute(query, values).scalar() for query, values in queries]
    return min((time for time in times if time is not None), default=None)


def recent(connection: Connection, since: datetime) -> list[tuple[str, datetime, SendOutcome]]:
    """The tries since then, oldest first: destination, when it ended, how. What was sent as one message counts once."""
    return [(to, at, SendOutcome(outcome)) for to, at, outcome, _ in connection.execute(_RECENT, {"since": since})]


def stats(connection: Connection) -> OutboxStats:
    """Counts of every state, and the earliest time at which a row that has not gone out was to."""
    counts = dict.fromkeys(OutboxState, 0)
    for state, number in connection.execute(select(_o.state, func.count()).group_by(_o.state)):
        counts[OutboxState(state)] = number
    waiting = or_(_o.state.in_(UNSENT), _o.state == OutboxState.LEASED)
    return OutboxStats(counts, connection.execute(select(func.min(_planned)).where(waiting)).scalar())


def row_of(row: Row[Any], **changed: Any) -> OutboxRow:  # noqa: ANN401 - fields of OutboxRow, checked there
    """A row in the words of the model. A message that no longer parses becomes one that says so: never silence."""
    try:
        message = codec.MESSAGE.validate_json(row.message)
    except ValidationError as error:
        lost = f"The words on {row.incident} ({row.step}) are damaged in the store ({codec.why(error)}): see the board."
        message = Message(
            title=f"Vigie: a message about {row.incident} is damaged"[:80], symbol="?", paragraphs=(("", lost),)
        )
    try:
        facts = codec.FACTS.validate_json(row.facts)
    except ValidationError as error:
        _log.error("store: what message %s says for programs is damaged and left out: %s", row.key, codec.why(error))
        facts = codec.Facts()
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
        recipient=facts.recipient,
        due=row.planned,
        priority=Priority(row.priority),
        gather=Gather(row.gather),
        acts=facts.acts,
        labels=facts.labels,
        opened=facts.opened,
        resolved=facts.resolved,
    )
    now: dict[str, Any] = {
        "state": OutboxState(row.state),
        "attempts": row.attempts,
        "last_error": row.last_error,
        "lease_owner": row.lease_owner,
        "lease_until": row.lease_until,
    }
    return OutboxRow(notification=n, due=row.due, repeat=row.repeat, shard=row.shard, **(now | changed))
