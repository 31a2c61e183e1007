"""Every bad input and fault that this version answers for has a test that names its number in the list of limits.

A number counts when it stands in a test's name or in the id of one of its cases; a docstring or a comment does not.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
NUMBER = re.compile(r"(?<![A-Za-z0-9])([BF]\d{2,3})(?![A-Za-z0-9])")


def _range(letter: str, first: int, last: int) -> set[str]:
    return {f"{letter}{n:02d}" for n in range(first, last + 1)}


BAD_INPUTS = _range("B", 1, 77) | _range("B", 80, 100)
FAULTS = {"F01", "F02", "F06", "F10"} | _range("F", 14, 17) | _range("F", 20, 29) | _range("F", 31, 36) | {"F43", "F45"}


def _labels(tree: ast.AST) -> Iterator[str]:
    """Names of tests, and ids of their cases: ``id="..."``, ``ids=[...]`` and samples, whose name is their id."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            yield node.name.replace("_", " ")
        elif isinstance(node, ast.keyword) and node.arg in {"id", "ids"}:
            yield from _texts(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sample" and node.args:
            yield from _texts(node.args[0])


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _covered() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(HERE.rglob("*.py")):
        for label in _labels(ast.parse(path.read_text())):
            for number in NUMBER.findall(label):
                found[number].add(path.name)
    return found


def test_every_required_number_has_a_test_of_its_name() -> None:
    missing = sorted((BAD_INPUTS | FAULTS) - set(_covered()))
    assert not missing, f"no test names {', '.join(missing)}"
