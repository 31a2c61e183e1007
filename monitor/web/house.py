"""What the web needs of the house behind it: protocols, so that this room knows neither the engine nor the store.

The shapes are read-only and structural: the store's own rows fit them as they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.core.duty import Override, Silence
from monitor.core.links import Claim
from monitor.core.model import Answer, Decision, Event, Incident, Notification, Rules, State
from probes.base import Observation, Reason

__all__ = ["Attempt", "Delivery", "House", "PastOverride", "PastSilence", "Refused", "Run", "Sent", "Version"]


class Run(Protocol):
    """One run of a probe as it was kept: what the outside said, or why nothing was read."""

    @property
    def at(self) -> datetime: ...  # noqa: D102 - named by the class
    @property
    def observation(self) -> Observation | None: ...  # noqa: D102
    @property
    def reason(self) -> Reason | None: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def cut(self) -> bool: ...  # noqa: D102


class Attempt(Protocol):
    """One try to deliver."""

    @property
    def at(self) -> datetime: ...  # noqa: D102 - named by the class
    @property
    def outcome(self) -> str: ...  # noqa: D102
    @property
    def detail(self) -> str: ...  # noqa: D102


class Row(Protocol):
    """Where a notification is."""

    @property
    def notification(self) -> Notification: ...
    @property
    def state(self) -> str: ...
    @property
    def last_error(self) -> str: ...


class Delivery(Protocol):
    """A notification with its attempts, oldest first."""

    @property
    def row(self) -> Row: ...  # noqa: D102 - named by the class
    @property
    def attempts(self) -> Sequence[Attempt]: ...  # noqa: D102


class PastSilence(Protocol):
    """A silence of now or of the past; `ended`: it holds nothing back any more, whenever it was meant to end."""

    @property
    def silence(self) -> Silence: ...  # noqa: D102 - named by the class
    @property
    def ended(self) -> bool: ...  # noqa: D102


class PastOverride(Protocol):
    """A change by hand to a schedule, of now or of the past; `ended`: it is over, or was taken back."""

    @property
    def override(self) -> Override: ...  # noqa: D102 - named by the class
    @property
    def ended(self) -> bool: ...  # noqa: D102


class Version(Protocol):
    """Counts the commits; `wait` returns the newer count as soon as it is not `seen`."""

    @property
    def version(self) -> int: ...  # noqa: D102 - named by the class
    async def wait(self, seen: int) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a test message to one destination. `outcome`: a word of `SendOutcome`."""

    destination: str
    outcome: str
    detail: str = ""


class Refused(Exception):  # noqa: N818 - what it is: an act that the house refuses
    """An act cannot be done as asked. `faults`: a sentence each; `unknown`: what was named does not exist."""

    def __init__(self, message: str, faults: Sequence[str] = (), *, unknown: bool = False) -> None:
        super().__init__(message)
        self.faults = tuple(faults)
        self.unknown = unknown


class House(Protocol):
    """All that the web asks."""

    @property
    def state(self) -> State:
        """What is committed; a new object for every commit."""
        ...

    @property
    def rules(self) -> Rules:
        """What is configured; a new object for every reload."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What people must know of the house itself, in sentences: nobody will be told, the last reload failed."""
        ...

    @property
    def version(self) -> str:
        """Vigie's version."""
        ...

    @property
    def changed(self) -> Version:
        """Moves with every commit, reload and warning."""
        ...

    def now(self) -> datetime:
        """The house's clock, in UTC."""
        ...

    def alive(self) -> bool:
        """Whether the loop and its tasks do their work."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Whether the start is over (every probe ran once, or 60 s passed) and the store takes writes; and why not."""
        ...

    async def decisions(self, *, channel: str = "", incident: str = "", limit: int = 100) -> Sequence[Decision]:
        """The newest rows of the ledger on a channel or an incident, newest first."""
        ...

    async def observations(self, probe: str, limit: int = 1) -> Sequence[Run]:
        """The newest kept runs of a probe, newest first."""
        ...

    async def incidents(self, limit: int = 200) -> Sequence[Incident]:
        """The newest incidents, the closed ones included, newest first."""
        ...

    async def incidents_named(self, ids: Collection[str]) -> Mapping[str, Incident]:
        """Those of these incidents that are known, by id, the closed ones included."""
        ...

    async def deliveries(self, incident: str) -> Sequence[Delivery]:
        """Every notification of an incident with what became of it."""
        ...

    async def silences(self, limit: int = 200) -> Sequence[PastSilence]:
        """The silences that people made, those that are over included, the one that starts last first."""
        ...

    async def overrides(self, schedule: str | None, since: datetime, limit: int = 200) -> Sequence[PastOverride]:
        """The changes by hand to a schedule, or to any, that reach beyond `since`, those that are over included."""
        ...

    async def render_metrics(self, *, openmetrics: bool, gzip: bool) -> tuple[bytes, str]:
        """The exposition and its content type."""
        ...

    async def act_notify_test(self, receiver: str | None) -> Sequence[Sent]:
        """Send a test message; raises Refused."""
        ...

    async def act_reload(self) -> None:
        """Load the configuration anew; raises Refused with every fault."""
        ...

    async def act(self, event: Event) -> Answer:
        """Bring a person's wish before the mind; returns once it is committed. Raises Refused when that takes long."""
        ...

    def read_link(self, token: str) -> Claim:
        """What a signed link says; raises BadLink."""
        ...
