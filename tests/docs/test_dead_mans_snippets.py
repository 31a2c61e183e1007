"""What the README gives to Prometheus and Alertmanager: their own tools take it, and the Watchdog arrives by it."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.docs.parts import ROOT, first_block
from tests.edges.running import Page, Vigie, free_port, until
from tests.notify.alertmanagers import program

README = ROOT / "README.md"
RULE = first_block(README, "yaml", "expr: vector(1)")
WAY = first_block(README, "yaml", "webhook_configs:")
HERE = "127.0.0.1:9180"


def asked(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)  # noqa: S603 - on our own file
    return done.returncode, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not here")
def test_prometheus_own_tool_takes_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(RULE, encoding="utf-8")
    code, said = asked(str(shutil.which("promtool")), "check", "rules", str(path))
    assert (code, "1 rules found" in said) == (0, True), said


@pytest.mark.skipif(not shutil.which("amtool"), reason="amtool is not here")
@pytest.mark.parametrize("token", [False, True])
def test_alertmanagers_own_tool_takes_the_way(tmp_path: Path, *, token: bool) -> None:
    path = tmp_path / "alertmanager.yml"
    path.write_text(WAY.replace("# http_config", "http_config") if token else WAY, encoding="utf-8")
    code, said = asked(str(shutil.which("amtool")), "check-config", str(path))
    assert (code, " - 2 receivers" in said) == (0, True), said
    assert ("http_config" in WAY) is True


@contextmanager
def an_alertmanager(folder: Path, config: str) -> Iterator[str]:
    """A real one with this configuration; its address."""
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(config, encoding="utf-8")
    place = f"127.0.0.1:{free_port()}"
    command = [
        *(program(), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}"),
        *(f"--web.listen-address={place}", "--cluster.listen-address="),
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603 - a program of the system
        try:
            until(lambda: answers(f"http://{place}/-/ready"), "it did not start")
            yield f"http://{place}"
        finally:
            process.kill()


def answers(url: str) -> bool:
    with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
        return bool(answer.status == 200)
    return False


def fires(alertmanager: str) -> None:
    """Prometheus' part: the alert that always fires."""
    alert = {"labels": {"alertname": "Watchdog"}, "startsAt": datetime.now(UTC).isoformat()}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{alertmanager}/api/v2/alerts", json.dumps([alert]).encode(), headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


@pytest.mark.slow
def test_a_silent_watchdog_is_an_incident_and_by_the_documented_way_it_is_heard_again(tmp_path: Path) -> None:
    page, port = Page(), free_port()
    text = f"""
server: {{listen: 127.0.0.1:{port}}}
store: sqlite:///var/vigie.db
fetch: {{allow_private: [127.0.0.0/8]}}
channels:
  newsletter:
    probes:
      - {{kind: status.statuspage, url: "{page.url}", every: 1s}}
watchdog: {{within: 3s}}
"""
    vigie = Vigie(tmp_path, text, port)

    def phase() -> str:
        found = [i for i in vigie.get("/api/v1/incidents")["incidents"] if i["condition"] == "watchdog"]
        return str(found[0]["phase"]) if found else ""

    assert HERE in WAY
    try:
        vigie.start()
        until(lambda: phase() == "open", "the silence was not told")
        with an_alertmanager(tmp_path / "am", WAY.replace(HERE, f"127.0.0.1:{port}")) as alertmanager:
            fires(alertmanager)
            until(lambda: phase() == "resolved", "the Watchdog was not heard")
    finally:
        vigie.leave()
        page.close()
