"""Whether everybody who is named is there and can be reached: receivers, teams, schedules, escalation policies."""

from monitor.settings.duties import NO_POLICY, PolicyEntry
from monitor.settings.judging.directory import RECEIVERS, Behind, Directory
from monitor.settings.notes import Notes, Path
from monitor.settings.parts import Parts
from monitor.settings.people import Contact

__all__ = ["judge_receivers"]


def judge_receivers(parts: Parts, notes: Notes) -> None:
    """Note who is named and not there, who cannot be reached, and what ends without a fall-back."""
    directory = Directory(parts)
    _one_set_of_ids(directory, notes)
    for name, person in parts.people.items():
        _order(person.contacts if person else (), ("people", name, "contacts"), notes)
    for name, place in parts.places.items():
        _order(place.contacts if place else (), ("destinations", name, "contacts"), notes)
    for name, team in parts.teams.items():
        for n, member in enumerate(team.members if team else ()):
            directory.is_person(member, ("teams", name, "members", n), notes, "a team")
    _schedules(parts, directory, notes)
    root = parts.tree.entry if parts.tree else None
    fallback = getattr(root, "fallback", None)
    broken = parts.tree is not None and root is None
    for name, policy in parts.policies.items():
        if name == NO_POLICY:
            notes.fault_of_key(("escalation", name), f"{NO_POLICY!r} stands for no policy at all", "choose another id")
        if policy is not None:
            _policy(name, policy, directory, notes)
            if policy.fallback is None and fallback is None and not broken:
                what = "has no fall-back, and `routes` has none"
                notes.fault_of_key(("escalation", name), what, "add `fallback: RECEIVER` here or under `routes`")


def _one_set_of_ids(directory: Directory, notes: Notes) -> None:
    places: dict[str, list[tuple[int, str]]] = {}
    for section, entries in directory.sections.items():
        for name in entries:
            places.setdefault(name, []).append((notes.line_of_key((section, name)), section))
    for name, found in places.items():
        first, *others = sorted(found)
        for _, section in others:
            what = f"is the id of {RECEIVERS[first[1]]} too, in line {first[0]}"
            notes.fault_of_key((section, name), what, "people, teams, destinations and schedules share one set of ids")


def _order(contacts: tuple[Contact, ...], path: Path, notes: Notes) -> None:
    latest = None
    for n, contact in enumerate(contacts):
        if contact.after is None:
            continue
        if n == 0:
            notes.fault((*path, n, "after"), "the first contact is used at once", "remove `after`, or change the order")
        elif latest is not None and contact.after < latest:
            what = "is sooner than that of a contact before it"
            notes.fault((*path, n, "after"), what, "put the contacts into the order of their use")
        latest = max(contact.after, latest or contact.after)


def _schedules(parts: Parts, directory: Directory, notes: Notes) -> None:
    for name, schedule in parts.schedules.items():
        if schedule is None:
            continue
        rotations: list[tuple[Path, tuple[str, ...]]] = []
        if schedule.rotation:
            rotations.append((("schedules", name, "rotation", "people"), schedule.rotation.people))
        rotations += [(("schedules", name, "rules", n, "people"), rule.people) for n, rule in enumerate(schedule.rules)]
        for path, people in rotations:
            for n, person in enumerate(people):
                known = directory.is_person(person, (*path, n), notes, "a rotation")
                if known and directory.behind(person).nobody:
                    notes.warn((*path, n), f"nobody hears while {directory.name_of(person)} is on call: no contacts")


# --- escalation ------------------------------------------------------------------------------------------------------


def _policy(name: str, policy: PolicyEntry, directory: Directory, notes: Notes) -> None:
    path: Path = ("escalation", name)
    for n, step in enumerate(policy.steps):
        behind = Behind()
        for m, target in enumerate(step.targets):
            place = (*path, "steps", n, "targets", m)
            if target == name and not directory.section_of(target):
                notes.fault(place, "the policy calls itself", "set `repeat` to do all of it again")
                behind |= Behind(sure=False)
                continue
            directory.is_receiver(target, place, notes)
            behind |= directory.behind(target)
            if len(step.targets) > 1 and directory.behind(target).nobody:
                notes.warn(place, f"nobody can be reached behind {directory.name_of(target)}: no contacts")
        if behind.nobody:
            what = "calls nobody: no one behind its targets has contacts"
            notes.fault((*path, "steps", n), what, "give them `contacts`, or name somebody else")
    if policy.fallback is not None and directory.is_receiver(policy.fallback, (*path, "fallback"), notes):
        reachable(directory, policy.fallback, (*path, "fallback"), notes)


def reachable(directory: Directory, fallback: str, path: Path, notes: Notes) -> None:
    """A fault when a fall-back leads to nobody."""
    if directory.behind(fallback).nobody:
        notes.fault(path, "reaches nobody: it has no contacts", "a fall-back must be somebody who can be told")
