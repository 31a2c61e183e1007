"""Payloads written by hand after each kind's documented schema, healthy, and the pieces that put them in trouble."""

import copy
from typing import Any


def changed(payload: Any, *changes: tuple[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """A copy with values set at dotted paths ("components.0.status")."""
    new = copy.deepcopy(payload)
    for path, value in changes:
        *way, last = path.split(".")
        here = new
        for step in way:
            here = here[int(step) if isinstance(here, list) else step]
        here[int(last) if isinstance(here, list) else last] = value
    return new


# --- Statuspage -------------------------------------------------------------------------------------------------------

STATUSPAGE: dict[str, Any] = {
    "page": {"id": "abcdefghijkl", "name": "Mailer", "url": "https://status.mailer.example", "time_zone": "Etc/UTC"},
    "status": {"indicator": "none", "description": "All Systems Operational"},
    "components": [
        {
            "id": "grp1",
            "name": "Mail",
            "status": "operational",
            "group": True,
            "group_id": None,
            "components": ["cmp1"],
        },
        {"id": "cmp1", "name": "Email sending", "status": "operational", "group": False, "group_id": "grp1"},
        {"id": "cmp2", "name": "Reports", "status": "operational", "group": False, "group_id": None},
    ],
    "incidents": [],
    "scheduled_maintenances": [],
}
STATUSPAGE_INCIDENT: dict[str, Any] = {
    "id": "inc1",
    "name": "Mail is late",
    "status": "investigating",
    "impact": "minor",
    "created_at": "2026-11-22T08:00:00.000Z",
    "started_at": "2026-11-22T07:55:00.000Z",
    "resolved_at": None,
    "shortlink": "https://stspg.io/x",
    "components": [{"id": "cmp1", "name": "Email sending", "status": "operational"}],
    "incident_updates": [
        {
            "status": "investigating",
            "body": "We are <b>looking</b> into late mail.",
            "display_at": "2026-11-22T08:05:00.000Z",
            "affected_components": [
                {"code": "cmp1", "name": "Email sending", "old_status": "operational", "new_status": "partial_outage"}
            ],
        },
        {"status": "investigating", "body": "First word.", "display_at": "2026-11-22T08:00:00.000Z"},
    ],
}
STATUSPAGE_WORK: dict[str, Any] = STATUSPAGE_INCIDENT | {
    "id": "mnt1",
    "name": "Move of the database",
    "status": "scheduled",
    "impact": "maintenance",
    "scheduled_for": "2026-12-01T02:00:00.000Z",
    "scheduled_until": "2026-12-01T04:00:00.000Z",
}

# --- incident.io ------------------------------------------------------------------------------------------------------

WIDGET_PART = {"id": "01C", "name": "Login", "group_name": "App", "current_status": "partial_outage"}
WIDGET_INCIDENT: dict[str, Any] = {
    "id": "01I",
    "name": "Logins fail",
    "status": "identified",
    "url": "https://status.io.example/incidents/01I",
    "last_update_at": "2026-11-22T08:05:00Z",
    "last_update_message": "We found the cause.",
    "current_worst_impact": "partial_outage",
    "affected_components": [WIDGET_PART],
}
WIDGET: dict[str, Any] = {
    "page_title": "App",
    "page_url": "https://status.io.example",
    "ongoing_incidents": [],
    "in_progress_maintenances": [],
    "scheduled_maintenances": [],
}
WIDGET_WORK = {"id": "01M", "name": "Move", "status": "maintenance_in_progress", "affected_components": []}
DIALECT: dict[str, Any] = {
    "page": {"id": "01HZ5T9ZJ8Q2VXN3W4R5T6Y7U8", "name": "App", "url": "https://status.io.example"},
    "status": {"indicator": "none", "description": "All Systems Operational"},
    "components": [{"id": "01C", "name": "Login", "status": "operational"}],
    "incidents": None,
    "scheduled_maintenances": None,
}

# --- Slack ------------------------------------------------------------------------------------------------------------

SLACK_ITEM: dict[str, Any] = {
    "id": 1600,
    "title": "Messages are slow",
    "type": "incident",
    "status": "active",
    "url": "https://slack-status.com/2026-11/abc",
    "services": ["Messaging"],
    "date_created": "2026-11-22T00:10:00-07:00",
    "notes": [{"date_created": "2026-11-22T00:12:00-07:00", "body": "<p>Looking.</p>"}],
}
SLACK: dict[str, Any] = {"status": "ok", "date_updated": "2026-11-22T00:12:00-07:00", "active_incidents": []}
SLACK_BAD: dict[str, Any] = {"status": "active", "active_incidents": [SLACK_ITEM]}

# --- Google -----------------------------------------------------------------------------------------------------------

GOOGLE_ITEM: dict[str, Any] = {
    "id": "gid1",
    "begin": "2026-11-20T10:00:00+00:00",
    "created": "2026-11-20T10:05:00+00:00",
    "end": "2026-11-20T12:00:00+00:00",
    "modified": "2026-11-21T12:00:00+00:00",
    "external_desc": "Reports are delayed",
    "status_impact": "SERVICE_DISRUPTION",
    "severity": "medium",
    "service_name": "Multiple Products",
    "service_key": "zall",
    "affected_products": [{"title": "Google Ads", "id": "ads1"}],
    "currently_affected_locations": [],
    "previously_affected_locations": [{"title": "Belgium (europe-west1)", "id": "europe-west1"}],
    "uri": "incidents/gid1",
    "updates": [{"when": "2026-11-20T10:05:00+00:00", "status": "SERVICE_DISRUPTION", "text": "We see delays."}],
}
GOOGLE: list[dict[str, Any]] = [GOOGLE_ITEM]
GOOGLE_OPEN: list[dict[str, Any]] = changed(
    [GOOGLE_ITEM],
    ("0.end", None),
    ("0.currently_affected_locations", [{"title": "Belgium (europe-west1)", "id": "europe-west1"}]),
)
GOOGLE_PRODUCTS = {"products": [{"title": "Google Ads", "id": "ads1"}, {"title": "AdSense", "id": "sense1"}]}

# --- Meta, Microsoft, Salesforce --------------------------------------------------------------------------------------

META: list[dict[str, Any]] = [
    {
        "id": "ads-manager",
        "name": "Ads Manager",
        "services": [
            {"id": 11, "name": "Ad creation", "status": "No known issues", "time": "2026-11-22T08:00:00Z"},
            {"id": 12, "name": "Ad delivery", "status": "Resolved", "time": "2026-11-22T08:00:00Z"},
        ],
        "rss_file_paths": [],
    },
    {
        "id": "whatsapp",
        "name": "WhatsApp API",
        "services": [{"id": 21, "name": "Cloud API", "status": "No known issues"}],
    },
]
MICROSOFT: list[dict[str, Any]] = [
    {
        "Id": "MX1",
        "ServiceDisplayName": "Outlook.com",
        "ServiceWorkloadName": "Outlook",
        "Status": "Operational",
        "Title": "",
        "Message": "",
        "LastUpdatedTime": "2026-11-22T08:00:00Z",
        "AuthoredDateTime": "0001-01-01T00:00:00",
    },
    {"Id": "TM1", "ServiceDisplayName": "Teams", "ServiceWorkloadName": "MicrosoftTeams", "Status": "Available"},
]
SALESFORCE: list[dict[str, Any]] = [
    {
        "key": "NA1",
        "location": "NA",
        "environment": "production",
        "status": "OK",
        "isActive": True,
        "Products": [{"key": "Marketing_Cloud"}],
        "Incidents": [],
        "Maintenances": [],
    },
    {"key": "EU7", "location": "EMEA", "status": "OK", "isActive": True, "Products": [{"key": "Sales_Cloud"}]},
]
SALESFORCE_INCIDENT: dict[str, Any] = {
    "id": 5968,
    "message": {"rootCause": None, "actionPlan": "We restart the queue."},
    "IncidentImpacts": [
        {"startTime": "2026-11-22T07:00:00Z", "endTime": None, "type": "performanceDegradation", "severity": "minor"}
    ],
    "IncidentEvents": [{"type": "investigating", "message": "We look.", "createdAt": "2026-11-22T07:10:00Z"}],
    "instanceKeys": ["NA1"],
}

# --- Instatus, Better Stack, Status.io --------------------------------------------------------------------------------

INSTATUS: dict[str, Any] = {"page": {"name": "Clips", "url": "https://status.clips.example", "status": "UP"}}
INSTATUS_INCIDENT: dict[str, Any] = {
    "id": "in1",
    "name": "Uploads fail",
    "started": "2026-11-22T07:00:00Z",
    "status": "INVESTIGATING",
    "impact": "MAJOROUTAGE",
    "url": "https://status.clips.example/incident/in1",
    "updatedAt": "2026-11-22T07:30:00Z",
}
INSTATUS_WORK = {"id": "mw1", "name": "Move", "start": "2026-12-01T02:00:00Z", "status": "INPROGRESS", "duration": "60"}
INSTATUS_PARTS: dict[str, Any] = {
    "components": {
        "components": [
            {"id": "cm1", "name": "Uploads", "description": "", "status": "OPERATIONAL", "group": "Video"},
            {"id": "cm2", "name": "Player", "description": "", "status": "OPERATIONAL", "group": None},
        ]
    }
}
INSTATUS_OLD: list[dict[str, Any]] = [
    {
        "id": "p",
        "name": "Video",
        "status": "OPERATIONAL",
        "isParent": True,
        "children": [{"id": "c", "name": "Uploads", "status": "OPERATIONAL", "isParent": False, "children": []}],
    },
    {"id": "d", "name": "Player", "status": "OPERATIONAL", "isParent": False, "children": []},
]
BETTERSTACK: dict[str, Any] = {
    "data": {
        "id": "133002",
        "type": "status_page",
        "attributes": {"company_name": "Builds", "aggregate_state": "operational", "custom_domain": "status.b.example"},
    },
    "included": [
        {"id": "1", "type": "status_page_section", "attributes": {"name": "Runners"}},
        {
            "id": "40",
            "type": "status_page_resource",
            "attributes": {"public_name": "ARM", "status": "operational", "status_page_section_id": 1},
        },
        {
            "id": "41",
            "type": "status_page_resource",
            "attributes": {"public_name": "Old", "status": "not_monitored", "status_page_section_id": 1},
        },
        {
            "id": "50",
            "type": "status_report",
            "attributes": {
                "title": "Queue is slow",
                "report_type": "manual",
                "starts_at": "2026-11-20T10:00:00Z",
                "ends_at": None,
                "aggregate_state": "resolved",
                "affected_resources": [{"status_page_resource_id": "40", "status": "resolved"}],
            },
            "relationships": {"status_updates": {"data": [{"id": "60", "type": "status_update"}]}},
        },
        {
            "id": "60",
            "type": "status_update",
            "attributes": {"message": "<p>Back to normal.</p>", "published_at": "2026-11-20T11:00:00Z"},
        },
    ],
}
STATUSIO: dict[str, Any] = {
    "result": {
        "status_overall": {"updated": "2026-11-22T08:00:00Z", "status": "Operational", "status_code": 100},
        "status": [
            {
                "id": "s1",
                "name": "Website",
                "status": "Operational",
                "status_code": 100,
                "containers": [
                    {"id": "k1", "name": "Europe", "status": "Operational", "status_code": 100},
                    {"id": "k2", "name": "Asia", "status": "Operational", "status_code": 100},
                ],
            }
        ],
        "incidents": [],
        "maintenance": {"active": [], "upcoming": []},
    }
}
STATUSIO_INCIDENT: dict[str, Any] = {
    "_id": "i1",
    "name": "Slow pages",
    "datetime_open": "2026-11-22T07:00:00Z",
    "messages": [
        {"details": "First", "state": 100, "status": 500, "datetime": "2026-11-22T07:00:00Z"},
        {"details": "Better now", "state": 200, "status": 300, "datetime": "2026-11-22T07:30:00Z"},
    ],
    "containers_affected": [{"name": "Asia", "_id": "k2"}],
    "components_affected": [{"name": "Website", "_id": "s1"}],
}

# --- those that teams run, and clouds ---------------------------------------------------------------------------------

UPTIMEROBOT: dict[str, Any] = {
    "status": "ok",
    "data": [
        {"monitorId": 1, "name": "API", "statusClass": "success", "groupId": 0, "groupName": "Monitors"},
        {"monitorId": 2, "name": "Web", "statusClass": "paused", "groupId": 0, "groupName": "Monitors"},
    ],
}
KUMA: dict[str, Any] = {
    "config": {"slug": "main", "title": "House"},
    "incidents": [],
    "publicGroupList": [{"id": 1, "name": "Public", "monitorList": [{"id": 7, "name": "Shop"}]}],
    "maintenanceList": [],
}
KUMA_BEATS: dict[str, Any] = {
    "heartbeatList": {
        "7": [
            {"status": 0, "time": "2026-11-22 08:58:00.000", "msg": "", "ping": None},
            {"status": 1, "time": "2026-11-22 08:59:00.000", "msg": "", "ping": 20},
        ]
    },
    "uptimeList": {"7_24": 0.99},
}
CACHET: dict[str, Any] = {
    "meta": {"pagination": {"total": 1, "total_pages": 1}},
    "data": [{"id": 1, "name": "API", "status": 1, "group_id": 2, "enabled": True}],
}
CACHET_INCIDENT: dict[str, Any] = {"id": 9, "component_id": 1, "name": "Slow", "status": 1, "message": "We look."}
CACHET_V3: dict[str, Any] = {
    "data": [
        {"id": "1", "type": "components", "attributes": {"name": "API", "status": {"human": "Operational", "value": 1}}}
    ],
    "links": {"next": None},
}
CSTATE: dict[str, Any] = {
    "summaryStatus": "ok",
    "baseURL": "https://status.c.example/",
    "systems": [
        {"name": "Gateway", "category": "Core", "status": "ok", "unresolvedIssues": []},
        {"name": "Docs", "category": "Site", "status": "ok", "unresolvedIssues": []},
    ],
    "pinnedIssues": [],
}
CSTATE_ISSUE: dict[str, Any] = {
    "title": "Gateway is gone",
    "createdAt": "2026-11-22 07:00:00 +0000 UTC",
    "permalink": "https://status.c.example/issues/1/",
    "severity": "down",
    "resolved": False,
    "informational": False,
    "affected": ["Gateway"],
}
HEROKU: dict[str, Any] = {
    "status": [{"system": "Apps", "status": "green"}, {"system": "Data", "status": "green"}],
    "incidents": [],
    "scheduled": [{"id": 2959, "title": "Platform work", "state": "upcoming", "resolved": False, "updates": []}],
}
HEROKU_INCIDENT: dict[str, Any] = {
    "id": 3000,
    "title": "Routing errors",
    "state": "open",
    "resolved": False,
    "created_at": "2026-11-22T07:00:00Z",
    "full_url": "https://status.heroku.com/incidents/3000",
    "updates": [
        {"created_at": "2026-11-22T07:30:00Z", "contents": "Worse.", "update_type": "issue", "status_prod": "red"},
        {"created_at": "2026-11-22T07:00:00Z", "contents": "We look.", "update_type": "issue", "status_prod": "yellow"},
    ],
}
AWS_EVENT: dict[str, Any] = {
    "date": "1795334400",
    "arn": "arn:aws:health:me-central-1::event/MULTIPLE_SERVICES/AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE/x",
    "region_name": "UAE",
    "status": "3",
    "service": "multipleservices-me-central-1",
    "service_name": "Multiple services",
    "summary": "Region Availability",
    "event_log": [{"summary": "Errors", "message": "We look.", "status": 1, "timestamp": 1795334400}],
    "impacted_services": {"s3-me-central-1": {"service_name": "Amazon S3", "current": "3", "max": "3"}},
}
