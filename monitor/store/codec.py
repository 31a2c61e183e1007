"""Nouns to JSON text and back.

Text from strangers may hold what UTF-8 cannot; it is replaced, so that a commit never fails on it.
"""

import json
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from monitor.core.duty import Labels, Override, Silence
from monitor.core.model import (
    ChannelState,
    Incident,
    Message,
    MonitorState,
    Notification,
    ProbeState,
    ScheduleState,
)
from monitor.store.rows import StoredObservation
from monitor.store.schema import sound
from probes.base import Observation, Reading, Reason

__all__ = [
    "BODY_BYTES_KEPT",
    "CHANNEL",
    "EVIDENCE",
    "FACTS",
    "INCIDENT",
    "MESSAGE",
    "MONITOR_STATE",
    "OVERRIDE",
    "PROBE",
    "SCHEDULE",
    "SILENCE",
    "Facts",
    "decode_observation",
    "encode",
    "encode_observation",
    "encode_probe",
    "facts_of",
    "why",
]

BODY_BYTES_KEPT = 64 * 1024
"""Of all bodies of one run together, before compression."""

_COMPRESSION = 1  # level of zlib: a page of JSON shrinks about tenfold, in well under a millisecond


@dataclass(frozen=True, slots=True)
class Facts:
    """What a notification says for programs and links, which no query asks for."""

    recipient: str = ""
    acts: tuple[str, ...] = ()
    labels: Labels = field(default_factory=dict)
    opened: datetime | None = None
    resolved: datetime | None = None


def facts_of(note: Notification) -> Facts:
    """Those of a notification."""
    return Facts(note.recipient, note.acts, note.labels, note.opened, note.resolved)


PROBE = TypeAdapter(ProbeState)
CHANNEL = TypeAdapter(ChannelState)
INCIDENT = TypeAdapter(Incident)
SILENCE = TypeAdapter(Silence)
OVERRIDE = TypeAdapter(Override)
SCHEDULE = TypeAdapter(ScheduleState)
FACTS = TypeAdapter(Facts)
MONITOR_STATE = TypeAdapter(MonitorState)
MESSAGE = TypeAdapter(Message)
EVIDENCE = TypeAdapter(tuple[str, ...])

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


def encode(adapter: TypeAdapter[_T], value: _T) -> str:
    """`value` as JSON text. Raises PydanticSerializationError when it holds what JSON cannot."""
    try:
        # Without warnings: a mapping that is no dict is welcome, and pydantic would warn of it.
        return adapter.dump_json(value, fallback=_plain, warnings=False).decode()
    except PydanticSerializationError:
        # Half a surrogate pair, perhaps: possible in JSON from outside and in a str, not in UTF-8.
        plain = adapter.dump_python(value, mode="json", fallback=_plain, warnings=False)
        return sound(json.dumps(plain, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def encode_probe(state: ProbeState) -> str:
    """A probe's state as JSON. A memory that has no JSON form is left out: one faulty kind must not stop the house."""
    try:
        return encode(PROBE, state)
    except (PydanticSerializationError, TypeError, ValueError, RecursionError) as error:
        _log.error("probe %s: its memory has no JSON form and is not kept: %s", state.id, error)
        return encode(PROBE, replace(state, memory={}))


def why(error: ValidationError) -> str:
    """The first fault of a row that does not parse, without the row's content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'row'}: {first['msg']}"


# --- observations ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer without its body; `kept` bytes of it stand in the blob, after those of the answers before it."""

    name: str
    url: str
    status: int
    headers: Mapping[str, str]
    at: datetime
    took: float
    error: str
    kept: int


@dataclass(frozen=True, slots=True)
class _Run:
    reason: Reason | None
    text: str
    cut: bool
    reading: Reading | None
    answers: tuple[_Answer, ...] = field(default=())  # the first is the run's own, the rest its parts


_RUN = TypeAdapter(_Run)


def encode_observation(stored: StoredObservation) -> tuple[str, bytes]:
    """JSON text and the bodies, compressed. Parts of parts are flattened under the name of both."""
    answers: list[_Answer] = []
    bodies: list[bytes] = []
    room, cut = BODY_BYTES_KEPT, stored.cut
    for name, seen in _flat("", stored.observation):
        body = seen.body[:room]
        room -= len(body)
        cut = cut or len(body) < len(seen.body)
        bodies.append(body)
        answers.append(
            _Answer(name, seen.url, seen.status, dict(seen.headers), seen.at, seen.took, seen.error, kept=len(body))
        )
    reading = None if stored.reading is None else replace(stored.reading, memory={})  # it stands in the probe's state
    run = _Run(stored.reason, stored.text, cut, reading, tuple(answers))
    return encode(_RUN, run), zlib.compress(b"".join(bodies), _COMPRESSION)


def _flat(name: str, seen: Observation | None) -> list[tuple[str, Observation]]:
    if seen is None:
        return []
    found = [(name, seen)]
    for part, inner in seen.parts.items():
        found += _flat(f"{name}/{part}" if name else part, inner)
    return found


def decode_observation(probe: str, at: datetime, text: str, blob: bytes) -> StoredObservation:
    """The inverse of `encode_observation`. Raises ValidationError or zlib.error for a damaged row."""
    run = _RUN.validate_json(text)
    inflating = zlib.decompressobj()
    bodies = inflating.decompress(blob, BODY_BYTES_KEPT + 1)
    if not inflating.eof or len(bodies) != sum(a.kept for a in run.answers):
        raise zlib.error("the bodies are cut")
    seen: list[tuple[str, Observation]] = []
    start = 0
    for a in run.answers:
        body = bodies[start : start + a.kept]
        start += a.kept
        seen.append((a.name, Observation(a.url, a.status, a.headers, body, a.at, a.took, a.error)))
    parts: dict[str, Any] = dict(seen[1:])
    observation = replace(seen[0][1], parts=parts) if seen else None
    return StoredObservation(probe, at, observation, run.reading, run.reason, run.text, run.cut)
