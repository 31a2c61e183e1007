"""The team's file in parts, so that those that are whole can be judged although others are broken.

An entry that is there and cannot be used stands as None: its id is known, and nothing more can be said of it. So every
fault of a file is told in one go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from monitor.core.model import ChannelRule
from monitor.settings import document as documents
from monitor.settings.document import Node
from monitor.settings.duties import PolicyEntry, ScheduleEntry
from monitor.settings.model import Server, Team
from monitor.settings.notes import Path
from monitor.settings.people import Person, Place, TeamOfPeople
from monitor.settings.quiet import LaunchEntry, MaintenanceEntry, SilenceEntry
from monitor.settings.routing import IntervalEntry, RouteEntry, Routes
from monitor.settings.shape import BROKEN, Shaper

__all__ = ["Branch", "Parts", "read_parts"]

_Entry = TypeVar("_Entry", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of the routing tree as written, without what is below it; `path` is its place in the file."""

    path: Path
    entry: Routes | RouteEntry | None
    branches: tuple["Branch", ...]

    def walk(self) -> Iterator["Branch"]:
        """It and all below it."""
        yield self
        for branch in self.branches:
            yield from branch.walk()


@dataclass(frozen=True, slots=True)
class Parts:
    """Every part that others refer to or that is judged as a whole. Where `team` is broken it is the default one.

    `tree`: the routes one by one; `routes`: all of them, when all are whole.
    """

    team: Team
    server: Server | None
    people: Mapping[str, Person | None]
    teams: Mapping[str, TeamOfPeople | None]
    places: Mapping[str, Place | None]
    schedules: Mapping[str, ScheduleEntry | None]
    policies: Mapping[str, PolicyEntry | None]
    intervals: Mapping[str, IntervalEntry | None]
    dependencies: Mapping[str, tuple[str, ...] | str | None]
    maintenance: Mapping[str, MaintenanceEntry | None]
    silences: tuple[SilenceEntry | None, ...]
    launches: tuple[LaunchEntry | None, ...]
    tree: Branch | None
    routes: Routes | None
    channels: Mapping[str, ChannelRule]  # with what matchers look at, and no more


def read_parts(root: documents.Mapping, shaper: Shaper, channels: Mapping[str, ChannelRule]) -> Parts:
    """The parts of a file. The shaper's faults are of no interest here: they are told already."""
    reader = _Reader(root, shaper)
    routes = root.get("routes")
    return Parts(
        team=reader.part("team", Team) or Team(),
        server=reader.part("server", Server) or (None if root.get("server") else Server()),
        people=reader.entries("people", Person),
        teams=reader.entries("teams", TeamOfPeople),
        places=reader.entries("destinations", Place),
        schedules=reader.entries("schedules", ScheduleEntry),
        policies=reader.entries("escalation", PolicyEntry),
        intervals=reader.entries("time_intervals", IntervalEntry),
        dependencies=reader.dependencies(),
        maintenance=reader.entries("maintenance", MaintenanceEntry),
        silences=reader.items("silences", SilenceEntry),
        launches=reader.items("launches", LaunchEntry),
        tree=reader.branch(routes, ("routes",), Routes) if isinstance(routes, documents.Mapping) else None,
        routes=reader.part("routes", Routes),
        channels=channels,
    )


class _Reader:
    def __init__(self, root: documents.Mapping, shaper: Shaper) -> None:
        self._root = root
        self._shaper = shaper

    def part(self, name: str, kind: type[_Entry]) -> _Entry | None:
        node = self._root.get(name)
        return self._shaped(node, kind) if node is not None else None

    def entries(self, name: str, kind: type[_Entry]) -> dict[str, _Entry | None]:
        section = self._root.get(name)
        items = section.items if isinstance(section, documents.Mapping) else ()
        return {key.text: self._shaped(node, kind) for key, node in items}

    def items(self, name: str, kind: type[_Entry]) -> tuple[_Entry | None, ...]:
        section = self._root.get(name)
        nodes = section.items if isinstance(section, documents.Sequence) else ()
        return tuple(self._shaped(node, kind) for node in nodes)

    def dependencies(self) -> dict[str, tuple[str, ...] | str | None]:
        section = self._root.get("dependencies")
        found: dict[str, tuple[str, ...] | str | None] = {}
        for key, node in section.items if isinstance(section, documents.Mapping) else ():
            shaped = self._shaper.shape(node, tuple[str, ...] | str, ())
            found[key.text] = None if shaped is BROKEN else shaped if isinstance(shaped, str) else tuple(shaped)
        return found

    def branch(self, node: Node, path: Path, kind: type[Routes] | type[RouteEntry]) -> Branch:
        below = node.get("routes") if isinstance(node, documents.Mapping) else None
        nodes = below.items if isinstance(below, documents.Sequence) else ()
        branches = (self.branch(child, (*path, "routes", n), RouteEntry) for n, child in enumerate(nodes))
        return Branch(path, self._shaped(node, kind, skip=("routes",)), tuple(branches))

    def _shaped(self, node: Node, kind: type[Any], skip: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - a `kind` or None
        if isinstance(node, documents.Scalar) and node.null:
            node = documents.Mapping(node.line, node.column, ())  # as the shaper reads `reddit:`
        if not isinstance(node, documents.Mapping):
            return None
        shaped = self._shaper.model(node, kind, (), skip)
        return None if shaped is BROKEN else shaped
