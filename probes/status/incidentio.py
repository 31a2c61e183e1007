"""A status page of incident.io.

Schema: the vendor's Widget API, ``/api/v1/summary``: {page_title, page_url, ongoing_incidents[],
in_progress_maintenances[], scheduled_maintenances[]}. An incident has {id, name, status, url, last_update_at,
last_update_message, current_worst_impact, affected_components[{id, name, group_name, current_status}]}; a maintenance
the same with started_at and scheduled_end_at, or starts_at and ends_at. Lists may be null, but the first must be there.

The widget names only what is affected, so a filter on it can match nothing on a good day. The page also speaks the
Statuspage dialect (see `probes.status.statuspage`), which lists every component: a `url` that is the page itself is
asked for that; the widget is read where `url` names it.
"""

from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Unreadable
from probes.status import statuspage
from probes.status._ask import ask
from probes.status._json import an_object, ident, link, load, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

_LISTS = ("ongoing_incidents", "in_progress_maintenances", "scheduled_maintenances")
_CLOSED = frozenset({"resolved"})
_WORDS = statuspage.COMPONENT_WORDS | {
    "maintenance_in_progress": Availability.MAINTENANCE,
    "maintenance_scheduled": Availability.OPERATIONAL,
}


class Params(StatusParams):
    """A page of incident.io: `url` is the page, its ``/api/v1/summary`` or one of its ``/api/v2/*.json``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the dialect's summary, or for what `url` names."""
    return await ask(params.url, statuspage.SUMMARY_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the widget's answer or the dialect's, whichever it is; raises Unreadable."""
    document = an_object(load(observation), "the answer")
    if "components" in document or "status" in document or "incidents" in document:
        return judge(statuspage.read(document, observation.url), params)
    return judge(read(document), params)


def read(document: dict[str, Any]) -> Page:
    """The page that the widget's answer describes."""
    if _LISTS[0] not in document:
        raise Unreadable("neither incident.io's widget nor its Statuspage dialect")
    ongoing, active, ahead = (objects(document, name, missing_ok=True) for name in _LISTS)
    affected = [part for item in (*ongoing, *active, *ahead) for part in _affected(item)]
    incidents = [i for i in map(_incident, ongoing) if i]
    works = [_maintenance(item, active=True) for item in active]
    works += [_maintenance(item, active=False) for item in ahead]
    return Page(
        components=tuple({part.id: part for part in affected}.values()),
        incidents=tuple(incidents),
        maintenances=tuple(works),
        url=link(document.get("page_url")),
        implied=True,
    )


def _affected(item: dict[str, Any]) -> list[Component]:
    """The components that an event names: for filters to match; what is wrong is said by the event itself."""
    return [
        Component(
            id=ident(part, "id", "component_id", "name"),
            name=ident(part, "name", "id", "component_id"),
            state=Availability.OPERATIONAL,
            word="named by an event",
            group=plain(part.get("group_name")),
        )
        for part in objects(item, "affected_components", missing_ok=True)
    ]


def _incident(item: dict[str, Any]) -> Incident | None:
    status = word(item, "status").lower()
    if status in _CLOSED:
        return None
    impact = word(item, "current_worst_impact").lower()
    # The impact is what it was at its worst; what the components are now can only be worse news.
    now = [
        word(p, "current_status").lower()
        for p in objects(item, "affected_components", missing_ok=True)
        if p.get("current_status") is not None
    ]
    states = [_WORDS.get(w) for w in (impact, *now)]
    known = [s for s in states if s is not None]
    worst = max(known, key=_RANK.index, default=None)
    unknown = next((w for w in (impact, *now) if w not in _WORDS), "")
    calm = worst not in (Availability.DEGRADED, Availability.OUTAGE)
    return Incident(
        id=ident(item, "id", "name"),
        name=plain(item.get("name")) or "(without a title)",
        state=None if unknown and calm else worst,
        word=unknown or impact,
        touches=frozenset(part.id for part in _affected(item)),
        since=parse_time(item.get("started_at")) or parse_time(item.get("created_at")),
        url=link(item.get("url")),
        updates=_update(item),
    )


_RANK = (Availability.OPERATIONAL, Availability.MAINTENANCE, Availability.DEGRADED, Availability.OUTAGE)


def _maintenance(item: dict[str, Any], *, active: bool) -> Maintenance:
    return Maintenance(
        id=ident(item, "id", "name"),
        name=plain(item.get("name")) or "(without a title)",
        active=active,
        touches=frozenset(part.id for part in _affected(item)),
        starts=parse_time(item.get("started_at")) or parse_time(item.get("starts_at")),
        ends=parse_time(item.get("scheduled_end_at")) or parse_time(item.get("ends_at")),
        url=link(item.get("url")),
        updates=_update(item),
    )


def _update(item: dict[str, Any]) -> tuple[Evidence, ...]:
    text = plain(item.get("last_update_message"))
    named = ", ".join(
        f"{part.name}: {plain(raw.get('current_status'))}"
        for part, raw in zip(_affected(item), objects(item, "affected_components", missing_ok=True), strict=True)
    )
    said = f"{text} [{named}]" if named else text
    return (Evidence(said, parse_time(item.get("last_update_at")), link(item.get("url"))),) if said else ()
