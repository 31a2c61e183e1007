"""The example of probes/README.md, done: one file, one payload, one test, one line of configuration, and a message.

The four blocks are taken out of the page as they stand there; nothing of them is repeated here.
"""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import probes
import probes.status
from probes import kinds
from tests.docs.parts import ROOT, blocks, first_block
from tests.probes import test_contract as contract
from tests.stories.clock import run
from tests.stories.house import house

PAGE = ROOT / "probes" / "README.md"
KIND = "status.example"
MODULE = f"probes.{KIND}"
SOURCE = first_block(PAGE, "python", "class Params(StatusParams)")
TEST = first_block(PAGE, "python", "def test_")
LINE = first_block(PAGE, "yaml", f"kind: {KIND}")
(PAYLOAD,) = blocks(PAGE, "text")
URL = "https://status.example/now.txt"
TEAM = f"""
channels:
  newsletter:
    name: Newsletter
    probes:
      {LINE.strip()}
people:
  first: {{name: First on call, contacts: ["json://127.0.0.1:8766/hook"]}}
routes: {{receiver: first, group_wait: 0s}}
"""


@contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """The example's file in a folder where kinds are looked for, and afterwards no trace of it."""
    (folder / "example.py").write_text(SOURCE, encoding="utf-8")
    probes.status.__path__.append(str(folder))
    importlib.invalidate_caches()
    kinds.cache_clear()
    try:
        yield
    finally:
        probes.status.__path__.remove(str(folder))
        sys.modules.pop(MODULE, None)
        vars(probes.status).pop("example", None)
        kinds.cache_clear()


@pytest.fixture
def example(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "kinds"
    folder.mkdir()
    with standing_in(folder):
        yield


def test_before_the_file_is_there_nobody_knows_the_kind() -> None:
    assert KIND not in kinds()
    with pytest.raises(probes.UnknownKindError):
        probes.load(KIND)


@pytest.mark.usefixtures("example")
def test_one_file_is_enough_for_the_kind_to_be_found() -> None:
    assert KIND in kinds()
    assert probes.load(KIND).__name__ == MODULE


@pytest.mark.usefixtures("example")
def test_the_example_keeps_the_contract_of_every_kind() -> None:
    contract.test_a_kind_is_a_module_that_says_what_it_is(KIND)
    contract.test_a_kinds_parameters_are_described_and_only_the_address_is_needed(KIND)
    for name in contract.BODIES:
        contract.test_a_kind_reads_or_says_unreadable_and_says_the_same_twice(KIND, name)
        assert isinstance(contract.outcome(KIND, contract.observation(contract.BODIES[name]), {}), str)


@pytest.mark.usefixtures("example")
def test_the_examples_own_test_holds(tmp_path: Path) -> None:
    (tmp_path / "test_example.py").write_text(TEST, encoding="utf-8")
    assert pytest_of(tmp_path, tmp_path / "kinds") == 0


def pytest_of(folder: Path, kinds_folder: Path) -> int:
    """The exit code of pytest on a folder, in a process of its own where the example's file is in its place."""
    code = (
        f"import sys, pytest, probes.status; probes.status.__path__.append({str(kinds_folder)!r}); "
        f"sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-c', 'pyproject.toml', {str(folder)!r}]))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
    return done.returncode


@pytest.mark.parametrize(("path", "source"), [("probes/status/example.py", SOURCE), ("tests/test_example.py", TEST)])
def test_the_example_passes_the_houses_lint(path: str, source: str) -> None:
    ours = ["--config", 'lint.isort.known-first-party = ["probes"]']  # the file is not there to be seen
    for verb in (["check", *ours], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *verb, "--no-cache", "--stdin-filename", path, "-"]
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
            command, cwd=ROOT, input=source, capture_output=True, text=True, timeout=50, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("example")
def test_one_line_of_configuration_watches_it_and_an_outage_is_told_and_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(URL, PAYLOAD.replace("down", "up"))
            await home.passes(600)
            assert home.availability("newsletter") == "operational"
            home.world.says(URL, PAYLOAD)
            await home.passes(70)
            assert home.availability("newsletter") == "outage"
            home.inbox.expect("opened", "Newsletter: outage")
            home.world.says(URL, PAYLOAD.replace("down", "up"))
            await home.passes(300)
            home.inbox.expect("resolved", "Newsletter: works again")

    run(story())


@pytest.mark.usefixtures("example")
@pytest.mark.parametrize("spoilt", [PAYLOAD.replace("down", "wobbly"), PAYLOAD.replace("end\n", ""), ""])
def test_a_page_of_the_example_that_cannot_be_read_is_unknown_and_not_green(tmp_path: Path, spoilt: str) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(URL, PAYLOAD.replace("down", "up"))
            await home.passes(120)
            home.world.says(URL, spoilt)
            await home.passes(120)
            assert home.availability("newsletter") == "unknown"

    run(story())
