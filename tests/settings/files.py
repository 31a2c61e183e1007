# ruff: noqa: E501 - the sample of the issue, as it stands there
"""Configuration files in a folder of a test."""

from collections.abc import Mapping
from pathlib import Path

from monitor.settings import Fault, Settings, SettingsError, load

SAMPLE = """\
team: {name: Example team, timezone: Europe/Paris, language: en}
store: sqlite:///var/vigie.db                  # relative to the working directory
server: {listen: 127.0.0.1:9180}
fetch: {allow_private: [127.0.0.0/8]}          # absent by default: private, loopback and link-local addresses are refused
rules: {resolve_after: 2s}                     # defaults as in alerting.md
channels:
  reddit: {}                                   # as the catalogue has it
  newsletter:                                  # not in the catalogue
    name: Newsletter
    platform: mailer
    probes:
      - {kind: status.statuspage, url: "http://127.0.0.1:8765/api/v2/summary.json", every: 1s, components: ["Email sending"]}
people:
  first: {name: First on call, contacts: ["json://127.0.0.1:8766/hook"]}
routes: {receiver: first, group_wait: 0s}
"""

PAGE = "http://127.0.0.1:8765/api/v2/summary.json"


def channel(*lines: str, name: str = "newsletter", more: str = "") -> str:
    """A file with one channel and one status page probe; `lines`: further keys of the probe; `more`: other keys."""
    probe = "".join(f"\n        {line}" for line in lines)
    return f"channels:\n  {name}:\n    probes:\n      - kind: status.statuspage\n        url: {PAGE}{probe}\n{more}"


def write(folder: Path, text: str | bytes, name: str = "vigie.yaml") -> Path:
    """The file's path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in a file of this text."""
    return load(write(folder, text), environ or {})


def faults(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> tuple[Fault, ...]:
    """What is wrong with a file of this text; the test fails when nothing is."""
    try:
        loaded(folder, text, environ)
    except SettingsError as error:
        return error.faults
    raise AssertionError("the file was taken")


def only_fault(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> Fault:
    """The one thing that is wrong."""
    found = faults(folder, text, environ)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]
