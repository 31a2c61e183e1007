"""The catalogue: one file per channel, `<id>.yaml`, with two YAML documents.

The first says what is watched; it alone is read at a start, and only of channels that the team lists. The second holds
what is known of the channel besides (feeds, documents, a call that shows life, rate limits, error codes), each fact
with its certainty and its source, for those who ask.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf

from monitor.settings.model import Platform, ProbeEntry
from monitor.settings.values import IDENTIFIER, HintedError, Identifier, Name

__all__ = ["CatalogueChannel", "Facts", "Sureness", "catalogue_folder", "channel_ids", "shipped_folder"]

FOLDER = "channels"
TEXT_CHARS_MAX = 600
LIST_ITEMS_MAX = 200


class Sureness(StrEnum):
    """How sure a fact is."""

    SEEN = "A"  # in a vendor's document, a recorded probe or a captured payload of 2024 to 2026
    CITED = "B"  # in public code or a catalogue; no probe seen
    REMEMBERED = "C"  # from memory; to be verified at first contact


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s]{3,2040}", text):
        raise HintedError("is not an http or https address")
    return text


Address = Annotated[str, AfterValidator(_address)]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARS_MAX)]
Code = int | Annotated[str, Field(min_length=1, max_length=80)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Fact(_Model):
    """A fact says how sure it is and where it comes from."""

    certainty: Sureness = Field(description="A: seen with a vendor. B: cited. C: remembered, to be verified.")
    source: Text = Field(description="Where it comes from.")
    note: str = Field(default="", max_length=TEXT_CHARS_MAX, description="A remark.")


class CatalogueChannel(_Model):
    """What is watched of a channel: the first document of its file."""

    id: Identifier = Field(description="The file's name.")
    name: Name = Field(description="As people read it.")
    platform: Platform = Field(description="The vendor that several channels share.")
    dependencies: tuple[Identifier, ...] = Field(default=(), description="Channels of the catalogue that it rests on.")
    status_url: Address | None = Field(default=None, description="The vendor's status page, for people.")
    defunct: bool = Field(default=False, description="The service no longer exists.")
    note: str = Field(
        default="", max_length=TEXT_CHARS_MAX, description="Why there is no official source, or what to know."
    )
    probes: tuple[InstanceOf[ProbeEntry], ...] = Field(
        default=(), max_length=LIST_ITEMS_MAX, description="What is run."
    )


class StatusSource(_Fact):
    """Where the vendor says how it is."""

    format: Text | None = Field(default=None, description="The make of the status page; absent: there is none.")
    page_id: Text | None = Field(default=None, description="Its id with the maker.")
    alternatives: tuple[Address, ...] = Field(
        default=(), description="Other addresses of the same or of an older page."
    )
    feeds: tuple[Address, ...] = Field(default=(), description="Feeds of the page.")


class Dependency(_Fact):
    """Another entry of the catalogue that the channel rests on."""

    id: Identifier = Field(description="The entry.")
    role: Literal["service", "status page"] = Field(
        description="What rests on it: the service, or only its status page."
    )


class FeedSource(_Fact):
    """A place where the vendor publishes news."""

    url: Text = Field(description="Its address; `{...}` stands for a part that the team must fill in.")
    about: Text = Field(description="What it tells: changelog, newsroom, blog ...")
    format: Text = Field(description="rss, atom, json or html.")


class DocumentSource(_Fact):
    """A text that binds the team: terms, guidelines, advertising rules."""

    url: Address = Field(description="Its address.")
    type: Text = Field(description="What it is.")
    more: tuple[Address, ...] = Field(default=(), description="Further pages of it.")


class HealthCall(_Fact):
    """A call that shows whether the API lives."""

    without_token: Text | None = Field(default=None, description="Method and address; needs no credential.")
    with_token: Text | None = Field(default=None, description="Method and address; needs the team's credential.")
    expect: Text | None = Field(default=None, description="What a living API answers.")


class RateLimit(_Fact):
    """How the vendor limits calls, and how it says so."""

    headers: tuple[Text, ...] = Field(default=(), description="Response headers that tell what is left.")
    http_status: Text | None = Field(default=None, description="The HTTP status of a refusal.")
    body: Text | None = Field(default=None, description="What the body of a refusal looks like.")
    windows: Text | None = Field(default=None, description="The limits and their windows.")


class Errors(_Fact):
    """The vendor's error codes, by what they mean."""

    envelope: Text | None = Field(default=None, description="The shape of an error.")
    ok_code: Text | None = Field(default=None, description="The code that means success.")
    classes: Mapping[str, tuple[Code, ...]] = Field(
        default={}, description="transient, rate_limit, auth, permission, client, policy_block ... -> codes."
    )
    details: Mapping[str, Text] = Field(default={}, description="Single codes and their meaning.")


class Facts(_Model):
    """What is known of a channel: the second document of its file."""

    status: StatusSource | None = Field(default=None, description="Where the vendor says how it is.")
    dependencies: tuple[Dependency, ...] = Field(default=(), description="What it rests on, and how sure that is.")
    feeds: tuple[FeedSource, ...] = Field(default=(), description="Where the vendor publishes news.")
    documents: tuple[DocumentSource, ...] = Field(default=(), description="Texts that bind the team.")
    health_call: HealthCall | None = Field(default=None, description="A call that shows life.")
    rate_limit: RateLimit | None = Field(default=None, description="How calls are limited.")
    errors: Errors | None = Field(default=None, description="The error codes.")
    notes: tuple[Text, ...] = Field(default=(), description="What else to know.")


def shipped_folder() -> Path:
    """The catalogue of this checkout or installation: `config/channels` beside the package."""
    return Path(__file__).resolve().parents[2] / "config" / FOLDER


def catalogue_folder(config: Path) -> Path:
    """The catalogue for a configuration file: `channels/` beside it, else the shipped one."""
    beside = config.parent / FOLDER
    return beside if beside.is_dir() else shipped_folder()


def channel_ids(folder: Path) -> tuple[str, ...]:
    """The channels that the catalogue holds, sorted."""
    if not folder.is_dir():
        return ()
    names = sorted(path.stem for path in folder.iterdir() if path.suffix == ".yaml")
    return tuple(name for name in names if re.fullmatch(IDENTIFIER, name))
