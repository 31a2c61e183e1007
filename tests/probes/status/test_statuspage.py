"""Atlassian Statuspage: its files, its dialect, its filters, its evidence, its addresses."""

from typing import Any

import pytest

from probes.base import Availability
from tests.probes.status.payloads import DIALECT, STATUSPAGE, STATUSPAGE_INCIDENT, STATUSPAGE_WORK, changed
from tests.probes.status.said import (
    DEGRADED,
    MAINTENANCE,
    OPERATIONAL,
    OUTAGE,
    UNKNOWN,
    looked,
    observed,
    reading,
    reason,
    signal,
    verdict,
)

KIND = "status.statuspage"
HEAD = {"page": STATUSPAGE["page"]}
SUMMARY_URL = "https://status.mailer.example/api/v2/summary.json"
DOWN = changed(STATUSPAGE, ("components.1.status", "major_outage"))


def without(*keys: str) -> dict[str, Any]:
    return {k: v for k, v in STATUSPAGE.items() if k not in keys}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(without("components"), UNKNOWN, id="summary without components"),
        pytest.param(without("status"), UNKNOWN, id="summary without status"),
        pytest.param(without("status", "components", "incidents"), UNKNOWN, id="only maintenance"),
        pytest.param(HEAD | {"status": STATUSPAGE["status"]}, OPERATIONAL, id="status.json"),
        pytest.param(HEAD | {"status": {"indicator": "critical"}}, OUTAGE, id="status.json, critical"),
        pytest.param(HEAD | {"status": {"indicator": "minor"}}, OPERATIONAL, id="status.json, minor alone"),
        pytest.param(HEAD | {"status": {}}, UNKNOWN, id="status.json without its word"),
        pytest.param(HEAD | {"status": "none"}, UNKNOWN, id="status.json of another type"),
        pytest.param(HEAD | {"components": STATUSPAGE["components"]}, OPERATIONAL, id="components.json"),
        pytest.param(HEAD | {"components": DOWN["components"]}, OUTAGE, id="components.json, down"),
        pytest.param(HEAD | {"components": []}, UNKNOWN, id="components.json, empty"),
        pytest.param(HEAD | {"incidents": []}, OPERATIONAL, id="unresolved.json, none"),
        pytest.param(HEAD | {"incidents": [STATUSPAGE_INCIDENT]}, DEGRADED, id="incidents.json, open"),
        pytest.param(
            {"incidents": [STATUSPAGE_INCIDENT | {"status": "resolved"}]}, OPERATIONAL, id="incidents.json, all over"
        ),
        pytest.param(HEAD, UNKNOWN, id="a page and nothing else"),
        pytest.param([], UNKNOWN, id="a list"),
        pytest.param({"status": "ok"}, UNKNOWN, id="another format"),
        pytest.param(changed(STATUSPAGE, ("components", [])), OPERATIONAL, id="no components, indicator none"),
        pytest.param(
            changed(STATUSPAGE, ("components", []), ("status.indicator", "minor")), UNKNOWN, id="no components, minor"
        ),
        pytest.param(
            changed(STATUSPAGE, ("components", []), ("status.indicator", "critical")),
            OUTAGE,
            id="no components, critical",
        ),
        pytest.param(
            changed(STATUSPAGE, ("components.0.status", "major_outage")),
            OPERATIONAL,
            id="a group only repeats its members",
        ),
        pytest.param(
            changed(STATUSPAGE, ("components.0.status", "major_outage"), ("components.0.id", "alone")),
            OUTAGE,
            id="a group without members counts",
        ),
        pytest.param(changed(STATUSPAGE, ("components.1.status", None)), UNKNOWN, id="component without a status"),
        pytest.param(changed(STATUSPAGE, ("components.1.status", 5)), UNKNOWN, id="status: 5"),
        pytest.param(changed(STATUSPAGE, ("components", {"a": 1})), UNKNOWN, id="components no list"),
        pytest.param(changed(STATUSPAGE, ("components", None)), UNKNOWN, id="components null"),
        pytest.param(changed(STATUSPAGE, ("components.1", "Email")), UNKNOWN, id="a component no object"),
        pytest.param(changed(STATUSPAGE, ("components.1.group", "no")), UNKNOWN, id="group no boolean"),
        pytest.param(changed(STATUSPAGE, ("incidents", 0)), UNKNOWN, id="incidents a number"),
        pytest.param(changed(STATUSPAGE, ("incidents", {})), UNKNOWN, id="incidents an object"),
        pytest.param(
            changed(STATUSPAGE, ("incidents", [STATUSPAGE_INCIDENT | {"components": 7}])),
            UNKNOWN,
            id="its components a number",
        ),
        pytest.param(
            changed(STATUSPAGE, ("incidents", [STATUSPAGE_INCIDENT | {"incident_updates": 7, "name": None}])),
            DEGRADED,
            id="texts do not decide",
        ),
    ],
)
def test_each_file_is_a_shape_of_its_own_and_a_cut_one_is_unreadable(payload: object, expected: str) -> None:
    assert verdict(KIND, payload) == expected


