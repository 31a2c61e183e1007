"""incident.io, Instatus, Better Stack, Status.io, UptimeRobot, Uptime Kuma, Cachet, cState, any JSON."""

from typing import Any

import pytest
from pydantic import ValidationError

from probes.status.json import Params as JsonParams
from tests.probes.status.payloads import (
    BETTERSTACK,
    CACHET,
    CACHET_INCIDENT,
    CACHET_V3,
    CSTATE,
    CSTATE_ISSUE,
    DIALECT,
    INSTATUS,
    INSTATUS_INCIDENT,
    INSTATUS_PARTS,
    KUMA,
    KUMA_BEATS,
    STATUSIO,
    STATUSIO_INCIDENT,
    UPTIMEROBOT,
    WIDGET,
    WIDGET_INCIDENT,
    changed,
)
from tests.probes.status.said import DEGRADED, OPERATIONAL, OUTAGE, UNKNOWN, looked, reading, reason, texts, verdict

PAGE_ID = "5b36dc6502d06804c08349f7"
BAD_UPLOADS = {"components": changed(INSTATUS_PARTS["components"], ("components.0.status", "PARTIALOUTAGE"))}
ASIA_DOWN = changed(STATUSIO, ("result.status.0.containers.1.status_code", 500))
IO_INCIDENT = changed(STATUSIO, ("result.incidents", [STATUSIO_INCIDENT]))
WIDGET_BAD = changed(WIDGET, ("ongoing_incidents", [WIDGET_INCIDENT]))
KUMA_DOWN = {"heartbeats": changed(KUMA_BEATS, ("heartbeatList.7.1.status", 0))}


