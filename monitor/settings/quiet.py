"""What is held back, what matters more than usual, and the two dead-man's switches."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from monitor.core.duty import SILENCE_MAX
from monitor.settings.routing import MATCHERS_MAX
from monitor.settings.values import Condition, Identifier, Local, Model, Moment, Name, WebSecret, Zone
from probes.base import Duration

__all__ = ["Heartbeat", "LaunchEntry", "MaintenanceEntry", "SilenceEntry", "Watchdog"]

MAINTENANCE_MAX = timedelta(days=30)
COMMENT_CHARS_MAX = 500
RRULE_CHARS_MAX = 500
CHANNELS_MAX = 500
ONE_SECOND = timedelta(seconds=1)


class SilenceEntry(Model):
    """What matches is not told for a time; ledger, metrics and board show it all the same."""

    matchers: tuple[Condition, ...] = Field(
        min_length=1, max_length=MATCHERS_MAX, description="As in `routes`; at least one must ask for something."
    )
    author: Name = Field(description="Who wants it.")
    comment: str = Field(min_length=1, max_length=COMMENT_CHARS_MAX, description="Why.")
    start: Moment = Field(description="From: `2026-11-02T09:00` on the team's clock, or with `Z` or `+01:00`.")
    end: Moment = Field(description=f"To; at most {SILENCE_MAX.days} days later.")
    until: Literal["recovered"] | None = Field(
        default=None, description="`recovered`: it also ends once what it held back is over."
    )


class MaintenanceEntry(Model):
    """Work of our own, once or again and again: what matches is not told while it lasts."""

    matchers: tuple[Condition, ...] = Field(
        min_length=1, max_length=MATCHERS_MAX, description="As in `routes`: what the work touches."
    )
    start: Local = Field(description="When it begins for the first time, local: `2026-11-01T02:00`.")
    duration: Duration = Field(ge=ONE_SECOND, le=MAINTENANCE_MAX, description="How long it lasts each time.")
    rrule: str = Field(
        default="",
        max_length=RRULE_CHARS_MAX,
        description="How it recurs, as in iCalendar: `FREQ=WEEKLY;BYDAY=SU`. Without it: once.",
    )
    timezone: Zone | None = Field(default=None, description="Of `start`; default: the team's zone.")
    comment: str = Field(default="", max_length=COMMENT_CHARS_MAX, description="What is done.")


class LaunchEntry(Model):
    """A time in which channels matter more than usual: work that a vendor announces for it is told beforehand."""

    name: Name = Field(description="As people read it.")
    channels: tuple[Identifier, ...] = Field(
        min_length=1, max_length=CHANNELS_MAX, description="The ids of the channels that matter."
    )
    start: Moment = Field(description="From: as in `silences`.")
    end: Moment = Field(description="To.")


class Watchdog(Model):
    """Prometheus' alert Watchdog, which always fires, is expected at our door; its silence is an incident."""

    within: Duration = Field(
        default=timedelta(minutes=5), ge=ONE_SECOND, description="How long it may be silent before people are told."
    )


class Heartbeat(Model):
    """A dead-man's switch elsewhere that we keep from going off while all is well with us."""

    url: WebSecret = Field(description="What is asked: an http(s) address; a reference.")
    every: Duration = Field(
        default=timedelta(seconds=60), ge=ONE_SECOND, le=timedelta(days=1), description="How often."
    )
