"""What people call things: an incident's scope, a contact, a moment, a state."""

from datetime import datetime

from monitor.core.model import Condition, Incident, Rules
from monitor.core.saying import Saying, mark
from monitor.core.wording.speech import Speech
from probes.base import Availability

__all__ = ["OURS", "SYMBOLS", "board_link", "clock", "destination_name", "scope_name"]

SYMBOLS = {
    Availability.OPERATIONAL: "✔",
    Availability.MAINTENANCE: "🛠",
    Availability.DEGRADED: "▲",
    Availability.OUTAGE: "✖",
    Availability.UNKNOWN: "?",
}
OURS = (Condition.BLIND, Condition.DELIVERY, Condition.WATCHDOG, Condition.SCHEDULE)
"""Conditions that are trouble of the house itself."""

_WAYS = {"mail": mark("mail"), "webhook": mark("webhook")}


def clock(moment: datetime, rules: Rules, now: datetime | None = None, *, seconds: bool = False) -> str:
    """``"09:17"`` in the team's zone, in English; with the date when it is another day than `now`."""
    return Speech(zone=rules.timezone, now=now).clock(moment, seconds=seconds)


def scope_name(incident: Incident, rules: Rules, channels: tuple[str, ...] | None = None) -> str:
    """What people call the thing in trouble. `channels`: those that are meant; None: all of the incident's."""
    meant = incident.channels if channels is None else channels
    known = [rules.channels[c] for c in meant if c in rules.channels]
    if incident.condition is Condition.SCHEDULE and incident.subject in rules.schedules:
        return rules.schedules[incident.subject].name
    if incident.condition in OURS:
        return "Vigie"
    if len(meant) > 1 and known:
        return known[0].platform_name
    return known[0].name if known else incident.scope


def destination_name(rules: Rules, destination: str) -> str:
    """A contact as people may see it: the person and the way, never the address."""
    known = rules.destinations.get(destination)
    if known is None:
        return destination
    way = known.way or known.service
    return Saying("{name} by {way}", name=known.name, way=Saying(_WAYS[way]) if way in _WAYS else way)


def board_link(rules: Rules, path: str = "") -> str:
    """A page of the board; empty when no address of it is configured."""
    return f"{rules.board_url.rstrip('/')}/{path}".rstrip("/") if rules.board_url else ""
