"""Every sentence that people are sent: what happened, what it means, what to do, how sure we are, when they hear next.

Written for a marketer at 3 in the morning: no status codes, no jargon, a state in a word and a symbol. Titles have at
most 80 characters. Times are in the team's zone, which is named.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.model import (
    ChannelRule,
    ChannelState,
    Condition,
    Incident,
    Link,
    Message,
    Risk,
    Rules,
    Told,
)
from probes.base import Availability, Family, Severity, clip

__all__ = ["clock", "compose", "destination_name", "duration", "scope_name"]

TITLE_CHARS_MAX = 80
TEXT_CHARS_MAX = 1_500
NAMES_MAX = 5
LINKS_MAX = 3

SYMBOLS = {
    Availability.OPERATIONAL: "✔",
    Availability.MAINTENANCE: "🛠",
    Availability.DEGRADED: "▲",
    Availability.OUTAGE: "✖",
    Availability.UNKNOWN: "?",
}
_RISK_SYMBOL, _OURS_SYMBOL, _WELL_SYMBOL = "⚠", "◎", "✔"


def duration(span: timedelta) -> str:
    """``"45 s"``, ``"7 min"``, ``"3 h 05 min"``, ``"2 days 4 h"``."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 1:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{days} day{'s' if days > 1 else ''} {hours % 24} h"


def clock(moment: datetime, rules: Rules, now: datetime | None = None, *, seconds: bool = False) -> str:
    """``"09:17"`` in the team's zone; with the date when it is another day than `now`."""
    local = moment.astimezone(_zone(rules))
    other_day = now is not None and now.astimezone(_zone(rules)).date() != local.date()
    return f"{local:{'%d %b ' if other_day else ''}%H:%M{':%S' if seconds else ''}}"


def _zone(rules: Rules) -> ZoneInfo:
    return ZoneInfo(rules.timezone)


def scope_name(incident: Incident, rules: Rules) -> str:
    """What people call the thing in trouble."""
    known = [rules.channels[c] for c in incident.channels if c in rules.channels]
    if incident.condition in (Condition.BLIND, Condition.DELIVERY):
        return "Vigie"
    if len(incident.channels) > 1 and known:
        return known[0].platform_name
    return known[0].name if known else incident.scope


def destination_name(rules: Rules, destination: str) -> str:
    """A contact as people may see it: the person and the way, never the address."""
    known = rules.destinations.get(destination)
    return f"{known.name} by {known.way or known.service}" if known else destination


# --- one message -----------------------------------------------------------------------------------------------------


def compose(
    incident: Incident, step: str, told: Told | None, rules: Rules, channels: Iterable[ChannelState], now: datetime
) -> Message:
    """The message of one step ("opened", "updated", "resolved") of an incident to somebody told `told` before."""
    members = {c.id: c for c in channels}
    resolved = step == "resolved"
    paragraphs = [
        *([("What changed", _changed(incident, told, rules))] if step == "updated" and told else []),
        ("What happened", _happened(incident, rules, members, now, resolved=resolved)),
        ("What it means for you", _means(incident, rules, resolved=resolved)),
        *([] if resolved else [("What to do now", _todo(incident, rules))]),
        *([] if resolved else [("How sure we are", _sure(incident, members))]),
        ("When you will hear next", _next(rules, resolved=resolved)),
    ]
    return Message(
        title=_title(incident, step, rules, members, now),
        symbol=_WELL_SYMBOL if resolved else _symbol(incident),
        paragraphs=tuple((heading, clip(text, TEXT_CHARS_MAX)) for heading, text in paragraphs if text),
        links=_links(incident, rules),
    )


def _title(incident: Incident, step: str, rules: Rules, members: dict[str, ChannelState], now: datetime) -> str:
    name, what = scope_name(incident, rules), _what(incident, members)
    since = clock(incident.opened, rules, now)
    if step == "resolved":
        span = duration((incident.resolved or now) - incident.opened)
        text = f"{name}: {_over(incident)} after {span}"
    elif step == "updated":
        text = f"{name}: now {what}, since {since}"
    else:
        text = f"{name}: {what} since {since}"
    room = TITLE_CHARS_MAX - len(text) + len(name)
    return text.replace(name, clip(name, max(8, room)), 1) if len(text) > TITLE_CHARS_MAX else text


