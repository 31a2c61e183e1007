"""Heroku's status API v4.

Schema: captures: ``/api/v4/current-status`` -> {status[{system, status: green|yellow|red|blue}], incidents[{id, title,
state, resolved, full_url, updates[{contents, created_at, update_type, status_prod, status_dev}]}], scheduled[]}.

`resolved` of an incident is unreliable (seen false beside state "resolved"), so `state` and the newest update decide.
`scheduled` keeps work that was over months ago: only a system's own blue means maintenance.
"""

from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Unreadable
from probes.status._ask import ask
from probes.status._json import an_object, ident, link, load, loose, objects, plain, word
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

CURRENT_PATH = "/api/v4/current-status"
PAGE_URL = "https://status.heroku.com"

COLOUR_WORDS = {
    "green": Availability.OPERATIONAL,
    "blue": Availability.MAINTENANCE,
    "yellow": Availability.DEGRADED,
    "red": Availability.OUTAGE,
}
_RANK = tuple(COLOUR_WORDS.values())
_CLOSED = "resolved"


class Params(StatusParams):
    """Heroku: `url` is https://status.heroku.com or its ``/api/v4/current-status``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the current status."""
    return await ask(params.url, CURRENT_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the current status; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that the current status describes."""
    document = an_object(value, "the answer")
    systems = objects(document, "status")
    if not systems:
        raise Unreadable("the page lists no systems")
    return Page(
        components=tuple(map(_component, systems)),
        incidents=tuple(i for i in map(_incident, objects(document, "incidents")) if i),
        maintenances=tuple(m for m in map(_maintenance, objects(document, "scheduled", missing_ok=True)) if m),
        url=PAGE_URL,
    )


def _component(item: dict[str, Any]) -> Component:
    colour = word(item, "status").lower()
    name = ident(item, "system")
    return Component(name, name, COLOUR_WORDS.get(colour), colour)


def _incident(item: dict[str, Any]) -> Incident | None:
    updates = objects(item, "updates", missing_ok=True)
    newest = _newest(updates)
    if loose(item.get("state")).lower() == _CLOSED or loose(newest.get("update_type")).lower() == _CLOSED:
        return None
    colours = [c.lower() for c in (loose(newest.get("status_prod")), loose(newest.get("status_dev"))) if c]
    unknown = next((c for c in colours if c not in COLOUR_WORDS), "")
    worst = max((COLOUR_WORDS[c] for c in colours if c in COLOUR_WORDS), key=_RANK.index, default=None)
    if not colours:
        worst = Availability.DEGRADED  # open, and of no colour: trouble of a size that is not told
    return Incident(
        id=ident(item, "id", "title"),
        name=plain(item.get("title")) or "(without a title)",
        state=None if unknown and worst is not Availability.OUTAGE else worst,
        word=unknown or " and ".join(colours),
        since=parse_time(item.get("created_at")),
        url=link(item.get("full_url")),
        updates=_updates(updates),
    )


def _newest(updates: list[dict[str, Any]]) -> dict[str, Any]:
    """The newest update by its time; without times the first, which is how the vendor orders them."""
    dated = [(at, -n) for n, u in enumerate(updates) if (at := parse_time(u.get("created_at")))]
    if dated:
        return updates[-max(dated)[1]]
    return updates[0] if updates else {}


def _maintenance(item: dict[str, Any]) -> Maintenance | None:
    """Work to come, as far as the list can be believed: a remark and no more."""
    ahead = item.get("upcoming") is True or loose(item.get("state")).lower() == "upcoming"
    if not ahead or item.get("resolved") is True:
        return None
    return Maintenance(
        id=ident(item, "id", "title"),
        name=plain(item.get("title")) or "(without a title)",
        active=False,
        url=link(item.get("full_url")),
        updates=_updates(objects(item, "updates", missing_ok=True)),
    )


def _updates(updates: list[dict[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"{loose(u.get('update_type'))}: {plain(u.get('contents'))}", parse_time(u.get("created_at")))
        for u in updates
    )
