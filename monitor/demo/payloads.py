"""What the local world says: payloads written by hand after the vendors' documented schemas. All names are made up.

Pure: times come as arguments, payloads go out as text. The schemas are those named in the modules of `probes`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

__all__ = ["Item", "ads_incidents", "api_answer", "instatus", "login_page", "meta_orgs", "rss", "statuspage", "trouble"]

Json = dict[str, object]


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"


# --- Atlassian Statuspage v2, summary.json ----------------------------------------------------------------------------

_INDICATORS = {
    "none": "All Systems Operational",
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}


def statuspage(
    vendor: str,
    parts: Iterable[str],
    now: datetime,
    *,
    states: dict[str, str] | None = None,
    incident: Json | None = None,
) -> str:
    """A summary.json: `parts` are component names, `states` those that are not operational, `incident` an open one."""
    states = states or {}
    key = vendor.lower()
    components = [
        {
            "id": f"{key}-c{n}",
            "name": name,
            "status": states.get(name, "operational"),
            "created_at": _iso(now - timedelta(days=400)),
            "updated_at": _iso(now),
            "position": n,
            "description": None,
            "showcase": True,
            "start_date": None,
            "group_id": None,
            "page_id": key,
            "group": False,
            "only_show_if_degraded": False,
        }
        for n, name in enumerate(parts, start=1)
    ]
    indicator = str(incident["impact"]) if incident else "none"
    summary = {
        "page": _page(vendor, now),
        "components": components,
        "incidents": [{**incident, "page_id": key, "components": [c for c in components if c["name"] in states]}]
        if incident
        else [],
        "scheduled_maintenances": [],
        "status": {"indicator": indicator, "description": _INDICATORS[indicator]},
    }
    return json.dumps(summary, indent=1)


def _page(vendor: str, now: datetime) -> Json:
    key = vendor.lower()
    url = f"https://status.{key}.example"
    return {"id": key, "name": vendor, "url": url, "time_zone": "Etc/UTC", "updated_at": _iso(now)}


def trouble(name: str, said: str, part: str, now: datetime) -> Json:
    """An open incident of critical impact, with its first update, on one component."""
    update = {
        "id": "update-1",
        "status": "investigating",
        "body": said,
        "incident_id": "incident-1",
        "created_at": _iso(now),
        "updated_at": _iso(now),
        "display_at": _iso(now),
        "affected_components": [
            {"code": "c1", "name": part, "old_status": "operational", "new_status": "major_outage"}
        ],
        "deliver_notifications": True,
    }
    return {
        "id": "incident-1",
        "name": name,
        "status": "investigating",
        "created_at": _iso(now),
        "updated_at": _iso(now),
        "monitoring_at": None,
        "resolved_at": None,
        "impact": "critical",
        "shortlink": "https://stspg.example/incident-1",
        "started_at": _iso(now),
        "incident_updates": [update],
    }


# --- other status formats ---------------------------------------------------------------------------------------------


def meta_orgs(now: datetime, *, states: dict[str, str] | None = None) -> str:
    """An orgs.json of metastatus. `states`: organisation id -> its services' status; else "No known issues"."""
    services = {
        ("facebook", "Facebook Pages"): ("Publishing", "Page insights"),
        ("instagram", "Instagram business"): ("Content publishing", "Comments and messages"),
    }
    orgs = [
        {
            "id": org,
            "name": name,
            "services": [
                {
                    "id": f"{org}-{n}",
                    "name": service,
                    "status": (states or {}).get(org, "No known issues"),
                    "time": _iso(now),
                }
                for n, service in enumerate(listed, start=1)
            ],
            "rss_file_paths": [f"/outage-events-feed-{org}.rss"],
        }
        for (org, name), listed in services.items()
    ]
    return json.dumps(orgs, indent=1)


def instatus(vendor: str) -> str:
    """An Instatus summary.json of a page on which all is well."""
    return json.dumps({"page": {"name": vendor, "url": f"https://{vendor.lower()}.instatus.example", "status": "UP"}})


def ads_incidents(now: datetime) -> str:
    """A Google dashboard's incidents.json: a history whose newest incident is long over."""
    begin, end = now - timedelta(days=21, hours=3), now - timedelta(days=21)
    incident = {
        "id": "ads-history-1",
        "number": "1000001",
        "begin": _iso(begin),
        "created": _iso(begin),
        "end": _iso(end),
        "modified": _iso(end),
        "external_desc": "Reports were late for some advertisers.",
        "updates": [{"created": _iso(end), "modified": _iso(end), "when": _iso(end), "status": "AVAILABLE",
                     "text": "The problem with reports has been resolved."}],
        "status_impact": "SERVICE_DISRUPTION",
        "severity": "medium",
        "service_key": "search-ads",
        "service_name": "Search Ads",
        "affected_products": [{"title": "Search Ads", "id": "search-ads"}],
        "uri": "incidents/ads-history-1",
    }  # fmt: skip
    return json.dumps([incident], indent=1)


def login_page() -> str:
    """What a vendor that hid its status page behind a log-in answers, with HTTP 200."""
    return """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Log in - Stagecast</title></head>
<body><h1>Log in to Stagecast</h1>
<form action="/login" method="post">
<label>E-mail <input name="user" type="email"></label>
<label>Password <input name="password" type="password"></label>
<button>Log in</button></form></body></html>
"""


def api_answer(*, well: bool) -> str:
    """What a vendor's API says to our health call; in trouble it comes with HTTP 503."""
    if well:
        return json.dumps({"status": "ok", "queue": {"depth": 12, "oldest_s": 1}})
    return json.dumps({"error": {"code": "service_unavailable", "message": "The send queue cannot be reached."}})


# --- feeds ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed."""

    title: str
    text: str
    link: str
    at: datetime


def rss(title: str, link: str, items: Iterable[Item]) -> str:
    """An RSS 2.0 document, newest first."""
    rows = "".join(
        f"<item><title>{escape(i.title)}</title><link>{escape(i.link)}</link>"
        f'<guid isPermaLink="true">{escape(i.link)}</guid><pubDate>{format_datetime(i.at)}</pubDate>'
        f"<description>{escape(i.text)}</description></item>\n"
        for i in sorted(items, key=lambda i: i.at, reverse=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>{escape(link)}</link><description>{escape(title)}</description>\n"
        f"{rows}</channel></rss>\n"
    )
