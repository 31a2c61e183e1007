"""Silences, routes, dependencies and maintenance as the API shows them. Pure: nouns of the core in, answers out."""

from datetime import datetime

from monitor.core.depends import descendants
from monitor.core.duty import Labels, Maintenance, Silence
from monitor.core.matching import text_of
from monitor.core.model import Incident, Rules
from monitor.core.oncall import next_occurrence, occurrence
from monitor.core.paging import coming
from monitor.core.receivers import name_of
from monitor.core.routes import Visit
from monitor.web import answers, duty_answers

__all__ = ["dependencies", "explained", "incident_on_call", "maintenance", "silence"]


def incident_on_call(incident: Incident, rules: Rules) -> dict[str, object]:
    """What people made of an incident, and when who is called next: beside what `views.incident` says."""
    calls = coming(incident)
    return {
        "owner": name_of(rules, incident.owner) if incident.owner else "",
        "acknowledged": incident.acknowledged,
        "lapses": incident.lapses,
        "snoozed": incident.snoozed,
        "by_hand": name_of(rules, incident.by_hand) if incident.by_hand else "",
        "folded": incident.folded,
        "held": dict(incident.held),
        "next_call": calls[0][0] if calls else None,
    }


def silence(each: Silence, now: datetime, *, ended: bool = False) -> answers.SilenceItem:
    """One silence. `ended`: before its time."""
    over = ended or each.end <= now
    return answers.SilenceItem(
        id=each.id,
        matchers=[text_of(m) for m in each.matchers],
        author=each.author,
        comment=each.comment,
        start=each.start,
        end=each.end,
        until_recovered=each.until_recovered,
        created=each.created,
        held=each.held,
        state="ended" if over else "active" if each.start <= now else "pending",
        source="file" if each.id.startswith("file/") else "person",
    )


def explained(rules: Rules, labels: Labels, visits: tuple[Visit, ...], at: datetime) -> duty_answers.Explained:
    """The way through the tree."""
    rows = [
        duty_answers.RouteVisit(
            route=v.route.id,
            matchers=[text_of(m) for m in v.route.matchers],
            matched=v.matched,
            chosen=v.chosen,
            why=v.why,
            muted_by=v.muted_by,
            receiver=v.route.receiver,
            receiver_name=name_of(rules, v.route.receiver),
            policy=v.route.policy,
        )
        for v in visits
    ]
    return duty_answers.Explained(at=at, labels={k: list(values) for k, values in labels.items()}, visits=rows)


def dependencies(rules: Rules) -> duty_answers.DependencyList:
    """The declared graph, and what it comes to."""
    return duty_answers.DependencyList(
        [
            duty_answers.Dependency(node, list(children), list(descendants(rules.depends, node, rules.channels)))
            for node, children in rules.depends.items()
        ]
    )


def maintenance(each: Maintenance, now: datetime) -> duty_answers.MaintenanceItem:
    """Work of our own."""
    current, coming = occurrence(each, now), next_occurrence(each, now)
    return duty_answers.MaintenanceItem(
        id=each.id,
        matchers=[text_of(m) for m in each.matchers],
        comment=each.comment,
        timezone=each.timezone,
        rrule=each.rrule,
        duration_s=each.duration.total_seconds(),
        now=duty_answers.WindowItem(*current) if current else None,
        next=duty_answers.WindowItem(*coming) if coming else None,
    )
