"""One run of a probe: look, read, decide; and nothing but a word about it when that fails.

The unchanged short cut: an answer with the body of the last one means what it meant then, so nothing is parsed. Bodies
are told apart by Python's own hash of them (64 bits, keyed at random at every start), so none is kept here. For the
very object of the last time, which the fetcher hands out again for a 304 or an equal body, that hash is already known.
Kinds that read mark-up are interpreted in a killable worker process; JSON within its byte limit is read here.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, cast

import probes
from monitor.core.model import Failed, ProbeState, Read, Step
from monitor.engine import Engine
from monitor.settings import ProbeSpec
from monitor.store import StoredObservation
from probes.base import (
    UNREACHABLE_REASONS,
    Fetch,
    Kind,
    MeasuredParams,
    Observation,
    Params,
    Reading,
    Reason,
    Unreachable,
    Unreadable,
)

__all__ = ["Interpret", "Meter", "Runner", "interpret_here", "look"]

LOG = logging.getLogger(__name__)

Interpret = Callable[[str, Params, Observation, Mapping[str, Any]], Awaitable[Reading]]


class Meter(Protocol):
    """Where one probe's runs are counted."""

    def success(self, took: float, at: datetime) -> None:
        """A run that gave a reading."""
        ...

    def failure(self, reason: Reason, took: float, at: datetime) -> None:
        """A run that gave none."""
        ...


@dataclass(slots=True)
class _Last:
    """What the newest answer of a probe was known by, and what it meant, for the unchanged short cut."""

    body_hash: int
    body_size: int
    status: int
    url: str
    reading: Reading


