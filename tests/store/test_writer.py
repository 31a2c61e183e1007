"""The writer groups what comes in, keeps the order, says when it is safe, and fails loudly."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from monitor.core.model import SendOutcome
from monitor.store import InlineWriter, Store, StoreError, StoreLocked, Writer, Writes
from monitor.store.writer import BATCH_MAX
from tests.patience import HANG_S
from tests.store.given import NOW, decision, ended, note, open_store, probe

LONG_S = 2 * HANG_S


class Counting(Store):
    """A real store that notes how many steps each commit held."""

    commits: list[int]

    def commit(self, batch: "list[Writes]") -> None:  # type: ignore[override]  # narrower for the test
        super().commit(batch)
        self.commits = [*getattr(self, "commits", []), len(batch)]


@pytest.fixture
def counting(path: Path) -> Iterator[Counting]:
    store = Counting.open(f"sqlite:///{path}", now=NOW, reserve_bytes=0)
    store.commits = []
    yield store
    store.close()


def never(error: StoreError) -> None:
    raise AssertionError(error)


def test_steps_share_a_commit_and_an_urgent_one_ends_the_wait(counting: Counting) -> None:
    writer = Writer(counting, on_failure=never, group_s=LONG_S)
    done: list[int] = []
    safe = threading.Event()
    for n in range(20):
        writer.submit(Writes(decisions=(decision(str(n)),)), urgent=False, done=lambda n=n: done.append(n))  # type: ignore[misc]
    assert counting.commits == []
    writer.submit(Writes(decisions=(decision("20"),)), urgent=True, done=safe.set)
    assert safe.wait(HANG_S)
    assert done == list(range(20)), "in the order of the submits, after the commit"
    assert counting.commits == [21]
    assert [row.decision.text for row in writer.call(Store.decisions).result(10)] == [str(n) for n in range(21)]
    assert writer.close(5)


def test_what_is_not_urgent_is_committed_after_the_wait(counting: Counting) -> None:
    writer = Writer(counting, on_failure=never, group_s=0.05)
    safe = threading.Event()
    writer.submit(Writes(probes=(probe("x/1"),)), urgent=False, done=safe.set)
    assert safe.wait(HANG_S)
    assert counting.commits == [1]
    assert writer.close(5)


def test_a_call_comes_after_all_that_was_submitted_before_it_and_before_what_comes_later(counting: Counting) -> None:
    writer = Writer(counting, on_failure=never, group_s=LONG_S)
    seen: list[str] = []
    writer.submit(Writes(notifications=(note("k"),)), urgent=False, done=lambda: seen.append("kept"))
    leased = writer.call(lambda store: store.lease(NOW, 1, owner="me"))
    writer.submit(Writes(decisions=(decision("later"),)), urgent=False, done=lambda: seen.append("later"))
    settled = writer.call(lambda store: ended(store, ("k",), SendOutcome.DELIVERED, at=NOW))
    assert [parcel.key for parcel in leased.result(10)] == ["k"]
    assert settled.result(10)
    assert seen == ["kept", "later"]
    assert counting.commits == [1, 1]
    assert writer.close(5)


def test_a_flood_goes_in_bounded_commits(counting: Counting) -> None:
    writer = Writer(counting, on_failure=never, group_s=LONG_S)
    for n in range(3 * BATCH_MAX + 1):
        writer.submit(Writes(decisions=(decision(str(n)),)), urgent=False, done=lambda: None)
    assert writer.close(20)
    assert sum(counting.commits) == 3 * BATCH_MAX + 1
    assert max(counting.commits) <= BATCH_MAX


def test_closing_commits_what_waits_and_then_takes_no_more(path: Path) -> None:
    writer = Writer(open_store(path), on_failure=never, group_s=LONG_S)
    done = threading.Event()
    writer.submit(Writes(probes=(probe("x/1"),)), urgent=False, done=done.set)
    assert writer.close(10)
    assert done.is_set()
    with pytest.raises(StoreError, match="closing"):
        writer.submit(Writes(), urgent=True, done=done.set)
    store = open_store(path)
    assert set(store.load().probes) == {"x/1"}
    store.close()


def test_a_callback_that_fails_is_logged_and_the_others_still_come(
    counting: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer(counting, on_failure=never, group_s=LONG_S)
    done = threading.Event()

    def missing() -> None:
        raise KeyError("of the test's own making")

    writer.submit(Writes(), urgent=False, done=missing)
    writer.submit(Writes(), urgent=True, done=done.set)
    assert done.wait(HANG_S)
    assert writer.close(5)
    assert "KeyError" in caplog.text


def test_a_call_that_fails_fails_alone(counting: Counting) -> None:
    writer = Writer(counting, on_failure=never)
    bad = writer.call(lambda store: ended(store, ("k",), SendOutcome.RETRY, at=NOW))
    with pytest.raises(ValueError, match="due"):
        bad.result(10)
    assert writer.call(lambda store: store.outbox_stats().unsent).result(10) == 0
    assert writer.close(5)


def test_a_lock_that_passes_is_waited_out(path: Path) -> None:
    writer = Writer(open_store(path), on_failure=never)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    safe = threading.Event()
    writer.submit(Writes(probes=(probe("x/1"),)), urgent=True, done=safe.set)
    assert not safe.wait(1.3), "longer than SQLite's own patience"
    other.close()
    assert safe.wait(HANG_S)
    assert writer.close(5)


def test_F05_after_a_fault_of_the_disk_nothing_is_tried_again_and_everybody_hears(path: Path) -> None:
    store = open_store(path)
    failures: list[StoreError] = []
    writer = Writer(store, on_failure=failures.append)
    with store._engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")  # what a file system gone read-only looks like to SQLite
    writer.submit(Writes(probes=(probe("x/1"),)), urgent=True, done=lambda: failures.append(StoreError("done came")))
    until = time.monotonic() + 10
    while not failures and time.monotonic() < until:
        time.sleep(0.01)
    assert [str(path) in str(error) for error in failures] == [True]
    with pytest.raises(StoreError, match="read-only"):
        writer.submit(Writes(), urgent=True, done=lambda: None)
    with pytest.raises(StoreError, match="read-only"):
        writer.call(Store.load)
    with pytest.raises(StoreError, match="read-only"):
        store.load()
    assert not writer.close(5)
    store._engine.dispose()  # a failed store leaves its handle to the end of the process, which is not here
    open_store(path).close()


def test_F05_the_store_stays_shut_also_when_the_disk_seems_well_again(path: Path) -> None:
    store = open_store(path)
    with store._engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match="read-only"):
        store.commit([Writes(probes=(probe("x/1"),))])
    with closing(store._engine.raw_connection()) as well_again:
        well_again.cursor().execute("PRAGMA query_only=OFF")
    with pytest.raises(StoreError, match="read-only"):
        store.commit([Writes(probes=(probe("x/1"),))])
    store.close()
    store._engine.dispose()  # a failed store leaves its handle to the end of the process, which is not here
    again = open_store(path)
    assert again.load().probes == {}
    again.close()


def test_the_inline_writer_commits_at_once_and_answers_at_once(store: Store) -> None:
    writer = InlineWriter(store)
    done: list[str] = []
    writer.submit(Writes(notifications=(note("k"),)), urgent=False, done=lambda: done.append("safe"))
    assert done == ["safe"]
    assert writer.call(lambda s: s.outbox_stats().unsent).result(0) == 1
    with pytest.raises(ValueError, match="due"):
        writer.call(lambda s: ended(s, "k", SendOutcome.RETRY, at=NOW)).result(0)
    assert writer.close()


def test_a_lock_that_stays_ends_in_an_error(path: Path) -> None:
    store = open_store(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked, match="locked by another program"):
        store.commit([Writes(probes=(probe("x/1"),))])
    other.close()
    store.commit([Writes(probes=(probe("x/1"),))])
    store.close()
