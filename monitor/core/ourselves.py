"""Incidents about ourselves: we are blind, messages do not arrive, the metrics' way is broken, nobody is on call."""

from dataclasses import replace
from datetime import datetime

from monitor.core import paging, wording
from monitor.core.draft import Draft
from monitor.core.incident import Move, advance, is_active
from monitor.core.life import STANDING, resolve
from monitor.core.model import MONITOR, Condition, Delivered, Incident, Phase, SendOutcome, Told
from monitor.core.saying import Saying
from probes.base import Severity

__all__ = ["delivered", "monitor_trouble", "monitor_well"]


def monitor_trouble(draft: Draft, condition: Condition, reasons: tuple[str, ...], subject: str = "") -> None:
    """An incident about us opens, or comes back."""
    key = subject or MONITOR
    known = draft.find(condition, key)
    if known is not None and (is_active(known.phase) or (known.by_hand and condition in STANDING)):
        return
    if known is not None:
        incident = replace(
            paging.anew(known, draft.now), phase=advance(known.phase, Move.RECUR), revision=known.revision + 1,
            resolved=None, reopened=draft.now, reasons=reasons,
        )  # fmt: skip
    else:
        pending = Incident(
            draft.next_incident_id(), MONITOR, condition, Phase.PENDING, Severity.WARNING, (), draft.now,
            reasons=reasons, peak=Severity.WARNING, subject=subject,
        )  # fmt: skip
        incident = replace(pending, phase=advance(pending.phase, Move.CONFIRM), firing=draft.now)
    draft.decide("incident_reopened" if known else "incident_opened", reasons[0], incident=incident)
    draft.put_incident(incident)


def monitor_well(draft: Draft, condition: Condition, why: str, subject: str = "") -> None:
    """The trouble about us is over, if there is one."""
    known = draft.find(condition, subject or MONITOR)
    if known is not None and is_active(known.phase):
        resolve(draft, known, why)
    elif known is not None and known.by_hand and condition in STANDING:
        draft.decide("let_go", "It is well by itself now", incident=known)
        draft.put_incident(replace(known, by_hand=""))


def delivered(draft: Draft, event: Delivered) -> None:
    """Remember who really heard; a message given up is a trouble of ours, told by another way if there is one."""
    incident = draft.incidents.get(event.incident)
    draft.decide(event.outcome.value, event.detail or "sent", incident=incident, destination=event.destination)
    if event.outcome in (SendOutcome.DELIVERED, SendOutcome.UNKNOWN) and incident is not None:
        draft.put_incident(replace(incident, told=tuple(_heard(t, event, draft.now) for t in incident.told)))
    if event.outcome is SendOutcome.UNKNOWN:
        return
    if event.outcome is SendOutcome.DELIVERED:
        monitor_well(draft, Condition.DELIVERY, "A message to it went through again", event.destination)
        return
    if incident is not None:
        told = tuple(replace(t, lost=True) if t.key == event.key else t for t in incident.told)
        draft.put_incident(replace(incident, told=told))
    known = event.destination in draft.rules.destinations
    if known and (incident is None or incident.condition is not Condition.DELIVERY):
        name = wording.destination_name(draft.rules, event.destination)
        text = Saying("Messages to {name} do not arrive", name=name)  # why, in codes, stands in the ledger
        monitor_trouble(draft, Condition.DELIVERY, (text,), event.destination)


def _heard(told: Told, event: Delivered, now: datetime) -> Told:
    """One that went out before the newest has been heard too: then whoever got it hears the end. What may have arrived
    counts as heard, for its reader hears the end; and not as arrived, so that another way is tried.
    """
    if told.destination != event.destination:
        return told
    arrived = told.key == event.key and event.outcome is SendOutcome.DELIVERED
    return replace(told, arrived=now if arrived else told.arrived, heard=told.heard or now)
