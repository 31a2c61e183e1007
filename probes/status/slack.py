"""Slack's status API v2.

Schema: docs.slack.dev and captures. ``/api/v2.0.0/current`` -> {status: ok|active, date_created, date_updated,
active_incidents[]}; ``/api/v2.0.0/history`` -> a bare list. An item has {id, title, type: incident|notice|outage,
status: active|resolved|scheduled|completed|cancelled, url, services[], notes[{date_created, body}]}. There is no
severity: an outage is worse than an incident, a notice is a remark.

Slack's services are a fixed set; filters (`components` or `products`) match them, or one that an item names.
"""

from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Unreadable
from probes.status._ask import ask
from probes.status._json import a_list, an_object, ident, link, load, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

CURRENT_PATH = "/api/v2.0.0/current"

TYPE_WORDS = {
    "outage": Availability.OUTAGE,
    "incident": Availability.DEGRADED,
    "notice": Availability.OPERATIONAL,
}
SERVICES = (
    "Login/SSO",
    "Messaging",
    "Notifications",
    "Search",
    "Workspace/Org Administration",
    "Canvases",
    "Connectivity",
    "Files",
    "Huddles",
    "Apps/Integrations/APIs",
    "Workflows",
    "Posts/Files",
    "Calls",
    "Link Previews",
)
_CLOSED = frozenset({"resolved", "completed", "cancelled"})
_AHEAD = "scheduled"
_OPEN = "active"


class Params(StatusParams):
    """Slack: `url` is https://slack-status.com, or its API's ``current`` or ``history``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the current state, or for what `url` names."""
    return await ask(params.url, CURRENT_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the current state or the history, whichever it is; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that an answer describes. An empty history is no proof of health: Slack's has about forty items."""
    if isinstance(value, list):
        if not value:
            raise Unreadable("the history is empty")
        return _page(value)
    document = an_object(value, "the answer")
    items = a_list(document.get("active_incidents"), "active_incidents")
    status = word(document, "status")
    if status == _OPEN and not items:
        raise Unreadable("the page says that something is active, and not what")
    return _page(items, "" if status == _OPEN else status)


def _page(values: list[Any], indicator: str = "") -> Page:
    items = [an_object(v, "each incident") for v in values]
    if not all("type" in item and "title" in item for item in items):
        raise Unreadable("not a list of Slack's incidents")
    named = dict.fromkeys((*SERVICES, *(name for item in items for name in _services(item))))
    return Page(
        components=tuple(
            Component(name, name, Availability.OPERATIONAL, "no open incident", product=name) for name in named
        ),
        incidents=tuple(i for i in map(_incident, items) if i),
        maintenances=tuple(_maintenance(item) for item in items if word(item, "status") == _AHEAD),
        indicator=Availability.OPERATIONAL if indicator == "ok" else None,
        indicator_word=indicator,
        implied=True,
    )


def _services(item: dict[str, Any]) -> frozenset[str]:
    values = item.get("services")
    if values is None:
        return frozenset()
    if not all(isinstance(v, str) for v in a_list(values, "services")):
        raise Unreadable("a service is not a name")
    return frozenset(values)


def _incident(item: dict[str, Any]) -> Incident | None:
    status, kind = word(item, "status"), word(item, "type")
    if status in _CLOSED or status == _AHEAD:
        return None
    state = TYPE_WORDS.get(kind)
    return Incident(
        id=ident(item, "id", "title"),
        name=plain(item.get("title")) or "(without a title)",
        state=state if status == _OPEN else None,
        word=kind if status == _OPEN else status,
        touches=_services(item),
        since=parse_time(item.get("date_created")),
        url=link(item.get("url")),
        updates=_notes(item),
    )


def _maintenance(item: dict[str, Any]) -> Maintenance:
    return Maintenance(
        id=ident(item, "id", "title"),
        name=plain(item.get("title")) or "(without a title)",
        active=False,
        touches=_services(item),
        url=link(item.get("url")),
        updates=_notes(item),
    )


def _notes(item: dict[str, Any]) -> tuple[Evidence, ...]:
    notes = item.get("notes")
    return tuple(
        Evidence(plain(note.get("body")), parse_time(note.get("date_created")))
        for note in (notes if isinstance(notes, list) else [])
        if isinstance(note, dict)
    )
