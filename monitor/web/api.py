"""The JSON API: what is watched, and the house itself; with `acts`, `oncall_api` and `routes_api` the whole table.

Every error is ``{"error": {"code", "message"}}``. Bodies and queries are read strictly, because two readers could
understand a lax one differently.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from aiohttp import hdrs, web

from monitor.core.model import Incident, Rules, SendOutcome
from monitor.web import answers, asked, duty_views, views
from monitor.web.acts import Acts
from monitor.web.fragments import Fragments
from monitor.web.guard import BODY_S_MAX, Door, Refusal
from monitor.web.house import House, Refused
from monitor.web.oncall_api import OncallApi
from monitor.web.openapi import document
from monitor.web.operations import (
    Asked,
    Ignored,
    Nothing,
    Operation,
    Operations,
    Reply,
    encode,
    json_answer,
    json_text,
    no_body,
    serving,
)
from monitor.web.routes_api import RoutesApi

__all__ = ["Api", "error_json", "find_incident", "timeline_of"]

INCIDENTS_MAX = 200
DECISIONS_MAX = 500
TEXT_KINDS = ("text/plain", "application/openmetrics-text")


def error_json(refusal: Refusal) -> web.Response:
    """A refusal as a program reads it."""
    error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
    if refusal.faults:
        error["faults"] = list(refusal.faults)
    return json_answer({"error": error}, status=refusal.status, headers=refusal.headers)


class Api:
    """The whole API. `door`: says what needs a token, and makes the keys of calendars."""

    def __init__(self, house: House, door: Door, *, body_s: float = BODY_S_MAX) -> None:
        self._house = house
        self._door = door
        self._body_s = body_s
        self._others = (Acts(house), OncallApi(house, door), RoutesApi(house))
        self._briefs = Fragments()
        self._listing = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.route(o.method, o.path, serving(o, self._body_s)) for o in self.operations()]

    def operations(self) -> Operations:
        """The table: all that is served, and all that the document tells."""
        others = [each for part in self._others for each in part.operations()]
        return [*self._on_channels(), *self._on_incidents(), *others, *self._on_the_house()]

    # --- channels ----------------------------------------------------------------------------------------------------

    def _on_channels(self) -> Operations:
        return [
            _read("/api/v1/channels", "channels", "channels", "Every watched channel in one line.", self.channels,
                  answers.ChannelList),
            _read("/api/v1/channels/{id}", "channel", "channels", "One channel with its probes and signals.",
                  self.channel, answers.ChannelFull, "unknown_channel"),
        ]  # fmt: skip

    async def channels(self, _request: Asked[Nothing, None]) -> web.Response:
        """Every watched channel in one line each."""
        async with self._listing:
            state, rules = self._house.state, self._house.rules
            wanted = [(c, (rule, state.channels.get(c))) for c, rule in rules.channels.items()]
            rows = await self._briefs.get(
                wanted, lambda c: encode(views.brief(rules.channels[c], state.channels.get(c)))
            )
        return json_text('{"channels": [' + ", ".join(rows) + "]}")

    async def channel(self, request: Asked[Nothing, None]) -> dict[str, Any]:
        """One channel with its probes and signals."""
        house = self._house
        if request.id not in house.rules.channels:
            raise Refusal(404, "unknown_channel", "No channel of this id is watched.")
        said = views.channel(house.rules, house.state, request.id, house.now())
        held = [house.state.incidents[row["id"]] for row in said["incidents"]]
        return {**said, "incidents": [_incident(house.rules, each) for each in held]}

    # --- incidents ---------------------------------------------------------------------------------------------------

    def _on_incidents(self) -> Operations:
        return [
            _read("/api/v1/incidents", "incidents", "incidents", "The newest incidents, the closed ones too.",
                  self.incidents, answers.IncidentList),
            _read("/api/v1/incidents/{id}", "incident", "incidents",
                  "One incident with its timeline: what was decided, who did what, and who was told when.",
                  self.incident, answers.IncidentFull, "unknown_incident"),
        ]  # fmt: skip

    async def incidents(self, _request: Asked[Nothing, None]) -> dict[str, Any]:
        """The newest incidents, the closed ones too."""
        found = await self._house.incidents(INCIDENTS_MAX)
        return {"incidents": [_incident(self._house.rules, i) for i in found]}

    async def incident(self, request: Asked[Nothing, None]) -> dict[str, Any]:
        """One incident with its timeline: what was decided, and who was told when."""
        found = await find_incident(self._house, request.id)
        return {**_incident(self._house.rules, found), "timeline": await timeline_of(self._house, found)}

    # --- the house ---------------------------------------------------------------------------------------------------

    def _on_the_house(self) -> Operations:
        ready = Reply("Not yet, or not any more; `why` says what is missing.", answers.Ready)
        return [
            Operation(
                method="POST", path="/api/v1/notify-test", id="notify_test", tag="house",
                summary="Send a test message, and wait for what becomes of it.", serve=self.notify_test,
                query=Nothing, body=asked.NotifyTest, refusals={404: ("unknown_receiver",), 409: ("cannot_test",)},
                answers={200: Reply("What became of it.", answers.TestResults)},
            ),
            Operation(
                method="POST", path="/api/v1/reload", id="reload", tag="house",
                summary="Load the configuration anew; with a fault in it, what runs stays.", serve=self.reload,
                query=Nothing, body=Nothing, refusals={409: ("invalid_configuration",)},
                answers={200: Reply("It is loaded.", answers.Reloaded)},
            ),
            _read("/api/v1/openapi.json", "openapi", "house", "This document.", self.openapi, dict, is_open=True),
            Operation(
                method="GET", path="/metrics", id="metrics", tag="house",
                summary="The exposition for Prometheus, in the format that the scraper prefers.", serve=self.metrics,
                query=Ignored, body=no_body, answers={200: Reply("The exposition.", kinds=TEXT_KINDS)},
            ),
            Operation(
                method="GET", path="/healthz", id="healthz", tag="house", summary="Whether the daemon lives.",
                serve=self.healthz, query=Ignored, body=no_body, open=True,
                answers={200: Reply("It does.", answers.Alive), 503: Reply("It does not.", answers.Alive)},
            ),
            Operation(
                method="GET", path="/readyz", id="readyz", tag="house",
                summary="Whether verdicts can be relied on.", serve=self.readyz, query=Ignored, body=no_body,
                open=True, answers={200: Reply("They can.", answers.Ready), 503: ready},
            ),
        ]  # fmt: skip

    async def notify_test(self, request: Asked[Nothing, asked.NotifyTest]) -> answers.TestResults:
        """Send a test message."""
        try:
            sent = await self._house.act_notify_test(request.body.receiver)
        except Refused as refused:
            raise _refusal(refused, "cannot_test") from refused
        return answers.TestResults([answers.TestResult(s.destination, SendOutcome(s.outcome), s.detail) for s in sent])

    async def reload(self, _request: Asked[Nothing, Nothing]) -> answers.Reloaded:
        """Load the configuration anew; what runs stays when a file has a fault."""
        try:
            await self._house.act_reload()
        except Refused as refused:
            raise _refusal(refused, "invalid_configuration") from refused
        return answers.Reloaded(reloaded=True)

    async def openapi(self, _request: Asked[Nothing, None]) -> web.Response:
        """The document of all this."""
        return json_text(self._document)

    @cached_property
    def _document(self) -> str:
        door = self._door
        made = document(self.operations(), version=self._house.version, guarded=door.guarded, acting=door.has_token)
        return encode(made)

    async def metrics(self, asked_for: Asked[Ignored, None]) -> web.Response:
        """The exposition, as the scraper prefers it."""
        request = asked_for.request
        openmetrics = "application/openmetrics-text" in request.headers.get(hdrs.ACCEPT, "")
        packed = accepts_gzip(request)
        body, kind = await self._house.render_metrics(openmetrics=openmetrics, gzip=packed)
        headers = {"Content-Type": kind, "Vary": "Accept, Accept-Encoding", "Cache-Control": "no-store"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=body, headers=headers)

    async def healthz(self, _request: Asked[Ignored, None]) -> web.Response:
        """Whether the loop and its tasks live."""
        alive = self._house.alive()
        return json_answer(answers.Alive(alive), status=200 if alive else 503)

    async def readyz(self, _request: Asked[Ignored, None]) -> web.Response:
        """Whether verdicts can be relied on yet."""
        ready, why = self._house.ready()
        return json_answer(answers.Ready(ready, why), status=200 if ready else 503)


def _read(
    path: str,
    name: str,
    tag: str,
    summary: str,
    serve: Callable[[Asked[Nothing, None]], Any],
    shape: type,
    *missing: str,
    is_open: bool = False,
) -> Operation[Nothing, None]:
    """What is merely looked at, without parameters. `missing`: codes of 404."""
    return Operation(
        method="GET", path=path, id=name, tag=tag, summary=summary, serve=serve, query=Nothing, body=no_body,
        answers={200: Reply(summary, shape)}, refusals={404: missing} if missing else {}, open=is_open,
    )  # fmt: skip


def _incident(rules: Rules, each: Incident) -> dict[str, Any]:
    return {**views.incident(rules, each), **duty_views.incident_on_call(each, rules)}


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
    known = await house.incidents_named([incident_id])
    if incident_id not in known:
        raise Refusal(404, "unknown_incident", "No incident of this id is known.")
    return known[incident_id]


async def timeline_of(house: House, incident: Incident) -> Sequence[dict[str, Any]]:
    """What was decided about an incident and who was told, oldest first."""
    decisions = await house.decisions(incident=incident.id, limit=DECISIONS_MAX)
    return views.timeline(house.rules, decisions, await house.deliveries(incident.id))
