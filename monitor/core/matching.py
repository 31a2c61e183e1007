"""Matchers: conditions on labels, as in Alertmanager, with RE2 for expressions, so that none can take for ever.

An expression is anchored at both ends. A label that is missing is the empty text. Of a label with several values any
may fulfil `=` and `=~`; `!=` and `!~` hold when none has it.
"""

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import re2

from monitor.core.duty import Labels, Matcher, MatchOp
from monitor.core.labels import LABELS, WORDS

__all__ = ["VALUE_CHARS_MAX", "holds", "make_matcher", "matches", "parse_matcher", "selective", "text_of"]

VALUE_CHARS_MAX = 500
_MEMORY_BYTES_MAX = 1 << 20  # of one compiled expression
_COMPILED_MAX = 1024
_SHOWN_CHARS_MAX = 64
_MISSING = ("",)
_NO_VALUE_HAS_THIS = "a value that no label has"

_CLASSIC = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}
_EXPRESSIONS = (MatchOp.LIKE, MatchOp.NOT_LIKE)


def matches(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all matchers hold; none at all hold for everything."""
    return all(holds(matcher, labels) for matcher in matchers)


def holds(matcher: Matcher, labels: Labels) -> bool:
    """Whether one matcher holds. Its expression compiles: `make_matcher` has seen it."""
    values = labels.get(matcher.label) or _MISSING
    if matcher.op is MatchOp.EQUAL:
        return matcher.value in values
    if matcher.op is MatchOp.NOT_EQUAL:
        return matcher.value not in values
    expression = _compiled(matcher.value)
    found = any(expression.fullmatch(value) is not None for value in values)
    return found is (matcher.op is MatchOp.LIKE)


def selective(matchers: Iterable[Matcher]) -> bool:
    """Whether at least one matcher asks for something: holds neither for a missing label nor for just any value.

    What a silence needs, so that a slip of the pen does not silence everything.
    """
    return any(not holds(m, {}) and not holds(m, {m.label: (_NO_VALUE_HAS_THIS,)}) for m in matchers)


@lru_cache(maxsize=_COMPILED_MAX)
def _compiled(expression: str) -> Any:  # noqa: ANN401 - re2 has no types
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES_MAX
    return re2.compile(expression, options=options)


# --- from and to text ------------------------------------------------------------------------------------------------


def parse_matcher(text: str) -> Matcher:
    r"""A matcher from text: ``channel="x"``, ``severity =~ "critical|warning"``, ``tags=launch``.

    Inside and outside quotes ``\"``, ``\\`` and ``\n`` stand for a quote, a backslash and a new line. Raises ValueError
    with one sentence that people can act on.
    """
    found = _CLASSIC.fullmatch(text)
    if found is None:
        raise ValueError(f'{_shown(text)} is no matcher: write it as channel="x" or severity=~"critical|warning"')
    label, op, value = found.groups()
    return make_matcher(label, MatchOp(op), _unquoted(value, text))


def make_matcher(label: str, op: MatchOp, value: str) -> Matcher:
    """A matcher that can be used; raises ValueError for an unknown label, a bad expression or a word that cannot be."""
    if label not in LABELS:
        raise ValueError(f"{_shown(label)} is no label: {_meant(label, LABELS)}")
    if len(value) > VALUE_CHARS_MAX:
        raise ValueError(f"the value of {label} has {len(value)} characters; {VALUE_CHARS_MAX} are the most")
    if not value.isascii() and value != value.encode("utf-8", "ignore").decode():
        raise ValueError(f"the value of {label} is no text: a half of a character stands in it")
    if op in _EXPRESSIONS:
        try:
            _compiled(value)
        except re2.error as error:
            raise ValueError(f"{_shown(value)} is no expression that RE2 accepts: {_why(error)}") from error
    words = WORDS.get(label)
    if words is not None:
        sought = Matcher(label, MatchOp.LIKE if op in _EXPRESSIONS else MatchOp.EQUAL, value)
        if not any(holds(sought, {label: (word,)}) for word in ("", *words)):
            raise ValueError(f"{label} is never {_shown(value)}: {_meant(value, words)}")
    return Matcher(label, op, value)


def text_of(matcher: Matcher) -> str:
    """The matcher as `parse_matcher` reads it."""
    value = matcher.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{matcher.label}{matcher.op.value}"{value}"'


def _unquoted(raw: str, text: str) -> str:
    """The value without its quotes and escapes."""
    quoted = raw.startswith('"')
    if quoted:
        raw = raw[1:]
    plain: list[str] = []
    rest = iter(raw)
    closed = False
    for char in rest:
        if closed:
            raise ValueError(f'{_shown(text)} goes on after its closing quote: write a quote in a value as \\"')
        if char == "\\":
            after = next(rest, "")
            plain.append(_ESCAPES.get(after, f"\\{after}"))
        elif char == '"':
            if not quoted:
                raise ValueError(f"{_shown(text)} has a quote in the middle: put the whole value in quotes")
            closed = True
        else:
            plain.append(char)
    if quoted and not closed:
        raise ValueError(f"{_shown(text)} does not close its quote")
    return "".join(plain)


def _meant(text: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(text.casefold()[:128], known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"


def _why(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(error)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARS_MAX else text[: _SHOWN_CHARS_MAX - 1] + "…")