def _what(incident: Incident, members: dict[str, ChannelState]) -> str:
    if incident.condition is Condition.AVAILABILITY:
        if incident.severity is Severity.CRITICAL:
            return "outage"
        confirmed = any(m.health.confirmed for m in members.values() if m.health.availability is Availability.DEGRADED)
        return "degraded" if confirmed or not members else "degraded (unconfirmed)"
    if incident.condition is Condition.RISK and incident.family is Family.POLICY:
        return "policy change to act on"
    return {
        Condition.RISK: "severe brand risk" if incident.severity is Severity.CRITICAL else "elevated brand risk",
        Condition.UNKNOWN: "state unknown",
        Condition.BLIND: "cannot see out",
        Condition.DELIVERY: "messages do not arrive",
    }[incident.condition]


def _over(incident: Incident) -> str:
    if incident.family is Family.POLICY:
        return "the policy change is no news any more"
    return {
        Condition.AVAILABILITY: "works again",
        Condition.RISK: "brand risk is down",
        Condition.UNKNOWN: "can be seen again",
        Condition.BLIND: "sees out again",
        Condition.DELIVERY: "messages arrive again",
    }[incident.condition]


def _symbol(incident: Incident) -> str:
    if incident.condition is Condition.AVAILABILITY:
        critical = incident.severity is Severity.CRITICAL
        return SYMBOLS[Availability.OUTAGE if critical else Availability.DEGRADED]
    if incident.condition is Condition.RISK:
        return _RISK_SYMBOL
    return SYMBOLS[Availability.UNKNOWN] if incident.condition is Condition.UNKNOWN else _OURS_SYMBOL


def _changed(incident: Incident, told: Told, rules: Rules) -> str:
    said = []
    if told.resolved:
        said.append("It is in trouble again, after we had told you that it worked.")
    if incident.peak > told.severity:
        said.append("It got worse.")
    joined = [c for c in incident.channels if c not in told.channels]
    if joined:
        said.append(f"Now also: {_names(joined, rules)}.")
    return " ".join(said)


def _happened(
    incident: Incident, rules: Rules, members: dict[str, ChannelState], now: datetime, *, resolved: bool
) -> str:
    zone = f"({rules.timezone} time)"
    if resolved:
        end = incident.resolved or now
        span = f"from {clock(incident.opened, rules, now)} to {clock(end, rules, now)} {zone}"
        text = f"It lasted {duration(end - incident.opened)}, {span}."
        return f"{text} It was: {_sentences(incident.reasons[:2])}" if incident.reasons else text
    lines = [f"{_sentences(incident.reasons[:4])}"] if incident.reasons else []
    lines.append(f"Since {clock(incident.opened, rules, now)} {zone}.")
    if len(incident.channels) > 1:
        words = [
            f"{rules.channels[c].name}: {members[c].health.availability.value}"
            for c in incident.channels
            if c in members and c in rules.channels
        ]
        lines.append("Channels: " + "; ".join(words) + ".")
    if incident.unstable:
        lines.append("It keeps changing between trouble and well; you will not hear of every change.")
    if incident.lead_s:
        lines.append(f"Our own calls saw it {duration(timedelta(seconds=incident.lead_s))} before the vendor's page.")
    return "\n".join(lines)


def _sentences(reasons: Iterable[str]) -> str:
    return "\n".join(r if r.endswith((".", "…", "!", "?")) else f"{r}." for r in reasons)


def _means(incident: Incident, rules: Rules, *, resolved: bool) -> str:
    names = _names(incident.channels, rules)
    if incident.family is Family.POLICY:
        return "" if resolved else f"Rules, prices or interfaces of {names} change: tools or campaigns there may break."
    if resolved:
        return {
            Condition.AVAILABILITY: f"You can rely on {names} again. Look over what was due to go out meanwhile.",
            Condition.RISK: f"Nothing recent speaks against {names} any more.",
            Condition.UNKNOWN: f"We can tell again how {names} is doing.",
            Condition.BLIND: "Verdicts are fresh again. What happened meanwhile shows from now on.",
            Condition.DELIVERY: "Messages that waited have been sent, or are shown on the board.",
        }[incident.condition]
    if incident.condition is Condition.AVAILABILITY:
        if incident.severity is Severity.CRITICAL:
            return f"Posts, ads and messages on {names} are likely to fail now, and budgets to be spent without effect."
        return f"Posts, ads and messages on {names} may be late or fail in part."
    return {
        Condition.RISK: f"Your brand may be shown beside harm on {names}, or be harmed by it.",
        Condition.UNKNOWN: f"We cannot tell whether {names} works. It may be fine, or it may not.",
        Condition.BLIND: "Most of what Vigie looks at cannot be reached at once, so the fault is likely on our side. "
        "Channel verdicts are on hold.",
        Condition.DELIVERY: "Somebody who should hear of trouble may not hear of it.",
    }[incident.condition]


