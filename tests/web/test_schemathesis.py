"""The document against the handlers: requests made from it, valid and not, to the real listener on loopback.

Schemathesis judges each answer: no fault of ours, no status and no error code that is not documented, the shape as
documented, nothing wrong let in and nothing right turned away.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
import requests
from aiohttp import ClientSession
from yarl import URL

from monitor.web import Limits
from tests.web.conftest import Open
from tests.web.samples import SAMPLES, stocked
from tests.web.standing import Standing

TOKEN = "canary-0123456789abcdef"
UNHURRIED = Limits(acts=(1e6, 10**6), guesses=(1e6, 10**6))
IDS = {
    "incidents": ["17", "18", "12"],
    "channels": ["facebook", "telegram", "vine"],
    "silences": ["1", "2", "file/1"],
    "schedules": ["desk", "backup"],
    "overrides": ["1", "2", "3"],
}
# A name in place of an id is a path of its own, which the document has only for POST.
SHARED_PATH = {
    "include-path": "/api/v1/incidents/acknowledge",
    "checks": {"allow_header_conformance": {"enabled": False}},
}


@dataclass
class Tally:
    """What came of a run."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)  # operation -> how often it was done
    failures: list[str] = field(default_factory=list)


def _config(url: str, phases: dict[str, Any], examples: int, headers: dict[str, str]) -> dict[str, Any]:
    def known(kind: str) -> dict[str, Any]:
        return {
            "include-path-regex": f"^/api/v1/{kind}/.id.",
            "parameters": {"id": {"dictionary": kind, "probability": 0.7}},
        }

    return {
        "seed": 3,
        "base-url": url,
        "headers": headers,
        "continue-on-failure": True,
        "dictionaries": {kind: {"values": values} for kind, values in IDS.items()},
        "generation": {
            "max-examples": examples,
            "deterministic": True,
            "no-shrink": True,
            "database": "none",
            "with-security-parameters": False,
        },
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}},
        "operations": [SHARED_PATH, *map(known, IDS)],
        "phases": {name: {"enabled": name in phases, **phases.get(name, {})} for name in PHASES},
    }


PHASES = ("examples", "coverage", "fuzzing", "stateful")


def _with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The document with a request for each operation that can be fulfilled: chance hardly finds those."""
    for path, item in document["paths"].items():
        for operation in item.values():
            sample = SAMPLES[operation["operationId"]]
            asked = URL(sample.path)
            given = {
                **asked.query,
                "id": asked.path.split("/")[path.split("/").index("{id}")] if "{id}" in path else "",
            }
            for parameter in operation.get("parameters", []):
                if parameter["name"] in given:
                    parameter["example"] = given[parameter["name"]]
            if "requestBody" in operation:
                operation["requestBody"]["content"]["application/json"]["example"] = sample.body
    return document


def _run(url: str, phases: dict[str, Any], examples: int = 1, headers: dict[str, str] | None = None) -> Tally:
    from schemathesis import openapi  # noqa: PLC0415 - takes two seconds
    from schemathesis.config import SchemathesisConfig  # noqa: PLC0415
    from schemathesis.engine import from_schema  # noqa: PLC0415

    config = SchemathesisConfig.from_dict(_config(url, phases, examples, headers or {}))
    document = requests.get(f"{url}/api/v1/openapi.json", timeout=10).json()
    schema = openapi.from_dict(_with_examples(document), config=config)
    tally = Tally()
    for event in from_schema(schema).execute():
        tally.failures += _said_by(event, tally)
    return tally


def _said_by(event: Any, tally: Tally) -> Iterator[str]:  # noqa: ANN401 - of the library
    from schemathesis.engine import events  # noqa: PLC0415

    if isinstance(event, events.NonFatalError):
        yield f"{event.label}: {event.value}"
    if isinstance(event, events.FatalError):
        yield f"{event.exception!r}"
    if not isinstance(event, events.ScenarioFinished):
        return
    for each in event.recorder.interactions.values():
        if each.response is not None:
            tally.requests += 1
            tally.statuses[each.response.status_code] += 1
            tally.reached[event.recorder.label] += each.response.status_code == HTTPStatus.OK
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                yield f"{event.recorder.label}: {check.name}: {failure.message}\n{check.failure_info.code_sample}"


def _url(client: ClientSession) -> str:
    return str(client._base_url).rstrip("/")


async def test_every_operation_keeps_its_word_at_the_edges_of_what_the_document_says(
    open_web: Open, house: Standing
) -> None:
    asyncio.get_running_loop().set_debug(False)  # which would take most of the time
    url = _url(await open_web(limits=UNHURRIED))
    tally = await asyncio.to_thread(_run, url, {"coverage": {"unexpected-methods": ["PATCH"]}})
    assert not tally.failures, "\n\n".join(tally.failures[:5])
    assert tally.requests > 300
    assert house.acts, "some requests were acts"


@pytest.mark.slow
@pytest.mark.parametrize("token", ["", TOKEN])
async def test_every_operation_keeps_its_word_for_many_requests_one_after_another(
    open_web: Open, house: Standing, token: str
) -> None:
    stocked(house)
    asyncio.get_running_loop().set_debug(False)
    listen = "0.0.0.0:0" if token else "127.0.0.1:0"
    url = _url(await open_web(listen=listen, token=token, limits=UNHURRIED))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    phases: dict[str, Any] = {"examples": {}, "coverage": {}, "fuzzing": {}, "stateful": {}}
    tally = await asyncio.to_thread(_run, url, phases, 60, headers)
    assert not tally.failures, "\n\n".join(tally.failures[:5])
    assert tally.requests > 2_000
    assert house.acts
    never = [name for name, times in tally.reached.items() if not times]
    assert not never, f"never done: {never}"
