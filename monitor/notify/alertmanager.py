"""Alertmanager as a receiver: an incident is one alert, made and ended through its API v2.

Alertmanager knows an alert by its labels alone, so a label that changed would be a second alert, and the first would
stay. Labels are therefore what an incident keeps for life: `alertname` (by the kind of trouble), `kind`, `incident`,
and those that the contact adds. Channels, severity and words change, so they are annotations. Whoever routes by
severity in Alertmanager gives Vigie's own routes two contacts, one with ``?+severity=critical``.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from monitor.core.model import Condition
from monitor.notify.model import Envelope
from monitor.notify.neutral import cut, one_line
from monitor.notify.steps import Stage, page_of, stage_of

if TYPE_CHECKING:  # the daemon looks at contacts without loading what renders
    from monitor.notify.render import Rendered

__all__ = ["SCHEMES", "Target", "alert_of", "target_of"]

SCHEMES = {"alertmanager": "http", "alertmanagers": "https"}
PORT = 9_093  # of alertmanager:// without one; alertmanagers:// is https, whose port is a proxy's
PATH = "/api/v2/alerts"
LABELS_MAX = 20
LABEL_CHARS_MAX = 200
ANNOTATION_CHARS_MAX = 1_000

STANDS_FOR = timedelta(days=31)
"""How long an open alert stands without another word from us.

Alertmanager ends an alert by itself at its `endsAt`, which says "resolved" of what we only have not spoken of. An open
incident is repeated every few hours until it is acknowledged, and then no more: the longest that we say nothing of it
is the longest silence, 30 days. Should Vigie die, its dead-man's switch tells, not the end of its alerts.
"""

NOTE_STANDS_FOR = timedelta(hours=1)
"""How long what is no incident stands (a digest, a drill, a handoff, a test): long enough to be grouped and sent, and
gone by itself."""

_NAMES = {
    Condition.AVAILABILITY: "VigieChannelTrouble",
    Condition.RISK: "VigieChannelRisk",
    Condition.UNKNOWN: "VigieChannelUnknown",
    Condition.BLIND: "VigieBlind",
    Condition.DELIVERY: "VigieDeliveryTrouble",
    Condition.WATCHDOG: "VigieWatchdogSilent",
    Condition.SCHEDULE: "VigieScheduleTrouble",
}
_OURS = frozenset({"alertname", "kind", "incident"})
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ANNOTATED = ("channel", "platform", "family", "severity", "state", "market", "tags")


@dataclass(frozen=True, slots=True)
class Target:
    """What a contact says: where to post, with which headers (secret), and the labels that it adds."""

    url: str
    headers: Mapping[str, str]
    labels: Mapping[str, str]


def target_of(contact: str) -> Target:
    """Read ``alertmanager[s]://[user:password@]host[:port][/prefix][?token=...&+label=value]``.

    Raises ValueError with a sentence that repeats nothing of the contact but names of parameters and labels.
    """
    try:
        parts = urlsplit(contact)
        port = parts.port
    except ValueError:  # its own words repeat what they are about
        raise ValueError("its host or port cannot be read") from None
    if not parts.hostname:
        raise ValueError("it names no host; write it as alertmanager://host:9093")
    if parts.fragment or contact.endswith("#"):
        raise ValueError("it holds a #; write it as %23")
    token, labels = _parameters(parts.query)
    headers = {}
    if token and parts.username is not None:
        raise ValueError("it has both a user and a token; Alertmanager takes one of them")
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    scheme = SCHEMES[parts.scheme.lower()]
    host = parts.netloc.rpartition("@")[2]
    if scheme == "http" and port is None:
        host = f"{host.rstrip(':')}:{PORT}"
    prefix = parts.path.rstrip("/").removesuffix(PATH)
    return Target(f"{scheme}://{host}{prefix}{PATH}", headers, labels)


def _parameters(query: str) -> tuple[str, dict[str, str]]:
    """The token and the labels. Not by `parse_qsl`, which reads the + of a label as a blank."""
    token, labels = "", dict[str, str]()
    for item in filter(None, query.split("&")):
        name, _, value = (unquote(part) for part in item.partition("="))
        if name == "token":
            token = value
            if not value.isascii() or not value.isprintable():
                raise ValueError("its token holds a sign that no header can carry")
        elif name.startswith("+"):
            labels[name[1:]] = _label(name[1:], value)
        else:
            shown = name if re.fullmatch(r"[a-z_]{1,20}", name) else "(unreadable)"
            raise ValueError(f"the parameter {shown} is unknown; known are token, and +name for a label")
    if len(labels) > LABELS_MAX:
        raise ValueError(f"it adds more than {LABELS_MAX} labels")
    return token, labels


def _label(name: str, value: str) -> str:
    if not _LABEL.fullmatch(name) or len(name) > LABEL_CHARS_MAX:
        raise ValueError("the name of a label holds letters, digits and _ only, and begins with no digit")
    if name in _OURS:
        raise ValueError(f"the label {name} is Vigie's own")
    if not value or len(value) > LABEL_CHARS_MAX:
        raise ValueError(f"the label {name} needs a value of 1 to {LABEL_CHARS_MAX} characters")
    return value


def alert_of(envelope: Envelope, words: "Rendered", more: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return the alert that a message is, as the API wants it. `more`: the labels of the contact.

    `words` must hold no signed link: whoever may look at Alertmanager would hold it too.
    """
    labels = {"incident": envelope.incident}
    stage = stage_of(envelope.step)
    if stage is not Stage.NOTE:
        kind = next(iter(envelope.labels.get("kind", ())), "")
        labels |= {"alertname": _NAMES[Condition(kind)] if kind in set(Condition) else "VigieTrouble", "kind": kind}
        begins, ends = envelope.opened or envelope.created, now + STANDS_FOR
        if stage is Stage.OVER:
            ends = max(envelope.resolved or envelope.created, begins)
    else:
        # Its end counts from now: one that waited for a digest would be over before Alertmanager hears of it.
        labels |= {"alertname": "Vigie" + envelope.step.title().replace("_", ""), "kind": "note"}
        begins, ends = envelope.created, now + NOTE_STANDS_FOR
    alert: dict[str, Any] = {
        "labels": {name: value for name, value in {**more, **labels}.items() if value},
        "annotations": _annotations(envelope, words),
        "startsAt": _moment(begins),
        "endsAt": _moment(ends),
    }
    page = page_of(envelope)
    return alert | ({"generatorURL": page} if page else {})


def _annotations(envelope: Envelope, words: "Rendered") -> dict[str, str]:
    found = {"summary": one_line(words.title), "description": words.text, "step": envelope.step}
    for name in _ANNOTATED:
        value = cut(one_line(", ".join(envelope.labels.get(name, ()))), ANNOTATION_CHARS_MAX)
        found["channels" if name == "channel" else name] = value
    return {name: value for name, value in found.items() if value}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
