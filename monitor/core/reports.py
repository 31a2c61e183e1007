"""What people are told beside incidents: small news for the digest, work announced inside a launch, our own absence,
drills.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from monitor.core import wording
from monitor.core.draft import Draft
from monitor.core.duty import Labels, Launch, Recipient
from monitor.core.labels import labels_for_report
from monitor.core.letters import direct
from monitor.core.model import Answer, ChannelRule, Drilled, Incident, Phase, Priority, ProbeState, Rules
from monitor.core.oncall.walls import next_at
from monitor.core.receivers import behind, name_of
from monitor.core.routes import muted, route
from monitor.core.talk import Talk
from probes.base import Availability, Family, Severity, Signal

__all__ = ["absence", "announce", "drill", "report_news"]

NAME_DIGITS = 16
MISSED_MAX = 20
MOMENT = timedelta(seconds=1)


def _name(*parts: str) -> str:
    """A name for what is told once: the same parts give the same name."""
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:NAME_DIGITS]


def _hearing(draft: Draft, labels: Labels) -> Iterator[Recipient]:
    """Who hears of something with these labels, each once."""
    root, rules = draft.rules.route, draft.rules
    names = [
        recipient
        for found in (route(root, [labels]) if root else ())
        if not muted(found, rules.intervals, draft.now)
        for recipient in behind(rules, draft.overrides, draft.schedules, found.receiver, draft.now)
    ]
    yield from (rules.recipients[name] for name in dict.fromkeys(names))


# --- small news ------------------------------------------------------------------------------------------------------


def report_news(draft: Draft, rule: ChannelRule, before: ProbeState, after: ProbeState) -> None:
    """Events of low severity that a probe of policy or brand has just seen go into the next digest."""
    if after.events is before.events:
        return
    known = {held.signal.key for held in before.events}
    for held in after.events:
        signal = held.signal
        if signal.severity is not Severity.INFO or signal.key in known:
            continue
        name = f"report:{_name(rule.id, before.id, signal.key)}"
        labels = labels_for_report(rule, signal.family)
        for recipient in _hearing(draft, labels):
            message = wording.report(rule, signal.summary, signal.url, recipient, draft.rules, draft.now)
            due = next_at(recipient.digest, recipient.timezone, draft.now)
            direct(
                draft, recipient, name, "report", message, "told_report",
                priority=Priority.REPORT, due=due, channel=rule.id, labels=labels,
            )  # fmt: skip


# --- launches --------------------------------------------------------------------------------------------------------


def announce(draft: Draft, rule: ChannelRule, before: ProbeState, after: ProbeState) -> None:
    """Work that the vendor announces for a time in which we launch something there is told at once, once."""
    if after.signals is before.signals or not draft.rules.launches:
        return
    for signal in after.signals:
        for launch in draft.rules.launches:
            if rule.id in launch.channels and launch.end > draft.now and _overlaps(signal, launch, draft.now):
                if any(_same_work(signal, known) for known in before.signals):
                    continue
                _announce(draft, rule, launch, signal)


def _overlaps(signal: Signal, launch: Launch, now: datetime) -> bool:
    """Whether it is work that is announced, or under way, for that time; without an end, its beginning counts."""
    if signal.family is not Family.STATUS or signal.since is None or signal.severity is not Severity.INFO:
        return False
    if signal.until is None and signal.since <= now:
        return False  # a remark on something that has begun
    return signal.since < launch.end and launch.start < (signal.until or signal.since + MOMENT)


def _same_work(signal: Signal, known: Signal) -> bool:
    return (signal.key, signal.since, signal.until) == (known.key, known.since, known.until)


def _announce(draft: Draft, rule: ChannelRule, launch: Launch, signal: Signal) -> None:
    start, end = signal.since, signal.until
    assert start is not None
    name = f"announced:{_name(launch.id, rule.id, signal.key, str(start), str(end))}"
    labels = {**labels_for_report(rule, Family.STATUS, Severity.WARNING), "state": (Availability.MAINTENANCE.value,)}
    for recipient in _hearing(draft, labels):
        message = wording.announced(launch, rule, signal.summary, start, end, recipient, draft.rules, draft.now)
        direct(draft, recipient, name, "announced", message, "told_announced", channel=rule.id, labels=labels)


# --- our absence -----------------------------------------------------------------------------------------------------


def absence(draft: Draft) -> None:
    """After a start: nobody had looked for a while; what was missed is told to whom the root route leads."""
    since = draft.monitor.absent_since
    if since is None:
        return
    start = draft.monitor.started or draft.now
    draft.monitor = replace(draft.monitor, absent_since=None)
    clock = wording.clock
    text = f"Nobody looked from {clock(since, draft.rules, draft.now)} to {clock(start, draft.rules, draft.now)}"
    draft.decide("absent", text)
    for recipient in _hearing(draft, {"kind": ("blind",), "severity": ("warning",)}):
        missed = [Talk(draft, i).headline(recipient) for i in _missed(draft, since)]
        message = wording.down(since, start, missed, recipient, draft.rules, draft.now)
        direct(draft, recipient, f"down:{start:%Y%m%dT%H%M%S}", "down", message, "told_down")


def _missed(draft: Draft, since: datetime) -> list[Incident]:
    wanted = (Phase.OPEN, Phase.ACKNOWLEDGED, Phase.RESOLVED)
    found = [
        i
        for i in draft.incidents.values()
        if i.phase in wanted and (i.opened >= since or (i.resolved or since) > since)
    ]
    return sorted(found, key=lambda i: int(i.id))[:MISSED_MAX]


# --- drills ----------------------------------------------------------------------------------------------------------


def drill(draft: Draft, event: Drilled) -> Answer:
    """Try every way to those behind a receiver, or behind all steps of a policy and its fall-back."""
    rules = draft.rules
    receivers = _drilled(rules, event.target)
    if not receivers:
        return Answer.no("unknown", f"There is no receiver and no escalation policy {event.target[:40]}.")
    people = dict.fromkeys(
        r for name in receivers for r in behind(rules, draft.overrides, draft.schedules, name, draft.now)
    )
    name = f"drill:{draft.next_change_id()}"
    reached = [p for p in people if _drill_one(draft, rules.recipients[p], name, event)]
    text = f"{name_of(rules, event.by)} by {event.via}: drill of {event.target}: {len(reached)} of {len(people)}"
    draft.decide("drilled", text)
    if not reached:
        return Answer.no("nobody", f"{event.target}: nobody with a contact method is behind it now.")
    return Answer.yes("done", f"Sent to {', '.join(name_of(rules, p) for p in reached)}.", name)


def _drilled(rules: Rules, target: str) -> tuple[str, ...]:
    policy = rules.policies.get(target)
    if policy is not None:
        fallback = policy.fallback or rules.fallback
        return (*(t for step in policy.steps for t in step.targets), *((fallback,) if fallback else ()))
    known: Iterable[str] = (*rules.recipients, *rules.teams, *rules.schedules)
    return (target,) if target in known else ()


def _drill_one(draft: Draft, recipient: Recipient, name: str, event: Drilled) -> bool:
    message = wording.drill(event.target, name_of(draft.rules, event.by), recipient, draft.rules, draft.now)
    return direct(draft, recipient, name, "drill", message, "told_drill", critical=True, ways=None)
