"""The team's file as typed models. Descriptions become `config/README.md`; defaults are those of alerting.md."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, InstanceOf, SecretStr

from monitor.settings.duties import PolicyEntry, ScheduleEntry
from monitor.settings.people import Person, Place, TeamOfPeople
from monitor.settings.quiet import Heartbeat, LaunchEntry, MaintenanceEntry, SilenceEntry, Watchdog
from monitor.settings.routing import IntervalEntry, Routes
from monitor.settings.values import NAME_CHARS_MAX, HintedError, Identifier, Language, Model, Name, Zone
from probes.base import Duration, Params

__all__ = [
    "ChannelEntry",
    "FetchSettings",
    "Platform",
    "ProbeEntry",
    "Retention",
    "RuleSettings",
    "Server",
    "SettingsFile",
    "Team",
    "listener",
]

NOTE_CHARS_MAX = 500
PROBES_PER_CHANNEL_MAX = 5_000
TAGS_MAX = 20
TOKEN_CHARS_MIN = 16
PORT_MAX = 65_535
ENTRIES_MAX = 1_000
SILENCES_MAX = 200


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        hint = "host bits must be 0" if "host bits" in str(error) else "such as 127.0.0.0/8 or fd00::/8"
        raise HintedError("is not a network in CIDR notation", hint) from None


def _web_address(text: str) -> str:
    if not re.match(r"https?://[^/\s@]+", text):
        raise HintedError("is not an http or https address")
    return text


def _words_or_link(text: str) -> str:
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(//|\S)", text) and not re.match(r"https?://", text):
        raise HintedError("a link must begin with http:// or https://")
    return text


def _proxy(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"https?://[^\s/]+/?", secret.get_secret_value()):
        raise HintedError("is not the address of an http proxy", "such as http://proxy.example:3128")
    return secret


def _token(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not re.fullmatch(r"[\x21-\x7e]*", text):
        raise HintedError("may hold printable ASCII without spaces only")
    if len(text) < TOKEN_CHARS_MIN:
        raise HintedError(f"is shorter than {TOKEN_CHARS_MIN} characters", "make one with `openssl rand -hex 32`")
    return secret


def listener(text: str) -> tuple[str, int]:
    """``host:port`` or ``[v6]:port`` -> (host, port); port 0 lets the system choose. Raises HintedError."""
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})", text)
    if not match or int(match.group(2)) > PORT_MAX:
        raise HintedError("is not an address to listen on", "write host:port, such as 127.0.0.1:9180")
    return match.group(1).strip("[]"), int(match.group(2))


def _listen(text: str) -> str:
    listener(text)
    return text


def _store(text: str) -> str:
    if not re.match(r"sqlite:///.", text) or "?" in text:
        raise HintedError("is not a store that Vigie has", "such as sqlite:///var/vigie.db")
    return text


class Team(Model):
    """Whose lookout this is."""

    name: Name = Field(default="Our team", description="As messages and the board say it.")
    timezone: Zone = Field(
        default="UTC", description="The zone in which people read times: a name of the IANA database."
    )
    language: Language = Field(default="en", description="The language of messages: `en` or `fr`.")


class Server(Model):
    """The door for others: board, API, metrics."""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        default="127.0.0.1:9180",
        description="Host and port. On anything but loopback `token` is required. Counts from the next start.",
    )
    token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        default=None,
        description="What a visitor must show, at least 16 characters: a reference, `${NAME}` or `file:/path`.",
    )
    hosts: tuple[Name, ...] = Field(
        default=(),
        max_length=100,
        description="Further names under which the board may be asked for (the Host header), without port; the name "
        "in `listen`, the one in `url`, and localhost are allowed anyhow.",
    )
    url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="The board's address as people reach it, for links in messages; default: `listen`."
    )


class FetchSettings(Model):
    """How the outside is asked."""

    allow_private: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(),
        max_length=100,
        description="Networks (CIDR) that probes may reach although they are private, loopback or link-local. "
        "Their hosts are not spaced.",
    )
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = Field(
        default=None, description="An http proxy for all probes; may hold a user and a password."
    )
    contact: Annotated[str, Field(max_length=200, pattern=r"^[\x20-\x7e]*$")] = Field(
        default="", description="A mail or web address for the User-Agent, so that a vendor can reach you."
    )
    in_flight: int = Field(default=512, ge=1, le=4096, description="Requests at once.")
    per_host: int = Field(default=4, ge=1, le=64, description="Requests at once to one host.")
    spacing: Duration = Field(
        default=timedelta(milliseconds=100),
        le=timedelta(minutes=1),
        description="The least time between the starts of two requests to one host.",
    )


class RuleSettings(Model):
    """When trouble counts as trouble; the meanings stand in the design of alerting."""

    resolve_after: Duration = Field(
        default=timedelta(minutes=2), description="How long a channel must be well before its incident resolves."
    )
    reopen_within: Duration = Field(
        default=timedelta(minutes=15), description="Trouble again within this time reopens the same incident."
    )
    unknown_after: Duration = Field(
        default=timedelta(minutes=15), description="How long a channel may be unknown before people are told."
    )
    settle_within: Duration = Field(
        default=timedelta(seconds=60),
        description="After a start, first messages wait for every probe's first run, at most this long.",
    )
    flap_changes: int = Field(default=4, ge=2, le=100, description="More changes than this in `flap_window`: unstable.")
    flap_window: Duration = Field(default=timedelta(minutes=30), description="The window for `flap_changes`.")
    flap_quiet: Duration = Field(
        default=timedelta(minutes=15), description="Quiet time after which a channel is no longer unstable."
    )
    blind_window: Duration = Field(
        default=timedelta(seconds=60), description="The window in which failures at many hosts mean that we are blind."
    )
    blind_hosts: int = Field(default=3, ge=2, le=100, description="At least so many hosts must fail for that.")
    ttl_critical: Duration = Field(
        default=timedelta(hours=4), description="How long a critical message is worth sending."
    )
    ttl: Duration = Field(default=timedelta(hours=24), description="How long any other message is worth sending.")
    fold_within: Duration = Field(
        default=timedelta(minutes=5),
        description="When what a channel rests on fails within this time after people were told of the channel, the "
        "two become one incident in messages.",
    )
    method_after: Duration = Field(
        default=timedelta(minutes=2),
        description="A message that a contact does not take for so long goes to the person's next one.",
    )
    ack_critical: Duration = Field(
        default=timedelta(minutes=60), description="How long an acknowledgement of critical trouble holds."
    )
    ack_warning: Duration = Field(default=timedelta(hours=8), description="How long any other one holds.")
    absent_after: Duration = Field(
        default=timedelta(minutes=2), description="At a start after a longer absence than this, people are told of it."
    )


class Platform(Model):
    """The vendor that several channels share."""

    id: Identifier = Field(description="Channels with the same id are grouped in messages.")
    name: Name = Field(description="As people read it.")


@dataclass(frozen=True, slots=True)
class ProbeEntry:
    """One probe as written: its kind and that kind's validated parameters. `key` is its place in the file."""

    kind: str
    params: Params = field(repr=False)
    place: tuple[str, int, int, str] = field(compare=False)


