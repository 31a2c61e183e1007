"""Meta's status of its business products, metastatus.com.

Schema (from readers' code, no capture): ``/data/orgs.json`` is a list of {id, name, services[{id, name, status, time}],
rss_file_paths[]}. A service's status is a sentence: "No known issues", "Resolved" (stays for hours, and is well),
"Low|Medium|High disruptions", "Major disruptions".

`products` (or `groups`) filters by organisation ("Facebook Ads", its id), `components` by service.
"""

import re
from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Fetch, Observation, Reading, Unreadable
from probes.status._ask import ask
from probes.status._json import a_list, an_object, ident, load, objects, word
from probes.status._page import Component, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

ORGS_PATH = "/data/orgs.json"
PAGE_URL = "https://metastatus.com/"

WELL = frozenset({"no known issues", "no known issue", "resolved"})
LEVEL_WORDS = {
    "low": Availability.DEGRADED,
    "medium": Availability.DEGRADED,
    "high": Availability.OUTAGE,
    "major": Availability.OUTAGE,
}
_DISRUPTION = re.compile(r"(low|medium|high|major) disruptions?")


class Params(StatusParams):
    """Meta's status: `url` is https://metastatus.com/ or its ``data/orgs.json``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the organisations and their services."""
    return await ask(params.url, ORGS_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the services; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that the list of organisations describes."""
    orgs = [an_object(v, "each organisation") for v in a_list(value, "the answer")]
    components = tuple(_component(org, item) for org in orgs for item in objects(org, "services"))
    if not components:
        raise Unreadable("the page lists no services")
    return Page(components=components, url=PAGE_URL)


def _component(org: dict[str, Any], item: dict[str, Any]) -> Component:
    status = word(item, "status")
    org_id, org_name = ident(org, "id", "name"), ident(org, "name", "id")
    return Component(
        id=ident(item, "id", "name"),
        name=ident(item, "name"),
        state=_state(status),
        word=status,
        group=org_name,
        group_id=org_id,
        products=(org_id, org_name),
        since=parse_time(item.get("time")),
    )


def _state(status: str) -> Availability | None:
    said = " ".join(status.casefold().split()).rstrip(".")
    if said in WELL:
        return Availability.OPERATIONAL
    found = _DISRUPTION.fullmatch(said)
    return LEVEL_WORDS[found[1]] if found else None
