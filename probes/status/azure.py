"""Azure's status feed (``https://azure.status.microsoft/en-us/status/feed/``): no item means that all is well.

RSS 2.0 (research of 2026: recorded without an item, dates such as "Fri, 31 Jul 2026 00:12:00 Z"). An item is an open
incident; it has no severity, so it is degraded unless the vendor's words say outage, and it leaves the feed some time
after the words "mitigated" or "resolved" came into it. Its categories are products and regions, and filters compare
with them; what no item names cannot be told from a mistyped name, so it is unknown (see `status.feed`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from probes import _feed
from probes.base import Fetch, Observation, Reading, Unreadable
from probes.status._filter import StatusParams
from probes.status._history import Item, Phase, judged
from probes.status.feed import components_of, items_of

__all__ = ["AGES", "MARKUP", "Params", "interpret", "observe"]

MARKUP = True
AGES = True
OVER_WORDS = ("mitigated", "resolved", "rca")


class Params(StatusParams):
    """The address of Azure's feed, and which products and regions are watched."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    return await _feed.ask(params.url, fetch)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """Every item as an open incident; raises Unreadable for what is not Azure's feed."""
    _ = memory
    feed = _feed.read(observation, strict=True)
    if "azure" not in feed.title.casefold():
        raise Unreadable(f"not Azure's status feed: it is called {feed.title!r}")
    items = [_open(item) for item in items_of(feed, observation)]
    components = components_of(items) if params.filtered else ()
    return judged(items, params, observation.at, url=feed.link or params.url, components=components)


def _open(item: Item) -> Item:
    """Being in the feed is what says "open"; only words for its end say otherwise."""
    over = item.phase is Phase.RESOLVED or item.word.casefold().strip() in OVER_WORDS
    return replace(item, phase=Phase.RESOLVED if over else Phase.OPEN)
