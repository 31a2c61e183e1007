"""TikTok for Business' status feed: RSS 2.0, empty when healthy, with three levels in words.

"No Known Issue", "Low Disruption" and "Major Disruption" are the levels of the page (status.tiktok.com for business
products); how an item carries them has not been recorded, so the level is looked for in its title, text and
categories. An item that says none of them and no word of an incident's life is Unreadable, never "no news".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from probes import _feed
from probes._words import Phrases
from probes.base import Availability, Fetch, Observation, Reading, Unreadable
from probes.status._filter import StatusParams
from probes.status._history import Item, Phase, judged
from probes.status.feed import components_of, items_of

__all__ = ["AGES", "MARKUP", "Params", "interpret", "observe"]

MARKUP = True
AGES = True

_LEVELS = (
    (Availability.OUTAGE, Phrases(["major disruption|disruptions", "high disruption|disruptions"])),
    (Availability.DEGRADED, Phrases(["low disruption|disruptions", "medium disruption|disruptions"])),
)
_WELL = Phrases(["no known issue|issues"])


class Params(StatusParams):
    """The address of the feed, and which of the products that its items name are watched."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    return await _feed.ask(params.url, fetch)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """The open disruptions; raises Unreadable for another feed, or an item in words that we do not know."""
    _ = memory
    feed = _feed.read(observation, strict=True)
    if "tiktok" not in f"{feed.title} {feed.link}".casefold():
        raise Unreadable(f"not TikTok's status feed: it is called {feed.title!r}")
    entries = {e.key: e for e in feed.entries}
    items = [_levelled(item, entries[item.id]) for item in items_of(feed, observation)]
    components = components_of(items) if params.filtered else ()
    return judged(items, params, observation.at, url=feed.link or params.url, components=components)


def _levelled(item: Item, entry: _feed.Entry) -> Item:
    text = " - ".join([entry.title, *entry.categories, entry.summary])
    level = next((level for level, phrases in _LEVELS if phrases.first(text)), None)
    if item.phase is Phase.RESOLVED:
        return item
    if level is None and _WELL.first(text):
        return replace(item, phase=Phase.RESOLVED)
    if level is not None:
        return replace(item, phase=item.phase or Phase.OPEN, level=level)
    return item
