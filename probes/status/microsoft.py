"""Microsoft's public service posts: status.cloud.microsoft.

Schema (from readers' code): ``/api/posts/m365Consumer`` is a list of {Id, ServiceDisplayName, ServiceWorkloadName,
Status, Title, Message (HTML), LastUpdatedTime}; ``/api/posts/mac`` is one such object. The words are "Operational" and
"Available", and those of Microsoft Graph's serviceHealthStatus. Filters (`components` or `products`) match the
service's display name, its workload name, or the post's id. Azure's feed is `status.azure`.
"""

from collections.abc import Mapping
from typing import Any

from probes.base import Availability, Evidence, Fetch, Observation, Reading, Unreadable
from probes.status._ask import ask
from probes.status._json import a_list, an_object, ident, load, loose, plain, word
from probes.status._page import Component, Page, StatusParams, judge
from probes.status._time import parse_time

__all__ = ["Params", "interpret", "observe", "read"]

POSTS_PATH = "/api/posts/m365Consumer"
PAGE_URL = "https://status.cloud.microsoft/"

STATE_WORDS = {
    "operational": Availability.OPERATIONAL,
    "available": Availability.OPERATIONAL,
    "serviceoperational": Availability.OPERATIONAL,
    "servicerestored": Availability.OPERATIONAL,
    "resolved": Availability.OPERATIONAL,
    "falsepositive": Availability.OPERATIONAL,
    "postincidentreviewpublished": Availability.OPERATIONAL,
    "investigating": Availability.DEGRADED,
    "restoringservice": Availability.DEGRADED,
    "verifyingservice": Availability.DEGRADED,
    "extendedrecovery": Availability.DEGRADED,
    "investigationsuspended": Availability.DEGRADED,
    "servicedegradation": Availability.DEGRADED,
    "degraded": Availability.DEGRADED,
    "serviceinterruption": Availability.OUTAGE,
    "unavailable": Availability.OUTAGE,
}


class Params(StatusParams):
    """Microsoft 365: `url` is https://status.cloud.microsoft/ or one of its ``/api/posts/*``."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the posts."""
    return await ask(params.url, POSTS_PATH, fetch)


def interpret(params: StatusParams, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the posts, or the one post; raises Unreadable."""
    return judge(read(load(observation)), params)


def read(value: object) -> Page:
    """The page that the posts describe. No post at all is no proof of health: every service has one."""
    posts = [value] if isinstance(value, dict) else a_list(value, "the answer")
    components = tuple(_component(an_object(post, "each post")) for post in posts)
    if not components:
        raise Unreadable("the page lists no services")
    return Page(components=components, url=PAGE_URL)


def _component(post: dict[str, Any]) -> Component:
    status = word(post, "Status")
    name = plain(post.get("ServiceDisplayName")) or plain(post.get("ServiceWorkloadName")) or plain(post.get("Title"))
    workload = loose(post.get("ServiceWorkloadName"))
    said = ": ".join(t for t in (plain(post.get("Title")), plain(post.get("Message"))) if t)
    at = parse_time(post.get("LastUpdatedTime"))
    return Component(
        id=ident(post, "Id", "ServiceWorkloadName", "ServiceDisplayName", "Title") if name else "service",
        name=name or "The service",
        state=STATE_WORDS.get("".join(status.casefold().split())),
        word=status,
        products=tuple(n for n in (name, workload) if n),
        since=at,
        evidence=(Evidence(said, at),) if said else (),
    )
