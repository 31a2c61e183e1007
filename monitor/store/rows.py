"""The nouns of the store: what is handed in to be kept, and what is handed out.

Times are timezone-aware UTC datetimes. Everything is frozen, so it may cross threads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.duty import Override, Silence
from monitor.core.model import (
    ChannelState,
    Decision,
    Incident,
    MonitorState,
    Notification,
    ProbeState,
    ScheduleState,
    SendOutcome,
)
from probes.base import Observation, Reading, Reason

__all__ = [
    "FINAL",
    "UNSENT",
    "Attempt",
    "Delivery",
    "LedgerRow",
    "OutboxRow",
    "OutboxState",
    "OutboxStats",
    "OverrideRow",
    "Parcel",
    "Retention",
    "SilenceRow",
    "Snapshot",
    "StoreError",
    "StoreFull",
    "StoreLocked",
    "StoredObservation",
    "Tried",
    "Writes",
]


class StoreError(Exception):
    """The store cannot be used, or no longer; the message names the file, the fault and the way out."""


class StoreFull(StoreError):  # noqa: N818 - the word for the state of the disk; it ends with it
    """The disk is full. Nothing was written; the same write may succeed once there is room."""


class StoreLocked(StoreError):  # noqa: N818 - likewise
    """Another program holds the file. Nothing was written; the same write may succeed later."""


class OutboxState(StrEnum):
    """Where a notification is. Every key is in exactly one of these; the last five are final.

    UNKNOWN: it went out, no answer came, and it is not sent again.
    """

    PENDING = "pending"
    LEASED = "leased"
    RETRY = "retry"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


UNSENT = (OutboxState.PENDING, OutboxState.RETRY)
FINAL = (
    OutboxState.DELIVERED,
    OutboxState.REJECTED,
    OutboxState.EXPIRED,
    OutboxState.SUPERSEDED,
    OutboxState.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class StoredObservation:
    """One run of a probe: what the outside said, word for word, and what it meant.

    `observation` is None when no answer came; `reading` is None when the run failed, then `reason` and `text` say why.
    The store cuts the bodies to BODY_BYTES_KEPT in all and sets `cut`. The URL must be the one that people may see.
    """

    probe: str
    at: datetime
    observation: Observation | None = None
    reading: Reading | None = None
    reason: Reason | None = None
    text: str = ""
    cut: bool = False

    @property
    def failed(self) -> bool:
        """Whether the run gave no reading."""
        return self.reading is None


@dataclass(frozen=True, slots=True)
class Writes:
    """What one step of the mind wants kept. Within a commit, a later row of the same id replaces an earlier one.

    Silences and overrides that are removed stay as history, as they were written last: one that stands in both fields
    is kept as it ended.
    """

    probes: tuple[ProbeState, ...] = ()
    removed_probes: tuple[str, ...] = ()
    channels: tuple[ChannelState, ...] = ()
    removed_channels: tuple[str, ...] = ()
    incidents: tuple[Incident, ...] = ()
    silences: tuple[Silence, ...] = ()
    removed_silences: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    removed_overrides: tuple[str, ...] = ()
    schedules: tuple[ScheduleState, ...] = ()
    removed_schedules: tuple[str, ...] = ()
    monitor: MonitorState | None = None
    decisions: tuple[Decision, ...] = ()
    notifications: tuple[Notification, ...] = ()
    observations: tuple[StoredObservation, ...] = ()
    shard: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the mind held when the last commit was made. Incidents: those not yet closed; silences, overrides: not over.

    `quarantined`: a sentence for each row that no longer parses and was put aside.
    """

    probes: Mapping[str, ProbeState] = field(default_factory=dict)
    channels: Mapping[str, ChannelState] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    silences: Mapping[str, Silence] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    schedules: Mapping[str, ScheduleState] = field(default_factory=dict)
    monitor: MonitorState | None = None
    quarantined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A decision as it stands in the ledger; `id` grows with time and is never used again."""

    id: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A silence of now or of the past; `ended`: it left the mind's state, whenever it was meant to end."""

    silence: Silence
    ended: bool


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """An override of now or of the past; `ended`: it is over, or was taken back."""

    override: Override
    ended: bool


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A notification and where it is. `attempts`: leases so far, this one included; `due`: of the next one.

    `repeat`: an earlier attempt may have reached the receiver, so that the message may be a repeat.
    """

    notification: Notification
    state: OutboxState
    due: datetime
    attempts: int
    repeat: bool = False
    last_error: str = ""
    lease_owner: str = ""
    lease_until: datetime | None = None
    shard: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one destination as one message: a row, or several that are gathered, the most urgent first.

    `kind`: empty, or "digest", "repeat" or "summary" for what is gathered. `key`: of the message: the row's own, or the
    same for the same rows.
    """

    rows: tuple[OutboxRow, ...]
    key: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """How one attempt with these rows (keys) ended. RETRY needs `due`; UNKNOWN with it is sent once more, without is
    final.
    """

    keys: tuple[str, ...]
    outcome: SendOutcome
    at: datetime
    due: datetime | None = None
    detail: str = ""
    took_s: float = 0.0
    shard: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the log of deliveries. `took_s`: seconds from the lease to the outcome, as the sender measured it."""

    key: str
    at: datetime
    outcome: SendOutcome
    detail: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification with all that became of it, oldest attempt first."""

    row: OutboxRow
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """How many rows are in each state (every state is named), and since when the oldest unsent one waits.

    What is held for a digest waits from then on, so `oldest_unsent` may lie ahead.
    """

    counts: Mapping[OutboxState, int]
    oldest_unsent: datetime | None

    @property
    def unsent(self) -> int:
        """Rows that still have to go out, those on their way included."""
        return self.counts[OutboxState.PENDING] + self.counts[OutboxState.RETRY] + self.counts[OutboxState.LEASED]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is over is kept. Open incidents and unsent messages are kept whatever their age."""

    decisions: timedelta = timedelta(days=90)
    incidents: timedelta = timedelta(days=400)
    deliveries: timedelta = timedelta(days=90)
    observations: timedelta = timedelta(days=30)
