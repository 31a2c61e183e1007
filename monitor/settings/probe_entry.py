# ruff: noqa: ANN401 - a shaped value is BROKEN or what its annotation says
"""A probe as written -> a ProbeEntry: its kind decides which parameters there are."""

import difflib
from datetime import timedelta
from typing import Any

from monitor.settings.address import fault_in
from monitor.settings.document import Mapping, Node, Scalar
from monitor.settings.model import ProbeEntry
from monitor.settings.shape import BROKEN, Shaper
from probes import UnknownKindError, kinds, load
from probes.base import MeasuredParams, Params

__all__ = ["read_probe"]


def read_probe(shaper: Shaper, node: Node, path: tuple[str, ...]) -> Any:
    """A ProbeEntry of a node: `kind` decides which parameters there are."""
    if not isinstance(node, Mapping):
        return shaper.fault(node, path, "a probe must hold keys", "such as {kind: status.auto, url: https://...}")
    kind_node = node.get("kind")
    if not isinstance(kind_node, Scalar) or kind_node.null:
        return shaper.fault(
            kind_node or node, (*path, "kind"), "is required", "such as status.auto; `probes/README.md` has all"
        )
    try:
        module = load(kind_node.text)
    except UnknownKindError:
        return shaper.fault(kind_node, (*path, "kind"), "there is no such kind of probe", _kind_hint(kind_node.text))
    params = shaper.model(node, module.Params, path, skip=("kind",))
    if params is BROKEN:
        return BROKEN
    told = len(shaper.faults)
    _judge_params(shaper, node, params, path)
    if len(shaper.faults) > told:
        return BROKEN
    place = (shaper.file, node.line, node.column, ".".join(path))
    return ProbeEntry(kind_node.text, params, place)


def _kind_hint(text: str) -> str:
    """The nearest kind; the family alone makes none near."""
    family, _, name = text.casefold().rpartition(".")
    of_family = [kind for kind in kinds() if kind.startswith(f"{family}.")] or list(kinds())
    names = {kind.partition(".")[2]: kind for kind in of_family}
    near = names.get(name) or next((names[n] for n in difflib.get_close_matches(name, names, n=1, cutoff=0.6)), None)
    return f"did you mean {near!r}?" if near else f"known: {', '.join(of_family)}"


def _judge_params(shaper: Shaper, node: Mapping, params: Params, path: tuple[str, ...]) -> None:
    """What no kind can say of itself alone."""
    wrong = fault_in(params.url)
    if wrong:
        shaper.fault(node.get("url") or node, (*path, "url"), wrong)
    if params.every <= timedelta(0):
        shaper.fault(node.get("every") or node, (*path, "every"), "must be more than nothing")
    if params.expires is not None and params.expires < params.every:
        hint = "an answer would lapse before the next one is due"
        shaper.fault(node.get("expires") or node, (*path, "expires"), "is shorter than `every`", hint)
    if isinstance(params, MeasuredParams) and params.bad_of < params.bad_after:
        where = node.get("bad_of") or node.get("bad_after") or node
        shaper.fault(where, (*path, "bad_of"), "is smaller than `bad_after`", "so many failures would never be seen")
