"""How the command line asks a daemon that has too much to do."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import calling, main

Answer = tuple[int, str, str]
BUSY: Answer = (429, "too_many_requests", "0")
DONE: Answer = (200, "acknowledged", "")


@contextmanager
def daemon(*answers: Answer) -> Iterator[tuple[int, list[str]]]:
    """A daemon that answers like this, the last one for ever: its port, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, code, wait = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            well = {"done": True, "code": code, "text": "Done.", "id": "1"}
            body = json.dumps(well if status < 400 else {"error": {"code": code, "message": "No."}}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if wait:
                self.send_header("Retry-After", wait)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """The test prints what it needs."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def take(folder: Path, port: int, *incidents: str) -> Result:
    """`vigie ack` of these incidents."""
    file = folder / "vigie.yaml"
    file.write_text(f"server: {{listen: 127.0.0.1:{port}}}\nchannels: {{}}\n")
    return CliRunner().invoke(main, ["ack", *incidents, "--by", "first", "--config", str(file)])


def test_who_takes_more_than_a_daemon_hears_at_once_takes_them_all(tmp_path: Path) -> None:
    with daemon(DONE, BUSY, BUSY, DONE) as (port, asked):
        said = take(tmp_path, port, "1", "2", "3")
    assert said.exit_code == 0, said.output
    assert [path.split("/")[4] for path in asked] == ["1", "2", "2", "2", "3"]


def test_the_daemon_says_how_long_to_wait_within_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    answers: list[Answer] = [(429, "too_many_requests", wait) for wait in ("2", "9999", "", "soon")]
    with daemon(*answers, DONE) as (port, _):
        assert take(tmp_path, port, "1").exit_code == 0
    assert waited == [2.0, calling.BUSY_WAIT_S_MAX, 1.0, 1.0]


def test_a_daemon_that_stays_busy_is_not_asked_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "BUSY_S_MAX", 0.2)
    with daemon(BUSY) as (port, asked):
        said = take(tmp_path, port, "1")
    assert (said.exit_code, said.stderr) == (1, "#1: No.\n")
    assert len(asked) > 1


def test_a_refusal_that_time_does_not_mend_is_asked_once(tmp_path: Path) -> None:
    with daemon((429, "too_many_guesses", "60"), DONE) as (port, asked):
        said = take(tmp_path, port, "1")
    assert (said.exit_code, len(asked)) == (1, 1)
