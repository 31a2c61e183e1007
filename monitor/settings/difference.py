"""What changed between two settings: a reload is applied as this difference, and everything else keeps running.

A probe's id is its place, ``<channel>/<n>``: what a person reads in the file is what `vigie probe` takes. So when a
probe before it is removed, an unchanged probe gets another id; it is recognised by channel, kind and parameters and
stands in `moved`, and whoever holds its state or its timer renames it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.settings.settings import ProbeSpec, Settings

__all__ = ["Difference", "difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Ids of probes, channels and destinations, by what became of them. Whatever is in none of them is unchanged.

    Every new probe is in exactly one of `added`, `changed`, `moved` (as a value) and the unchanged; every old probe in
    exactly one of `removed`, `changed`, `moved` (as a key) and the unchanged. `changed`: the same place, another kind
    or parameter. An id of `removed` may be in use again, by a probe that moved there: apply `removed`, then `moved` all
    at once, then `changed` and `added`.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)  # old id -> new id; the probe itself is the same
    channels_added: tuple[str, ...] = ()
    channels_removed: tuple[str, ...] = ()
    channels_changed: tuple[str, ...] = ()  # name, platform, owner ...; not their probes
    contacts_changed: tuple[str, ...] = ()  # destinations that came, went or lead elsewhere
    contacts_moved: Mapping[str, str] = field(default_factory=dict)  # old id -> new id; of these, the same address
    calendars_changed: tuple[str, ...] = ()  # schedules whose import came, went, leads elsewhere or has another pace
    heartbeat_changed: bool = False
    mind_changed: bool = False  # rules_for_mind() is another
    after_restart: tuple[str, ...] = ()  # changed keys that count from the next start only

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


def difference(old: Settings, new: Settings) -> Difference:
    """What changed from `old` to `new`."""
    before, after = _by_channel(old), _by_channel(new)
    found: dict[str, list[str]] = {"added": [], "removed": [], "changed": []}
    moved: dict[str, str] = {}
    for channel in {**before, **after}:
        _match(before.get(channel, []), after.get(channel, []), found, moved)
    old_channels = {c.id: _without_probes(old, c.id) for c in old.channel_rules.values()}
    new_channels = {c.id: _without_probes(new, c.id) for c in new.channel_rules.values()}
    contacts = {**old.contacts, **new.contacts}
    calendars = {**old.calendars, **new.calendars}
    return Difference(
        added=tuple(found["added"]),
        removed=tuple(found["removed"]),
        changed=tuple(found["changed"]),
        moved=moved,
        channels_added=tuple(c for c in new_channels if c not in old_channels),
        channels_removed=tuple(c for c in old_channels if c not in new_channels),
        channels_changed=tuple(c for c in new_channels if c in old_channels and new_channels[c] != old_channels[c]),
        contacts_changed=tuple(d for d in contacts if old.contacts.get(d) != new.contacts.get(d)),
        contacts_moved=_moved_contacts(old, new),
        calendars_changed=tuple(s for s in calendars if old.calendars.get(s) != new.calendars.get(s)),
        heartbeat_changed=old.heartbeat != new.heartbeat,
        mind_changed=old.rules_for_mind() != new.rules_for_mind(),
        after_restart=_after_restart(old, new),
    )


def _moved_contacts(old: Settings, new: Settings) -> dict[str, str]:
    """Contacts that stand in another place of the same recipient now, for one before them came or went."""
    come = {name: address for name, address in new.contacts.items() if old.contacts.get(name) != address}
    found: dict[str, str] = {}
    for name, address in old.contacts.items():
        owner = name.rpartition("/")[0]
        there = next((n for n, a in come.items() if a == address and n.rpartition("/")[0] == owner), None)
        if there is not None and new.contacts.get(name) != address:
            found[name] = there
            del come[there]
    return found


def _by_channel(settings: Settings) -> dict[str, list[ProbeSpec]]:
    found: dict[str, list[ProbeSpec]] = {}
    for spec in settings.probes:
        found.setdefault(spec.rule.channel, []).append(spec)
    return found


def _same(one: ProbeSpec, other: ProbeSpec) -> bool:
    return one.kind == other.kind and type(one.params) is type(other.params) and one.params == other.params


def _match(old: list[ProbeSpec], new: list[ProbeSpec], found: dict[str, list[str]], moved: dict[str, str]) -> None:
    """Sort the probes of one channel into `found` and `moved`: first those in their place, then those that moved."""
    gone = {spec.id: spec for spec in old}
    come = {spec.id: spec for spec in new}
    for name in [name for name in come if name in gone and _same(gone[name], come[name])]:
        del gone[name], come[name]
    for name, spec in list(come.items()):
        was = next((other for other in gone.values() if _same(other, spec)), None)
        if was:
            moved[was.id] = name
            del gone[was.id], come[name]
    found["changed"] += [name for name in come if name in gone]
    found["added"] += [name for name in come if name not in gone]
    found["removed"] += [name for name in gone if name not in come]


def _without_probes(settings: Settings, channel: str) -> tuple[object, ...]:
    rule = settings.channel_rules[channel]
    return tuple(getattr(rule, name) for name in rule.__slots__ if name != "probes")


def _after_restart(old: Settings, new: Settings) -> tuple[str, ...]:
    pairs = {
        "store": (old.store, new.store),
        "server.listen": (old.server.listen, new.server.listen),
        "server.token": (old.server.token, new.server.token),
        "server.hosts": (old.server.hosts, new.server.hosts),
        "fetch": (old.fetch, new.fetch),
    }
    return tuple(key for key, (before, after) in pairs.items() if before != after)
