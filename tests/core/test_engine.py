"""The engine: decides at once, shows only what is committed, and keeps freshness a few rows at a time."""

from collections.abc import Callable

from monitor.core.model import Act, Acted, Configured, Read, Rules, State, Step
from monitor.engine import Engine
from monitor.store import Writes
from probes.base import Availability, Reading
from tests.core.mind import T0, channel, said


class SlowDisk:
    """A writer that commits when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Writes, Callable[[], None]]] = []

    def submit(self, writes: Writes, *, urgent: bool, done: Callable[[], None]) -> None:  # noqa: ARG002 - the contract
        self.waiting.append((writes, done))

    def commit(self) -> None:
        waiting, self.waiting = self.waiting, []
        for _, done in waiting:
            done()


def engine(disk: SlowDisk, shown: list[Step], channels: int = 1) -> Engine:
    rules = Rules(channels={f"c{n}": channel(f"c{n}") for n in range(channels)})
    made = Engine(disk, rules, State(), lambda: T0, shown.append)
    made.configure(rules, Configured(start=True))
    return made


def test_nothing_leaves_the_house_before_its_commit() -> None:
    disk, shown = SlowDisk(), list[Step]()
    house = engine(disk, shown)
    house.put(Read("c0/1", Reading((said(Availability.OUTAGE),))))
    assert house.state.channels["c0"].health.availability is Availability.OUTAGE
    assert "c0" not in house.shown.channels
    assert not shown
    disk.commit()
    assert house.shown.channels["c0"].health.availability is Availability.OUTAGE
    assert len(shown) == 2


def test_what_is_answered_rests_on_nothing_that_is_not_committed_yet() -> None:
    disk, shown, answered = SlowDisk(), list[Step](), list[str]()
    house = engine(disk, shown)
    house.put(Read("c0/1", Reading((said(Availability.OUTAGE),))))
    disk.commit()

    def takes(person: str) -> str:
        (incident,) = house.state.incidents
        wish = Acted(Act.ACKNOWLEDGE, (incident,), person, "link")
        taken = house.put(wish, done=lambda: answered.append(person))
        assert taken.answer is not None
        return taken.answer.code

    assert takes("first") == "done"
    assert takes("second") == "already"
    assert answered == [], "the second was told of a taking that a crash could still undo"
    disk.commit()
    assert answered == ["first", "second"]
    assert takes("second") == "already"
    assert answered == ["first", "second", "second"], "nothing waits, so there is nothing to wait for"


def test_freshness_alone_is_kept_later_a_few_rows_at_a_time_and_each_once() -> None:
    disk, shown = SlowDisk(), list[Step]()
    house = engine(disk, shown, channels=5)
    well = Reading((said(Availability.OPERATIONAL),))
    for n in range(5):
        house.put(Read(f"c{n}/1", well))
    disk.commit()
    for n in range(5):
        house.put(Read(f"c{n}/1", well))
    assert disk.waiting == []
    left = [house.keep_freshness(2) for _ in range(4)]
    assert left == [3, 1, 0, 0]
    kept = [p.id for writes, _ in disk.waiting for p in writes.probes]
    assert sorted(kept) == [f"c{n}/1" for n in range(5)]
