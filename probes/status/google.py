"""Google's status dashboards: Ads, Search, Workspace, Cloud.

Schema: ``<dashboard>/incidents.schema.json`` and captures of the Cloud dashboard; all four dashboards serve it.
``incidents.json`` is the history, a list of {id, begin, end (null or absent: open), modified, external_desc, updates[],
most_recent_update, status_impact, affected_products[{title, id}], service_name, service_key, uri,
currently_affected_locations[{title, id}], previously_affected_locations[]}. There is no "all clear": the dashboard is
well when no incident on the chosen products is open. `end` closes an incident for good; `modified` moves for months
after it (post-mortems) and opens nothing.

`products` (or `components`) filters by product id or title, `regions` by location. The history names only what was
once affected, so with such a filter ``products.json`` is asked for too, as the part "products".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field

from probes.base import Availability, Duration, Evidence, Fetch, Observation, Reading, Request, Unreadable
from probes.status._ask import ask, is_page, joined
from probes.status._json import a_list, an_object, ident, load, loose, objects, plain, word
from probes.status._page import Component, Incident, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

INCIDENTS_PATH = "/incidents.json"
PRODUCTS_PATH = "/products.json"
PRODUCTS = "products"
BODY_BYTES_MAX = 4 * 1024 * 1024

IMPACT_WORDS = {
    "SERVICE_INFORMATION": Availability.OPERATIONAL,
    "SERVICE_DISRUPTION": Availability.DEGRADED,
    "SERVICE_OUTAGE": Availability.OUTAGE,
}
_EVERY_PRODUCT = frozenset({"multiple products", "zall"})


class Params(StatusParams):
    """A Google dashboard: `url` is the dashboard or its ``incidents.json``."""

    every: Duration = Field(
        default=timedelta(minutes=5),
        ge=timedelta(milliseconds=100),
        description="How often the probe runs; the history is some 400 KB.",
    )


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the incidents; with a filter on products for the list of products as well."""
    answer = await ask(params.url, INCIDENTS_PATH, fetch, body_max=BODY_BYTES_MAX)
    if not (params.products or params.components):
        return answer
    products = await fetch(Request(_products_url(params.url), body_max=BODY_BYTES_MAX))
    return replace(answer, parts={PRODUCTS: products})


def _products_url(url: str) -> str:
    if is_page(url):
        return joined(url, PRODUCTS_PATH)
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rsplit("/", 1)[0] + PRODUCTS_PATH, "", ""))


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the incidents; raises Unreadable."""
    products = load(observation.parts[PRODUCTS]) if PRODUCTS in observation.parts else {PRODUCTS: []}
    return judge(read(load(observation), products, observation.url), params)


def read(value: object, products: object, url: str = "") -> Page:
    """The page that a history describes. An empty one is no proof of health: the dashboards keep years of it."""
    items = [an_object(v, "each incident") for v in a_list(value, "the answer")]
    if not items:
        raise Unreadable("the dashboard's history is empty")
    if not all("begin" in item and "status_impact" in item for item in items):
        raise Unreadable("not a Google dashboard's incidents")
    known: dict[str, Component] = {}
    for product in objects(an_object(products, "the products"), PRODUCTS):
        known |= _product(product)
    places: dict[str, None] = {}
    for item in items:
        for product in objects(item, "affected_products", missing_ok=True):
            known |= _product(product)
        places |= dict.fromkeys(_places(item, "currently_affected_locations", "previously_affected_locations"))
    return Page(
        components=tuple(known.values()),
        incidents=tuple(i for i in (_incident(item, url) for item in items) if i),
        regions=tuple(places),
        implied=True,
    )


def _product(item: dict[str, Any]) -> dict[str, Component]:
    identity, title = ident(item, "id", "title"), ident(item, "title", "id")
    now = plain(item.get("current_title"))
    names = tuple(dict.fromkeys(n for n in (identity, title, now) if n))
    return {identity: Component(identity, title, Availability.OPERATIONAL, "no open incident", products=names)}


def _places(item: dict[str, Any], *keys: str) -> list[str]:
    parts = [part for key in keys for part in objects(item, key, missing_ok=True)]
    return [name for part in parts for name in (ident(part, "id", "title"), ident(part, "title", "id"))]


def _incident(item: dict[str, Any], url: str) -> Incident | None:
    if _over(item):
        return None
    impact = word(item, "status_impact")
    uri = loose(item.get("uri"))
    return Incident(
        id=ident(item, "id", "number"),
        name=plain(item.get("external_desc")) or "(without a title)",
        state=IMPACT_WORDS.get(impact),
        word=impact,
        touches=_touched(item),
        regions=frozenset(_places(item, "currently_affected_locations")),
        since=parse_time(item.get("begin")),
        url=url.rsplit("/", 1)[0] + "/" + uri if uri and url else "",
        updates=_updates(item),
    )


def _over(item: dict[str, Any]) -> bool:
    """Whether the incident has an end. What stands there and is no time is not an end that we can trust."""
    end = item.get("end")
    if end is None or end == "":
        return False
    if not isinstance(end, str) or parse_time(end) is None:
        raise Unreadable("an incident's end is not a time")
    return True


def _touched(item: dict[str, Any]) -> frozenset[str]:
    """The products it names. The one service name counts only without them: it is often "Multiple Products"."""
    named = frozenset(ident(p, "id", "title") for p in objects(item, "affected_products", missing_ok=True))
    if named:
        return named
    service = {loose(item.get("service_key")), loose(item.get("service_name"))} - {""}
    return frozenset() if any(s.casefold() in _EVERY_PRODUCT for s in service) else frozenset(service)


def _updates(item: dict[str, Any]) -> tuple[Evidence, ...]:
    updates = item.get("updates")
    return tuple(
        Evidence(f"{loose(u.get('status'))}: {plain(u.get('text'))}", parse_time(u.get("when")))
        for u in (updates if isinstance(updates, list) else [])
        if isinstance(u, dict)
    )
