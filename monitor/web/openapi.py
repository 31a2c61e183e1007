"""The OpenAPI document (3.1) of the API, made from the table that serves it. Pure: operations in, a JSON value out."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from monitor.web.answers import Error
from monitor.web.operations import Operation, no_body

__all__ = ["document", "refusals_of"]

_REF = "#/components/schemas/{model}"
_TAGS = {
    "channels": "What is watched, and whether it can be relied on.",
    "incidents": "Troubles, and what people do about them.",
    "silences": "What is not told for a while.",
    "on-call": "Who is called, and when.",
    "routes": "Who hears of what, and what rests on what.",
    "house": "Vigie itself.",
}
_ABOUT = """Everything the board shows and does. Moments are RFC 3339 with a zone; answers are in UTC, to the second.
Bodies and queries are strict: an unknown, doubled or mistyped key is refused. Every act is idempotent."""

_ANY = {
    400: ("bad_request", "absolute_uri", "two_authorizations"),
    405: ("method_not_allowed",),
    421: ("unknown_host",),
    500: ("internal",),
}
_GUARDED = {401: ("token_needed",), 429: ("too_many_guesses",)}
_ACTING = {403: ("foreign_origin",), 429: ("too_many_requests",), 500: ("not_kept",)}
_WITH_BODY = {
    400: ("bad_json", "bad_charset", "bad_body"),
    408: ("body_too_slow",),
    413: ("body_too_large",),
    415: ("not_json", "compressed_body"),
}
_WITH_PATH = {404: ("not_found",)}
_QUERY = {400: ("bad_query",)}

_PHRASES = {
    400: "The request cannot be understood.",
    401: "The token is needed.",
    403: "The request comes from another site.",
    404: "There is no such thing.",
    405: "This path is not for this method; `Allow` says which it is for.",
    408: "The body took too long.",
    409: "It cannot be done as things stand.",
    413: "The body is too large.",
    415: "The body is not plain JSON.",
    421: "The Host is not one of ours.",
    422: "Well formed, and makes no sense.",
    429: "Too much at once; `Retry-After` says when to try again.",
    500: "A fault of ours; it is in the log. With `not_kept`, the store is slow, and what was asked for may come yet.",
    503: "Too many connections at once.",
}


def refusals_of(operation: Operation[Any, Any]) -> dict[int, tuple[str, ...]]:
    """Status -> every error code that the operation may answer with it."""
    parts: list[Mapping[int, tuple[str, ...]]] = [_ANY, _QUERY, operation.refusals]
    if not operation.open:
        parts.append(_GUARDED)
    if operation.acts:
        parts.append(_ACTING)
    if operation.body is not no_body:
        parts.append(_WITH_BODY)
    if "{" in operation.path:
        parts.append(_WITH_PATH)
    found: dict[int, tuple[str, ...]] = {}
    for part in parts:
        for status, codes in part.items():
            found[status] = tuple(dict.fromkeys([*found.get(status, ()), *codes]))
    return dict(sorted(found.items()))


def document(operations: Iterable[Operation[Any, Any]], *, version: str, guarded: bool, acting: bool) -> dict[str, Any]:
    """The whole document. `guarded`: reading needs the token here; `acting`: changing something does."""
    table = list(operations)
    shapes = _Shapes(table)
    paths: dict[str, dict[str, Any]] = {}
    for each in table:
        needs = not each.open and (acting if each.acts else guarded)
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, shapes, needs=needs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vigie", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": shapes.components,
            "responses": shapes.refusals,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`server.token` of the configuration."},
                "session": {"type": "apiKey", "in": "cookie", "name": "vigie_session", "description": "Reads only."},
                "calendar": {"type": "apiKey", "in": "query", "name": "key", "description": "For one calendar only."},
            },
        },
    }


class _Shapes:
    """The schemas of every body, query and answer, made in one go so that each is named once."""

    def __init__(self, operations: list[Operation[Any, Any]]) -> None:
        wanted: dict[tuple[str, type], None] = {("serialization", Error): None}
        for each in operations:
            wanted[("validation", each.query)] = None
            if each.body is not no_body:
                wanted[("validation", each.body)] = None
            for reply in each.answers.values():
                if reply.shape is not None:
                    wanted[("serialization", reply.shape)] = None
        made, definitions = TypeAdapter.json_schemas(
            [(shape, mode, TypeAdapter(shape)) for mode, shape in wanted],  # type: ignore[misc]  # the mode's literal
            ref_template=_REF,
        )
        self.components: dict[str, Any] = _tidy(definitions.get("$defs", {}))
        self.refusals: dict[str, Any] = {}
        self._made = {key: _tidy(schema) for key, schema in made.items()}

    def answer(self, shape: type) -> dict[str, Any]:
        """The schema of an answer."""
        return self._schema(shape, "serialization")

    def asked(self, shape: type) -> dict[str, Any]:
        """The schema of a body."""
        return self._schema(shape, "validation")

    def refusal(self, status: int, codes: tuple[str, ...]) -> dict[str, Any]:
        """The answer under one status, for every operation that may give these codes."""
        name = f"{status}.{'.'.join(codes)}"
        only = {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}}
        content = {"application/json": {"schema": {"allOf": [self.answer(Error), only]}}}
        self.refusals[name] = {"description": _PHRASES[status], "content": content}
        return {"$ref": f"#/components/responses/{name}"}

    def parameters(self, shape: type) -> tuple[dict[str, Any], list[str]]:
        """The schemas of a query's parameters, and which are required."""
        whole = self.asked(shape)
        if "$ref" in whole:
            whole = self.components[whole["$ref"].rpartition("/")[2]]
        return whole.get("properties", {}), whole.get("required", [])

    def _schema(self, shape: type, mode: str) -> dict[str, Any]:
        found: dict[str, Any] = self._made[(shape, mode)]  # type: ignore[index]  # as given above
        return found


