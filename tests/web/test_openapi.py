"""The document: complete, made from the table that serves, and true of every answer."""

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from aiohttp import ClientSession
from immutables import Map
from pydantic import TypeAdapter

from monitor.core import wishes
from monitor.core.model import Condition, Page, Phase
from monitor.web import acts, answers
from monitor.web.app import Web
from monitor.web.operations import Operation
from probes.base import Family
from tests.web.conftest import Open
from tests.web.samples import OPERATIONS, SAMPLES, ask, stocked
from tests.web.standing import NOW, Standing

TOKEN = "canary-0123456789abcdef"


async def _document(client: ClientSession) -> Any:  # noqa: ANN401 - JSON
    async with client.get("/api/v1/openapi.json") as answer:
        assert answer.status == 200
        return await answer.json()


async def test_what_the_router_serves_and_what_the_document_tells_are_the_same(
    client: ClientSession, house: Standing
) -> None:
    told = {(m.upper(), path) for path, item in (await _document(client))["paths"].items() for m in item}
    router = Web(house, "127.0.0.1:0")._application().router
    served = {
        (route.method, route.resource.canonical)
        for route in router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    ours = {(m, p) for m, p in served if p.startswith("/api/") or p in {"/metrics", "/healthz", "/readyz"}}
    assert told == ours


async def test_every_operation_says_all_that_a_program_must_know(client: ClientSession) -> None:
    document = await _document(client)
    names = [o["operationId"] for item in document["paths"].values() for o in item.values()]
    assert len(names) == len(set(names)), "names are unique"
    tags = {t["name"] for t in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"].endswith("."), where
            assert set(operation["tags"]) <= tags, where
            wanted = {"400", "405", "421", "500", "503"}
            wanted |= {"403", "429"} if method != "get" else set()
            wanted |= {"408", "413", "415"} if "requestBody" in operation else set()
            wanted |= {"404"} if "{" in path else set()
            assert wanted <= set(operation["responses"]), where
            assert {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"} == (
                {"id"} if "{id}" in path else set()
            ), where


async def test_every_reference_leads_somewhere_and_every_schema_is_one(client: ClientSession) -> None:
    document = await _document(client)
    assert document["openapi"].startswith("3.1.")

    def references(value: Any) -> list[str]:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [r for each in value.values() for r in references(each)]
        return [r for each in value for r in references(each)] if isinstance(value, list) else []

    found = references(document)
    assert len(found) > 100
    for reference in found:
        at = document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.id)
async def test_a_good_request_is_answered_in_exactly_the_shape_that_is_documented(
    client: ClientSession, house: Standing, operation: Operation[Any, Any]
) -> None:
    stocked(house)
    status, said = await ask(client, operation)
    assert status == 200, said
    reply = operation.answers[200]
    if reply.shape is None:
        assert isinstance(said, str)
        assert said
    elif reply.shape is not dict:
        adapter: TypeAdapter[Any] = TypeAdapter(reply.shape)
        _assert_told(said, json.loads(adapter.dump_json(adapter.validate_python(said))), operation.id)


@pytest.mark.parametrize("phase", Phase)
async def test_an_incident_of_any_kind_in_any_phase_has_the_documented_shape(
    client: ClientSession, house: Standing, phase: Phase
) -> None:
    base = house.state.incidents["17"]
    page = Page("root", "desk", house.rules.policies["ladder"], taken=1, due=NOW, called=("first",))
    full = replace(
        base, phase=phase, owner="second", acknowledged=NOW, lapses=NOW, snoozed=NOW, resolved=NOW, reopened=NOW,
        by_hand="third", held={"facebook": "silence:7"}, pages=(page,), folded="18", family=Family.POLICY, unseen=True,
    )  # fmt: skip
    kinds = {str(n): replace(full, id=str(n), condition=c) for n, c in enumerate(Condition, 1)}
    house.state = replace(house.state, incidents=Map(kinds))
    async with client.get("/api/v1/incidents") as answer:
        said = await answer.json()
    assert {i["condition"] for i in said["incidents"]} >= set(Condition)
    adapter = TypeAdapter(answers.IncidentList)
    _assert_told(said, json.loads(adapter.dump_json(adapter.validate_python(said))), phase.value)
    assert said["incidents"][0]["next_call"] is None  # put off, and told with its cause
    called = replace(full, snoozed=None, folded="")
    house.state = replace(house.state, incidents=Map({"1": replace(called, id="1")}))
    async with client.get("/api/v1/incidents") as answer:
        next_call = (await answer.json())["incidents"][0]["next_call"]
    assert next_call == ("2026-11-22T02:12:40Z" if phase is Phase.OPEN else None)


def _assert_told(said: Any, documented: Any, where: str) -> None:  # noqa: ANN401 - JSON
    """What was said is what the shape holds of it; the shape may add what need not be said."""
    if isinstance(said, dict):
        assert set(said) <= set(documented), where
        assert all(documented[name] in ([], None) for name in set(documented) - set(said)), where
        for name, value in said.items():
            _assert_told(value, documented[name], f"{where}.{name}")
    elif isinstance(said, list):
        assert len(said) == len(documented), where
        for number, (one, other) in enumerate(zip(said, documented, strict=True)):
            _assert_told(one, other, f"{where}.{number}")
    else:
        assert said == documented, where


def test_there_is_a_good_request_for_every_operation() -> None:
    assert set(SAMPLES) == {o.id for o in OPERATIONS}


def test_every_word_with_which_the_mind_says_no_has_a_status() -> None:
    listed = {word.strip("` ") for word in (wishes.__doc__ or "").partition("Codes of answers: ")[2].split("``")[1::2]}
    assert set(acts.STATUS) | {"done", "already", "over"} == listed


@pytest.mark.parametrize(("listen", "token", "reading", "acting_"), [
    ("127.0.0.1:0", "", [], []),
    ("127.0.0.1:0", TOKEN, [], [{"token": []}]),
    ("0.0.0.0:0", TOKEN, [{"token": []}, {"session": []}], [{"token": []}]),
])  # fmt: skip
async def test_the_document_says_what_needs_the_token_here_and_needs_none_itself(
    open_web: Open, listen: str, token: str, reading: list[Any], acting_: list[Any]
) -> None:
    document = await _document(await open_web(listen=listen, token=token))
    assert document["paths"]["/api/v1/channels"]["get"]["security"] == reading
    assert document["paths"]["/api/v1/reload"]["post"]["security"] == acting_
    assert document["paths"]["/healthz"]["get"]["security"] == []
    calendar = document["paths"]["/api/v1/schedules/{id}/calendar.ics"]["get"]["security"]
    assert ({"calendar": []} in calendar) is bool(reading)


async def test_the_document_tells_nothing_of_what_is_watched_or_who_watches(open_web: Open, house: Standing) -> None:
    client = await open_web(listen="0.0.0.0:0", token=TOKEN)
    text = json.dumps(await _document(client))
    assert TOKEN not in text
    for word in ("facebook", "instagram", "First on call", "relaunch", "Marketing", "ladder"):
        assert word not in text, word
    assert house.version in text
