"""The job of a parser worker."""

from collections.abc import Mapping
from typing import Any

import probes
from probes.base import Observation, Params, Reading

__all__ = ["interpret"]


def interpret(kind: str, params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """What the kind's own `interpret` says."""
    return probes.load(kind).interpret(params, observation, memory)