def _tidy(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without the titles, which pydantic makes from the names and which say nothing more."""
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if isinstance(value, dict):
        return {k: _tidy(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
    return value


def _operation(each: Operation[Any, Any], shapes: _Shapes, *, needs: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"operationId": each.id, "tags": [each.tag], "summary": each.summary}
    parameters = [_path_parameter(name, of) for of, name in re.findall(r"(\w+)s/\{(\w+)\}", each.path)]
    properties, required = shapes.parameters(each.query)
    parameters += [_query_parameter(name, schema, name in required) for name, schema in properties.items()]
    if parameters:
        made["parameters"] = parameters
    if each.body is not no_body:
        content = {"application/json": {"schema": shapes.asked(each.body)}}
        made["requestBody"] = {"required": not _takes_nothing(each.body), "content": content}
    made["responses"] = {
        **{str(status): _reply(reply, shapes) for status, reply in each.answers.items()},
        **{str(status): shapes.refusal(status, codes) for status, codes in refusals_of(each).items()},
    }
    made["responses"].setdefault("503", {"description": _PHRASES[503]})
    made["security"] = [{scheme: []} for scheme in _schemes(each)] if needs else []
    return made


def _takes_nothing(body: type[BaseModel]) -> bool:
    """Whether no body at all, which reads as an empty object, will do."""
    try:
        body.model_validate({})
    except ValidationError:
        return False
    return True


def _schemes(each: Operation[Any, Any]) -> list[str]:
    return ["token", *([] if each.acts else ["session"]), *(["calendar"] if each.keyed else [])]


def _path_parameter(name: str, of: str) -> dict[str, Any]:
    """`of`: what it names, as the path does: the channel of ``channels/{id}``."""
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": f"The {name} of the {of}.", "schema": schema}


def _query_parameter(name: str, schema: Mapping[str, Any], required: bool) -> dict[str, Any]:  # noqa: FBT001 - a field
    kept = {k: v for k, v in schema.items() if k not in {"description", "default"}}
    choices = [c for c in kept.get("anyOf", []) if c != {"type": "null"}]
    if choices:  # a parameter is absent, never null
        kept = choices[0]
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": schema.get("description", ""),
        "schema": kept,
    }


def _reply(reply: Any, shapes: _Shapes) -> dict[str, Any]:  # noqa: ANN401 - a Reply
    schema = shapes.answer(reply.shape) if reply.shape is not None else {"type": "string"}
    return {"description": reply.text, "content": {kind: {"schema": schema} for kind in reply.kinds}}
