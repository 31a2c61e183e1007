"""What the terminal sees: tables and colours on a terminal, plain lines with tabs when piped, JSON on request."""

import json
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click
from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.core import wording
from monitor.core.model import Rules
from monitor.core.wording import SYMBOLS
from probes.base import Availability

__all__ = ["as_json", "dumped", "heading", "local", "out", "rows", "say", "state_text", "visible"]

STYLES = {
    "operational": "green",
    "maintenance": "cyan",
    "degraded": "yellow",
    "outage": "bold red",
    "unknown": "magenta",
    "none": "dim",
    "watch": "cyan",
    "elevated": "yellow",
    "severe": "bold red",
}
ASIDE = "dim"
FORMULA_BEGINS = ("=", "+", "-", "@")


def out() -> Console:
    """Standard output as it is now."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def visible(text: str) -> str:
    """Text from outside on one line, with nothing a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)


def state_text(word: str) -> Text:
    """A state as symbol and word, in its colour."""
    symbol = SYMBOLS[Availability(word)] + " " if word in list(Availability) else ""
    return Text(f"{symbol}{word}", style=STYLES.get(word, ""))


def heading(text: str) -> None:
    """A line that begins a part."""
    console = out()
    console.print(Text(visible(text), style="bold" if console.is_terminal else ""))


def say(text: str, indent: int = 2, hang: int = 4) -> None:
    """One line, indented; on a terminal that is narrower it goes on below, `hang` columns from the left."""
    shown, console = " " * indent + visible(text), out()
    if console.is_terminal:
        shown = textwrap.fill(
            shown, console.width, subsequent_indent=" " * hang, break_long_words=False, break_on_hyphens=False
        )
    click.echo(shown)


def rows(columns: Sequence[str], lines: Iterable[Sequence[str | Text]]) -> None:
    """A table on a terminal; tab-separated lines, with a head, when piped."""
    console = out()
    if not console.is_terminal:
        click.echo("\t".join(columns))
        for line in lines:
            click.echo("\t".join(_cell(str(cell)) for cell in line))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(*(cell if isinstance(cell, Text) else Text(visible(cell)) for cell in line))
    Console(highlight=False, markup=False, emoji=False).print(table)


def _cell(text: str) -> str:
    """A cell of a line that a spreadsheet may open: text from outside is no formula there (OWASP: CSV injection)."""
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA_BEGINS) else shown


def as_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def dumped(answer: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """A shape of the API's as JSON has it, so that scripts read the same from both."""
    return TypeAdapter(type(answer)).dump_python(answer, mode="json")


def local(moment: datetime | None, rules: Rules, now: datetime) -> str:
    """A moment in the team's zone, with the day unless it is today; empty without one."""
    return "" if moment is None else wording.clock(moment, rules, now)
