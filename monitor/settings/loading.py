# ruff: noqa: ANN401 - a shaped value is BROKEN or what its annotation says
"""Files -> Settings: all faults of all files at once, or frozen settings that the house can run on."""

import hashlib
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from monitor.core.duty import Destination, Method, Recipient, Route
from monitor.core.model import MONITOR, ChannelRule, Measured, ProbeRule, Rules
from monitor.settings import contacts as contact_checks
from monitor.settings import document as documents
from monitor.settings.address import host_of, is_loopback, public_url, secret_parts, secret_values
from monitor.settings.catalogue import CatalogueChannel, Facts, catalogue_folder, channel_ids
from monitor.settings.document import Node
from monitor.settings.faults import SECRET_CHARS_MIN, Fault, SettingsError, did_you_mean, shown_id
from monitor.settings.model import (
    ChannelEntry,
    GroupWait,
    HintedError,
    Person,
    Platform,
    ProbeEntry,
    Routes,
    Server,
    SettingsFile,
    listener,
)
from monitor.settings.probe_entry import read_probe
from monitor.settings.references import References
from monitor.settings.shape import BROKEN, Shaper
from probes.base import Family, MeasuredParams, Params

__all__ = ["CheckContacts", "ProbeSpec", "Settings", "load", "load_facts"]

PROBES_MAX = 20_000
EXPIRES_MIN = timedelta(minutes=5)
EXPIRES_FACTOR = 3
FINGERPRINT_CHARS = 16
_MAIL_ADDRESS = re.compile(r"[^@\s/]+(@|%40)[^@\s/]+", re.IGNORECASE)


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


