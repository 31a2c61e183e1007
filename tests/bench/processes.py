"""What processes cost, from Linux's /proc, and which core they run on."""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CORE_MEASURED", "CORE_WORLD", "Cost", "cost_of", "pin"]

_CORES = sorted(os.sched_getaffinity(0))
CORE_MEASURED, CORE_WORLD = _CORES[0], _CORES[-1]
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a process with all below it: CPU seconds since they began, resident bytes now. `core_cpu_s`: its own alone."""

    cpu_s: float
    core_cpu_s: float
    resident_bytes: int


def cost_of(process: int) -> Cost:
    """The cost of a process and its descendants; proc(5) names the fields. Raises OSError when it is gone."""
    own = _cpu_s(process)
    cpu_s, resident = own, _resident_bytes(process)
    for child in _children(process):
        below = cost_of(child)
        cpu_s, resident = cpu_s + below.cpu_s, resident + below.resident_bytes
    return Cost(cpu_s, own, resident)


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _cpu_s(process: int) -> float:
    """User and system time, with that of children that have ended."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS_S


def _resident_bytes(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def pin(process: int, *cores: int) -> None:
    """Keep a process, and what it starts from now on, on these cores. 0: this process."""
    os.sched_setaffinity(process, cores)
