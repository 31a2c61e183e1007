"""A vendor's incident history as an RSS, Atom or JSON feed: what in it is open now.

Read by the life cycle of `_history` (open, resolved, scheduled, silent for long). The state of an entry is the first
of: the words around its title ("[RESOLVED] ...", "Service impact: ..."), the newest update in its body (Statuspage and
Instatus write "<strong>Resolved</strong> - ...", newest first; incident.io "Status: Resolved"), the first words of its
text, a category; and, for entries older than 24 hours, a sentence such as "has been resolved". Several entries on one
incident (AWS writes one per update) are one, and the newest counts. Entries edited in place need no care: the feed is
read as it stands.

A feed does not list what works. So filters compare with the names that its entries carry (categories, the service in
AWS' ids, incident.io's "Affected components"); an entry that names none counts for all; and a name that no entry
carries cannot be told from a mistyped one: Unreadable. Where a vendor has a feed for each service, watch that one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from probes import _feed, _text
from probes._cursor import shrunk, sized
from probes.base import Availability, Evidence, Fetch, Observation, Reading
from probes.status._filter import StatusParams
from probes.status._history import CONFIRMED_FOR, Item, Phase, endings, judged, level_of, phase_of, split_title
from probes.status._page import Component

__all__ = ["AGES", "MARKUP", "Params", "components_of", "interpret", "items_of", "observe"]

MARKUP = True
AGES = True

UPDATES_MAX = 20
NAMES_MAX = 100


class Params(StatusParams):
    """The address of the feed, and which of the names in its entries are watched."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    return await _feed.ask(params.url, fetch)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """What is open now; raises Unreadable for what is no whole feed, or says nothing in words that we know."""
    feed = _feed.read(observation, strict=True)
    shrunk(len(feed.entries), memory, observation.at)
    items = items_of(feed, observation)
    components = components_of(items) if params.filtered else ()
    reading = judged(items, params, observation.at, url=feed.link or params.url, components=components)
    return replace(reading, memory=sized(len(feed.entries), observation.at))


def items_of(feed: _feed.Feed, observation: Observation) -> list[Item]:
    """The incidents of a feed, the newest entry of each; in the feed's order."""
    worded = {split_title(e.title)[0].casefold() for e in feed.entries if split_title(e.title)[1]}
    newest: dict[str, _feed.Entry] = {}
    for entry in feed.entries:
        key = _incident_key(entry, worded)
        known = newest.get(key)
        if known is None or (entry.newest and (not known.newest or entry.newest > known.newest)):
            newest[key] = entry
    first = {}
    for entry in feed.entries:
        first[_incident_key(entry, worded)] = entry.published
    return [_item(entry, first[key], observation) for key, entry in newest.items()]


_AWS_ID = re.compile(r"#(([a-z0-9]+)-([a-z]{2}(?:-[a-z]+){1,3}-\d)|[a-z0-9-]+)_\d{9,11}$")


def _incident_key(entry: _feed.Entry, worded: set[str]) -> str:
    """What the updates of one incident have in common."""
    title = split_title(entry.title)[0].casefold()
    service = _AWS_ID.search(entry.id)
    if service:
        return f"{service[1]} {title}"
    return f"title {title}" if title in worded else f"id {entry.id}"


def _item(entry: _feed.Entry, began: datetime | None, observation: Observation) -> Item:
    title, words = split_title(entry.title)
    touches = _names(entry)
    phase, word = _phase(entry, words)
    if phase is None and entry.newest and observation.at - entry.newest > CONFIRMED_FOR:
        ending = endings().first(entry.summary)
        phase, word = (Phase.RESOLVED, ending) if ending else (None, word)
    return Item(
        id=entry.key,
        name=title or entry.title or "an entry without a title",
        phase=phase,
        word=word,
        level=_worst([level_of(" - ".join([*words, word, title])), *_component_levels(entry)]),
        began=began or entry.published,
        said=entry.newest,
        touches=frozenset(touches),
        url=entry.link,
        updates=() if phase is Phase.RESOLVED else _updates(entry),
    )


