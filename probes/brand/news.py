"""Adverse news about a platform or the team's brand, from any feed: each item once, explained, and only while new.

An item counts when it names what the probe is `about` (or the brand) and a phrase of the lists (``topics.yaml``) stands
in its title or summary: moderation cuts, bans, impersonation, hate beside ads, boycotts, fraud, breaches, legal action.
Negations are taken out first; an item that tells of a ban lifted or advertisers returning is a remark. The summary says
which words were heard. All of it is reported, none of it is measured: an item raises a risk and never an outage, and
decays. The first reading is silent, and what was older than `fresh` when it was first seen is never news, even later.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import Field, field_validator

from probes import _feed
from probes._cursor import advance
from probes._topics import Heard, Topic, hear, topics
from probes._words import Phrases, data
from probes.base import (
    Certainty,
    Duration,
    Evidence,
    Family,
    Fetch,
    Observation,
    Reading,
    Severity,
    Signal,
)
from probes.base import (
    Params as BaseParams,
)

__all__ = ["MARKUP", "Params", "interpret", "observe"]

MARKUP = True

NAMES_MAX = 100
LASTS_MAX = timedelta(days=30)


class Params(BaseParams):
    """The feed, and whom its items must name."""

    every: Duration = Field(default=timedelta(minutes=15), ge=timedelta(seconds=0.1), description="How often to look.")
    about: tuple[str, ...] = Field(
        default=(), max_length=NAMES_MAX, description="Names of the platform; by default every item counts."
    )
    brand: tuple[str, ...] = Field(
        default=(),
        max_length=NAMES_MAX,
        description="Names of the team's own brands; an adverse item on one is critical.",
    )
    fresh: Duration = Field(
        default=timedelta(hours=72), description="An item that is older than this when it is first seen is no news."
    )
    lasts: Duration = Field(default=timedelta(hours=48), le=LASTS_MAX, description="How long a told item counts.")

    @field_validator("about", "brand")
    @classmethod
    def _phrases(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        Phrases(names, literal=True)
        return names


@cache
def _topics() -> tuple[Topic, ...]:
    languages = data("probes.brand", "topics.yaml")["languages"].values()
    return tuple(topic for listed in languages for topic in topics(listed["topics"], listed["unless"]))


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    return await _feed.ask(params.url, fetch)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """The adverse items that are new, as events; raises Unreadable for what is no whole feed."""
    feed = _feed.read(observation)
    news = advance(feed, memory, observation.at)
    about, brand = Phrases(params.about, literal=True), Phrases(params.brand, literal=True)
    signals, told = [], []
    # An edited headline can turn adverse; one that was told is not told again.
    for entry in (*news.new, *(e for e in news.edited if e.id not in news.told)):
        if entry.newest is not None and observation.at - entry.newest > params.fresh:
            continue
        text = f"{entry.title}. {entry.summary}"
        named, ours = about.first(text), brand.first(text)
        if (params.about or params.brand) and not (named or ours):
            continue
        signal = _signal(entry, text, named, ours, params)
        if signal:
            signals.append(signal)
            told.append(entry.id)
    return Reading(tuple(signals), memory=news.memory(told))


def _signal(entry: _feed.Entry, text: str, named: str, ours: str, params: Params) -> Signal | None:
    heard = hear(text, _topics())
    if not heard:
        return None
    adverse = tuple(h for h in heard if not h.relieved)
    if adverse:
        grade = Severity.CRITICAL if ours else max(h.topic.severity for h in adverse)
        said = "; ".join(f'{h.topic.label} ("{h.words}")' for h in adverse)
    else:
        grade, said = Severity.INFO, f'good news ("{heard[0].words}")'
    names = ", ".join(f'"{n}"' for n in (named, ours) if n)
    return Signal(
        key=f"entry:{entry.key}",
        family=Family.BRAND,
        severity=grade,
        certainty=Certainty.REPORTED,
        summary=f"{entry.title}: {said}" + (f"; names {names}" if names else ""),
        evidence=(Evidence(f"{entry.title}: {entry.summary}", entry.newest, entry.link), *_explained(heard)),
        lasts=params.lasts,
        since=entry.newest,
        url=entry.link,
        topics=tuple(h.topic.name for h in adverse) or ("relief",),
    )


def _explained(heard: tuple[Heard, ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(f'heard "{h.words}": {h.topic.label}') for h in heard)
