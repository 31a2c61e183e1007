"""The JSON API, the exposition and the two health answers.

Every error is ``{"error": {"code", "message"}}``. Bodies are read strictly: a duplicate key, a NaN, a byte order mark
or a charset other than UTF-8 is refused, because two readers could understand it differently.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.core.model import Incident
from monitor.web import views
from monitor.web.fragments import Fragments
from monitor.web.guard import BODY_S_MAX, Refusal, read_body
from monitor.web.house import House, Refused

__all__ = ["Api", "error_json", "strict_json"]

DIGITS_MAX = 19
INCIDENTS_MAX = 200
INCIDENTS_SEARCHED_MAX = 5_000
DECISIONS_MAX = 500
PROBLEMS_SHOWN_MAX = 5

_ENCODE = json.JSONEncoder(allow_nan=False).encode  # made once: json.dumps would make one per call


_Model = TypeVar("_Model", bound=BaseModel)


class _NotifyTest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    receiver: str | None = Field(default=None, max_length=128)


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def error_json(refusal: Refusal) -> web.Response:
    """A refusal as a program reads it."""
    error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
    if refusal.faults:
        error["faults"] = list(refusal.faults)
    return _json({"error": error}, status=refusal.status, headers=refusal.headers)


def _json(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    text = _ENCODE(value)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return web.Response(text=text, status=status, headers=kept, content_type="application/json")


def strict_json(raw: bytes, content_type: str = "application/json", charset: str = "utf-8") -> object:
    """The JSON value of a body; raises Refusal. An empty body is an empty object."""
    if not raw.strip():
        return {}
    if content_type != "application/json":
        raise Refusal(415, "not_json", "Send JSON, with Content-Type: application/json.")
    if charset.lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise Refusal(400, "bad_charset", "JSON must be UTF-8.")
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_once_each,
            parse_constant=_no_constant,
            parse_int=_short_int,
        )
    except UnicodeDecodeError as fault:
        raise Refusal(400, "bad_json", f"The body is not UTF-8 at byte {fault.start}.") from fault
    except RecursionError as fault:
        raise Refusal(400, "bad_json", "The JSON is nested too deeply.") from fault
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno}, column {fault.colno}"
        raise Refusal(400, "bad_json", f"The body is not JSON: {fault.msg} at {where}.") from fault


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(400, "bad_json", "The same key stands twice in an object.")
    return found


def _no_constant(_word: str) -> object:
    raise Refusal(400, "bad_json", "NaN and Infinity are not JSON.")


def _short_int(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise Refusal(400, "bad_json", f"A number has more than {DIGITS_MAX} digits.")
    return int(digits)


class Api:
    """The handlers; see the README for the shapes."""

    def __init__(self, house: House, *, body_s: float = BODY_S_MAX) -> None:
        self._house = house
        self._body_s = body_s
        self._briefs = Fragments()
        self._listing = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get("/api/v1/channels", self.channels),
            web.get("/api/v1/channels/{id}", self.channel),
            web.get("/api/v1/incidents", self.incidents),
            web.get("/api/v1/incidents/{id}", self.incident),
            web.post("/api/v1/notify-test", self.notify_test),
            web.post("/api/v1/reload", self.reload),
            web.get("/metrics", self.metrics),
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
        ]

    async def channels(self, _request: web.Request) -> web.Response:
        """Every watched channel in one line each."""
        async with self._listing:
            state, rules = self._house.state, self._house.rules
            wanted = [(c, (rule, state.channels.get(c))) for c, rule in rules.channels.items()]
            rows = await self._briefs.get(
                wanted, lambda c: _ENCODE(views.brief(rules.channels[c], state.channels.get(c)))
            )
        text = '{"channels": [' + ", ".join(rows) + "]}"
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})

    async def channel(self, request: web.Request) -> web.Response:
        """One channel with its probes and signals."""
        house = self._house
        channel_id = request.match_info["id"]
        if channel_id not in house.rules.channels:
            raise Refusal(404, "unknown_channel", "No channel of this id is watched.")
        return _json(views.channel(house.rules, house.state, channel_id, house.now()))

    async def incidents(self, _request: web.Request) -> web.Response:
        """The newest incidents, the closed ones too."""
        found = await self._house.incidents(INCIDENTS_MAX)
        return _json({"incidents": [views.incident(self._house.rules, i) for i in found]})

    async def incident(self, request: web.Request) -> web.Response:
        """One incident with its timeline: what was decided, and who was told when."""
        found = await find_incident(self._house, request.match_info["id"])
        return _json({**views.incident(self._house.rules, found), "timeline": await timeline_of(self._house, found)})

    async def notify_test(self, request: web.Request) -> web.Response:
        """Send a test message."""
        asked = await self._body(request, _NotifyTest)
        try:
            sent = await self._house.act_notify_test(asked.receiver)
        except Refused as refused:
            raise _refusal(refused, "cannot_test") from refused
        rows = [{"destination": s.destination, "outcome": s.outcome, "detail": s.detail} for s in sent]
        return _json({"results": rows})

    async def reload(self, request: web.Request) -> web.Response:
        """Load the configuration anew; what runs stays when a file has a fault."""
        await self._body(request, _Nothing)
        try:
            await self._house.act_reload()
        except Refused as refused:
            raise _refusal(refused, "invalid_configuration") from refused
        return _json({"reloaded": True})

    async def metrics(self, request: web.Request) -> web.Response:
        """The exposition, as the scraper prefers it."""
        openmetrics = "application/openmetrics-text" in request.headers.get(hdrs.ACCEPT, "")
        packed = accepts_gzip(request)
        body, kind = await self._house.render_metrics(openmetrics=openmetrics, gzip=packed)
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    async def healthz(self, _request: web.Request) -> web.Response:
        """Whether the loop and its tasks live."""
        alive = self._house.alive()
        return _json({"alive": alive}, status=200 if alive else 503)

    async def readyz(self, _request: web.Request) -> web.Response:
        """Whether verdicts can be relied on yet."""
        ready, why = self._house.ready()
        return _json({"ready": ready, "why": why}, status=200 if ready else 503)

    async def _body(self, request: web.Request, model: type[_Model]) -> _Model:
        raw = await read_body(request, seconds=self._body_s)
        value = strict_json(raw, request.content_type, request.charset or "utf-8")
        try:
            return model.model_validate(value)
        except ValidationError as fault:
            found = fault.errors(include_input=False, include_url=False, include_context=False)
            problems = [f"{'.'.join(map(str, e['loc']))[:64] or 'body'}: {e['msg']}" for e in found]
            message = f"The body is not as it should be: {'; '.join(problems[:PROBLEMS_SHOWN_MAX])}."
            raise Refusal(400, "bad_body", message) from fault


def _refusal(refused: Refused, code: str) -> Refusal:
    refusal = Refusal(404 if refused.unknown else 409, "unknown_receiver" if refused.unknown else code, str(refused))
    refusal.faults = refused.faults
    return refusal


def accepts_gzip(request: web.Request) -> bool:
    """Whether the client takes gzip: named, and not with q=0."""
    for part in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


async def find_incident(house: House, incident_id: str) -> Incident:
    """The incident with this id, open or closed; raises Refusal."""
    held = house.state.incidents.get(incident_id)
    if held is not None:
        return held
    for each in await house.incidents(INCIDENTS_SEARCHED_MAX):
        if each.id == incident_id:
            return each
    raise Refusal(404, "unknown_incident", "No incident of this id is known.")


async def timeline_of(house: House, incident: Incident) -> Sequence[dict[str, Any]]:
    """What was decided about an incident and who was told, oldest first."""
    decisions = await house.decisions(incident=incident.id, limit=DECISIONS_MAX)
    return views.timeline(house.rules, decisions, await house.deliveries(incident.id))
