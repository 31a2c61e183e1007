"""The steps of migration build the schema that the code speaks of, and carry an older store over without loss."""

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from monitor.core.model import Priority
from monitor.store import Store, StoreError, Writes
from monitor.store.connecting import connect
from monitor.store.opening import HEAD, upgrade
from monitor.store.schema import meta, metadata
from tests.store.given import NOW, Ended, lease, note, open_store, override, probe, seconds, silence, url_of

LATER = Path(__file__).parent / "later"
MADE_BY_0001 = Path(__file__).parent / "made_by_0001.sql"
"""A store as version 0.1.0 left it when it was killed: one message on its way, one that waits, one that failed."""


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


@pytest.fixture
def earlier(path: Path) -> Path:
    """A store of the version before this one, with messages that are still to go out."""
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as made:
        made.executescript(MADE_BY_0001.read_text())
    return path


def test_F43_a_store_of_the_version_before_is_brought_up_and_all_that_waits_in_it_goes_out(earlier: Path) -> None:
    with pytest.raises(StoreError, match="its schema is 0001"):
        Store.open_readonly(url_of(earlier))
    store = open_store(earlier)
    kept = store.load()
    assert kept.quarantined == ()
    assert (set(kept.probes), set(kept.channels), set(kept.incidents)) == ({"x/1"}, {"x"}, {"1"})
    assert (kept.silences, kept.overrides, kept.schedules) == ({}, {}, {})
    assert store.release_leases(NOW) == 1
    rows = lease(store, seconds(60))
    assert [(r.notification.destination, r.notification.priority, r.repeat) for r in rows] == [
        ("first/1", Priority.FIRST_PAGE, True),
        ("third/1", Priority.PAGE, False),
        ("second/1", Priority.NEWS, False),
    ]
    assert [r.notification.expires for r in rows] == [NOW + timedelta(hours=4)] * 3
    store.commit([Writes(silences=(silence("1"),), overrides=(override("2"),))])
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_F43_a_kill_while_an_earlier_store_is_brought_up_leaves_it_as_it_was(
    earlier: Path, python: Callable[..., Ended]
) -> None:
    script = f"from pathlib import Path\nfrom tests.store.given import *\nopen_store(Path({str(earlier)!r})).close()"
    killed = python(script, env={"VIGIE_FAILPOINT": "mid_migration:kill"})
    assert killed.code == -9, killed.err
    with pytest.raises(StoreError, match="its schema is 0001"):
        Store.open_readonly(url_of(earlier))
    store = open_store(earlier)
    assert store.outbox_stats().unsent == 3
    store.close()


def test_F02_a_kill_while_a_new_store_is_made_leaves_none_and_the_next_start_makes_it(
    path: Path, python: Callable[..., Ended]
) -> None:
    script = f"from pathlib import Path\nfrom tests.store.given import *\nopen_store(Path({str(path)!r})).close()"
    killed = python(script, env={"VIGIE_FAILPOINT": "mid_migration:kill"})
    assert killed.code == -9, killed.err
    assert not path.exists()
    open_store(path).close()
    assert {file.name for file in path.parent.iterdir()} == {"vigie.db", "vigie.db.lock"}
