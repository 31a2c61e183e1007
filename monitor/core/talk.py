"""What is being decided on one incident in one step: whom it is told, in which order, and when to look again.

Like `Draft`, mutable and alive only inside one call of `step`. Messages on incidents are queued here and nowhere else,
so that a destination gets at most one of an incident in a step, whatever rules ask for it and however often.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from monitor.core import wording
from monitor.core.draft import Draft, Queued
from monitor.core.duty import Labels, Recipient
from monitor.core.labels import labels_of
from monitor.core.model import (
    ChannelState,
    Condition,
    Gather,
    Incident,
    Notification,
    Page,
    Phase,
    Priority,
    Risk,
    Telling,
    Told,
)
from monitor.core.paging import called, receivers_of
from monitor.core.receivers import behind, held_until, name_of, names_of
from monitor.core.source import is_bad
from probes.base import Severity

__all__ = ["Talk"]

KEYED = frozenset({"pagerduty", "opsgenie", "splunk", "victorops", "alertmanager", "alertmanagers"})
"""Services that keep an alert by its key, and so hear of its taking and its end whatever people are told."""
CALLS = ("opened", "updated", "escalated", "handed_over", "lapsed")
"""Steps that want somebody to act."""


class Talk:
    """One incident's telling. `told`: by destination; `next_due`: the earliest moment at which something is due."""

    def __init__(self, draft: Draft, incident: Incident) -> None:
        self.draft = draft
        self.rules = draft.rules
        self.now = draft.now
        self.incident = incident
        self.told = {t.destination: t for t in incident.told}
        self.pages = list(incident.pages)
        self.next_due: datetime | None = None
        self.edge: datetime | None = None  # when a time interval begins or ends
        self.first_waits = False

    # --- what it is about ---------------------------------------------------------------------------------------------

    @property
    def channels(self) -> tuple[str, ...]:
        """Those that may be told of."""
        return tuple(c for c in self.incident.channels if c not in self.incident.held)

    @property
    def silent(self) -> bool:
        """Whether all of it is held back."""
        return bool(self.incident.held) and not self.channels

    @property
    def quiet(self) -> bool:
        """Whether nobody is called: it is taken, or put off."""
        incident = self.incident
        put_off = incident.snoozed is not None and self.now < incident.snoozed
        return incident.phase is not Phase.OPEN or put_off or bool(incident.folded)

    def labels(self, channels: Iterable[str] | None = None) -> list[Labels]:
        """The labels of each of these channels; None: of each that may be told of."""
        states = self.draft.channels
        found = [
            labels_of(self.incident, self.rules.channels[c], states.get(c))
            for c in (self.channels if channels is None else channels)
            if c in self.rules.channels
        ]
        return found or [labels_of(self.incident, None, None)]

    def in_trouble(self) -> bool:
        """Whether it is bad right now, rather than waiting to be called well again. Bad and out of sight is bad."""
        condition = self.incident.condition
        members = [self.draft.channels[c] for c in self.channels if c in self.draft.channels]
        if condition is Condition.RISK:
            return any(m.health.risk in (Risk.ELEVATED, Risk.SEVERE) for m in members)
        if condition is Condition.UNKNOWN:
            return any(m.unknown_since is not None for m in members)
        if condition is Condition.AVAILABILITY:
            return any(_is_bad(m) for m in members)
        return True

    # --- time ---------------------------------------------------------------------------------------------------------

    def ready(self, due: datetime) -> bool:
        """Whether `due` has come; if not, it is noted. Nothing is told before every probe has run once."""
        if not self.draft.monitor.settled:
            due = max(due, (self.draft.monitor.started or self.now) + self.rules.settle_within)
        if due <= self.now:
            return True
        self.next_due = min(self.next_due or due, due)
        return False

    def look_at_edge(self, when: datetime | None) -> None:
        """A time interval begins or ends at `when`; None: never."""
        if when is not None:
            self.edge = min(self.edge or when, when)

    # --- people -------------------------------------------------------------------------------------------------------

    def behind(self, receivers: Iterable[str]) -> tuple[str, ...]:
        """The recipients behind receivers now, each once."""
        draft = self.draft
        found = [r for name in receivers for r in behind(self.rules, draft.overrides, draft.schedules, name, self.now)]
        return tuple(dict.fromkeys(found))

    @property
    def listeners(self) -> tuple[str, ...]:
        """Who hears what follows: those called by a route whose hours let it. After a shift one hears only the end."""
        return tuple(dict.fromkeys(r for page in self.pages if not page.muted for r in page.called))

    def hears(self, told: Told) -> bool:
        """Whether a destination that was told hears what follows."""
        return not told.resolved and not told.folded and (told.recipient in self.listeners or not self.pages)

    def told_of(self, recipient: str) -> list[Told]:
        """What a recipient was told last, by each of its destinations."""
        return [t for t in self.told.values() if t.recipient == recipient]

    def reachable(self, recipient: str) -> bool:
        """Whether it has got the newest of this, may still get it in time, or has another way left."""
        if recipient not in self.rules.recipients:
            return False
        mine = self.told_of(recipient)
        waits = [t for t in mine if t.resolved or not self.failing(t)]
        return bool(waits) or self.next_method(recipient) is not None

    def failing(self, told: Told) -> bool:
        """Whether the newest message has not arrived: it was given up, or has been on its way for too long."""
        return told.arrived is None and (told.lost or self.now >= told.at + self.rules.method_after)

    def next_method(self, recipient: str) -> str | None:
        """The first contact method that was not used yet for this incident."""
        known = self.rules.recipients.get(recipient)
        for method in known.methods if known else ():
            if method.destination not in self.told and method.destination != self.incident.subject:
                return method.destination
        return None

    def is_keyed(self, destination: str) -> bool:
        """Whether it is a service that keeps an alert by its key."""
        where = self.rules.destinations.get(destination)
        return where is not None and where.service in KEYED

    def told_with_cause(self, destination: str) -> bool:
        """Whether it hears of this in the messages on its cause, which may go to others."""
        cause = self.draft.incidents.get(self.incident.folded)
        return cause is not None and any(t.destination == destination and not t.unheard for t in cause.told)

    # --- telling ------------------------------------------------------------------------------------------------------

    def call(self, recipient: str, step: str, code: str, *, by: str = "") -> bool:
        """Tell a recipient by the methods that it already hears of this incident by, else by its first; False: none."""
        used = [t.destination for t in self.told_of(recipient) if not t.unheard]
        fresh = self.next_method(recipient)
        if not used and fresh is None:
            self.draft.decide(
                "unreachable", f"{name_of(self.rules, recipient)} has no way left", incident=self.incident
            )
            return False
        for destination in used or [fresh or ""]:
            self.tell(destination, step, code, by=by)
        return True

    def tell(self, destination: str, step: str, code: str, *, by: str = "") -> None:
        """Queue a message; one queued before in this step to the same destination gives way to it."""
        where = self.rules.destinations.get(destination)
        recipient = self.rules.recipients.get(where.receiver) if where else None
        if where is None or recipient is None:
            self.draft.decide(
                "not_told_gone", "It left the configuration", incident=self.incident, destination=destination
            )
            if self.told.pop(destination, None) is not None:  # should it come back, no key is used again
                self.incident = replace(self.incident, revision=self.incident.revision + 1)
            return
        before = self.told.get(destination)
        queued = self.draft.queued.get((self.incident.id, destination))
        if queued is not None:
            self.draft.take_back(queued)
            before = queued.before
        if before is not None and before.heard is None and before.at > self.now:
            before = None  # it waits for a digest, and this goes in its place
        if before is None and step == "opened" and self.rules.depends:
            before = self._folded_in(destination)
            step = "updated" if before else step
        key = self._key(destination, step)
        due = held_until(recipient, self.now, critical=self.incident.peak is Severity.CRITICAL)
        rows = len(self.draft.decisions)
        notification = self._queue(key, destination, recipient, step, before, due, by)
        held = f", with the digest of {wording.clock(due, self.rules, self.now)}" if due else ""
        text = f"{where.name} is told by {where.way or where.service}: {step.replace('_', ' ')}{held}"
        self.draft.decide(code, text, incident=self.incident, destination=destination)
        if due:
            self.draft.decide(
                "held_quiet", f"{where.name} has quiet hours", incident=self.incident, destination=destination
            )
        said = tuple(self.draft.decisions[rows:])
        self.draft.queued[self.incident.id, destination] = Queued(notification, before, said)
        self.told[destination] = Told(
            destination,
            self.incident.revision,
            due or self.now,
            key,
            self.incident.peak,
            self._about(step),
            resolved=step == "resolved",
            recipient=recipient.id,
            step=step,
            heard=before.heard if before else None,
        )

    def _about(self, step: str) -> tuple[str, ...]:
        """The channels that a message is about: an end and what is told in spite of silence leave none out."""
        return self.incident.channels if step == "resolved" or self.silent else self.channels

    def _folded_in(self, destination: str) -> Told | None:
        """What a destination was told of an incident that is now told in this one's messages."""
        for child in self.draft.incidents.values():
            if child.folded == self.incident.id:
                for told in child.told:
                    if told.destination == destination and not told.resolved:
                        return told
        return None

    def _key(self, destination: str, step: str) -> str:
        known = self.told.get(destination)
        if known is not None and known.revision >= self.incident.revision:
            # What follows is a revision of its own: a key that went out before would be dropped as known.
            self.incident = replace(self.incident, revision=known.revision + 1)
        return f"{self.incident.id}/{self.incident.revision}/{step}/{destination}"

    def _queue(
        self,
        key: str,
        destination: str,
        recipient: Recipient,
        step: str,
        before: Told | None,
        due: datetime | None,
        by: str,
    ) -> Notification:
        incident, rules = self.incident, self.rules
        critical = incident.peak is Severity.CRITICAL
        notification = Notification(
            key=key,
            incident=incident.id,
            revision=incident.revision,
            step=step,
            destination=destination,
            message=wording.compose(self._telling(recipient, step, before, by), rules, self.now),
            created=self.now,
            expires=(due or self.now) + (rules.ttl_critical if critical else rules.ttl),
            critical=critical,
            recipient=recipient.id,
            due=due,
            priority=_priority(step, before, critical=critical),
            gather=Gather.DIGEST if due else Gather.REPEAT if step == "repeat" else Gather.NONE,
            acts=() if step == "resolved" else (incident.id,),
            labels=_merged(self.labels(self._about(step))),
            opened=incident.opened,
            resolved=incident.resolved,
        )
        self.draft.notifications.append(notification)
        return notification

    def _telling(self, recipient: Recipient, step: str, before: Told | None, by: str) -> Telling:
        incident = self.incident
        members = {c: self.draft.channels[c] for c in incident.channels if c in self.draft.channels}
        return Telling(
            step=step,
            incident=incident,
            recipient=recipient,
            channels=self._about(step),
            members=members,
            told=before,
            by=by,
            next_call=self.next_call(),
            next_repeat=self._next_repeat(recipient.id),
            held=incident.held,
        )

    def headline(self, recipient: Recipient) -> str:
        """The incident in one line, in the recipient's language."""
        step = "resolved" if self.incident.phase is Phase.RESOLVED else "opened"
        return wording.compose(self._telling(recipient, step, None, ""), self.rules, self.now).title

    def next_call(self) -> tuple[str, datetime] | None:
        """Who is called next if nobody acknowledges, as people read it, and when."""
        if self.quiet:
            return None
        ahead = [(p.due, receivers_of(p, self.rules)) for p in map(self._ahead, self.pages) if p.taken and not p.muted]
        coming = [(due, receivers) for due, receivers in ahead if due is not None and due > self.now and receivers]
        if not coming:
            return None
        due, receivers = min(coming)
        return names_of(self.rules, receivers), due

    def _next_repeat(self, recipient: str) -> datetime | None:
        spans = [p.repeat for p in map(self._ahead, self.pages) if recipient in p.called and p.repeat]
        return None if self.quiet or not spans else self.now + min(spans)

    def _ahead(self, page: Page) -> Page:
        """The page as it is once the call that is due now has been made: what its words say of what follows."""
        if page.due is None or page.due > self.now or page.muted:
            return page
        return called(page, self.behind(receivers_of(page, self.rules)), self.now)

    # --- the end ------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Put the incident back, as it became."""
        draft, before = self.draft, self.incident
        due = self.next_due
        if due is not None and self.first_waits and due != before.notify_at:
            code = "held_group_wait" if draft.monitor.settled else "held_settling"
            text = f"The next message waits until {wording.clock(due, draft.rules, seconds=True)}"
            draft.decide(code, text, incident=before)
        updated = replace(before, told=tuple(self.told.values()), pages=tuple(self.pages), notify_at=due)
        if updated != draft.incidents.get(before.id):
            draft.put_incident(updated)


def _is_bad(channel: ChannelState) -> bool:
    known = channel.health.availability if channel.unknown_since is None else channel.last_known
    return known is not None and is_bad(known)


def _priority(step: str, before: Told | None, *, critical: bool) -> Priority:
    if critical and before is None and step in CALLS:
        return Priority.FIRST_PAGE
    if critical and step in CALLS:
        return Priority.PAGE
    return Priority.REPEAT if step == "repeat" else Priority.NEWS


def _merged(each: Iterable[Labels]) -> Labels:
    """One set of labels from those of several channels."""
    merged: dict[str, dict[str, None]] = {}
    for labels in each:
        for name, values in labels.items():
            merged.setdefault(name, {}).update(dict.fromkeys(values))
    return {name: tuple(values) for name, values in merged.items()}
