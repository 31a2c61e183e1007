"""A file that is no whole store of ours is refused with a word and a way out; it is never taken for an empty one."""

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.store import Store, StoreError, StoreLocked, Writes
from monitor.store.connecting import connect
from monitor.store.opening import upgrade
from tests.store.given import NOW, ROOT, Ended, decision, incident, note, open_store, probe, url_of

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
LATER = Path(__file__).parent / "later"


@pytest.fixture
def closed(path: Path) -> Path:
    """A store with something in it, closed in order."""
    store = open_store(path)
    store.commit([Writes(probes=(probe("x/1"),), incidents=(incident("x-1"),), notifications=(note("k"),))])
    store.close()
    return path


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own is shut for others, and is shut again by each run beside ours."""
    with tempfile.TemporaryDirectory(prefix="vigie-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def refusal(path: Path) -> str:
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as caught:
        open_store(path)
    assert str(path) in str(caught.value), "the message names the file"
    assert (path.read_bytes() if path.is_file() else None) == before, "a refused file is left as it was"
    return str(caught.value)


# --- a good start ----------------------------------------------------------------------------------------------------


def test_a_new_store_is_made_with_its_folders_for_our_eyes_only(path: Path) -> None:
    deep = path.parent / "a b" / "ü #" / "vigie.db"
    store = open_store(deep, reserve_bytes=4096)
    store.commit([Writes(probes=(probe("x/1"),))])
    for file in deep.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    assert stat.S_IMODE(deep.parent.stat().st_mode) == 0o700
    store.close()
    assert {file.name for file in deep.parent.iterdir()} == {"vigie.db", "vigie.db.lock", "vigie.db.reserve"}


def test_what_was_kept_is_there_after_a_restart(closed: Path) -> None:
    store = open_store(closed)
    assert set(store.load().probes) == {"x/1"}
    assert store.outbox_stats().unsent == 1
    store.close()


def test_the_url_is_relative_to_the_working_directory(tmp_path: Path, python: Callable[..., Ended]) -> None:
    script = f"import os; os.chdir({str(tmp_path)!r})\nfrom tests.store.given import *\n"
    script += "s = Store.open('sqlite:///var/vigie.db', now=NOW, reserve_bytes=0); print(s.path); s.close()"
    assert python(script).out.strip() == str(tmp_path / "var" / "vigie.db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret@db/vigie",
        "sqlite+aiosqlite:///x.db",
        "sqlite://host/x.db",
        "sqlite:///x.db?mode=ro",
        "var/x",
    ],
)
def test_a_url_that_is_not_for_us_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(StoreError, match=r"sqlite:///var/vigie\.db") as caught:
        Store.open(url, now=NOW)
    assert "s3cret" not in str(caught.value)


def test_settings_that_durability_rests_on_are_in_force(closed: Path) -> None:
    store = open_store(closed)
    with store._engine.begin() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]
    store.close()


# --- B100 ------------------------------------------------------------------------------------------------------------


def test_B100_a_zero_length_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert "empty (0 bytes)" in refusal(path)


@pytest.mark.parametrize("keep", [50, 99, 100, 4096, 0.5, -1])
def test_B100_a_truncated_file_is_refused(closed: Path, keep: float) -> None:
    size = closed.stat().st_size
    os.truncate(closed, int(size * keep) if isinstance(keep, float) else keep % size)
    assert "truncated" in refusal(closed)


def test_B100_a_file_truncated_under_its_log_is_refused(closed: Path) -> None:
    store = open_store(closed)
    store.commit([Writes(probes=(probe("x/2"),))])
    copy = closed.with_name("copy.db")
    shutil.copy(closed, copy)
    shutil.copy(closed.with_name("vigie.db-wal"), copy.with_name("copy.db-wal"))
    store.close()
    os.truncate(copy, 8192)
    with pytest.raises(StoreError, match="damaged or truncated"):
        open_store(copy)


def test_B100_a_newer_schema_is_refused(closed: Path) -> None:
    engine = connect(closed)
    with engine.connect() as connection:
        upgrade(connection, closed, steps=(LATER,))
    engine.dispose()
    said = refusal(closed)
    assert "newer Vigie" in said
    assert "9001" in said
    with pytest.raises(StoreError, match="9001"):
        Store.open_readonly(url_of(closed))


@pytest.mark.parametrize("content", [b"hello, this is a text file\n" * 50, b"\0" * 8192, b"SQLite format 4\0" * 20])
def test_B100_what_is_not_a_database_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert "not a database" in refusal(path)


def test_B100_a_database_of_another_program_is_refused(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    assert "another program" in refusal(path)


def test_B100_a_store_without_its_sentinel_row_is_refused(closed: Path) -> None:
    other = sqlite3.connect(closed)
    other.execute("DELETE FROM meta WHERE key='sentinel'")
    other.commit()
    other.close()
    assert "the row that every store holds is gone" in refusal(closed)


def test_B100_a_page_of_rubbish_is_found_at_the_start(closed: Path) -> None:
    with closed.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xa5" * 4096)
    assert "damaged" in refusal(closed)


def test_B100_a_folder_or_a_pipe_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    assert "not a file" in refusal(path)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(StoreError, match="not a file"):
        open_store(path)


def test_a_log_without_its_store_is_refused_since_a_new_store_would_swallow_it(closed: Path) -> None:
    log = closed.with_name("vigie.db-wal")
    log.write_bytes(b"x" * 100)
    closed.unlink()
    with pytest.raises(StoreError, match="left without its store"):
        open_store(closed)


def _as_nobody(script: str, scratch: Path) -> list[str]:
    """What a script says that ends up as the user nobody; `attempt(path)` tries to open a store there."""
    given = (
        "import os; import alembic.command\nfrom pathlib import Path\nfrom monitor.store import StoreError\n"
        "from tests.store.given import *\nopen_store(Path(os.environ['ONCE'])).close()\n"  # loads what loads late
        "Store.open_readonly(url_of(Path(os.environ['ONCE']))).close()\nos.setgid(65534); os.setuid(65534)\n"
        "def attempt(path):\n  try: open_store(Path(path)); print('opened')\n  except StoreError as e: print(e)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", given + script],
        env={"PYTHONPATH": str(ROOT), "ONCE": str(scratch / "once" / "vigie.db")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@ROOT_ONLY
def test_B100_a_read_only_file_or_folder_is_refused(public: Path, tmp_path: Path) -> None:
    own = public / "own" / "vigie.db"
    open_store(own).close()
    for file in (own.parent, *own.parent.iterdir()):
        os.chown(file, 65534, 65534)
    on_file, in_folder, forbidden = _as_nobody(
        f"path = Path({str(own)!r}); path.chmod(0o400); attempt(path)\n"
        "path.chmod(0o600); path.parent.chmod(0o500); attempt(path)\n"
        f"attempt({str(public / 'new' / 'vigie.db')!r})",
        tmp_path,
    )
    assert "read-only for" in on_file
    assert "chmod u+rw" in on_file
    assert "read-only" in in_folder
    assert "Permission denied" in forbidden
    assert "name a place that can be written" in forbidden


@ROOT_ONLY
def test_B100_a_file_of_another_owner_is_refused(closed: Path) -> None:
    os.chown(closed, 65534, 65534)
    said = refusal(closed)
    assert "uid 65534" in said
    assert "uid 0" in said


def test_B100_a_file_that_another_program_holds_is_refused(closed: Path) -> None:
    other = sqlite3.connect(closed, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    free = threading.Timer(30, other.close)
    free.start()
    try:
        with pytest.raises(StoreLocked, match="locked by another program"):
            open_store(closed)
    finally:
        free.cancel()
        other.close()


# --- F10 -------------------------------------------------------------------------------------------------------------

HOLD = "s = open_store(Path({path!r})); print('open', flush=True); import time; time.sleep(60)"
GIVEN = "from pathlib import Path\nfrom tests.store.given import *\n"


def test_F10_a_second_instance_is_told_who_runs_and_a_killed_one_leaves_no_lock(path: Path) -> None:
    first = subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", GIVEN + HOLD.format(path=str(path))],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(StoreError, match=rf"another Vigie \(process {first.pid}\) runs on this store"):
            open_store(path)
        reader = Store.open_readonly(url_of(path))
        assert reader.load().probes == {}
        reader.close()
        first.send_signal(signal.SIGKILL)
    finally:
        first.kill()
        first.wait()
        assert first.stdout is not None
        first.stdout.close()
    open_store(path).close()


def test_F10_also_within_one_process_a_store_is_opened_once(path: Path) -> None:
    store = open_store(path)
    with pytest.raises(StoreError, match="another Vigie"):
        open_store(path)
    store.close()
    open_store(path).close()


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secret_is_made_once_stays_with_the_file_and_is_not_for_readers(path: Path) -> None:
    store = open_store(path)
    made = store.secret("links")
    assert len(made) == 32
    assert store.secret("links") == made
    assert store.secret("other") != made
    store.close()
    store = open_store(path)
    assert store.secret("links") == made
    store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    reader = Store.open_readonly(url_of(path))
    assert not hasattr(reader, "secret")
    reader.close()
    other = open_store(path.with_name("other.db"))
    assert other.secret("links") != made
    other.close()


# --- readers ---------------------------------------------------------------------------------------------------------


def test_a_reader_sees_each_commit_while_the_daemon_writes(path: Path) -> None:
    store = open_store(path)
    reader = Store.open_readonly(url_of(path))
    for n in range(3):
        store.commit([Writes(decisions=(decision(str(n)),), notifications=(note(f"k{n}", incident=f"x-{n}"),))])
        assert [row.decision.text for row in reader.decisions()] == [str(i) for i in range(n + 1)]
        assert len(reader.deliveries(f"x-{n}")) == 1
    assert reader.outbox_stats().unsent == 3
    store.close()
    assert len(reader.decisions()) == 3
    reader.close()


def test_a_reader_cannot_write(closed: Path) -> None:
    reader = Store.open_readonly(url_of(closed))
    with pytest.raises(StoreError, match="read-only"), reader._transaction() as connection:
        connection.exec_driver_sql("DELETE FROM probe_state")
    assert not hasattr(reader, "commit")
    reader.close()


def test_a_reader_of_nothing_says_so_and_makes_nothing(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store yet"):
        Store.open_readonly(url_of(path))
    assert not path.parent.exists()


@ROOT_ONLY
def test_a_reader_in_a_folder_that_is_not_its_own_reads_all_the_same(public: Path, tmp_path: Path) -> None:
    path = public / "vigie.db"
    store = open_store(path)
    store.commit([Writes(probes=(probe("x/1"),))])
    store.close()
    path.chmod(0o644)
    script = f"r = Store.open_readonly({url_of(path)!r}); print(len(r.load().probes))"
    assert _as_nobody(script, tmp_path) == ["1"]


@ROOT_ONLY
def test_a_reader_that_may_not_enter_the_folder_is_told_so(public: Path, tmp_path: Path) -> None:
    path = public / "shut" / "vigie.db"
    open_store(path).close()
    script = f"""
try: Store.open_readonly({url_of(path)!r})
except StoreError as error: print(error)"""
    (said,) = _as_nobody(script, tmp_path)
    assert str(path) in said
    assert "not readable for" in said


# --- a copy ----------------------------------------------------------------------------------------------------------


def test_a_backup_is_a_whole_store_and_never_overwrites(closed: Path) -> None:
    store = open_store(closed)
    store.commit([Writes(probes=(probe("x/2"),))])
    target = closed.with_name("copy.db")
    store.backup(target)
    store.commit([Writes(probes=(probe("x/3"),))])
    with pytest.raises(StoreError, match="never overwrites"):
        store.backup(target)
    with pytest.raises(StoreError, match="nowhere"):
        store.backup(closed.parent / "nowhere" / "copy.db")
    store.close()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    copy = open_store(target)
    assert set(copy.load().probes) == {"x/1", "x/2"}
    copy.close()
