"""Killable worker processes with limits on memory, processor time, files and patience.

`WorkerPool` runs any function named as ``package.module:function`` in processes of its own; `Parsers` runs the
`interpret` of probe kinds that read mark-up, `Calendars` reads iCalendar files. A worker that hangs, dies, grows or
answers nonsense costs its one job, and nothing of the core. Parts: `child` (what runs in the worker), `process` (one
worker), `pool` (several, and when to give up), `parsers` and `calendars` (the pools as the daemon uses them) with their
jobs `interpreting` and `importing`.

The names are loaded on first use, so that a worker, which is a module of this package, does not load the parent's side.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.workers.calendars import Calendars
    from monitor.workers.parsers import Parsers
    from monitor.workers.pool import WorkerPool
    from monitor.workers.process import Limits, WorkerFault

__all__ = ["Calendars", "Limits", "Parsers", "WorkerFault", "WorkerPool"]

_HOMES = {
    "Limits": "process",
    "WorkerFault": "process",
    "WorkerPool": "pool",
    "Parsers": "parsers",
    "Calendars": "calendars",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
