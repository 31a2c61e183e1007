"""Who can be told: people, teams of them, and places that several read."""

from datetime import time, timedelta
from typing import Any

from pydantic import Field, SecretStr, model_validator

from monitor.core.duty import Window
from monitor.settings.document import Mapping, Node
from monitor.settings.shape import BROKEN, Shaper
from monitor.settings.values import Clock, ClockEnd, Day, HintedError, Identifier, Language, Model, Name, Zone, days_of
from probes.base import Duration

__all__ = ["Contact", "Person", "Place", "Stretch", "TeamOfPeople", "read_contact"]

CONTACTS_MAX = 20
MEMBERS_MAX = 100
STRETCHES_MAX = 50
AFTER_MAX = timedelta(hours=24)
DIGEST = time(9, 0)
EVERY_DAY = ("mon-sun",)


class Contact(Model):
    """One way to reach somebody: an address, alone or with the time after which it is used too."""

    address: SecretStr = Field(description="An address of the list under Contacts; best as a reference.")
    after: Duration | None = Field(
        default=None,
        le=AFTER_MAX,
        description="Used too, this long after the first, if nobody has acknowledged by then. Without it: only when "
        "the one before does not deliver.",
    )


def read_contact(shaper: Shaper, node: Node, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - a contact or BROKEN
    """A contact from its address alone, or from its keys."""
    if isinstance(node, Mapping):
        return shaper.model(node, Contact, path)
    address = shaper.shape(node, SecretStr, path)
    return BROKEN if address is BROKEN else Contact(address=SecretStr(address))


class Stretch(Model):
    """A stretch of a day that recurs: the end excluded; an end before the start is on the next day."""

    on: tuple[Day, ...] = Field(
        default=EVERY_DAY,
        min_length=1,
        max_length=7,
        description="The weekdays on which it starts: `mon` to `sun`, or ranges such as `mon-fri`.",
    )
    begin: Clock = Field(default=time(0, 0), alias="from", description="From this time of day.")
    end: ClockEnd = Field(
        default=time(0, 0), alias="to", description="To this one. The same as `from`: 24 hours; `24:00` is midnight."
    )

    @model_validator(mode="after")
    def _both(self) -> "Stretch":
        if len({"begin", "end"} & self.model_fields_set) == 1:
            raise HintedError("`from` and `to` come together", "without both it is the whole day")
        return self

    @property
    def window(self) -> Window:
        """As the mind has it."""
        return Window(self.begin, self.end, frozenset[int]().union(*map(days_of, self.on)))


class Person(Model):
    """Someone who can be told."""

    name: Name = Field(description="As others read it.")
    contacts: tuple[Contact, ...] = Field(
        default=(),
        max_length=CONTACTS_MAX,
        description="In order: the first is used at once, the next when the one before does not deliver. "
        "Each an address such as `mailtos://...`, or `{address, after}`.",
    )
    timezone: Zone | None = Field(default=None, description="Where the person is; default: the team's zone.")
    language: Language | None = Field(default=None, description="Of messages to the person; default: the team's.")
    quiet_hours: tuple[Stretch, ...] | Stretch = Field(
        default=(),
        description="When nothing but critical trouble may disturb; the rest waits for the digest. "
        "One `{on, from, to}` or a list of such, in the person's zone.",
    )
    digest: Clock = Field(default=DIGEST, description="When the day's digest comes, in the person's zone.")

    @property
    def quiet(self) -> tuple[Stretch, ...]:
        """The quiet hours as a list."""
        return (self.quiet_hours,) if isinstance(self.quiet_hours, Stretch) else self.quiet_hours


class TeamOfPeople(Model):
    """Several people under one name; all of them are told."""

    name: Name | None = Field(default=None, description="As people read it; default: the id.")
    members: tuple[Identifier, ...] = Field(min_length=1, max_length=MEMBERS_MAX, description="Ids of people.")


class Place(Model):
    """A place that several read, such as a chat room or an on-call service."""

    name: Name | None = Field(default=None, description="As people read it; default: the id.")
    contacts: tuple[Contact, ...] = Field(
        default=(), max_length=CONTACTS_MAX, description="In order, as those of a person."
    )
    timezone: Zone | None = Field(default=None, description="In which times are written; default: the team's zone.")
    language: Language | None = Field(default=None, description="Of messages to it; default: the team's.")
    digest: Clock = Field(default=DIGEST, description="When the day's digest comes, in that zone.")
