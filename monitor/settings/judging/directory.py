"""What the ids of a file stand for, and who is behind each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.settings.faults import did_you_mean, shown_id
from monitor.settings.notes import Notes, Path
from monitor.settings.parts import Parts

__all__ = ["RECEIVERS", "Behind", "Directory"]

RECEIVERS: Mapping[str, str] = {
    "people": "a person",
    "teams": "a team",
    "destinations": "a shared destination",
    "schedules": "a schedule",
}
"""Section of the file -> what its entries are. Their ids are one set."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Who is behind a receiver. `able`: they have contacts; `mute`: they have none; not `sure`: there may be others."""

    able: frozenset[str] = frozenset()
    mute: frozenset[str] = frozenset()
    sure: bool = True

    @property
    def nobody(self) -> bool:
        """Whether it is certain that nobody can be reached."""
        return self.sure and not self.able

    def __or__(self, other: "Behind") -> "Behind":
        return Behind(self.able | other.able, self.mute | other.mute, self.sure and other.sure)


_UNSURE = Behind(sure=False)


class Directory:
    """Looks ids up, and notes a fault where one leads nowhere."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.sections: dict[str, Mapping[str, object]] = {
            "people": parts.people,
            "teams": parts.teams,
            "destinations": parts.places,
            "schedules": parts.schedules,
        }

    def section_of(self, name: str) -> str:
        """The section in which a receiver stands; empty when there is none."""
        return next((section for section, entries in self.sections.items() if name in entries), "")

    def name_of(self, name: str) -> str:
        """What people call a receiver."""
        entry = self.sections[self.section_of(name)].get(name)
        return str(getattr(entry, "name", None) or shown_id(name))

    def behind(self, name: str) -> Behind:
        """Who is behind a receiver; of one that is unknown nothing is sure."""
        section = self.section_of(name)
        entry = self.sections[section].get(name) if section else None
        if entry is None:
            return _UNSURE
        if section in ("people", "destinations"):
            one = frozenset({name})
            return Behind(able=one) if getattr(entry, "contacts", ()) else Behind(mute=one)
        return self._behind_several(self._members(section, name))

    def _behind_several(self, people: Iterable[str] | None) -> Behind:
        if people is None:
            return _UNSURE
        found = Behind()
        for person in people:
            found |= self.behind(person) if person in self._parts.people else _UNSURE
        return found

    def _members(self, section: str, name: str) -> tuple[str, ...] | None:
        """Everybody who can be behind a team or a schedule; None: that cannot be said."""
        if section == "teams":
            team = self._parts.teams[name]
            return team.members if team else None
        schedule = self._parts.schedules[name]
        if schedule is None or schedule.ical:
            return None
        rotations = [*((schedule.rotation,) if schedule.rotation else ()), *schedule.rules]
        return tuple(person for rotation in rotations for person in rotation.people)

    def is_receiver(self, name: str, path: Path, notes: Notes) -> bool:
        """Whether a receiver has this id; a fault otherwise."""
        if self.section_of(name):
            return True
        if name in self._parts.policies:
            what = "is an escalation policy, and no receiver"
            notes.fault(path, what, "a receiver is a person, a schedule, a team or a destination")
        else:
            known = [one for entries in self.sections.values() for one in entries]
            notes.fault(path, "there is no receiver with this id", near(name, known))
        return False

    def is_person(self, name: str, path: Path, notes: Notes, holder: str) -> bool:
        """Whether a person has this id; a fault otherwise."""
        if name in self._parts.people:
            return True
        section = self.section_of(name)
        if section:
            notes.fault(path, f"is {RECEIVERS[section]}; {holder} holds people only")
        else:
            notes.fault(path, "there is no person with this id", near(name, self._parts.people))
        return False


def near(name: str, known: Iterable[str]) -> str:
    """A hint at the id that is probably meant; never one that may be a secret in the wrong place."""
    return did_you_mean(name, [one for one in known if shown_id(one) == one])
