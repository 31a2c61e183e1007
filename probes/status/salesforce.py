"""Salesforce Trust, API v1.

Schema: https://api.status.salesforce.com/v1 and a capture of all 1,528 instances. ``/instances/status/preview`` is a
list of {key, location, environment, status, isActive, Products[{key}], Incidents[], Maintenances[]};
``/instances/<key>/status`` is one of them. An incident has {id, affectsAll, IncidentImpacts[{startTime, endTime, type,
severity}], IncidentEvents[{message, createdAt}], instanceKeys[], serviceKeys[]}. Instances that are not active count
only where they are asked for.

`components` filters by instance key (say, the one that holds the team's data), `regions` by location (NA, EMEA, APAC),
`products` by product key (Marketing_Cloud).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from probes.base import Availability, Duration, Evidence, Fetch, Observation, Reading, Request, Unreadable
from probes.status._ask import is_page, joined
from probes.status._json import a_list, an_object, flag, ident, load, loose, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

API_URL = "https://api.status.salesforce.com"
PAGE_HOSTS = frozenset({"status.salesforce.com", "trust.salesforce.com", "api.status.salesforce.com"})
INSTANCES_PATH = "/v1/instances/status/preview"
PAGE_URL = "https://status.salesforce.com/"
BODY_BYTES_MAX = 6 * 1024 * 1024

STATE_WORDS = {
    "OK": Availability.OPERATIONAL,
    "MAINTENANCE_CORE": Availability.MAINTENANCE,
    "MAINTENANCE_NONCORE": Availability.MAINTENANCE,
    "MINOR_INCIDENT_CORE": Availability.DEGRADED,
    "MINOR_INCIDENT_NONCORE": Availability.DEGRADED,
    "MAJOR_INCIDENT_NONCORE": Availability.DEGRADED,
    "MAJOR_INCIDENT_CORE": Availability.OUTAGE,
}
SEVERITY_WORDS = {"minor": Availability.DEGRADED, "major": Availability.OUTAGE}


class Params(StatusParams):
    """Salesforce Trust: `url` is https://status.salesforce.com/ or an address of its API."""

    every: Duration = Field(
        default=timedelta(minutes=5),
        ge=timedelta(milliseconds=100),
        description="How often the probe runs; all instances are some 1.5 MB.",
    )


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for all instances, or for what `url` names."""
    url = params.url
    if urlsplit(url).hostname in PAGE_HOSTS and is_page(url) and "/v1/" not in url:
        url = API_URL + INSTANCES_PATH
    elif is_page(url) and "/v1/" not in url:
        url = joined(url, INSTANCES_PATH)
    return await fetch(Request(url, body_max=BODY_BYTES_MAX))


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the instances; raises Unreadable."""
    return judge(read(load(observation), keep_inactive=bool(params.components)), params)


def read(value: object, *, keep_inactive: bool = False) -> Page:
    """The page that the instances describe."""
    items = [value] if isinstance(value, dict) else a_list(value, "the answer")
    instances = [an_object(item, "each instance") for item in items]
    kept = [item for item in instances if flag(item, "isActive", default=True) or keep_inactive]
    if not kept:
        raise Unreadable("the page lists no active instances")
    incidents: dict[str, Incident] = {}
    works: dict[str, Maintenance] = {}
    for item in kept:
        for event in objects(item, "Incidents", missing_ok=True):
            found = _incident(event, item)
            if found:
                incidents.setdefault(found.id, found)
        for event in objects(item, "Maintenances", missing_ok=True):
            work = _maintenance(event, item)
            works.setdefault(work.id, work)
    return Page(
        components=tuple(_component(item) for item in kept),
        incidents=tuple(incidents.values()),
        maintenances=tuple(works.values()),
        url=PAGE_URL,
    )


def _component(item: dict[str, Any]) -> Component:
    status = word(item, "status").upper()
    return Component(
        id=ident(item, "key"),
        name=ident(item, "key"),
        state=STATE_WORDS.get(status),
        word=status,
        region=plain(item.get("location")),
        products=tuple(ident(p, "key") for p in objects(item, "Products", missing_ok=True)),
    )


def _incident(event: dict[str, Any], instance: dict[str, Any]) -> Incident | None:
    """An incident with an impact that has not ended; as bad as the worst of those."""
    impacts = [i for i in objects(event, "IncidentImpacts") if _is_open(i)]
    if not impacts:
        return None
    words = [word(i, "severity").lower() for i in impacts]
    unknown = next((w for w in words if w not in SEVERITY_WORDS), "")
    major = "major" in words
    kinds = ", ".join(dict.fromkeys(loose(i.get("type")) for i in impacts))
    return Incident(
        id=ident(event, "id", "externalId"),
        name=_title(event) or f"{kinds or 'trouble'} on {ident(instance, 'key')}",
        state=SEVERITY_WORDS["major" if major else "minor"] if major or not unknown else None,
        word=unknown or words[0],
        touches=_touched(event, instance),
        since=parse_time(impacts[0].get("startTime")),
        updates=_updates(event),
    )


def _is_open(impact: dict[str, Any]) -> bool:
    end = impact.get("endTime")
    if end is None:
        return True
    if parse_time(end) is None:
        raise Unreadable("an impact's endTime is not a time")
    return False


def _title(event: dict[str, Any]) -> str:
    message = event.get("message")
    said = [plain(v) for v in message.values()] if isinstance(message, dict) else [plain(message)]
    return " ".join(t for t in said if t)


def _touched(event: dict[str, Any], instance: dict[str, Any]) -> frozenset[str]:
    named = event.get("instanceKeys")
    keys = [k for k in named if isinstance(k, str)] if isinstance(named, list) else []
    return frozenset((*keys, ident(instance, "key")))


def _maintenance(event: dict[str, Any], instance: dict[str, Any]) -> Maintenance:
    """Announced work. The instance's own status says whether it goes on; the list alone does not."""
    return Maintenance(
        id=ident(event, "id", "externalId", "name"),
        name=_title(event) or plain(event.get("name")) or f"maintenance on {ident(instance, 'key')}",
        active=False,
        touches=_touched(event, instance),
        starts=parse_time(event.get("plannedStartTime")),
        ends=parse_time(event.get("plannedEndTime")),
    )


def _updates(event: dict[str, Any]) -> tuple[Evidence, ...]:
    events = event.get("IncidentEvents")
    return tuple(
        Evidence(
            ": ".join(t for t in (plain(e.get("type")), plain(e.get("message"))) if t), parse_time(e.get("createdAt"))
        )
        for e in (events if isinstance(events, list) else [])
        if isinstance(e, dict)
    )