def test_a_status_json_at_the_summarys_address_is_a_cut_summary() -> None:
    cut = observed(HEAD | {"status": STATUSPAGE["status"]}, SUMMARY_URL)
    assert reason(KIND, cut) == "format"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"components": ["Email sending"]}, OUTAGE),
        ({"components": ["cmp1"]}, OUTAGE),
        ({"components": ["Reports"]}, OPERATIONAL),
        ({"components": ["Email"]}, UNKNOWN),
        ({"components": ["Email*"]}, OUTAGE),
        ({"components": ["/^rep/"]}, OPERATIONAL),
        ({"groups": ["Mail"]}, OUTAGE),
        ({"groups": ["grp1"]}, OUTAGE),
        ({"groups": ["Mai"]}, UNKNOWN),
        ({"components": ["Mail"]}, UNKNOWN),
        ({"products": ["Email sending"]}, UNKNOWN),
    ],
)
def test_filters_by_id_name_and_group(params: dict[str, Any], expected: str) -> None:
    assert verdict(KIND, DOWN, **params) == expected


@pytest.mark.parametrize(
    ("incident", "expected"),
    [
        (STATUSPAGE_INCIDENT, OPERATIONAL),
        (STATUSPAGE_INCIDENT | {"components": []}, DEGRADED),
        (STATUSPAGE_INCIDENT | {"components": None}, DEGRADED),
        (STATUSPAGE_INCIDENT | {"components": [{"id": "cmp2", "name": "Reports"}]}, DEGRADED),
        ({k: v for k, v in STATUSPAGE_INCIDENT.items() if k != "components"}, DEGRADED),
    ],
)
def test_an_incident_counts_for_the_components_it_names_or_for_all(incident: dict[str, Any], expected: str) -> None:
    page = changed(STATUSPAGE, ("incidents", [incident]), ("status.indicator", "critical"))
    assert verdict(KIND, page, components=["Reports"]) == expected


@pytest.mark.parametrize("name", ["status.json", "incidents.json"])
def test_a_filter_on_a_file_without_components_matches_nothing(name: str) -> None:
    payload = {"status.json": {"status": STATUSPAGE["status"]}, "incidents.json": {"incidents": []}}[name]
    assert reason(KIND, HEAD | payload, components=["Email sending"]) == "filter"


def test_incidents_json_knows_the_components_that_its_incidents_name() -> None:
    over = HEAD | {"incidents": [STATUSPAGE_INCIDENT | {"status": "resolved"}]}
    assert verdict(KIND, over, components=["Email sending"]) == OPERATIONAL
    assert verdict(KIND, HEAD | {"incidents": [STATUSPAGE_INCIDENT]}, components=["Email sending"]) == DEGRADED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), OPERATIONAL),
        ((("components.0.status", "full_outage"),), OUTAGE),
        (
            (
                (
                    "incidents",
                    [{"id": "01I", "name": "x", "status": "identified", "impact": "major", "shortlink": None}],
                ),
            ),
            DEGRADED,
        ),
        ((("scheduled_maintenances", [{"id": "01M", "name": "x", "status": "in_progress"}]),), MAINTENANCE),
    ],
)
def test_the_dialect_of_incidentio_with_its_nulls_and_gaps(changes: tuple[tuple[str, Any], ...], expected: str) -> None:
    assert verdict(KIND, changed(DIALECT, *changes)) == expected


def test_updates_component_changes_and_work_are_kept_as_evidence() -> None:
    page = changed(STATUSPAGE, ("incidents", [STATUSPAGE_INCIDENT]), ("scheduled_maintenances", [STATUSPAGE_WORK]))
    said = reading(KIND, page)
    incident = signal(said, "incident:inc1")
    assert [e.text for e in incident.evidence] == [
        "investigating: We are looking into late mail. [Email sending: operational -> partial_outage]",
        "investigating: First word.",
    ]
    assert incident.evidence[0].at is not None
    assert incident.since is not None
    assert incident.url == "https://stspg.io/x"
    work = signal(said, "maintenance:mnt1")
    assert work.stands_for is Availability.OPERATIONAL
    assert work.since is not None
    assert work.until is not None
    assert work.since < work.until
    assert "still says: none (All Systems Operational)" in signal(said, "indicator").summary


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://status.mailer.example", SUMMARY_URL),
        ("https://status.mailer.example/", SUMMARY_URL),
        ("https://status.mailer.example/#top", SUMMARY_URL),
        (SUMMARY_URL, SUMMARY_URL),
        ("https://status.mailer.example/pages/one", "https://status.mailer.example/pages/one/api/v2/summary.json"),
        ("https://x.example/custom.json", "https://x.example/custom.json"),
        ("http://127.0.0.1:8765/api/v2/status.json", "http://127.0.0.1:8765/api/v2/status.json"),
    ],
)
async def test_the_pages_own_address_works_as_well_as_its_files(url: str, asked: str) -> None:
    assert await looked(KIND, url, {asked: STATUSPAGE}) == ([asked], OPERATIONAL)
