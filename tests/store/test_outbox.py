"""The outbox: a message goes out at least once, in order, and is never marked sent before it is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.core.model import Gather, Notification, Priority, SendOutcome
from monitor.store import OutboxState, Store, Writes
from tests.store.given import NOW, ended, lease, note, seconds


def put(store: Store, *notes: Notification) -> None:
    store.commit([Writes(notifications=notes)])


def leased(store: Store, at: float = 0, **how: object) -> list[str]:
    return [row.notification.key for row in lease(store, seconds(at), **how)]  # type: ignore[arg-type]  # of the test's own making


def states(store: Store, incident: str = "x-1") -> dict[str, OutboxState]:
    return {d.row.notification.key: d.row.state for d in store.deliveries(incident)}


def test_a_message_is_handed_out_once_and_ends_delivered_with_its_attempt_on_record(store: Store) -> None:
    put(store, note("k"))
    (row,) = lease(store)
    assert row.notification == note("k")
    assert (row.attempts, row.repeat, row.lease_owner) == (1, False, "me")
    assert leased(store) == []
    assert ended(store, ("k",), SendOutcome.DELIVERED, at=seconds(1), detail="200 OK", took_s=0.5)
    (delivery,) = store.deliveries("x-1")
    assert delivery.row.state is OutboxState.DELIVERED
    assert [(a.outcome, a.at, a.detail, a.took_s) for a in delivery.attempts] == [
        (SendOutcome.DELIVERED, seconds(1), "200 OK", 0.5)
    ]
    assert leased(store, 1e6) == []
    assert store.next_due() is None


def test_the_same_key_again_changes_nothing(store: Store) -> None:
    put(store, note("k"))
    put(store, note("k"), note("k"))
    assert states(store) == {"k": OutboxState.PENDING}
    assert leased(store) == ["k"]
    ended(store, ("k",), SendOutcome.DELIVERED, at=NOW)
    put(store, note("k"))
    assert states(store) == {"k": OutboxState.DELIVERED}


def test_a_retry_waits_until_it_is_due_and_keeps_its_reason(store: Store) -> None:
    put(store, note("k"))
    assert leased(store) == ["k"]
    ended(store, ("k",), SendOutcome.RETRY, at=NOW, due=seconds(15), detail="503")
    assert store.next_due() == seconds(15)
    assert leased(store, 14.9) == []
    (row,) = lease(store, seconds(15))
    assert (row.attempts, row.last_error, row.repeat) == (2, "503", False)


def test_a_retry_without_a_time_is_refused(store: Store) -> None:
    put(store, note("k"))
    leased(store)
    with pytest.raises(ValueError, match="due"):
        ended(store, ("k",), SendOutcome.RETRY, at=NOW)
    assert states(store) == {"k": OutboxState.LEASED}


def test_F35_an_unknown_outcome_is_sent_once_more_marked_as_a_repeat_or_is_final(store: Store) -> None:
    put(store, note("page"), note("news", incident="y-1"))
    assert leased(store) + leased(store) == ["page", "news"]
    ended(store, ("page",), SendOutcome.UNKNOWN, at=NOW, due=seconds(30))
    ended(store, ("news",), SendOutcome.UNKNOWN, at=NOW)
    assert states(store, "y-1") == {"news": OutboxState.UNKNOWN}
    (row,) = lease(store, seconds(30))
    assert row.notification.key == "page"
    assert row.repeat


def test_a_final_row_stays_as_it_is_and_the_late_word_is_on_record(store: Store) -> None:
    put(store, note("k"))
    leased(store)
    assert ended(store, ("k",), SendOutcome.REJECTED, at=NOW, detail="404")
    assert not ended(store, ("k",), SendOutcome.DELIVERED, at=seconds(1))
    assert not ended(store, ("nobody knows",), SendOutcome.DELIVERED, at=NOW)
    (delivery,) = store.deliveries("x-1")
    assert delivery.row.state is OutboxState.REJECTED
    assert [a.outcome for a in delivery.attempts] == [SendOutcome.REJECTED, SendOutcome.DELIVERED]


# --- threads ---------------------------------------------------------------------------------------------------------


def test_a_newer_message_takes_the_place_of_an_unsent_older_one_of_its_thread_only(store: Store) -> None:
    put(store, note("1"), note("other destination", destination="second/1"), note("other incident", incident="y-1"))
    put(store, note("2", revision=2, step="resolved"))
    assert states(store) == {
        "1": OutboxState.SUPERSEDED,
        "other destination": OutboxState.PENDING,
        "2": OutboxState.PENDING,
    }
    assert states(store, "y-1") == {"other incident": OutboxState.PENDING}
    first = store.deliveries("x-1")[0]
    assert [a.outcome for a in first.attempts] == [SendOutcome.SUPERSEDED]


def test_what_is_on_its_way_is_not_superseded_and_the_next_waits_for_it(store: Store) -> None:
    put(store, note("1"))
    assert leased(store) == ["1"]
    put(store, note("2", revision=2, step="resolved"))
    assert leased(store) == []
    assert store.next_due() != NOW, "what waits behind a busy thread must not wake anybody"
    ended(store, ("1",), SendOutcome.DELIVERED, at=NOW)
    assert leased(store) == ["2"]


@pytest.mark.parametrize("outcome", [SendOutcome.RETRY, SendOutcome.UNKNOWN])
def test_what_comes_back_unsent_gives_way_to_the_newer_one_behind_it(store: Store, outcome: SendOutcome) -> None:
    put(store, note("1"))
    leased(store)
    put(store, note("2", revision=2, step="resolved"))
    ended(store, ("1",), outcome, at=NOW, due=seconds(15))
    assert states(store) == {"1": OutboxState.SUPERSEDED, "2": OutboxState.PENDING}
    assert leased(store) == ["2"]


def test_the_most_urgent_go_first_then_those_that_were_planned_first(store: Store) -> None:
    page = Priority.FIRST_PAGE
    put(
        store,
        note("late", incident="a", destination="d1", at=seconds(2)),
        note("early", incident="b", destination="d2", at=seconds(1)),
        note("page", incident="c", destination="d3", at=seconds(3), priority=page),
    )
    assert leased(store, 2.5) == ["early", "late"]
    assert leased(store, 3) == ["page"]
    put(store, note("page 2", incident="e", destination="d4", at=seconds(4), priority=page))
    put(store, note("first", incident="f", destination="d5", at=seconds(0)))
    assert leased(store, 4) == ["page 2", "first"]


def test_GA7_a_first_page_overtakes_older_repeats_also_of_other_incidents(store: Store) -> None:
    put(
        store,
        *(note(f"repeat {n}", incident=f"r-{n}", at=seconds(n), priority=Priority.REPEAT) for n in range(2)),
        note("news", incident="n-1", at=seconds(2)),
        note("page", incident="p-1", at=seconds(9), priority=Priority.FIRST_PAGE),
    )
    heard = []
    for _ in range(4):
        (key,) = leased(store, 10)
        ended(store, (key,), SendOutcome.DELIVERED, at=seconds(10))
        heard.append(key)
    assert heard == ["page", "news", "repeat 0", "repeat 1"]


def test_a_row_that_failed_keeps_its_place(store: Store) -> None:
    put(store, note("older", incident="a", at=seconds(0)), note("newer", incident="b", at=seconds(1)))
    assert leased(store, 1) == ["older"]
    ended(store, ("older",), SendOutcome.RETRY, at=seconds(1), due=seconds(5))
    assert leased(store, 6) == ["older"]


def test_what_is_planned_for_later_waits_for_its_hour_and_lives_on_from_there(store: Store) -> None:
    put(store, note("k", due=seconds(36_000), lasts=timedelta(seconds=36_060)))
    assert store.next_due() == seconds(36_000)
    assert store.expire(seconds(35_999)) == []
    assert leased(store, 35_999) == []
    (row,) = lease(store, seconds(36_000))
    assert row.notification.due == seconds(36_000)
    ended(store, ("k",), SendOutcome.RETRY, at=seconds(36_000), due=seconds(40_000))
    assert store.expire(seconds(36_059)) == []
    assert [gone.notification.key for gone in store.expire(seconds(36_060))] == ["k"]


def test_what_a_message_says_for_programs_and_links_comes_back(store: Store) -> None:
    full = replace(
        note("k", due=seconds(0), priority=Priority.PAGE, gather=Gather.REPEAT),
        recipient="first",
        acts=("7", "8"),
        labels={"channel": ("x", "y"), "severity": ("critical",)},
        opened=seconds(-60),
        resolved=seconds(-1),
    )
    put(store, full)
    (row,) = lease(store)
    assert row.notification == full


def test_facts_that_no_longer_parse_are_left_out_and_the_words_go_all_the_same(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, replace(note("k"), acts=("7",)))
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET facts='{'"))
    (row,) = lease(store)
    assert row.notification == note("k")
    assert "message k says for programs is damaged" in caplog.text


def test_one_destination_gets_one_message_a_lease_and_busy_lanes_get_none(store: Store) -> None:
    put(store, *(note(f"a{n}", incident=f"i{n}", destination="a") for n in range(5)), note("b", destination="b"))
    assert leased(store) == ["a0", "b"]
    assert leased(store, exclude={"a"}) == []
    assert store.next_due(exclude={"a"}) == seconds(120), "the leases lapse then; nothing before"
    assert leased(store) == ["a1"]


def test_a_lease_takes_no_more_than_it_was_asked_for(store: Store) -> None:
    put(store, *(note(f"{n}", destination=f"d{n}") for n in range(5)))
    assert len(store.lease(NOW, 3, owner="me")) == 3
    assert store.outbox_stats().counts[OutboxState.PENDING] == 2


# --- lost and late ---------------------------------------------------------------------------------------------------


def test_leases_of_an_earlier_process_are_sent_again_marked_as_a_repeat(store: Store) -> None:
    put(store, note("k"))
    leased(store)
    assert store.release_leases(seconds(5)) == 1
    (row,) = lease(store, seconds(5), owner="next")
    assert row.repeat
    assert row.attempts == 2
    assert [a.outcome for a in store.deliveries("x-1")[0].attempts] == [SendOutcome.UNKNOWN]


def test_a_lease_lapses_when_nobody_says_how_it_went(store: Store) -> None:
    put(store, note("k"))
    assert leased(store, lease_s=60.0) == ["k"]
    assert store.next_due() == seconds(60)
    assert leased(store, 59) == []
    assert leased(store, 60) == ["k"]


def test_what_is_past_its_time_is_given_up_and_handed_back_and_never_leased(store: Store) -> None:
    put(store, note("k", lasts=timedelta(seconds=60)), note("long", destination="d2"))
    leased(store)
    ended(store, ("k",), SendOutcome.RETRY, at=seconds(1), due=seconds(900), detail="connection refused")
    ended(store, ("long",), SendOutcome.DELIVERED, at=seconds(1))
    assert store.expire(seconds(59)) == []
    assert store.next_due() == seconds(60)
    assert leased(store, 60) == []
    (gone,) = store.expire(seconds(60))
    assert (gone.notification.key, gone.state, gone.last_error) == ("k", OutboxState.EXPIRED, "connection refused")
    assert store.expire(seconds(60)) == []
    assert states(store)["k"] is OutboxState.EXPIRED


def test_the_figures_name_every_state_and_the_oldest_that_waits(store: Store) -> None:
    empty = store.outbox_stats()
    assert set(empty.counts) == set(OutboxState)
    assert (empty.unsent, empty.oldest_unsent) == (0, None)
    put(store, note("1", at=seconds(-60), incident="a"), note("2", incident="b", destination="d2"))
    leased(store)
    ended(store, ("2",), SendOutcome.DELIVERED, at=NOW)
    figures = store.outbox_stats()
    assert figures.counts[OutboxState.LEASED] == 1
    assert figures.counts[OutboxState.DELIVERED] == 1
    assert (figures.unsent, figures.oldest_unsent) == (1, seconds(-60))


def test_what_waits_for_its_digest_does_not_wait_to_be_sent(store: Store) -> None:
    put(store, note("1", at=seconds(-36_000), due=seconds(3_600), gather=Gather.DIGEST))
    assert store.outbox_stats().oldest_unsent == seconds(3_600)
    put(store, note("2", at=seconds(-5), incident="x-2"))
    assert store.outbox_stats().oldest_unsent == seconds(-5)


def test_a_message_that_no_longer_parses_goes_out_as_a_message_that_says_so(store: Store) -> None:
    put(store, note("k"))
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE outbox SET message='{'"))
    (row,) = lease(store)
    assert "damaged" in row.notification.message.title
    assert "x-1" in row.notification.message.title


def test_the_shard_is_part_of_a_key(store: Store) -> None:
    store.commit([Writes(notifications=(note("k"),)), Writes(notifications=(note("k"),), shard=1)])
    assert {row.shard for row in lease(store) + lease(store)} == {0, 1}
    assert ended(store, ("k",), SendOutcome.DELIVERED, at=NOW, shard=1)
    assert store.outbox_stats().counts[OutboxState.LEASED] == 1
