"""Alembic's entry point: runs the steps on the connection it is handed, each in a transaction of its own.

A kill in the middle of a step leaves the file as before that step, so that the next start goes on from there.
"""

from alembic import context

from monitor.store.failpoint import failpoint
from monitor.store.schema import metadata


def _applied(*_: object, **__: object) -> None:
    failpoint("mid_migration")  # the step's statements have run, its commit has not


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    transactional_ddl=True,  # true of SQLite where BEGIN is ours, which it is
    render_as_batch=True,
    on_version_apply=_applied,
)
with context.begin_transaction():
    context.run_migrations()