class Runner:
    """Runs probes against the engine. `recheck(probe, after)` asks the scheduler to look again soon."""

    def __init__(
        self,
        engine: Engine,
        fetch: Fetch,
        now: Callable[[], datetime],
        *,
        interpret_apart: Interpret,
        meter: Callable[[ProbeSpec], Meter],
        recheck: Callable[[str, Any], None],
        redact: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._engine = engine
        self._fetch = fetch
        self._now = now
        self._apart = interpret_apart
        self._meter = meter
        self._recheck = recheck
        self._redact = redact
        self._last: dict[str, _Last] = {}

    def forget(self, probe: str) -> None:
        """A probe left or changed: what it said last is no short cut any more."""
        self._last.pop(probe, None)

    async def run(self, spec: ProbeSpec) -> None:
        """Run one probe once. Every fault becomes an event; only cancellation passes."""
        probe = self._engine.state.probes.get(spec.rule.id)
        if probe is None:
            return
        started = self._now()
        seen: Observation | None = None
        try:
            kind = probes.load(spec.kind)
            seen = await observe(kind, spec.params, self._fetch, probe.memory)
            reading = await self._read(kind, spec, seen, probe)
        except Unreachable as error:
            self._failed(spec, started, seen, error.reason, str(error), unreachable=True)
        except Unreadable as error:
            self._failed(spec, started, seen, error.reason, str(error), unreachable=False)
        except Exception as error:
            text = f"a fault of ours while reading it: {type(error).__name__}"
            LOG.exception("probe %s: a fault of ours", spec.rule.id)
            self._failed(spec, started, seen, Reason.INTERNAL, text, unreachable=False)
        else:
            self._done(spec, started, seen, reading, probe)

    async def _read(self, kind: Kind, spec: ProbeSpec, seen: Observation, probe: ProbeState) -> Reading:
        last = self._last.get(spec.rule.id)
        if last is not None and _unchanged(kind, last, seen):
            return last.reading
        reading = await interpret(kind, spec, without_secrets(seen, self._redact), probe.memory, self._apart)
        levels = tuple(s for s in reading.signals if s.lasts is None)
        again = reading if len(levels) == len(reading.signals) else replace(reading, signals=levels)
        if not seen.parts:
            self._last[spec.rule.id] = _Last(hash(seen.body), len(seen.body), seen.status, seen.url, again)
        else:
            self._last.pop(spec.rule.id, None)
        return reading

    def _done(
        self, spec: ProbeSpec, started: datetime, seen: Observation, reading: Reading, before: ProbeState
    ) -> None:
        now = self._now()
        unreachable = seen.error in UNREACHABLE_REASONS
        stored = None
        if reading.signals != before.signals or before.failure is not None:
            stored = StoredObservation(spec.rule.id, seen.at, self._public(spec, seen), reading)
        taken = self._engine.put(Read(spec.rule.id, reading, unreachable), stored)
        self._meter(spec).success((now - started).total_seconds(), now)
        self._look_again(spec, before, taken)

    def _look_again(self, spec: ProbeSpec, before: ProbeState, taken: Step) -> None:
        """After a first failure of a measuring probe, do not wait for its next turn."""
        after = taken.state.probes.get(spec.rule.id)
        if spec.rule.measured is None or after is None or not isinstance(spec.params, MeasuredParams):
            return
        newly_failing = after.recent[-1:] == (False,) and before.recent[-1:] != (False,)
        if newly_failing and after.good is not False:
            self._recheck(spec.rule.id, min(spec.params.recheck, spec.rule.every))

    def _failed(
        self,
        spec: ProbeSpec,
        started: datetime,
        seen: Observation | None,
        reason: Reason,
        text: str,
        *,
        unreachable: bool,
    ) -> None:
        now = self._now()
        text = self._redact(text)
        self._last.pop(spec.rule.id, None)
        public = self._public(spec, seen) if seen is not None else None
        stored = StoredObservation(spec.rule.id, now, public, None, reason, text)
        self._engine.put(Failed(spec.rule.id, reason, text, unreachable), stored)
        self._meter(spec).failure(reason, (now - started).total_seconds(), now)

    def _public(self, spec: ProbeSpec, seen: Observation) -> Observation:
        """The observation as people may see it: no credential in its address, none that the other side repeated."""
        return replace(without_secrets(seen, self._redact), url=spec.rule.url)


def without_secrets(seen: Observation, redact: Callable[[str], str]) -> Observation:
    """What was seen, with our own credentials blotted out: error pages like to repeat the address that was asked for.

    It is done before the answer is read, so that neither signals nor a kind's memory can hold one.
    """
    body = redact(seen.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return replace(
        seen,
        url=redact(seen.url),
        headers={name: redact(value) for name, value in seen.headers.items()},
        body=seen.body if body == seen.body else body,
        parts={name: without_secrets(part, redact) for name, part in seen.parts.items()},
    )


async def look(
    kind: Kind,
    spec: ProbeSpec,
    fetch: Fetch,
    memory: Mapping[str, Any],
    apart: Interpret,
    redact: Callable[[str], str],
) -> tuple[Observation, Reading]:
    """One run without a house: what was seen and what it means. Raises Unreachable and Unreadable."""
    seen = without_secrets(await observe(kind, spec.params, fetch, memory), redact)
    return seen, await interpret(kind, spec, seen, memory, apart)


async def interpret(
    kind: Kind, spec: ProbeSpec, seen: Observation, memory: Mapping[str, Any], apart: Interpret
) -> Reading:
    """What an observation means; kinds that read mark-up are asked `apart`."""
    if getattr(kind, "MARKUP", False):
        return await apart(spec.kind, spec.params, seen, memory)
    return kind.interpret(spec.params, seen, memory)


async def observe(kind: Kind, params: Params, fetch: Fetch, memory: Mapping[str, Any]) -> Observation:
    """What the outside says; kinds that recall are handed their memory."""
    if getattr(kind, "RECALLS", False):
        recalling = cast("Callable[[Params, Fetch, Mapping[str, Any]], Awaitable[Observation]]", kind.observe)
        return await recalling(params, fetch, memory)
    return await kind.observe(params, fetch)


def _unchanged(kind: Kind, last: _Last, seen: Observation) -> bool:
    return (
        hash(seen.body) == last.body_hash
        and len(seen.body) == last.body_size
        and seen.status == last.status
        and not seen.parts
        and not seen.error
        and seen.url == last.url
        and not getattr(kind, "AGES", False)
    )


async def interpret_here(kind: str, params: Params, seen: Observation, memory: Mapping[str, Any]) -> Reading:
    """Interpret in this process: for simulations and `vigie probe`, which fear no hostile page."""
    return probes.load(kind).interpret(params, seen, memory)
