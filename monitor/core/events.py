"""The nouns of what happens: runs of probes, time, ends of messages, and what people wish."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.core.duty import Override, Shift, Silence
from monitor.core.state import SendOutcome
from probes.base import Reading, Reason

__all__ = [
    "Act",
    "Acted",
    "Alive",
    "Answer",
    "Configured",
    "Delivered",
    "Drilled",
    "Event",
    "Failed",
    "Imported",
    "Overridden",
    "Read",
    "Restored",
    "Silenced",
    "Tick",
    "Unsilenced",
    "Watched",
]


@dataclass(frozen=True, slots=True)
class Read:
    """A probe's run gave a reading."""

    probe: str
    reading: Reading
    unreachable: bool = False  # the reading rests on a call that got no HTTP answer (api.call)


@dataclass(frozen=True, slots=True)
class Failed:
    """A probe's run gave none."""

    probe: str
    reason: Reason
    text: str
    unreachable: bool


@dataclass(frozen=True, slots=True)
class Configured:
    """The rules changed, or the daemon started (`start`): channels and probes may have come, gone or changed.

    `forget`: probes whose kind or parameters changed, so that what they said before means nothing any more. `moved`:
    old id -> new id of probes that are the same and stand in another place. `elsewhere`: destinations whose address is
    another now. `readdressed`: old id -> new id of those whose address stands in another place now.
    """

    start: bool = False
    forget: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    readdressed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed: something stored may be due."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The final outcome of a notification (DELIVERED, REJECTED or EXPIRED)."""

    key: str
    incident: str
    destination: str
    outcome: SendOutcome
    detail: str = ""


class Act(StrEnum):
    """What a person can do to an incident."""

    ACKNOWLEDGE = "acknowledge"
    TAKE_OVER = "take_over"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Acted:
    """A person did something to incidents. `by`: a person's id, or a name; `via`: link, cli, api, board.

    `until`: the end of a snooze. `text`: of a note, or why. `closed`: those of the incidents that the mind has let go,
    and that are kept in the store as closed.
    """

    act: Act
    incidents: tuple[str, ...]
    by: str
    via: str
    text: str = ""
    until: datetime | None = None
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silenced:
    """A person asks for a silence; its `id` is empty, or that of one to be changed."""

    silence: Silence
    via: str


@dataclass(frozen=True, slots=True)
class Unsilenced:
    """A person ends a silence."""

    silence: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class Overridden:
    """A person changes a schedule by hand; the `id` is empty."""

    override: Override
    via: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A person takes a change of a schedule back."""

    override: str
    by: str
    via: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A schedule was read from its iCalendar address, or (`shifts` None) could not be, and why."""

    schedule: str
    shifts: tuple[Shift, ...] | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Drilled:
    """Somebody wants a way to people tried: every recipient of a receiver, or of a policy with its fall-back."""

    target: str
    by: str
    via: str = "api"


@dataclass(frozen=True, slots=True)
class Watched:
    """Prometheus' Watchdog was heard."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The house has lived up to now."""


Event = (
    Read | Failed | Configured | Tick | Delivered
    | Acted | Silenced | Unsilenced | Overridden | Restored | Imported | Drilled | Watched | Alive
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What the mind says to a person's wish. `code`: for programs, from a closed list; `text`: one sentence.

    `done`: it holds now, also when it had held before. `id`: of what was made, or of the incident that it is about.
    `each`: of a wish about several incidents, what is said of each. Codes: see `monitor.core.wishes`.
    """

    done: bool
    code: str
    text: str
    id: str = ""
    each: tuple["Answer", ...] = ()

    @classmethod
    def yes(cls, code: str, text: str, made: str = "") -> "Answer":
        """It holds now."""
        return cls(done=True, code=code, text=text, id=made)

    @classmethod
    def no(cls, code: str, text: str, about: str = "") -> "Answer":
        """It cannot be."""
        return cls(done=False, code=code, text=text, id=about)
