"""The first schema: state, ledger, observations, outbox."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None

_TIME = sa.DateTime(timezone=True)


def _shard() -> "sa.Column[Any]":
    return sa.Column("shard", sa.Integer, primary_key=True, nullable=False, autoincrement=False)


def _text(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=False)


def _log(name: str, *columns: "sa.Column[Any]", constraint: sa.UniqueConstraint | None = None) -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        name,
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("shard", sa.Integer, nullable=False, autoincrement=False),
        *columns,
        *(() if constraint is None else (constraint,)),
        sqlite_autoincrement=True,
    )


def upgrade() -> None:
    """Create everything."""
    op.create_table("meta", sa.Column("key", sa.Text, primary_key=True), _text("value"))
    for name in ("probe_state", "channel_state"):
        op.create_table(name, _shard(), sa.Column("id", sa.Text, primary_key=True), _text("json"))
    op.create_table("monitor_state", _shard(), _text("json"))
    op.create_table(
        "incident",
        _shard(),
        sa.Column("id", sa.Text, primary_key=True),
        _text("scope"),
        _text("condition"),
        _text("phase"),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("opened", _TIME, nullable=False),
        sa.Column("resolved", _TIME),
        _text("json"),
    )
    op.create_index("incident_by_phase", "incident", ["shard", "phase"])
    op.create_index("incident_by_opened", "incident", ["shard", "opened"])
    _log(
        "decision",
        sa.Column("at", _TIME, nullable=False),
        *(_text(name) for name in ("code", "channel", "incident", "destination", "text", "evidence")),
    )
    op.create_index("decision_by_channel", "decision", ["shard", "channel", "id"])
    op.create_index("decision_by_incident", "decision", ["shard", "incident", "id"])
    op.create_index("decision_by_time", "decision", ["shard", "at"])
    _log(
        "observation",
        _text("probe"),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        _text("json"),
        sa.Column("bodies", sa.LargeBinary, nullable=False),
    )
    op.create_index("observation_by_probe", "observation", ["shard", "probe", "failed", "id"])
    _outbox()
    _log("quarantine", *(_text(name) for name in ("source", "row", "reason", "json")))


def _outbox() -> None:
    _log(
        "outbox",
        _text("key"),
        _text("incident"),
        sa.Column("revision", sa.Integer, nullable=False),
        *(_text(name) for name in ("step", "destination", "message")),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
        sa.Column("critical", sa.Boolean, nullable=False),
        _text("state"),
        sa.Column("due", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Boolean, nullable=False),
        _text("lease_owner"),
        sa.Column("lease_until", _TIME),
        _text("last_error"),
        constraint=sa.UniqueConstraint("shard", "key", name="outbox_key"),
    )
    op.create_index("outbox_by_state", "outbox", ["state", "due"])
    op.create_index("outbox_by_thread", "outbox", ["shard", "incident", "destination"])
    _log(
        "attempt",
        _text("key"),
        sa.Column("at", _TIME, nullable=False),
        _text("outcome"),
        _text("detail"),
        sa.Column("took_s", sa.Float, nullable=False),
    )
    op.create_index("attempt_by_key", "attempt", ["shard", "key", "id"])
    op.create_index("attempt_by_time", "attempt", ["at"])
