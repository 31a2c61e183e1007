# ruff: noqa: ANN401 - a shaped value is BROKEN or what its annotation says
"""Files -> Settings: all faults of all files at once, or frozen settings that the house can run on."""

import hashlib
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from monitor.core.model import MONITOR, ChannelRule, Destination, Measured, ProbeRule
from monitor.settings import contacts as contact_checks
from monitor.settings import document as documents
from monitor.settings.address import host_of, is_loopback, public_url, secret_parts, secret_values, secrets_of_page
from monitor.settings.catalogue import CatalogueChannel, Facts, catalogue_folder, channel_ids
from monitor.settings.faults import SECRET_CHARS_MIN, Fault, SettingsError, did_you_mean
from monitor.settings.judging import judge
from monitor.settings.mind import contact_methods
from monitor.settings.model import ChannelEntry, Platform, ProbeEntry, SettingsFile, listener
from monitor.settings.notes import Notes
from monitor.settings.parts import Parts, read_parts
from monitor.settings.people import Contact, read_contact
from monitor.settings.probe_entry import read_probe
from monitor.settings.references import References
from monitor.settings.settings import CalendarAddress, ProbeSpec, Settings
from monitor.settings.shape import BROKEN, Shaper
from monitor.settings.values import HintedError
from probes.base import Family, MeasuredParams

__all__ = ["CheckContacts", "load", "load_facts"]

