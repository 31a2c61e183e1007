"""Atlassian Statuspage, public API v2, and every page that speaks it (incident.io does).

Schema: https://<page>/api/v2 as documented by the vendor and seen in captures of 16 vendors. `url` is the page itself
(then ``/api/v2/summary.json`` is asked) or one of its JSON files; each file is a shape of its own, told apart by what
it holds:

* ``summary.json``: page, status, components, incidents, scheduled_maintenances. Without components or without status
  it is cut, and Unreadable;
* ``status.json``: page, status. The vendor's word for the whole page; no filter can match;
* ``components.json``: page, components;
* ``incidents.json``, ``incidents/unresolved.json``: page, incidents; well means that none is open;
* ``scheduled-maintenances*.json`` says nothing of health: Unreadable.

The incident.io dialect writes null for empty lists, leaves `group` out of components and `components` out of
incidents, and calls the worst component state ``full_outage``.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Reason, Unreadable
from probes.status._ask import ask
from probes.status._json import an_object, flag, ident, link, load, loose, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["COMPONENT_WORDS", "IMPACT_WORDS", "Params", "interpret", "observe", "read"]

SUMMARY_PATH = "/api/v2/summary.json"

COMPONENT_WORDS = {
    "operational": Availability.OPERATIONAL,
    "degraded_performance": Availability.DEGRADED,
    "partial_outage": Availability.DEGRADED,
    "major_outage": Availability.OUTAGE,
    "full_outage": Availability.OUTAGE,
    "under_maintenance": Availability.MAINTENANCE,
}
IMPACT_WORDS = {  # of an incident, and of the page: its indicator
    "none": Availability.OPERATIONAL,
    "minor": Availability.DEGRADED,
    "major": Availability.DEGRADED,
    "critical": Availability.OUTAGE,
    "maintenance": Availability.MAINTENANCE,
}
_OPEN = frozenset({"investigating", "identified", "monitoring"})
_CLOSED = frozenset({"resolved", "postmortem", "completed", "cancelled"})
_WORK_ACTIVE = frozenset({"in_progress", "verifying"})
_WORK_AHEAD = frozenset({"scheduled"})
_LISTS = frozenset({"incidents", "scheduled_maintenances"})


class Params(StatusParams):
    """A Statuspage page: `url` is the page or one of its ``/api/v2/*.json`` files."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the summary, or for the file that `url` names."""
    return await ask(params.url, SUMMARY_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read one of the shapes above; raises Unreadable."""
    return judge(read(load(observation), observation.url), params)


def read(value: object, url: str) -> Page:
    """The page that a v2 document describes. `url`: its address, which tells a cut summary from a status.json."""
    document = an_object(value, "the answer")
    _require_shape(document, url)
    named = _page_url(document)
    components = _components(document) if "components" in document else ()
    incidents = [i for i in map(_incident, objects(document, "incidents", missing_ok=True)) if i]
    work = objects(document, "scheduled_maintenances", missing_ok=True)
    page = Page(
        components=components,
        incidents=tuple(incidents),
        maintenances=_maintenances(work),
        gaps=_work_gaps(work),
        url=named,
        implied="components" not in document,
    )
    if "components" not in document and "incidents" in document:
        page = _with_named_components(page, document)
    return _with_indicator(page, document) if "status" in document else page


def _require_shape(document: dict[str, Any], url: str) -> None:
    """Raise Unreadable unless the document is a whole one of the shapes that say something of health."""
    has_status, has_components, lists = "status" in document, "components" in document, _LISTS & document.keys()
    if has_status and not has_components:
        an_object(document["status"], "status")
        if lists or urlsplit(url).path.endswith("/summary.json"):
            raise Unreadable("a summary.json without components")
        return
    if has_components and not has_status and lists:
        raise Unreadable("a summary.json without status")
    if has_components or (lists == {"incidents"} and not has_status):
        return
    if lists == {"scheduled_maintenances"}:
        raise Unreadable("a list of maintenance says nothing of health")
    raise Unreadable("not a Statuspage document: neither components nor status nor incidents")


def _page_url(document: dict[str, Any]) -> str:
    page = document.get("page")
    return link(page.get("url")) if isinstance(page, dict) else ""


def _with_indicator(page: Page, document: dict[str, Any]) -> Page:
    status = an_object(document["status"], "status")
    indicator = word(status, "indicator").lower()
    state = IMPACT_WORDS.get(indicator)
    if "components" in document and not (page.components or page.incidents) and indicator == "minor":
        # An empty list proves no health. "none" is the vendor's own word for it and enough; "minor" denies it.
        raise Unreadable("the page lists no components, and its indicator is 'minor'")
    return replace(
        page,
        indicator=state,
        indicator_word=indicator,
        indicator_remark=indicator == "minor",
        indicator_text=plain(status.get("description")),
    )


def _components(document: dict[str, Any]) -> tuple[Component, ...]:
    """The components without their groups: a group repeats the worst of its members (one without members counts)."""
    items = objects(document, "components")
    if not items and "status" not in document:
        raise Unreadable("the page lists no components")
    parents = {ident(item, "group_id") for item in items if item.get("group_id") is not None}
    groups = {ident(item, "id"): ident(item, "name") for item in items if flag(item, "group", default=False)}
    found = []
    for item in items:
        if item.get("group") and ident(item, "id") in parents:
            continue
        status = word(item, "status").lower()
        state = COMPONENT_WORDS.get(status)
        group_id = ident(item, "group_id") if item.get("group_id") is not None else ""
        found.append(
            Component(
                id=ident(item, "id", "name"),
                name=ident(item, "name"),
                state=state,
                word=status,
                group=groups.get(group_id, ""),
                group_id=group_id,
                # A page has hundreds of healthy components, and nobody asks what those are.
                evidence=() if state is Availability.OPERATIONAL else _described(item),
            )
        )
    return tuple(found)


def _described(item: dict[str, Any]) -> tuple[Evidence, ...]:
    text = plain(item.get("description"))
    return (Evidence(text, parse_time(item.get("updated_at"))),) if text else ()


def _incident(item: dict[str, Any]) -> Incident | None:
    """An incident that is open, or whose life cycle we cannot tell; None when it is over."""
    status = word(item, "status").lower()
    if status in _CLOSED or (status not in _OPEN and parse_time(item.get("resolved_at"))):
        return None
    impact = word(item, "impact").lower()
    state = IMPACT_WORDS.get(impact)
    if status not in _OPEN:
        state, impact = None, status
    return Incident(
        id=ident(item, "id", "name"),
        name=plain(item.get("name")) or "(without a title)",
        state=state,
        word=impact,
        touches=_touched(item),
        since=parse_time(item.get("started_at")) or parse_time(item.get("created_at")),
        url=link(item.get("shortlink")),
        updates=_updates(item),
    )


def _touched(item: dict[str, Any]) -> frozenset[str]:
    return frozenset(ident(c, "id", "name") for c in objects(item, "components", missing_ok=True))


def _maintenances(items: list[dict[str, Any]]) -> tuple[Maintenance, ...]:
    """Work that goes on or is to come."""
    return tuple(
        Maintenance(
            id=ident(item, "id", "name"),
            name=plain(item.get("name")) or "(without a title)",
            active=word(item, "status").lower() in _WORK_ACTIVE,
            touches=_touched(item),
            starts=parse_time(item.get("scheduled_for")),
            ends=parse_time(item.get("scheduled_until")),
            url=link(item.get("shortlink")),
            updates=_updates(item),
        )
        for item in items
        if word(item, "status").lower() in _WORK_ACTIVE | _WORK_AHEAD
    )


def _work_gaps(items: list[dict[str, Any]]) -> tuple[tuple[str, Reason], ...]:
    """Work of which we cannot tell whether it goes on."""
    known = _WORK_ACTIVE | _WORK_AHEAD | _CLOSED
    words = {status for item in items if (status := word(item, "status").lower()) not in known}
    return tuple(
        (f"the page's word for a maintenance is {w!r}, which we do not know", Reason.WORD) for w in sorted(words)
    )


def _updates(item: dict[str, Any]) -> tuple[Evidence, ...]:
    """All updates as the page orders them (newest first), each with the component changes it made."""
    updates = item.get("incident_updates")
    found = []
    for update in updates if isinstance(updates, list) else []:
        if isinstance(update, dict):
            text = f"{loose(update.get('status'))}: {plain(update.get('body'))}{_changes(update)}"
            found.append(Evidence(text, parse_time(update.get("display_at")) or parse_time(update.get("created_at"))))
    return tuple(found)


def _changes(update: dict[str, Any]) -> str:
    """The component changes of an update: " [API Requests: operational -> major_outage]"."""
    affected = update.get("affected_components")
    changes = [
        f"{loose(c.get('name'))}: {loose(c.get('old_status'))} -> {loose(c.get('new_status'))}"
        for c in (affected if isinstance(affected, list) else [])
        if isinstance(c, dict)
    ]
    return f" [{'; '.join(changes)}]" if changes else ""


def _with_named_components(page: Page, document: dict[str, Any]) -> Page:
    """An incidents.json knows only the components that its incidents name, open or not: they are what filters match."""
    named: dict[str, Component] = {}
    for item in objects(document, "incidents", missing_ok=True):
        for part in objects(item, "components", missing_ok=True):
            part_id = ident(part, "id", "name")
            named[part_id] = Component(part_id, ident(part, "name"), Availability.OPERATIONAL, "operational")
    return replace(page, components=tuple(named.values()), implied=True)
