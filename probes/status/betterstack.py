"""A status page of Better Stack.

Schema: the vendor's docs and a live sample: ``/index.json`` in JSON:API. data{type: "status_page", attributes{
company_name, custom_domain, aggregate_state: operational|degraded|downtime|maintenance}}, included[] of
status_page_section{name}, status_page_resource{public_name, status (also not_monitored), status_page_section_id},
status_report{title, report_type, starts_at, ends_at, aggregate_state (also resolved), affected_resources[]} and
status_update{message, published_at}.

The vendor answers 200 for any path, so `data.type` is what proves the page. `ends_at` is null on resolved reports:
`aggregate_state` alone says whether a report is open.
"""

from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Unreadable
from probes.status._ask import ask
from probes.status._json import an_object, ident, load, loose, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

INDEX_PATH = "/index.json"

STATE_WORDS = {
    "operational": Availability.OPERATIONAL,
    "degraded": Availability.DEGRADED,
    "downtime": Availability.OUTAGE,
    "maintenance": Availability.MAINTENANCE,
}
_SILENT = "not_monitored"
_CLOSED = "resolved"
_WORK = "maintenance"


class Params(StatusParams):
    """A page of Better Stack: `url` is the page or its ``index.json``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the index."""
    return await ask(params.url, INDEX_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the index; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that an index describes."""
    document = an_object(value, "the answer")
    data = an_object(document.get("data"), "data")
    if data.get("type") != "status_page":
        raise Unreadable("not a Better Stack status page: data.type is something else")
    head = an_object(data.get("attributes"), "data.attributes")
    state = word(head, "aggregate_state").lower()
    parts = objects(document, "included")
    domain = loose(head.get("custom_domain"))
    reports = [p for p in parts if word(p, "type") == "status_report"]
    components = _components(parts)
    incidents = tuple(i for i in (_incident(p, parts) for p in reports if not _is_work(p)) if i)
    if not components and not incidents and STATE_WORDS.get(state) is not Availability.OPERATIONAL:
        raise Unreadable("the page lists no resources")
    return Page(
        components=components,
        incidents=incidents,
        maintenances=tuple(m for m in (_maintenance(p, parts) for p in reports if _is_work(p)) if m),
        indicator=STATE_WORDS.get(state),
        indicator_word=state,
        url=f"https://{domain}" if domain and "/" not in domain else "",
    )


def _attributes(part: dict[str, Any]) -> dict[str, Any]:
    return an_object(part.get("attributes"), "attributes")


def _is_work(report: dict[str, Any]) -> bool:
    """Whether a report is announced work. In a state that we do not know it is judged as an incident: unknown."""
    facts = _attributes(report)
    state = word(facts, "aggregate_state").lower()
    return facts.get("report_type") == _WORK and (state in STATE_WORDS or state == _CLOSED)


def _components(parts: list[dict[str, Any]]) -> tuple[Component, ...]:
    sections = {ident(p, "id"): plain(_attributes(p).get("name")) for p in parts if p["type"] == "status_page_section"}
    found = []
    for part in parts:
        if part["type"] != "status_page_resource":
            continue
        facts = _attributes(part)
        status = word(facts, "status").lower()
        section = ident(facts, "status_page_section_id") if facts.get("status_page_section_id") is not None else ""
        silent = status == _SILENT
        found.append(
            Component(
                id=ident(part, "id"),
                name=ident(facts, "public_name"),
                state=Availability.OPERATIONAL if silent else STATE_WORDS.get(status),
                word=status,
                group=sections.get(section, ""),
                group_id=section,
                silent=silent,
            )
        )
    return tuple(found)


def _incident(part: dict[str, Any], parts: list[dict[str, Any]]) -> Incident | None:
    facts = _attributes(part)
    state = word(facts, "aggregate_state").lower()
    if state == _CLOSED:
        return None
    return Incident(
        id=ident(part, "id"),
        name=plain(facts.get("title")) or "(without a title)",
        state=STATE_WORDS.get(state),
        word=state,
        touches=_touched(facts),
        since=parse_time(facts.get("starts_at")),
        updates=_updates(part, parts),
    )


def _maintenance(part: dict[str, Any], parts: list[dict[str, Any]]) -> Maintenance | None:
    """Work; it goes on when its aggregate state says maintenance, and is to come while that is still operational."""
    facts = _attributes(part)
    state = word(facts, "aggregate_state").lower()
    if state == _CLOSED:
        return None
    return Maintenance(
        id=ident(part, "id"),
        name=plain(facts.get("title")) or "(without a title)",
        active=state != "operational",
        touches=_touched(facts),
        starts=parse_time(facts.get("starts_at")),
        ends=parse_time(facts.get("ends_at")),
        updates=_updates(part, parts),
    )


def _touched(facts: dict[str, Any]) -> frozenset[str]:
    affected = objects(facts, "affected_resources", missing_ok=True)
    return frozenset(ident(a, "status_page_resource_id", "id") for a in affected)


def _updates(part: dict[str, Any], parts: list[dict[str, Any]]) -> tuple[Evidence, ...]:
    """The report's updates, newest first, found by the ids in its relationships."""
    named = part.get("relationships")
    for key in ("status_updates", "data"):
        named = named.get(key) if isinstance(named, dict) else None
    ids = {loose(n.get("id")) for n in (named if isinstance(named, list) else []) if isinstance(n, dict)}
    texts = [
        (parse_time(facts.get("published_at")), plain(facts.get("message")))
        for p in parts
        if p["type"] == "status_update" and loose(p.get("id")) in ids and isinstance(facts := p.get("attributes"), dict)
    ]
    dated = sorted((t for t in texts if t[0]), key=lambda t: t[0] or 0, reverse=True)
    return tuple(Evidence(text, at) for at, text in dated + [t for t in texts if not t[0]])