class ChannelEntry(Model):
    """A watched channel. What it does not say is as the catalogue has it."""

    name: Name | None = Field(default=None, description="As people read it; by default the catalogue's, else the id.")
    platform: Identifier | Platform | None = Field(
        default=None,
        description="The vendor: an id, or `{id, name}`; by default the catalogue's, else the channel's id.",
    )
    probes: tuple[InstanceOf[ProbeEntry], ...] | None = Field(
        default=None,
        max_length=PROBES_PER_CHANNEL_MAX,
        description="The look-outs: each a `kind` and its parameters (probes/README.md). Replaces the catalogue's.",
    )
    extra_probes: tuple[InstanceOf[ProbeEntry], ...] = Field(
        default=(), max_length=PROBES_PER_CHANNEL_MAX, description="Probes besides the catalogue's, counted after them."
    )
    owner: str = Field(
        default="",
        max_length=NAME_CHARS_MAX,
        description="Who looks after it, as words or a person's id; named in messages.",
    )
    deputy: str = Field(default="", max_length=NAME_CHARS_MAX, description="Who does when the owner cannot.")
    fallback: str = Field(
        default="", max_length=NOTE_CHARS_MAX, description="What to use instead: a channel's id, or words."
    )
    playbook: Annotated[str, AfterValidator(_words_or_link)] = Field(
        default="", max_length=NOTE_CHARS_MAX, description="What to do in trouble: an http(s) link, or words."
    )
    note: str = Field(default="", max_length=NOTE_CHARS_MAX, description="A remark for the board.")
    market: str = Field(
        default="", max_length=NAME_CHARS_MAX, description="The market that it serves, such as `fr`, for matchers."
    )
    tags: tuple[Identifier, ...] = Field(
        default=(), max_length=TAGS_MAX, description="Words of your own, for matchers."
    )


