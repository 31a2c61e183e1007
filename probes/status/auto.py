"""Finds a vendor's status format from a bare address, reads it, and finds it again when the vendor moves.

The search, in one run and in this order: the body of the given address itself; what is known of its host; the paths
that status platforms serve (``/api/v2/summary.json``, ``/summary.json``, ``/index.json``, ``/api/v1/summary``), on the
host that finally answered and on the one given; feeds that the page links as alternates; last, the page as HTML. A
path counts by the shape of what it answers, never by its status: some platforms answer 200 with the same page for any
path. What was found, and what was tried, is evidence; the next run goes straight there, and when that is no longer of
its shape the search begins anew. Once a format is recognised its own rules decide: a page of a known format with an
unknown word is unknown, and no weaker source is asked instead.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from probes import _feed, _text, kinds, load
from probes._words import data
from probes.base import (
    Certainty,
    Evidence,
    Family,
    Fetch,
    Observation,
    Reading,
    Reason,
    Request,
    Severity,
    Signal,
    Unreachable,
    Unreadable,
    clip,
)
from probes.status import _json
from probes.status._filter import StatusParams

__all__ = ["AGES", "MARKUP", "RECALLS", "Params", "interpret", "observe", "recognised"]

MARKUP = True
AGES = True
RECALLS = True

BODY_BYTES_MAX = 8 * 1024 * 1024
TRIES_MAX = 12
SNIFFED_BYTES = 64 * 1024
ALTERNATES_MAX = 3
SEARCH_TOTAL = timedelta(seconds=10)
SEARCH_AGAIN_AFTER = timedelta(hours=24)

PATHS = ("/api/v2/summary.json", "/summary.json", "/index.json", "/api/v1/summary")
HOSTS: Mapping[str, tuple[str, str]] = {
    "slack-status.com": ("status.slack", "https://slack-status.com/api/v2.0.0/current"),
    "status.slack.com": ("status.slack", "https://slack-status.com/api/v2.0.0/current"),
    "metastatus.com": ("status.meta", "https://metastatus.com/data/orgs.json"),
    "status.cloud.microsoft": ("status.microsoft", "https://status.cloud.microsoft/api/posts/m365Consumer"),
    "docs.x.com": ("status.x", "https://docs.x.com/incidents.md"),
    "azure.status.microsoft": ("status.azure", "https://azure.status.microsoft/en-us/status/feed/"),
    "status.heroku.com": ("status.heroku", "https://status.heroku.com/api/v4/current-status"),
    "status.salesforce.com": ("status.salesforce", "https://api.status.salesforce.com/v1/instances/status/preview"),
    "status.cloud.google.com": ("status.google", "https://status.cloud.google.com/incidents.json"),
    "status.search.google.com": ("status.google", "https://status.search.google.com/incidents.json"),
    "health.aws.amazon.com": ("status.aws", "https://health.aws.amazon.com/health/status"),
    "ads.google.com": ("status.google", "https://ads.google.com/status/publisher/incidents.json"),
}


class Params(StatusParams):
    """The address of the vendor's status page, as a person would open it, and what of it is watched."""


async def observe(params: Params, fetch: Fetch, memory: Mapping[str, Any]) -> Observation:
    """The answer of the found source, as itself and as the part named by its kind; what was tried beside it.

    Raises Unreadable naming what was tried when there is none, Unreachable when nothing answered at all.
    """
    search = _Search(params, fetch)
    kind, url = memory.get("kind"), memory.get("url")
    if isinstance(kind, str) and isinstance(url, str) and kind in kinds():
        again = await search.take(kind, url)
        if again and not (kind == "status.html" and _stale(memory.get("searched"), again)):
            return again
    found = await search.run()
    if found:
        return found
    if search.unreachable and not search.answered:
        raise search.unreachable
    tried = ", ".join(f"{url}: {why}" for url, why in search.tried.items())
    reason = Reason.BLOCKED if search.blocked else Reason.FORMAT
    raise Unreadable(clip(f"no status format that we know was found; tried {tried}", 1_000), reason)


def interpret(params: Params, observation: Observation, memory: Mapping[str, Any]) -> Reading:
    """What the found source means by its own kind, and a remark that says what was found; raises Unreadable."""
    kind = next((name for name in observation.parts if name.startswith("status.")), "")
    if kind not in kinds():  # an answer that no search of ours brought: by its own shape
        _json.require_ok(observation)
        kind = recognised(observation) or "status.html"
    found = observation.parts.get(kind, observation)
    same = memory.get("kind") == kind and memory.get("url") == found.url
    kept = memory.get("kept") if same else None
    reading = load(kind).interpret(_params(kind, found.url, params), found, kept if isinstance(kept, Mapping) else {})
    tried = [
        Evidence(f"tried {url}: HTTP {o.status}", o.at, url) for url, o in observation.parts.items() if url != kind
    ]
    remark = Signal(
        key="source",
        family=Family.STATUS,
        severity=Severity.INFO,
        certainty=Certainty.MEASURED,
        summary=f"Read as {kind} from {found.url}",
        evidence=(Evidence(f"{kind} found at {found.url}", found.at, found.url), *tried),
        url=_text.link(found.url),
    )
    searched = found.at.isoformat() if len(observation.parts) > 1 or not same else memory.get("searched")
    remembered = {"kind": kind, "url": found.url, "kept": dict(reading.memory), "searched": searched}
    return replace(reading, signals=(*reading.signals, remark), memory=remembered)


