"""What every kind of probe promises, present or to come: it gets these tests without asking."""

import ast
import inspect
import json
import pickle
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from probes import kinds, load
from probes.base import SIGNALS_MAX, Family, Kind, Observation, Params, Reading, Unreadable

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
URL = "https://vendor.example/thing"
MEMORY_CHARS_MAX = 2_000_000
each_kind = pytest.mark.parametrize("kind", kinds())

# What would make a reading depend on more than its input, or the senses act on their own.
FORBIDDEN_MODULES = {
    *("aiohttp", "asyncio", "concurrent", "ftplib", "glob", "http", "io.open", "logging", "monitor", "multiprocessing"),
    *("os", "random", "requests", "secrets", "select", "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys"),
    *("tempfile", "threading", "time", "urllib.request", "urllib3", "uuid"),
}
FORBIDDEN_CALLS = {"now", "utcnow", "today", "open", "input", "print", "exec", "eval", "__import__", "urandom"}
BODIES = {
    "empty": b"",
    "word": b"ok",
    "json": b'{"status": "ok", "items": []}',
    "list": b"[]",
    "deep": b"[" * 50_000,
    "html": b"<!DOCTYPE html><title>Hello</title><p>All systems operational</p>",
    "challenge": b"<!DOCTYPE html><title>Just a moment...</title>",
    "login": b'<html><title>Sign in</title><input type="password">',
    "rss": b"<?xml version='1.0'?><rss version='2.0'><channel><title>x</title></channel></rss>",
    "cut rss": b"<?xml version='1.0'?><rss version='2.0'><channel><item><title>Outa",
    "noise": random.Random(7).randbytes(5_000),
    "nul": b"\0" * 500,
    "utf-16": "[]".encode("utf-16"),
}


def params_of(kind: str) -> Params:
    return load(kind).Params(url=URL)


def observation(body: bytes, status: int = 200) -> Observation:
    return Observation(URL, status, {"content-type": "text/html"}, body, NOW, took=0.1)


def outcome(kind: str, answer: Observation, memory: dict[str, Any]) -> Reading | str:
    """A reading, or why there is none; any exception but Unreadable fails the test."""
    try:
        return load(kind).interpret(params_of(kind), answer, memory)
    except Unreadable as error:
        return f"{error.reason}: {error}"


@cache
def nodes(module: ModuleType) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(inspect.getsource(module))))


def helpers(module: ModuleType, seen: set[str]) -> Iterator[ModuleType]:
    """The module and every other of the senses' that it imports."""
    if module.__name__ in seen:
        return
    seen.add(module.__name__)
    yield module
    for node in nodes(module):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        for name in names:
            if name.startswith("probes") and name in sys.modules:
                yield from helpers(sys.modules[name], seen)


@cache
def imported(module: ModuleType) -> set[str]:
    names: set[str] = set()
    for node in nodes(module):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
    return names | {name.split(".")[0] for name in names}


@cache
def called(module: ModuleType) -> set[str]:
    """The plain names of what the functions of a module call; `observe`, which is asynchronous, may look at a clock."""
    names: set[str] = set()
    for function in nodes(module):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    target = node.func
                    names.add(target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", ""))
    return names


def test_there_are_kinds_of_every_family_and_none_is_written_down_twice() -> None:
    assert len(set(kinds())) == len(kinds())
    assert {kind.split(".")[0] for kind in kinds()} <= {str(f) for f in Family}


@each_kind
def test_a_kind_is_a_module_that_says_what_it_is(kind: str) -> None:
    module = load(kind)
    assert isinstance(module, Kind)
    assert module.__doc__
    assert len(module.__doc__.strip()) > 40, "the docstring names the format and where its schema is from"
    assert inspect.iscoroutinefunction(module.observe)
    assert not inspect.iscoroutinefunction(module.interpret)
    recalls = getattr(module, "RECALLS", False)
    assert len(inspect.signature(module.observe).parameters) == (3 if recalls else 2)


@each_kind
def test_a_kinds_parameters_are_described_and_only_the_address_is_needed(kind: str) -> None:
    given = load(kind).Params
    assert issubclass(given, Params)
    assert given.__doc__
    for name, field in given.model_fields.items():
        assert field.description, name
        assert not field.is_required() or name == "url", name
    assert params_of(kind).url == URL
    assert given.model_validate_json(params_of(kind).model_dump_json()) == params_of(kind)


@each_kind
def test_a_kind_neither_looks_at_a_clock_nor_opens_anything(kind: str) -> None:
    for module in helpers(sys.modules[load(kind).__name__], set()):
        assert not imported(module) & FORBIDDEN_MODULES, module.__name__
        assert not called(module) & FORBIDDEN_CALLS, module.__name__


@pytest.mark.parametrize("name", BODIES)
@each_kind
def test_a_kind_reads_or_says_unreadable_and_says_the_same_twice(kind: str, name: str) -> None:
    first = outcome(kind, observation(BODIES[name]), {})
    assert outcome(kind, observation(BODIES[name]), {}) == first
    if isinstance(first, Reading):
        assert len(first.signals) <= SIGNALS_MAX
        assert len({s.key for s in first.signals}) == len(first.signals)
        assert all(s.summary and s.key for s in first.signals)
        assert pickle.loads(pickle.dumps(first)) == first  # noqa: S301 - our own bytes, as the workers send them
        kept = json.dumps(dict(first.memory), ensure_ascii=False).encode()
        assert len(kept) <= MEMORY_CHARS_MAX
        again = outcome(kind, observation(BODIES[name]), json.loads(kept))
        assert isinstance(again, Reading)


@pytest.mark.parametrize("name", ["empty", "word", "deep", "challenge", "login", "cut rss", "noise", "nul"])
@pytest.mark.parametrize("kind", [k for k in kinds() if not k.startswith("api.")])
def test_rubbish_in_is_unreadable_out(kind: str, name: str) -> None:
    # A call to an API is another thing: that it was answered is what it asks.
    assert isinstance(outcome(kind, observation(BODIES[name]), {}), str)


def test_unreadable_comes_whole_out_of_a_worker() -> None:
    sent = Unreadable("why")
    back = pickle.loads(pickle.dumps(sent))  # noqa: S301 - our own bytes
    assert (str(back), back.reason) == (str(sent), sent.reason)
