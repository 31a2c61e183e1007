"""A small team's file, to which a test adds what it is about."""

from pathlib import Path

from monitor.core.model import Rules
from monitor.settings import Fault, Settings
from tests.settings.files import loaded, only_fault

TEAM = """\
team: {timezone: Europe/Paris}
channels:
  reddit: {market: fr, tags: [launch]}
  facebook: {market: de}
  instagram: {}
people:
  first: {name: First, contacts: ["json://127.0.0.1/first"]}
  second: {name: Second, contacts: ["json://127.0.0.1/second"]}
  mute: {name: Mute}
"""
LINES = TEAM.count("\n")

ROUTES = "routes: {receiver: first, fallback: second}\n"


def rotation(keys: str) -> str:
    """A schedule whose rotation, with these keys, is line 3."""
    return f"schedules:\n  s:\n    rotation: {{{keys}}}\n"


def settings_of(folder: Path, text: str) -> Settings:
    """The settings of the team's file with `text` below it."""
    return loaded(folder, TEAM + text)


def rules_of(folder: Path, text: str) -> Rules:
    """What the mind knows then."""
    return settings_of(folder, text).rules_for_mind()


def warnings_of(folder: Path, text: str) -> tuple[str, ...]:
    """What probably is not meant so."""
    return settings_of(folder, text).warnings


def fault_of(folder: Path, text: str) -> tuple[int, str, str, str]:
    """The one thing that is wrong: the line of `text`, the key, what, and the hint."""
    fault: Fault = only_fault(folder, TEAM + text)
    return fault.line - LINES, fault.key, fault.what, fault.hint
