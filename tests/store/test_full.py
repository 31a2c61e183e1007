"""F06: the disk is full. What matters most still goes in, by way of the reserve; nothing that was kept is lost."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.store import InlineWriter, Retention, Store, StoredObservation, StoreFull, Writer, Writes
from probes.base import Observation, Reading
from tests.store.given import NOW, decision, incident, lease, note, open_store, probe, url_of

DISK = 2 * 1024 * 1024
RESERVE = 256 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("needs root, to mount a small file system")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={DISK},mode=700", "vigie-test", str(place)], check=False)  # noqa: S603
    if made.returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run([umount, "--lazy", str(place)], check=True)  # noqa: S603


def fill(place: Path) -> Path:
    """A file that takes all that is free."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file:
        free = os.statvfs(place)
        file.write(b"x" * (free.f_bavail * free.f_frsize))
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            file.write(b"x")
    return ballast


def seen(number: int) -> StoredObservation:
    body = os.urandom(20_000)
    return StoredObservation(f"x/{number}", NOW, Observation("https://x.example", 200, {}, body, NOW), Reading())


def critical(number: int) -> Writes:
    name = f"x-{number}"
    return Writes(
        incidents=(incident(name),),
        decisions=(decision(name),),
        notifications=(note(name, incident=name, critical=True),),
        observations=(seen(number),),
    )


def test_F06_on_a_full_disk_the_reserve_lets_what_matters_in_and_the_store_says_so(disk: Path) -> None:
    path = disk / "vigie.db"
    store = open_store(path, reserve_bytes=RESERVE)
    assert (disk / "vigie.db.reserve").stat().st_size == RESERVE
    assert store.degraded == ""
    store.commit([critical(0)])
    ballast = fill(disk)
    number = 1
    while not store.degraded:
        store.commit([critical(number)])
        number += 1
    assert "the disk is full" in store.degraded
    assert not (disk / "vigie.db.reserve").exists()
    assert len(store.load().incidents) == number, "the one that met the full disk is in"
    assert store.observations(f"x/{number - 1}") == [], "its observation was given up for it"
    store.commit([critical(number)])
    assert len(lease(store, storming={"first/1"})) == number + 1
    store.prune(NOW)
    assert store.degraded, "no room yet"
    ballast.unlink()
    store.prune(NOW, Retention())
    assert store.degraded == ""
    assert (disk / "vigie.db.reserve").stat().st_size == RESERVE
    store.close()
    again = open_store(path, reserve_bytes=RESERVE)
    assert len(again.load().incidents) == number + 1
    again.close()


def test_F06_with_the_reserve_spent_the_writer_waits_for_room_and_loses_nothing(disk: Path) -> None:
    store = open_store(disk / "vigie.db", reserve_bytes=0)
    ballast = fill(disk)
    inline = InlineWriter(store)
    big = Writes(decisions=tuple(decision("x" * 4000) for _ in range(200)))
    with pytest.raises(StoreFull):
        inline.submit(big, urgent=True, done=lambda: None)
    assert store.failed is None, "a full disk is no fault of the disk"
    done: list[str] = []
    writer = Writer(store, on_failure=lambda error: done.append(str(error)))
    writer.submit(replace(big, probes=(probe("x/1"),)), urgent=True, done=lambda: done.append("safe"))
    answer = writer.call(lambda s: len(s.decisions(limit=1_000)))
    with pytest.raises(TimeoutError):
        answer.result(1.5)
    assert writer.stuck_s >= 1.5, "the dead-man's switch must hear of it"
    ballast.unlink()
    assert answer.result(20) == 200
    assert done == ["safe"]
    assert writer.close(5)
    assert writer.stuck_s == 0


def test_F06_a_start_on_a_nearly_full_disk_works_without_the_reserve_and_says_so(disk: Path) -> None:
    path = disk / "vigie.db"
    open_store(path).close()
    ballast = fill(disk)
    os.truncate(ballast, ballast.stat().st_size - RESERVE)
    store = open_store(path, reserve_bytes=RESERVE)
    assert "no room for the reserve" in store.degraded
    store.commit([Writes(incidents=(incident("x-1"),))])
    reader = Store.open_readonly(url_of(path))
    assert set(reader.load().incidents) == {"x-1"}
    reader.close()
    store.close()
