"""People, rotations and schedules to be asked, and what Hypothesis makes of them."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st

from monitor.core.duty import DutyRule, Method, Override, Recipient, Rotation, Schedule, Shift, Unit, Window
from monitor.core.oncall import moment

WORK = Window(time(9), time(17), frozenset(range(5)))
PEOPLE = {
    name: Recipient(name, f"{name.title()} Person", methods=(Method(f"{name}/1"),))
    for name in ("first", "second", "third", "fourth")
}
NAMES = {person.id: person.name for person in PEOPLE.values()}
ZONES = sorted(zoneinfo.available_timezones())
DAY = timedelta(days=1)


def at(text: str, tz: str = "UTC") -> datetime:
    """The moment of a local time."""
    return moment(datetime.fromisoformat(text), tz)


def rotation(*people: str, unit: str = "week", length: int = 1, start: str = "2026-11-16T09:00") -> Rotation:
    return Rotation(people, Unit(unit), length, datetime.fromisoformat(start))


def schedule(
    own: Rotation | None = None, *rules: DutyRule, tz: str = "Europe/Paris", imported: bool = False
) -> Schedule:
    return Schedule("duty", "Duty", tz, own, rules, imported=imported)


def shift(person: str, start: str, end: str, layer: str = "rotation", tz: str = "Europe/Paris") -> Shift:
    return Shift(person, at(start, tz), at(end, tz), layer)


def override(person: str, start: str, end: str, name: str = "1", tz: str = "Europe/Paris") -> Override:
    return Override(name, "duty", (shift(person, start, end, "override", tz),))


def handoffs(own: Rotation, tz: str, since: datetime, until: datetime) -> Iterator[datetime]:
    """The handoffs around a stretch of time, found by asking for one turn after another."""
    from monitor.core.oncall import turn  # noqa: PLC0415 - the thing under test

    held = turn(own, tz, since)
    assert held is not None
    yield held.start
    while held.start <= until:
        yield held.end
        following = turn(own, tz, held.end)
        assert following is not None
        assert following.start == held.end
        held = following


zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda t: t.replace(microsecond=0)) | st.sampled_from(
    [time(0), time(0, 30), time(1), time(1, 30), time(2), time(2, 30), time(3), time(23, 59)]
)
weekdays = st.frozensets(st.integers(0, 6))
windows = st.builds(Window, times, times, weekdays)


@st.composite
def changes_of_the_clocks(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a moment near a change of its clocks; of a zone that has none in that year, any."""
    tz = draw(zones)
    day = datetime(draw(st.integers(1890, 2060)), 1, 1, tzinfo=UTC)
    zone = zoneinfo.ZoneInfo(tz)
    days = [day + n * DAY for n in range(366)]
    changed = [d for d in days if d.astimezone(zone).utcoffset() != (d + DAY).astimezone(zone).utcoffset()]
    around = draw(st.integers(-90 * 60, 90 * 60).map(lambda s: timedelta(seconds=s)))
    near = draw(st.sampled_from(changed or days))
    low, high = near, near + DAY
    while changed and high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == near.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    return tz, high + around


places = changes_of_the_clocks() | st.tuples(zones, moments)
"""Where and when: half of them where the clocks change."""


@st.composite
def rotations(draw: st.DrawFn, people: int = 4) -> Rotation:
    unit = draw(st.sampled_from(Unit))
    length = draw(st.integers(1, {Unit.HOUR: 50, Unit.DAY: 40, Unit.WEEK: 9, Unit.MONTH: 14}[unit]))
    start = draw(st.datetimes(datetime(1890, 1, 1), datetime(2070, 1, 1)))  # noqa: DTZ001 - on the wall
    start = start.replace(second=0, microsecond=0, minute=draw(st.sampled_from([0, 15, 30, start.minute])))
    persons = draw(st.lists(st.sampled_from(list(PEOPLE)), min_size=1, max_size=people))
    return Rotation(tuple(persons), unit, length, start)


@st.composite
def schedules(draw: st.DrawFn, tz: str) -> Schedule:
    rules = draw(st.lists(st.builds(DutyRule, windows, rotations()), max_size=3))
    return Schedule("duty", "Duty", tz, draw(st.none() | rotations()), tuple(rules), imported=draw(st.booleans()))


@st.composite
def spans(draw: st.DrawFn, near: datetime) -> Shift:
    start = near + timedelta(minutes=draw(st.integers(-4_000, 4_000)))
    length = timedelta(minutes=draw(st.integers(1, 3_000)))
    return Shift(draw(st.sampled_from(list(PEOPLE))), start, start + length)


@st.composite
def changes(draw: st.DrawFn, near: datetime) -> tuple[Override, ...]:
    made = draw(st.lists(st.tuples(spans(near), st.booleans()), max_size=4))
    return tuple(Override(str(n), "duty", (span,), swap=swap) for n, (span, swap) in enumerate(made))
