"""A status page of cState, a static site.

Schema: the project's template: ``/index.json`` -> {summaryStatus: ok|notice|disrupted|down, systems[{name, category,
status, unresolvedIssues[]}], pinnedIssues[]}; an issue has {title, createdAt, permalink, severity, resolved,
informational, affected[]}. ``down`` is the worst word; "notice" is a remark.
"""

from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Unreadable
from probes.status._ask import ask
from probes.status._json import an_object, flag, ident, link, load, objects, plain, word
from probes.status._page import Component, Incident, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

INDEX_PATH = "/index.json"

STATE_WORDS = {
    "ok": Availability.OPERATIONAL,
    "notice": Availability.OPERATIONAL,
    "disrupted": Availability.DEGRADED,
    "down": Availability.OUTAGE,
}


class Params(StatusParams):
    """A page of cState: `url` is the page or its ``index.json``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the index."""
    return await ask(params.url, INDEX_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the index; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that an index describes."""
    document = an_object(value, "the answer")
    summary = word(document, "summaryStatus").lower()
    systems = objects(document, "systems")
    if not systems:
        raise Unreadable("the page lists no systems")
    issues: dict[str, Incident] = {}
    for system in systems:
        for issue in objects(system, "unresolvedIssues", missing_ok=True):
            _add(issues, issue, ident(system, "name"))
    for issue in objects(document, "pinnedIssues", missing_ok=True):
        _add(issues, issue, "")
    state = STATE_WORDS.get(summary)
    return Page(
        components=tuple(map(_component, systems)),
        incidents=tuple(issues.values()),
        indicator=Availability.DEGRADED if summary == "notice" else state,
        indicator_word=summary,
        indicator_remark=summary == "notice",
        url=link(document.get("baseURL")),
    )


def _component(item: dict[str, Any]) -> Component:
    status = word(item, "status").lower()
    return Component(
        id=ident(item, "name"),
        name=ident(item, "name"),
        state=STATE_WORDS.get(status),
        word=status,
        group=plain(item.get("category")),
    )


def _add(issues: dict[str, Incident], item: dict[str, Any], system: str) -> None:
    """Keep an issue that is open; one that touches several systems is listed under each of them."""
    if flag(item, "resolved", default=False):
        return
    severity = word(item, "severity").lower()
    identity = ident(item, "permalink", "title")
    affected = item.get("affected")
    named = {a for a in affected if isinstance(a, str)} if isinstance(affected, list) else set()
    touches = frozenset(named | ({system} if system else set()))
    state = STATE_WORDS.get(severity)
    if flag(item, "informational", default=False):
        state = Availability.OPERATIONAL
    issues.setdefault(
        identity,
        Incident(
            id=identity,
            name=plain(item.get("title")) or "(without a title)",
            state=state,
            word=severity,
            touches=touches,
            since=parse_time(item.get("createdAt")),
            url=link(item.get("permalink")),
            updates=(Evidence(f"severity {severity}", parse_time(item.get("lastMod"))),),
        ),
    )
