"""The store itself: every method is one transaction on the one writing connection.

It belongs to one thread at a time (`Writer` is that thread in the daemon). After a fault of the disk it stays shut: a
second fsync on the same handle can claim success for data that the first one lost (https://lwn.net/Articles/752063/).
"""

import contextlib
import logging
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine, NullPool, insert, select
from sqlalchemy.exc import DatabaseError

from monitor.core.model import SendOutcome
from monitor.store import opening, outbox
from monitor.store.committing import write_all
from monitor.store.connecting import connect, database_path, translated
from monitor.store.failpoint import failpoint
from monitor.store.pruning import PRUNE_ROWS_MAX, prune
from monitor.store.reading import StoreReader, read_state
from monitor.store.reserve import RESERVE_BYTES, Reserve
from monitor.store.rows import OutboxRow, Parcel, Retention, Snapshot, StoreError, StoreFull, StoreLocked, Tried, Writes
from monitor.store.schema import meta, quarantine

__all__ = ["Store"]

EXPIRE_ROWS_MAX = 1_000
SECRET_BYTES = 32
KEEP = Retention()
BACKUP_PAGES = 1_000  # per step of the copy

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Store(StoreReader):
    """What survives a restart. Made by `open`; `open_readonly` gives the part that only reads."""

    def __init__(
        self, engine: Engine, path: Path | None, lock: opening.InstanceLock | None, reserve: Reserve | None
    ) -> None:
        super().__init__(engine, path)
        self._lock = lock
        self._reserve = reserve
        self.failed: StoreError | None = None
        self.degraded = ""
        """Empty, or a sentence: what the store does without until it is mended."""

    # --- open and close ----------------------------------------------------------------------------------------------

    @classmethod
    def open(cls, url: str, *, now: datetime, reserve_bytes: int = RESERVE_BYTES) -> Self:
        """The store at `url` for the one process that writes; made if it is not there. Raises StoreError.

        `sqlite:///var/vigie.db` is relative to the working directory; `sqlite://` is a store in memory, for tests.
        """
        path = database_path(url)
        if path is None:
            engine = connect(None)
            with engine.connect() as connection:
                opening.begin(connection, now)
            return cls(engine, None, None, None)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists():
                opening.check(path, write=True)
            lock = opening.InstanceLock(path)
        except OSError as error:
            msg = f"{path}: {error.strerror} ({error.filename}); name a place that can be written"
            raise StoreError(msg) from error
        try:
            return cls._open_locked(path, lock, now, reserve_bytes)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open_locked(cls, path: Path, lock: opening.InstanceLock, now: datetime, reserve_bytes: int) -> Self:
        try:
            if not path.exists():
                opening.create(path, now)
            opening.check(path, write=True)
            engine = opening.open_writer(path)
        except OSError as error:
            msg = f"{path}: {error.strerror} ({error.filename}); name a place that can be written"
            raise StoreError(msg) from error
        store = cls(engine, path, lock, Reserve(opening.sidecar(path, ".reserve"), reserve_bytes))
        store.refill()
        _log.info("store: %s open, SQLite %s", path, sqlite3.sqlite_version)
        return store

    @staticmethod
    def open_readonly(url: str) -> StoreReader:
        """A reader beside the daemon, or without one; changes nothing, not even after a crash. Raises StoreError."""
        path = database_path(url)
        if path is None:
            raise StoreError("a store in memory cannot be read from outside its process")
        if not opening.exists(path):
            msg = f"{path}: there is no store yet; `vigie run` makes it (is --config right, and the working directory?)"
            raise StoreError(msg)
        opening.check(path, write=False)
        for mode in ("ro", "immutable"):
            engine = connect(path, mode, NullPool, begin="BEGIN")
            try:
                with engine.connect() as connection:
                    opening.vet_readable(connection, path)
            except DatabaseError as error:
                engine.dispose()
                log = opening.sidecar(path, "-wal")
                if mode == "ro" and not log.exists():
                    continue  # nobody writes, and the folder is not ours to write in: the file alone is the whole store
                raise translated(error, path) from error
            return StoreReader(engine, path)
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Put the log into the file and let both go. After a fault of the disk the file is left as it is."""
        if self.failed is None:
            super().close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # --- one transaction ---------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self.failed is not None:
            raise self.failed
        try:
            with super()._transaction() as connection:
                yield connection
        except (StoreFull, StoreLocked):
            raise
        except StoreError as error:
            self.failed = error
            raise

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        """Run `work` in one transaction; when the disk is full, once more with the room of the reserve."""
        try:
            with self._transaction() as connection:
                return work(connection)
        except StoreFull as full:
            self.degraded = f"{full}; until then only what matters most is kept"
            if self._reserve is None or not self._reserve.spend():
                raise
            _log.error("store: the disk is full; the reserve file is given up for what matters most")
        with self._transaction() as connection:
            return work(connection)

    def refill(self) -> None:
        """Keep room back for a full disk, once there is some; ends `degraded`. Call now and then; `prune` does."""
        if self._reserve is None or not self._reserve.wanted:
            self.degraded = ""
        elif self._reserve.fill():
            if self.degraded:
                _log.warning("store: there is room on the disk again")
            self.degraded = ""
        elif not self.degraded:
            self.degraded = f"{self.path}: the disk has no room for the reserve file; make room"

    # --- state -------------------------------------------------------------------------------------------------------

    def load(self, shard: int = 0) -> Snapshot:
        """The state at the last commit. Rows that do not parse are put aside, logged and named in the snapshot."""

        def work(connection: Connection) -> Snapshot:
            snapshot, bad = read_state(connection, shard)
            for row in bad:
                _log.error("store: %s; put aside in table quarantine", row)
                here = row.table.c.shard == shard
                which = (here, row.table.c.id == row.row) if "id" in row.table.c else (here,)
                connection.execute(row.table.delete().where(*which))
                aside = {
                    "shard": shard,
                    "source": row.table.name,
                    "row": row.row,
                    "reason": row.reason,
                    "json": row.text,
                }
                connection.execute(insert(quarantine), aside)
            return snapshot

        return self._write(work)

    def commit(self, batch: Sequence[Writes]) -> None:
        """Keep all of `batch`, in order, or nothing. StoreFull and StoreLocked may pass; StoreError will not."""

        def work(connection: Connection) -> None:
            kept = [replace(writes, observations=()) for writes in batch] if self.degraded else batch
            write_all(connection, kept)
            failpoint("before_commit")

        self._write(work)

    def prune(self, now: datetime, keep: Retention = KEEP, limit: int = PRUNE_ROWS_MAX) -> int:
        """Delete at most `limit` rows of each table that are older than `keep`; returns how many. 0: all is done."""
        self.refill()
        return self._write(lambda connection: prune(connection, now, keep, limit))

    def secret(self, name: str) -> bytes:
        """The 32 random bytes of this name, made at the first call and kept in the file, which only its owner reads.

        For whoever writes; a reader is not handed them.
        """

        def work(connection: Connection) -> bytes:
            key = f"secret/{name}"
            kept = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
            if kept is None:
                kept = secrets.token_hex(SECRET_BYTES)
                connection.execute(insert(meta), {"key": key, "value": kept})
            return bytes.fromhex(kept)

        return self._write(work)

    # --- outbox ------------------------------------------------------------------------------------------------------

    def lease(  # noqa: PLR0913 - see there
        self,
        now: datetime,
        limit: int,
        *,
        owner: str,
        exclude: Collection[str] = (),
        storming: Collection[str] = (),
        apart: Collection[str] = (),
        last: Collection[str] = (),
        lease_s: float = outbox.LEASE_S,
    ) -> list[Parcel]:
        """Hand out what is due and mark it as on its way; see `monitor.store.outbox.lease`."""
        return self._write(
            lambda connection: outbox.lease(
                connection,
                now,
                limit,
                owner=owner,
                exclude=exclude,
                storming=storming,
                apart=apart,
                last=last,
                lease_s=lease_s,
            )
        )

    def settle(self, ends: Sequence[Tried]) -> int:
        """Record what became of these attempts, all or none; see `monitor.store.outbox.settle`."""
        changed = self._write(lambda connection: sum(outbox.settle(connection, end) for end in ends))
        failpoint("after_settle")
        return changed

    def recent_tries(self, since: datetime) -> list[tuple[str, datetime, SendOutcome]]:
        """The tries to send since then, oldest first; see `monitor.store.outbox.recent`."""
        with self._transaction() as connection:
            return outbox.recent(connection, since)

    def release_leases(self, now: datetime) -> int:
        """At a start: take back what an earlier process was sending when it ended. Returns how many."""
        return self._write(lambda connection: outbox.lapse(connection, now, lost=True))

    def hasten(self, destinations: Collection[str], now: datetime) -> None:
        """What waits to be tried again at these destinations is due at once."""
        self._write(lambda connection: outbox.hasten(connection, destinations, now))

    def expire(self, now: datetime, limit: int = EXPIRE_ROWS_MAX) -> list[OutboxRow]:
        """Give up what is past its time; the rows come back so that people can be told."""
        return self._write(lambda connection: outbox.expire(connection, now, limit))

    def next_due(self, exclude: Collection[str] = ()) -> datetime | None:
        """When `lease` or `expire` will next have something to do, busy lanes aside; None: not before a new message."""
        with self._transaction() as connection:
            return outbox.next_due(connection, exclude)

    # --- a copy ------------------------------------------------------------------------------------------------------

    def backup(self, target: Path) -> None:
        """A whole copy of the store as of now, at `target` (not yet there), mode 0600. To restore, put it in place."""
        if self.failed is not None:
            raise self.failed
        if target.exists():
            msg = f"{target}: exists already; a backup never overwrites"
            raise StoreError(msg)
        draft = opening.sidecar(target, ".new")
        draft.unlink(missing_ok=True)
        try:
            draft.touch(mode=0o600)
            with (
                contextlib.closing(sqlite3.connect(draft)) as copy,
                contextlib.closing(self._engine.raw_connection()) as mine,
            ):
                driver = mine.driver_connection
                assert isinstance(driver, sqlite3.Connection)
                driver.backup(copy, pages=BACKUP_PAGES)
            opening.sync(draft)
            draft.rename(target)
            opening.sync(target.parent)
        except sqlite3.Error as error:
            draft.unlink(missing_ok=True)
            raise translated(error, target) from error
        except OSError as error:
            draft.unlink(missing_ok=True)
            msg = f"{target}: {error.strerror}; name a place that can be written"
            raise StoreError(msg) from error