_UPDATE = re.compile(r"<strong>\s*([^<>]{2,60}?)\s*</strong>\s*[-\u2013\u2014]")
_STATUS = re.compile(r"\bstatus\s*:\s*(?:</?[a-z]+>\s*)?([A-Za-z][A-Za-z _-]{2,40}?)\s*(?:[.,;<]|$)", re.IGNORECASE)
_OPENING = re.compile(r"([A-Za-z][A-Za-z _-]{2,40}?)\s*(?:[:.\u2013\u2014]|\s-\s|$)")


def _phase(entry: _feed.Entry, words: list[str]) -> tuple[Phase | None, str]:
    """The phase and the vendor's word for it; (None, what stands there instead) when it is not one we know."""
    title_phases = [(phase_of(w), w) for w in words if phase_of(w) is not Phase.NEUTRAL]
    if title_phases:
        resolved = next((p for p in title_phases if p[0] is Phase.RESOLVED), None)
        return resolved or title_phases[0]
    updates = [m[1] for m in _UPDATE.finditer(entry.markup)]
    if updates:
        return next(((phase_of(w), w) for w in updates if phase_of(w) is not Phase.NEUTRAL), (Phase.OPEN, updates[0]))
    candidates = [m[1] for m in (_STATUS.search(entry.markup), _OPENING.match(entry.summary)) if m]
    candidates += entry.categories
    for word in candidates:
        phase = phase_of(word)
        if phase not in (None, Phase.NEUTRAL):
            return phase, word
    return None, (candidates or [entry.summary or entry.title])[0][:60]


_AFFECTED = re.compile(
    r"affected components\s*:?\s*(?:</?[a-z]+/?>\s*){0,4}<ul>(.{0,8000}?)</ul>", re.IGNORECASE | re.DOTALL
)
_LISTED = re.compile(r"<li>\s*([^<>]{1,200}?)\s*(?:\(([^()<>]{2,40})\))?\s*</li>", re.IGNORECASE)


def _affected(entry: _feed.Entry) -> list[tuple[str, str]]:
    """incident.io's list of components and, in parentheses, their states."""
    found = _AFFECTED.search(entry.markup)
    return [(_text.clean(m[1], 200), m[2] or "") for m in _LISTED.finditer(found[1])][:NAMES_MAX] if found else []


def _component_levels(entry: _feed.Entry) -> list[Availability]:
    return [level_of(state) for _, state in _affected(entry) if state]


def _worst(levels: Iterable[Availability]) -> Availability:
    order = (Availability.OPERATIONAL, Availability.DEGRADED, Availability.OUTAGE)
    return max(levels, key=order.index)


def _names(entry: _feed.Entry) -> list[str]:
    service = _AWS_ID.search(entry.id)
    named = [name for name, _ in _affected(entry)] + [c for c in entry.categories if not phase_of(c)]
    return [*([service[1]] if service else []), *named]


def components_of(items: Iterable[Item]) -> tuple[Component, ...]:
    """Every name in the feed as a component without a state of its own: what filters can match."""
    names = dict.fromkeys(name for item in items for name in item.touches)
    return tuple(_component(name) for name in names)


def _component(name: str) -> Component:
    service = _AWS_ID.search(f"#{name}_000000000")
    product, region = (service[2] or "", service[3] or "") if service else ("", "")
    return Component(name, name, Availability.OPERATIONAL, "", product=product or name, region=region or name)


def _updates(entry: _feed.Entry) -> tuple[Evidence, ...]:
    found = list(_UPDATE.finditer(entry.markup))[: UPDATES_MAX + 1]
    if not found:
        return (Evidence(f"{entry.title}: {entry.summary}", entry.newest, entry.link),)
    ends = [m.start() for m in found[1:]] + [len(entry.markup)]
    texts = [f"{m[1]}: {_text.plain(entry.markup[m.end() : end])}" for m, end in zip(found, ends, strict=True)]
    newest, *older = texts[:UPDATES_MAX]
    return (Evidence(newest, entry.newest, entry.link), *(Evidence(text, None, entry.link) for text in older))
