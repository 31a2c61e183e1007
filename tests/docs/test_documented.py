"""What the documents say is so: generated parts are fresh, names exist, links lead somewhere, examples work."""

import ast
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from monitor.core.incident import TRANSITIONS, diagram
from monitor.core.ledger import CODES
from monitor.core.model import Availability, Condition, Phase, Risk, SendOutcome
from monitor.metrics import TABLE
from monitor.metrics.names import PROCESS
from monitor.settings import docs as settings_docs
from monitor.settings import load
from monitor.store import Store
from probes import _docs as probes_docs
from probes import kinds
from probes.base import Family
from tests.docs.parts import EVERY_VERB, FENCED, PARTS, ROOT, blocks, documents, first_block, stale, verbs_and_options
from tests.web.samples import OPERATIONS

README = ROOT / "README.md"
HOUSE = ROOT / "monitor" / "README.md"
FIRST_PAGE = README.read_text(encoding="utf-8").partition("\n---\n")[0]
FIRST_PAGE_WORDS_MAX = 1_000  # some three to four minutes of an unhurried reader, tables and examples included
TOPS = ("config", "deploy", "monitor", "probes", "tests")
FINAL = (SendOutcome.DELIVERED, SendOutcome.REJECTED, SendOutcome.EXPIRED, SendOutcome.UNKNOWN)

each_document = pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def prose_of(document: Path) -> str:
    """A document without its fenced blocks."""
    return FENCED.sub("", text_of(document))


# --- generated parts --------------------------------------------------------------------------------------------------


def test_every_generated_part_is_what_the_code_says_now() -> None:
    found = [str(path.relative_to(ROOT)) for path in stale()]
    assert not found, f"stale: {', '.join(found)}; run `make docs`"


def test_every_part_that_can_be_made_stands_in_one_document() -> None:
    texts = [text_of(path) for path in documents()]
    for name in PARTS:
        assert sum(f"<!-- made by `make docs`: {name} -->" in text for text in texts) == 1, name


