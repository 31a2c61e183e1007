"""Whatever the order of events, the outbox keeps its promises. A plain model runs beside it and must agree."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitor.core.model import Gather, Priority, SendOutcome
from monitor.store import OutboxState, Parcel, Store, Writes
from monitor.store.gathering import STALE_AFTER
from monitor.store.rows import FINAL, UNSENT
from tests.store.given import NOW, ended, lease, note

INCIDENTS = st.sampled_from(["x-1", "y-1"])
DESTINATIONS = st.sampled_from(["first/1", "second/1"])
OUTCOMES = st.sampled_from(
    [SendOutcome.DELIVERED, SendOutcome.REJECTED, SendOutcome.RETRY, SendOutcome.UNKNOWN],
)
LEASE_S = 40.0


class Outbox(RuleBasedStateMachine):
    """Messages come in, are leased, settle, lapse and expire while time passes; processes die and start again."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open("sqlite://", now=NOW)
        self.now = NOW
        self.thread_of: dict[str, tuple[str, str]] = {}  # in the order of coming in
        self.final: dict[str, OutboxState] = {}
        self.on_the_way: list[list[str]] = []  # the rows of each message
        self.went_as: dict[str, str] = {}
        self.sent: list[str] = []
        self.attempts = 0

    @rule(
        incident=INCIDENTS,
        destination=DESTINATIONS,
        rank=st.sampled_from([(p, g) for p in (Priority.FIRST_PAGE, Priority.REPEAT) for g in Gather]),
        lasts=st.integers(1, 2_000),
        later=st.sampled_from([0, 0, 60]),
    )
    def comes_in(self, incident: str, destination: str, rank: tuple[Priority, Gather], lasts: int, later: int) -> None:
        key = f"{incident}/{len(self.thread_of)}/{destination}"
        new = note(
            key,
            incident=incident,
            destination=destination,
            at=self.now,
            priority=rank[0],
            gather=rank[1],
            due=self.now + timedelta(seconds=later),
            lasts=timedelta(seconds=lasts),
        )
        self.store.commit([Writes(notifications=(new,))])
        self.thread_of[key] = (incident, destination)

    @precondition(lambda self: self.thread_of)
    @rule(data=st.data())
    def comes_in_again(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(list(self.thread_of)))
        incident, destination = self.thread_of[key]
        before = self.states()
        self.store.commit([Writes(notifications=(note(key, incident=incident, destination=destination),))])
        assert self.states() == before

    @rule(limit=st.integers(1, 3), storming=st.frozensets(DESTINATIONS), apart=st.frozensets(DESTINATIONS))
    def is_leased(self, limit: int, storming: frozenset[str], apart: frozenset[str]) -> None:
        before = self.states()
        parcels = self.store.lease(self.now, limit, owner="me", lease_s=LEASE_S, storming=storming, apart=apart)
        assert len(parcels) <= limit
        rows = [row for parcel in parcels for row in parcel.rows]
        threads = [self.thread_of[row.notification.key] for row in rows]
        assert len(threads) == len(set(threads)), "two of one thread at a time"
        for row in rows:
            key = row.notification.key
            assert before[key] not in FINAL, "what is over never goes out again"
            assert row.notification.expires > self.now
            assert row.notification.due is not None
            stale = row.notification.due + STALE_AFTER <= self.now
            assert row.due <= self.now or stale or before[key] is OutboxState.LEASED
            later = [k for k in self.sent if self.thread_of[k] == self.thread_of[key]]
            order = list(self.thread_of)
            assert all(order.index(k) <= order.index(key) for k in later), "old news after new"
            self.sent.append(key)
        for parcel in parcels:
            self.goes_as_it_should(parcel, apart)

    def goes_as_it_should(self, parcel: Parcel, apart: frozenset[str]) -> None:
        keys = [row.notification.key for row in parcel.rows]
        (to,) = {row.notification.destination for row in parcel.rows}
        perhaps = {row.repeat for row in parcel.rows}
        assert len(perhaps) == 1, "what may be a repeat goes with nothing new"
        if perhaps == {True} and to not in apart:
            assert {self.went_as[key] for key in keys} == {parcel.key}, "a repeat has the key of the first"
        assert parcel.kind or keys == [parcel.key]
        if to in apart:
            assert keys == [parcel.key]
        self.went_as |= dict.fromkeys(keys, parcel.key)
        self.on_the_way.append(keys)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data(), outcome=OUTCOMES, later=st.integers(0, 60))
    def settles(self, data: st.DataObject, outcome: SendOutcome, later: int) -> None:
        keys = data.draw(st.sampled_from(self.on_the_way))
        self.on_the_way.remove(keys)
        before = self.states()
        due = self.now + timedelta(seconds=later)
        assert ended(self.store, keys, outcome, at=self.now, due=due) == sum(before[k] not in FINAL for k in keys)

    @rule(passes=st.sampled_from([0, 5, 50, 700]))
    def time_passes(self, passes: int) -> None:
        self.now += timedelta(seconds=passes)

    @rule()
    def expires(self) -> None:
        before = self.states()
        for row in self.store.expire(self.now):
            assert before[row.notification.key] in UNSENT
            assert row.notification.expires <= self.now

    @rule()
    def the_daemon_starts_again(self) -> None:
        self.on_the_way.clear()
        leased = [key for key, state in self.states().items() if state is OutboxState.LEASED]
        assert self.store.release_leases(self.now) == len(leased)
        assert OutboxState.LEASED not in self.states().values()

    def states(self) -> dict[str, OutboxState]:
        found = [d for name in ("x-1", "y-1") for d in self.store.deliveries(name)]
        return {d.row.notification.key: d.row.state for d in found}

    @invariant()
    def every_promise_holds(self) -> None:
        found = [d for name in ("x-1", "y-1") for d in self.store.deliveries(name)]
        states = {d.row.notification.key: d.row.state for d in found}
        self.every_key_is_in_exactly_one_state_and_what_is_final_stays(states)
        self.a_thread_has_one_row_waiting_and_one_on_its_way_at_most(states)
        newest = {thread: key for key, thread in self.thread_of.items()}
        assert not [k for k in newest.values() if states[k] is OutboxState.SUPERSEDED], "never into silence"
        someone_waits = any(state not in FINAL for state in states.values())
        assert (self.store.next_due() is not None) == someone_waits
        lines = sum(len(d.attempts) for d in found)
        assert lines >= self.attempts, "the log only grows"
        self.attempts = lines

    def every_key_is_in_exactly_one_state_and_what_is_final_stays(self, states: dict[str, OutboxState]) -> None:
        assert set(states) == set(self.thread_of)
        assert sum(self.store.outbox_stats().counts.values()) == len(states)
        assert {key: states[key] for key in self.final} == self.final
        self.final = {key: state for key, state in states.items() if state in FINAL}

    def a_thread_has_one_row_waiting_and_one_on_its_way_at_most(self, states: dict[str, OutboxState]) -> None:
        for kinds in (UNSENT, (OutboxState.LEASED,)):
            threads = [self.thread_of[key] for key, state in states.items() if state in kinds]
            assert len(threads) == len(set(threads))

    def teardown(self) -> None:
        # In the end everything goes out or is given up with a reason: nothing waits for ever.
        self.store.release_leases(self.now)
        while (due := self.store.next_due()) is not None:
            self.now = max(self.now, due)
            self.store.expire(self.now)
            for row in lease(self.store, self.now):
                ended(self.store, (row.notification.key,), SendOutcome.DELIVERED, at=self.now)
        assert all(state in FINAL for state in self.states().values())
        self.store.close()


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=12, stateful_step_count=25, derandomize=True)


@pytest.mark.slow
class TestOutboxOnNewDays(Outbox.TestCase):  # type: ignore[misc, valid-type]  # hypothesis makes the class at run time
    """The same with days drawn anew at each run; a failing one is printed as a program that repeats it."""

    settings = settings(max_examples=100, stateful_step_count=60)
