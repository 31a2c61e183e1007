"""What goes to a destination as one message: digests, repeats, storms, old news; and a repeat is known as one."""

import pytest

from monitor.core.model import Gather, Notification, Priority, SendOutcome
from monitor.store import OutboxState, Parcel, Store, Writes
from monitor.store.gathering import GATHER_ROWS_MAX
from tests.store.given import NOW, ended, note, seconds

STALE_S = 600


def put(store: Store, *notes: Notification) -> None:
    store.commit([Writes(notifications=notes)])


def some(count: int, gather: Gather = Gather.NONE, *, name: str = "k", at_s: float = 0.0) -> list[Notification]:
    """Messages about as many incidents to one destination."""
    return [note(f"{name}{n}", incident=f"{name}-{n}", at=seconds(at_s), gather=gather) for n in range(count)]


def one(store: Store, at_s: float = 0.0, **how: object) -> Parcel:
    (parcel,) = store.lease(seconds(at_s), 10, owner="me", **how)  # type: ignore[arg-type]  # of the test's own making
    return parcel


def keys(parcel: Parcel) -> list[str]:
    return [row.notification.key for row in parcel.rows]


def settle(store: Store, parcel: Parcel, outcome: SendOutcome, at_s: float = 0.0, due_s: float | None = None) -> None:
    due = None if due_s is None else seconds(due_s)
    assert ended(store, keys(parcel), outcome, at=seconds(at_s), due=due) == len(parcel.rows)


def states(store: Store, *incidents: str) -> list[OutboxState]:
    return [delivery.row.state for name in incidents for delivery in store.deliveries(name)]


def test_all_of_a_digest_goes_as_one_message_when_it_is_due_and_other_news_goes_by_itself(store: Store) -> None:
    digest = [note(f"d{n}", incident=f"d-{n}", gather=Gather.DIGEST, due=seconds(60)) for n in range(3)]
    elsewhere = note("e", incident="e-0", destination="second/1", gather=Gather.DIGEST, due=seconds(60))
    put(store, *digest, elsewhere, note("news", incident="n-0", at=seconds(59)))
    news = one(store, 59)
    assert (keys(news), news.kind, news.key) == (["news"], "", "news")
    settle(store, news, SendOutcome.DELIVERED)
    first, second = store.lease(seconds(60), 10, owner="me")
    assert (first.kind, keys(first)) == ("digest", ["d0", "d1", "d2"])
    assert (second.kind, keys(second)) == ("digest", ["e"]), "a digest of one is a digest"
    assert first.key.startswith("digest/")
    assert first.key.endswith("/first/1")
    settle(store, first, SendOutcome.DELIVERED)
    assert states(store, "d-0", "d-1", "d-2") == [OutboxState.DELIVERED] * 3


def test_GA4_repeats_that_are_due_together_are_one_message_and_a_single_one_is_itself(store: Store) -> None:
    put(store, *some(1, Gather.REPEAT, name="first"))
    assert one(store).kind == ""
    put(store, *some(4, Gather.REPEAT))
    bundle = one(store)
    assert (bundle.kind, keys(bundle)) == ("repeat", ["k0", "k1", "k2", "k3"])


def test_F33_in_a_storm_all_that_is_due_is_one_summary_that_leads_with_the_worst(store: Store) -> None:
    worst = note("page", incident="p-0", at=seconds(5), priority=Priority.FIRST_PAGE)
    put(store, *some(2), worst, *some(1, Gather.DIGEST, name="d"))
    summary = one(store, 5, storming={"first/1"})
    assert (summary.kind, keys(summary)) == ("summary", ["page", "k0", "k1", "d0"])
    put(store, *some(1, name="alone"))
    assert one(store, 5, storming={"first/1"}).kind == ""


def test_F32_old_news_is_one_digest_and_what_is_new_goes_by_itself_after_it(store: Store) -> None:
    put(store, *some(3, name="old"))
    failed = one(store)
    settle(store, failed, SendOutcome.RETRY, due_s=STALE_S + 900)
    put(store, *some(2, name="new", at_s=STALE_S - 1))
    assert one(store, STALE_S - 0.1).kind == "", "not yet old"
    store.release_leases(seconds(STALE_S - 0.1))
    (again,) = [delivery.row for delivery in store.deliveries("old-1")]
    assert again.repeat, "it went out, perhaps, and so goes by itself again"
    stale = one(store, STALE_S, last={"old1"})
    assert (stale.kind, keys(stale)) == ("digest", ["old0", "old2"]), "also the one that was to be tried later"
    settle(store, stale, SendOutcome.DELIVERED)
    rest = []
    while parcels := store.lease(seconds(STALE_S), 10, owner="me"):
        rest += [(parcels[0].kind, keys(parcels[0]))]
        settle(store, parcels[0], SendOutcome.DELIVERED)
    assert rest == [("", ["old1"]), ("", ["new0"]), ("", ["new1"])]


