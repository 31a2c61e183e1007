"""From a path to a store that may be used, or a StoreError that names the fault and the way out.

A new store is built beside its place and renamed into it, so that a kill at any moment leaves either no store or a
whole one. Hence an empty or half file in its place was not left by us, and must not pass for "nothing happened yet".
"""

import contextlib
import fcntl
import logging
import os
import pwd
import sqlite3
import stat
import uuid
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import DatabaseError

from monitor.store.connecting import connect, translated
from monitor.store.rows import StoreError
from monitor.store.schema import APPLICATION_ID, meta

__all__ = [
    "HEAD",
    "InstanceLock",
    "begin",
    "check",
    "create",
    "exists",
    "open_writer",
    "sidecar",
    "sync",
    "upgrade",
    "vet",
    "vet_readable",
]

HEAD = "0002"
"""The newest step in `migrations/versions`; a test holds it to that."""

QUICK_CHECK_BYTES_MAX = 64 * 1024 * 1024
"""Up to this size a file is checked page by page at the start (about 0.1 s); beyond, damage shows when it is read."""

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_SENTINEL = ("sentinel", "vigie")

_log = logging.getLogger(__name__)


def sidecar(path: Path, suffix: str) -> Path:
    """A file that belongs to the store: `vigie.db` + ".lock"."""
    return path.with_name(path.name + suffix)


