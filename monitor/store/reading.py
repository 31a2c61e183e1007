"""Looking into the store: the state at the last commit, and the past. Nothing here changes a row."""

import logging
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table, select
from sqlalchemy.exc import DatabaseError

from monitor.core.model import Decision, Incident, Phase, SendOutcome
from monitor.store import codec, outbox
from monitor.store.connecting import translated
from monitor.store.rows import (
    Attempt,
    Delivery,
    LedgerRow,
    OutboxStats,
    OverrideRow,
    SilenceRow,
    Snapshot,
    StoredObservation,
)
from monitor.store.schema import (
    attempt,
    channel_state,
    decision,
    incident,
    monitor_state,
    observation,
    override,
    probe_state,
    schedule_state,
    silence,
)
from monitor.store.schema import outbox as outbox_table

__all__ = ["ROWS_MAX", "StoreReader", "Unparsed", "read_state"]

ROWS_MAX = 10_000
"""No question is answered with more rows than this."""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class StoreReader:
    """The questions that the command line and the board ask. Each call is one short transaction, safe in any thread
    of a reader made by `Store.open_readonly`; a `Store` itself belongs to its writer's thread.
    """

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self._engine = engine
        self.path = path

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise translated(error, self.path) from error

    def close(self) -> None:
        """Let the file go."""
        self._engine.dispose()

    # --- the present -------------------------------------------------------------------------------------------------

    def load(self, shard: int = 0) -> Snapshot:
        """The state at the last commit. A row that does not parse is left out and named in `quarantined`."""
        with self._transaction() as connection:
            return read_state(connection, shard)[0]

    def outbox_stats(self) -> OutboxStats:
        """How many notifications are in each state, and when the first of those that wait was meant to go out."""
        with self._transaction() as connection:
            return outbox.stats(connection)

    # --- the past ----------------------------------------------------------------------------------------------------

    def decisions(
        self,
        channel: str | None = None,
        incident: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        shard: int = 0,
    ) -> list[LedgerRow]:
        """The newest `limit` decisions that fit, oldest first. `since` inclusive, `until` exclusive."""
        d = decision.c
        wanted = [
            d.shard == shard,
            *([d.channel == channel] if channel is not None else []),
            *([d.incident == incident] if incident is not None else []),
            *([d.at >= since] if since is not None else []),
            *([d.at < until] if until is not None else []),
        ]
        rows = self._rows(select(decision).where(*wanted).order_by(d.id.desc()), limit)
        return [_ledger_row(row) for row in reversed(rows)]

    def incidents(self, limit: int = 100, *, open_only: bool = False, shard: int = 0) -> list[Incident]:
        """Incidents, the newest first. `open_only`: those that have begun and are neither resolved nor closed."""
        query = select(incident).where(incident.c.shard == shard)
        if open_only:
            query = query.where(incident.c.phase.in_((Phase.OPEN, Phase.ACKNOWLEDGED)))
        rows = self._rows(query.order_by(incident.c.opened.desc(), incident.c.id.desc()), limit)
        return _parsed(rows, lambda row: codec.INCIDENT.validate_json(row.json), "incident")

    def incidents_named(self, ids: Collection[str], *, shard: int = 0) -> dict[str, Incident]:
        """Those of these incidents that are known, by id, whether they are closed or not."""
        i = incident.c
        rows = self._rows(select(incident).where(i.shard == shard, i.id.in_(tuple(ids)[:ROWS_MAX])), len(ids))
        return {i.id: i for i in _parsed(rows, lambda row: codec.INCIDENT.validate_json(row.json), "incident")}

    def silences(self, limit: int = 100, *, shard: int = 0) -> list[SilenceRow]:
        """Silences of now and of the past that people made, the one that starts last first."""
        s = silence.c
        rows = self._rows(select(silence).where(s.shard == shard).order_by(s.start.desc(), s.id.desc()), limit)
        return _parsed(rows, lambda row: SilenceRow(codec.SILENCE.validate_json(row.json), row.ended), "silence")

    def overrides(
        self, schedule: str | None = None, since: datetime | None = None, limit: int = 100, shard: int = 0
    ) -> list[OverrideRow]:
        """Overrides of now and of the past, the one that starts last first. `since`: those that reach beyond it."""
        o = override.c
        wanted = [
            o.shard == shard,
            *([o.schedule == schedule] if schedule is not None else []),
            *([o.until > since] if since is not None else []),
        ]
        rows = self._rows(select(override).where(*wanted).order_by(o.start.desc(), o.id.desc()), limit)
        return _parsed(rows, lambda row: OverrideRow(codec.OVERRIDE.validate_json(row.json), row.ended), "override")

    def observations(self, probe: str, limit: int = 20, shard: int = 0) -> list[StoredObservation]:
        """The newest runs of a probe that were kept, the newest first."""
        o = observation.c
        rows = self._rows(select(observation).where(o.shard == shard, o.probe == probe).order_by(o.id.desc()), limit)
        return _parsed(
            rows, lambda row: codec.decode_observation(row.probe, row.at, row.json, row.bodies), "observation"
        )

    def deliveries(self, incident: str, limit: int = 1_000, shard: int = 0) -> list[Delivery]:
        """Each notification about an incident in the order they were decided, with all its attempts."""
        o, a = outbox_table.c, attempt.c
        with self._transaction() as connection:
            mine = (
                select(outbox_table)
                .where(o.shard == shard, o.incident == incident)
                .order_by(o.id)
                .limit(_bounded(limit))
            )
            rows = connection.execute(mine).all()
            keys = select(o.key).where(o.shard == shard, o.incident == incident)
            log = connection.execute(select(attempt).where(a.shard == shard, a.key.in_(keys)).order_by(a.id)).all()
        tries: dict[str, list[Attempt]] = {}
        for line in log:
            tries.setdefault(line.key, []).append(
                Attempt(line.key, line.at, SendOutcome(line.outcome), line.detail, line.took_s)
            )
        return [Delivery(outbox.row_of(row), tuple(tries.get(row.key, ()))) for row in rows]

    def _rows(self, query: Select[Any], limit: int) -> list[Row[Any]]:
        with self._transaction() as connection:
            return list(connection.execute(query.limit(_bounded(limit))).all())


