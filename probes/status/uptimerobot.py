"""A public status page of UptimeRobot.

Schema: readers' code: ``/api/getMonitorList/<token>`` -> {status: "ok", data[{monitorId, name, statusClass: success|
warning|danger|paused|info, groupName, lastDowntime{date, reason}}]}; older pages have the same list as psp.monitors,
with psp.totalMonitors beside it and thirty to a page. A paused monitor is not watched and says nothing.

`url` is that address or the page, whose script names the token: the page is then read first, and the list after it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Reason, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX
from probes.status._json import an_object, ident, load, objects, plain, word
from probes.status._page import Component, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

LIST_PATH = "/api/getMonitorList/"

STATE_WORDS = {
    "success": Availability.OPERATIONAL,
    "warning": Availability.DEGRADED,
    "danger": Availability.OUTAGE,
}
_SILENT = frozenset({"paused", "info"})
_LIST_URL = re.compile(rb"(?:https?://[A-Za-z0-9.:-]{1,253})?/api/getMonitorList/[A-Za-z0-9_-]{1,64}")


class Params(StatusParams):
    """A page of UptimeRobot: `url` is the page or its ``/api/getMonitorList/<token>``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the list of monitors; for a page, the page first."""
    answer = await fetch(Request(params.url, body_max=BODY_BYTES_MAX))
    if LIST_PATH in urlsplit(params.url).path:
        return answer
    named = _LIST_URL.search(answer.body)
    return await fetch(Request(urljoin(answer.url, named[0].decode()), body_max=BODY_BYTES_MAX)) if named else answer


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the list; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that a list of monitors describes."""
    document = an_object(value, "the answer")
    if word(document, "status") != "ok":
        raise Unreadable("UptimeRobot's answer is not 'ok'")
    old = "data" not in document
    holder = an_object(document.get("psp"), "psp") if old else document
    items = objects(holder, "monitors" if old else "data")
    if not items:
        raise Unreadable("the page lists no monitors")
    return Page(components=tuple(map(_component, items)), gaps=_gaps(holder, len(items)))


def _gaps(holder: dict[str, Any], listed: int) -> tuple[tuple[str, Reason], ...]:
    total = holder.get("totalMonitors")
    if not isinstance(total, int) or total <= listed:
        return ()
    return ((f"the answer lists {listed} of the page's {total} monitors", Reason.LIMIT),)


def _component(item: dict[str, Any]) -> Component:
    status = word(item, "statusClass").lower()
    silent = status in _SILENT
    last = item.get("lastDowntime")
    down = (
        (Evidence(f"last down: {plain(last.get('reason'))}", parse_time(last.get("date"))),)
        if isinstance(last, dict) and last.get("reason")
        else ()
    )
    return Component(
        id=ident(item, "monitorId", "name"),
        name=ident(item, "name"),
        state=Availability.OPERATIONAL if silent else STATE_WORDS.get(status),
        word=status,
        group=plain(item.get("groupName")),
        group_id=ident(item, "groupId") if item.get("groupId") is not None else "",
        silent=silent,
        evidence=down,
    )