class InstanceLock:
    """Only one daemon on a store. The kernel lets go when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError when another process holds it."""
        self._path = sidecar(path, ".lock")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            who = f" (process {holder})" if holder else ""
            msg = f"{path}: another Vigie{who} runs on this store; stop it first, or give this one its own"
            raise StoreError(msg) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go; the file stays, since removing it would let two processes lock two files."""
        os.ftruncate(self._file, 0)
        os.close(self._file)


# --- before SQLite sees the file -------------------------------------------------------------------------------------


def exists(path: Path) -> bool:
    """Whether there is something at `path`; yes, when we may not even look: `check` then says so."""
    try:
        return path.exists()
    except PermissionError:
        return True


def check(path: Path, *, write: bool) -> None:
    """Raise StoreError unless the file at `path` can be a whole store of ours. Reads the header only."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            msg = f"{path}: not a file; name a file in the configuration (store: sqlite:///var/vigie.db)"
            raise StoreError(msg)
        if write and facts.st_uid != os.geteuid():
            msg = (
                f"{path}: owned by {_user(facts.st_uid)}, this runs as {_user(os.geteuid())}; be its owner or chown it"
            )
            raise StoreError(msg)
        flags = os.O_RDWR if write else os.O_RDONLY
        with os.fdopen(os.open(path, flags | os.O_CLOEXEC), "rb") as file:
            header = file.read(_HEADER_BYTES)
    except PermissionError:
        what = "read-only" if write else "not readable"
        msg = f"{path}: {what} for {_user(os.geteuid())}; change its permissions (chmod u+rw) or run as its owner"
        raise StoreError(msg) from None
    except OSError as error:
        msg = f"{path}: {error.strerror}; make it writable, or name another file in the configuration"
        raise StoreError(msg) from None
    _check_header(path, header, facts.st_size)


def _check_header(path: Path, header: bytes, size: int) -> None:
    restore = (
        "restore a backup, or move it away to begin anew (what is known, and what was silenced, is then forgotten)"
    )
    if size == 0:
        msg = f"{path}: empty (0 bytes), which a store never is; {restore}"
        raise StoreError(msg)
    if not header.startswith(_MAGIC[: len(header)]):
        msg = f"{path}: not a database; {restore}"
        raise StoreError(msg)
    page = int.from_bytes(header[16:18], "big")
    page = 65536 if page == 1 else page  # so the format encodes it: https://sqlite.org/fileformat2.html#page_size
    pages = int.from_bytes(header[28:32], "big")
    wal = sidecar(path, "-wal")
    whole = wal.exists() and wal.stat().st_size > 0  # then the log may hold what the file lacks; SQLite judges that
    if len(header) < _HEADER_BYTES or page < 512 or (size < page * pages and not whole):  # noqa: PLR2004 - the smallest page
        msg = f"{path}: truncated ({size} bytes of {page * pages}); {restore}"
        raise StoreError(msg)
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        msg = f"{path}: a database of another program; name another file in the configuration"
        raise StoreError(msg)


def _user(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    return f"uid {uid}"


# --- with SQLite -----------------------------------------------------------------------------------------------------


def create(path: Path, now: datetime) -> None:
    """Build a new store beside `path` and rename it into place. Raises StoreError."""
    for suffix in ("-wal", "-journal"):
        log = sidecar(path, suffix)
        if log.exists() and log.stat().st_size > 0:
            msg = f"{log}: left without its store {path.name}; restore that beside it, or move this away to begin anew"
            raise StoreError(msg)
    draft = sidecar(path, ".new")
    for suffix in ("", "-wal", "-shm", "-journal"):
        sidecar(draft, suffix).unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    engine = connect(draft)
    try:
        with engine.connect() as connection:
            with connection.begin():
                connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            begin(connection, now)
    except DatabaseError as error:
        raise translated(error, path) from error
    finally:
        engine.dispose()
    sync(draft)
    draft.rename(path)
    sync(path.parent)
    _log.info("store: made %s", path)


def begin(connection: Connection, now: datetime) -> None:
    """Give an empty database the schema and the row that says whose it is."""
    upgrade(connection)
    with connection.begin():
        connection.execute(
            meta.insert(),
            [
                {"key": _SENTINEL[0], "value": _SENTINEL[1]},
                {"key": "created", "value": now.isoformat()},
                {"key": "id", "value": str(uuid.uuid4())},
            ],
        )


def sync(path: Path) -> None:
    """Have the disk keep a file, or a folder's names."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def vet(connection: Connection, path: Path) -> str | None:
    """The schema's revision in an opened file. Raises StoreError for a file that is damaged or not whole."""
    if path.stat().st_size <= QUICK_CHECK_BYTES_MAX:
        verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if verdict != "ok":
            msg = f"{path}: damaged ({str(verdict).strip()[:200]}); restore a backup, or move it away to begin anew"
            raise StoreError(msg)
    return revision_of(connection, path)


def revision_of(connection: Connection, path: Path) -> str | None:
    """The schema's revision, None before the first step. Raises StoreError when nothing says that it is ours."""
    tables = set(inspect(connection).get_table_names())
    sentinel = None
    if "meta" in tables:
        sentinel = connection.execute(select(meta.c.value).where(meta.c.key == _SENTINEL[0])).scalar()
    if sentinel != _SENTINEL[1]:
        msg = (
            f"{path}: damaged: the row that every store holds is gone; restore a backup, or move it away to begin anew"
        )
        raise StoreError(msg)
    if "alembic_version" not in tables:
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def vet_readable(connection: Connection, path: Path) -> None:
    """Raise StoreError unless this version can read the file as it stands."""
    found = revision_of(connection, path)
    if found != HEAD:
        msg = f"{path}: its schema is {found}, this Vigie reads {HEAD}; use the version that runs it, or `vigie run`"
        raise StoreError(msg)


def upgrade(connection: Connection, path: Path | None = None, steps: tuple[Path, ...] = ()) -> None:
    """Bring the schema to its newest step; a file from a newer Vigie is refused, since we cannot know what it means.

    `steps`: further folders of steps, for tests of what a later version will do.
    """
    from alembic import command  # noqa: PLC0415 - 0.2 s and 10 MB that a start with a current schema does without
    from alembic.config import Config  # noqa: PLC0415 - likewise
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - likewise
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - likewise

    logging.getLogger("alembic").setLevel(logging.WARNING)  # our own line says what is done
    config = Config()
    here = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", _escaped(here))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(_escaped, (here / "versions", *steps))))
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    connection.commit()  # Alembic commits step by step only when no transaction is open
    if unknown:
        msg = (
            f"{path}: made by a newer Vigie (schema {max(unknown)}, this one knows up to {max(known)}); "
            "install that version again, or restore a backup"
        )
        raise StoreError(msg)
    command.upgrade(config, "head")


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


def open_writer(path: Path) -> Engine:
    """Open, vet and upgrade the file; the engine has exactly one connection. Raises StoreError."""
    engine = connect(path)
    try:
        with engine.connect() as connection:
            found = vet(connection, path)
            connection.commit()
            if found != HEAD:
                _log.info("store: bringing the schema of %s from %s to %s", path, found, HEAD)
                upgrade(connection, path)
    except (DatabaseError, sqlite3.Error) as error:
        engine.dispose()
        raise translated(error, path) from error
    except StoreError:
        engine.dispose()
        raise
    return engine
