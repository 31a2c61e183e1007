"""A page, a receiver and a running Vigie, all on loopback."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from monitor.cli import main
from tests.patience import HANG_S

__all__ = ["Page", "Quiet", "Receiver", "Site", "Vigie", "free_port", "home", "sample", "until"]


def until(what: Callable[[], Any], why: str = "") -> Any:  # noqa: ANN401 - whatever was waited for
    """The first true value of `what`; fails when it does not come in time."""
    end = time.monotonic() + HANG_S
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(why or f"it did not come within {HANG_S} s")


def free_port() -> int:
    """A port of loopback that nobody listens on now.

    Below those the system gives to connections, and from a range of this test worker's own: until it is listened on,
    nobody else must be given it.
    """
    worker = int("".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", ""))) or 0)
    low = 20_000 + 1_000 * (worker % 10)
    for port in random.sample(range(low, low + 1_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port was found")


class Quiet(BaseHTTPRequestHandler):
    """Answers one request after the other, and says nothing on the terminal."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """The tests' own output is enough."""

    def answer(
        self, status: int, body: bytes = b"", kind: str = "application/json", more: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Threads(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hung up is no news to a test."""


class _Server:
    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        self._http = _Threads(("127.0.0.1", port), handler)
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections that stand are left to their threads."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(2)


def _not_there(wire: Quiet) -> None:
    wire.answer(404)


class Site:
    """Answers as told, by path. `heard`: when each path was asked for, by `time.monotonic`."""

    def __init__(self, answers: Mapping[str, Callable[[Quiet], None]]) -> None:
        self.answers = dict(answers)
        self.heard: dict[str, list[float]] = {}
        self.posted: list[tuple[str, dict[str, Any]]] = []
        site = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                site.heard.setdefault(self.path, []).append(time.monotonic())
                site.answers.get(self.path, _not_there)(self)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.posted.append((self.path, json.loads(body)))
                self.do_GET()

        self._server = _Server(Handler)
        self.port = self._server.port
        self.root = f"http://127.0.0.1:{self.port}"

    def asked(self, path: str) -> int:
        """How often."""
        return len(self.heard.get(path, []))

    def close(self) -> None:
        """Gone."""
        self._server.close()


class Page:
    """A Statuspage with one component of interest. `body`: said instead of it; `at`: when it was looked at."""

    def __init__(self) -> None:
        self.word = "operational"
        self.body: bytes | None = None
        self.status = 200
        self.at: list[float] = []
        page = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                page.at.append(time.monotonic())
                self.answer(page.status, page.body if page.body is not None else page.summary())

        self._server = _Server(Handler)
        self.url = f"http://127.0.0.1:{self._server.port}/api/v2/summary.json"

    @property
    def asked(self) -> int:
        """How often it was looked at."""
        return len(self.at)

    def summary(self) -> bytes:
        """After Atlassian's documented schema."""
        component = {"id": "c1", "name": "Email sending", "status": self.word, "group": False, "group_id": None}
        return json.dumps(
            {
                "page": {"id": "p", "name": "Mailer", "url": self.url},
                "status": {"indicator": "none", "description": "as it is"},
                "components": [component],
                "incidents": [],
                "scheduled_maintenances": [],
            }
        ).encode()

    def close(self) -> None:
        """Gone."""
        self._server.close()


class Receiver:
    """Takes what is posted. `hang`: never answers (`hung`: so often); `close` and `open` take it down and up."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.hang = False
        self.hung = 0
        self.port = free_port()
        self._server: _Server | None = None
        self.open()

    def open(self) -> None:
        """Listen."""
        receiver = self

        class Handler(Quiet):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                if receiver.hang:
                    receiver.hung += 1
                    time.sleep(30)
                    return
                receiver.got.append(body)
                receiver.at.append(time.monotonic())
                self.answer(200)

        self._server = _Server(Handler, self.port)

    def close(self) -> None:
        """Nobody answers there."""
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def steps(self) -> list[str]:
        """What arrived: ``["opened", "resolved"]``."""
        return [body["step"] for body in self.got]


def sample(page: str, receiver: int, listen: int, more: str = "") -> str:
    """The issue's own example of a team's file, with free ports."""
    return f"""
team: {{name: Example team, timezone: Europe/Paris, language: en}}
store: sqlite:///var/vigie.db
server: {{listen: 127.0.0.1:{listen}}}
fetch: {{allow_private: [127.0.0.0/8]}}
rules: {{resolve_after: 2s}}
channels:
  newsletter:
    name: Newsletter
    platform: mailer
    probes:
      - {{kind: status.statuspage, url: "{page}", every: 1s, components: ["Email sending"]}}
people:
  first: {{name: First on call, contacts: ["json://127.0.0.1:{receiver}/hook"]}}
routes: {{receiver: first, group_wait: 0s}}
{more}"""


@dataclass
class Vigie:
    """`vigie run` in a folder of its own. `program`: what Python is to run, `token`: what the API asks for."""

    folder: Path
    text: str
    port: int
    process: subprocess.Popen[bytes] | None = None
    environ: dict[str, str] = field(default_factory=dict)
    program: Sequence[str] = ("-m", "monitor.cli", "run")
    token: str = ""

    def start(self, *, wait: bool = True) -> None:
        """Run it; with `wait`, until its start is over."""
        self.write(self.text)
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *self.program],
            cwd=self.folder,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **self.environ},
        )
        log.close()
        if wait:
            until(self.ready, f"it did not start: {self.log()}")

    @property
    def file(self) -> Path:
        """The team's file."""
        return self.folder / "config" / "vigie.yaml"

    def write(self, text: str) -> None:
        """Put the team's file in place, at once and whole, as careful editors do."""
        self.text = text
        self.file.parent.mkdir(exist_ok=True)
        draft = self.file.with_suffix(".new")
        draft.write_text(text)
        draft.replace(self.file)

    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text()

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """An answer of the API."""
        return json.loads(self.raw(path)[1])

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Status and JSON of an act through the API."""
        status, said = self.raw(path, json.dumps(body).encode())
        return status, json.loads(said)

    def raw(self, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body; a POST where there is a body to send."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANG_S)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ready(self) -> bool:
        """Whether every probe has run."""
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.log()}")
        try:
            return self.raw("/readyz")[0] == 200
        except OSError:
            return False

    def state(self, channel: str = "newsletter") -> str:
        """A channel's availability."""
        said = self.get(f"/api/v1/channels/{channel}")
        assert "availability" in said, f"{said}: {self.log()}"
        word: str = said["availability"]
        return word

    def reasons(self, channel: str = "newsletter") -> str:
        """A channel's reasons in one text."""
        return " ".join(self.get(f"/api/v1/channels/{channel}")["reasons"])

    def metric(self, line_begin: str) -> float:
        """The value of the metric line that begins so."""
        for line in self.raw("/metrics")[1].decode().splitlines():
            if line.startswith(line_begin):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no metric line begins with {line_begin}")

    def signal(self, number: signal.Signals) -> None:
        """Tell the process."""
        assert self.process is not None
        self.process.send_signal(number)

    def leave(self) -> None:
        """Be gone, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.signal(signal.SIGKILL)
        self.wait()

    def ends(self) -> int:
        """Its exit code, once told to end; it must do so in order, in the time that it gives itself."""
        self.signal(signal.SIGTERM)
        code = self.wait()
        assert "the orderly end took too long" not in self.log(), self.log()
        return code

    def wait(self) -> int:
        """Its exit code."""
        assert self.process is not None
        return self.process.wait(HANG_S)

    def say(self, *words: str) -> Result:
        """Another verb, in this process and this folder: the same words and codes at a tenth of the cost."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return CliRunner().invoke(main, list(words), env=self.environ)
        finally:
            os.chdir(before)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another verb, in the same folder."""
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "monitor.cli", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **self.environ},
        )


@contextmanager
def home(folder: Path, more: str = "", environ: dict[str, str] | None = None) -> Iterator[tuple[Page, Receiver, Vigie]]:
    """A page, a receiver and a Vigie that is not yet started."""
    page, receiver, port = Page(), Receiver(), free_port()
    vigie = Vigie(folder, sample(page.url, receiver.port, port, more), port, environ=environ or {})
    try:
        yield page, receiver, vigie
    finally:
        vigie.leave()
        receiver.close()
        page.close()
