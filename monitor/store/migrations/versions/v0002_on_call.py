"""On-call: silences, overrides and schedules; what a notification says of its way."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: None = None
depends_on: None = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Three tables, and columns of the outbox. What waits there keeps its rank: criticals go first."""
    _state("schedule_state")
    _state("silence", *_lasting())
    _state("override", sa.Column("schedule", sa.Text, nullable=False), *_lasting())
    for table in ("silence", "override"):
        op.create_index(f"{table}_by_end", table, ["shard", "ended", "until"])
    op.add_column("outbox", sa.Column("priority", sa.Integer, nullable=False, server_default="2"))
    op.add_column("outbox", sa.Column("gather", sa.Text, nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("planned", _TIME))
    op.add_column("outbox", sa.Column("facts", sa.Text, nullable=False, server_default="{}"))
    op.add_column("outbox", sa.Column("parcel", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE outbox SET priority = CASE step WHEN 'opened' THEN 0 ELSE 1 END WHERE critical")


def _state(name: str, *columns: "sa.Column[object]") -> None:
    op.create_table(
        name,
        sa.Column("shard", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text, primary_key=True),
        *columns,
        sa.Column("json", sa.Text, nullable=False),
    )


def _lasting() -> "tuple[sa.Column[object], ...]":
    return (
        sa.Column("start", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
    )
