"""A batch of Writes as statements. Of states only the last word is written; of what is a record, every row in order."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table, bindparam, delete, insert, select, update

from monitor.core.duty import Override, Silence
from monitor.core.model import Decision, Incident
from monitor.store import codec, outbox
from monitor.store.rows import StoredObservation, Writes
from monitor.store.schema import (
    channel_state,
    decision,
    incident,
    inserting,
    monitor_state,
    observation,
    override,
    probe_state,
    schedule_state,
    silence,
)

__all__ = ["OBSERVATIONS_KEPT", "write_all"]

OBSERVATIONS_KEPT = 10
"""Of each probe, and of each sort: the newest ten that gave a reading, the newest ten that failed. So a failure stays
on the shelf however many good runs follow, and twenty bad runs do not push out the last good one."""

_Values = dict[str, Any]


def write_all(connection: Connection, batch: Sequence[Writes]) -> None:
    """Write `batch` within the caller's transaction."""
    for shard in sorted({writes.shard for writes in batch}):
        mine = [writes for writes in batch if writes.shard == shard]
        _states(connection, shard, mine)
        _append(connection, decision, [_decision(shard, d) for writes in mine for d in writes.decisions])
        _observations(connection, shard, [o for writes in mine for o in writes.observations])
        outbox.put(connection, shard, [n for writes in mine for n in writes.notifications])


def _states(connection: Connection, shard: int, batch: Sequence[Writes]) -> None:
    probes = _last((w.removed_probes, w.probes) for w in batch)
    _apply(connection, probe_state, shard, probes, lambda p: {"json": codec.encode_probe(p)})
    channels = _last((w.removed_channels, w.channels) for w in batch)
    _apply(connection, channel_state, shard, channels, lambda c: {"json": codec.encode(codec.CHANNEL, c)})
    _apply(connection, incident, shard, _last(((), w.incidents) for w in batch), _incident)
    schedules = _last((w.removed_schedules, w.schedules) for w in batch)
    _apply(connection, schedule_state, shard, schedules, lambda s: {"json": codec.encode(codec.SCHEDULE, s)})
    silences = [(w.silences, w.removed_silences) for w in batch]
    _apply_lasting(connection, silence, shard, silences, _silence)
    overrides = [(w.overrides, w.removed_overrides) for w in batch]
    _apply_lasting(connection, override, shard, overrides, _override)
    monitors = [w.monitor for w in batch if w.monitor is not None]
    if monitors:
        row = {"shard": shard, "json": codec.encode(codec.MONITOR_STATE, monitors[-1])}
        connection.execute(_upsert(connection, monitor_state), row)


def _last(steps: Iterable[tuple[Sequence[str], Sequence[Any]]]) -> dict[str, Any]:
    """The last word on each id: a state, or None for removed."""
    words: dict[str, Any] = {}
    for removed, states in steps:
        words.update(dict.fromkeys(removed))
        words.update((state.id, state) for state in states)
    return words


def _apply(
    connection: Connection, table: Table, shard: int, words: Mapping[str, Any], columns: Callable[[Any], _Values]
) -> None:
    rows = [{"shard": shard, "id": name, **columns(state)} for name, state in words.items() if state is not None]
    if rows:
        connection.execute(_upsert(connection, table), rows)
    gone = [{"gone": name} for name, state in words.items() if state is None]
    if gone:
        connection.execute(delete(table).where(table.c.shard == shard, table.c.id == bindparam("gone")), gone)


def _apply_lasting(
    connection: Connection,
    table: Table,
    shard: int,
    steps: Iterable[tuple[Collection[Any], Collection[str]]],
    columns: Callable[[Any], _Values],
) -> None:
    """As `_apply`, for what stays as history when it leaves the state: it is marked as ended."""
    states: dict[str, Any] = {}
    ended: dict[str, bool] = {}
    for present, removed in steps:
        states.update((state.id, state) for state in present)
        ended.update({state.id: False for state in present} | dict.fromkeys(removed, True))
    rows = [{"shard": shard, "id": name, "ended": ended[name], **columns(state)} for name, state in states.items()]
    if rows:
        connection.execute(_upsert(connection, table), rows)
    over = [{"over": name} for name in ended if name not in states]
    if over:
        here = (table.c.shard == shard, table.c.id == bindparam("over"))
        connection.execute(update(table).where(*here).values(ended=True), over)


def _silence(s: Silence) -> _Values:
    return {"start": s.start, "until": s.end, "json": codec.encode(codec.SILENCE, s)}


def _override(o: Override) -> _Values:
    return {
        "schedule": o.schedule,
        "start": min(span.start for span in o.spans),
        "until": max(span.end for span in o.spans),
        "json": codec.encode(codec.OVERRIDE, o),
    }


def _upsert(connection: Connection, table: Table) -> Insert:
    return _upsert_in(connection.dialect.name, table)


@cache
def _upsert_in(dialect: str, table: Table) -> Insert:
    statement = inserting(dialect, table)
    fresh = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=fresh)


def _incident(i: Incident) -> _Values:
    return {
        "scope": i.scope,
        "condition": i.condition,
        "phase": i.phase,
        "severity": int(i.severity),
        "opened": i.opened,
        "resolved": i.resolved,
        "json": codec.encode(codec.INCIDENT, i),
    }


def _decision(shard: int, d: Decision) -> _Values:
    return {
        "shard": shard,
        "at": d.at,
        "code": d.code,
        "channel": d.channel,
        "incident": d.incident,
        "destination": d.destination,
        "text": d.text,
        "evidence": codec.encode(codec.EVIDENCE, d.evidence),
    }


def _append(connection: Connection, table: Table, rows: Sequence[_Values]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _observations(connection: Connection, shard: int, stored: Sequence[StoredObservation]) -> None:
    rows = []
    for o in stored:
        text, bodies = codec.encode_observation(o)
        rows.append({"shard": shard, "probe": o.probe, "at": o.at, "failed": o.failed, "json": text, "bodies": bodies})
    _append(connection, observation, rows)
    c = observation.c
    sort = (c.shard == shard, c.probe == bindparam("of"), c.failed == bindparam("sort"))
    too_old = select(c.id).where(*sort).order_by(c.id.desc()).limit(1).offset(OBSERVATIONS_KEPT).scalar_subquery()
    shelves = [{"of": probe, "sort": failed} for probe, failed in {(o.probe, o.failed): None for o in stored}]
    if shelves:
        connection.execute(delete(observation).where(*sort, c.id <= too_old), shelves)
