"""A status page for people, the last resort: its visible lines against lists of lines that we know.

Only whole visible lines count, never a part of one and nothing inside scripts, so an incident's text or a subscription
form is not taken for a verdict; the lists are data (``html_words.yaml``) and can be added to. A bad line beats a good
one. A legend (three or more states in a row) says nothing. A page with a password field is a login page, whatever badge
stands in its footer. Nothing recognised is Unreadable. PagerDuty's pages have no visible line but carry their data in
one script element, which is read as such.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import Field, field_validator

from probes import _charset, _text
from probes._words import data
from probes.base import Availability, Fetch, Observation, Reading, Reason, Request, Unreadable, clip
from probes.status import _json
from probes.status._filter import FILTER_CHARS_MAX, FILTERS_MAX, StatusParams, matches
from probes.status._page import Component, Incident, Page, judge
from probes.status._time import parse_time

__all__ = ["MARKUP", "Params", "interpret", "observe"]

MARKUP = True

BODY_BYTES_MAX = 4 * 1024 * 1024
LINE_CHARS_MAX = 120
LEGEND_LINES = 3

_PASSWORD = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)
_OPENS = re.compile(r"<(?:html|body)[\s>]", re.IGNORECASE)
_CLOSES = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
_STRAIGHT = str.maketrans({"\u2019": "'", "\u2018": "'", "\u2013": "-", "\u2014": "-"})


class Params(StatusParams):
    """The address of the page, and lines to know beside the shipped ones (exact, with `*`, or `/regular/`)."""

    good: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="More lines that mean: all is well.")
    bad: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="More lines that mean: degraded.")
    outage: tuple[str, ...] = Field(default=(), max_length=FILTERS_MAX, description="More lines that mean: outage.")

    @field_validator("good", "bad", "outage")
    @classmethod
    def _lines_usable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if not pattern.strip(" *") or len(pattern) > FILTER_CHARS_MAX:
                msg = f"a line to know has 1 to {FILTER_CHARS_MAX} characters, and is more than a *"
                raise ValueError(msg)
            matches(pattern, "")
        return patterns


async def observe(params: Params, fetch: Fetch) -> Observation:
    """One request."""
    accept = {"accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"}
    return await fetch(Request(params.url, headers=accept, body_max=BODY_BYTES_MAX))


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """The worst line that we know; raises Unreadable when there is none, or the page is a login page or a challenge."""
    _ = memory
    _json.require_ok(observation)
    document = _charset.decode(_charset.unpacked(observation.body), observation.headers.get("content-type", ""))
    if "<" not in document:
        raise Unreadable("the answer is no HTML page" if document.strip() else "the body is empty")
    if _OPENS.search(document) and not _CLOSES.search(document):
        raise Unreadable("the page is cut off")
    if _PASSWORD.search(document):
        raise Unreadable("the answer is a login page", Reason.BLOCKED)
    page = _pagerduty(document, params.url)
    if page is None:
        lines = [line.translate(_STRAIGHT) for line in _text.lines(document)]
        page = _by_components(lines, params) if params.filtered else _by_lines(lines, params)
    if page is None:
        what = _json.blocked_by(document)
        if what:
            raise Unreadable(f"the answer is {what}", Reason.BLOCKED)
        raise Unreadable("no line of the page says in words that we know how it stands")
    return judge(page, params)


# --- by visible lines -------------------------------------------------------------------------------------------------


@cache
def _words() -> Mapping[str, Any]:
    words: Mapping[str, Any] = data("probes.status", "html_words.yaml")
    return words


@cache
def _component_words() -> Mapping[str, Availability]:
    return {word: Availability(state) for state, words in _words()["components"].items() for word in words}


_WORST_FIRST = (Availability.OUTAGE, Availability.DEGRADED, Availability.MAINTENANCE, Availability.OPERATIONAL)


def _by_lines(lines: list[str], params: Params) -> Page | None:
    """The page by its worst line, None without one that we know."""
    words = _words()
    lists = {
        Availability.OUTAGE: (*words["outage"], *params.outage),
        Availability.DEGRADED: (*words["degraded"], *params.bad),
        Availability.MAINTENANCE: words["maintenance"],
        Availability.OPERATIONAL: (*words["good"], *params.good),
    }
    heard = _without_legend([line for line in lines if len(line) <= LINE_CHARS_MAX])
    for state in _WORST_FIRST:
        line = _first(heard, lists[state])
        if line:
            return Page(indicator=state, indicator_word=line, url=params.url)
    return None


def _first(lines: Iterable[str], patterns: Iterable[str]) -> str:
    patterns = [p.translate(_STRAIGHT) for p in patterns]
    exact = {_folded(p) for p in patterns}
    open_ended = [p for p in patterns if "*" in p or "?" in p or p.startswith("/")]
    return next((li for li in lines if _folded(li) in exact or any(matches(p, li) for p in open_ended)), "")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!")


def _without_legend(lines: list[str]) -> list[str]:
    """`lines` without runs of LEGEND_LINES or more states in a row, each once: the key to the page's colours."""
    kept: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if _folded(line) in _component_words():
            run.append(line)
            continue
        legend = len(run) >= LEGEND_LINES and len({_folded(r) for r in run}) == len(run)
        kept += [] if legend else run
        run = []
        kept.append(line)
    return kept


