"""A status page of Status.io.

Schema: the vendor's API and captures: https://api.status.io/1.0/status/<page id> -> result{status_overall{status,
status_code}, status[{id, name, status_code, containers[{id, name, status_code}]}], incidents[{_id, name, datetime_open,
messages[{details, state, status, datetime}], containers_affected[], components_affected[]}], maintenance{active[],
upcoming[]}}. A container is a location: it is what `regions` filters.

`url` is that address. A page's own address works too where the page names its id (a link to ``/pages/<id>``): the
page is then read first, and the API after it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX
from probes.status._json import an_object, ident, load, objects, plain
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

API_URL = "https://api.status.io/1.0/status/"

CODE_WORDS = {
    100: (Availability.OPERATIONAL, "operational"),
    200: (Availability.MAINTENANCE, "planned maintenance"),
    300: (Availability.DEGRADED, "degraded performance"),
    400: (Availability.DEGRADED, "partial service disruption"),
    500: (Availability.OUTAGE, "service disruption"),
    600: (Availability.DEGRADED, "security event"),
}
_RESOLVED_STATE = 400  # of a message: 100 investigating, 200 identified, 300 monitoring, 400 resolved
_PAGE_ID = re.compile(rb"/pages/(?:[a-z]{1,20}/)?([0-9a-f]{24})\b")
_RANK = (Availability.OPERATIONAL, Availability.MAINTENANCE, Availability.DEGRADED, Availability.OUTAGE)


class Params(StatusParams):
    """A Status.io page: `url` is https://api.status.io/1.0/status/<page id>, or the page itself."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask the API; for a page that names its id, the page first."""
    answer = await fetch(Request(params.url, body_max=BODY_BYTES_MAX))
    if "/1.0/status/" in urlsplit(params.url).path:
        return answer
    page_id = _PAGE_ID.search(answer.body)
    return await fetch(Request(API_URL + page_id[1].decode(), body_max=BODY_BYTES_MAX)) if page_id else answer


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the API's answer; raises Unreadable."""
    return judge(read(load(observation), by_region=bool(params.regions)), params)


def read(value: object, *, by_region: bool = False) -> Page:
    """The page that an answer describes. `by_region`: every component once per location, each with its own state."""
    result = an_object(an_object(value, "the answer").get("result"), "result")
    overall = an_object(result.get("status_overall"), "status_overall")
    state, text = _state(overall, "status_code")
    items = objects(result, "status")
    work = an_object(result.get("maintenance"), "maintenance")
    if not items:
        raise Unreadable("the page lists no components")
    return Page(
        components=tuple(c for item in items for c in _components(item, by_region=by_region)),
        incidents=tuple(i for i in map(_incident, objects(result, "incidents")) if i),
        maintenances=(
            *(_maintenance(item, active=True) for item in objects(work, "active")),
            *(_maintenance(item, active=False) for item in objects(work, "upcoming")),
        ),
        indicator=state,
        indicator_word=text,
        indicator_text=plain(overall.get("status")),
    )


def _state(holder: dict[str, Any], key: str) -> tuple[Availability | None, str]:
    """The state of a code and its word; an unknown code is no state and its own word."""
    code = holder.get(key)
    if isinstance(code, bool) or not isinstance(code, int | str):
        raise Unreadable(f"{key} is not a code of Status.io")
    number = int(code) if str(code).isascii() and str(code).isdigit() and len(str(code)) <= 9 else 0  # noqa: PLR2004 - far above any code
    return CODE_WORDS.get(number, (None, f"code {str(code)[:40]}"))


def _components(item: dict[str, Any], *, by_region: bool) -> list[Component]:
    """The component once, as bad as it or the worst of its locations is; or once per location."""
    own = _state(item, "status_code")
    places = [(part, _state(part, "status_code")) for part in objects(item, "containers", missing_ok=True)]
    identity, name = ident(item, "id", "name"), ident(item, "name")
    if by_region and places:
        return [
            Component(identity, name, state, text, region=ident(part, "name"), regions=(ident(part, "id", "name"),))
            for part, (state, text) in places
        ]
    state, text = max((own, *(s for _, s in places)), key=lambda s: 1.5 if s[0] is None else _RANK.index(s[0]))
    regions = tuple(ident(part, key, "name") for part, _ in places for key in ("id", "name"))
    return [Component(identity, name, state, text, regions=regions)]


def _incident(item: dict[str, Any]) -> Incident | None:
    """An open incident: its state is what its newest message says."""
    messages = objects(item, "messages")
    if not messages:
        return Incident(ident(item, "_id", "name"), _name(item), None, "an incident without messages")
    newest = _newest(messages)
    if newest.get("state") == _RESOLVED_STATE:
        return None
    state, text = _state(newest, "status")
    return Incident(
        id=ident(item, "_id", "name"),
        name=_name(item),
        state=state,
        word=text,
        touches=_touched(item, "components_affected"),
        regions=_touched(item, "containers_affected"),
        since=parse_time(item.get("datetime_open")),
        updates=_updates(messages),
    )


def _newest(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The newest message by its time; without times the last, which is how the vendor orders them."""
    dated = [(at, n) for n, m in enumerate(messages) if (at := parse_time(m.get("datetime")))]
    return messages[max(dated)[1]] if dated else messages[-1]


def _touched(item: dict[str, Any], key: str) -> frozenset[str]:
    """Ids and names: a filter may speak of a location by either."""
    parts = objects(item, key, missing_ok=True)
    if key == "components_affected":
        return frozenset(ident(p, "_id", "id", "name") for p in parts)
    return frozenset(name for p in parts for name in (ident(p, "_id", "id", "name"), ident(p, "name", "_id", "id")))


def _maintenance(item: dict[str, Any], *, active: bool) -> Maintenance:
    return Maintenance(
        id=ident(item, "_id", "name"),
        name=_name(item),
        active=active,
        touches=_touched(item, "components_affected"),
        regions=_touched(item, "containers_affected"),
        starts=parse_time(item.get("datetime_planned_start")),
        ends=parse_time(item.get("datetime_planned_end")),
        updates=_updates(objects(item, "messages", missing_ok=True)),
    )


def _name(item: dict[str, Any]) -> str:
    return plain(item.get("name")) or "(without a title)"


def _updates(messages: list[dict[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(Evidence(plain(m.get("details")), parse_time(m.get("datetime"))) for m in reversed(messages))