@pytest.mark.parametrize(
    ("kind", "payload", "parts", "params", "expected"),
    [
        ("status.incidentio", WIDGET_BAD, {}, {"components": ["Login"]}, DEGRADED),
        ("status.incidentio", WIDGET_BAD, {}, {"groups": ["App"]}, DEGRADED),
        ("status.incidentio", WIDGET, {}, {"components": ["Login"]}, UNKNOWN),
        ("status.incidentio", DIALECT, {}, {"components": ["Login"]}, OPERATIONAL),
        ("status.incidentio", changed(WIDGET_BAD, ("ongoing_incidents.0.affected_components", "x")), {}, {}, UNKNOWN),
        ("status.incidentio", {"page_title": "App"}, {}, {}, UNKNOWN),
        ("status.instatus", INSTATUS, BAD_UPLOADS, {"components": ["Uploads"]}, DEGRADED),
        ("status.instatus", INSTATUS, BAD_UPLOADS, {"components": ["Player"]}, OPERATIONAL),
        ("status.instatus", INSTATUS, BAD_UPLOADS, {"groups": ["Video"]}, DEGRADED),
        ("status.instatus", INSTATUS, {}, {"components": ["Uploads"]}, UNKNOWN),
        ("status.instatus", INSTATUS | {"activeIncidents": {}}, {}, {}, UNKNOWN),
        ("status.instatus", INSTATUS | {"activeIncidents": [INSTATUS_INCIDENT | {"impact": None}]}, {}, {}, UNKNOWN),
        ("status.betterstack", BETTERSTACK, {}, {"components": ["ARM"]}, OPERATIONAL),
        ("status.betterstack", BETTERSTACK, {}, {"groups": ["Runners"]}, OPERATIONAL),
        ("status.betterstack", BETTERSTACK, {}, {"components": ["Old"]}, UNKNOWN),
        (
            "status.betterstack",
            changed(BETTERSTACK, ("included.3.attributes.aggregate_state", "degraded")),
            {},
            {"components": ["40"]},
            DEGRADED,
        ),
        ("status.betterstack", changed(BETTERSTACK, ("included", None)), {}, {}, UNKNOWN),
        ("status.statusio", ASIA_DOWN, {}, {"regions": ["Asia"]}, OUTAGE),
        ("status.statusio", ASIA_DOWN, {}, {"regions": ["Europe"]}, OPERATIONAL),
        ("status.statusio", IO_INCIDENT, {}, {"regions": ["Europe"]}, OPERATIONAL),
        ("status.statusio", IO_INCIDENT, {}, {"regions": ["k2"]}, DEGRADED),
        ("status.statusio", IO_INCIDENT, {}, {"components": ["Website"]}, DEGRADED),
        ("status.statusio", changed(STATUSIO, ("result.status.0.status_code", True)), {}, {}, UNKNOWN),
        (
            "status.uptimerobot",
            changed(UPTIMEROBOT, ("data.0.statusClass", "danger")),
            {},
            {"components": ["API"]},
            OUTAGE,
        ),
        ("status.uptimerobot", UPTIMEROBOT, {}, {"components": ["Web"]}, UNKNOWN),
        ("status.uptimekuma", KUMA, KUMA_DOWN, {"components": ["Shop"]}, OUTAGE),
        ("status.uptimekuma", KUMA, KUMA_DOWN, {"groups": ["Public"]}, OUTAGE),
        ("status.uptimekuma", KUMA, KUMA_DOWN, {"components": ["Sho"]}, OUTAGE),
        ("status.cachet", CACHET, {"incidents": {"data": [CACHET_INCIDENT]}}, {"components": ["API"]}, DEGRADED),
        (
            "status.cachet",
            CACHET,
            {"incidents": {"data": [CACHET_INCIDENT | {"component_id": 5}]}},
            {"components": ["API"]},
            OPERATIONAL,
        ),
        (
            "status.cachet",
            CACHET,
            {"incidents": {"data": [CACHET_INCIDENT | {"component_id": 0}]}},
            {"components": ["API"]},
            DEGRADED,
        ),
        ("status.cachet", CACHET, {}, {"groups": ["2"]}, OPERATIONAL),
        (
            "status.cstate",
            changed(CSTATE, ("systems.0.unresolvedIssues", [CSTATE_ISSUE])),
            {},
            {"components": ["Docs"]},
            OPERATIONAL,
        ),
        (
            "status.cstate",
            changed(CSTATE, ("systems.0.unresolvedIssues", [CSTATE_ISSUE])),
            {},
            {"groups": ["Core"]},
            OUTAGE,
        ),
        ("status.cstate", changed(CSTATE, ("systems.0.unresolvedIssues", 4)), {}, {}, UNKNOWN),
        (
            "status.json",
            {"s": [{"name": "A", "st": "up"}, {"name": "B", "st": "down"}]},
            {},
            {"path": "s.*.st", "components": ["A"]},
            OPERATIONAL,
        ),
        (
            "status.json",
            {"s": [{"name": "A", "st": "up"}, {"name": "B", "st": "down"}]},
            {},
            {"path": "s.*.st", "components": ["B"]},
            OUTAGE,
        ),
        ("status.json", {"s": {"a": "up", "b": "down"}}, {}, {"path": "s.*", "components": ["s.a"]}, OPERATIONAL),
    ],
)
def test_filters_and_wrong_types(
    kind: str, payload: object, parts: dict[str, object], params: dict[str, Any], expected: str
) -> None:
    if params.get("components") == ["Sho"]:
        # A plain name is no part of a longer one: unknown, whatever the rest of the page says.
        assert reason(kind, payload, parts=parts, **params) == "filter"
        return
    assert verdict(kind, payload, parts=parts, **params) == expected


def test_the_updates_of_a_better_stack_report_are_its_evidence() -> None:
    open_report = changed(BETTERSTACK, ("included.3.attributes.aggregate_state", "degraded"))
    assert "Back to normal." in texts(reading("status.betterstack", open_report))


def test_the_newest_message_of_a_status_io_incident_decides_whatever_its_place() -> None:
    turned = changed(STATUSIO_INCIDENT, ("messages", STATUSIO_INCIDENT["messages"][::-1]))
    assert verdict("status.statusio", changed(STATUSIO, ("result.incidents", [turned]))) == DEGRADED


