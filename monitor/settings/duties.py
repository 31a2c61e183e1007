"""Who is called when: schedules with their rotations, and escalation policies."""

from datetime import timedelta

from pydantic import Field, model_validator

from monitor.settings.people import Stretch
from monitor.settings.values import Clock, HintedError, Identifier, Local, Model, Name, TurnText, WebSecret, Zone
from probes.base import Duration

__all__ = ["NO_POLICY", "DutyEntry", "PolicyEntry", "RotationEntry", "ScheduleEntry", "StepEntry"]

PARTICIPANTS_MAX = 100
DUTY_RULES_MAX = 50
STEPS_MAX = 20
TARGETS_MAX = 20
REPEATS_MAX = 3
AFTER_MAX = timedelta(hours=24)
NO_POLICY = "none"


def _needs_turns(people: tuple[str, ...], every: object, start: object) -> None:
    if len(people) > 1 and (every is None or start is None):
        what = "needs `every` and `start`, because several people take turns"
        raise HintedError(what, 'such as every: "1 week" and start: 2026-11-02T09:00')


class RotationEntry(Model):
    """People who take turns. Handoffs live on the wall clock of the schedule's zone: 09:00 stays 09:00 all year."""

    people: tuple[Identifier, ...] = Field(
        min_length=1, max_length=PARTICIPANTS_MAX, description="Ids of people, in the order of their turns."
    )
    every: TurnText | None = Field(
        default=None,
        description="How long a turn is: `1 week`, `12 hours`, `2 days`, `1 month`. One person alone needs none.",
    )
    start: Local | None = Field(
        default=None,
        description="When a turn of the first began or begins, local: `2026-11-02T09:00`. Turns count before it too.",
    )

    @model_validator(mode="after")
    def _turns(self) -> "RotationEntry":
        _needs_turns(self.people, self.every, self.start)
        return self


class DutyEntry(Stretch):
    """Inside this stretch others are on call than the rotation says. A later rule wins over an earlier one."""

    people: tuple[Identifier, ...] = Field(min_length=1, max_length=PARTICIPANTS_MAX, description="As in `rotation`.")
    every: TurnText | None = Field(default=None, description="As in `rotation`.")
    start: Local | None = Field(default=None, description="As in `rotation`.")

    @model_validator(mode="after")
    def _turns(self) -> "DutyEntry":
        _needs_turns(self.people, self.every, self.start)
        return self


class ScheduleEntry(Model):
    """Who is on call when. Layers, the later winning: rotation, rules, overrides, swaps."""

    name: Name | None = Field(default=None, description="As people read it; default: the id.")
    timezone: Zone | None = Field(default=None, description="The zone of its handoffs; default: the team's zone.")
    rotation: RotationEntry | None = Field(default=None, description="Who takes turns.")
    rules: tuple[DutyEntry, ...] = Field(
        default=(), max_length=DUTY_RULES_MAX, description="Exceptions that recur, such as weekends or nights."
    )
    ical: WebSecret | None = Field(
        default=None,
        description="In place of `rotation`: the address of an iCalendar file whose events name people, by name or "
        "id, in their titles or as attendees; a reference. When it cannot be read, the last good copy counts.",
    )
    ical_every: Duration = Field(
        default=timedelta(minutes=15),
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="How often that file is read.",
    )
    announce: bool = Field(default=True, description="The one who comes on call gets a test message at the handoff.")
    notice: Clock | None = Field(
        default=None, description="Each day at this time, local, whoever is on call is reminded of it."
    )

    @model_validator(mode="after")
    def _somebody(self) -> "ScheduleEntry":
        if self.rotation and self.ical:
            raise HintedError("has `rotation` and `ical`; one of them must go")
        if not (self.rotation or self.ical or self.rules):
            raise HintedError("has nobody in it", "give it a `rotation`, `rules` or `ical`")
        return self


class StepEntry(Model):
    """Whom to call next when nobody has acknowledged."""

    targets: tuple[Identifier, ...] = Field(
        min_length=1, max_length=TARGETS_MAX, description="Ids of people, schedules, teams or destinations."
    )
    after: Duration = Field(
        default=timedelta(minutes=5),
        le=AFTER_MAX,
        description="How long after the step before; the first counts from the first message to the receiver.",
    )


class PolicyEntry(Model):
    """What is done until somebody acknowledges."""

    steps: tuple[StepEntry, ...] = Field(min_length=1, max_length=STEPS_MAX, description="One after another.")
    repeat: int = Field(
        default=0, ge=0, le=REPEATS_MAX, description="How often all of it, the receiver included, is done again."
    )
    fallback: Identifier | None = Field(
        default=None, description="The receiver that is told in the end; default: `routes.fallback`. One is required."
    )
