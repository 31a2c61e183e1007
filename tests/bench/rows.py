"""What a figure comes to: lines of the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.ground import Lateness, World

__all__ = ["Figure", "Row", "least", "most", "within"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a figure, its goal in words, what came out, and whether that is met; None: it has no goal."""

    figure: str
    goal: str
    got: str
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. `measure(world, quick)` gives its rows; it raises when something breaks."""

    name: str
    what: str
    measure: Callable[[World, bool], Iterator[Row]]


def most(figure: str, got: float, goal: float, unit: str, note: str = "") -> Row:
    """A row that is met when it is no more than its goal."""
    return Row(figure, f"<= {goal:g} {unit}", f"{got:.4g} {unit}{note}", got <= goal)


def least(figure: str, got: float, goal: float, unit: str, note: str = "") -> Row:
    """A row that is met when it is no less than its goal."""
    return Row(figure, f">= {goal:g} {unit}", f"{got:.4g} {unit}{note}", got >= goal)


def within(figure: str, found: Lateness, share: float, goal_s: float) -> Row:
    """A row that is met when this share was no later than its goal."""
    bound = found.quantile(share)
    return Row(figure, f"<= {goal_s * 1e3:g} ms", f"<= {bound * 1e3:g} ms ({found.count} measured)", bound <= goal_s)