def _stale(searched: object, answer: Observation) -> bool:
    """Whether the last resort was settled for so long ago that something better is looked for again."""
    try:
        return answer.at - datetime.fromisoformat(str(searched)) > SEARCH_AGAIN_AFTER
    except (ValueError, TypeError):
        return True


def _params(kind: str, url: str, params: Params) -> Any:  # noqa: ANN401 - each kind has its own Params
    shared = {
        name: getattr(params, name) for name in StatusParams.model_fields if name in load(kind).Params.model_fields
    }
    return load(kind).Params(**{**shared, "url": url})


class _Search:
    """One run's search: every address is asked at most once, and no more than TRIES_MAX of them."""

    def __init__(self, params: Params, fetch: Fetch) -> None:
        self._params = params
        self._fetch = fetch
        self._answers: dict[str, Observation] = {}
        self.tried: dict[str, str] = {}
        self.unreachable: Unreachable | None = None
        self.blocked = False

    @property
    def answered(self) -> bool:
        """Whether any address gave an HTTP answer."""
        return bool(self._answers)

    async def run(self) -> Observation | None:
        """The first source that is recognised, None when there is none."""
        page = await self._ask(self._params.url)
        if page is not None:
            found = await self._recognised(page)
            if found:
                return found
        for host in dict.fromkeys(urlsplit(u).hostname or "" for u in self._addresses(page)):
            kind, url = HOSTS.get(host.removeprefix("www."), ("", ""))
            if kind in kinds() and (found := await self.take(kind, url)):
                return found
        for url in [urljoin(base, path) for path in PATHS for base in self._addresses(page)]:
            answer = await self._ask(url)
            if answer is not None and (found := await self._recognised(answer)):
                return found
        if page is None or not _is_html(page):
            return None
        return await self._from_page(page)

    async def _from_page(self, page: Observation) -> Observation | None:
        """What the HTML page itself leads to: its platform's data, its feeds, its own words."""
        for mark, kind in _PAGE_MARKS:
            if mark in page.body and kind in kinds() and (found := await self.take(kind, self._params.url)):
                return found
        for url in _alternates(page):
            answer = await self._ask(url)
            if answer is not None and (found := await self._recognised(answer)):
                return found
        return self._found("status.html", page) if _hears(page) and "status.html" in kinds() else None

    async def take(self, kind: str, url: str) -> Observation | None:
        """The answer of a known source, None when it is no longer of that kind's shape."""
        direct = await self._ask(url)
        if direct is not None and kind == "status.html":
            return self._found(kind, direct) if _hears(direct) else None
        fits = direct is not None and _fits(direct, kind, url)
        if direct is not None and fits and not self._params.filtered:
            return self._found(kind, direct)
        try:  # a kind may need further requests for a filter, or know a page's own way to its data
            answer = await load(kind).observe(_params(kind, url, self._params), self._cached)
        except Unreachable as error:
            self.unreachable = error
        except Unreadable as error:
            self._note(url, error)
        else:
            if _fits(answer, kind, url):
                return self._found(kind, answer)
        self.tried.setdefault(url, f"not {kind}")
        return self._found(kind, direct) if direct is not None and fits else None

    async def _recognised(self, answer: Observation) -> Observation | None:
        kind = recognised(answer)
        if kind not in kinds():
            what = _json.blocked_by(answer.body[:SNIFFED_BYTES].decode("utf-8", "replace")) if _is_html(answer) else ""
            self.blocked = self.blocked or bool(what)
            shown = f"HTTP {answer.status}" if answer.status != _json.HTTP_OK else what or "no format that we know"
            self.tried.setdefault(answer.url, shown)
            return None
        return await self.take(kind, answer.url)

    def _found(self, kind: str, answer: Observation) -> Observation:
        tried = {u: replace(o, body=b"", parts={}) for u, o in self._answers.items() if u in self.tried}
        return replace(answer, parts={kind: answer, **tried})

    def _addresses(self, page: Observation | None) -> list[str]:
        """The address that answered in the end and the one that was given, as bases of known paths."""
        urls = [page.url, self._params.url] if page else [self._params.url]
        return list(dict.fromkeys(f"{urlsplit(u).scheme}://{urlsplit(u).netloc}/" for u in urls))

    async def _ask(self, url: str) -> Observation | None:
        try:
            return await self._cached(Request(url, body_max=BODY_BYTES_MAX, total=SEARCH_TOTAL))
        except Unreachable as error:
            self.unreachable = self.unreachable or error
            self.tried[url] = error.reason.value
        except Unreadable as error:
            self._note(url, error)
        return None

    def _note(self, url: str, error: Unreadable) -> None:
        self.tried[url] = error.reason.value
        self.blocked = self.blocked or error.reason is Reason.BLOCKED

    async def _cached(self, request: Request) -> Observation:
        if request.url in self._answers:
            return self._answers[request.url]
        if len(self._answers) >= TRIES_MAX:
            raise Unreadable(f"more than {TRIES_MAX} addresses", Reason.LIMIT)
        answer = await self._fetch(request)
        self._answers[request.url] = self._answers[answer.url] = answer
        return answer


