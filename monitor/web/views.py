"""The core's nouns as plain dicts, for the API and for the pages. Pure: state and rules in, JSON-ready values out.

Times are RFC 3339 in UTC with a Z, severities are words, reasons are sentences that end.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from monitor.core import wording
from monitor.core.model import (
    ChannelRule,
    ChannelState,
    Condition,
    Decision,
    Held,
    Incident,
    Phase,
    ProbeRule,
    ProbeState,
    Risk,
    Rules,
    State,
)
from monitor.core.source import view
from monitor.web.house import Delivery
from probes.base import Availability, Evidence, Family, Severity, Signal

__all__ = ["brief", "channel", "incident", "iso", "reasons_of", "sentence", "timeline", "title_of", "web_url"]

_LEVELS = frozenset({Family.STATUS, Family.API})
OPEN_PHASES = frozenset({Phase.PENDING, Phase.OPEN, Phase.ACKNOWLEDGED})


def iso(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sentence(text: str) -> str:
    """A reason as a sentence: it begins large and ends with a stop."""
    text = text.strip()
    if not text:
        return text
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…", ".)", '"', "”")) else f"{text}."


def web_url(url: str) -> str:
    """The address if a reader may be sent there, else nothing: http or https, with a host, without tricks."""
    if not url.isprintable() or any(c in url for c in ' \\"<>'):
        return ""
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and named else ""


# --- channels --------------------------------------------------------------------------------------------------------


def reasons_of(rule: ChannelRule, state: ChannelState | None) -> list[str]:
    """Why the channel stands as it does; never empty unless it is operational."""
    if state is None:
        said = [f"{rule.name} no longer exists"] if rule.defunct else [f"{rule.name} has not been looked at yet"]
    else:
        health = state.health
        said = [*health.reasons, *health.risk_reasons, *health.unknowns]
        if not said and health.availability is not Availability.OPERATIONAL:
            said = [_no_reason(rule, state)]
    return list(dict.fromkeys(map(sentence, said)))


def _no_reason(rule: ChannelRule, state: ChannelState) -> str:
    if rule.defunct:
        return f"{rule.name} no longer exists"
    if not rule.probes:
        return rule.note or f"No source of {rule.name} is configured"
    if state.since is None:
        return f"{rule.name} has not been looked at yet"
    return f"No source says why {rule.name} is {state.health.availability.value}"


def brief(rule: ChannelRule, state: ChannelState | None) -> dict[str, Any]:
    """A channel in one line."""
    health = state.health if state else None
    return {
        "id": rule.id,
        "name": rule.name,
        "platform": rule.platform,
        "availability": health.availability.value if health else Availability.UNKNOWN.value,
        "risk": health.risk.value if health else Risk.NONE.value,
        "since": iso(state.since) if state else None,
        "reasons": reasons_of(rule, state),
    }


def channel(rules: Rules, state: State, channel_id: str, now: datetime) -> dict[str, Any]:
    """All that is held of a channel; raises KeyError for one that is not watched."""
    rule, held = rules.channels[channel_id], state.channels.get(channel_id)
    health = (held or ChannelState(channel_id)).health
    probes = [probe(p, state.probes.get(p.id), now) for p in rule.probes]
    return {
        **brief(rule, held),
        "platform_name": rule.platform_name,
        "confirmed": health.confirmed,
        "diverges": health.diverges,
        "unstable_since": iso(held.unstable_since) if held else None,
        "risk_since": iso(held.risk_since) if held else None,
        "score": health.score,
        "penalties": dict(health.penalties),
        "unknowns": [sentence(u) for u in health.unknowns],
        "evidence": list(health.evidence),
        "owner": rule.owner,
        "deputy": rule.deputy,
        "fallback": rule.fallback,
        "playbook": rule.playbook,
        "status_url": web_url(rule.status_url),
        "defunct": rule.defunct,
        "note": rule.note,
        "probes": probes,
        "signals": [{**s, "probe": p["id"]} for p in probes for s in (*p["signals"], *p["events"])],
        "incidents": [incident(rules, i) for i in _incidents_of(state, channel_id)],
    }


def _incidents_of(state: State, channel_id: str) -> list[Incident]:
    found = [i for i in state.incidents.values() if channel_id in i.channels]
    return sorted(found, key=lambda i: i.opened, reverse=True)


def probe(rule: ProbeRule, state: ProbeState | None, now: datetime) -> dict[str, Any]:
    """One probe: what it looks at, what it says now, and what stands in the way."""
    held = state or ProbeState(rule.id, rule.channel)
    failure = held.failure
    source = view(rule, held, now)
    return {
        "id": rule.id,
        "kind": rule.kind,
        "family": rule.family.value,
        "url": rule.url,
        "every_s": rule.every.total_seconds(),
        "state": source.state.value if rule.family in _LEVELS else _heard(held, now),
        "why": sentence(source.why) if source.why else "",
        "stale": source.stale,
        "last_run": iso(held.run_at),
        "last_seen": iso(held.seen_at),
        "expires": iso(held.expires_at),
        "failure": {"reason": failure.reason.value, "text": failure.text, "since": iso(failure.since)}
        if failure
        else None,
        "signals": [signal(s) for s in held.signals],
        "events": [event(h) for h in held.events if h.until > now],
    }


def _heard(held: ProbeState, now: datetime) -> str:
    """A policy or brand source has no availability: it can be read, or it is unknown."""
    return "readable" if held.failure is None and held.expires_at is not None and held.expires_at > now else "unknown"


def signal(each: Signal) -> dict[str, Any]:
    """One condition in a source."""
    return {
        "key": each.key,
        "family": each.family.value,
        "severity": each.severity.name.lower(),
        "certainty": each.certainty.value,
        "summary": each.summary,
        "state": each.stands_for.value if each.family in _LEVELS else None,
        "since": iso(each.since),
        "url": web_url(each.url),
        "evidence": [evidence(e) for e in each.evidence],
        "topics": list(each.topics),
    }


def event(held: Held) -> dict[str, Any]:
    """Something that was read once, and lapses."""
    return {**signal(held.signal), "read": iso(held.at), "lapses": iso(held.until)}


def evidence(each: Evidence) -> dict[str, Any]:
    """What a signal rests on; the text is the source's own."""
    return {"text": each.text, "at": iso(each.at), "url": web_url(each.url)}