class Settings(SettingsFile):
    """Everything that was configured, and what the house derives from it. Frozen; equal settings compare equal."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    path: Path = Field(description="The team's file.")
    files: tuple[Path, ...] = Field(description="Every file that was read; a change of one is a reason to load again.")
    probes: tuple[ProbeSpec, ...] = Field(description="All probes, in the order of the files.")
    channel_rules: Mapping[str, ChannelRule] = Field(description="The watched channels, in the order of the file.")
    destinations: tuple[Destination, ...] = Field(description="Every contact of every person.")
    contacts: Mapping[str, SecretStr] = Field(description="Destination id -> Apprise address.")
    secrets: frozenset[str] = Field(repr=False, exclude=True, description="What must never be shown.")
    warnings: tuple[str, ...] = Field(description="What works, and is probably not meant so.")
    fingerprint: str = Field(description="A hash of the content; secrets do not go into it.")

    def rules_for_mind(self) -> Rules:
        """The configuration as the mind needs it."""
        routes = self.routes
        wait = routes.group_wait if routes else GroupWait()
        both = wait if isinstance(wait, GroupWait) else GroupWait(critical=wait, warning=wait)
        rules: dict[str, Any] = {name: getattr(self.rules, name) for name in type(self.rules).model_fields}
        route = None
        if routes:
            interval = routes.group_interval
            route = Route(
                "root", routes.receiver, wait_critical=both.critical, wait_warning=both.warning, interval=interval
            )
        return Rules(
            channels=self.channel_rules,
            team=self.team.name,
            destinations={d.id: d for d in self.destinations},
            recipients={
                person: Recipient(
                    person,
                    who.name,
                    methods=tuple(Method(d.id) for d in self.destinations if d.receiver == person),
                    language=self.team.language,
                    timezone=self.team.timezone,
                )
                for person, who in self.people.items()
            },
            route=route,
            timezone=self.team.timezone,
            language=self.team.language,
            board_url=self.board_url,
            **rules,
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


CheckContacts = Callable[[Sequence[str]], Mapping[str, HintedError]]


def load(
    path: Path, environ: Mapping[str, str], *, check_contacts: CheckContacts = contact_checks.check_all
) -> Settings:
    """The settings in `path` and in the catalogue beside it.

    `environ`: the variables that ``${NAME}`` may name. `check_contacts`: here or, for the daemon, in a process of its
    own. Every file is read once. Raises SettingsError with all faults.
    """
    return _Loader(path, environ, check_contacts).settings()


def _site_of(specs: tuple[ProbeSpec, ...]) -> str:
    """Where people may look when the catalogue knows no page for them: the site of the first status probe."""
    pages = [spec.rule.url for spec in specs if spec.rule.family is Family.STATUS]
    return "/".join(pages[0].split("/", 3)[:3]) + "/" if pages else ""


def load_facts(path: Path) -> tuple[CatalogueChannel, Facts]:
    """Both documents of one file of the catalogue. Raises SettingsError."""
    loader = _Loader(path, {}, contact_checks.check_all)
    data = loader.data(path)
    both = (loader.catalogue_document(path, data, 0, CatalogueChannel), loader.catalogue_document(path, data, 1, Facts))
    if loader.faults or both[0] is BROKEN or both[1] is BROKEN:
        raise SettingsError(loader.faults)
    return both


class _Loader:
    """One load: reads, gathers faults, and builds."""

    def __init__(self, path: Path, environ: Mapping[str, str], check_contacts: CheckContacts) -> None:
        self.path = path
        self.check_contacts = check_contacts
        self.faults: list[Fault] = []
        self.references = References(environ, path.resolve().parent)
        self.files: list[Path] = [path]
        self.warnings: list[str] = []
        self.silent: list[str] = []  # channels without a probe
        self.secrets: set[str] = set()
        self.root: Node = documents.Mapping(1, 1, ())

    def settings(self) -> Settings:
        """The whole of it, or SettingsError."""
        data = self.data(self.path)
        read = documents.parse(str(self.path), data) if data is not None else None
        if read is None or read.root is None:
            self.faults += read.faults if read else ()
            raise SettingsError(self.faults)
        self.faults += read.faults
        self.root = read.root
        shaper = Shaper(str(self.path), self.references, {ProbeEntry: read_probe})
        team_file = shaper.model(read.root, SettingsFile, ())
        self.faults += shaper.faults
        known = self._catalogue(read.root)
        if team_file is BROKEN:
            self._judge_the_rest(read.root)
            raise SettingsError(self.faults)
        built = self._build(team_file, known)
        if self.faults or built is None:
            raise SettingsError(self.faults)
        return built

    def data(self, path: Path) -> bytes | None:
        """The bytes of a file, or a fault."""
        data = documents.read_bytes(path)
        if isinstance(data, str):
            self.faults.append(Fault(str(path), 1, 1, "", data))
            return None
        return data

    def catalogue_document(self, path: Path, data: bytes | None, number: int, kind: type[Any]) -> Any:
        """One document of a catalogue file as `kind`, or BROKEN."""
        if data is None:
            return BROKEN
        read = documents.parse(str(path), data, document=number)
        self.faults += read.faults
        if read.root is None:
            return BROKEN
        shaper = Shaper(str(path), References({}, path.parent), {ProbeEntry: read_probe})
        entry = shaper.model(read.root, kind, ())
        if isinstance(entry, CatalogueChannel) and entry.id != path.stem:
            entry = shaper.fault(read.root.get("id") or read.root, ("id",), "is not the file's name")
        self.faults += shaper.faults
        return entry

    # --- channels -----------------------------------------------------------------------------------------------------

    def _catalogue(self, root: documents.Mapping) -> dict[str, CatalogueChannel]:
        """The catalogue's entries for the channels that are listed; faults for those that lead nowhere."""
        folder = catalogue_folder(self.path)
        ids = channel_ids(folder)
        entries: dict[str, CatalogueChannel] = {}
        listed = root.get("channels")
        for key, value in listed.items if isinstance(listed, documents.Mapping) else ():
            where = f"channels.{shown_id(key.text)}"
            if key.text == MONITOR:
                self._fault(key, where, "is the name of incidents about Vigie itself", "choose another id")
            elif key.text in ids:
                self.files.append(folder / f"{key.text}.yaml")
                data = self.data(self.files[-1])
                entry = self.catalogue_document(self.files[-1], data, 0, CatalogueChannel)
                if entry is not BROKEN:
                    entries[key.text] = entry
            elif not (isinstance(value, documents.Mapping) and value.get("probes")):
                hint = did_you_mean(key.text, ids) if ids else f"there is no catalogue in {folder}"
                self._fault(key, where, "is not in the catalogue and has no probes", hint)
        return entries

    def _fault(self, node: Node, key: str, what: str, hint: str = "") -> None:
        self.faults.append(Fault(str(self.path), node.line, node.column, key, what, hint))

    def _node(self, *keys: str) -> Node:
        """The node under the keys, or the nearest above it."""
        node = self.root
        for key in keys:
            below = node.get(key) if isinstance(node, documents.Mapping) else None
            if isinstance(node, documents.Sequence) and key.isdigit() and int(key) < len(node.items):
                below = node.items[int(key)]
            if below is None:
                break
            node = below
        return node

    def _channel(self, channel: str, entry: ChannelEntry, known: CatalogueChannel | None) -> list[ProbeEntry]:
        entries = list(entry.probes if entry.probes is not None else known.probes if known else ())
        entries += entry.extra_probes
        if known and known.defunct:
            self.warnings.append(f"{known.name} no longer exists; it is shown as unknown")
        elif not entries:
            self.silent.append(entry.name or (known.name if known else channel))
        return entries

    def _channel_rule(
        self, channel: str, entry: ChannelEntry, known: CatalogueChannel | None, names: Mapping[str, str]
    ) -> tuple[ChannelRule, tuple[ProbeSpec, ...]]:
        platform = entry.platform or (known.platform if known else channel)
        if isinstance(platform, Platform):
            platform_id, platform_name = platform.id, platform.name
        else:
            own = platform == channel and entry.name
            platform_id, platform_name = platform, names.get(platform) or own or platform
        specs = tuple(
            ProbeSpec(self._probe_rule(f"{channel}/{number}", channel, probe), probe.kind, probe.params)
            for number, probe in enumerate(self._channel(channel, entry, known), 1)
        )
        rule = ChannelRule(
            id=channel,
            name=entry.name or (known.name if known else channel),
            platform=platform_id,
            platform_name=platform_name,
            probes=tuple(spec.rule for spec in specs),
            owner=entry.owner,
            deputy=entry.deputy,
            fallback=entry.fallback,
            playbook=entry.playbook,
            status_url=(known.status_url if known else None) or _site_of(specs),
            defunct=bool(known and known.defunct),
            note=entry.note or (known.note if known else ""),
        )
        return rule, specs

    def _probe_rule(self, name: str, channel: str, probe: ProbeEntry) -> ProbeRule:
        params = probe.params
        self.secrets |= secret_parts(params.url) | secret_values(params.model_dump())
        host = host_of(params.url)
        measured = None
        if isinstance(params, MeasuredParams):
            measured = Measured(params.bad_after, params.bad_of, params.good_after)
        return ProbeRule(
            id=name,
            channel=channel,
            kind=probe.kind,
            family=Family(probe.kind.partition(".")[0]),
            url=public_url(params.url, self.references.secrets),
            host=host,
            every=params.every,
            expires=params.expires or max(EXPIRES_MIN, EXPIRES_FACTOR * params.every),
            loopback=is_loopback(host),
            measured=measured,
        )

    # --- people -------------------------------------------------------------------------------------------------------

    def _people(self, team: SettingsFile) -> Iterator[tuple[Destination, SecretStr]]:
        wrong = self.check_contacts([c.get_secret_value() for who in team.people.values() for c in who.contacts])
        for person, who in team.people.items():
            for index, contact in enumerate(who.contacts):
                url = contact.get_secret_value()
                self.secrets |= contact_checks.secrets_in(url)
                if url in wrong:
                    node = self._node("people", person, "contacts", str(index))
                    key = f"people.{shown_id(person)}.contacts.{index + 1}"
                    self._fault(node, key, str(wrong[url]), wrong[url].hint)
                scheme = contact_checks.scheme_of(url)
                way = contact_checks.SERVICES.get(scheme, "")
                yield Destination(f"{person}/{index + 1}", person, who.name, scheme, way), contact

    def _judge_routes(self, team: SettingsFile) -> None:
        receiver = team.routes.receiver if team.routes else None
        if receiver is not None and receiver not in team.people:
            node = self._node("routes", "receiver")
            known = [person for person in team.people if shown_id(person) == person]
            self._fault(node, "routes.receiver", "there is no person with this id", did_you_mean(receiver, known))
        elif receiver is None:
            who = "there are people, but no `routes`" if team.people else "there are no people and no `routes`"
            self.warnings.append(f"nobody will be told of trouble: {who}")
        elif not team.people[receiver].contacts:
            self.warnings.append(f"nobody will be told of trouble: {team.people[receiver].name} has no contacts")

    # --- the whole ----------------------------------------------------------------------------------------------------

    def _build(self, team: SettingsFile, known: Mapping[str, CatalogueChannel]) -> Settings | None:
        self._judge_server(team)
        self._judge_routes(team)
        platforms = {entry.platform.id: entry.platform.name for entry in known.values()}
        platforms |= {
            e.platform.id: e.platform.name for e in team.channels.values() if isinstance(e.platform, Platform)
        }
        rules: dict[str, ChannelRule] = {}
        specs: list[ProbeSpec] = []
        for channel, entry in team.channels.items():
            rules[channel], own = self._channel_rule(channel, entry, known.get(channel), platforms)
            specs += own
        if len(specs) > PROBES_MAX:
            self._fault(self._node("channels"), "channels", f"there are {len(specs)} probes; at most {PROBES_MAX}")
        if self.silent:
            self.warnings.append(f"no probe speaks for these, so they stay unknown: {', '.join(self.silent)}")
        if not team.channels:
            self.warnings.append("no channel is watched: `channels` is empty")
        contacts = list(self._people(team))
        self._gather_secrets(team)
        if self.faults:
            return None
        values = {name: getattr(team, name) for name in SettingsFile.model_fields}
        return Settings.model_construct(
            **values,
            path=self.path,
            files=(*self.files, *sorted(self.references.files)),
            probes=tuple(specs),
            channel_rules=rules,
            destinations=tuple(destination for destination, _ in contacts),
            contacts={destination.id: contact for destination, contact in contacts},
            secrets=frozenset(self.secrets),
            warnings=tuple(dict.fromkeys(self.warnings)),
            fingerprint=self._fingerprint(team, specs, rules, contacts),
        )

    def _judge_the_rest(self, root: documents.Mapping) -> None:
        """What can be said of the whole parts of a file of which others are broken: every fault is told in one go."""
        silent = Shaper(str(self.path), self.references)
        whole: dict[str, Any] = {}
        kinds_of: dict[str, type[BaseModel]] = {"server": Server, "routes": Routes}
        for name, kind in kinds_of.items():
            node = root.get(name)
            shaped = silent.model(node, kind, ()) if isinstance(node, documents.Mapping) else BROKEN
            if shaped is not BROKEN:
                whole[name] = shaped
        people = root.get("people")
        persons = people.items if isinstance(people, documents.Mapping) else ()
        whole["people"] = {}
        for key, node in persons:
            shaped = silent.model(node, Person, ()) if isinstance(node, documents.Mapping) else BROKEN
            unknown = Person.model_construct(name=key.text, contacts=())  # somebody is there; more cannot be said
            whole["people"][key.text] = unknown if shaped is BROKEN else shaped
        team = SettingsFile.model_construct(**whole)
        self._judge_server(team)
        self._judge_routes(team)
        list(self._people(team))

    def _judge_server(self, team: SettingsFile) -> None:
        host, _ = listener(team.server.listen)
        if not is_loopback(host) and team.server.token is None:
            node = self._node("server", "listen")
            hint = "set server.token, or listen on 127.0.0.1"
            self._fault(node, "server.token", "is required where `listen` is not loopback", hint)

    def _gather_secrets(self, team: SettingsFile) -> None:
        literal = set(self.secrets)
        for secret in (team.server.token, team.fetch.proxy):
            if secret:
                literal |= {secret.get_secret_value()} | secret_parts(secret.get_secret_value())
        resolved = self.references.secrets
        whole = {contact.get_secret_value() for who in team.people.values() for contact in who.contacts}
        # A mail address is not shown, but who sees it in the file has not seen a credential.
        credentials = (s for s in literal - whole if not _MAIL_ADDRESS.fullmatch(s))
        in_clear = any(not any(s in r or r in s for r in resolved) for s in credentials)
        self.secrets = {secret for secret in literal | resolved if len(secret) >= SECRET_CHARS_MIN}
        if in_clear and self.path.stat().st_mode & stat.S_IROTH:
            hint = "use ${NAME} or file: references, or chmod o-r it"
            self.warnings.append(f"{self.path.name} holds secrets and can be read by everyone; {hint}")

    def _fingerprint(
        self,
        team: SettingsFile,
        specs: list[ProbeSpec],
        rules: Mapping[str, ChannelRule],
        contacts: list[tuple[Destination, SecretStr]],
    ) -> str:
        """Sixteen hexadecimal digits of a hash over what is public.

        A changed secret does not change it, so that nobody can try secrets against it.
        """
        said = team.model_dump_json(exclude={"channels"})
        watched = [(s.rule, s.params.model_dump_json(exclude={"url"})) for s in specs]
        text = repr((said, watched, rules, [destination for destination, _ in contacts]))
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "")
        return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_CHARS]
