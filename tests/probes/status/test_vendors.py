"""Slack, Google, Meta, Microsoft, Salesforce, Heroku and AWS: their filters, their evidence, their addresses."""

import json
from typing import Any

import pytest

from probes.base import EVIDENCE_CHARS_MAX
from tests.probes.status.payloads import (
    AWS_EVENT,
    GOOGLE,
    GOOGLE_OPEN,
    GOOGLE_PRODUCTS,
    HEROKU,
    HEROKU_INCIDENT,
    META,
    MICROSOFT,
    SALESFORCE,
    SALESFORCE_INCIDENT,
    SLACK,
    SLACK_BAD,
    SLACK_ITEM,
    changed,
)
from tests.probes.status.said import (
    DEGRADED,
    OPERATIONAL,
    OUTAGE,
    UNKNOWN,
    looked,
    reading,
    reason,
    signal,
    texts,
    verdict,
)


@pytest.mark.parametrize(
    ("kind", "payload", "params", "expected"),
    [
        ("status.slack", SLACK_BAD, {"components": ["Messaging"]}, DEGRADED),
        ("status.slack", SLACK_BAD, {"products": ["messaging"]}, DEGRADED),
        ("status.slack", SLACK_BAD, {"components": ["Huddles"]}, OPERATIONAL),
        ("status.slack", SLACK_BAD, {"components": ["Message"]}, UNKNOWN),
        (
            "status.slack",
            changed(SLACK_BAD, ("active_incidents.0.services", [])),
            {"components": ["Huddles"]},
            DEGRADED,
        ),
        ("status.slack", changed(SLACK_BAD, ("active_incidents.0.services", 5)), {}, UNKNOWN),
        ("status.slack", changed(SLACK_BAD, ("active_incidents.0.services", [5])), {}, UNKNOWN),
        (
            "status.meta",
            changed(META, ("0.services.0.status", "Major disruptions")),
            {"products": ["whatsapp"]},
            OPERATIONAL,
        ),
        (
            "status.meta",
            changed(META, ("0.services.0.status", "Major disruptions")),
            {"products": ["Ads Manager"]},
            OUTAGE,
        ),
        (
            "status.meta",
            changed(META, ("0.services.0.status", "Major disruptions")),
            {"components": ["Ad delivery"]},
            OPERATIONAL,
        ),
        ("status.meta", META, {"products": ["Ads"]}, UNKNOWN),
        ("status.microsoft", changed(MICROSOFT, ("0.Status", "Degraded")), {"components": ["Teams"]}, OPERATIONAL),
        ("status.microsoft", changed(MICROSOFT, ("0.Status", "Degraded")), {"products": ["Outlook"]}, DEGRADED),
        ("status.microsoft", changed(MICROSOFT, ("0.Status", "Degraded")), {"components": ["MX1"]}, DEGRADED),
        (
            "status.salesforce",
            changed(SALESFORCE, ("0.status", "MAJOR_INCIDENT_CORE")),
            {"components": ["EU7"]},
            OPERATIONAL,
        ),
        ("status.salesforce", changed(SALESFORCE, ("0.status", "MAJOR_INCIDENT_CORE")), {"regions": ["NA"]}, OUTAGE),
        (
            "status.salesforce",
            changed(SALESFORCE, ("0.status", "MAJOR_INCIDENT_CORE")),
            {"regions": ["EMEA"]},
            OPERATIONAL,
        ),
        (
            "status.salesforce",
            changed(SALESFORCE, ("0.status", "MAJOR_INCIDENT_CORE")),
            {"products": ["Sales_Cloud"]},
            OPERATIONAL,
        ),
        (
            "status.salesforce",
            changed(SALESFORCE, ("0.Incidents", [SALESFORCE_INCIDENT])),
            {"components": ["NA1"]},
            DEGRADED,
        ),
        (
            "status.salesforce",
            changed(SALESFORCE, ("0.Incidents", [SALESFORCE_INCIDENT])),
            {"components": ["EU7"]},
            OPERATIONAL,
        ),
        ("status.salesforce", changed(SALESFORCE, ("1.isActive", False)), {"components": ["EU7"]}, OPERATIONAL),
        ("status.heroku", changed(HEROKU, ("status.0.status", "red")), {"components": ["Data"]}, OPERATIONAL),
        ("status.heroku", changed(HEROKU, ("status.0.status", "red")), {"components": ["Apps"]}, OUTAGE),
        (
            "status.aws",
            [AWS_EVENT | {"arn": "arn:aws:health:global::event/x", "service": "iam"}],
            {"regions": ["us-east-1"]},
            OUTAGE,
        ),
        ("status.aws", [AWS_EVENT | {"impacted_services": None}], {"products": ["lambda"]}, OUTAGE),
        ("status.aws", [AWS_EVENT | {"impacted_services": [1]}], {}, UNKNOWN),
        ("status.aws", [AWS_EVENT | {"status": None}], {}, UNKNOWN),
    ],
)
def test_filters_by_the_vendors_own_parts(kind: str, payload: object, params: dict[str, Any], expected: str) -> None:
    assert verdict(kind, payload, **params) == expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"products": ["Google Ads"]}, DEGRADED),
        ({"products": ["ads1"]}, DEGRADED),
        ({"components": ["AdSense"]}, OPERATIONAL),
        ({"products": ["Google"]}, UNKNOWN),
        ({"products": ["Google Ads"], "regions": ["europe-west1"]}, DEGRADED),
        ({"regions": ["Belgium (europe-west1)"]}, DEGRADED),
        ({"regions": ["us-central1"]}, UNKNOWN),
    ],
)
def test_google_filters_by_product_and_place(params: dict[str, Any], expected: str) -> None:
    assert verdict("status.google", GOOGLE_OPEN, parts={"products": GOOGLE_PRODUCTS}, **params) == expected