@pytest.mark.slow
def test_a_part_that_was_changed_by_hand_is_seen_and_the_command_says_so(tmp_path: Path) -> None:
    probe = f"import sys; from tests.docs import parts; p = parts.ROOT / 'README.md'; d = parts.Path({str(tmp_path)!r})"
    code = (
        f"{probe}; (d / 'README.md').write_text(p.read_text().replace('vigie_build_info', 'vigie_other'));"
        "parts.documents = lambda: [d / 'README.md']; parts.ROOT = d; "
        "from tests.docs import __main__ as command; command.ROOT = d; sys.exit(command._main([]))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout) == (1, "README.md: stale; run make docs\n"), done.stderr


# --- everything is documented -----------------------------------------------------------------------------------------


def test_every_verb_and_every_option_is_in_the_readme() -> None:
    text = text_of(README)
    about = text.partition("## The command line")[2].partition("<!-- made")[0]
    for verb, parameters in verbs_and_options().items():
        row = next((line for line in text.splitlines() if re.match(rf"\| `vigie {verb}[ `]", line)), "")
        assert row, verb
        for typed, parameter in parameters.items():
            assert f"{typed}" in row, f"{verb}: {typed}"
            if isinstance(parameter, click.Option) and typed not in EVERY_VERB:
                assert parameter.help, f"{verb}: {typed} says nothing of itself"
                assert parameter.help.rstrip(".") in row
    assert all(f"`{option}" in about for option in EVERY_VERB)


def test_every_metric_that_the_table_registers_is_in_the_readme_and_no_other_is_named() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", text_of(README), re.MULTILINE))
    names = {row.name for row in (*TABLE, *PROCESS)}
    assert names <= rows
    for document in documents():
        named = set(re.findall(r"\bvigie_[a-z_]+\b", text_of(document)))
        wrong = {n for n in named - names if not n.startswith(("vigie_token", "vigie_probe_failures"))}
        assert not wrong, f"{document.name} names metrics that do not exist: {wrong}"


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_of_probe_is_in_the_probes_readme(kind: str) -> None:
    assert f"\n### `{kind}`\n" in text_of(probes_docs.README)


def test_every_key_of_the_configuration_is_in_its_readme() -> None:
    text = text_of(settings_docs.README)
    for _, prefix, model in settings_docs._SECTIONS:
        for name, field in model.model_fields.items():
            key = f"{prefix}{field.alias or name}"
            assert f"| `{key}` |" in text, key


def test_every_key_that_the_readme_names_is_in_the_readme_of_the_configuration() -> None:
    sections = r"team|server|fetch|rules|people\.ID|routes|watchdog|heartbeat"
    named = set(re.findall(rf"`((?:{sections})\.[a-z_]+)`", text_of(README)))
    known = set(re.findall(r"^\| `([\w.\[\]]+)` \|", text_of(settings_docs.README), re.MULTILINE))
    assert len(named) > 5
    assert named <= known, named - known


@each_document
def test_every_path_of_the_api_that_a_document_names_is_served(document: Path) -> None:
    served = [re.sub(r"\{\w+\}", "[^/]+", operation.path) for operation in OPERATIONS]
    for path in re.findall(r"/api/v1/[\w./-]+\w", text_of(document)):
        assert any(re.fullmatch(each, path) for each in served), f"{document.name}: {path}"


@pytest.mark.parametrize("words", [Availability, Risk, Family], ids=lambda e: str(e.__name__))
def test_every_word_that_people_read_is_on_the_first_page(words: type[Enum]) -> None:
    for word in words:
        assert re.search(rf"\b{word.value}\b", FIRST_PAGE), word


@pytest.mark.parametrize("words", [Condition, Phase], ids=lambda e: str(e.__name__))
def test_every_word_of_an_incident_is_in_the_house_readme(words: type[Enum]) -> None:
    for word in words:
        assert re.search(rf"\b{word.value}\b", prose_of(HOUSE), re.IGNORECASE), word


def test_the_diagram_of_the_house_is_drawn_from_the_transition_table() -> None:
    (drawn,) = blocks(HOUSE, "mermaid")
    assert drawn.strip() == diagram()
    for (before, move), after in TRANSITIONS.items():
        assert f"{before.value} --> {after.value}: {move.value}" in drawn


# --- the ledger's codes -----------------------------------------------------------------------------------------------


def test_every_code_of_the_ledger_is_written_somewhere_and_is_a_sentence() -> None:
    core = ROOT / "monitor" / "core"
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(core.glob("*.py")) if path.name != "ledger.py")
    words = set(re.findall(r"\"([a-z_]+)\"", code)) | {str(outcome) for outcome in FINAL}
    assert set(CODES) <= words, set(CODES) - words
    assert all(sentence.endswith(".") for sentence in CODES.values())


# --- examples ---------------------------------------------------------------------------------------------------------


def team_files() -> list[str]:
    return [text for text in blocks(README, "yaml") if "people:" in text]


@pytest.mark.parametrize("text", team_files())
def test_a_team_file_of_the_readme_loads_and_warns_of_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vigie.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)  # as an editor saves it
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "a-word-that-nobody-knows")
    settings = load(path, environ)
    assert settings.warnings == ()
    assert settings.destinations
    assert {"reddit", "facebook", "newsletter"} <= set(settings.channel_rules)


def test_there_is_a_team_file_in_the_readme() -> None:
    assert len(team_files()) >= 1


def test_the_scrape_snippet_is_what_prometheus_reads() -> None:
    snippet: Any = yaml.safe_load(first_block(README, "yaml", "scrape_configs"))
    (job,) = snippet["scrape_configs"]
    assert set(job) == {"job_name", "scrape_interval", "static_configs"}
    host, port = load(ROOT / "config" / "vigie.yaml", {}).address
    assert job["static_configs"] == [{"targets": [f"{host}:{port}"]}]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not here")
