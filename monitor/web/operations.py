"""One table entry for each thing the API does: path, parameters, body, answers. The handler is served by it and the
document is made from it, so that neither can say what the other does not.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, ValidationError

from monitor.web.guard import Refusal, read_body
from monitor.web.views import iso

__all__ = [
    "Asked",
    "Nothing",
    "Operation",
    "Operations",
    "Reply",
    "Strict",
    "encode",
    "json_answer",
    "no_body",
    "serving",
    "strict_json",
]

DIGITS_MAX = 19
PROBLEMS_SHOWN_MAX = 5


class Strict(BaseModel):
    """What a request says. Unknown keys are refused, and a fault is described without repeating the input."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Nothing(Strict):
    """No parameters, or an empty object."""


class Ignored(BaseModel):
    """Whatever stands in the query: balancers and scrapers add things of their own."""


Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel | None)
Bound = TypeVar("Bound", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """A request, read and checked. `id`: the one in the path, or empty."""

    request: web.Request
    id: str
    query: Q
    body: B


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers under one status. `shape`: a dataclass; or text of the media `kinds`."""

    text: str
    shape: type | None = None
    kinds: tuple[str, ...] = ("application/json",)


no_body = type(None)
"""The operation reads none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation(Generic[Q, B]):
    """One thing that can be asked.

    `id`: what a client's method may be called. `refusals`: status -> the codes of its own; those that any operation
    may give are added by the document. `open`: needs no token, ever. `keyed`: a key in the query stands for the token.
    """

    method: str
    path: str
    id: str
    tag: str
    summary: str
    serve: Callable[[Asked[Q, B]], Awaitable[object]]
    answers: Mapping[int, Reply]
    query: type[Q]
    body: type[B]
    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    open: bool = False
    keyed: bool = False

    @property
    def acts(self) -> bool:
        """Whether it changes something."""
        return self.method not in {"GET", "HEAD"}


Operations = list[Operation[Any, Any]]


def serving(operation: Operation[Any, Any], body_s: float) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of an operation: it reads what the table says, and gives what the operation gives as JSON."""

    async def handler(request: web.Request) -> web.StreamResponse:
        query = _query(request, operation.query)
        body = None if operation.body is no_body else await _body(request, operation.body, body_s)
        said = await operation.serve(Asked(request, request.match_info.get("id", ""), query, body))
        return said if isinstance(said, web.StreamResponse) else json_answer(said)

    return handler


# --- in --------------------------------------------------------------------------------------------------------------


def _query(request: web.Request, model: type[Bound]) -> Bound:
    if not issubclass(model, Strict):
        return model()
    given = request.query
    twice = [name for name in given if len(given.getall(name)) > 1]
    if twice:
        raise Refusal(400, "bad_query", "A parameter stands twice in the query.")
    return _checked(model, dict(given), "bad_query", "query")


async def _body(request: web.Request, model: type[Bound], body_s: float) -> Bound:
    raw = await read_body(request, seconds=body_s)
    value = strict_json(raw, request.content_type, request.charset or "utf-8")
    return _checked(model, value, "bad_body", "body")


def _checked(model: type[Bound], value: object, code: str, what: str) -> Bound:
    try:
        return model.model_validate(value)
    except ValidationError as fault:
        found = fault.errors(include_input=False, include_url=False, include_context=False)
        problems = [f"{'.'.join(map(str, e['loc']))[:64] or what}: {e['msg']}" for e in found]
        message = f"The {what} is not as it should be: {'; '.join(problems[:PROBLEMS_SHOWN_MAX])}."
        raise Refusal(400, code, message) from fault


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


# --- out -------------------------------------------------------------------------------------------------------------


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    raise TypeError(f"{type(value).__name__} is not JSON")


# Made once: json.dumps would make one per call.
encode = json.JSONEncoder(allow_nan=False, default=_plain, ensure_ascii=False).encode


def json_answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON of plain values, moments and the dataclasses of `monitor.web.answers`."""
    return json_text(encode(value), status=status, headers=headers)


def json_text(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer that is JSON already. Half a character, as a source may send one, is not text: it becomes ``?``."""
    kept = {hdrs.CACHE_CONTROL: "no-store", **(headers or {})}
    body = text.encode("utf-8", "replace")
    return web.Response(body=body, status=status, headers=kept, content_type="application/json", charset="utf-8")
