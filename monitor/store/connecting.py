"""One SQLite connection with our settings, and the words for what the driver says when it fails.

One connection does all writes and all checkpoints: SQLite before 3.51.3 can damage a file when two do
(https://sqlite.org/wal.html#walresetbug). Readers open the file read-only, which cannot checkpoint.
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Pool, StaticPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from monitor.store.rows import StoreError, StoreFull, StoreLocked

__all__ = ["connect", "database_path", "translated"]

BUSY_S = 1.0
WAL_BYTES_MAX = 64 * 1024 * 1024
CACHE_KIB = 8 * 1024

_DRIVERS = ("sqlite", "sqlite+pysqlite")

_SETTINGS = (
    "PRAGMA synchronous=FULL",  # NORMAL loses the last commits when the power fails
    f"PRAGMA journal_size_limit={WAL_BYTES_MAX}",
    f"PRAGMA cache_size=-{CACHE_KIB}",
    "PRAGMA temp_store=MEMORY",  # a full disk must not fail a sort
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
)


def database_path(url: str) -> Path | None:
    """The file that a store's URL names, absolute; None for `sqlite://`, a store in memory. Raises StoreError."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError("the store's URL cannot be read; write it like sqlite:///var/vigie.db") from None
    if parsed.drivername not in _DRIVERS:
        msg = f"store: {parsed.drivername} is not supported by this version; write it like sqlite:///var/vigie.db"
        raise StoreError(msg)
    if parsed.host or "?" in url:
        msg = "store: a SQLite URL has a path and nothing else, such as sqlite:///var/vigie.db (relative) or sqlite:////var/lib/vigie.db"
        raise StoreError(msg)
    if parsed.database in (None, "", ":memory:"):
        return None
    assert parsed.database is not None
    return Path(os.path.abspath(parsed.database))  # noqa: PTH100 - no symlink is followed here: messages name the path as given


def connect(
    path: Path | None,
    mode: str = "rw",
    pool: type[Pool] = StaticPool,
    *,
    begin: str = "BEGIN IMMEDIATE",
) -> Engine:
    """An engine on one file. `mode` as in SQLite's URI: "rw", "ro", "rwc"; or "immutable"."""
    where = ":memory:" if path is None else f"file:{quote(str(path))}?{_flags(mode)}"

    def dial() -> sqlite3.Connection:
        # isolation_level None: the driver's own BEGIN is deferred and comes too late for schema changes; ours is below.
        return sqlite3.connect(where, uri=True, timeout=BUSY_S, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", creator=dial, poolclass=pool)

    @event.listens_for(engine, "connect")
    def _set(connection: sqlite3.Connection, _record: object) -> None:
        if mode == "rw" and path is not None:
            connection.execute("PRAGMA journal_mode=WAL")
        for pragma in _SETTINGS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that reads and then writes fails at once under contention; IMMEDIATE waits its turn.
        connection.exec_driver_sql(begin)

    return engine


def _flags(mode: str) -> str:
    return "immutable=1" if mode == "immutable" else f"mode={mode}"


def translated(error: DatabaseError | sqlite3.Error, path: Path | None) -> StoreError:
    """The driver's error in our words: StoreFull, StoreLocked, or StoreError for what no second try can mend."""
    driver = error.orig if isinstance(error, DatabaseError) else error
    code = getattr(driver, "sqlite_errorcode", None) or 0
    where = path or "the store in memory"
    if code & 0xFF == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR_SHMSIZE and _no_room(path)):
        return StoreFull(f"{where}: the disk is full; make room, nothing else is needed")
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLocked(
            f"{where}: locked by another program (a backup tool, an open sqlite3 shell?); end that program"
        )
    say = _WORDS.get(code & 0xFF, _other)
    return StoreError(f"{where}: {say(str(driver))}")


def _other(detail: str) -> str:
    return f"the database says: {detail}"


_RESTORE = "restore a backup, or move the file away to begin anew"
_WORDS: dict[int, Callable[[str], str]] = {
    sqlite3.SQLITE_CORRUPT: lambda detail: f"damaged or truncated ({detail}); {_RESTORE}",
    sqlite3.SQLITE_NOTADB: lambda _: f"not a database; {_RESTORE}",
    sqlite3.SQLITE_READONLY: lambda detail: f"read-only ({detail}); make the file and its folder writable",
    sqlite3.SQLITE_PERM: lambda detail: f"no permission ({detail}); make the file and its folder accessible",
    sqlite3.SQLITE_CANTOPEN: lambda detail: (
        f"cannot be opened ({detail}); check the path and the permissions of its folder"
    ),
    sqlite3.SQLITE_IOERR: lambda detail: (
        f"the disk failed ({detail}); what was not yet committed is kept nowhere: check the disk, then start again"
    ),
}


def _no_room(path: Path | None) -> bool:
    if path is None:
        return False
    try:
        free = os.statvfs(path.parent)
    except OSError as error:
        return error.errno == errno.ENOSPC
    return free.f_bavail * free.f_frsize < 64 * 1024
