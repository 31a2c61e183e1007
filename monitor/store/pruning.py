"""Retention: what is over and old goes, a bounded number of rows at a time, so that no commit waits long for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from monitor.core.model import Phase
from monitor.store.rows import FINAL, Retention
from monitor.store.schema import attempt, decision, incident, observation, outbox, override, silence

__all__ = ["DECISIONS_MAX", "ENDED_MAX", "PRUNE_ROWS_MAX", "prune"]

PRUNE_ROWS_MAX = 1_000
DECISIONS_MAX = 1_000_000
"""Rows of the ledger, whatever their age: about 300 MB."""

ENDED_MAX = 10_000
"""Silences, and overrides, that are over: the newest of them, whatever their age."""


def prune(connection: Connection, now: datetime, keep: Retention, limit: int) -> int:
    """Delete up to `limit` rows of each table; returns how many went."""
    d, i, o, a = decision.c, incident.c, outbox.c, attempt.c
    newest = connection.execute(select(func.max(d.id))).scalar() or 0
    gone = _delete(connection, decision, limit, d.at < now - keep.decisions)
    gone += _delete(connection, decision, limit, d.id <= newest - DECISIONS_MAX)
    ended = func.coalesce(i.resolved, i.opened) < now - keep.incidents
    gone += _delete(connection, incident, limit, i.phase == Phase.CLOSED, ended)
    for table in (silence, override):
        gone += _delete(connection, table, limit, table.c.ended, table.c.until < now - keep.incidents)
        first_over = (
            select(table.c.until).where(table.c.ended).order_by(table.c.until.desc()).limit(1).offset(ENDED_MAX)
        )
        gone += _delete(connection, table, limit, table.c.ended, table.c.until <= first_over.scalar_subquery())
    # `expires` is later than `created`, and bounded: what is final and expired that long ago, nobody asks about.
    gone += _delete(connection, outbox, limit, o.state.in_(FINAL), o.expires < now - keep.deliveries)
    of_row = select(1).where(o.shard == a.shard, o.key == a.key).correlate(attempt).exists()
    gone += _delete(connection, attempt, limit, a.at < now - keep.deliveries, ~of_row)
    # The newest word of each probe stays: a page that has not changed for a year was kept a year ago.
    newer = observation.alias("newer")
    same = (newer.c.shard == observation.c.shard, newer.c.probe == observation.c.probe, newer.c.id > observation.c.id)
    outdone = select(1).where(*same).correlate(observation).exists()
    return gone + _delete(connection, observation, limit, observation.c.at < now - keep.observations, outdone)


def _delete(connection: Connection, table: Table, limit: int, *where: ColumnElement[bool]) -> int:
    key: list[Any] = list(table.primary_key)
    rows = connection.execute(select(*key).where(*where).limit(limit)).all()
    for row in rows:
        connection.execute(delete(table).where(*(column == value for column, value in zip(key, row, strict=True))))
    return len(rows)
