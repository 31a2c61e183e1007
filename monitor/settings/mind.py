"""The team's file -> what the mind knows of people, schedules, routes and silences. Every id that it names is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from monitor.core.duty import (
    Destination,
    DutyRule,
    Launch,
    Maintenance,
    Method,
    Policy,
    PolicyStep,
    Recipient,
    Rotation,
    Route,
    Schedule,
    Silence,
    Team,
    TimeInterval,
    Unit,
    Window,
)
from monitor.core.oncall.walls import moment
from monitor.settings.contacts import SERVICES, scheme_of
from monitor.settings.duties import NO_POLICY, DutyEntry, RotationEntry
from monitor.settings.model import SettingsFile
from monitor.settings.people import Contact, Person, Place
from monitor.settings.routing import GroupWait, RouteEntry, Routes
from monitor.settings.values import Turn, month_of

__all__ = ["contact_methods", "interval_of", "moment_in", "people_of_the_mind", "rotation_of", "route_tree"]

WAITS = (timedelta(seconds=5), timedelta(seconds=30))
"""At the root: critical, warning."""
ALONE = (Turn(1, Unit.WEEK), datetime(2024, 1, 1))  # noqa: DTZ001 - a local time; of one person every turn is the same
WHOLE_DAY = Window(datetime.min.time(), datetime.min.time())


def contact_methods(file: SettingsFile) -> Iterator[tuple[Destination, SecretStr]]:
    """Every contact method of every person and place, and its address."""
    everybody: dict[str, Person | Place] = {**file.people, **file.places}
    for name, who in everybody.items():
        for number, contact in enumerate(who.contacts, 1):
            scheme = scheme_of(contact.address.get_secret_value())
            method = Destination(f"{name}/{number}", name, who.name or name, scheme, SERVICES.get(scheme, ""))
            yield method, contact.address


def people_of_the_mind(file: SettingsFile) -> Mapping[str, Any]:
    """The fields of Rules that say who is told of what."""
    routes, zone = file.routes, file.team.timezone
    people = {name: _recipient(file, name, who) for name, who in file.people.items()}
    places = {name: _recipient(file, name, who) for name, who in file.places.items()}
    return {
        "destinations": {method.id: method for method, _ in contact_methods(file)},
        "recipients": people | places,
        "teams": {name: Team(name, team.name or name, team.members) for name, team in file.teams.items()},
        "schedules": {name: _schedule(file, name) for name in file.schedules},
        "policies": {name: _policy(file, name) for name in file.escalation},
        "route": route_tree(routes) if routes else None,
        "fallback": (routes.fallback or "") if routes else "",
        "intervals": {name: interval_of(file, name) for name in file.time_intervals},
        "depends": {n: (below,) if isinstance(below, str) else below for n, below in file.dependencies.items()},
        "silences": tuple(_silences(file)),
        "maintenance": tuple(
            Maintenance(name, w.matchers, w.start, w.duration, w.timezone or zone, w.rrule, w.comment)
            for name, w in file.maintenance.items()
        ),
        "launches": tuple(
            Launch(f"file/{n}", one.name, one.channels, moment_in(one.start, zone), moment_in(one.end, zone))
            for n, one in enumerate(file.launches, 1)
        ),
        "watchdog": file.watchdog.within if file.watchdog else None,
    }


def moment_in(given: datetime, zone: str) -> datetime:
    """An aware time in UTC; a naive one is on the wall clock of `zone`."""
    return given.astimezone(UTC) if given.tzinfo else moment(given, zone)


# --- people and schedules --------------------------------------------------------------------------------------------


def _recipient(file: SettingsFile, name: str, who: Person | Place) -> Recipient:
    return Recipient(
        id=name,
        name=who.name or name,
        person=isinstance(who, Person),
        methods=tuple(_method(name, number, contact) for number, contact in enumerate(who.contacts, 1)),
        language=who.language or file.team.language,
        timezone=who.timezone or file.team.timezone,
        quiet=tuple(stretch.window for stretch in who.quiet) if isinstance(who, Person) else (),
        digest=who.digest,
    )


def _method(name: str, number: int, contact: Contact) -> Method:
    return Method(f"{name}/{number}", contact.after)


def rotation_of(entry: RotationEntry | DutyEntry) -> Rotation:
    """A rotation; of one person alone, with turns that change nothing."""
    every, start = entry.every or ALONE[0], entry.start or ALONE[1]
    return Rotation(entry.people, every.unit, every.length, start)


def _schedule(file: SettingsFile, name: str) -> Schedule:
    entry = file.schedules[name]
    return Schedule(
        id=name,
        name=entry.name or name,
        timezone=entry.timezone or file.team.timezone,
        rotation=rotation_of(entry.rotation) if entry.rotation else None,
        rules=tuple(DutyRule(rule.window, rotation_of(rule)) for rule in entry.rules),
        imported=entry.ical is not None,
        announce=entry.announce,
        notice=entry.notice,
    )


def _policy(file: SettingsFile, name: str) -> Policy:
    entry = file.escalation[name]
    steps = tuple(PolicyStep(step.targets, step.after) for step in entry.steps)
    return Policy(name, steps, entry.repeat, entry.fallback or "")


# --- routes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Waits:
    critical: timedelta
    warning: timedelta

    def changed(self, given: timedelta | GroupWait | None) -> "_Waits":
        """These, with what a node says of its own."""
        if given is None:
            return self
        if isinstance(given, timedelta):
            return _Waits(given, given)
        critical = self.critical if given.critical is None else given.critical
        return _Waits(critical, self.warning if given.warning is None else given.warning)


def route_tree(routes: Routes) -> Route:
    """The tree with everything that is inherited in its place."""
    waits = _Waits(*WAITS).changed(routes.group_wait)
    root = Route(
        id="root",
        receiver=routes.receiver,
        policy=_policy_id(routes.escalation, ""),
        wait_critical=waits.critical,
        wait_warning=waits.warning,
        interval=routes.group_interval,
        repeat=routes.repeat_interval,
    )
    return replace(root, routes=_below(root, routes.routes))


def _below(parent: Route, entries: tuple[RouteEntry, ...]) -> tuple[Route, ...]:
    return tuple(_branch(parent, number, entry) for number, entry in enumerate(entries, 1))


def _branch(parent: Route, number: int, entry: RouteEntry) -> Route:
    waits = _Waits(parent.wait_critical, parent.wait_warning).changed(entry.group_wait)
    node = Route(
        id=f"{parent.id}.{number}",
        receiver=entry.receiver or parent.receiver,
        policy=_policy_id(entry.escalation, parent.policy),
        matchers=entry.matchers,
        goes_on=entry.goes_on,
        active=entry.active,
        mute=entry.mute,
        wait_critical=waits.critical,
        wait_warning=waits.warning,
        interval=parent.interval if entry.group_interval is None else entry.group_interval,
        repeat=parent.repeat if entry.repeat_interval is None else entry.repeat_interval,
    )
    return replace(node, routes=_below(node, entry.routes))


def _policy_id(given: str | None, inherited: str) -> str:
    return inherited if given is None else "" if given == NO_POLICY else given


def interval_of(file: SettingsFile, name: str) -> TimeInterval:
    """A time interval; without windows it is the whole day."""
    entry = file.time_intervals[name]
    return TimeInterval(
        id=name,
        timezone=entry.timezone or file.team.timezone,
        windows=tuple(window.window for window in entry.windows) or (WHOLE_DAY,),
        months=frozenset(month_of(str(month)) for month in entry.months),
        days=frozenset(entry.days),
    )


def _silences(file: SettingsFile) -> Iterator[Silence]:
    zone = file.team.timezone
    for number, entry in enumerate(file.silences, 1):
        yield Silence(
            id=f"file/{number}",
            matchers=entry.matchers,
            author=entry.author,
            comment=entry.comment,
            start=moment_in(entry.start, zone),
            end=moment_in(entry.end, zone),
            until_recovered=entry.until is not None,
        )
