"""What is wrong with a configuration, in words that help and that never show a secret."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Fault", "SettingsError", "did_you_mean", "format_faults", "redact", "shown_id", "shown_key"]

FAULTS_MAX = 1_000
SECRET_CHARS_MIN = 4
"""A shorter text cannot be blotted out without blotting out half of every log line."""
KEY_SHOWN_CHARS_MAX = 24
_WORDS = re.compile(rf"[a-z][a-z_-]{{0,{KEY_SHOWN_CHARS_MAX - 1}}}")
_NEAR_ENOUGH = 0.6
_ID_DIGITS_SHOWN_MAX = 4
_HIDDEN = "***"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong. `line` and `column` count from 1; list items in `key` count from 1, as in probe ids."""

    file: str
    line: int
    column: int
    key: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {key}{self.what}{hint}"


class SettingsError(Exception):
    """The configuration cannot be used. `faults` holds everything that is wrong in all files, in reading order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults)))[:FAULTS_MAX]
        super().__init__(format_faults(self.faults))

    def __reduce__(self) -> tuple[type["SettingsError"], tuple[tuple[Fault, ...]]]:
        return (type(self), (self.faults,))


def format_faults(faults: Iterable[Fault]) -> str:
    """One fault per line, ``file:line:column: key.path: what is wrong; hint``."""
    return "\n".join(map(str, faults))


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the nearest known word, or the known words where they are few, or nothing."""
    words = sorted(known)
    folded = {word.casefold(): word for word in reversed(words)}
    near = difflib.get_close_matches(text.casefold()[:128], folded, n=1, cutoff=_NEAR_ENOUGH)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    few = 24
    return f"known: {', '.join(words)}" if 0 < len(words) <= few else ""


def shown_key(text: str, known: Iterable[str] = ()) -> str:
    """A key as a message may show it: as written when it is plain words or near a known one, else `***`.

    Someone who pastes a token where a key is due must not find it in a log (limits.md, B43).
    """
    if _WORDS.fullmatch(text) or difflib.get_close_matches(text.casefold()[:128], known, n=1, cutoff=0.75):
        return text
    return _HIDDEN


def shown_id(text: str) -> str:
    """An id that people chose, as a message may show it: short, lower case, few digits; else `***`."""
    plain = re.fullmatch(rf"[a-z0-9][a-z0-9_-]{{0,{KEY_SHOWN_CHARS_MAX - 1}}}", text)
    return text if plain and sum(c.isdigit() for c in text) <= _ID_DIGITS_SHOWN_MAX else _HIDDEN


def redact(text: str, secrets: Iterable[str]) -> str:
    """`text` with every one of the secrets blotted out, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SECRET_CHARS_MIN and secret in text:
            text = text.replace(secret, _HIDDEN)
    return text