def _todo(incident: Incident, rules: Rules) -> str:
    known = [rules.channels[c] for c in incident.channels if c in rules.channels]
    risk = "Look at the evidence, and decide whether campaigns there go on."
    if incident.family is Family.POLICY:
        risk = "Read the change and its date with IT, and plan what has to be ready by then."
    lines = [
        {
            Condition.AVAILABILITY: "Hold what is scheduled there, and pause paid campaigns if it lasts.",
            Condition.RISK: risk,
            Condition.UNKNOWN: "Check by hand before anything important goes out there.",
            Condition.BLIND: "Ask IT to look at Vigie's network and DNS.",
            Condition.DELIVERY: "Check that contact, and tell IT.",
        }[incident.condition]
    ]
    lines += [f"Fall back on {_fallback(c, rules)} instead of {c.name}." for c in known[:NAMES_MAX] if c.fallback]
    lines += [f"Playbook for {c.name}: {c.playbook}" for c in known[:NAMES_MAX] if c.playbook]
    lines += [_owner(c) for c in known[:NAMES_MAX] if c.owner]
    return "\n".join(lines)


def _fallback(rule: ChannelRule, rules: Rules) -> str:
    other = rules.channels.get(rule.fallback)
    return other.name if other else rule.fallback


def _owner(rule: ChannelRule) -> str:
    deputy = f" (deputy: {rule.deputy})" if rule.deputy else ""
    return f"Owner of {rule.name}: {rule.owner}{deputy}."


def _sure(incident: Incident, members: dict[str, ChannelState]) -> str:
    if incident.condition in (Condition.BLIND, Condition.DELIVERY):
        return "We measured this ourselves."
    if incident.unseen:
        return "The evidence is no longer fresh: a source has gone dark since."
    unknowns = [u for m in members.values() for u in m.health.unknowns]
    if incident.condition is Condition.UNKNOWN:
        return _sentences(unknowns[:3])
    if incident.condition is Condition.AVAILABILITY and any(not m.health.confirmed for m in members.values()):
        text = "Not confirmed by a second source."
    elif incident.family is Family.POLICY:
        text = "It stands in the vendor's own feed."
    elif incident.condition is Condition.RISK and not any(m.health.risk is Risk.SEVERE for m in members.values()):
        text = "As reported; not confirmed by a second publisher."
    else:
        text = "Confirmed by the vendor's own word or by independent sources."
    return "\n".join([text, *([f"Not known: {_sentences(unknowns[:2])}"] if unknowns else [])])


def _next(rules: Rules, *, resolved: bool) -> str:
    if resolved:
        window = duration(rules.reopen_within)
        return f"Only if it comes back. Within {window} it counts as the same trouble."
    return "When it gets worse, when another channel joins, and when it is over."


def _names(channels: Iterable[str], rules: Rules) -> str:
    names = [rules.channels[c].name if c in rules.channels else c for c in channels]
    if len(names) > NAMES_MAX:
        return ", ".join(names[:NAMES_MAX]) + f" and {len(names) - NAMES_MAX} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _links(incident: Incident, rules: Rules) -> tuple[Link, ...]:
    links = []
    if rules.board_url:
        links.append(Link("Vigie's board", f"{rules.board_url.rstrip('/')}/incidents/{incident.id}"))
    for channel in incident.channels:
        rule = rules.channels.get(channel)
        if rule is not None and rule.status_url and len(links) < LINKS_MAX:
            links.append(Link("The vendor's page", rule.status_url))
        if rule is not None and rule.playbook.startswith(("https://", "http://")) and len(links) < LINKS_MAX:
            links.append(Link(f"{rule.name}: playbook", rule.playbook))
    return tuple({link.url: link for link in links}.values())
