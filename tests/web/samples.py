"""A good request for every operation of the API: what tests of all operations start from."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiohttp import ClientSession
from immutables import Map

from monitor.core.duty import Matcher, MatchOp, Override, Shift, Silence
from monitor.web.api import Api
from monitor.web.guard import Door
from monitor.web.operations import Operation, Operations
from tests.web.standing import NOW, Standing, town

__all__ = ["ACTING", "OPERATIONS", "SAMPLES", "WITH_BODY", "Sample", "ask", "kept", "stocked"]


@dataclass(frozen=True)
class Sample:
    """A path with its query, and a body."""

    path: str
    body: Any = None


BY = {"by": "second"}
ALERT = {"status": "firing", "labels": {"alertname": "Watchdog", "severity": "none"}}

SAMPLES = {
    "channels": Sample("/api/v1/channels"),
    "channel": Sample("/api/v1/channels/facebook"),
    "incidents": Sample("/api/v1/incidents"),
    "incident": Sample("/api/v1/incidents/17"),
    "acknowledge": Sample("/api/v1/incidents/17/acknowledge", {**BY, "text": "On it.", "via": "cli"}),
    "take_over": Sample("/api/v1/incidents/17/take-over", BY),
    "snooze": Sample("/api/v1/incidents/17/snooze", {**BY, "for": "1h"}),
    "resolve": Sample("/api/v1/incidents/17/resolve", BY),
    "note": Sample("/api/v1/incidents/17/note", {**BY, "text": "The vendor answers the telephone."}),
    "acknowledge_many": Sample("/api/v1/incidents/acknowledge", {**BY, "incidents": ["17", "18"]}),
    "silences": Sample("/api/v1/silences?state=active"),
    "silence": Sample(
        "/api/v1/silences",
        {"matchers": ['channel="facebook"'], "author": "second", "comment": "known", "for": "2h", "via": "cli"},
    ),
    "unsilence": Sample("/api/v1/silences/7?by=second&via=cli"),
    "oncall": Sample("/api/v1/oncall?at=2026-11-25T12:00:00Z"),
    "schedule": Sample("/api/v1/schedules/desk?from=2026-11-20T00:00:00Z&to=2026-12-01T00:00:00%2B01:00"),
    "calendar": Sample("/api/v1/schedules/desk/calendar.ics"),
    "override": Sample("/api/v1/schedules/desk/overrides", {**BY, "person": "third", "for": "8h", "comment": "ill"}),
    "swap": Sample(
        "/api/v1/schedules/desk/swaps", {**BY, "first": "2026-11-24T12:00:00Z", "second": "2026-12-01T12:00:00Z"}
    ),
    "restore": Sample("/api/v1/overrides/8?by=second"),
    "explain_route": Sample("/api/v1/routes/explain?channel=facebook&severity=critical&tags=launch,big"),
    "dependencies": Sample("/api/v1/dependencies"),
    "maintenance": Sample("/api/v1/maintenance"),
    "drill": Sample("/api/v1/drills", {**BY, "target": "ladder"}),
    "watchdog": Sample("/api/v1/watchdog", {"version": "4", "status": "firing", "alerts": [ALERT]}),
    "notify_test": Sample("/api/v1/notify-test", {"receiver": "first"}),
    "reload": Sample("/api/v1/reload", {}),
    "openapi": Sample("/api/v1/openapi.json"),
    "metrics": Sample("/metrics"),
    "healthz": Sample("/healthz"),
    "readyz": Sample("/readyz"),
}

OPERATIONS: Operations = Api(town(), Door("127.0.0.1")).operations()
ACTING: Operations = [o for o in OPERATIONS if o.acts]
WITH_BODY: list[Operation[Any, Any]] = [o for o in ACTING if o.id in SAMPLES and SAMPLES[o.id].body is not None]


def stocked(house: Standing) -> Standing:
    """The house, with silence 7 and override 8 in it."""
    matcher = Matcher("channel", MatchOp.EQUAL, "reddit")
    silence = Silence(
        "7", (matcher,), "first", "known", NOW - timedelta(hours=1), NOW + timedelta(hours=1), created=NOW
    )
    span = Shift("third", NOW + timedelta(days=60), NOW + timedelta(days=61), "override")
    override = Override("8", "desk", (span,), by="third", at=NOW, comment="away")
    house.state = replace(house.state, silences=Map({"7": silence}), overrides=Map({"8": override}))
    return house


def kept(house: Standing) -> tuple[Any, ...]:
    """What acts may change."""
    return house.state.incidents, house.state.silences, house.state.overrides


async def ask(
    client: ClientSession,
    operation: Operation[Any, Any],
    headers: dict[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - of aiohttp
) -> tuple[int, Any]:
    """The status and the JSON of an operation's sample; `more`: in place of its path or its body."""
    sample = SAMPLES[operation.id]
    given = more or ({} if sample.body is None else {"json": sample.body})
    path = given.pop("path", sample.path)
    async with client.request(operation.method, path, headers=headers, **given) as answer:
        said = await answer.json() if answer.content_type == "application/json" else await answer.text()
        return answer.status, said