def _by_components(lines: list[str], params: Params) -> Page | None:
    """The components that the page lists as "Name - State" or as a name and a state on the next line."""
    known = _component_words()
    lines = _without_legend([line for line in lines if line])
    found: dict[str, Component] = {}
    for name, following in zip(lines, [*lines[1:], ""], strict=True):
        before, dash, after = name.rpartition(" - ")
        if dash and _folded(after) in known:
            name, word = before, after  # noqa: PLW2901 - the line is the name and the state
        elif _folded(following) in known and _folded(name) not in known:
            word = following
        else:
            continue
        name = _text.clean(name, LINE_CHARS_MAX)  # noqa: PLW2901 - likewise
        found.setdefault(name, Component(name, name, known[_folded(word)], word, product=name))
    return Page(tuple(found.values()), url=params.url) if found else None


# --- PagerDuty's embedded data ----------------------------------------------------------------------------------------

_SCRIPT_OPENS = '<script id="data" type="application/json">'
_SEVERITIES = {
    "operational": Availability.OPERATIONAL,
    "all good": Availability.OPERATIONAL,
    "minor": Availability.DEGRADED,
    "partial outage": Availability.DEGRADED,
    "major": Availability.OUTAGE,
    "outage": Availability.OUTAGE,
}


def _pagerduty(document: str, url: str) -> Page | None:
    """The page that PagerDuty's script element describes; None when the document has none. Raises Unreadable.

    Shape as recorded in 2023: summary{open_incidents[]{id, title, updates[] (newest first){severity, status, message,
    reported_at, impacted_business_services[]{name, severity}}}, post_status_page_services[]{id, name}, posts[]}.
    """
    begins = document.find(_SCRIPT_OPENS)
    if begins < 0:
        return None
    text, closes, _ = document[begins + len(_SCRIPT_OPENS) :].partition("</script>")
    if not closes:
        raise Unreadable("the page's data is cut off")
    value = _json.an_object(_json.parse(text), "the page's data")
    summary = _json.an_object(value.get("summary"), "summary")
    if _json.a_list(summary.get("posts", []), "posts"):
        raise Unreadable("the page has posts, which we do not know how to read", Reason.WORD)
    services = _json.objects(summary, "post_status_page_services", missing_ok=True)
    components = tuple(
        Component(_json.ident(s, "id", "name"), _json.word(s, "name"), Availability.OPERATIONAL, "") for s in services
    )
    incidents = tuple(_incident(i, url) for i in _json.objects(summary, "open_incidents"))
    return Page(components, incidents, url=url)


def _incident(value: dict[str, Any], url: str) -> Incident:
    updates = _json.objects(value, "updates")
    newest = updates[0] if updates else {}
    impacted = _json.objects(newest, "impacted_business_services", missing_ok=True)
    severity = _json.loose(newest.get("severity")) or "none given"
    return Incident(
        id=_json.ident(value, "id"),
        name=clip(_json.plain(value.get("title")), LINE_CHARS_MAX),
        state=_SEVERITIES.get(severity.casefold()),
        word=severity,
        touches=frozenset(_json.loose(s.get("name")) for s in impacted),
        since=min((t for u in updates if (t := parse_time(u.get("reported_at")))), default=None),
        url=url,
    )
