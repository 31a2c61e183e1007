"""Whoever asks by which way trouble would go is answered for the labels that such trouble really has."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.labels import labels_of, supposed
from monitor.core.model import ChannelRule, ChannelState, Condition, Health, Incident, Phase, ProbeRule, Risk
from probes.base import Availability, Family, Severity

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PROBE = ProbeRule("x/1", "x", "status.auto", Family.STATUS, "https://s.example", "s.example", MINUTE, 5 * MINUTE)
CHANNEL = ChannelRule("x", "X", "meta", "Meta", probes=(PROBE,), market="fr", tags=("launch",))


@pytest.mark.parametrize(
    ("asked", "condition", "severity", "health", "family"),
    [
        ({}, Condition.AVAILABILITY, Severity.CRITICAL, Health(Availability.OUTAGE), None),
        ({"severity": "warning"}, Condition.AVAILABILITY, Severity.WARNING, Health(Availability.DEGRADED), None),
        ({"state": "degraded"}, Condition.AVAILABILITY, Severity.WARNING, Health(Availability.DEGRADED), None),
        ({"state": "unknown"}, Condition.UNKNOWN, Severity.WARNING, Health(Availability.UNKNOWN), None),
        ({"kind": "unknown"}, Condition.UNKNOWN, Severity.WARNING, Health(Availability.UNKNOWN), None),
        ({"family": "brand"}, Condition.RISK, Severity.CRITICAL, Health(risk=Risk.SEVERE), Family.BRAND),
        (
            {"family": "policy", "severity": "warning"},
            Condition.RISK,
            Severity.WARNING,
            Health(risk=Risk.ELEVATED),
            Family.POLICY,
        ),
    ],
)
def test_what_is_supposed_of_a_channel_is_what_its_trouble_has(
    asked: dict[str, str], condition: Condition, severity: Severity, health: Health, family: Family | None
) -> None:
    incident = Incident("1", "x", condition, Phase.OPEN, severity, ("x",), NOW, peak=severity, family=family)
    said = {name: (word,) for name, word in {"channel": "x", **asked}.items()}
    assert supposed(said, CHANNEL) == labels_of(incident, CHANNEL, ChannelState("x", health))


@pytest.mark.parametrize("kind", ["blind", "delivery", "watchdog", "schedule"])
def test_trouble_of_our_own_is_a_warning_of_no_channel(kind: str) -> None:
    incident = Incident("1", "monitor", Condition(kind), Phase.OPEN, Severity.WARNING, (), NOW, peak=Severity.WARNING)
    assert supposed({"kind": (kind,)}, None) == labels_of(incident, None, None)