def test_google_counts_an_incident_only_where_it_is_now() -> None:
    moved = changed(GOOGLE_OPEN, ("0.currently_affected_locations", [{"title": "Iowa", "id": "us-central1"}]))
    assert verdict("status.google", moved, regions=["europe-west1"]) == OPERATIONAL
    assert verdict("status.google", moved, regions=["us-central1"]) == DEGRADED


def test_google_never_reopens_an_incident_that_was_modified_after_its_end() -> None:
    assert verdict("status.google", changed(GOOGLE, ("0.modified", "2026-11-22T08:59:00+00:00"))) == OPERATIONAL


def test_google_reads_an_incident_of_multiple_products_without_a_list_as_one_of_all() -> None:
    bare = changed(GOOGLE_OPEN, ("0.affected_products", []))
    assert verdict("status.google", bare, parts={"products": GOOGLE_PRODUCTS}, products=["AdSense"]) == DEGRADED


def test_a_salesforce_impact_that_ended_at_no_time_is_unreadable() -> None:
    odd = changed(SALESFORCE_INCIDENT, ("IncidentImpacts.0.endTime", True))
    assert reason("status.salesforce", changed(SALESFORCE, ("0.Incidents", [odd]))) == "format"


def test_aws_is_read_in_utf_16() -> None:
    body = json.dumps([AWS_EVENT]).encode("utf-16-be")
    assert verdict("status.aws", b"\xfe\xff" + body) == OUTAGE
    assert verdict("status.aws", "[]".encode("utf-16")) == OPERATIONAL


@pytest.mark.parametrize(
    ("kind", "payload", "words"),
    [
        ("status.slack", SLACK_BAD, ["Messages are slow", "Looking."]),
        ("status.google", GOOGLE_OPEN, ["Reports are delayed", "SERVICE_DISRUPTION: We see delays."]),
        (
            "status.microsoft",
            changed(MICROSOFT, ("0.Status", "Degraded"), ("0.Message", "<p>Mail is late</p>")),
            ["Mail is late"],
        ),
        (
            "status.salesforce",
            changed(SALESFORCE, ("0.Incidents", [SALESFORCE_INCIDENT])),
            ["We restart", "investigating: We look."],
        ),
        ("status.heroku", changed(HEROKU, ("incidents", [HEROKU_INCIDENT])), ["Routing errors", "issue: Worse."]),
        ("status.aws", [AWS_EVENT], ["UAE: Region Availability", "Errors: We look."]),
    ],
)
def test_what_the_vendor_says_is_kept_as_evidence(kind: str, payload: object, words: list[str]) -> None:
    said = texts(reading(kind, payload))
    for expected in words:
        assert expected in said


def test_evidence_is_bounded() -> None:
    long = changed(SLACK_BAD, ("active_incidents.0.notes", [{"body": "x" * 4_000, "date_created": None}] * 500))
    evidence = signal(reading("status.slack", long), "incident:1600").evidence
    assert len(evidence) <= 50
    assert all(len(e.text) <= EVIDENCE_CHARS_MAX for e in evidence)


@pytest.mark.parametrize(
    ("kind", "url", "answers", "params"),
    [
        ("status.slack", "https://slack-status.com/", {"https://slack-status.com/api/v2.0.0/current": SLACK}, {}),
        (
            "status.slack",
            "https://slack-status.com/api/v2.0.0/history",
            {"https://slack-status.com/api/v2.0.0/history": [SLACK_ITEM | {"status": "resolved"}]},
            {},
        ),
        (
            "status.google",
            "https://ads.google.com/status/publisher",
            {"https://ads.google.com/status/publisher/incidents.json": GOOGLE},
            {},
        ),
        (
            "status.google",
            "https://status.search.google.com/incidents.json",
            {
                "https://status.search.google.com/incidents.json": GOOGLE,
                "https://status.search.google.com/products.json": GOOGLE_PRODUCTS,
            },
            {"products": ["AdSense"]},
        ),
        ("status.meta", "https://metastatus.com/", {"https://metastatus.com/data/orgs.json": META}, {}),
        (
            "status.microsoft",
            "https://status.cloud.microsoft",
            {"https://status.cloud.microsoft/api/posts/m365Consumer": MICROSOFT},
            {},
        ),
        (
            "status.salesforce",
            "https://status.salesforce.com/",
            {"https://api.status.salesforce.com/v1/instances/status/preview": SALESFORCE},
            {},
        ),
        (
            "status.salesforce",
            "https://api.status.salesforce.com/v1/instances/NA1/status",
            {"https://api.status.salesforce.com/v1/instances/NA1/status": SALESFORCE[0]},
            {"components": ["NA1"]},
        ),
        ("status.heroku", "https://status.heroku.com", {"https://status.heroku.com/api/v4/current-status": HEROKU}, {}),
        (
            "status.aws",
            "https://health.aws.amazon.com/health/status",
            {"https://health.aws.amazon.com/public/currentevents": []},
            {},
        ),
        (
            "status.aws",
            "https://health.aws.amazon.com/public/currentevents",
            {"https://health.aws.amazon.com/public/currentevents": []},
            {},
        ),
    ],
)
async def test_the_page_for_people_works_as_well_as_the_one_for_machines(
    kind: str, url: str, answers: dict[str, object], params: dict[str, Any]
) -> None:
    assert await looked(kind, url, answers, **params) == (list(answers), OPERATIONAL)
