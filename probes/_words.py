"""Word lists that are data: YAML beside the kind that uses them, so that a team can read and extend what we listen for.

A phrase is words with single spaces; a space also matches a hyphen or any white space. `a|b` is either word, `ban*`
any word that begins so, `ad_spend` two words as one of several (`ads|ad_spend`), and `..` stands for up to four words
between. Matching is by whole words, without regard to case, in RE2: linear, whatever the text.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import re2
import yaml

__all__ = ["Phrases", "data"]

PHRASE_CHARS_MAX = 200
TEXT_CHARS_MAX = 64 * 1024

_WORD = re.compile(r"[\w&$€£%'.*|/+-]+")
_LETTER = r"[\p{L}\p{N}_]"  # RE2's own \w is ASCII
_NO_LETTER = r"[^\p{L}\p{N}_]"
_GAP = r"[\s,:;'\"-]+"
_BETWEEN = rf"(?:{_GAP}\S+){{0,4}}{_GAP}"
_SAME = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})


@cache
def data(package: str, name: str) -> Any:  # noqa: ANN401 - each list has its own shape, checked by its kind
    """The parsed YAML file `name` inside `package`, one of ours."""
    return yaml.safe_load(resources.files(package).joinpath(name).read_text(encoding="utf-8"))


class Phrases:
    """A compiled list of phrases; raises ValueError for one that is not written as the module says.

    `literal`: the phrases are names, in which every character stands for itself ("C&A", "Yahoo!").
    """

    def __init__(self, phrases: Iterable[str], *, literal: bool = False) -> None:
        patterns = [_name(phrase) if literal else _pattern(phrase) for phrase in phrases]
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = 64 * 1024 * 1024
        joined = "|".join(f"(?:{p})" for p in patterns)
        self._found = (
            re2.compile(rf"(?:^|{_NO_LETTER})({joined})(?:$|{_NO_LETTER})", options=options) if patterns else None
        )

    def first(self, text: str) -> str:
        """The text of the first match, or ""."""
        if self._found is None:
            return ""
        match = self._found.search(text[:TEXT_CHARS_MAX].translate(_SAME))
        return match[1] if match else ""

    def blanked(self, text: str) -> str:
        """`text` with every match taken out, so that what it says is not heard: "no breaking changes"."""
        text = text[:TEXT_CHARS_MAX].translate(_SAME)
        return text if self._found is None else self._found.sub(" … ", text)


def _pattern(phrase: str) -> str:
    words = phrase.split()
    if not words or len(phrase) > PHRASE_CHARS_MAX or words[0] == ".." or words[-1] == "..":
        msg = f"{phrase[:64]!r} is not a phrase"
        raise ValueError(msg)
    pattern, gap = "", ""
    for word in words:
        if word == "..":
            gap = _BETWEEN
            continue
        if not _WORD.fullmatch(word):
            msg = f"{word[:64]!r} is not a word of a phrase"
            raise ValueError(msg)
        pattern += gap + "(?:" + "|".join(_one(w) for w in word.split("|")) + ")"
        gap = _GAP
    return pattern


def _name(name: str) -> str:
    words = name.translate(_SAME).split()
    if not words or len(name) > PHRASE_CHARS_MAX:
        msg = f"a name has 1 to {PHRASE_CHARS_MAX} characters"
        raise ValueError(msg)
    return r"\s+".join(str(re2.escape(word)) for word in words)


def _one(word: str) -> str:
    if not word.strip("*"):
        msg = "a phrase has an empty word"
        raise ValueError(msg)
    written = _GAP.join(str(re2.escape(part)) for part in word.rstrip("*").split("_"))
    return written + (rf"(?:{_LETTER}|['-])*" if word.endswith("*") else "")
