"""The routing tree, as in Alertmanager: depth first, the first match wins, unless it continues to its next sibling.

A node whose children do not match is itself the match. Each channel of an incident takes its own way through the tree;
the incident goes wherever one of them goes, so that a channel that joins adds routes and never takes one away.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise, product
from typing import Protocol

from monitor.core.duty import Labels, Matcher, MatchOp, Route, TimeInterval
from monitor.core.labels import WORDS, labels_of_channel
from monitor.core.matching import holds, matches, text_of
from monitor.core.model import Availability, ChannelRule, Condition, Family, Risk
from monitor.core.oncall.windows import interval_holds

__all__ = ["Unreachable", "Visit", "explain", "muted", "route", "unreachable", "walk"]


def walk(root: Route) -> Iterator[Route]:
    """Every node, in the order in which it is tried."""
    yield root
    for child in root.routes:
        yield from walk(child)


def route(root: Route, labels_of_each: Sequence[Labels]) -> tuple[Route, ...]:
    """Where an incident goes, in the order of the tree; `labels_of_each`: of its channels, or its own without any.

    Empty only when the root itself has matchers and they do not hold.
    """
    found = {node.id: node for labels in labels_of_each for node in _ends(root, labels)}
    if len(labels_of_each) == 1:
        return tuple(found.values())
    return tuple(node for node in walk(root) if node.id in found)


def _way(node: Route, labels: Labels) -> Iterator[Route]:
    """Every node that matches and is not cut off by one before it."""
    if not matches(node.matchers, labels):
        return
    yield node
    for child in node.routes:
        below = list(_way(child, labels))
        yield from below
        if below and not child.goes_on:
            return


def _ends(root: Route, labels: Labels) -> list[Route]:
    """Those of the way that have nothing of it below them."""
    way = list(_way(root, labels))
    passed = {node.id.rpartition(".")[0] for node in way}
    return [node for node in way if node.id not in passed]


# --- explaining ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    """A node and what became of it. `chosen`: it is where the message goes; `muted_by`: but for this interval."""

    route: Route
    matched: bool
    why: str
    muted_by: str = ""
    chosen: bool = False


def explain(root: Route, labels: Labels, intervals: Mapping[str, TimeInterval], at: datetime) -> tuple[Visit, ...]:
    """The way of one channel through the tree: every node that was tried, and each that was not for a match before."""
    chosen = {node.id for node in _ends(root, labels)}

    def visit(node: Route) -> Iterator[Visit]:
        failing = next((m for m in node.matchers if not holds(m, labels)), None)
        if failing is not None:
            yield Visit(node, matched=False, why=f"{text_of(failing)} does not hold: {_said(failing.label, labels)}")
            return
        here = node.id in chosen
        muted_by = muted(node, intervals, at) if here else ""
        yield Visit(node, matched=True, why=_matched(node, labels, here=here), muted_by=muted_by, chosen=here)
        taken: Route | None = None
        for child in node.routes:
            if taken is not None:
                yield Visit(child, matched=False, why=f"not tried: {taken.id} matches before it and does not continue")
                continue
            yield from visit(child)
            if not child.goes_on and matches(child.matchers, labels):
                taken = child

    return tuple(visit(root))


def _matched(node: Route, labels: Labels, *, here: bool) -> str:
    names = dict.fromkeys(m.label for m in node.matchers)
    said = ", ".join(_said(name, labels) for name in names) or "it takes everything"
    return said if here else f"{said}; a route below it matches too"


def _said(label: str, labels: Labels) -> str:
    values = [v for v in labels.get(label, ()) if v]
    if not values:
        return f"there is no {label}"
    return f"{label} {'are' if label == 'tags' else 'is'} {', '.join(values)}"


class Timed(Protocol):
    """A route, or what remembers one: it has hours."""

    @property
    def active(self) -> tuple[str, ...]: ...
    @property
    def mute(self) -> tuple[str, ...]: ...


def muted(node: Timed, intervals: Mapping[str, TimeInterval], at: datetime) -> str:
    """The id of the time interval that mutes a route: a `mute` one that holds, or the first `active` if none does."""
    for name in node.mute:
        if name in intervals and interval_holds(intervals[name], at):
            return name
    active = [name for name in node.active if name in intervals]
    if active and not any(interval_holds(intervals[name], at) for name in active):
        return active[0]
    return ""


# --- what can never match --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A route that nothing can ever take, and why. `by`: ids of the routes before it that take all; empty: no match."""

    route: str
    why: str
    by: tuple[str, ...] = ()


