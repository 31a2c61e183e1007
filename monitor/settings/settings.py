"""What a loaded configuration is: everything that was said, and what the house derives from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, SecretStr

from monitor.core.model import ChannelRule, Destination, ProbeRule, Rules
from monitor.settings.mind import people_of_the_mind
from monitor.settings.model import SettingsFile, listener
from monitor.settings.people import Place
from monitor.settings.values import Identifier
from probes.base import Params

__all__ = ["CalendarAddress", "ProbeSpec", "Settings"]


@dataclass(frozen=True, slots=True)
class ProbeSpec:
    """One configured look-out: what the mind knows of it, and what its kind needs to run it."""

    rule: ProbeRule
    kind: str
    params: Params = field(repr=False)

    @property
    def id(self) -> str:
        """``<channel>/<n>``, n counted from 1 in the order of the files."""
        return self.rule.id


@dataclass(frozen=True, slots=True)
class CalendarAddress:
    """Where a schedule is imported from, and how often it is read. The address may hold a credential."""

    url: SecretStr
    every: timedelta


class Settings(SettingsFile):
    """Everything that was configured, and what the house derives from it. Frozen; equal settings compare equal."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    places: Mapping[Identifier, Place] = Field(default={}, description="The shared destinations of the file, by id.")
    path: Path = Field(description="The team's file.")
    files: tuple[Path, ...] = Field(description="Every file that was read; a change of one is a reason to load again.")
    probes: tuple[ProbeSpec, ...] = Field(description="All probes, in the order of the files.")
    channel_rules: Mapping[str, ChannelRule] = Field(description="The watched channels, in the order of the file.")
    destinations: tuple[Destination, ...] = Field(description="Every contact of every person and place.")
    contacts: Mapping[str, SecretStr] = Field(description="Destination id -> address.")
    calendars: Mapping[str, CalendarAddress] = Field(description="Schedule id -> where it is imported from.")
    secrets: frozenset[str] = Field(repr=False, exclude=True, description="What must never be shown.")
    warnings: tuple[str, ...] = Field(description="What works, and is probably not meant so.")
    fingerprint: str = Field(description="A hash of the content; secrets do not go into it.")

    def rules_for_mind(self) -> Rules:
        """The configuration as the mind needs it."""
        timing: dict[str, Any] = {name: getattr(self.rules, name) for name in type(self.rules).model_fields}
        return Rules(
            channels=self.channel_rules,
            team=self.team.name,
            timezone=self.team.timezone,
            language=self.team.language,
            board_url=self.board_url,
            **people_of_the_mind(self),
            **timing,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on; port 0 lets the system choose."""
        return listener(self.server.listen)

    @property
    def board_url(self) -> str:
        """The board's address for links, without a final slash."""
        if self.server.url:
            return self.server.url.rstrip("/")
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @cached_property
    def probe_by_id(self) -> Mapping[str, ProbeSpec]:
        """The probes by their ids."""
        return {probe.id: probe for probe in self.probes}