# --- incidents -------------------------------------------------------------------------------------------------------

_TROUBLE = {
    Condition.AVAILABILITY: {Severity.CRITICAL: "outage", Severity.WARNING: "degraded"},
    Condition.RISK: {Severity.CRITICAL: "severe brand risk", Severity.WARNING: "elevated brand risk"},
    Condition.UNKNOWN: {},
    Condition.BLIND: {},
    Condition.DELIVERY: {},
    Condition.WATCHDOG: {},
    Condition.SCHEDULE: {},
}
_OTHERWISE = {
    Condition.AVAILABILITY: "in trouble",
    Condition.RISK: "brand risk",
    Condition.UNKNOWN: "state unknown",
    Condition.BLIND: "cannot see out",
    Condition.DELIVERY: "messages do not arrive",
    Condition.WATCHDOG: "the metrics path is broken",
    Condition.SCHEDULE: "nobody is on call",
}


def title_of(each: Incident, rules: Rules) -> str:
    """What happened, in a few words."""
    what = _TROUBLE[each.condition].get(max(each.severity, each.peak), _OTHERWISE[each.condition])
    if each.family is Family.POLICY:
        what = "policy change to act on"
    return f"{wording.scope_name(each, rules)}: {what}"


def incident(rules: Rules, each: Incident) -> dict[str, Any]:
    """An incident in one line."""
    return {
        "id": each.id,
        "title": title_of(each, rules),
        "scope": each.scope,
        "channels": list(each.channels),
        "condition": each.condition.value,
        "phase": each.phase.value,
        "severity": each.severity.name.lower(),
        "peak": max(each.peak, each.severity).name.lower(),
        "opened": iso(each.opened),
        "resolved": iso(each.resolved),
        "duration_s": (each.resolved - each.opened).total_seconds() if each.resolved else None,
        "reopened": iso(each.reopened),
        "reasons": [sentence(r) for r in each.reasons] or [f"{title_of(each, rules)}."],
        "revision": each.revision,
        "unseen": each.unseen,
        "unstable": each.unstable,
        "lead_s": each.lead_s,
        "told": [
            {"destination": t.destination, "who": wording.destination_name(rules, t.destination), "at": iso(t.at),
             "resolved": t.resolved, "lost": t.lost}
            for t in each.told
        ],
    }  # fmt: skip


