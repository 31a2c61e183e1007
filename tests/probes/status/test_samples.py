"""Every kind on hand-written payloads: healthy, each bad state, maintenance, words that nobody knows, parts missing."""

from typing import Any

import pytest

from probes import kinds
from tests.probes.status.said import OPERATIONAL, reading, reason, verdict, verdict_of
from tests.probes.status.samples import SAMPLES, Sample

CASES = [pytest.param(kind, s, id=f"{kind} {s.name}") for kind, samples in SAMPLES.items() for s in samples]
# These read what other kinds write: a dialect, any JSON, or whatever they find.
ALIKE = {("status.incidentio", "status.statuspage"), ("status.statuspage", "status.incidentio")}
OMNIVORES = {"status.json", "status.auto", "status.html"}
HEALTHY = [
    pytest.param(kind, s.payload, id=f"{kind} {s.name}")
    for kind, samples in SAMPLES.items()
    for s in samples
    if s.verdict == OPERATIONAL and not s.parts and not s.params and s.payload != []
]


@pytest.mark.parametrize(("kind", "sample"), CASES)
def test_a_kind_reads_its_payload_as_the_vendor_means_it(kind: str, sample: Sample) -> None:
    assert verdict(kind, sample.payload, parts=sample.parts, **sample.params) == sample.verdict


@pytest.mark.parametrize(("kind", "payload"), HEALTHY)
def test_no_kind_takes_another_kinds_payload_for_health(kind: str, payload: Any) -> None:  # noqa: ANN401 - JSON
    for other in kinds():
        if not other.startswith("status.") or other in OMNIVORES | {kind} or (kind, other) in ALIKE:
            continue
        assert reason(other, payload), f"{other} reads what {kind} wrote"


@pytest.mark.parametrize(("kind", "sample"), CASES)
def test_a_filter_that_matches_nothing_is_never_well(kind: str, sample: Sample) -> None:
    for axis in ("components", "groups", "products", "regions"):
        params = sample.params | {axis: ["no such thing"]}
        assert verdict(kind, sample.payload, parts=sample.parts, **params) not in (OPERATIONAL, "maintenance")


@pytest.mark.parametrize(
    ("kind", "healthy"),
    [(kind, next(s for s in samples if s.verdict == OPERATIONAL)) for kind, samples in SAMPLES.items()],
)
def test_a_healthy_reading_says_so_and_why(kind: str, healthy: Sample) -> None:
    said = reading(kind, healthy.payload, parts=healthy.parts, **healthy.params)
    assert verdict_of(said) == OPERATIONAL
    assert any(s.key == "page" and s.summary for s in said.signals)
