"""A status page of Instatus.

Schema: the vendor's public API, a live sample and captures. ``/summary.json`` and ``/v3/summary.json`` -> {page{name,
url, status: UP|HASISSUES|UNDERMAINTENANCE}, activeIncidents[]?, activeMaintenances[]?}, where empty lists are left out.
``/v3/components.json`` (older: ``/v2/``) -> {components[{id, name, status, group}]}, or a bare list whose items have
isParent and children. An incident has {id, name, started, status, impact, url, updatedAt}, a maintenance {id, name,
start, status: NOTSTARTEDYET|INPROGRESS|COMPLETED, duration}.

The summary names no components: with a filter they are asked for too, as the part "components".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Reason, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX, ask, is_page, joined
from probes.status._json import an_object, ident, link, load, loose, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

SUMMARY_PATH = "/summary.json"
COMPONENTS_PATH = "/v3/components.json"
COMPONENTS = "components"

PAGE_WORDS = {
    "UP": Availability.OPERATIONAL,
    "HASISSUES": Availability.DEGRADED,
    "UNDERMAINTENANCE": Availability.MAINTENANCE,
}
STATE_WORDS = {  # of a component, and the impact of an incident
    "OPERATIONAL": Availability.OPERATIONAL,
    "UNDERMAINTENANCE": Availability.MAINTENANCE,
    "DEGRADEDPERFORMANCE": Availability.DEGRADED,
    "PARTIALOUTAGE": Availability.DEGRADED,
    "MINOROUTAGE": Availability.DEGRADED,
    "MAJOROUTAGE": Availability.OUTAGE,
}
_OPEN = frozenset({"INVESTIGATING", "IDENTIFIED", "MONITORING"})
_CLOSED = frozenset({"RESOLVED", "COMPLETED"})
_WORK = {"NOTSTARTEDYET": False, "INPROGRESS": True, "VERIFYING": True}


class Params(StatusParams):
    """A page of Instatus: `url` is the page, its ``summary.json`` or its ``v3/components.json``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the summary, or for what `url` names; with a filter for the components as well."""
    answer = await ask(params.url, SUMMARY_PATH, fetch)
    if not params.filtered or urlsplit(params.url).path.endswith("/components.json"):
        return answer
    components = await fetch(Request(_components_url(params.url), body_max=BODY_BYTES_MAX))
    return replace(answer, parts={COMPONENTS: components})


def _components_url(url: str) -> str:
    if is_page(url):
        return joined(url, COMPONENTS_PATH)
    parts = urlsplit(url)
    base = parts.path.removesuffix(SUMMARY_PATH)
    path = f"{base}/components.json" if base.endswith(("/v2", "/v3")) else base + COMPONENTS_PATH
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the summary, or a list of components; raises Unreadable."""
    page = read(load(observation))
    if COMPONENTS in observation.parts:
        page = replace(page, components=_components(load(observation.parts[COMPONENTS])))
    return judge(page, params)


def read(value: object) -> Page:
    """The page that a summary or a list of components describes."""
    if isinstance(value, list) or (isinstance(value, dict) and COMPONENTS in value and "page" not in value):
        return Page(components=_components(value))
    document = an_object(value, "the answer")
    head = an_object(document.get("page"), "page")
    status = word(head, "status").upper()
    work = objects(document, "activeMaintenances", missing_ok=True)
    return Page(
        components=_components(document) if document.get(COMPONENTS) else (),
        incidents=tuple(i for i in map(_incident, objects(document, "activeIncidents", missing_ok=True)) if i),
        maintenances=tuple(_maintenance(item) for item in work if word(item, "status").upper() in _WORK),
        indicator=PAGE_WORDS.get(status),
        indicator_word=status,
        url=link(head.get("url")),
        gaps=_work_gaps(work),
    )


def _work_gaps(work: list[dict[str, Any]]) -> tuple[tuple[str, Reason], ...]:
    words = {w for item in work if (w := word(item, "status").upper()) not in _WORK and w not in _CLOSED}
    return tuple(
        (f"the page's word for a maintenance is {w!r}, which we do not know", Reason.WORD) for w in sorted(words)
    )


def _components(value: object) -> tuple[Component, ...]:
    """The components of either shape; a parent repeats its children and is left out when it has any."""
    holder = {COMPONENTS: value} if isinstance(value, list) else an_object(value, "the components")
    found: list[Component] = []
    for item in objects(holder, COMPONENTS):
        children = objects(item, "children", missing_ok=True)
        if children:
            found += [_component(child, (ident(item, "id", "name"), ident(item, "name"))) for child in children]
        else:
            found.append(_component(item, _group(item)))
    if not found:
        raise Unreadable("the page lists no components")
    return tuple(found)


def _group(item: dict[str, Any]) -> tuple[str, str]:
    """Id and name of a component's group: a text, or an object with a name."""
    group = item.get("group")
    if isinstance(group, dict):
        return loose(group.get("id")), plain(group.get("name"))
    return "", plain(group)


def _component(item: dict[str, Any], group: tuple[str, str]) -> Component:
    status = word(item, "status").upper()
    return Component(
        id=ident(item, "id", "name"),
        name=ident(item, "name"),
        state=STATE_WORDS.get(status),
        word=status,
        group=group[1],
        group_id=group[0],
    )


def _incident(item: dict[str, Any]) -> Incident | None:
    status = word(item, "status").upper()
    if status in _CLOSED:
        return None
    impact = word(item, "impact").upper()
    return Incident(
        id=ident(item, "id", "name"),
        name=plain(item.get("name")) or "(without a title)",
        state=STATE_WORDS.get(impact) if status in _OPEN else None,
        word=impact if status in _OPEN else status,
        touches=_touched(item),
        since=parse_time(item.get("started")),
        url=link(item.get("url")),
        updates=(Evidence(f"{status.lower()}, impact {impact.lower()}", parse_time(item.get("updatedAt"))),),
    )


def _touched(item: dict[str, Any]) -> frozenset[str]:
    return frozenset(ident(c, "id", "name") for c in objects(item, COMPONENTS, missing_ok=True))


def _maintenance(item: dict[str, Any]) -> Maintenance:
    minutes = loose(item.get("duration"))
    length = f"{minutes} minutes" if minutes else ""
    return Maintenance(
        id=ident(item, "id", "name"),
        name=plain(item.get("name")) or "(without a title)",
        active=_WORK[word(item, "status").upper()],
        touches=_touched(item),
        starts=parse_time(item.get("start")),
        url=link(item.get("url")),
        updates=(Evidence(length, parse_time(item.get("updatedAt"))),) if length else (),
    )