def test_prometheus_own_tool_takes_the_scrape_snippet(tmp_path: Path) -> None:
    text = first_block(README, "yaml", "scrape_configs")
    for name, taken in (("as it is", text), ("with the token", text.replace("# authorization", "authorization"))):
        path = tmp_path / "prometheus.yml"
        path.write_text(taken, encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - the tool that was looked for, on our own file
            [str(shutil.which("promtool")), "check", "config", "--syntax-only", str(path)],
            capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert done.returncode == 0, name + done.stdout + done.stderr
    assert "authorization" in text


def test_every_make_command_of_the_documents_is_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    typed = [line for path in documents() for line in commands(path) if line.startswith("make ")]
    named = {target for line in typed for target in line.partition("#")[0].split()[1:]}
    assert {"run", "test", "demo"} <= named <= targets


def commands(document: Path) -> list[str]:
    """What a document gives to be typed: lines of shell blocks, and code between backticks."""
    shell = [line for text in blocks(document, "sh") for line in text.splitlines()]
    return shell + re.findall(r"`([^`\n]+)`", prose_of(document))


def test_the_backup_command_makes_a_copy_that_opens(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    (tmp_path / "var").mkdir()
    line = first_block(README, "sh", "VACUUM INTO").strip()
    store = Store.open(f"sqlite:///{tmp_path / 'var' / 'vigie.db'}", now=now, reserve_bytes=4096)
    try:
        subprocess.run(  # noqa: S602 - the line is typed into a shell, and it is ours
            line.replace(".venv/bin/python", sys.executable), cwd=tmp_path, shell=True, timeout=50, check=True
        )
    finally:
        store.close()
    copy = tmp_path / "var" / "backup.db"
    assert sqlite3.connect(copy).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = Store.open(f"sqlite:///{copy}", now=now, reserve_bytes=4096)
    again.load()
    again.close()


# --- links, paths and tests -------------------------------------------------------------------------------------------


@each_document
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(document)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), f"{document.name}: {target}"
        if anchor:
            assert anchor in anchors(there), f"{document.name}: {target}"


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@each_document
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    places = (ROOT, document.parent)
    for name in re.findall(rf"`((?:{'|'.join(TOPS)})/[\w./-]+)`", prose_of(document)):
        if name == "probes/status/example.py":
            continue  # the example of a kind: done and undone by its test
        assert any((place / name).exists() for place in places), f"{document.name}: {name}"


@each_document
def test_every_test_that_a_document_calls_as_a_witness_is_there(document: Path) -> None:
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", prose_of(document)):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        names = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in names, f"{document.name}: {path}::{name}"


def test_every_promise_has_a_witness() -> None:
    table = text_of(README).partition("## Promises, and what shows them")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 10
    assert all("`tests/" in row or "`make bench`" in row for row in rows)


def test_the_first_page_is_short() -> None:
    assert len(FIRST_PAGE.split()) <= FIRST_PAGE_WORDS_MAX


# --- what no file of the project holds --------------------------------------------------------------------------------

# Built from parts, so that this file does not hold them.
MACHINE = re.compile(
    "|".join(("/" + "opt/", "/" + "work/", "/" + "root/", "/" + r"home/\w+/", "/" + r"tmp/\w", "/" + "Users/"))
)
REGISTRY = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "index-" + r"url[ =]+http", "artifac" + "tory", "dev" + "pi"))
)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")


def committed() -> list[Path]:
    """The project's files as git lists them; where there is no git, all but what is made here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - likewise
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        made = {".venv", ".git", "var", "build", "__pycache__"}
        names = [
            Path(folder) / name
            for folder, folders, files in os.walk(ROOT)
            for name in files
            if not made & set(Path(folder).relative_to(ROOT).parts)
        ]
    return [path for path in names if path.is_file()]


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_place_of_one_machine() -> None:
    assert lines_with(MACHINE, committed()) == []


def test_no_file_names_a_package_index() -> None:
    assert lines_with(REGISTRY, committed()) == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    assert lines_with(UNFINISHED, [p for p in committed() if p.suffix != ".lock"]) == []


def test_the_catalogue_of_documents_is_complete() -> None:
    names = {str(path.relative_to(ROOT)) for path in documents()}
    assert {"README.md", "config/README.md", "deploy/README.md", "monitor/README.md", "probes/README.md"} <= names
