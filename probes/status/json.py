"""Any JSON that states health in a word: a vendor's own format, or a service of the team's.

No schema but the one that the configuration gives: `path` leads to the word or words, `words` says what each means.
The defaults know the words that such files commonly use (also those of draft-inadarei-api-health-check: pass, warn,
fail) and look for them under status, state, health, indicator, status.indicator, status.state, in this order.

    kind: status.json
    url: https://status.example.com/health.json
    path: services.*.state        # * stands for every item of a list and every value of an object
    words: {impaired: degraded, dark: outage}

A path that leads nowhere, in any of its branches, is Unreadable; so is a word that neither knows.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from probes.base import Availability, Fetch, Observation, Reading, Request, Unreadable
from probes.status._ask import BODY_BYTES_MAX
from probes.status._filter import fold
from probes.status._json import load, loose, plain
from probes.status._page import Component, Page, StatusParams, judge

__all__ = ["Params", "interpret", "observe", "read"]

PATH_CHARS_MAX = 300
WORDS_MAX = 100
COMPONENTS_MAX = 5_000
DEFAULT_PATHS = ("status", "state", "health", "indicator", "status.indicator", "status.state")
NAME_KEYS = ("name", "title", "system", "service", "component", "display_name", "key", "id")

DEFAULT_WORDS: Mapping[str, Availability] = {
    **dict.fromkeys(
        (
            "ok",
            "up",
            "operational",
            "healthy",
            "pass",
            "green",
            "available",
            "normal",
            "online",
            "good",
            "none",
            "true",
        ),
        Availability.OPERATIONAL,
    ),
    **dict.fromkeys(
        (
            "degraded",
            "warn",
            "warning",
            "partial",
            "yellow",
            "minor",
            "disrupted",
            "slow",
            "issues",
            "degraded_performance",
        ),
        Availability.DEGRADED,
    ),
    **dict.fromkeys(
        (
            "down",
            "outage",
            "fail",
            "failed",
            "critical",
            "red",
            "unavailable",
            "offline",
            "unhealthy",
            "error",
            "false",
        ),
        Availability.OUTAGE,
    ),
    **dict.fromkeys(("maintenance", "blue", "under_maintenance"), Availability.MAINTENANCE),
}


class Params(StatusParams):
    """Any JSON: `url` is the document."""

    path: str = Field(
        default="",
        max_length=PATH_CHARS_MAX,
        description="Dotted path to the word; * for every item. Default: usual names.",
    )
    words: Mapping[str, Availability] = Field(
        default={},
        max_length=WORDS_MAX,
        description="What a word means: operational, maintenance, degraded, outage; added to the usual words.",
    )

    @field_validator("path")
    @classmethod
    def _path_has_no_gap(cls, path: str) -> str:
        if path and not all(path.split(".")):
            msg = "a path is names with single dots between them, such as services.*.status"
            raise ValueError(msg)
        return path

    @model_validator(mode="after")
    def _words_are_states(self) -> Self:
        if Availability.UNKNOWN in self.words.values():
            msg = "a word that means unknown needs no entry: every word that is not known is"
            raise ValueError(msg)
        return self


async def observe(params: Params, fetch: Fetch) -> Observation:
    """Ask for the document."""
    return await fetch(Request(params.url, body_max=BODY_BYTES_MAX))


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:  # noqa: ARG001 - the contract's third argument
    """Read the words; raises Unreadable."""
    return judge(read(load(observation), params), params)


def read(value: object, params: Params) -> Page:
    """The page that the words describe: one component for each."""
    found = list(_follow(value, params.path.split("."))) if params.path else [_usual(value)]
    if not found:
        raise Unreadable(f"the path {params.path!r} leads to nothing: an empty list")
    if len(found) > COMPONENTS_MAX:
        raise Unreadable(f"the path {params.path!r} leads to {len(found)} places")
    known = {**DEFAULT_WORDS, **{fold(said): state for said, state in params.words.items()}}
    return Page(components=tuple(_component(where, holder, said, known) for where, holder, said in found))


_Place = tuple[tuple[str, ...], Mapping[str, Any], object]  # the way there, the object around the word, the word


def _usual(value: object) -> _Place:
    for path in DEFAULT_PATHS:
        try:
            place = next(_follow(value, path.split(".")))
        except Unreadable:
            continue
        if isinstance(place[2], str | bool):
            return place
    raise Unreadable(f"no word under any of {', '.join(DEFAULT_PATHS)}; say where it is with path")


def _follow(value: object, path: list[str]) -> Iterator[_Place]:
    """Every place that the path leads to; raises Unreadable where a branch ends early."""
    stack: list[tuple[tuple[str, ...], Mapping[str, Any], object]] = [((), {}, value)]
    while stack:
        way, holder, here = stack.pop()
        if len(way) == len(path):
            yield way, holder, here
            continue
        step = path[len(way)]
        children: dict[str, object]
        if isinstance(here, dict):
            children = here
        elif isinstance(here, list):
            children = {str(n): item for n, item in enumerate(here)}
        else:
            children = {}
        if step != "*" and step not in children:
            raise Unreadable(f"there is no {'.'.join((*way, step))}")
        if step == "*" and not isinstance(here, dict | list):
            raise Unreadable(f"{'.'.join(way) or 'the answer'} has no items")
        around = here if isinstance(here, dict) and step != "*" else {}
        chosen = list(children.items()) if step == "*" else [(step, children[step])]
        stack += [((*way, name), around, child) for name, child in reversed(chosen)]


def _component(
    where: tuple[str, ...], holder: Mapping[str, Any], said: object, known: Mapping[str, Availability]
) -> Component:
    if isinstance(said, bool):
        said = "true" if said else "false"
    text = loose(said)
    if not text:
        raise Unreadable(f"{'.'.join(where)} is not a word")
    own = [plain(holder.get(key)) for key in NAME_KEYS if holder.get(key) is not said]
    way = ".".join(where)
    # A list's order may change: what an item calls itself is the steadier id.
    name = next(filter(None, own), "") or way
    return Component(id=loose(holder.get("id")) or name, name=name, state=known.get(fold(text)), word=text)
