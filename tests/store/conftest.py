"""A store in memory, the place for one in a file, and processes of their own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from monitor.store import Store
from tests.store.given import NOW, ROOT, Ended


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store.open("sqlite://", now=NOW)
    yield made
    made.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "vigie.db"


@pytest.fixture
def python() -> Callable[..., Ended]:
    """Run a script in a process of its own, with the tests' helpers at hand."""

    def run(script: str, *, env: Mapping[str, str] | None = None, wrap: tuple[str, ...] = ()) -> Ended:
        done = subprocess.run(  # noqa: S603 - our own script
            [*wrap, sys.executable, "-W", "error", "-c", script],
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run
