"""What a list of past and present incidents means now: the life cycle that histories (feeds, Markdown) have in common.

A history has no field "all is well": operational means that nothing in it is open. So the word for each incident's
state decides, by the lists in ``history_words.yaml``, and its age:

* open, newest word within 24 hours: as bad as the vendor's words for it, degraded when there is none;
* open, silent for 24 hours to 7 days: at most degraded, and the name says so. Vendors do forget to close (X kept one of
  February 2025 "ongoing" into October), and real incidents outlive a day (Slack's slowest tenth: 36 hours): one
  unconfirmed source has a ceiling, and neither is it green;
* open, silent for more than 7 days: a remark (INFO) beside the verdict, so that what is new can be seen;
* a state that we do not know: Unreadable, unless it is silent for more than 7 days: then a remark;
* scheduled, in progress, completed: maintenance, active for at most 24 hours after the vendor last said so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from probes._words import Phrases, data
from probes.base import Availability, Evidence, Reading, Reason, Unreadable
from probes.status._filter import StatusParams
from probes.status._page import Component, Incident, Maintenance, Page, judge

__all__ = ["Item", "Phase", "endings", "judged", "level_of", "phase_of", "split_title"]

CONFIRMED_FOR = timedelta(hours=24)
FORGOTTEN_AFTER = timedelta(days=7)
ANNOUNCED_FOR = timedelta(days=30)
REMARKS_MAX = 5


class Phase(StrEnum):
    """Where a vendor says that an incident or its maintenance is."""

    OPEN = "open"
    RESOLVED = "resolved"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Item:
    """One incident or maintenance of a history. `phase` None: the state, `word`, is not one we know. `said`: when the
    vendor last said something of it, None when that is not known; `touches`: the names it affects, empty: none given.
    """

    id: str
    name: str
    phase: Phase | None
    word: str
    level: Availability = Availability.DEGRADED
    began: datetime | None = None
    said: datetime | None = None
    touches: frozenset[str] = frozenset()
    url: str = ""
    updates: tuple[Evidence, ...] = ()


@cache
def _phases() -> dict[str, Phase]:
    words: dict[str, Any] = data("probes.status", "history_words.yaml")
    known = {word: Phase(phase) for phase, some in words["phases"].items() for word in some}
    return known | dict.fromkeys(words["neutral"], Phase.NEUTRAL)


def phase_of(word: str) -> Phase | None:
    """The phase that a vendor's word or short phrase stands for, None when we do not know it."""
    return _phases().get(" ".join(word.casefold().replace("_", " ").split()).strip(" .:!-"))


@cache
def _levels() -> tuple[tuple[Availability, Phrases], ...]:
    levels: dict[str, list[str]] = data("probes.status", "history_words.yaml")["levels"]
    return tuple((Availability(level), Phrases(phrases)) for level, phrases in levels.items())


def level_of(text: str) -> Availability:
    """How bad an open incident is by the vendor's words; degraded when there is none that we know."""
    return next((level for level, phrases in _levels() if phrases.first(text)), Availability.DEGRADED)


@cache
def endings() -> Phrases:
    """Sentences that end an old incident in a history without words for states."""
    return Phrases(data("probes.status", "history_words.yaml")["endings"])


def judged(
    items: Iterable[Item], params: StatusParams, now: datetime, *, url: str = "", components: Iterable[Component] = ()
) -> Reading:
    """The reading of a history at `now`; `components`: the names that filters can match. Raises Unreadable."""
    items = list(items)
    if items and all(item.phase is None for item in items):
        word = items[0].word
        raise Unreadable(
            f"no entry of the history says in words that we know what state it is in: {word!r}", Reason.WORD
        )
    incidents = [i for i in (_incident(item, now) for item in items) if i]
    works = [m for m in (_maintenance(item, now) for item in items) if m]
    remarks = [i for i in incidents if i.state is Availability.OPERATIONAL]
    kept = [i for i in incidents if i.state is not Availability.OPERATIONAL] + remarks[:REMARKS_MAX]
    page = Page(tuple(components), tuple(kept), tuple(works), url=url)
    return judge(page, params)


def _incident(item: Item, now: datetime) -> Incident | None:
    if item.phase not in (Phase.OPEN, Phase.ACTIVE, None):
        return None
    silent = now - item.said if item.said else timedelta(0)
    if item.phase is Phase.ACTIVE and silent <= CONFIRMED_FOR:
        return None
    name, state = item.name, item.level if item.phase is not None else None
    if item.phase is Phase.ACTIVE:
        name, state = f"{name} (work still marked in progress, {_ago(silent)})", Availability.OPERATIONAL
    elif silent > FORGOTTEN_AFTER:
        what = "still marked open" if item.phase else "its state is not one we know"
        name, state = f"{name} ({what}, {_ago(silent)}: not counted)", Availability.OPERATIONAL
    elif silent > CONFIRMED_FOR and state is not None:
        name = f"{name} (unconfirmed: still marked open, {_ago(silent)})"
        state = Availability.DEGRADED if state is Availability.OUTAGE else state
    return Incident(item.id, name, state, item.word, item.touches, item.began, item.url, item.updates)


def _maintenance(item: Item, now: datetime) -> Maintenance | None:
    silent = now - item.said if item.said else timedelta(0)
    if item.phase is Phase.ACTIVE and silent <= CONFIRMED_FOR:
        return Maintenance(item.id, item.name, active=True, touches=item.touches, url=item.url, updates=item.updates)
    if item.phase is Phase.SCHEDULED and silent <= ANNOUNCED_FOR:
        return Maintenance(item.id, item.name, active=False, touches=item.touches, url=item.url, updates=item.updates)
    return None


def _ago(silent: timedelta) -> str:
    hours = int(silent.total_seconds() // 3600)
    return f"no word for {hours} h" if hours < 72 else f"no word for {hours // 24} days"  # noqa: PLR2004 - readable


_BRACKETED = re.compile(r"^\s*[\[(]([^\])]{2,40})[\])]\s*[:-]?\s*|\s*[\[(]([^\])]{2,40})[\])]\s*$")
_PREFIXED = re.compile(r"^\s*([A-Za-z][A-Za-z _-]{2,40}?)\s*(?::|\s[-\u2013\u2014|])\s+")
_SUFFIXED = re.compile(r"\s+[-\u2013\u2014|]\s+([A-Za-z][A-Za-z _-]{2,40})\s*$")


def split_title(title: str) -> tuple[str, list[str]]:
    """A title without the words for states around it, and those words: "Service impact: Loss" -> "Loss", ["..."]."""
    words: list[str] = []
    again = True
    while again and len(words) < 4:  # noqa: PLR2004 - AWS writes two
        again = False
        for pattern in (_BRACKETED, _PREFIXED, _SUFFIXED):
            found = pattern.search(title)
            word = next((g for g in found.groups() if g), "") if found else ""
            if found and phase_of(word):
                words.append(word)
                title = (title[: found.start()] + " " + title[found.end() :]).strip()
                again = True
    return title, words