def _bounded(limit: int) -> int:
    return max(0, min(limit, ROWS_MAX))


def _ledger_row(row: Row[Any]) -> LedgerRow:
    evidence = codec.EVIDENCE.validate_json(row.evidence)
    return LedgerRow(
        row.id,
        Decision(
            at=row.at,
            code=row.code,
            text=row.text,
            channel=row.channel,
            incident=row.incident,
            destination=row.destination,
            evidence=evidence,
        ),
    )


def _parsed(rows: list[Row[Any]], parse: Callable[[Row[Any]], _T], what: str) -> list[_T]:
    """Those rows that parse; the others are logged: one damaged row must not hide the rest."""
    found: list[_T] = []
    for row in rows:
        try:
            found.append(parse(row))
        except ValidationError as error:
            _log.error("store: %s %s does not parse and is not shown: %s", what, row.id, codec.why(error))
        except zlib.error as error:
            _log.error("store: %s %s is damaged and is not shown: %s", what, row.id, error)
    return found


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A row of state that does not parse, and why."""

    table: Table
    row: str  # its id; for the one row of a shard, the shard
    reason: str
    text: str

    def __str__(self) -> str:
        return f"{self.table.name} {self.row}: {self.reason}"


def read_state(connection: Connection, shard: int) -> tuple[Snapshot, list[Unparsed]]:
    """The state of one shard, and the rows that had to be left out."""
    bad: list[Unparsed] = []

    def states(table: Table, adapter: TypeAdapter[_T], *where: ColumnElement[bool]) -> dict[str, _T]:
        found: dict[str, _T] = {}
        query = select(table.c.id, table.c.json).where(table.c.shard == shard, *where).order_by(table.c.id)
        for row, text in connection.execute(query):
            try:
                found[row] = adapter.validate_json(text)
            except ValidationError as error:
                bad.append(Unparsed(table, row, codec.why(error), text))
        return found

    probes = states(probe_state, codec.PROBE)
    channels = states(channel_state, codec.CHANNEL)
    incidents = states(incident, codec.INCIDENT, incident.c.phase != Phase.CLOSED)
    silences = states(silence, codec.SILENCE, ~silence.c.ended)
    overrides = states(override, codec.OVERRIDE, ~override.c.ended)
    schedules = states(schedule_state, codec.SCHEDULE)
    monitor = None
    text = connection.execute(select(monitor_state.c.json).where(monitor_state.c.shard == shard)).scalar()
    if text is not None:
        try:
            monitor = codec.MONITOR_STATE.validate_json(text)
        except ValidationError as error:
            bad.append(Unparsed(monitor_state, str(shard), codec.why(error), text))
    return Snapshot(probes, channels, incidents, silences, overrides, schedules, monitor, tuple(map(str, bad))), bad
