"""Who hears of what: the routing tree, and the times of the week that it knows."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from monitor.settings.people import STRETCHES_MAX, Stretch
from monitor.settings.values import Condition, DayOfMonth, Identifier, Model, Month, Zone
from probes.base import Duration

__all__ = ["MATCHERS_MAX", "GroupWait", "IntervalEntry", "RouteEntry", "Routes"]

MATCHERS_MAX = 50
INTERVALS_OF_A_ROUTE_MAX = 20
ROUTES_MAX = 500
WAIT_MAX = timedelta(hours=1)
TIMER_MIN = timedelta(milliseconds=100)


class GroupWait(Model):
    """How long a first message waits for what belongs to it, by severity."""

    critical: Annotated[Duration, Field(le=WAIT_MAX)] | None = Field(
        default=None, description="For an outage; default: the parent's, at the root 5s."
    )
    warning: Annotated[Duration, Field(le=WAIT_MAX)] | None = Field(
        default=None, description="For anything less; default: the parent's, at the root 30s."
    )


_Wait = Annotated[Duration, Field(le=WAIT_MAX)] | GroupWait
_Timer = Annotated[Duration, Field(ge=TIMER_MIN)]


class RouteEntry(Model):
    """A branch of the tree. What it does not say of receiver, escalation and timers is as its parent has it."""

    matchers: tuple[Condition, ...] = Field(
        default=(),
        max_length=MATCHERS_MAX,
        description='Conditions that must all hold, such as `severity="critical"` or `channel=~"x|tiktok"`: `=`, `!=`, '
        "`=~`, `!~` (RE2, anchored) on channel, platform, kind, family, severity, state, market, tags.",
    )
    receiver: Identifier | None = Field(default=None, description="The id of a person, schedule, team or destination.")
    escalation: Identifier | None = Field(
        default=None, description="Who is called when nobody acknowledges: a policy's id, or `none`."
    )
    goes_on: bool = Field(
        default=False, alias="continue", description="After a match the next sibling is tried too; else the first wins."
    )
    active: tuple[Identifier, ...] = Field(
        default=(),
        max_length=INTERVALS_OF_A_ROUTE_MAX,
        description="Time intervals; outside all of them it matches and sends nothing. Not inherited.",
    )
    mute: tuple[Identifier, ...] = Field(
        default=(),
        max_length=INTERVALS_OF_A_ROUTE_MAX,
        description="Time intervals; inside any of them it matches and sends nothing. Not inherited.",
    )
    group_wait: _Wait | None = Field(default=None, description="As at the root.")
    group_interval: _Timer | None = Field(default=None, description="As at the root.")
    repeat_interval: _Timer | None = Field(default=None, description="As at the root.")
    routes: tuple["RouteEntry", ...] = Field(default=(), max_length=ROUTES_MAX, description="Branches of its own.")


class Routes(Model):
    """Who hears of it: the root of a tree with Alertmanager's semantics. Without it nobody does."""

    receiver: Identifier = Field(description="The id of a person, schedule, team or destination.")
    escalation: Identifier | None = Field(
        default=None, description="Who is called when nobody acknowledges: the id of an escalation policy."
    )
    fallback: Identifier | None = Field(
        default=None, description="The receiver that hears what reaches nobody else, and what no policy got answered."
    )
    group_wait: _Wait = Field(
        default=GroupWait(),
        description="How long a first message waits for what belongs to it: one value, or `{critical, warning}`.",
    )
    group_interval: _Timer = Field(
        default=timedelta(minutes=5), description="The least time between two messages on one incident."
    )
    repeat_interval: _Timer = Field(
        default=timedelta(hours=4), description="How soon an incident that nobody acknowledges is told again."
    )
    routes: tuple[RouteEntry, ...] = Field(
        default=(), max_length=ROUTES_MAX, description="Branches, tried in order; the first that matches wins."
    )


class IntervalEntry(Model):
    """A named time of the week or year."""

    timezone: Zone | None = Field(default=None, description="Default: the team's zone.")
    windows: tuple[Stretch, ...] = Field(
        default=(), max_length=STRETCHES_MAX, description="Inside when any of them is; default: the whole day."
    )
    months: tuple[Month, ...] = Field(
        default=(), max_length=12, description="Only in these: `jan` to `dec`, or 1 to 12; default: all."
    )
    days: tuple[DayOfMonth, ...] = Field(
        default=(), max_length=32, description="Only on these days of the month, -1 for the last; default: all."
    )
