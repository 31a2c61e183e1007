"""What is found while a file is judged: faults with their places, and warnings."""

from monitor.settings.document import Mapping, Node, Sequence
from monitor.settings.faults import Fault, shown_id

__all__ = ["Notes", "Path", "dotted"]

Path = tuple[str | int, ...]
"""Keys, and places in lists counted from 0."""


def dotted(path: Path) -> str:
    """The path as people read it; places in lists count from 1, as in probe ids."""
    return ".".join(str(part + 1) if isinstance(part, int) else shown_id(part) for part in path)


class Notes:
    """Gathers what is wrong with one file, and what works and is probably not meant so."""

    def __init__(self, file: str, root: Mapping) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._file = file
        self._root = root

    def fault(self, path: Path, what: str, hint: str = "", *, place: Path | None = None) -> None:
        """Something is wrong with the value at `path`; `place`: where it shows, when that is elsewhere."""
        node = self.node(path if place is None else place)
        self.faults.append(Fault(self._file, node.line, node.column, dotted(path), what, hint))

    def fault_of_key(self, path: Path, what: str, hint: str = "") -> None:
        """Something is wrong with the last key of `path` itself."""
        above = self.node(path[:-1])
        keys = [key for key, _ in above.items if key.text == path[-1]] if isinstance(above, Mapping) else []
        node: Node = keys[0] if keys else above
        self.faults.append(Fault(self._file, node.line, node.column, dotted(path), what, hint))

    def warn(self, path: Path, text: str) -> None:
        """The value at `path` works, and is probably not meant so."""
        self.warnings.append(f"{dotted(path)}: {text}")

    def node(self, path: Path) -> Node:
        """The node at the path, or the nearest above it."""
        node: Node = self._root
        for part in path:
            below: Node | None = None
            if isinstance(node, Mapping) and isinstance(part, str):
                below = node.get(part)
            elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
                below = node.items[part]
            if below is None:
                break
            node = below
        return node

    def line_of_key(self, path: Path) -> int:
        """The line in which the last key of `path` stands."""
        above = self.node(path[:-1])
        lines = [key.line for key, _ in above.items if key.text == path[-1]] if isinstance(above, Mapping) else []
        return lines[0] if lines else above.line
