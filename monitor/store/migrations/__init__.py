"""The history of the schema, run by Alembic from within Vigie: `monitor.store.opening.upgrade`."""