PROBES_MAX = 20_000
EXPIRES_MIN = timedelta(minutes=5)
EXPIRES_FACTOR = 3
FINGERPRINT_CHARS = 16
_NO_CREDENTIAL = re.compile(r"[^@\s/]+(@|%40)[^@\s/]+|(#|%23)[\w-]+", re.IGNORECASE)
_READERS = {ProbeEntry: read_probe, Contact: read_contact}

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
        self.silent: list[str] = []  # channels without a probe
        self.secrets: set[str] = set()
        self.notes = Notes(str(path), documents.Mapping(1, 1, ()))

    def settings(self) -> Settings:
        """The whole of it, or SettingsError."""
        data = self.data(self.path)
        read = documents.parse(str(self.path), data) if data is not None else None
        if read is None or read.root is None:
            self.faults += read.faults if read else ()
            raise SettingsError(self.faults)
        self.faults += read.faults
        self.notes = Notes(str(self.path), read.root)
        shaper = Shaper(str(self.path), self.references, _READERS)
        team_file = shaper.model(read.root, SettingsFile, ())
        self.faults += shaper.faults
        known = self._catalogue(read.root)
        built = None if team_file is BROKEN else self._build(read.root, team_file, known)
        if team_file is BROKEN:
            self._judge(read.root, _rules_as_written(read.root, known))
        faults = [*self.faults, *self.notes.faults]
        if faults or built is None:
            raise SettingsError(faults)
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
        shaper = Shaper(str(path), References({}, path.parent), _READERS)
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
            where = ("channels", key.text)
            if key.text == MONITOR:
                self.notes.fault_of_key(where, "is the name of incidents about Vigie itself", "choose another id")
            elif key.text in ids:
                self.files.append(folder / f"{key.text}.yaml")
                data = self.data(self.files[-1])
                entry = self.catalogue_document(self.files[-1], data, 0, CatalogueChannel)
                if entry is not BROKEN:
                    entries[key.text] = entry
            elif not (isinstance(value, documents.Mapping) and value.get("probes")):
                hint = did_you_mean(key.text, ids) if ids else f"there is no catalogue in {folder}"
                self.notes.fault_of_key(where, "is not in the catalogue and has no probes", hint)
        return entries

    def _channel(self, channel: str, entry: ChannelEntry, known: CatalogueChannel | None) -> list[ProbeEntry]:
        entries = list(entry.probes if entry.probes is not None else known.probes if known else ())
        entries += entry.extra_probes
        if known and known.defunct:
            self.notes.warnings.append(f"{known.name} no longer exists; it is shown as unknown")
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
            market=entry.market,
            tags=entry.tags,
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

    # --- the whole ----------------------------------------------------------------------------------------------------

    def _build(
        self, root: documents.Mapping, team: SettingsFile, known: Mapping[str, CatalogueChannel]
    ) -> Settings | None:
        platforms = {entry.platform.id: entry.platform.name for entry in known.values()}
        platforms |= {
            e.platform.id: e.platform.name for e in team.channels.values() if isinstance(e.platform, Platform)
        }
        rules: dict[str, ChannelRule] = {}
        specs: list[ProbeSpec] = []
        for channel, entry in team.channels.items():
            rules[channel], own = self._channel_rule(channel, entry, known.get(channel), platforms)
            specs += own
        self._judge(root, rules)
        self._judge_channels(specs, rules)
        self._gather_secrets(team)
        if self.faults or self.notes.faults:
            return None
        contacts = list(contact_methods(team))
        values = {name: getattr(team, name) for name in SettingsFile.model_fields}
        return Settings.model_construct(
            **values,
            path=self.path,
            files=(*self.files, *sorted(self.references.files)),
            probes=tuple(specs),
            channel_rules=rules,
            destinations=tuple(destination for destination, _ in contacts),
            contacts={destination.id: contact for destination, contact in contacts},
            calendars={name: CalendarAddress(s.ical, s.ical_every) for name, s in team.schedules.items() if s.ical},
            secrets=frozenset(self.secrets),
            warnings=tuple(dict.fromkeys(self.notes.warnings)),
            fingerprint=self._fingerprint(team, specs, rules, contacts),
        )

    def _judge(self, root: documents.Mapping, rules: Mapping[str, ChannelRule]) -> None:
        """All that can be said of the parts of a file that are whole, also where others are broken."""
        silent = Shaper(str(self.path), self.references, _READERS)
        parts = read_parts(root, silent, rules)
        self._judge_server(parts)
        judge(parts, self.notes)
        self._judge_contacts(parts)

    def _judge_server(self, parts: Parts) -> None:
        if parts.server is None:
            return
        host, _ = listener(parts.server.listen)
        if not is_loopback(host) and parts.server.token is None:
            hint = "set server.token, or listen on 127.0.0.1"
            what = "is required where `listen` is not loopback"
            self.notes.fault(("server", "token"), what, hint, place=("server", "listen"))

    def _judge_contacts(self, parts: Parts) -> None:
        sections = (("people", parts.people), ("destinations", parts.places))
        found = {
            (section, name, "contacts", n): contact.address.get_secret_value()
            for section, entries in sections
            for name, who in entries.items()
            for n, contact in enumerate(who.contacts if who else ())
        }
        wrong = self.check_contacts(list(found.values()))
        for path, address in found.items():
            if address in wrong:
                self.notes.fault(path, str(wrong[address]), wrong[address].hint)
            node = self.notes.node((*path, "address"))
            for name in self.references.bare_in(node.text) if isinstance(node, documents.Scalar) else ():
                self.notes.warn(path, f"${name} is sent as it stands; write ${{{name}}} for the environment variable")

    def _judge_channels(self, specs: list[ProbeSpec], rules: Mapping[str, ChannelRule]) -> None:
        if len(specs) > PROBES_MAX:
            self.notes.fault(("channels",), f"there are {len(specs)} probes; at most {PROBES_MAX}")
        if self.silent:
            said = f"no probe speaks for these, so they stay unknown: {', '.join(self.silent)}"
            self.notes.warnings.append(said)
        if not rules:
            self.notes.warnings.append("no channel is watched: `channels` is empty")

    def _gather_secrets(self, team: SettingsFile) -> None:
        literal = set(self.secrets)
        for secret in (team.server.token, team.fetch.proxy):
            if secret:
                literal |= {secret.get_secret_value()} | secret_parts(secret.get_secret_value())
        whole = {contact.get_secret_value() for _, contact in contact_methods(team)}
        for address in whole:
            literal |= contact_checks.secrets_in(address)
        pages = [schedule.ical for schedule in team.schedules.values()]
        pages.append(team.heartbeat.url if team.heartbeat else None)
        for page in (page.get_secret_value() for page in pages if page):
            whole.add(page)
            literal |= {page} | secrets_of_page(page)
        resolved = self.references.secrets
        # A mail address or a #room is not shown, but who sees it in the file has not seen a credential.
        credentials = (s for s in literal - whole if not _NO_CREDENTIAL.fullmatch(s))
        in_clear = any(not any(s in r or r in s for r in resolved) for s in credentials)
        self.secrets = {secret for secret in literal | resolved if len(secret) >= SECRET_CHARS_MIN}
        if in_clear and self.path.stat().st_mode & stat.S_IROTH:
            hint = "use ${NAME} or file: references, or chmod o-r it"
            self.notes.warnings.append(f"{self.path.name} holds secrets and can be read by everyone; {hint}")

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


def _rules_as_written(root: documents.Mapping, known: Mapping[str, CatalogueChannel]) -> Mapping[str, ChannelRule]:
    """The channels of a file that is broken somewhere, with what matchers and dependencies look at."""
    listed = root.get("channels")
    found = {}
    for key, node in listed.items if isinstance(listed, documents.Mapping) else ():
        entry = known.get(key.text)
        own = entry.platform.id if entry else key.text
        said = node if isinstance(node, documents.Mapping) else documents.Mapping(0, 0, ())
        platform, tags = said.get("platform"), said.get("tags")
        if isinstance(platform, documents.Mapping):
            platform = platform.get("id")
        words = tags.items if isinstance(tags, documents.Sequence) else ()
        found[key.text] = ChannelRule(
            id=key.text,
            name=key.text,
            platform=_text(platform) or own,
            platform_name="",
            market=_text(said.get("market")),
            tags=tuple(filter(None, map(_text, words))),
        )
    return found


def _text(node: documents.Node | None) -> str:
    return node.text if isinstance(node, documents.Scalar) else ""
