"""Whether the routing tree leads where it says: ids that are not there, routes that nothing can take, too many."""

from monitor.core.matching import text_of
from monitor.core.routes import Unreachable, unreachable
from monitor.settings.duties import NO_POLICY
from monitor.settings.faults import did_you_mean, shown_id
from monitor.settings.judging.directory import Directory, near
from monitor.settings.judging.receivers import reachable
from monitor.settings.mind import route_tree
from monitor.settings.notes import Notes, Path
from monitor.settings.parts import Branch, Parts
from monitor.settings.routing import ROUTES_MAX, RouteEntry, Routes

__all__ = ["judge_routes"]

DEPTH_MAX = 10


def judge_routes(parts: Parts, notes: Notes) -> None:
    """Note what is wrong with the tree."""
    if parts.tree is None:
        who = "there are people, but no `routes`" if parts.people else "there are no people and no `routes`"
        notes.warnings.append(f"nobody will be told of trouble: {who}")
        return
    directory = Directory(parts)
    branches = list(parts.tree.walk())
    for branch in branches:
        _names(branch, parts, directory, notes)
    if isinstance(parts.tree.entry, Routes):
        _fallback(parts.tree.entry, directory, notes)
    if _small_enough(branches, notes) and parts.routes is not None:
        places = _places(parts.tree)
        for found in unreachable(route_tree(parts.routes), parts.channels.values()):
            _unreachable(found, places, parts, notes)
    _unused(parts, branches, notes)
    if parts.routes is not None:
        _root_unheard(parts.routes, parts, notes)


def _root_unheard(root: Routes, parts: Parts, notes: Notes) -> None:
    """A branch that takes everything leaves nothing to the root, whose receiver may be named nowhere else."""
    n = next((n for n, entry in enumerate(root.routes) if not entry.matchers), None)
    if n is None:
        return
    below = list(route_tree(root).routes)
    for node in below:
        below += node.routes
    named: set[str | None] = {node.receiver for node in below}
    named |= {root.fallback, *(t for p in parts.policies.values() if p for s in p.steps for t in s.targets)}
    named |= {policy.fallback for policy in parts.policies.values() if policy}
    if root.receiver not in named:
        line = notes.node(("routes", "routes", n)).line
        directory = Directory(parts)
        if directory.section_of(root.receiver):
            who = directory.name_of(root.receiver)
            said = f"{who} hears of nothing, because the route in line {line} takes everything"
            notes.warn(("routes", "receiver"), said)


def _names(branch: Branch, parts: Parts, directory: Directory, notes: Notes) -> None:
    entry, path = branch.entry, branch.path
    if entry is None:
        return
    if entry.receiver is not None and directory.is_receiver(entry.receiver, (*path, "receiver"), notes):
        behind = directory.behind(entry.receiver)
        if behind.nobody:
            who = directory.name_of(entry.receiver)
            alone = entry.receiver in behind.mute
            said = f"nobody will be told of trouble: {who if alone else f'nobody in {who}'} has {'no ' * alone}contacts"
            notes.warnings.append(said) if isinstance(entry, Routes) else notes.warn(path, said)
    if entry.escalation not in (None, NO_POLICY) and entry.escalation not in parts.policies:
        what, known = "there is no escalation policy with this id", parts.policies
        notes.fault((*path, "escalation"), what, near(entry.escalation, known) or "policies stand under `escalation:`")
    if isinstance(entry, RouteEntry):
        for key, names in (("active", entry.active), ("mute", entry.mute)):
            for n, name in enumerate(names):
                if name not in parts.intervals:
                    hint = near(name, parts.intervals) or "they stand under `time_intervals:`"
                    notes.fault((*path, key, n), "there is no time interval with this id", hint)


def _fallback(root: Routes, directory: Directory, notes: Notes) -> None:
    path: Path = ("routes", "fallback")
    if root.fallback is not None and directory.is_receiver(root.fallback, path, notes):
        reachable(directory, root.fallback, path, notes)


def _small_enough(branches: list[Branch], notes: Notes) -> bool:
    """Whether the tree is within its limits."""
    deep = next((branch for branch in branches if len(branch.path) > 1 + 2 * DEPTH_MAX), None)
    if deep:
        notes.fault(deep.path, f"is nested deeper than {DEPTH_MAX} levels of routes", "let matchers do more at once")
    if len(branches) > ROUTES_MAX + 1:
        over = branches[ROUTES_MAX + 1]
        notes.fault(over.path, f"there are {len(branches) - 1} routes; at most {ROUTES_MAX}", "let an expression do it")
    return deep is None and len(branches) <= ROUTES_MAX + 1


def _places(root: Branch) -> dict[str, Branch]:
    """Ids of routes as the mind has them -> where they stand."""
    found = {"root": root}
    for branch in root.walk():
        name = "root" + "".join(f".{part + 1}" for part in branch.path if isinstance(part, int))
        found[name] = branch
    return found


def _unreachable(found: Unreachable, places: dict[str, Branch], parts: Parts, notes: Notes) -> None:
    branch = places[found.route]
    if found.by:
        others = [f"that in line {notes.node(places[name].path).line}" for name in found.by]
        what = f"is never reached: {' and '.join(others[:3])} {'takes' if len(others) == 1 else 'take'} all of it"
        notes.fault(branch.path, what, "put it before, or let the other one `continue: true`")
        return
    matchers = branch.entry.matchers if isinstance(branch.entry, RouteEntry) else ()
    for n, matcher in enumerate(matchers):
        if found.why.startswith(f"{text_of(matcher)} holds for nothing"):
            known = {"channel": parts.channels, "platform": {c.platform for c in parts.channels.values()}}
            known |= {"market": {c.market for c in parts.channels.values()} - {""}}
            known |= {"tags": {tag for c in parts.channels.values() for tag in c.tags}}
            hint = did_you_mean(matcher.value, [v for v in known.get(matcher.label, ()) if shown_id(v) == v])
            notes.fault((*branch.path, "matchers", n), "holds for nothing that is watched", hint)
            return
    what = "is never reached: its matchers, with those of the routes above it, never hold together"
    notes.fault(branch.path, what, "each label of a channel's trouble but family and tags has one value")


def _unused(parts: Parts, branches: list[Branch], notes: Notes) -> None:
    """Policies and intervals do nothing by themselves."""
    if any(branch.entry is None for branch in branches):
        return
    entries = [branch.entry for branch in branches if branch.entry]
    policies = {entry.escalation for entry in entries}
    intervals = {name for e in entries if isinstance(e, RouteEntry) for name in (*e.active, *e.mute)}
    for name in parts.policies:
        if name not in policies:
            notes.warn(("escalation", name), "no route has this policy")
    for name in parts.intervals:
        if name not in intervals:
            notes.warn(("time_intervals", name), "no route has this interval")
