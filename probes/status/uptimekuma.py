"""A status page of Uptime Kuma, which teams run themselves.

Schema: the project's source (2026-08). ``/api/status-page/<slug>`` -> {config{title}, incidents[] (v1: incident),
publicGroupList[{id, name, monitorList[{id, name}]}], maintenanceList[{id, title, status}]};
``/api/status-page/heartbeat/<slug>`` -> {heartbeatList{"<monitor id>": [{status, time, msg}]}}, oldest first; status
0 down, 1 up, 2 pending (failed, being tried again: not yet a verdict), 3 maintenance; time in UTC without a zone.

`url` is the page (``<site>/status/<slug>``) or one of the two. The heartbeats come as the part "heartbeats".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX
from probes.status._json import a_list, an_object, flag, ident, load, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["AGES", "Params", "interpret", "observe", "read"]

AGES = True  # a heartbeat goes stale

API_PATH = "/api/status-page/"
HEARTBEATS = "heartbeats"
BEAT_AGE_MAX = timedelta(hours=48)  # above the usual intervals and any error of a zone that is not told

BEAT_WORDS = {
    0: (Availability.OUTAGE, "down"),
    1: (Availability.OPERATIONAL, "up"),
    2: (None, "pending"),
    3: (Availability.MAINTENANCE, "under maintenance"),
}
STYLE_WORDS = {  # of a posted incident: colours, chosen by whoever posts
    "info": Availability.OPERATIONAL,
    "primary": Availability.OPERATIONAL,
    "light": Availability.OPERATIONAL,
    "dark": Availability.OPERATIONAL,
    "warning": Availability.DEGRADED,
    "danger": Availability.DEGRADED,
}


class Params(StatusParams):
    """A page of Uptime Kuma: `url` is ``<site>/status/<slug>``, or an address of its API."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the page and its heartbeats, or for the heartbeats alone where `url` names them."""
    parts = urlsplit(params.url)
    if "/heartbeat/" in parts.path:
        return await fetch(Request(params.url, body_max=BODY_BYTES_MAX))
    base, found, slug = parts.path.rstrip("/").rpartition("/status-page/" if API_PATH in parts.path else "/status/")
    base = base.removesuffix("/api") if found else parts.path.rstrip("/")
    slug = slug if found else "default"

    async def part(path: str) -> Observation:
        url = urlunsplit((parts.scheme, parts.netloc, f"{base}{API_PATH}{path}", "", ""))
        return await fetch(Request(url, body_max=BODY_BYTES_MAX))

    answer = await part(slug)
    return replace(answer, parts={HEARTBEATS: await part(f"heartbeat/{slug}")})


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the page with its heartbeats; raises Unreadable."""
    document = an_object(load(observation), "the answer")
    if HEARTBEATS in observation.parts:
        beats = an_object(load(observation.parts[HEARTBEATS]), "the heartbeats")
    else:
        beats = document
    return judge(read(document, beats, observation.at), params)


def read(document: dict[str, Any], beats: dict[str, Any], now: datetime) -> Page:
    """The page that the two answers describe. `now`: the time of the observation."""
    beat_lists = an_object(beats.get("heartbeatList"), "heartbeatList")
    components = _listed(document, beat_lists, now) if "publicGroupList" in document else _bare(beat_lists, now)
    if not components:
        raise Unreadable("the page lists no monitors")
    posted = objects(document, "incidents", missing_ok=True)
    if document.get("incident") is not None:
        posted = [*posted, an_object(document["incident"], "incident")]
    return Page(
        components=components,
        incidents=tuple(_incident(item) for item in posted if flag(item, "active", default=True)),
        maintenances=tuple(_maintenance(item) for item in objects(document, "maintenanceList", missing_ok=True)),
    )


def _listed(document: dict[str, Any], beat_lists: dict[str, Any], now: datetime) -> tuple[Component, ...]:
    return tuple(
        _component(ident(item, "id"), ident(item, "name"), beat_lists, now, group=group)
        for group in objects(document, "publicGroupList")
        for item in objects(group, "monitorList")
    )


def _bare(beat_lists: dict[str, Any], now: datetime) -> tuple[Component, ...]:
    return tuple(_component(key, f"monitor {key}", beat_lists, now, group={}) for key in beat_lists)


def _component(
    identity: str, name: str, beat_lists: dict[str, Any], now: datetime, *, group: dict[str, Any]
) -> Component:
    state, text, said = _newest(a_list(beat_lists.get(identity, []), "a heartbeat list"), now)
    return Component(
        id=identity,
        name=name,
        state=state,
        word=text,
        group=plain(group.get("name")),
        group_id=ident(group, "id", "name") if group else "",
        evidence=said,
    )


def _newest(beats: list[Any], now: datetime) -> tuple[Availability | None, str, tuple[Evidence, ...]]:
    """What the newest heartbeat says, and its words; too old or from the future it says nothing."""
    if not beats:
        return None, "no heartbeat", ()
    beat = an_object(beats[-1], "a heartbeat")
    code = beat.get("status")
    if isinstance(code, bool) or not isinstance(code, int):
        raise Unreadable("a heartbeat's status is not a number")
    at = parse_time(beat.get("time"))
    state, text = BEAT_WORDS.get(code, (None, f"status {str(code)[:20]}"))
    said = plain(beat.get("msg"))
    if at is None:
        return None, "a heartbeat without a time", ()
    if abs(now - at) > BEAT_AGE_MAX:
        return None, f"a heartbeat of {at:%Y-%m-%d %H:%M} UTC", ()
    return state, text, (Evidence(said, at),) if said else ()


def _incident(item: dict[str, Any]) -> Incident:
    style = word(item, "style").lower()
    at = parse_time(item.get("lastUpdatedDate")) or parse_time(item.get("createdDate"))
    return Incident(
        id=ident(item, "id", "title"),
        name=plain(item.get("title")) or "(without a title)",
        state=STYLE_WORDS.get(style),
        word=style,
        since=parse_time(item.get("createdDate")),
        updates=(Evidence(plain(item.get("content")), at),),
    )


def _maintenance(item: dict[str, Any]) -> Maintenance:
    """Announced work; a monitor that it touches says so itself, so the list decides nothing."""
    return Maintenance(
        id=ident(item, "id", "title"),
        name=plain(item.get("title")) or "(without a title)",
        active=item.get("status") == "under-maintenance",
        updates=(Evidence(plain(item.get("description"))),),
    )