class Retention(Model):
    """How long things are kept in the store. Counts from the next start."""

    observations: Duration = Field(default=timedelta(days=7), description="What the outside said, word for word.")
    decisions: Duration = Field(default=timedelta(days=90), description="The ledger of decisions, and sent messages.")
    incidents: Duration = Field(default=timedelta(days=365), description="Closed incidents.")


class SettingsFile(Model):
    """The team's file, `vigie.yaml`."""

    team: Team = Field(default=Team(), description="Whose lookout this is.")
    store: Annotated[str, AfterValidator(_store)] = Field(
        default="sqlite:///var/vigie.db",
        description="Where state is kept: an SQLite file, relative to the working directory. "
        "Counts from the next start.",
    )
    server: Server = Field(default=Server(), description="The door for others: board, API, metrics.")
    fetch: FetchSettings = Field(default=FetchSettings(), description="How the outside is asked.")
    rules: RuleSettings = Field(default=RuleSettings(), description="When trouble counts as trouble.")
    channels: Mapping[Identifier, ChannelEntry] = Field(
        default={},
        description="What is watched, by id: only what stands here. `reddit: {}` is as the catalogue has it.",
    )
    people: Mapping[Identifier, Person] = Field(
        default={}, max_length=ENTRIES_MAX, description="Who can be told, by id."
    )
    teams: Mapping[Identifier, TeamOfPeople] = Field(
        default={}, max_length=ENTRIES_MAX, description="People who are told together, by id."
    )
    places: Mapping[Identifier, Place] = Field(
        default={},
        max_length=ENTRIES_MAX,
        alias="destinations",
        description="Places that several read, such as a chat room, by id.",
    )
    schedules: Mapping[Identifier, ScheduleEntry] = Field(
        default={},
        max_length=ENTRIES_MAX,
        description="Who is on call when, by id. People, teams, destinations and schedules share one set of ids.",
    )
    escalation: Mapping[Identifier, PolicyEntry] = Field(
        default={}, max_length=ENTRIES_MAX, description="Whom to call when nobody acknowledges: policies by id."
    )
    routes: Routes | None = Field(default=None, description="Who hears of what. Without it nobody does.")
    time_intervals: Mapping[Identifier, IntervalEntry] = Field(
        default={}, max_length=ENTRIES_MAX, description="Times of the week that routes refer to, by id."
    )
    dependencies: Mapping[Identifier, tuple[str, ...] | str] = Field(
        default={},
        max_length=ENTRIES_MAX,
        description="What rests on what: a channel or a platform -> those that fail with it, or `*` for every other "
        "channel. While it is out, their outages are not told apart from it.",
    )
    silences: tuple[SilenceEntry, ...] = Field(
        default=(), max_length=SILENCES_MAX, description="What is not told for a time."
    )
    maintenance: Mapping[Identifier, MaintenanceEntry] = Field(
        default={}, max_length=SILENCES_MAX, description="Work of our own, by a name."
    )
    launches: tuple[LaunchEntry, ...] = Field(
        default=(), max_length=SILENCES_MAX, description="Times in which channels matter more than usual."
    )
    watchdog: Watchdog | None = Field(
        default=None, description="Prometheus' Watchdog is expected; `{}` takes the default."
    )
    heartbeat: Heartbeat | None = Field(
        default=None, description="A dead-man's switch elsewhere that hears from us while all is well."
    )
    retention: Retention = Field(default=Retention(), description="How long things are kept.")
