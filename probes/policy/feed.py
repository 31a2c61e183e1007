"""New and edited entries of a vendor's changelog, blog or policy feed, with what they are about.

The first reading is silent: it only remembers. Afterwards each entry that was not there before is told once, and each
whose text changed in place is told as edited (by a hash of what it says: publishers edit without moving the date).
Topics come from word lists that are data (``topics.yaml``; English first). An entry is a warning when it is about a
breaking change, or about an end, a price or a policy with a date of effect; else it is information. An entry that comes
late into the feed with an old date is no news.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import re2
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

__all__ = ["MARKUP", "Params", "effective_date", "interpret", "observe"]

MARKUP = True

PHRASES_MAX = 200
TOPICS_MAX = 50
LASTS_MAX = timedelta(days=90)


class Params(BaseParams):
    """The feed, and what of it is told."""

    every: Duration = Field(default=timedelta(hours=1), ge=timedelta(seconds=0.1), description="How often to look.")
    topics: tuple[str, ...] = Field(
        default=(),
        max_length=TOPICS_MAX,
        description="Only entries on these topics of the list; by default all entries.",
    )
    words: tuple[str, ...] = Field(
        default=(),
        max_length=PHRASES_MAX,
        description="More phrases that make an entry a warning, as the list writes them.",
    )
    fresh: Duration = Field(
        default=timedelta(days=14), description="An entry that is older than this when it is first seen is no news."
    )
    lasts: Duration = Field(default=timedelta(days=7), le=LASTS_MAX, description="How long a told entry counts.")

    @field_validator("topics")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [n for n in names if n not in {t.name for t in _topics()}]
        if unknown:
            msg = f"no topic is called {unknown[0][:40]!r}; there are {', '.join(sorted({t.name for t in _topics()}))}"
            raise ValueError(msg)
        return names

    @field_validator("words")
    @classmethod
    def _phrases(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        Phrases(phrases)
        return phrases


@cache
def _topics() -> tuple[Topic, ...]:
    languages = data("probes.policy", "topics.yaml")["languages"]
    return tuple(topic for listed in languages.values() for topic in topics(listed))


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    return await _feed.ask(params.url, fetch)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """What is new and what was edited, as events; raises Unreadable for what is no whole feed."""
    feed = _feed.read(observation)
    news = advance(feed, memory, observation.at)
    fresh = [e for e in news.new if _is_fresh(e, params, observation)]
    signals = [*_told(fresh, params, edited=False), *_told(news.edited, params, edited=True)]
    return Reading(tuple(signals), memory=news.memory())


def _is_fresh(entry: _feed.Entry, params: Params, observation: Observation) -> bool:
    return entry.newest is None or observation.at - entry.newest <= params.fresh


def _told(entries: Iterable[_feed.Entry], params: Params, *, edited: bool) -> list[Signal]:
    signals = []
    for entry in entries:
        text = f"{entry.title}. {entry.summary}"
        heard = hear(text, _topics())
        own = Phrases(params.words).first(text)
        if params.topics and not own and not any(h.topic.name in params.topics for h in heard):
            continue
        signals.append(_signal(entry, heard, own, params, edited=edited))
    return signals


def _signal(entry: _feed.Entry, heard: tuple[Heard, ...], own: str, params: Params, *, edited: bool) -> Signal:
    date = effective_date(f"{entry.title}. {entry.summary}")
    grade = max([h.topic.dated if date else h.topic.severity for h in heard], default=Severity.INFO)
    grade = max(grade, Severity.WARNING) if own else grade
    about = ", ".join([h.topic.label for h in heard] + ([f'"{own}"'] if own else []))
    what = "Edited" if edited else "New"
    summary = f"{what}: {entry.title or entry.link or entry.id}"
    summary += f" (about {about})" if about else ""
    summary += f"; in force {date}" if date else ""
    return Signal(
        # An edit is news of its own, so it has a key of its own; the same text again has the same one.
        key=f"entry:{entry.key}:{entry.print}" if edited else f"entry:{entry.key}",
        family=Family.POLICY,
        severity=grade,
        certainty=Certainty.OFFICIAL,
        summary=summary,
        evidence=(
            Evidence(f"{entry.title}: {entry.summary}", entry.newest, entry.link),
            *(Evidence(f'heard "{h.words}": {h.topic.label}') for h in heard),
        ),
        lasts=params.lasts,
        since=entry.newest,
        url=entry.link,
        topics=tuple(h.topic.name for h in heard),
    )


_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = (
    rf"(?:{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?"
    rf"|\d{{4}}-\d\d-\d\d|{_MONTH},? \d{{4}})"
)
_CUE = (
    r"(?:effective(?: date)?(?: as of| from| on| starting| beginning)?:?"
    r"|(?:in|into) (?:force|effect)(?: as of| from| on)?"
    r"|t(?:akes?|ook) effect(?: on| from)?"
    r"|(?:starting|beginning|as of|from|by|before|until|prior to|no later than)(?: on)?"
    r"|(?:removed|retired?|sunset|deprecated|discontinued|shut down|turned off|unavailable|end(?:s|ed)?"
    r"|stop(?:s|ped)? working|available)(?: on| in| by| from| as of| after)?)"
)


@cache
def _dates() -> Any:  # noqa: ANN401 - re2 has no types
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(rf"(?:^|[^\pL]){_CUE} (?:the )?({_DAY})(?:$|[^\pL\d])", options=options)


def effective_date(text: str) -> str:
    """The date from which something applies, as the text writes it ("March 25, 2026"); "" when none is plainly given.

    Plainly: a date right after a word for taking effect or ending. Durations and dates of publication are none.
    """
    found = _dates().search(re.sub(r"\s+", " ", text))
    return str(found[1]).strip(" ,.") if found else ""
