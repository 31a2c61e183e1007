"""Pagers keep incidents of their own. What ours begins, takes and ends, theirs must too: all of it under one key.

Apprise's plugins raise, and most end too, once they are told the key and the action. Two pagers need a few requests of
ours in place of its own: PagerDuty's plugin cannot acknowledge, and Opsgenie's finds an alert again only in the memory
of the object that made it, and says "sent" where it sent nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from monitor.notify.model import Envelope
from monitor.notify.neutral import cut, one_line
from monitor.notify.render import Rendered
from monitor.notify.steps import Stage, page_of, severity_of, stage_of

__all__ = ["Call", "Plan", "mark", "plan_of"]

KEY_CHARS_MAX = 255
DETAIL_CHARS_MAX = 500
NOTE_CHARS_MAX = 20_000

PAGERDUTY = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
OPSGENIE = {"us": "https://api.opsgenie.com/v2/alerts", "eu": "https://api.eu.opsgenie.com/v2/alerts"}
OPSGENIE_PRIORITIES = {"critical": 1, "warning": 3, "info": 5}


@dataclass(frozen=True, slots=True)
class _Pager:
    """How a plugin is told: the attribute that holds the key, and its words for open, taken ("": it has none), over."""

    key: str
    opened: str = "trigger"
    taken: str = ""
    over: str = "resolve"


_PAGERS = {
    "pagerduty": _Pager("dedup"),
    "opsgenie": _Pager("alias", opened="new"),
    "squadcast": _Pager("dedup"),
    "ilert": _Pager("dedup", taken="acknowledge"),
    "incidentio": _Pager("dedup"),
    "firehydrant": _Pager("dedup"),
    "goalert": _Pager("dedup", over="close"),
    "goalerts": _Pager("dedup", over="close"),
    "pagertree": _Pager("thirdparty", opened="create", taken="acknowledge"),
    "signl4": _Pager("external_id", taken="acknowledge"),
    "splunk": _Pager("entity_id", opened="", taken="acknowledgement", over="recovery"),
    "victorops": _Pager("entity_id", opened="", taken="acknowledgement", over="recovery"),
}
"""Those whose plugins know no key (spike, betterstack, xmatters) get each message as one of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of ours, a POST of JSON. `headers` are secret."""

    url: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent: by the plugin, or not, and then by ourselves."""

    by_plugin: bool = True
    calls: tuple[Call, ...] = ()


def mark(plugin: Any, scheme: str, envelope: Envelope) -> None:  # noqa: ANN401 - apprise is untyped
    """Tell the plugin the key, the action and what the message is about. What the contact itself sets, wins."""
    pager = _PAGERS.get(scheme)
    if pager is None:
        return
    if not _own_key(plugin, pager):
        setattr(plugin, pager.key, _key(scheme, envelope))
    if "action" not in plugin.vigie_said:
        stage = stage_of(envelope.step)
        words = {Stage.TAKEN: pager.taken, Stage.OVER: pager.over}
        plugin.action = words.get(stage) or pager.opened or severity_of(envelope)
    if not getattr(plugin, "click", True):
        plugin.click = page_of(envelope) or None
    if scheme == "pagerduty":
        _mark_pagerduty(plugin, envelope)
    elif scheme == "opsgenie":
        plugin.details = _details(envelope) | plugin.details
        if "priority" not in plugin.vigie_said:
            plugin.priority = OPSGENIE_PRIORITIES[severity_of(envelope)]


def _own_key(plugin: Any, pager: _Pager) -> bool:  # noqa: ANN401 - apprise is untyped
    """Whether the contact names a key itself; Splunk's plugin makes one up."""
    made_up = f"{plugin.app_id}/{plugin.routing_key}" if pager.key == "entity_id" else ""
    return (getattr(plugin, pager.key) or "") != made_up


def _key(scheme: str, envelope: Envelope) -> str:
    if scheme == "opsgenie":  # there it stands in a path, where an escaped slash does not always arrive as one
        return re.sub(r"[^\w.-]", "-", f"vigie-{envelope.incident}", flags=re.ASCII)[:KEY_CHARS_MAX]
    return f"vigie/{envelope.incident}"[:KEY_CHARS_MAX]


def _mark_pagerduty(plugin: Any, envelope: Envelope) -> None:  # noqa: ANN401 - apprise is untyped
    labels = envelope.labels
    plugin.details = _details(envelope) | plugin.details
    plugin.severity = plugin.severity or severity_of(envelope)
    plugin.group = plugin.group or _joined(labels.get("platform", ())) or None
    plugin.class_id = plugin.class_id or _joined(labels.get("kind", ())) or None
    plugin.source = "Vigie" if plugin.source == "Apprise" else plugin.source
    if plugin.component in {"Notification", "Apprise"}:
        plugin.component = _joined(labels.get("channel", ())) or "Vigie"


def _details(envelope: Envelope) -> dict[str, str]:
    found = {name: _joined(values) for name, values in envelope.labels.items()}
    found |= {"incident": envelope.incident, "step": envelope.step, "key": envelope.key}
    found["opened"] = envelope.opened.isoformat() if envelope.opened else ""
    return {name: value for name, value in found.items() if value}


def _joined(values: tuple[str, ...]) -> str:
    return cut(one_line(", ".join(values)), DETAIL_CHARS_MAX)


def plan_of(plugin: Any, scheme: str, envelope: Envelope, words: Rendered) -> Plan:  # noqa: ANN401 - apprise is untyped
    """Return who sends what; the plugin is marked."""
    stage = stage_of(envelope.step)
    if scheme == "pagerduty" and stage is Stage.TAKEN and "action" not in plugin.vigie_said:
        body = {"routing_key": plugin.integration_key, "event_action": "acknowledge", "dedup_key": plugin.dedup}
        return Plan(by_plugin=False, calls=(Call(PAGERDUTY[plugin.region_name], body),))
    if scheme != "opsgenie" or "action" in plugin.vigie_said:
        return Plan()
    match stage:
        case Stage.TAKEN:
            return Plan(by_plugin=False, calls=(_opsgenie(plugin, "acknowledge", words),))
        case Stage.OVER:
            return Plan(by_plugin=False, calls=(_opsgenie(plugin, "close", words),))
        case Stage.OPEN if envelope.step not in {"opened", "repeat"}:
            # The same alias only counts one up: the new words would be lost without a note.
            return Plan(calls=(_opsgenie(plugin, "notes", words),))
        case _:
            return Plan()


def _opsgenie(plugin: Any, act: str, words: Rendered) -> Call:  # noqa: ANN401 - apprise is untyped
    note = "\n\n".join(part for part in (words.title, words.text) if part)
    body = {"source": "Vigie", "note": cut(note, NOTE_CHARS_MAX)} | ({"user": plugin.user} if plugin.user else {})
    url = f"{OPSGENIE[plugin.region_name]}/{quote(plugin.alias, safe='')}/{act}?identifierType=alias"
    return Call(url, body, {"Authorization": f"GenieKey {plugin.apikey}"})
