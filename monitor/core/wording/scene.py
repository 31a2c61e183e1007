"""What one message on an incident is about, with its reader at hand: shared by its title and its paragraphs."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from monitor.core.duty import Recipient
from monitor.core.model import ChannelRule, ChannelState, Condition, Incident, Phase, Rules, Telling, Told
from monitor.core.saying import about
from monitor.core.source import RANK, is_bad
from monitor.core.wording.names import scope_name
from monitor.core.wording.speech import Speech
from probes.base import Availability, Severity

__all__ = ["Scene"]


@dataclass(frozen=True)
class Scene:
    """A telling, read for what its words depend on."""

    telling: Telling
    rules: Rules
    now: datetime

    @cached_property
    def speech(self) -> Speech:
        """The reader's language, zone and today."""
        return Speech(self.reader.language, self.reader.timezone, self.now)

    @property
    def reader(self) -> Recipient:
        """Who reads it."""
        return self.telling.recipient

    @property
    def incident(self) -> Incident:
        """What it is about."""
        return self.telling.incident

    @property
    def told(self) -> Told | None:
        """What the reader was told before."""
        return self.telling.told

    @property
    def ended(self) -> bool:
        """Whether it tells of the end."""
        return self.telling.step == "resolved"

    @cached_property
    def members(self) -> tuple[ChannelState, ...]:
        """The state of the channels that it is about."""
        return tuple(self.telling.members[c] for c in self.telling.channels if c in self.telling.members)

    @cached_property
    def channels(self) -> tuple[ChannelRule, ...]:
        """The rules of the channels that it is about."""
        return tuple(self.rules.channels[c] for c in self.telling.channels if c in self.rules.channels)

    @cached_property
    def name(self) -> str:
        """What people call the thing in trouble."""
        return scope_name(self.incident, self.rules, self.telling.channels)

    @cached_property
    def names(self) -> str:
        """The channels, as a list."""
        return self.channel_names(self.telling.channels)

    def channel_names(self, channels: tuple[str, ...]) -> str:
        """Channels, or platforms, by what people call them."""
        platforms = {r.platform: r.platform_name for r in self.rules.channels.values()}
        known = self.rules.channels
        return self.speech.join([known[c].name if c in known else platforms.get(c, c) for c in channels])

    def person(self, who: str) -> str:
        """A person by name; `who` is an id, or already a name."""
        known = self.rules.recipients.get(who)
        return known.name if known else who

    def is_reader(self, who: str) -> bool:
        """Whether that is whoever reads this."""
        return bool(who) and who in (self.reader.id, self.reader.name)

    @property
    def is_readers(self) -> bool:
        """Whether it changes hands to the reader: by a shift, which is nobody's act, or by a person."""
        return not self.telling.by or self.is_reader(self.incident.owner)

    @property
    def taken(self) -> bool:
        """Whether somebody has it in hand."""
        return self.incident.phase is Phase.ACKNOWLEDGED

    @cached_property
    def critical(self) -> bool:
        """Whether the channels that it is about are out, rather than weak; of other conditions, the severity."""
        if self.incident.condition is Condition.AVAILABILITY and not self.ended:
            bad = [m.health.availability for m in self.members if is_bad(m.health.availability)]
            if bad:
                return max(bad, key=RANK.__getitem__) is Availability.OUTAGE
        return self.incident.severity is Severity.CRITICAL

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Why; without what concerns only channels that are left out."""
        if self.ended or not self.telling.held:
            return self.incident.reasons
        said: list[str] = []
        for member in self.members:
            health = member.health
            own = health.risk_reasons if self.incident.condition is Condition.RISK else health.reasons
            if self.incident.condition is Condition.UNKNOWN:
                own = health.unknowns or health.reasons
            named = len(self.telling.channels) > 1 and member.id in self.rules.channels
            said += [about(self.rules.channels[member.id].name, r) if named else r for r in own]
        return tuple(dict.fromkeys(said)) or self.incident.reasons

    @cached_property
    def joined(self) -> tuple[str, ...]:
        """Channels that the reader was not told of yet."""
        return tuple(c for c in self.telling.channels if self.told and c not in self.told.channels)

    @cached_property
    def unheld(self) -> bool:
        """Whether all of it was held back at the last message."""
        loud = self.incident.loud
        return loud is not None and self.told is not None and self.told.at < loud

    @cached_property
    def included(self) -> tuple[str, ...]:
        """Channels of another incident that the reader was told of, which is now told as a part of this one."""
        return tuple(c for c in self.told.channels if c not in self.incident.channels) if self.told else ()

    @property
    def again(self) -> bool:
        """Whether the reader heard that it was over."""
        return self.told is not None and self.told.resolved

    @property
    def worse(self) -> bool:
        """Whether it is worse than the reader knows."""
        return self.told is not None and self.incident.peak > self.told.severity

    @cached_property
    def silent_ones(self) -> str:
        """Who was called before the reader and has not answered."""
        called = dict.fromkeys(r for page in self.incident.pages for r in page.called if r != self.reader.id)
        return self.speech.join([self.person(r) for r in called])
