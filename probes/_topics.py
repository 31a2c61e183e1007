"""From a text to its topics, by lists that are data: the shape that `policy.feed` and `brand.news` share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from probes._words import Phrases
from probes.base import Severity

__all__ = ["Heard", "Topic", "hear", "severity", "topics"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a word list. `dated`: its severity when the text names a date of effect. `relief`: its end."""

    name: str
    label: str
    phrases: Phrases
    unless: Phrases
    relief: Phrases
    severity: Severity
    dated: Severity


@dataclass(frozen=True, slots=True)
class Heard:
    """A topic, and the words of the text in which it was heard; `relieved`: they tell of its end."""

    topic: Topic
    words: str
    relieved: bool = False


def severity(word: str) -> Severity:
    """The severity of a word in a list; raises KeyError."""
    return {"info": Severity.INFO, "warning": Severity.WARNING, "critical": Severity.CRITICAL}[word]


def topics(listed: Mapping[str, Mapping[str, Any]], unless: Iterable[str] = ()) -> tuple[Topic, ...]:
    """The topics of one language's list; raises KeyError or ValueError for one that is badly written."""
    return tuple(
        Topic(
            name=name,
            label=entry.get("label", name.replace("_", " ")),
            phrases=Phrases(entry["phrases"]),
            unless=Phrases([*unless, *entry.get("unless", ())]),
            relief=Phrases(entry.get("relief", ())),
            severity=severity(entry["severity"]),
            dated=severity(entry.get("dated", entry["severity"])),
        )
        for name, entry in listed.items()
    )


def hear(text: str, known: Iterable[Topic]) -> tuple[Heard, ...]:
    """The topics of a text, in the order of the lists; one topic heard in two languages counts once."""
    heard: dict[str, Heard] = {}
    for topic in known:
        relief = topic.relief.first(text)
        words = relief or topic.phrases.first(topic.unless.blanked(text))
        if words:
            heard.setdefault(topic.name, Heard(topic, words, relieved=bool(relief)))
    return tuple(heard.values())
