"""The nouns the mind thinks in: frozen data, no behaviour beyond what is plainly derived. Here is what a step is; the
rest stands in `duty`, `rules`, `state`, `events` and `messages`, and can be had from here.

Times are timezone-aware UTC datetimes, durations timedeltas. Everything here but `State` turns to JSON and back with
pydantic's TypeAdapter, which is how the store keeps it.
"""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.duty import Destination, Override, Silence
from monitor.core.events import (
    Act,
    Acted,
    Alive,
    Answer,
    Configured,
    Delivered,
    Drilled,
    Event,
    Failed,
    Imported,
    Overridden,
    Read,
    Restored,
    Silenced,
    Tick,
    Unsilenced,
    Watched,
)
from monitor.core.messages import STEPS, Gather, Link, Message, Notification, Priority, Telling
from monitor.core.rules import ChannelRule, Measured, ProbeRule, Rules
from monitor.core.state import (
    MONITOR,
    ChannelState,
    Condition,
    Failure,
    Health,
    Held,
    Incident,
    Kept,
    MonitorState,
    Page,
    Phase,
    ProbeState,
    Risk,
    ScheduleState,
    SendOutcome,
    State,
    Told,
)
from probes.base import Availability, Certainty, Family

__all__ = [
    "MONITOR",
    "STEPS",
    "Act",
    "Acted",
    "Alive",
    "Answer",
    "Availability",
    "Certainty",
    "ChannelRule",
    "ChannelState",
    "Condition",
    "Configured",
    "Decision",
    "Delivered",
    "Destination",
    "Drilled",
    "Event",
    "Failed",
    "Failure",
    "Family",
    "Gather",
    "Health",
    "Held",
    "Imported",
    "Incident",
    "Kept",
    "Link",
    "Measured",
    "Message",
    "MonitorState",
    "Notification",
    "Overridden",
    "Page",
    "Phase",
    "Priority",
    "ProbeRule",
    "ProbeState",
    "Read",
    "Restored",
    "Risk",
    "Rules",
    "ScheduleState",
    "SendOutcome",
    "Silenced",
    "State",
    "Step",
    "Telling",
    "Tick",
    "Told",
    "Unsilenced",
    "Watched",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the ledger: what was decided and why, also when nothing was done. `code` is from a closed list."""

    at: datetime
    code: str
    text: str
    channel: str = ""
    incident: str = ""
    destination: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What one event came to.

    The tuples of ids name what changed in `state` and must be kept; `touched` are probes whose freshness alone moved,
    which may be kept later. `wake`: when to look again if nothing happens before.
    """

    state: State
    probes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    closed: tuple[Incident, ...] = ()  # those that left the state in this step, as they ended
    monitor: bool = False
    touched: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    notifications: tuple[Notification, ...] = ()
    silences: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    ended_silences: tuple[Silence, ...] = ()  # those that left the state in this step, as they ended
    ended_overrides: tuple[Override, ...] = ()
    answer: Answer | None = None  # to a person's wish
    wake: datetime | None = None
