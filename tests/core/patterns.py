"""Every pattern that the code says, found in its source: what each catalogue must hold, and nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOTS", "Pattern", "patterns"]

HERE = Path(__file__).parents[2]
ROOTS = (HERE / "monitor" / "core", HERE / "monitor" / "notify", HERE / "monitor" / "web")
SAYING = frozenset({"say", "mark", "Saying", "pgettext"})

Pattern = tuple[str, str, str]
"""Context, the pattern, the pattern for more than one; the first and the last may be empty."""


def patterns() -> dict[Pattern, list[str]]:
    """Each pattern, and where it is said: ``file:line``."""
    found: dict[Pattern, list[str]] = {}
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                for pattern in _said(node):
                    place = f"{path.relative_to(HERE)}:{node.lineno}"  # type: ignore[attr-defined]  # a call has a line
                    found.setdefault(pattern, []).append(place)
    return found


def _said(node: ast.AST) -> Iterator[Pattern]:
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in SAYING:
        return
    words = [_text(a) for a in node.args]
    if name == "pgettext" and len(words) == 2 and words[0] and words[1]:
        yield words[0], words[1], ""
    elif words and words[0]:
        yield "", words[0], words[1] if len(words) > 1 and words[1] else ""


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
