"""What matchers look at: the labels of one channel of an incident."""

from monitor.core.duty import Labels
from monitor.core.model import ChannelRule, ChannelState, Condition, Incident, Risk
from probes.base import Availability, Family, Severity

__all__ = ["LABELS", "WORDS", "labels_for_report", "labels_of", "labels_of_channel", "supposed"]

LABELS = ("channel", "platform", "kind", "family", "severity", "state", "market", "tags")
"""Every label there is. One that does not apply to an incident is missing, which matchers read as the empty text."""

WORDS: dict[str, tuple[str, ...]] = {
    "kind": tuple(c.value for c in Condition),
    "family": tuple(f.value for f in Family),
    "severity": tuple(s.name.lower() for s in Severity if s is not Severity.OK),
    "state": tuple(dict.fromkeys([*(a.value for a in Availability), *(r.value for r in Risk)])),
}
"""The labels whose values are a closed list, and the lists."""

_MEASURES = (Family.STATUS, Family.API)


def labels_of(incident: Incident, channel: ChannelRule | None, state: ChannelState | None) -> Labels:
    """The labels of one channel of an incident; of an incident without channels with neither rule nor state.

    `severity` is the worst that the incident has been, so that what a route or a silence has caught stays caught.
    `state` is what the channel is now: a word of availability, or of risk.
    """
    families: tuple[str, ...] = ()
    word = ""
    if incident.condition is Condition.RISK:
        families = (incident.family.value,) if incident.family else ()
        word = state.health.risk.value if state else ""
    elif incident.condition in (Condition.AVAILABILITY, Condition.UNKNOWN) and channel is not None:
        families = _speaking(channel, state)
        word = state.health.availability.value if state else ""
    return _labels(channel, incident.condition, families, incident.peak, word)


def labels_for_report(channel: ChannelRule, family: Family, severity: Severity = Severity.INFO) -> Labels:
    """The labels of what is too small for an incident: those that the incident of its family would have."""
    condition = Condition.AVAILABILITY if family in _MEASURES else Condition.RISK
    return _labels(channel, condition, (family.value,), severity, "")


def labels_of_channel(channel: ChannelRule) -> Labels:
    """The labels that stay, whatever happens to the channel."""
    labels = {"channel": (channel.id,), "platform": (channel.platform,), "market": (channel.market,)}
    return _present({**labels, "tags": channel.tags})


def supposed(said: Labels, channel: ChannelRule | None) -> Labels:
    """Some labels with all the others that such trouble has: for whoever asks what would become of it.

    What is not said is the worst; the state and the severity follow from each other, the family from the probes.
    """
    family, state = (said.get(name, ("",))[0] for name in ("family", "state"))
    kind = said.get("kind", (_kind(family, state).value,))[0]
    words = _STATES.get(kind, {})
    usual = "critical" if "critical" in words else "warning"
    severity = next((s for s, word in words.items() if word == state), usual)
    found = {"kind": (kind,), "severity": (severity,), **(labels_of_channel(channel) if channel else {}), **said}
    found = {"state": (words.get(found["severity"][0], ""),), **found}
    if channel is not None and kind in (Condition.AVAILABILITY.value, Condition.UNKNOWN.value):
        found = {"family": _speaking(channel, None), **found}
    return _present(found)


_STATES = {
    Condition.AVAILABILITY.value: {"critical": Availability.OUTAGE.value, "warning": Availability.DEGRADED.value},
    Condition.RISK.value: {"critical": Risk.SEVERE.value, "warning": Risk.ELEVATED.value},
    Condition.UNKNOWN.value: {"warning": Availability.UNKNOWN.value},
}
"""Kind of an incident -> severity -> what the channel then is. Those about Vigie itself are warnings, of no channel."""


def _kind(family: str, state: str) -> Condition:
    if family in (Family.POLICY.value, Family.BRAND.value) or state in _STATES[Condition.RISK.value].values():
        return Condition.RISK
    return Condition.UNKNOWN if state == Availability.UNKNOWN.value else Condition.AVAILABILITY


def _speaking(channel: ChannelRule, state: ChannelState | None) -> tuple[str, ...]:
    """The families of the probes that carry the verdict; without such a probe, of those that could."""
    heard = {e.partition("#")[0] for e in state.health.evidence} if state else set()
    can = [p for p in channel.probes if p.family in _MEASURES]
    speaking = [p for p in can if p.id in heard] or can
    return tuple(f.value for f in _MEASURES if any(p.family is f for p in speaking))


def _labels(
    channel: ChannelRule | None, condition: Condition, families: tuple[str, ...], severity: Severity, word: str
) -> Labels:
    labels = {"kind": (condition.value,), "severity": (severity.name.lower(),), "family": families, "state": (word,)}
    return _present({**labels, **(labels_of_channel(channel) if channel else {})})


def _present(labels: Labels) -> Labels:
    """Without those that are empty, in the order of `LABELS`."""
    return {name: labels[name] for name in LABELS if any(labels.get(name, ()))}
