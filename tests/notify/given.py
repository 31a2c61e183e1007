"""Messages on one incident, as the dispatcher hands them to a sender."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from monitor.core.model import Link, Message
from monitor.notify import Envelope

__all__ = ["LABELS", "NOW", "PAGE", "envelope"]

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LABELS = {"channel": ("facebook", "instagram"), "platform": ("meta",), "kind": ("availability",)}
PAGE = "https://vigie.example/incidents/0-7"


def envelope(step: str = "opened", *, severity: str = "critical", **more: Any) -> Envelope:  # noqa: ANN401 - as Envelope
    words = Message(
        "Meta: outage since 09:00", "⛔", (("What it means", "No ad goes out."),), (Link("Incident", PAGE),)
    )
    base = Envelope(f"0-7/1/{step}/ops/1", "0-7", 1, step, words, NOW, critical=severity == "critical", opened=NOW)
    return replace(base, labels=LABELS | {"severity": (severity,)}, **more)
