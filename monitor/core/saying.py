"""A sentence of ours that can be said in another language: it remembers how it was made.

In place it is its English text, so whoever only reads it needs to know nothing; the words to people
(`monitor.core.wording`) look up its pattern in the reader's catalogue and fill it anew. What a probe or a vendor wrote
is a plain string, and is quoted as it stands.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Self, overload

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from probes.base import Availability

__all__ = ["Said", "Saying", "about", "duration", "fill", "mark", "state_word"]

Value = int | str
"""What stands in a pattern: a number, a name that is the same in every language, or another `Saying`.

A string under a name that begins with ``quote`` is somebody else's words.
"""


def fill(pattern: str, values: Mapping[str, Value]) -> str:
    """The pattern with its values. Raises ValueError when one is missing."""
    try:
        return pattern.format_map(values)
    except (LookupError, AttributeError) as fault:
        msg = f"the pattern {pattern!r} needs other values than {sorted(values)}"
        raise ValueError(msg) from fault


@overload
def mark(text: str) -> str: ...
@overload
def mark(text: str, many: str) -> tuple[str, str]: ...
def mark(text: str, many: str = "") -> str | tuple[str, str]:
    """The pattern (or the two) itself, marked as one that the catalogues hold; said later."""
    return (text, many) if many else text


class Saying(str):
    """English words with the pattern (`text`) and the values they were made of.

    `many`: the pattern for more than one, counted by the value ``n``; empty where nothing is counted.
    """

    __slots__ = ("many", "text", "values")
    text: str
    many: str
    values: Mapping[str, Value]

    def __new__(cls, text: str, many: str = "", /, **values: Value) -> Self:
        """``Saying("{n} day", "{n} days", n=2)``; raises ValueError when a value is missing."""
        new = super().__new__(cls, fill(many if many and values.get("n") != 1 else text, values))
        new.text, new.many, new.values = text, many, MappingProxyType(values)
        return new

    def __reduce__(self) -> tuple[Callable[..., "Saying"], tuple[str, str, dict[str, Value]]]:
        return _made, (self.text, self.many, dict(self.values))


def _made(text: str, many: str, values: Mapping[str, Value]) -> Saying:
    return Saying(text, many, **values)


def about(name: str, reason: str) -> Saying:
    """``"Facebook: the reason"``, where the reason may be ours or somebody else's."""
    if isinstance(reason, Saying):
        return Saying("{name}: {reason}", name=name, reason=reason)
    return Saying("{name}: {quote}", name=name, quote=reason)


# --- as the store keeps it -------------------------------------------------------------------------------------------


def _read(value: object) -> str:
    """Plain text is what others wrote, and what rows from before held; an object is a saying."""
    if isinstance(value, str):
        return value
    match value:
        case {"text": str(text), "many": str(many), "values": dict(values)}:
            return _made(text, many, {str(k): v if isinstance(v, int) else _read(v) for k, v in values.items()})
    msg = "neither a text nor a saying"
    raise ValueError(msg)


def _write(value: str) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, Saying):
        return value
    values = {k: v if isinstance(v, int) else _write(v) for k, v in value.values.items()}
    return {"text": value.text, "many": value.many, "values": values}


Said = Annotated[
    str,
    PlainValidator(_read),
    PlainSerializer(_write, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]}),
]
"""A field that holds sentences: ours (`Saying`), or somebody else's (plain)."""


# --- states and spans -------------------------------------------------------------------------------------------------


_STATES = {
    Availability.OPERATIONAL: mark("operational"),
    Availability.MAINTENANCE: mark("maintenance"),
    Availability.DEGRADED: mark("degraded"),
    Availability.OUTAGE: mark("outage"),
    Availability.UNKNOWN: mark("unknown"),
}


def state_word(state: Availability) -> Saying:
    """What people call a state."""
    return Saying(_STATES[state])


def duration(span: timedelta) -> Saying:
    """``"45 s"``, ``"7 min"``, ``"3 h 05 min"``, ``"2 days 4 h"``; what is zero at the end is left out."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 1:
        return Saying("{n} s", n=seconds)
    if hours < 1:
        return Saying("{n} min", n=minutes)
    if days < 1:
        rest = f"{minutes % 60:02d}"
        return Saying("{n} h", n=hours) if rest == "00" else Saying("{n} h {minutes} min", n=hours, minutes=rest)
    if hours % 24 == 0:
        return Saying("{n} day", "{n} days", n=days)
    return Saying("{n} day {hours} h", "{n} days {hours} h", n=days, hours=hours % 24)
