"""What a later version might do, first step: a table of its own."""

import sqlalchemy as sa
from alembic import op

revision: str = "9001"
down_revision: str | None = "0002"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Two statements, so that there is a middle."""
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("probe_state", sa.Column("later", sa.Text, nullable=False, server_default="old"))
