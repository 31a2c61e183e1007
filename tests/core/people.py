# ruff: noqa: ANN401 - fields of the nouns pass through
"""People for a mind: `Crew` gathers persons, teams, schedules and policies, and gives the rules that know them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.duty import (
    Destination,
    Method,
    Policy,
    PolicyStep,
    Recipient,
    Rotation,
    Route,
    Schedule,
    Team,
    Unit,
)

__all__ = ["AT_ONCE", "Crew", "policy", "rotation"]

AT_ONCE: dict[str, Any] = {"wait_critical": timedelta(0), "wait_warning": timedelta(0)}


@dataclass
class Crew:
    """Who there is. `person("first", "json", "sms")` has two contact methods, first/1 and first/2."""

    recipients: dict[str, Recipient] = field(default_factory=dict)
    destinations: dict[str, Destination] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)

    def person(self, name: str, *services: str, after: dict[int, timedelta] | None = None, **more: Any) -> str:
        """A recipient; `after`: number of a method -> how long after the first it is used too."""
        methods = []
        for number, service in enumerate(services or ("json",), 1):
            where = f"{name}/{number}"
            self.destinations[where] = Destination(where, name, name.title(), service)
            methods.append(Method(where, (after or {}).get(number)))
        self.recipients[name] = Recipient(name, name.title(), methods=tuple(methods), **more)
        return name

    def schedule(self, name: str, *participants: str, **more: Any) -> str:
        """A weekly rotation from the beginning of 2026, in UTC, unless more is said."""
        given: dict[str, Any] = {"timezone": "UTC", "rotation": rotation(*participants)} | more
        self.schedules[name] = Schedule(name, name.title(), **given)
        return name

    def rules(self, receiver: str, *, escalation: str = "", route: Route | None = None, **more: Any) -> dict[str, Any]:
        """Arguments for `Mind`: the root route leads to `receiver`, at once unless timers are among `more`."""
        names = ("wait_critical", "wait_warning", "interval", "repeat")
        timers = AT_ONCE | {n: more.pop(n) for n in names if n in more}
        root = route or Route("root", receiver, escalation)
        return {
            "recipients": self.recipients,
            "destinations": self.destinations,
            "teams": self.teams,
            "schedules": self.schedules,
            "policies": self.policies,
            "route": replace(root, **timers),
            **more,
        }


def rotation(*participants: str, unit: Unit = Unit.WEEK, length: int = 1, start: datetime | None = None) -> Rotation:
    """Turns of a week from Monday, 2026-01-05 at 09:00."""
    return Rotation(participants, unit, length, start or datetime(2026, 1, 5, 9, 0, tzinfo=UTC).replace(tzinfo=None))


def policy(name: str, *steps: tuple[str, float], repeat: int = 0, fallback: str = "") -> Policy:
    """Steps as (receiver, minutes after the step before)."""
    made = tuple(PolicyStep(tuple(who.split("+")), timedelta(minutes=minutes)) for who, minutes in steps)
    return Policy(name, made, repeat, fallback)
