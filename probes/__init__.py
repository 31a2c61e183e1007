"""The senses: one file is one kind of probe, and the file's path is the kind's name.

``status.statuspage`` is ``probes/status/statuspage.py``; there is no registry to forget. A file whose name begins with
an underscore is a helper, not a kind.
"""

import difflib
import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, cast

from probes.base import Family

if TYPE_CHECKING:
    from probes.base import Kind

__all__ = ["UnknownKindError", "kinds", "load"]


class UnknownKindError(LookupError):
    """No file holds a kind of that name; the message says which name is near."""


@cache
def kinds() -> tuple[str, ...]:
    """Every kind's name, sorted: ``("api.call", "brand.news", ...)``."""
    found = []
    for family in Family:
        package = importlib.import_module(f"probes.{family}")
        found += [f"{family}.{m.name}" for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_")]
    return tuple(sorted(found))


def load(kind: str) -> "Kind":
    """The module behind a kind's name; raises UnknownKindError with a near name when there is none."""
    if kind not in kinds():
        near = difflib.get_close_matches(kind, kinds(), n=1, cutoff=0.5)
        near = near or [k for k in kinds() if k.endswith(f".{kind}")]
        hint = f"did you mean {near[0]!r}?" if near else f"known kinds: {', '.join(kinds())}"
        msg = f"no probe kind is called {kind[:64]!r}; {hint}"
        raise UnknownKindError(msg)
    return cast("Kind", importlib.import_module(f"probes.{kind}"))
