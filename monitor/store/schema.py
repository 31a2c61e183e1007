"""The tables. One schema for SQLite and PostgreSQL: plain types, UTC times, and the shard in every row.

The migrations in `migrations/versions` build exactly this; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

__all__ = [
    "APPLICATION_ID",
    "BigId",
    "UtcTime",
    "Words",
    "attempt",
    "channel_state",
    "decision",
    "incident",
    "inserting",
    "meta",
    "metadata",
    "monitor_state",
    "observation",
    "outbox",
    "override",
    "probe_state",
    "quarantine",
    "schedule_state",
    "silence",
    "sound",
]

APPLICATION_ID = 0x56696769
"""The four bytes "Vigi" in the header of a SQLite file that is ours (PRAGMA application_id)."""


def sound(text: str) -> str:
    """`text` with each half of a surrogate pair replaced: JSON from outside can hold one, and UTF-8 cannot."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite has no zones, so the text there is UTC by definition and sorts as time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: its zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text, some of it from strangers: what a database cannot hold (half surrogates, NUL) is replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - the interface
        """Replace by the sign for an unreadable character."""
        return None if value is None else sound(value).replace("\0", "\N{REPLACEMENT CHARACTER}")


def inserting(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT: the one thing that the two databases spell alike and SQLAlchemy keeps apart."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts rowids for INTEGER only

metadata = MetaData()


def _shard(*, primary: bool = False) -> "Column[Any]":
    return Column("shard", Integer, primary_key=primary, nullable=False, autoincrement=False)


def _state(name: str, *more: "Column[Any]") -> Table:
    """A table that holds the newest word on each id."""
    return Table(
        name,
        metadata,
        _shard(primary=True),
        Column("id", Words, primary_key=True),
        *more,
        Column("json", Text, nullable=False),
    )


meta = Table("meta", metadata, Column("key", Words, primary_key=True), Column("value", Words, nullable=False))

probe_state = _state("probe_state")
channel_state = _state("channel_state")
monitor_state = Table("monitor_state", metadata, _shard(primary=True), Column("json", Text, nullable=False))
incident = _state(
    "incident",
    Column("scope", Words, nullable=False),
    Column("condition", Words, nullable=False),
    Column("phase", Words, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("opened", UtcTime, nullable=False),
    Column("resolved", UtcTime),
)
Index("incident_by_phase", incident.c.shard, incident.c.phase)
Index("incident_by_opened", incident.c.shard, incident.c.opened)

schedule_state = _state("schedule_state")
# Those of the past stand beside those of now. There is no guard here against overrides that conflict: the mind judges
# each against all others, in one thread and in memory, and no second process can hold the store (`InstanceLock`).
silence = _state(
    "silence",
    Column("start", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended", Boolean, nullable=False),
)
Index("silence_by_end", silence.c.shard, silence.c.ended, silence.c.until)
override = _state(
    "override",
    Column("schedule", Words, nullable=False),
    Column("start", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended", Boolean, nullable=False),
)
Index("override_by_end", override.c.shard, override.c.ended, override.c.until)

decision = Table(
    "decision",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _shard(),
    Column("at", UtcTime, nullable=False),
    Column("code", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("incident", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("evidence", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("decision_by_channel", decision.c.shard, decision.c.channel, decision.c.id)
Index("decision_by_incident", decision.c.shard, decision.c.incident, decision.c.id)
Index("decision_by_time", decision.c.shard, decision.c.at)

observation = Table(
    "observation",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _shard(),
    Column("probe", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("failed", Boolean, nullable=False),
    Column("json", Text, nullable=False),
    Column("bodies", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("observation_by_probe", observation.c.shard, observation.c.probe, observation.c.failed, observation.c.id)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _shard(),
    Column("key", Words, nullable=False),
    Column("incident", Words, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("step", Words, nullable=False),
    Column("destination", Words, nullable=False),
    Column("message", Text, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("state", Words, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("lease_owner", Words, nullable=False),
    Column("lease_until", UtcTime),
    Column("last_error", Words, nullable=False),
    Column("priority", Integer, nullable=False, server_default="2"),
    Column("gather", Words, nullable=False, server_default=""),
    Column("planned", UtcTime),  # when the mind wanted it sent; `due` moves on with each try
    Column("facts", Text, nullable=False, server_default="{}"),
    Column(
        "parcel", Words, nullable=False, server_default=""
    ),  # the key of the message that it went out in with others
    UniqueConstraint("shard", "key", name="outbox_key"),
    sqlite_autoincrement=True,
)
Index("outbox_by_state", outbox.c.state, outbox.c.due)
Index("outbox_by_thread", outbox.c.shard, outbox.c.incident, outbox.c.destination)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _shard(),
    Column("key", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("detail", Words, nullable=False),
    Column("took_s", Float, nullable=False),
    sqlite_autoincrement=True,
)
Index("attempt_by_key", attempt.c.shard, attempt.c.key, attempt.c.id)
Index("attempt_by_time", attempt.c.at)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _shard(),
    Column("source", Words, nullable=False),
    Column("row", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("json", Text, nullable=False),
    sqlite_autoincrement=True,
)
