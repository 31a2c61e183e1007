"""What rests on what: nodes that are not there, and circles."""

from monitor.core.depends import ALL, cycle
from monitor.settings.faults import shown_id
from monitor.settings.judging.directory import near
from monitor.settings.notes import Notes, Path
from monitor.settings.parts import Parts

__all__ = ["judge_dependencies"]


def judge_dependencies(parts: Parts, notes: Notes) -> None:
    """Note nodes that are neither a channel nor a platform of the file, and the first circle."""
    known = {*parts.channels, *(rule.platform for rule in parts.channels.values())}
    whole: dict[str, tuple[str, ...]] = {}
    for node, below in parts.dependencies.items():
        if node not in known:
            notes.fault_of_key(("dependencies", node), *_unknown(node, known))
        if below is None:
            continue
        children = (below,) if isinstance(below, str) else below
        whole[node] = children
        for n, child in enumerate(children):
            path: Path = ("dependencies", node) if isinstance(below, str) else ("dependencies", node, n)
            if child != ALL and child not in known:
                notes.fault(path, *_unknown(child, known))
            elif child == node:
                notes.fault(path, "rests on itself", "remove it")
        if len(children) > 1 and ALL in children:
            notes.fault(("dependencies", node), "`*` stands for all others; what is beside it says nothing")
        if not children:
            notes.fault(("dependencies", node), "nothing rests on it", "name channels, or remove it")
    circle = cycle({node: tuple(c for c in below if c != node) for node, below in whole.items()}, parts.channels)
    if circle:
        named = " -> ".join(map(shown_id, circle))
        hint = f"in place of `{ALL}`, name the channels that fail with it" if ALL in sum(whole.values(), ()) else ""
        notes.fault_of_key(("dependencies", circle[0]), f"rests on itself in a circle: {named}", hint)


def _unknown(node: str, known: set[str]) -> tuple[str, str]:
    return "is neither a channel nor a platform of this file", near(node, known)
