"""The tables of ``probes/README.md``, made from the kinds themselves: ``python -m probes._docs`` writes them anew."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

from probes import kinds, load
from probes.base import MeasuredParams, Params
from probes.status._filter import StatusParams

__all__ = ["BEGINS", "ENDS", "README", "tables", "written"]

README = Path(__file__).with_name("README.md")
BEGINS = "<!-- made by `python -m probes._docs`: do not edit below -->"
ENDS = "<!-- end of what is made -->"


def tables() -> str:
    """The shared params and every kind with its own, as Markdown."""
    shared = [
        ("Every kind", Params),
        ("Every status kind also", StatusParams),
        ("Measuring kinds also", MeasuredParams),
    ]
    parts = [f"### {title}\n\n{_table(model, _above(model))}" for title, model in shared]
    for kind in kinds():
        module = load(kind)
        about = inspect.getdoc(module) or ""
        first = " ".join(about.split("\n\n", 1)[0].split())
        marks = ", ".join(f"`{m}`" for m in ("MARKUP", "AGES", "RECALLS") if getattr(module, m, False))
        lines = [f"### `{kind}`", first] + ([f"Marked {marks}."] if marks else [])
        parts.append("\n\n".join([*lines, _table(module.Params, _above(module.Params))]))
    return "\n\n".join(part for part in parts)


def _above(model: type[Params]) -> set[str]:
    """The fields that a shared model above this one documents, unless this one says them anew."""
    bases = [b for b in (Params, StatusParams, MeasuredParams) if b is not model and issubclass(model, b)]
    return {
        name
        for base in bases
        for name, field in base.model_fields.items()
        if model.model_fields[name].description == field.description
        and model.model_fields[name].default == field.default
    }


def _table(model: type[Params], left_out: set[str]) -> str:
    rows = [_row(name, field) for name, field in model.model_fields.items() if name not in left_out]
    if not rows:
        return "No params of its own."
    return "\n".join(["| param | default | meaning |", "|---|---|---|", *rows])


def _row(name: str, field: Any) -> str:  # noqa: ANN401 - pydantic's FieldInfo
    about = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{name}` | {_default(field)} | {about} |"


def _default(field: Any) -> str:  # noqa: ANN401 - likewise
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if hasattr(value, "total_seconds"):
        return f"`{_duration(value.total_seconds())}`"
    return "none" if value in (None, "", (), {}) else f"`{value}`"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def written(text: str) -> str:
    """`text` with the made part made anew; raises ValueError when it has no place for it."""
    found = re.search(rf"{re.escape(BEGINS)}.*{re.escape(ENDS)}", text, re.DOTALL)
    if not found:
        msg = "the README has lost the marks between which the tables stand"
        raise ValueError(msg)
    return text[: found.start()] + f"{BEGINS}\n\n{tables()}\n\n{ENDS}" + text[found.end() :]


def _main() -> Iterator[str]:
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    yield f"{README.name}: {len(kinds())} kinds"


if __name__ == "__main__":
    for line in _main():
        print(line)  # noqa: T201 - a command's output