@pytest.mark.parametrize(
    ("kind", "url", "answers", "params"),
    [
        (
            "status.incidentio",
            "https://status.io.example",
            {"https://status.io.example/api/v2/summary.json": DIALECT},
            {},
        ),
        (
            "status.incidentio",
            "https://status.io.example/api/v1/summary",
            {"https://status.io.example/api/v1/summary": WIDGET},
            {},
        ),
        (
            "status.instatus",
            "https://status.clips.example",
            {"https://status.clips.example/summary.json": INSTATUS},
            {},
        ),
        (
            "status.instatus",
            "https://status.clips.example/v3/summary.json",
            {
                "https://status.clips.example/v3/summary.json": INSTATUS,
                "https://status.clips.example/v3/components.json": INSTATUS_PARTS["components"],
            },
            {"components": ["Player"]},
        ),
        (
            "status.instatus",
            "https://status.clips.example/",
            {
                "https://status.clips.example/summary.json": INSTATUS,
                "https://status.clips.example/v3/components.json": INSTATUS_PARTS["components"],
            },
            {"components": ["Player"]},
        ),
        ("status.betterstack", "https://status.b.example/", {"https://status.b.example/index.json": BETTERSTACK}, {}),
        ("status.cstate", "https://status.c.example/sub", {"https://status.c.example/sub/index.json": CSTATE}, {}),
        (
            "status.statusio",
            "https://status.d.example/",
            {
                "https://status.d.example/": f'<a href="https://status.io/pages/history/{PAGE_ID}">'.encode(),
                f"https://api.status.io/1.0/status/{PAGE_ID}": STATUSIO,
            },
            {},
        ),
        (
            "status.statusio",
            f"https://api.status.io/1.0/status/{PAGE_ID}",
            {f"https://api.status.io/1.0/status/{PAGE_ID}": STATUSIO},
            {},
        ),
        (
            "status.uptimerobot",
            "https://status.u.example",
            {
                "https://status.u.example": b"<script>window.pspApiPath = '/api/getMonitorList/GOkg3CWwDL'</script>",
                "https://status.u.example/api/getMonitorList/GOkg3CWwDL": UPTIMEROBOT,
            },
            {},
        ),
        (
            "status.uptimerobot",
            "https://s.example/api/getMonitorList/21-35",
            {"https://s.example/api/getMonitorList/21-35": UPTIMEROBOT},
            {},
        ),
        (
            "status.uptimekuma",
            "https://k.example/up/status/main",
            {
                "https://k.example/up/api/status-page/main": KUMA,
                "https://k.example/up/api/status-page/heartbeat/main": KUMA_BEATS,
            },
            {},
        ),
        (
            "status.uptimekuma",
            "https://k.example",
            {
                "https://k.example/api/status-page/default": KUMA,
                "https://k.example/api/status-page/heartbeat/default": KUMA_BEATS,
            },
            {},
        ),
        (
            "status.uptimekuma",
            "https://k.example/api/status-page/main",
            {
                "https://k.example/api/status-page/main": KUMA,
                "https://k.example/api/status-page/heartbeat/main": KUMA_BEATS,
            },
            {},
        ),
        (
            "status.uptimekuma",
            "https://k.example/api/status-page/heartbeat/main",
            {"https://k.example/api/status-page/heartbeat/main": KUMA_BEATS},
            {},
        ),
        (
            "status.cachet",
            "https://c.example",
            {
                "https://c.example/api/v1/components?per_page=1000": CACHET,
                "https://c.example/api/v1/incidents?per_page=50&sort=id&order=desc": {"data": []},
            },
            {},
        ),
        ("status.cachet", "https://c.example/api/v1/components", {"https://c.example/api/v1/components": CACHET}, {}),
        ("status.json", "https://j.example/health", {"https://j.example/health": {"status": "ok"}}, {}),
    ],
)
async def test_the_page_for_people_works_as_well_as_the_one_for_machines(
    kind: str, url: str, answers: dict[str, object], params: dict[str, Any]
) -> None:
    assert await looked(kind, url, answers, **params) == (list(answers), OPERATIONAL)


async def test_cachet_falls_back_to_version_3() -> None:
    answers = {
        "https://c.example/api/components?per_page=1000": CACHET_V3,
        "https://c.example/api/incidents?per_page=50&sort=-id": {"data": []},
    }
    asked, said = await looked("status.cachet", "https://c.example/", answers)
    assert asked == ["https://c.example/api/v1/components?per_page=1000", *answers]
    assert said == OPERATIONAL


@pytest.mark.parametrize("kind", ["status.statusio", "status.uptimerobot"])
async def test_a_page_that_does_not_name_its_api_is_unreadable(kind: str) -> None:
    asked, said = await looked(kind, "https://x.example/", {"https://x.example/": b"<html>hello</html>"})
    assert asked == ["https://x.example/"]
    assert said == "unknown:format"


async def test_a_part_that_is_missing_makes_the_whole_unreadable() -> None:
    answers = {"https://k.example/api/status-page/main": KUMA}
    _, said = await looked("status.uptimekuma", "https://k.example/status/main", answers)
    assert said == "unknown:http"


@pytest.mark.parametrize(
    "bad", [{"path": "a..b"}, {"path": "."}, {"words": {"x": "unknown"}}, {"words": {"x": "fine"}}]
)
def test_a_path_or_word_that_cannot_be_meant_is_refused_at_load(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JsonParams(url="https://j.example/health", **bad)
