"""A real Alertmanager on loopback: Debian's package, installed by the first test that needs it where that is possible.

Without the program a test is skipped with the reason; where CI is set it fails instead, so it is never skipped there.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.patience import HANG_S

PACKAGE = "prometheus-alertmanager"
NAMES = (PACKAGE, "alertmanager")
INSTALL_S_MAX = 150.0


def program() -> str:
    """Where the program is; installs it, skips the test, or fails it."""
    found = _found()
    if found:
        return found
    with (Path(tempfile.gettempdir()) / "vigie-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test workers, one package manager
        why = "" if _found() else _install()
    found = _found()
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"a real Alertmanager is needed here: {why}")
    pytest.skip(f"a real Alertmanager is needed: {why}")


def _found() -> str:
    return next((path for name in NAMES if (path := shutil.which(name))), "")


def _install() -> str:
    """Why it could not be installed; empty when it could."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return f"the package {PACKAGE} is not installed, and only root can install it, with apt"
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", PACKAGE]
    for command in (install, ["apt-get", "update", "-q"], install):
        try:
            done = subprocess.run(  # noqa: S603 - fixed words
                command, env=environ, capture_output=True, timeout=INSTALL_S_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            return f"{' '.join(command[:2])} took too long"
        if command is install and not done.returncode:
            return ""
    return f"the package {PACKAGE} could not be installed"


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """One that runs. `place`: its host, port and prefix."""

    place: str

    async def alerts(self, **filters: str) -> list[dict[str, Any]]:
        """What it holds as active."""
        query = "&".join(f"filter={name}%3D%22{value}%22" for name, value in filters.items())
        found: list[dict[str, Any]] = await self._ask(f"/api/v2/alerts?{query}")
        return found

    async def one(self, **filters: str) -> dict[str, Any]:
        """The only active alert that matches."""
        found = await self.alerts(**filters)
        assert len(found) == 1, found
        return found[0]

    async def _ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        def ask() -> bytes:
            with urllib.request.urlopen(f"http://{self.place}{path}", timeout=5) as answer:
                body: bytes = answer.read()
            return body

        return json.loads(await asyncio.to_thread(ask))

    async def is_ready(self) -> bool:
        """Whether it answers."""
        with contextlib.suppress(OSError, urllib.error.URLError, ValueError):
            await self._ask("/api/v2/status")
            return True
        return False


@contextlib.asynccontextmanager
async def alertmanager(folder: Path, hook: str, prefix: str = "") -> AsyncIterator[Alertmanager]:
    """Run one that posts the alerts of an incident to `hook` at once and at each end, and keeps all in `folder`."""
    config: Mapping[str, Any] = {
        "route": {"receiver": "hook", "group_by": ["incident"], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "hook", "webhook_configs": [{"url": hook, "send_resolved": True}]}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config))  # JSON is YAML
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - started once; a program of the system
            [
                program(),
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
                "--cluster.listen-address=",
                f"--web.route-prefix={prefix}/",
            ],
            stdout=sink,
            stderr=sink,
        )
    try:
        async with asyncio.timeout(HANG_S):
            while not (place := _place(log.read_text())) or not await Alertmanager(place + prefix).is_ready():
                assert process.poll() is None, log.read_text()
                await asyncio.sleep(0.05)
        yield Alertmanager(place + prefix)
    finally:
        process.kill()
        process.wait()


def _place(log: str) -> str:
    """Where it says that it listens."""
    said = re.search(r"Listening on.*address=(127\.0\.0\.1:\d+)", log)
    return said[1] if said else ""