def unreachable(root: Route, channels: Iterable[ChannelRule]) -> tuple[Unreachable, ...]:
    """The routes that no incident of these channels, nor one about ourselves, can take.

    Tried with one example of everything that the tree's matchers can tell apart. A route below one that is unreachable
    is not named again.
    """
    matchers = tuple(dict.fromkeys(m for node in walk(root) for m in node.matchers))
    examples = _examples(matchers, channels)
    reached = {node.id for labels in examples for node in _way(root, labels)}
    found: list[Unreachable] = []
    for node in walk(root):
        if node.id in reached or node.id.rpartition(".")[0] not in ({"", *reached}):
            continue
        found.append(_why_not(root, node, examples))
    return tuple(found)


def _why_not(root: Route, node: Route, examples: Sequence[Labels]) -> Unreachable:
    above = [r for r in walk(root) if node.id == r.id or node.id.startswith(f"{r.id}.")]
    wanted = [m for r in above for m in r.matchers]
    for matcher in node.matchers:
        if not any(holds(matcher, labels) for labels in examples):
            return Unreachable(
                node.id, f"{text_of(matcher)} holds for nothing that is watched{_near(matcher, examples)}"
            )
    fitting = [labels for labels in examples if matches(wanted, labels)]
    if not fitting:
        return Unreachable(node.id, "its matchers, with those of the routes above it, never hold together")
    takers = {_taker(above, labels) for labels in fitting}
    by = tuple(r.id for r in walk(root) if r.id in takers)
    takes, does = ("takes", "does") if len(by) == 1 else ("take", "do")
    return Unreachable(node.id, f"{' and '.join(by)} {takes} everything that would match, and {does} not continue", by)


def _taker(above: Sequence[Route], labels: Labels) -> str:
    """The route that takes it on its way down to the last of `above`, each the child of the one before."""
    for parent, child in pairwise(above):
        for sibling in parent.routes:
            if sibling.id == child.id:
                break
            if not sibling.goes_on and matches(sibling.matchers, labels):
                return sibling.id
    raise AssertionError("a route that nothing takes before it is reached")


def _near(matcher: Matcher, examples: Sequence[Labels]) -> str:
    known = sorted({value for labels in examples for value in labels.get(matcher.label, ())})
    near = difflib.get_close_matches(matcher.value, known, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near and matcher.op is MatchOp.EQUAL else ""


def _examples(matchers: Sequence[Matcher], channels: Iterable[ChannelRule]) -> tuple[Labels, ...]:
    """Labels of what can happen; of those that no matcher tells apart, one."""
    ours = _distinct(matchers, (labels_of_channel(c) for c in channels))
    theirs = _distinct(matchers, _of_channels())
    both = ({**of_channel, **what} for of_channel, what in product(ours, theirs))
    return (*_distinct(matchers, _of_ourselves()), *_distinct(matchers, both))


def _distinct(matchers: Sequence[Matcher], examples: Iterable[Labels]) -> tuple[Labels, ...]:
    found: dict[tuple[bool, ...], Labels] = {}
    for labels in examples:
        found.setdefault(tuple(holds(m, labels) for m in matchers), labels)
    return tuple(found.values())


def _of_ourselves() -> Iterator[Labels]:
    """What can be wrong with us, without any channel."""
    kinds = (Condition.BLIND, Condition.DELIVERY, Condition.WATCHDOG, Condition.SCHEDULE)
    for kind, severity in product(kinds, WORDS["severity"]):
        yield {"kind": (kind.value,), "severity": (severity,)}


def _of_channels() -> Iterator[Labels]:
    """What can be wrong with a channel, whichever it is."""
    measured = ((Family.STATUS.value,), (Family.API.value,), (Family.STATUS.value, Family.API.value))
    risky = ((Family.POLICY.value,), (Family.BRAND.value,))
    for severity in WORDS["severity"]:
        about = {"severity": (severity,)}
        for kind, family, state in product((Condition.AVAILABILITY, Condition.UNKNOWN), measured, Availability):
            yield {**about, "kind": (kind.value,), "family": family, "state": (state.value,)}
        for family, risk in product(risky, Risk):
            yield {**about, "kind": (Condition.RISK.value,), "family": family, "state": (risk.value,)}