_OUTCOMES = {
    "delivered": "it arrived",
    "rejected": "the receiver refused it",
    "retry": "it did not get through and is tried again",
    "unknown": "it went out and no answer came",
    "expired": "it was too old to be sent",
    "superseded": "newer news took its place",
}
_STEPS = {
    "opened": "the opening",
    "updated": "an update",
    "repeat": "a reminder",
    "escalated": "the call",
    "acknowledged": "the word that it is taken",
    "handed_over": "the word that somebody else has it",
    "lapsed": "the word that it is no longer taken",
    "resolved": "the all-clear",
}


def _who(rules: Rules, decision: Decision) -> str:
    """Whom a decision concerns, where its own words do not say so."""
    if not decision.destination or decision.code.startswith("told_"):
        return ""
    return wording.destination_name(rules, decision.destination)


def timeline(rules: Rules, decisions: Iterable[Decision], deliveries: Iterable[Delivery]) -> list[dict[str, Any]]:
    """What was decided and who was told, oldest first."""
    told = list(deliveries)
    # The ledger comes newest first; of what was decided at the same moment, the first decided stands first.
    decisions = list(decisions)[::-1]
    rows: list[tuple[datetime, dict[str, Any]]] = [
        (
            d.at,
            {
                "kind": "decision",
                "code": d.code,
                "text": sentence(d.text),
                "who": _who(rules, d),
                "evidence": list(d.evidence),
            },
        )
        for d in decisions
        if not (told and d.code in _OUTCOMES)  # the attempts themselves say it better
    ]
    for each in told:
        notification = each.row.notification
        who = wording.destination_name(rules, notification.destination)
        step = _STEPS.get(notification.step, notification.step)
        for attempt in each.attempts:
            said = _OUTCOMES.get(attempt.outcome, str(attempt.outcome))
            detail = f" ({attempt.detail})" if attempt.detail and attempt.outcome != "delivered" else ""
            text = f"Sent {step} to {who}: {said}{detail}."
            rows.append((attempt.at, {"kind": "delivery", "code": str(attempt.outcome), "text": text, "who": who}))
        if not each.attempts:
            text = f"{step[0].upper()}{step[1:]} for {who} is in the outbox: {each.row.state}."
            rows.append(
                (notification.created, {"kind": "delivery", "code": str(each.row.state), "text": text, "who": who})
            )
    rows.sort(key=lambda row: row[0])
    return [{"at": iso(at), **row} for at, row in rows]


# --- the whole -------------------------------------------------------------------------------------------------------


def group(availability: str, risk: str) -> str:
    """Where a channel belongs on the board: trouble, unknown, maintenance or well."""
    if availability in {"outage", "degraded"} or risk in {"elevated", "severe"}:
        return "trouble"
    return {"operational": "well", "maintenance": "maintenance"}.get(availability, "unknown")


_ORDER = {"outage": 0, "degraded": 2, "unknown": 4, "maintenance": 5, "operational": 6}
_RISK_ORDER = {"severe": 1, "elevated": 3, "watch": 5, "none": 6}


def order(row: Mapping[str, Any]) -> tuple[int, int, str]:
    """The place on the board: the worst first, then by name."""
    worst = min(_ORDER[row["availability"]], _RISK_ORDER[row["risk"]])
    return worst, _ORDER[row["availability"]], row["name"].casefold()


def ago(moment: datetime | None, now: datetime) -> str:
    """How long since, coarse enough that a page need not change every second."""
    if moment is None:
        return ""
    span = max(now - moment, timedelta(0))
    if span < timedelta(minutes=1):
        return "less than a minute"
    if span >= timedelta(days=3):
        return f"{span.days} days"
    return wording.duration(span)