def test_a_program_gets_each_message_by_itself(store: Store) -> None:
    put(store, *some(2, Gather.DIGEST), *some(2, Gather.REPEAT, name="r"))
    for _ in range(4):
        assert one(store, STALE_S, storming={"first/1"}, apart={"first/1"}).kind == ""


def test_a_gathered_message_that_may_have_arrived_goes_again_with_its_key_and_nothing_new(store: Store) -> None:
    put(store, *some(3, Gather.DIGEST))
    first = one(store)
    put(store, *some(2, Gather.DIGEST, name="new"))
    assert store.release_leases(seconds(1)) == 3
    again = one(store, 1)
    assert (again.kind, again.key, keys(again)) == ("digest", first.key, ["k0", "k1", "k2"])
    assert all(row.repeat for row in again.rows)
    settle(store, again, SendOutcome.RETRY, 1, 5)
    assert keys(one(store, 4)) == ["new0", "new1"]
    later = one(store, 5)
    assert (later.key, keys(later)) == (first.key, ["k0", "k1", "k2"])


def test_the_key_stays_when_one_of_a_repeat_has_been_overtaken_by_its_own_news(store: Store) -> None:
    put(store, *some(3, Gather.DIGEST))
    first = one(store)
    put(store, note("resolved", incident="k-1", revision=2, step="resolved"))
    store.release_leases(seconds(1))
    news = one(store, 1)
    settle(store, news, SendOutcome.DELIVERED)
    again = one(store, 1)
    assert sorted([*keys(news), *keys(again)]) == ["k0", "k2", "resolved"]
    assert first.key in {news.key, again.key}


def test_a_gathered_message_that_did_not_arrive_is_gathered_anew(store: Store) -> None:
    put(store, *some(2, Gather.DIGEST))
    first = one(store)
    settle(store, first, SendOutcome.RETRY, due_s=5)
    put(store, *some(1, Gather.DIGEST, name="new"))
    again = one(store, 5)
    assert keys(again) == ["k0", "k1", "new0"]
    assert again.key != first.key
    assert {row.attempts for row in again.rows} == {2, 1}


def test_the_same_rows_make_the_same_key_and_others_another(store: Store) -> None:
    put(store, *some(3, Gather.DIGEST))
    first = one(store)
    settle(store, first, SendOutcome.RETRY, due_s=0)
    assert one(store).key == first.key
    other = Store.open("sqlite://", now=NOW)
    put(other, *some(4, Gather.DIGEST))
    assert one(other).key != first.key
    other.close()


def test_a_gathered_message_has_a_bound_and_the_others_follow(store: Store) -> None:
    put(store, *some(GATHER_ROWS_MAX + 3, Gather.DIGEST))
    assert len(one(store).rows) == GATHER_ROWS_MAX
    assert len(one(store).rows) == 3


def test_of_a_way_that_fails_another_message_is_tried_next(store: Store) -> None:
    put(store, *some(2))
    first = one(store)
    settle(store, first, SendOutcome.RETRY, due_s=1)
    assert keys(one(store, 1, last={"k0"})) == ["k1"]
    assert keys(one(store, 1, last={"k0"})) == ["k0"], "if there is no other, the same"


def test_tries_of_late_are_known_and_one_message_is_one_try(store: Store) -> None:
    put(store, *some(3, Gather.DIGEST), note("e", incident="e-0", destination="second/1"))
    gathered, single = store.lease(seconds(1), 10, owner="me")
    settle(store, gathered, SendOutcome.UNKNOWN, 2, 30)
    settle(store, single, SendOutcome.DELIVERED, 3)
    settle(store, one(store, 30), SendOutcome.DELIVERED, 31)
    assert store.recent_tries(NOW) == [
        ("first/1", seconds(2), SendOutcome.UNKNOWN),
        ("second/1", seconds(3), SendOutcome.DELIVERED),
        ("first/1", seconds(31), SendOutcome.DELIVERED),
    ]
    assert store.recent_tries(seconds(3)) == [("first/1", seconds(31), SendOutcome.DELIVERED)]


@pytest.mark.parametrize("outcome", [SendOutcome.DELIVERED, SendOutcome.REJECTED])
def test_what_was_overtaken_is_no_try(store: Store, outcome: SendOutcome) -> None:
    put(store, note("1"))
    put(store, note("2", revision=2))
    settle(store, one(store), outcome, 1)
    assert [how for _, _, how in store.recent_tries(seconds(-1))] == [outcome]
