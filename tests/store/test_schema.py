"""The steps of migration build the schema that the code speaks of, and carry an older store over without loss."""

from collections.abc import Callable
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from monitor.store import Store, Writes
from monitor.store.connecting import connect
from monitor.store.opening import HEAD, upgrade
from monitor.store.schema import meta, metadata
from tests.store.given import Ended, note, open_store, probe

LATER = Path(__file__).parent / "later"


def test_the_steps_build_what_the_code_speaks_of(store: Store) -> None:
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_step_is_the_one_the_code_expects() -> None:
    config = Config()
    here = Path(__file__).parents[2] / "monitor" / "store" / "migrations"
    config.set_main_option("script_location", str(here))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(here / "versions"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_every_row_carries_its_shard_and_every_table_can_be_made_in_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert isinstance(table, Table)
        assert table is meta or "shard" in table.c
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))


def test_F02_a_kill_in_the_middle_of_a_migration_leaves_the_store_as_it_was_and_the_next_start_goes_on(
    path: Path, python: Callable[..., Ended]
) -> None:
    store = open_store(path)
    store.commit([Writes(probes=(probe("x/1"),), notifications=(note("k"),))])
    store.close()
    script = (
        "from pathlib import Path\nfrom tests.store.given import *\n"
        "from monitor.store.connecting import connect\nfrom monitor.store.opening import upgrade\n"
        f"e = connect(Path({str(path)!r}))\nwith e.connect() as c: upgrade(c, None, (Path({str(LATER)!r}),))"
    )
    killed = python(script, env={"VIGIE_FAILPOINT": "mid_migration:kill"})
    assert killed.code == -9, killed.err
    store = open_store(path)
    assert set(store.load().probes) == {"x/1"}
    store.close()
    engine = connect(path)
    with engine.connect() as connection:
        upgrade(connection, path, steps=(LATER,))
        rows = connection.exec_driver_sql("SELECT id, later FROM probe_state").all()
        assert [tuple(row) for row in rows] == [("x/1", "old")]
        assert connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar() == 1
    engine.dispose()


def test_F02_a_kill_while_a_new_store_is_made_leaves_none_and_the_next_start_makes_it(
    path: Path, python: Callable[..., Ended]
) -> None:
    script = f"from pathlib import Path\nfrom tests.store.given import *\nopen_store(Path({str(path)!r})).close()"
    killed = python(script, env={"VIGIE_FAILPOINT": "mid_migration:kill"})
    assert killed.code == -9, killed.err
    assert not path.exists()
    open_store(path).close()
    assert {file.name for file in path.parent.iterdir()} == {"vigie.db", "vigie.db.lock"}
