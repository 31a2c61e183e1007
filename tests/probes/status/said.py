"""How the tests of status kinds ask: a payload in, one word of verdict out."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from probes import load
from probes.base import Availability, Observation, Reading, Request, Signal, Unreadable
from probes.status._page import Page, StatusParams, judge

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OPERATIONAL, MAINTENANCE, UNKNOWN, DEGRADED, OUTAGE = "operational", "maintenance", "unknown", "degraded", "outage"
RANK = {a: n for n, a in enumerate((OPERATIONAL, MAINTENANCE, UNKNOWN, DEGRADED, OUTAGE))}
URL = "https://status.example.com/data.json"


def observed(
    payload: object,
    url: str = URL,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    parts: Mapping[str, object] | None = None,
) -> Observation:
    """An answer with that payload: bytes as they are, anything else as JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    kept = {name: observed(part) for name, part in (parts or {}).items()}
    return Observation(url, status, headers or {"content-type": "application/json"}, body, NOW, parts=kept)


def reading(kind: str, payload: object, *, parts: Mapping[str, object] | None = None, **params: Any) -> Reading:  # noqa: ANN401 - what the kind takes
    """What the kind makes of a payload."""
    module = load(kind)
    answer = payload if isinstance(payload, Observation) else observed(payload, parts=parts)
    return module.interpret(module.Params(**{"url": answer.url, **params}), answer, {})


def verdict_of(said: Reading) -> str:
    """The worst that a reading stands for; no signal at all is unknown."""
    return str(max((s.stands_for for s in said.signals), key=RANK.__getitem__, default=Availability.UNKNOWN))


def verdict(kind: str, payload: object, **more: Any) -> str:  # noqa: ANN401 - what the kind takes
    """The worst that the payload stands for, or "unknown"."""
    try:
        return verdict_of(reading(kind, payload, **more))
    except Unreadable:
        return UNKNOWN


def reason(kind: str, payload: object, **more: Any) -> str:  # noqa: ANN401 - what the kind takes
    """Why the payload is Unreadable; "" when it is not."""
    try:
        reading(kind, payload, **more)
    except Unreadable as error:
        return str(error.reason)
    return ""


def judged(page: Page, **params: Any) -> str:  # noqa: ANN401 - what the kind takes
    """The verdict on a page that no format said."""
    try:
        return verdict_of(judge(page, StatusParams(url=URL, **params)))
    except Unreadable as error:
        return f"{UNKNOWN}:{error.reason}"


def texts(said: Reading) -> str:
    """Everything a reading says, for a test to look into."""
    return "\n".join(line for s in said.signals for line in (s.summary, *(e.text for e in s.evidence)))


def signal(said: Reading, key: str) -> Signal:
    """The one signal of that key."""
    found = [s for s in said.signals if s.key == key]
    assert len(found) == 1, f"{key} in {[s.key for s in said.signals]}"
    return found[0]


class Site:
    """A vendor's site as `observe` sees it: payloads by address; anything else is a 404."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, request: Request) -> Observation:
        self.asked.append(request.url)
        if request.url in self.answers:
            return observed(self.answers[request.url], request.url)
        return observed(b"not found", request.url, status=404)


async def looked(kind: str, url: str, answers: Mapping[str, object], **params: Any) -> tuple[list[str], str]:  # noqa: ANN401 - what the kind takes
    """The addresses that a kind asks for, and the verdict on what it got."""
    module, site = load(kind), Site(answers)
    given = module.Params(**{"url": url, **params})
    answer = await module.observe(given, site)
    try:
        return site.asked, verdict_of(module.interpret(given, answer, {}))
    except Unreadable as error:
        return site.asked, f"{UNKNOWN}:{error.reason}"
