"""A status page of Cachet, versions 1 to 3, which teams run themselves.

Schema: the project's API. ``/api/v1/components`` -> {meta{pagination}, data[{id, name, status, group_id, enabled}]};
a status is 1 operational, 2 performance issues, 3 partial outage, 4 major outage (0 unknown). ``/api/v1/incidents`` ->
data[{id, component_id, name, status, message, is_resolved}]; a status is 0 scheduled, 1 investigating, 2 identified,
3 watching, 4 fixed. Version 3 is JSON:API under ``/api``: data[{id, attributes{name, status{human, value}}}] with 5
unknown and 6 under maintenance, and links.next where there is more.

`url` is the page or one of these addresses. For a page the newest incidents come as the part "incidents".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Reason, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX, is_page, joined
from probes.status._json import an_object, ident, load, objects, plain
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

COMPONENTS_PAGE_MAX = 1000
INCIDENTS_PAGE_MAX = 50
INCIDENTS = "incidents"
_HTTP_NOT_FOUND = 404

COMPONENT_CODES = {
    1: (Availability.OPERATIONAL, "operational"),
    2: (Availability.DEGRADED, "performance issues"),
    3: (Availability.DEGRADED, "partial outage"),
    4: (Availability.OUTAGE, "major outage"),
    6: (Availability.MAINTENANCE, "under maintenance"),
}
INCIDENT_CODES = {
    1: (Availability.DEGRADED, "investigating"),
    2: (Availability.DEGRADED, "identified"),
    3: (Availability.OPERATIONAL, "watching"),
}
_SCHEDULED, _FIXED = 0, 4


class Params(StatusParams):
    """A page of Cachet: `url` is the page, or its ``/api/v1/components`` (version 3: ``/api/components``)."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the components and the newest incidents, in version 1's place, else in version 3's."""
    if not is_page(params.url):
        return await fetch(Request(params.url, body_max=BODY_BYTES_MAX))

    async def part(path: str, count: int) -> Observation:
        return await fetch(Request(f"{joined(params.url, path)}?per_page={count}", body_max=BODY_BYTES_MAX))

    base = "/api/v1"
    answer = await part(f"{base}/components", COMPONENTS_PAGE_MAX)
    if answer.status == _HTTP_NOT_FOUND:
        base = "/api"
        answer = await part(f"{base}/components", COMPONENTS_PAGE_MAX)
    order = "&sort=id&order=desc" if base == "/api/v1" else "&sort=-id"
    url = f"{joined(params.url, base + '/incidents')}?per_page={INCIDENTS_PAGE_MAX}{order}"
    return replace(answer, parts={INCIDENTS: await fetch(Request(url, body_max=BODY_BYTES_MAX))})


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the components, and the incidents where they came along; raises Unreadable."""
    incidents = load(observation.parts[INCIDENTS]) if INCIDENTS in observation.parts else {"data": []}
    return judge(read(load(observation), incidents), params)


def read(value: object, incidents: object) -> Page:
    """The page that the two answers describe."""
    document = an_object(value, "the answer")
    items = [_facts(item) for item in objects(document, "data")]
    if not items:
        raise Unreadable("the page lists no components")
    posted = [_facts(item) for item in objects(an_object(incidents, "the incidents"), "data")]
    return Page(
        components=tuple(map(_component, items)),
        incidents=tuple(i for i in map(_incident, posted) if i),
        maintenances=tuple(_maintenance(item) for item in posted if _code(item) == _SCHEDULED and not _resolved(item)),
        gaps=_gaps(document, len(items)),
    )


def _facts(item: dict[str, Any]) -> dict[str, Any]:
    """An item's fields; version 3 keeps them apart from the id."""
    return {"id": item.get("id")} | an_object(item["attributes"], "attributes") if "attributes" in item else item


def _gaps(document: dict[str, Any], listed: int) -> tuple[tuple[str, Reason], ...]:
    """What is on further pages of the answer."""
    meta, links = document.get("meta"), document.get("links")
    pagination = meta.get("pagination") if isinstance(meta, dict) else None
    total = pagination.get("total") if isinstance(pagination, dict) else None
    more = isinstance(links, dict) and isinstance(links.get("next"), str)
    if more or (isinstance(total, int) and total > listed):
        return ((f"the answer lists only the first {listed} components", Reason.LIMIT),)
    return ()


def _code(item: dict[str, Any]) -> int:
    """The status as a number: bare, as text, or as version 3's {human, value}."""
    status = item.get("status")
    if isinstance(status, dict):
        status = status.get("value")
    text = str(status) if isinstance(status, int | str) and not isinstance(status, bool) else ""
    if not (text.isascii() and text.isdigit()) or len(text) > 9:  # noqa: PLR2004 - far above any code
        raise Unreadable("a status is not a number")
    return int(text)


def _component(item: dict[str, Any]) -> Component:
    code = _code(item)
    state, text = COMPONENT_CODES.get(code, (None, f"status {code}"))
    return Component(
        id=ident(item, "id", "name"),
        name=ident(item, "name"),
        state=state,
        word=text,
        group_id=ident(item, "group_id") if item.get("group_id") is not None else "",
        silent=item.get("enabled") in (False, 0, "0"),
        since=parse_time(item.get("updated_at")),
    )


def _resolved(item: dict[str, Any]) -> bool:
    return item.get("is_resolved") is True


def _incident(item: dict[str, Any]) -> Incident | None:
    code = _code(item)
    if code in (_FIXED, _SCHEDULED) or _resolved(item):
        return None
    state, text = INCIDENT_CODES.get(code, (None, f"status {code}"))
    at = parse_time(item.get("occurred_at")) or parse_time(item.get("created_at"))
    component = item.get("component_id")
    return Incident(
        id=ident(item, "id", "name"),
        name=_name(item),
        state=state,
        word=text,
        # 0 means "none".
        touches=frozenset({ident(item, "component_id")}) if component not in (None, 0, "0") else frozenset(),
        since=at,
        updates=(Evidence(plain(item.get("message")), at),),
    )


def _name(item: dict[str, Any]) -> str:
    return plain(item.get("name")) or "(without a title)"


def _maintenance(item: dict[str, Any]) -> Maintenance:
    starts = parse_time(item.get("scheduled_at"))
    return Maintenance(ident(item, "id", "name"), _name(item), active=False, starts=starts)