@cache
def _html_words() -> tuple[str, ...]:
    words = data("probes.status", "html_words.yaml")
    return tuple(w.strip("* -") for name in ("good", "degraded", "outage", "maintenance") for w in words[name])


def _hears(answer: Observation) -> bool:
    """Whether `status.html` may find a line that it knows; cheap, and without a parser."""
    if answer.status != _json.HTTP_OK or not _is_html(answer):
        return False
    text = " ".join(answer.body.decode("utf-8", "replace").casefold().replace("\u2019", "'").split())
    return '<script id="data" type="application/json">' in text or any(word in text for word in _html_words())


# --- what a body is, by its shape -------------------------------------------------------------------------------------


def recognised(answer: Observation) -> str:
    """The kind that reads an answer of this shape, "" for none. Cheap: JSON is parsed, mark-up only sniffed."""
    if answer.status != _json.HTTP_OK or not answer.body.strip():
        return ""
    head = answer.body[:SNIFFED_BYTES].decode("utf-8", "replace").lstrip("\ufeff \t\r\n\0")
    if _feed.looks_like_feed(head.replace("\0", "")):
        title = head[:4_096].casefold()
        return "status.azure" if "azure status" in title else "status.tiktok" if "tiktok" in title else "status.feed"
    if "<Step " in head and "\n## " in "\n" + head:
        return "status.x"
    if head[:1] == "<":
        return ""
    try:
        value = _json.load(answer)
    except Unreadable:
        return ""
    return next((kind for kind, shape in _SHAPES if shape(value)), "")


def _is_html(answer: Observation) -> bool:
    head = answer.body[:SNIFFED_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head", b"<!--")) or b"<html" in head[:4_096]


def _fits(answer: Observation, kind: str, url: str) -> bool:
    """Whether an answer has a kind's shape; at an address that we know by heart an empty list will do."""
    at_home = (kind, url) in HOSTS.values() and answer.status == _json.HTTP_OK and answer.body.strip() == b"[]"
    return at_home or recognised(answer) == kind


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(name in value for name in names)


def _within(value: Any, *path: str) -> Any:  # noqa: ANN401 - JSON is any of six types
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _each(*names: str) -> Callable[[Any], bool]:
    def shape(value: Any) -> bool:  # noqa: ANN401 - likewise
        return isinstance(value, list) and bool(value) and all(_has(*names)(item) for item in value[:5])

    return shape


_INSTATUS_WORDS = ("UP", "HASISSUES", "UNDERMAINTENANCE")
_SHAPES: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("status.instatus", lambda v: _within(v, "page", "status") in _INSTATUS_WORDS),
    ("status.statuspage", lambda v: _has("page", "status")(v) or _has("page", "components")(v)),
    ("status.incidentio", _has("ongoing_incidents", "scheduled_maintenances")),
    ("status.betterstack", lambda v: _within(v, "data", "type") == "status_page"),
    ("status.statusio", lambda v: _within(v, "result", "status_overall") is not None),
    ("status.slack", _has("status", "active_incidents")),
    ("status.cstate", _has("summaryStatus", "systems")),
    ("status.heroku", _has("status", "incidents", "scheduled")),
    ("status.uptimerobot", lambda v: _within(v, "status") == "ok" and _each("statusClass")(_within(v, "data"))),
    ("status.uptimekuma", _has("config", "publicGroupList")),
    ("status.cachet", lambda v: _each("name", "status_name")(_within(v, "data"))),
    ("status.google", _each("external_desc", "status_impact")),
    ("status.meta", _each("services", "rss_file_paths")),
    ("status.microsoft", _each("ServiceDisplayName", "Status")),
    ("status.salesforce", _each("key", "location", "environment")),
    ("status.aws", _each("service", "event_log")),
)
_PAGE_MARKS = (
    (b"getMonitorList", "status.uptimerobot"),
    (b"Uptime Kuma", "status.uptimekuma"),
    (b"status.io/pages/", "status.statusio"),
)
_ALTERNATE = re.compile(rb"<link\b[^<>]{0,1000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"\b(rel|type|href)\s*=\s*[\"']?([^\"'\s<>]{1,2000})", re.IGNORECASE)


def _alternates(page: Observation) -> list[str]:
    """The feeds that an HTML page names in its head, as absolute addresses."""
    urls = []
    for element in _ALTERNATE.finditer(page.body[:SNIFFED_BYTES]):
        named = {m[1].lower(): m[2].decode("utf-8", "replace") for m in _ATTRIBUTE.finditer(element[0])}
        if named.get(b"rel", "").lower() == "alternate" and re.search(r"(rss|atom|feed)", named.get(b"type", "")):
            urls.append(_text.link(named.get(b"href", "").replace("&amp;", "&"), page.url))
    return [u for u in dict.fromkeys(urls) if u][:ALTERNATES_MAX]
