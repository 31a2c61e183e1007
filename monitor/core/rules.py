"""The nouns of the configuration, as the mind needs it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from monitor.core.duty import (
    Destination,
    Launch,
    Maintenance,
    Policy,
    Recipient,
    Route,
    Schedule,
    Silence,
    Team,
    TimeInterval,
)
from probes.base import Family

__all__ = [
    "ChannelRule",
    "Measured",
    "ProbeRule",
    "Rules",
]


@dataclass(frozen=True, slots=True)
class Measured:
    """When a measuring probe turns bad (`bad_after` in a row, or of `bad_of`) and good again."""

    bad_after: int = 3
    bad_of: int = 5
    good_after: int = 3


@dataclass(frozen=True, slots=True)
class ProbeRule:
    """What the mind needs to know of one configured probe. `id` is ``<channel>/<n>``, n counted from 1."""

    id: str
    channel: str
    kind: str
    family: Family
    url: str  # as people may see it: no credential
    host: str
    every: timedelta
    expires: timedelta
    loopback: bool = False
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """One watched channel. `note`: why it has no official source, or empty. `fallback`: a channel's id, or words."""

    id: str
    name: str
    platform: str
    platform_name: str
    probes: tuple[ProbeRule, ...] = ()
    owner: str = ""
    deputy: str = ""
    fallback: str = ""
    playbook: str = ""
    status_url: str = ""
    defunct: bool = False
    note: str = ""
    market: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The configuration as the mind needs it.

    `destinations`: every contact method, by its id. `route`: the root of the routing tree; None: nobody is told.
    `fallback`: the receiver that hears what reaches nobody else. `depends`: node -> its direct children; a node is a
    channel's or a platform's id, and ``*`` as a child stands for every other channel.
    """

    channels: Mapping[str, ChannelRule] = field(default_factory=dict)
    team: str = ""
    timezone: str = "UTC"
    language: str = "en"
    board_url: str = ""
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    route: Route | None = None
    fallback: str = ""
    intervals: Mapping[str, TimeInterval] = field(default_factory=dict)
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    launches: tuple[Launch, ...] = ()
    watchdog: timedelta | None = None  # how long Prometheus' Watchdog may be silent; None: it is not expected
    fold_within: timedelta = timedelta(minutes=5)
    method_after: timedelta = timedelta(minutes=2)
    ack_critical: timedelta = timedelta(minutes=60)
    ack_warning: timedelta = timedelta(hours=8)
    absent_after: timedelta = timedelta(minutes=2)
    resolve_after: timedelta = timedelta(minutes=2)
    reopen_within: timedelta = timedelta(minutes=15)
    unknown_after: timedelta = timedelta(minutes=15)
    settle_within: timedelta = timedelta(seconds=60)
    flap_changes: int = 4
    flap_window: timedelta = timedelta(minutes=30)
    flap_quiet: timedelta = timedelta(minutes=15)
    blind_window: timedelta = timedelta(seconds=60)
    blind_hosts: int = 3
    ttl_critical: timedelta = timedelta(hours=4)
    ttl: timedelta = timedelta(hours=24)
