"""Every recorded JSON page of a real vendor is read as it was meant; none that was broken reads as well."""

from typing import Any

import pytest

from tests.fixtures_at import FIXTURES, needs_fixtures
from tests.probes.status.recorded import RECORDED, Recorded
from tests.probes.status.said import (
    DEGRADED,
    MAINTENANCE,
    OPERATIONAL,
    UNKNOWN,
    observed,
    reading,
    signal,
    texts,
    verdict,
)

pytestmark = needs_fixtures
FOLDERS = ("statuspage", "slack", "google", "statusio", "heroku", "salesforce", "history/slack_weekly_2026")


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: r.file)
def test_a_recorded_page_is_read_as_it_was_meant(recorded: Recorded) -> None:
    assert verdict(recorded.kind, observed(recorded.body, recorded.url)) == recorded.verdict


def test_the_table_names_every_recorded_status_json() -> None:
    found = {str(p.relative_to(FIXTURES)) for folder in FOLDERS for p in (FIXTURES / folder).rglob("*.json")}
    assert found == {r.file for r in RECORDED}


def read(file: str, **params: Any) -> str:  # noqa: ANN401 - what the kind takes
    recorded = next(r for r in RECORDED if file in r.file)
    return verdict(recorded.kind, observed(recorded.body, recorded.url), **params)


@pytest.mark.parametrize(
    ("file", "params", "expected"),
    [
        ("twilio_2020-06-16", {"components": ["Studio"]}, OPERATIONAL),  # the open incidents name other components
        ("twilio_2020-06-16", {"components": ["MMS"]}, DEGRADED),
        ("coinbase-components", {"components": ["Bitcoin"]}, OPERATIONAL),
        ("coinbase-components", {"components": ["Bit"]}, UNKNOWN),
        ("qualys-components", {"components": ["*"]}, "outage"),
        ("salesforce_trust", {"components": ["NA137"]}, DEGRADED),
        ("salesforce_trust", {"components": ["NA138"]}, OPERATIONAL),
        ("salesforce_trust", {"products": ["Marketing_Cloud"]}, OPERATIONAL),
        ("salesforce_trust", {"products": ["Sales_Cloud"], "regions": ["NA"]}, DEGRADED),
        ("salesforce_trust", {"regions": ["EMEA"]}, OPERATIONAL),
        ("slack_current", {"components": ["Notifications"]}, DEGRADED),
        ("slack_current", {"components": ["Huddles"]}, OPERATIONAL),
        ("gitlab_maintenance", {"components": ["dashboards.gitlab.com"]}, MAINTENANCE),
        ("gitlab_maintenance", {"components": ["Website"]}, DEGRADED),
        ("gitlab_maintenance", {"components": ["Canary"]}, OPERATIONAL),
        ("gitlab_security", {"regions": ["AWS"]}, OPERATIONAL),
        ("gcp_incidents_2026", {"products": ["VMWare engine"], "regions": ["europe-west4"]}, OPERATIONAL),
        ("gcp_incidents_2026", {"products": ["Gmail"]}, UNKNOWN),
        ("heroku_v4_2020-11", {"components": ["Apps"]}, OPERATIONAL),
    ],
)
def test_a_part_of_a_recorded_page(file: str, params: dict[str, Any], expected: str) -> None:
    assert read(file, **params) == expected


def test_the_words_of_a_recorded_incident_are_kept() -> None:
    recorded = next(r for r in RECORDED if "twilio_2020-06-16" in r.file)
    said = reading(recorded.kind, observed(recorded.body, recorded.url))
    assert "Sprint" in texts(said)
    incidents = [s for s in said.signals if s.key.startswith("incident:")]
    assert len(incidents) == 2
    assert all(s.evidence and s.since for s in incidents)
    assert sum(s.key.startswith("maintenance:") for s in said.signals) == 9
    assert "minor" in signal(said, "indicator").summary
