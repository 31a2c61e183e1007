"""What is held back from people, and what is told in the messages on its cause instead.

Holding back touches messages only: never a verdict, the ledger, the board or a message that trouble is over.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core import holding, paging
from monitor.core.draft import Draft, platform_key
from monitor.core.holding import Facts, next_edge
from monitor.core.labels import labels_of
from monitor.core.model import Condition, Incident, Rules

__all__ = ["hold"]


def hold(draft: Draft, incident: Incident) -> datetime | None:
    """Bring in line which of its channels may be told of; every change is in the ledger.

    Returns when time alone may change that; None: never.
    """
    held, edge = _held_now(draft, incident)
    if held != incident.held:
        _take(draft, incident, held)
    return edge


def _take(draft: Draft, incident: Incident, held: Mapping[str, str]) -> None:
    for channel, code in held.items():
        if incident.held.get(channel) != code:
            _explain_hold(draft, incident, channel, code)
    for channel in incident.held:
        if channel not in held:
            draft.decide("held_ended", "It may be told again", channel=channel, incident=incident)
    members = incident.channels or ("",)
    was, is_now = (all(c in h for c in members) for h in (incident.held, held))
    updated = replace(incident, held=held)
    if was and not is_now:
        by_parent = all(code.startswith("depends:") for code in incident.held.values())
        wait = draft.rules.route.wait(incident.peak) if draft.rules.route and by_parent else timedelta(0)
        loud = draft.now + wait
        updated = paging.resume(replace(updated, loud=loud), loud)
    elif is_now and not was:
        updated = _fold(draft, updated)
    draft.put_incident(updated)


def _explain_hold(draft: Draft, incident: Incident, channel: str, code: str) -> None:
    kind, _, which = code.partition(":")
    named, text = {
        "silence": ("held_silence", f"Silence {which} holds it back"),
        "depends": ("held_depends", f"{name_of_node(draft.rules, which)} is out, and it rests on that"),
        "maintenance": ("held_maintenance", f"Our own work {which} is under way"),
    }[kind]
    draft.decide(named, text, channel=channel, incident=incident)
    if kind == "silence" and which in draft.silences and not draft.silences[which].held:
        draft.put_silence(replace(draft.silences[which], held=True))


def name_of_node(rules: Rules, node: str) -> str:
    """What people call a node of the dependencies: a channel or a platform."""
    if node in rules.channels:
        return rules.channels[node].name
    return next((c.platform_name for c in rules.channels.values() if c.platform == node), node)


def _fold(draft: Draft, incident: Incident) -> Incident:
    """A cause came to light just after its effect was told: the effect is told in the messages on the cause."""
    told = [t for t in incident.told if not t.resolved]
    node = next((code.partition(":")[2] for code in incident.held.values() if code.startswith("depends:")), "")
    cause = draft.find(Condition.AVAILABILITY, node) or draft.find(Condition.AVAILABILITY, platform_key(node))
    if not told or cause is None or draft.now - min(t.at for t in told) > draft.rules.fold_within:
        return incident
    text = f"Told from now on with incident {cause.id}, its cause"
    draft.decide("incident_folded", text, incident=incident)
    folded = tuple(replace(t, folded=not t.resolved) for t in incident.told)
    return replace(incident, folded=cause.id, told=folded)


def _held_now(draft: Draft, incident: Incident) -> tuple[dict[str, str], datetime | None]:
    """Channel ("" for an incident without) -> why it is held now, and when time alone may change that."""
    facts = Facts(
        rules=draft.rules,
        channels=draft.channels,
        silences=(*draft.rules.silences, *draft.standing_silences()),
        find=draft.find,
        now=draft.now,
    )
    found: dict[str, str] = {}
    edges = []
    for channel in incident.channels or ("",):
        labels = labels_of(incident, draft.rules.channels.get(channel), draft.channels.get(channel))
        edges.append(next_edge(labels, facts))
        code = holding.held(incident, channel, labels, facts)
        if code:
            found[channel] = code
    return found, min((e for e in edges if e is not None), default=None)
