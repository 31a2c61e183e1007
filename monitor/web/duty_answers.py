"""What the API answers on schedules, routes, dependencies and maintenance; as in `answers`."""

from dataclasses import dataclass
from typing import Annotated

from monitor.web.answers import Moment, says

__all__ = [
    "Dependency",
    "DependencyList",
    "Explained",
    "FindingItem",
    "MaintenanceItem",
    "MaintenanceList",
    "OnCall",
    "OnCallItem",
    "OverrideItem",
    "RouteVisit",
    "ScheduleFull",
    "ShiftItem",
    "WindowItem",
]


# --- on call ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShiftItem:
    """Somebody is on call from `start` until before `end`; `layer` says why."""

    person: Annotated[str, says("The person's id.")]
    name: str
    start: Moment
    end: Moment
    layer: Annotated[str, says("rotation, rule, override, swap or import.")]


@dataclass(frozen=True, slots=True)
class OnCallItem:
    """Who is on call by one schedule. Several at once only where the schedule is imported."""

    id: str
    name: str
    timezone: str
    imported: bool
    now: list[ShiftItem]
    next: Annotated[ShiftItem | None, says("The next shift of somebody else.")]


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call at a moment."""

    at: Moment
    schedules: list[OnCallItem]


@dataclass(frozen=True, slots=True)
class OverrideItem:
    """A change by hand."""

    id: str
    swap: bool
    spans: list[ShiftItem]
    by: str
    at: Moment | None
    comment: str


@dataclass(frozen=True, slots=True)
class FindingItem:
    """What the linter says of a schedule."""

    code: Annotated[str, says("gap, bus_factor, unreachable, imbalance or empty_rotation.")]
    text: str


@dataclass(frozen=True, slots=True)
class ScheduleFull(OnCallItem):
    """A schedule: now, next, and the shifts of a period."""

    fault: Annotated[str, says("Why the newest import failed, or empty.")]
    imported_at: Annotated[Moment | None, says("When its address was read for the last time with success.")]
    shifts: list[ShiftItem]
    overrides: list[OverrideItem]
    findings: list[FindingItem]
    calendar: Annotated[str, says("The path of its calendar, with the key that calendar programs need.")]


# --- routes, dependencies, maintenance -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RouteVisit:
    """A route and what became of it."""

    route: Annotated[str, says("Its place in the tree, such as `root.1.2`.")]
    matchers: list[str]
    matched: bool
    chosen: Annotated[bool, says("Here the message goes out.")]
    why: str
    muted_by: Annotated[str, says("The time interval that keeps it quiet then, or empty.")]
    receiver: str
    receiver_name: str
    policy: Annotated[str, says("The escalation policy, or empty.")]


@dataclass(frozen=True, slots=True)
class Explained:
    """The way through the tree of routes."""

    at: Moment
    labels: dict[str, list[str]]
    visits: Annotated[list[RouteVisit], says("Every route, in the order in which they are tried.")]


@dataclass(frozen=True, slots=True)
class Dependency:
    """What rests on a node."""

    node: str
    children: Annotated[list[str], says("Direct ones, as declared; `*` stands for every other channel.")]
    channels: Annotated[list[str], says("The channels that rest on it, directly or through others.")]


@dataclass(frozen=True, slots=True)
class DependencyList:
    """The declared graph."""

    dependencies: list[Dependency]


@dataclass(frozen=True, slots=True)
class WindowItem:
    """From `start` until before `end`."""

    start: Moment
    end: Moment


@dataclass(frozen=True, slots=True)
class MaintenanceItem:
    """Work of our own that recurs."""

    id: str
    matchers: list[str]
    comment: str
    timezone: str
    rrule: str
    duration_s: float
    now: WindowItem | None
    next: WindowItem | None


@dataclass(frozen=True, slots=True)
class MaintenanceList:
    """Our own maintenance: the window that is open, and the next."""

    maintenance: list[MaintenanceItem]
