"""``vigie route explain``: who would hear of something, by which way through the tree, and why."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from monitor.cli.printing import as_json, dumped, heading, local, rows, say
from monitor.cli.reading import kept_state
from monitor.core import wording
from monitor.core.duty import Labels, MatchOp, Route
from monitor.core.labels import supposed
from monitor.core.matching import make_matcher
from monitor.core.model import ChannelRule, Page, Rules, State
from monitor.core.paging import called, receivers_of
from monitor.core.receivers import behind, name_of
from monitor.core.routes import explain
from monitor.settings import Settings
from monitor.web.duty_views import explained
from probes.base import Severity

__all__ = ["explain_route", "labels_from"]

CALLS_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Call:
    """Who is called so long after the opening, if nobody has taken it by then."""

    after: timedelta
    receivers: tuple[str, ...]
    people: tuple[str, ...]


def labels_from(pairs: Iterable[str], rules: Rules) -> Labels:
    """``channel=x severity=critical`` as labels; what is not said is filled in. Raises click's UsageError."""
    said: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        label, equals, text = pair.partition("=")
        values = tuple(v.strip() for v in text.split(",")) if label == "tags" else (text.strip().strip('"'),)
        if not equals:
            raise click.UsageError(f"{pair[:64]!r} is no label with a value; write it like channel=x")
        try:
            for value in values:
                make_matcher(label, MatchOp.EQUAL, value)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        said[label] = values
    return supposed(said, _channel(said, rules))


def _channel(said: Labels, rules: Rules) -> ChannelRule | None:
    if not any(said.get("channel", ())):
        return None
    channel = said["channel"][0]
    if channel not in rules.channels:
        known = ", ".join(sorted(rules.channels)) or "none"
        raise click.UsageError(f"{channel[:64]!r} is not watched; watched: {known}")
    return rules.channels[channel]


def explain_route(settings: Settings, pairs: Iterable[str], at: datetime | None, *, json: bool) -> int:
    """The way through the tree; 1 when nobody would be told."""
    rules, now = settings.rules_for_mind(), datetime.now(UTC)
    labels = labels_from(pairs, rules)
    if rules.route is None:
        raise click.ClickException("No routes are configured, so nobody is told of anything.")
    moment, state = at or now, kept_state(settings)
    visits = explain(rules.route, labels, rules.intervals, moment)
    chosen = [v for v in visits if v.chosen]
    ways = [(v.route, v.muted_by, tuple(_calls(v.route, rules, state, moment, labels))) for v in chosen]
    told = any(not muted and any(call.people for call in calls) for _, muted, calls in ways)
    if json:
        told_ = [_way(*way, rules) for way in ways]
        as_json({**dumped(explained(rules, labels, visits, moment)), "told": told_})
        return 0 if told else 1
    heading(f"At {local(moment, rules, now)} ({rules.timezone} time)")
    say(_shown(labels))
    rows(
        ("ROUTE", "MATCHES", "WHY"),
        [(v.route.id, "told here" if v.chosen else "yes" if v.matched else "no", v.why) for v in visits],
    )
    for node, muted, calls in ways:
        _print_way(node, muted, calls, rules)
    return 0 if told else 1


def _shown(labels: Labels) -> str:
    return " ".join(f"{name}={','.join(values)}" for name, values in labels.items())


def _calls(node: Route, rules: Rules, state: State, at: datetime, labels: Labels) -> Iterator[Call]:
    """Who is called in turn while nobody takes it, each as things stand now at that time."""
    wait = node.wait(Severity[labels["severity"][0].upper()])
    policy = rules.policies.get(node.policy)
    page = Page(node.id, node.receiver, policy, node.interval, node.repeat, due=at + wait)
    for _ in range(CALLS_SHOWN_MAX):
        receivers = receivers_of(page, rules)
        if page.due is None or not receivers:
            return
        due = page.due
        found = (behind(rules, state.overrides, state.schedules, r, due) for r in receivers)
        people = tuple(dict.fromkeys(person for each in found for person in each if _has_contacts(rules, person)))
        yield Call(due - at, receivers, people)
        page = called(page, people, due)
        if not people:
            page = _at_once(page, due, rules)


def _has_contacts(rules: Rules, person: str) -> bool:
    known = rules.recipients.get(person)
    return known is not None and bool(known.methods)


def _at_once(page: Page, due: datetime, rules: Rules) -> Page:
    """Where nobody can be reached, the next are called without a delay."""
    return replace(page, due=due if receivers_of(page, rules) else None)


def _way(node: Route, muted: str, calls: tuple[Call, ...], rules: Rules) -> dict[str, Any]:
    return {
        "route": node.id,
        "receiver": node.receiver,
        "policy": node.policy,
        "muted_by": muted,
        "calls": [
            {
                "after_s": call.after.total_seconds(),
                "receivers": list(call.receivers),
                "people": [{"id": p, "name": name_of(rules, p)} for p in call.people],
            }
            for call in calls
        ],
    }


def _print_way(node: Route, muted: str, calls: tuple[Call, ...], rules: Rules) -> None:
    policy = f", escalation {node.policy}" if node.policy else ", without escalation"
    heading(f"{node.id}: {name_of(rules, node.receiver)}{policy}")
    if muted:
        inside = "inside" if muted in node.mute else "outside"
        say(f"Nobody is told now: it is {inside} the time interval {muted}.")
    for call in calls:
        named = ", ".join(name_of(rules, r) for r in call.receivers)
        people = ", ".join(name_of(rules, p) for p in call.people)
        who = named if named == people else f"{named}: {people or 'nobody can be reached, so the next at once'}"
        say(f"after {wording.duration(call.after)}: {who}")
    if calls and node.repeat:
        say(f"and again every {wording.duration(node.repeat)}, until somebody takes it")
