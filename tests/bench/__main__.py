"""``python -m tests.bench [figure ...] [--quick]``: prints every figure beside its goal.

A report, not a test: a missed goal is said and the exit code is 0; it is 1 when something breaks. Loopback only. The
daemon and the bare loop run on one core, the world and this process on another.
"""

import argparse
import os
import sys
import time
import traceback

from tests.bench.figures import FIGURES
from tests.bench.ground import world
from tests.bench.processes import CORE_MEASURED, CORE_WORLD, pin
from tests.bench.rows import Row

__all__ = ["main"]


def main() -> int:
    """Measure what was asked for; 1 when a figure could not be taken."""
    names = [figure.name for figure in FIGURES]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="figure", help=f"of: {', '.join(names)}; by default all")
    parser.add_argument("--quick", action="store_true", help="shorter, and less exact")
    wanted = parser.parse_args()
    if unknown := sorted(set(wanted.figures) - set(names)):
        parser.error(f"no such figure: {', '.join(unknown)}; there are {', '.join(names)}")
    rows, broken = [], 0
    pin(0, CORE_WORLD)
    with world() as outside:
        for figure in FIGURES:
            if wanted.figures and figure.name not in wanted.figures:
                continue
            began = time.monotonic()
            _say(f"{figure.name}: {figure.what} ...")
            try:
                rows += list(figure.measure(outside, wanted.quick))
            except Exception:  # noqa: BLE001 - the other figures are still worth having
                broken += 1
                _say(traceback.format_exc())
            _say(f"{figure.name}: {time.monotonic() - began:.0f} s, load average {os.getloadavg()[0]:.1f}")
    _table(rows)
    return 1 if broken else 0


def _table(rows: list[Row]) -> None:
    width, goal_width = (max([len(getattr(r, name)) for r in rows], default=0) for name in ("figure", "goal"))
    marks = {True: "met", False: "MISSED", None: ""}
    print(f"{'figure':{width}}  {'goal':{goal_width}}  {'':6}  got")  # noqa: T201 - what it is for
    for row in rows:
        print(f"{row.figure:{width}}  {row.goal:{goal_width}}  {marks[row.met]:6}  {row.got}")  # noqa: T201 - likewise
    cores = "one core each" if CORE_MEASURED != CORE_WORLD else "one core for all"
    print(f"measured: {cores}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")  # noqa: T201 - likewise


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


if __name__ == "__main__":
    sys.exit(main())
