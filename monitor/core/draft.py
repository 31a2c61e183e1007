"""A step in the making: the one mutable thing of the mind, alive only inside one call of `step`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.duty import Override, Silence
from monitor.core.incident import is_active
from monitor.core.ledger import CODES
from monitor.core.model import (
    Answer,
    ChannelState,
    Condition,
    Decision,
    Incident,
    MonitorState,
    Notification,
    Phase,
    ProbeState,
    Rules,
    ScheduleState,
    State,
    Step,
    Told,
)

__all__ = ["Draft", "Queued", "platform_key"]


_OF_CHANNELS = (Condition.AVAILABILITY, Condition.RISK, Condition.UNKNOWN)


def platform_key(platform: str) -> str:
    """The index's name for a platform, which may be called like one of its channels."""
    return f"platform:{platform}"


@dataclass(frozen=True, slots=True)
class Queued:
    """A message of this step. `before`: what its reader had been told; `decisions`: the rows that say so."""

    notification: Notification
    before: Told | None
    decisions: tuple[Decision, ...]


class Draft:
    """The state as it becomes, and what was decided on the way."""

    def __init__(self, state: State, rules: Rules, now: datetime) -> None:
        self.before = state
        self.rules = rules
        self.now = now
        self.monitor: MonitorState = state.monitor
        self.probes = state.probes
        self.channels = state.channels
        self.incidents = state.incidents
        self.agenda = state.agenda
        self.index = state.index
        self.due = state.due
        self.silences = state.silences
        self.overrides = state.overrides
        self.schedules = state.schedules
        self.wake = state.wake
        self._probes: dict[str, None] = {}
        self._channels: dict[str, None] = {}
        self._incidents: dict[str, None] = {}
        self._touched: dict[str, None] = {}
        self._closed: dict[str, Incident] = {}
        self._silences: dict[str, None] = {}
        self._overrides: dict[str, None] = {}
        self._schedules: dict[str, None] = {}
        self._ended_silences: list[Silence] = []
        self._ended_overrides: list[Override] = []
        self._in_order: tuple[Silence, ...] | None = None
        self.everything = False  # every incident is looked at in this step, whether or not it changed
        self.decisions: list[Decision] = []
        self.notifications: list[Notification] = []
        self.queued: dict[tuple[str, str], Queued] = {}  # by incident and destination

    def decide(
        self,
        code: str,
        text: str,
        *,
        channel: str = "",
        incident: Incident | None = None,
        destination: str = "",
        evidence: Iterable[str] = (),
    ) -> None:
        """Write a row of the ledger; `code` is one of `monitor.core.ledger.CODES`."""
        assert code in CODES, code
        named = incident.id if incident else ""
        self.decisions.append(Decision(self.now, code, text, channel, named, destination, tuple(evidence)))

    def take_back(self, queued: Queued) -> None:
        """Another message of this step goes in its place."""
        self.notifications.remove(queued.notification)
        self.decisions = [d for d in self.decisions if not any(d is row for row in queued.decisions)]

    def look_again(self, when: datetime | None) -> None:
        """Something stored is due at `when`."""
        if when is not None and (self.wake is None or when < self.wake):
            self.wake = when

    def look_at_incident(self, incident: str, when: datetime | None) -> None:
        """When something of an incident is due next; None: nothing is."""
        if when is not None:
            self.due = self.due.set(incident, when)
            self.look_again(when)
        elif incident in self.due:
            self.due = self.due.delete(incident)

    def look_at_duties(self, when: datetime | None) -> None:
        """Something of a schedule, a silence or the like is due at `when`."""
        if when is not None:
            due = self.monitor.duties
            self.monitor = replace(self.monitor, duties=when if due is None else min(due, when))
            self.look_again(when)

    def put_probe(self, probe: ProbeState, *, keep: bool = True) -> None:
        """Hold a probe's new state; without `keep` only its freshness moved."""
        self.probes = self.probes.set(probe.id, probe)
        (self._probes if keep else self._touched)[probe.id] = None

    def drop_probe(self, probe: str) -> None:
        """Forget a probe; its id among the changed ones, without a state, says so."""
        self.probes = self.probes.delete(probe)
        self._probes[probe] = None

    def put_channel(self, channel: ChannelState) -> None:
        """Hold a channel's new state."""
        self.channels = self.channels.set(channel.id, channel)
        self._channels[channel.id] = None

    def drop_channel(self, channel: str) -> None:
        """Forget a channel."""
        self.channels = self.channels.delete(channel)
        if channel in self.agenda:
            self.agenda = self.agenda.delete(channel)
        self._channels[channel] = None

    def put_incident(self, incident: Incident) -> Incident:
        """Hold an incident's new state, indexed by its channels and its platform; a closed one leaves the state."""
        self._incidents[incident.id] = None
        for key in self._keys(incident):
            owner = self.index.get(key)
            if incident.phase is Phase.CLOSED:
                if owner == incident.id:
                    self.index = self.index.delete(key)
            elif owner is None or owner == incident.id or is_active(incident.phase):
                self.index = self.index.set(key, incident.id)
        if incident.phase is Phase.CLOSED:
            self.look_at_incident(incident.id, None)
            self.incidents = self.incidents.delete(incident.id)
            self._closed[incident.id] = incident
        else:
            self.incidents = self.incidents.set(incident.id, incident)
        return incident

    def standing_silences(self) -> tuple[Silence, ...]:
        """Those that people made and that are not over, oldest first: of several that hold the same, one is named."""
        if self._in_order is None:
            self._in_order = tuple(sorted(self.silences.values(), key=lambda s: int(s.id)))
        return self._in_order

    def put_silence(self, silence: Silence) -> None:
        """Hold a silence."""
        self._in_order = None
        self.silences = self.silences.set(silence.id, silence)
        self._silences[silence.id] = None

    def drop_silence(self, silence: str) -> None:
        """A silence is over; its history says when it really ended."""
        known = self.silences[silence]
        self._in_order = None
        self._ended_silences.append(replace(known, end=min(known.end, self.now)))
        self.silences = self.silences.delete(silence)
        self._silences[silence] = None

    def put_override(self, override: Override) -> None:
        """Hold a change of a schedule."""
        self.overrides = self.overrides.set(override.id, override)
        self._overrides[override.id] = None

    def drop_override(self, override: str) -> None:
        """A change of a schedule is over, or taken back; its history says until when it held."""
        known = self.overrides[override]
        held = tuple(replace(s, end=max(s.start, min(s.end, self.now))) for s in known.spans)
        self._ended_overrides.append(replace(known, spans=held))
        self.overrides = self.overrides.delete(override)
        self._overrides[override] = None

    def put_schedule(self, schedule: ScheduleState) -> None:
        """Hold a schedule's new state."""
        self.schedules = self.schedules.set(schedule.id, schedule)
        self._schedules[schedule.id] = None

    def drop_schedule(self, schedule: str) -> None:
        """Forget a schedule."""
        self.schedules = self.schedules.delete(schedule)
        self._schedules[schedule] = None

    def _keys(self, incident: Incident) -> list[tuple[str, str]]:
        condition = incident.condition.value
        if incident.condition in (Condition.DELIVERY, Condition.SCHEDULE):
            return [(condition, incident.subject)]
        keys = [(condition, c) for c in incident.channels] or [(condition, incident.scope)]
        platforms = {self.rules.channels[c].platform for c in incident.channels if c in self.rules.channels}
        return [*keys, *((condition, platform_key(p)) for p in sorted(platforms))]

    def find(self, condition: Condition, key: str) -> Incident | None:
        """The incident of a channel, a platform (`platform_key`) or a destination, if one is not yet closed."""
        found = self.index.get((condition.value, key))
        return self.incidents.get(found) if found else None

    def next_incident_id(self) -> str:
        """A new incident's id: a number that only grows."""
        self.monitor = replace(self.monitor, sequence=self.monitor.sequence + 1)
        return str(self.monitor.sequence)

    def next_change_id(self) -> str:
        """A new id of a silence, an override or a drill: a number that only grows."""
        self.monitor = replace(self.monitor, changes=self.monitor.changes + 1)
        return str(self.monitor.changes)

    @property
    def silences_changed(self) -> bool:
        """Whether a silence came, changed or went in this step."""
        return bool(self._silences)

    def changed_incidents(self) -> tuple[str, ...]:
        """The ids of incidents that changed so far, or of whose channels one did, oldest first."""
        touched = {self.index.get((condition.value, c)) for c in self._channels for condition in _OF_CHANNELS}
        return tuple(sorted({*self._incidents, *(t for t in touched if t is not None)}, key=int))

    def turned_channels(self) -> tuple[str, ...]:
        """The channels whose availability became another in this step."""
        before, after = self.before.channels, self.channels
        both = [c for c in self._channels if c in before and c in after]
        return tuple(c for c in both if before[c].health.availability is not after[c].health.availability)

    def finish(self, answer: Answer | None = None) -> Step:
        """The step as decided."""
        state = State(
            self.monitor,
            self.probes,
            self.channels,
            self.incidents,
            self.agenda,
            self.index,
            self.due,
            self.silences,
            self.overrides,
            self.schedules,
            self.wake,
        )
        changed = self.monitor is not self.before.monitor and _kept(self.monitor) != _kept(self.before.monitor)
        return Step(
            state=state,
            probes=tuple(self._probes),
            channels=tuple(self._channels),
            incidents=tuple(self._incidents),
            closed=tuple(self._closed.values()),
            monitor=changed,
            touched=tuple(self._touched),
            decisions=tuple(self.decisions),
            notifications=tuple(self.notifications),
            silences=tuple(self._silences),
            overrides=tuple(self._overrides),
            schedules=tuple(self._schedules),
            ended_silences=tuple(self._ended_silences),
            ended_overrides=tuple(self._ended_overrides),
            answer=answer,
            wake=self.wake,
        )


def _kept(monitor: MonitorState) -> MonitorState:
    """What of the monitor's state is worth a commit of its own."""
    return replace(monitor, waiting=0, blind_checked=None, blind_recheck=None, duties=None)
