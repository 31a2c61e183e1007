"""The ground the bench stands on: the world of pages, the bare loop and the real daemon, each a process on its core."""

import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.bench.bare import BareRun
from tests.bench.processes import CORE_MEASURED, CORE_WORLD, Cost, cost_of, pin
from tests.edges.running import Vigie, free_port, until

__all__ = ["Daemon", "Lateness", "Pinger", "World", "daemon", "series", "sleeper", "sources", "standing", "world"]

START_S_MAX = 60.0
PER_CHANNEL = 10
PING_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class World:
    """The process that all pages come from."""

    port: int

    def url(self, path: str) -> str:
        """The address of a path in it."""
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str) -> bytes:
        """What it answers."""
        return _get(self.port, path)[1]

    def asked(self, begin: str) -> tuple[int, int]:
        """How often paths that begin so were asked, and how many different ones."""
        total, different = json.loads(self.get(f"/_asked{begin}"))
        return total, different

    def bare(self, sources: int, every_s: float, *, warm_s: float, measured_s: float) -> BareRun:
        """What the bare loop does in the place of the daemon."""
        words = map(str, (self.port, sources, every_s, warm_s, measured_s))
        command = [sys.executable, "-m", "tests.bench.bare", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bare:  # noqa: S603 - our own program
            pin(bare.pid, CORE_MEASURED)
            said = bare.communicate(timeout=START_S_MAX + warm_s + measured_s)[0]
        return BareRun(**json.loads(said))


@contextmanager
def world() -> Iterator[World]:
    """A world, as long as it is needed."""
    command = [sys.executable, "-m", "tests.bench.pages"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 - our own program
        pin(process.pid, CORE_WORLD)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield World(int(process.stdout.readline()))
        finally:
            process.stdin.close()  # which it ends with


@dataclass
class Sleeper:
    """How late the machine itself wakes a process that only sleeps, on the daemon's core; known at the end."""

    p99_s: float = 0.0
    max_s: float = 0.0


@contextmanager
def sleeper() -> Iterator[Sleeper]:
    """Sleeps beside what is measured."""
    command, pipe, heard = [sys.executable, "-m", "tests.bench.sleeper"], subprocess.PIPE, Sleeper()
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 - our own program
        pin(process.pid, CORE_MEASURED)
        try:
            yield heard
        finally:
            said = json.loads(process.communicate(timeout=START_S_MAX)[0])
            heard.p99_s, heard.max_s = said["p99_s"], said["max_s"]


def sources(world: World, name: str, count: int, every: str) -> str:
    """`count` status pages of their own paths ``/<name>/<n>.json``, PER_CHANNEL to a channel, as configuration."""
    lines = []
    for n in range(count):
        if n % PER_CHANNEL == 0:
            lines.append(f"  c{n // PER_CHANNEL}:\n    name: Channel {n // PER_CHANNEL}\n    probes:")
        url = world.url(f"/{name}/{n}.json")
        lines.append(f'      - {{kind: status.statuspage, url: "{url}", every: {every}}}')
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late things were, in seconds: the bounds of a histogram and how many were not later than each."""

    bounds: tuple[float, ...]
    within: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many were measured."""
        return int(self.within[-1])

    def quantile(self, share: float) -> float:
        """The least bound that so many kept: the truth is no later."""
        wanted = share * self.within[-1]
        return next(bound for bound, within in zip(self.bounds, self.within, strict=True) if within >= wanted)

    def since(self, earlier: "Lateness") -> "Lateness":
        """Without those that were counted earlier."""
        return Lateness(self.bounds, tuple(a - b for a, b in zip(self.within, earlier.within, strict=True)))


def series(exposition: bytes) -> Iterator[tuple[str, float]]:
    """Every series as it is written, and its value."""
    for line in exposition.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            yield name, float(value)


@dataclass
class Daemon:
    """A running `vigie run`. `began`: when its process was started, on time.monotonic's clock."""

    vigie: Vigie
    began: float

    @property
    def pid(self) -> int:
        """Of its core process."""
        assert self.vigie.process is not None
        return self.vigie.process.pid

    @property
    def cost(self) -> Cost:
        """Of it and its workers."""
        return cost_of(self.pid)

    def scrape(self) -> tuple[float, bytes]:
        """How long a scrape took, and what it gave."""
        began = time.monotonic()
        body = _get(self.vigie.port, "/metrics")[1]
        return time.monotonic() - began, body

    def lateness(self, name: str) -> Lateness:
        """A histogram of the daemon's own."""
        begin = f'{name}_bucket{{le="'
        rows = [(k.removeprefix(begin)[:-2], v) for k, v in series(self.scrape()[1]) if k.startswith(begin)]
        return Lateness(tuple(float(bound) for bound, _ in rows), tuple(value for _, value in rows))


@contextmanager
def daemon(channels: str, more: str = "", *, pinned: bool = True) -> Iterator[Daemon]:
    """The real daemon with these channels, as configuration; it is up when its web answers.

    `pinned`: all of it on one core, to see what that core can; else its workers may run beside it, as they do for a
    team.
    """
    port = free_port()
    listen = f"server: {{listen: 127.0.0.1:{port}}}\nfetch: {{allow_private: [127.0.0.0/8]}}\n"
    text = f"{listen}{more}\n{channels}\n"
    with (
        tempfile.TemporaryDirectory(prefix="vigie-bench-") as name,
        standing(Path(name), text, port, pinned=pinned) as vigie,
    ):
        yield vigie


@contextmanager
def standing(folder: Path, text: str, port: int, *, pinned: bool = True) -> Iterator[Daemon]:
    """The real daemon in this folder, with this file of the team's, which must name the port."""
    vigie = Vigie(folder, text, port)
    began = time.monotonic()
    vigie.start(wait=False)
    assert vigie.process is not None
    pin(vigie.process.pid, *((CORE_MEASURED,) if pinned else (CORE_MEASURED, CORE_WORLD)))
    try:
        until(lambda: _is_up(vigie), f"it did not start: {vigie.log()}")
        yield Daemon(vigie, began)
    finally:
        vigie.process.terminate()
        try:
            vigie.process.wait(10)
        except subprocess.TimeoutExpired:
            vigie.process.kill()
            vigie.process.wait(10)


def _is_up(vigie: Vigie) -> bool:
    assert vigie.process is not None
    if vigie.process.poll() is not None:
        raise AssertionError(f"it ended with {vigie.process.returncode}: {vigie.log()}")
    try:
        return vigie.raw("/healthz")[0] == http.HTTPStatus.OK
    except OSError:
        return False


@dataclass
class Pinger:
    """Asks the daemon for nothing, again and again: its loop was never held longer than the answer took.

    A thread: whoever uses it does no work of its own meanwhile.
    """

    daemon: Daemon
    took_s: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ping)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ping(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.vigie.port, timeout=30)
        while not self._end.wait(PING_EVERY_S):
            began = time.monotonic()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            self.took_s.append(time.monotonic() - began)
        connection.close()

    def quantile(self, share: float) -> float:
        """Seconds within which this share was answered."""
        ordered = sorted(self.took_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
