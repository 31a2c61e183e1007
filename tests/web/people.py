"""The people of the standing house: who is told, who is on call, what is held back. Put into the rules of a town."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from monitor.core.duty import (
    Destination,
    DutyRule,
    Launch,
    Maintenance,
    Matcher,
    MatchOp,
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
from monitor.core.model import Rules

__all__ = ["with_people"]

_NIGHT = Window(time(22), time(7))


def _matcher(label: str, value: str, op: MatchOp = MatchOp.EQUAL) -> Matcher:
    return Matcher(label, op, value)


def with_people(rules: Rules, now: datetime) -> Rules:
    """Three people, a chat room, two schedules, a team, a policy, a tree of routes, a silence and work of our own."""
    first = Recipient(
        "first",
        "First on call",
        methods=(Method("first/1"), Method("first/2", timedelta(minutes=2))),
        timezone="Europe/Paris",
        quiet=(_NIGHT,),
    )
    second = Recipient("second", "Second on call", methods=(Method("second/1"),), language="fr")
    third = Recipient("third", "Third on call", methods=(Method("third/1"),))
    room = Recipient("room", "Marketing room", person=False, methods=(Method("room/1"),))
    destinations = (
        Destination("first/1", "first", "First on call", "mailto", "mail"),
        Destination("first/2", "first", "First on call", "sms", "SMS"),
        Destination("second/1", "second", "Second on call", "mailto", "mail"),
        Destination("third/1", "third", "Third on call", "mailto", "mail"),
        Destination("room/1", "room", "Marketing room", "slack", "Slack"),
    )
    weekly = Rotation(("first", "second", "third"), Unit.WEEK, 1, datetime(2026, 11, 2, 9))  # noqa: DTZ001 - local
    nights = DutyRule(_NIGHT, Rotation(("second", "third"), Unit.DAY, 1, datetime(2026, 11, 2, 9)))  # noqa: DTZ001 - local
    alone = Rotation(("second",), Unit.WEEK, 1, datetime(2026, 11, 2, 9))  # noqa: DTZ001 - local
    schedules = (
        Schedule("desk", "The desk", "Europe/Paris", weekly, (nights,), notice=time(9)),
        Schedule("backup", "Backup", "America/Chicago", alone),
    )
    policy = Policy(
        "ladder", (PolicyStep(("second",), timedelta(minutes=15)), PolicyStep(("everyone",), timedelta(hours=1))), 1
    )
    root = Route(
        "root",
        "desk",
        "ladder",
        routes=(
            Route("root.1", "room", matchers=(_matcher("tags", "launch"),), goes_on=True),
            Route(
                "root.2",
                "backup",
                matchers=(_matcher("severity", "critical"), _matcher("platform", "meta|x", MatchOp.LIKE)),
            ),
            Route("root.3", "third", matchers=(_matcher("kind", "risk"),), mute=("night",)),
        ),
    )
    return replace(
        rules,
        recipients={r.id: r for r in (first, second, third, room)},
        destinations={d.id: d for d in destinations},
        teams={"everyone": Team("everyone", "Everyone", ("first", "second", "third"))},
        schedules={s.id: s for s in schedules},
        policies={"ladder": policy},
        route=root,
        fallback="room",
        intervals={"night": TimeInterval("night", "Europe/Paris", (_NIGHT,))},
        depends={"meta": ("facebook", "instagram", "threads"), "our-network": ("*",)},
        silences=(
            Silence(
                "file/1",
                (_matcher("channel", "buffer"),),
                "first",
                "being retired",
                now - timedelta(days=2),
                now + timedelta(days=20),
            ),
        ),
        maintenance=(
            Maintenance(
                "relaunch",
                (_matcher("channel", "shopify"),),
                datetime(2026, 11, 1, 4),  # noqa: DTZ001 - local
                timedelta(hours=2),
                "Europe/Paris",
                "FREQ=WEEKLY;BYDAY=SU",
                "the shop is updated",
            ),
        ),
        launches=(
            Launch(
                "black-friday",
                "Black Friday",
                ("facebook", "instagram"),
                now + timedelta(days=4),
                now + timedelta(days=6),
            ),
        ),
        watchdog=timedelta(minutes=5),
    )
