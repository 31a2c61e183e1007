"""The numbers behind the names: plain objects that cost one attribute to touch and one string to show.

prometheus-client's own children take a lock per touch, and its exposition blocks the loop for 88 ms per 10,000 series.
"""

import logging
import math
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from typing import cast

from prometheus_client.metrics_core import Metric as Exported
from prometheus_client.registry import Collector

from monitor.metrics.names import Name

__all__ = ["ABSENT", "SERIES_MAX", "SERIES_WARN", "Budget", "Child", "Histogram", "Metric", "Number"]

log = logging.getLogger(__name__)

SERIES_WARN = 15_000
SERIES_MAX = 30_000
LABEL_CHARS_MAX = 128
DURATION_S_MAX = 86_400.0
ABSENT = math.nan


class Budget:
    """How many series there may be: a warning at SERIES_WARN, and none above `series_max`."""

    def __init__(self, series_max: int) -> None:
        self.series_max = series_max
        self.held = 0
        self.refused = 0
        self._warned = False

    def admit(self, width: int) -> bool:
        """Whether `width` more series fit; counts them, or the refusal."""
        if self.held + width > self.series_max:
            self.refused += 1
            return False
        self.held += width
        if self.held > SERIES_WARN and not self._warned:
            self._warned = True
            log.warning("more than %d metric series; new ones are refused at %d", SERIES_WARN, self.series_max)
        return True

    def release(self, width: int) -> None:
        """Gives `width` series back."""
        self.held -= width


_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _clean(value: str) -> str:
    """A label's value without control characters and lone surrogates, bounded."""
    return _UNPRINTABLE.sub("\ufffd", value[:LABEL_CHARS_MAX])


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _head(name: str, labels: Iterable[tuple[str, str]]) -> str:
    inner = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
    return f"{name}{{{inner}}} " if inner else f"{name} "


class Number:
    """One gauge or counter; ABSENT is not shown, because a value that is not known must not look like one."""

    __slots__ = ("head", "value")

    def __init__(self, head: str, value: float) -> None:
        self.head = head
        self.value = value

    @property
    def absent(self) -> bool:
        """Whether there is no value to show."""
        return not math.isfinite(self.value)

    def lines(self) -> str:
        """Its line in the exposition, or nothing."""
        return f"{self.head}{self.value!r}\n" if math.isfinite(self.value) else ""


class Histogram:
    """Counts per bucket, not yet cumulative; the last is above all bounds."""

    __slots__ = ("bounds", "counts", "heads", "total")

    def __init__(self, name: str, labels: tuple[tuple[str, str], ...], bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        marks = [repr(b) for b in bounds] + ["+Inf"]
        self.heads = [_head(f"{name}_bucket", (*labels, ("le", mark))) for mark in marks]
        self.heads += [_head(f"{name}_count", labels), _head(f"{name}_sum", labels)]

    def observe(self, value: float) -> None:
        """Count one duration, in seconds."""
        if 0.0 <= value < DURATION_S_MAX:  # false for NaN too: an impossible duration is not counted
            self.counts[bisect_left(self.bounds, value)] += 1
            self.total += value

    def lines(self) -> str:
        """Its lines in the exposition."""
        seen, out = 0, []
        for head, count in zip(self.heads, self.counts, strict=False):
            seen += count
            out.append(f"{head}{seen}\n")
        out.append(f"{self.heads[-2]}{seen}\n{self.heads[-1]}{self.total!r}\n")
        return "".join(out)


Child = Number | Histogram


class Metric(Collector):
    """All children of one row of the table."""

    def __init__(self, row: Name, budget: Budget) -> None:
        self.row = row
        self.children: dict[tuple[str, ...], Child] = {}
        self.width = len(row.buckets) + 3 if row.kind == "histogram" else 1
        self._budget = budget
        self._unshown: Child | None = None

    def child(self, *labels: str) -> Child:
        """The child with these label values, made when new; all beyond the budget share one, which is not shown."""
        found = self.children.get(labels)
        if found is not None:
            return found
        labels = tuple(map(_clean, labels))  # two names that differ in what cannot be shown share a child:
        if labels in self.children:  # the same series twice would fail the whole scrape
            return self.children[labels]
        if not self._budget.admit(self.width):
            self._unshown = self._unshown or self._make(labels)
            return self._unshown
        self.children[labels] = made = self._make(labels)
        return made

    def _make(self, labels: tuple[str, ...]) -> Child:
        pairs = tuple(zip(self.row.labels, labels, strict=True))
        if self.row.kind == "histogram":
            return Histogram(self.row.name, pairs, self.row.buckets)
        return Number(_head(self.row.name, pairs), 0 if self.row.kind == "counter" else ABSENT)

    def number(self, *labels: str) -> Number:
        """The child of a gauge or counter."""
        return cast("Number", self.child(*labels))

    def histogram(self, *labels: str) -> Histogram:
        """The child of a histogram."""
        return cast("Histogram", self.child(*labels))

    def drop(self, label: str, gone: Collection[str]) -> None:
        """Removes the children whose `label` has one of these values."""
        if gone and label in self.row.labels:
            gone = {_clean(each) for each in gone}
            place = self.row.labels.index(label)
            for labels in [each for each in self.children if each[place] in gone]:
                del self.children[labels]
                self._budget.release(self.width)

    def header(self, *, openmetrics: bool) -> str:
        """The HELP and TYPE lines; OpenMetrics names a counter without its suffix."""
        row = self.row
        name = row.name.removesuffix("_total") if openmetrics and row.kind == "counter" else row.name
        text = row.help.replace("\\", "\\\\").replace("\n", "\\n")
        text = text.replace('"', '\\"') if openmetrics else text
        return f"# HELP {name} {text}\n# TYPE {name} {row.kind}\n"

    def collect(self) -> Iterator[Exported]:
        """The same numbers in the library's nouns."""
        metric = Exported(self.row.name.removesuffix("_total"), self.row.help, self.row.kind)
        for labels, child in self.children.items():
            pairs = dict(zip(self.row.labels, labels, strict=True))
            if isinstance(child, Number):
                if not child.absent:
                    metric.add_sample(self.row.name, pairs, child.value)
                continue
            seen = 0
            for bound, count in zip((*map(repr, child.bounds), "+Inf"), child.counts, strict=True):
                seen += count
                metric.add_sample(f"{self.row.name}_bucket", {**pairs, "le": bound}, seen)
            metric.add_sample(f"{self.row.name}_count", pairs, seen)
            metric.add_sample(f"{self.row.name}_sum", pairs, child.total)
        yield metric
