"""X's incident history in Markdown (``https://docs.x.com/incidents.md``), and what in it still goes on.

The shape, as in the public repository of X's documentation (xdevplatform/docs, incidents.mdx, 2025-10)::

    ## October 2025
    <Steps>
    <Step title="V2 Streaming APIs Frequent Disconnects" icon="circle-exclamation">
    Incident has been resolved. | **October 15, 7:30 UTC - October 15, 21:30 UTC**
    </Step>
    </Steps>

A step says "Incident is ongoing. | **Feb 6, 00:00**" (or ends its time with "current") while it lasts, and "No
Incidents" for a quiet month. The page of that address without ".md" is HTML and is not read. An open one counts by its
age, as in every history (`_history`): X left one of February 2025 "ongoing" for months.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from probes import _charset, _text
from probes.base import Evidence, Fetch, Observation, Reading, Reason, Request, Unreadable
from probes.status import _json
from probes.status._filter import StatusParams
from probes.status._history import Item, Phase, judged, level_of

__all__ = ["AGES", "MARKUP", "Params", "interpret", "observe"]

MARKUP = True
AGES = True

BODY_BYTES_MAX = 2 * 1024 * 1024
STEPS_MAX = 2_000

_COMMENT = re.compile(r"\{/\*.{0,20000}?\*/\}|<!--.{0,20000}?-->", re.DOTALL)
_MONTH = re.compile(r"^##\s+([A-Z][a-z]+)\s+(\d{4})\s*$", re.MULTILINE)
_STEP = re.compile(r"<Step\s+title=\"([^\"\n]{1,300})\"[^>\n]{0,300}>(.{0,5000}?)</Step>", re.DOTALL)
_DATE = re.compile(r"([A-Z][a-z]{2,8})\s+(\d{1,2}),?\s+(\d{1,2}):(\d{2})")
_RESOLVED = re.compile(r"\bhas been \[?resolved\b|\bresolved\b", re.IGNORECASE)
_ONGOING = re.compile(
    r"\bongoing\b|\bnot\b.{0,20}\bresolved\b|\bcurrent(?:ly)?\b|\binvestigating\b|\bmonitoring\b|\bidentified\b",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"no (?:past )?incidents?", re.IGNORECASE)
_MONTHS = {
    "jan": 1,
    "feb": 2,
    "mar": 3,
    "apr": 4,
    "may": 5,
    "jun": 6,
    "jul": 7,
    "aug": 8,
    "sep": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}


class Params(StatusParams):
    """The address of the history. It names no components, so a filter matches nothing and the page is unknown."""


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    return await fetch(Request(params.url, headers={"accept": "text/markdown, text/plain"}, body_max=BODY_BYTES_MAX))


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """The incidents that go on; raises Unreadable for any other shape, or a step in words that we do not know."""
    _ = memory
    _json.require_ok(observation)
    text = _charset.decode(observation.body, observation.headers.get("content-type", ""))
    start = text.lstrip("\ufeff \t\r\n")
    if start[:1] == "<" and not start.startswith("<Steps"):
        what = _json.blocked_by(start)
        raise Unreadable(f"the answer is {what or 'HTML'}, not Markdown", Reason.BLOCKED if what else Reason.FORMAT)
    return judged(_items(_COMMENT.sub("", start), observation), params, observation.at, url=params.url)


def _items(text: str, observation: Observation) -> list[Item]:
    months = list(_MONTH.finditer(text))
    steps = text.count("<Step ")
    if not months or not steps or steps > STEPS_MAX:
        raise Unreadable("not X's incident history: no months with incidents in the text")
    if text.count("<Steps>") != text.count("</Steps>") or steps != text.count("</Step>"):
        raise Unreadable("the incident history is cut off")
    ends = [m.start() for m in months[1:]] + [len(text)]
    items, read = [], 0
    for month, end in zip(months, ends, strict=True):
        for step in _STEP.finditer(text, month.end(), end):
            read += 1
            if not _NOTHING.fullmatch(step[1].strip()):
                items.append(_item(step[1], step[2], int(month[2]), observation))
    if read != steps:
        raise Unreadable(f"{steps - read} of {steps} incidents of the history are not written as we know it")
    return items


def _item(title: str, body: str, year: int, observation: Observation) -> Item:
    state, _, times = body.strip().partition("|")
    dates = [d for d in (_moment(m, year) for m in _DATE.finditer(times)) if d]
    if _ONGOING.search(state) or _ONGOING.search(times):
        phase: Phase | None = Phase.OPEN
    else:
        phase = Phase.RESOLVED if _RESOLVED.search(state) else None
    name = _text.clean(title, 200)
    said = max(dates, default=None)
    return Item(
        id=f"{name}:{dates[0]:%Y-%m-%d}" if dates else name,
        name=name,
        phase=phase,
        word=_text.plain(state, 60),
        level=level_of(name),
        began=min(dates, default=None),
        said=said if said and said <= observation.at + timedelta(hours=48) else None,
        url=observation.url,
        updates=(Evidence(f"{name}: {_text.plain(body)}", said, observation.url),),
    )


def _moment(found: re.Match[str], year: int) -> datetime | None:
    month = _MONTHS.get(found[1][:3].lower(), 0)
    try:
        return datetime(year, month, int(found[2]), int(found[3]), int(found[4]), tzinfo=UTC)
    except ValueError:
        return None
