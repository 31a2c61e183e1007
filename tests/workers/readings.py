"""A kind's `interpret` that misbehaves as the body of the observation says."""

from collections.abc import Mapping
from typing import Any

from probes.base import Certainty, Evidence, Family, Observation, Reading, Severity, Signal
from tests.workers import jobs


def interpret(kind: str, params: object, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """A kind's `interpret` that does what the body says."""
    del params
    if observation.body in (b"hang", b"kill", b"unreadable", b"bug"):
        jobs.work(observation.body.decode())
    if observation.body == b"word":
        return "no reading"  # type: ignore[return-value]
    text = observation.body.decode()
    signal = Signal(kind, Family.POLICY, Severity.INFO, Certainty.OFFICIAL, text, (Evidence(text, observation.at),))
    return Reading(signals=(signal,), memory={**memory, "seen": text})
