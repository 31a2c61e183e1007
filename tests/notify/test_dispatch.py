"""The dispatcher on virtual time: when it sends, when it tries again, when it gives up, and that it ends."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.model import Gather, Priority, SendOutcome
from monitor.notify import Breaker, Envelope, Sent
from tests.notify.desk import OK, RETRY, UNKNOWN, House, Inbox, always, row
from tests.notify.virtual import VirtualLoop, play


def test_a_committed_row_is_sent_at_once_and_recorded_after_the_send() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def slow(_to: str, _envelope: Envelope) -> Sent:
            await asyncio.sleep(1)
            assert house.outbox.held == ["a"]
            assert not house.finals
            return OK

        house = House(loop, Inbox(slow))
        await house.until(5)
        house.outbox.put(row("a", loop.now()))
        house.dispatcher.notify_committed()
        await house.until(7)
        assert house.inbox.times() == [5.0]
        assert house.outbox.done == {"a": SendOutcome.DELIVERED}
        assert [final.outcome for final in house.finals] == [SendOutcome.DELIVERED]
        assert house.attempts[0].took_s == pytest.approx(1.0)
        assert house.attempts[0].waited_s == pytest.approx(0.0)
        await house.end()

    play(story)


@pytest.mark.parametrize("away_s", [0.5, 2, 3.5, 7.5, 12, 14.9])
def test_a_receiver_that_was_away_gets_its_message_within_5_s_after_it_is_back(away_s: float) -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, _envelope: Envelope) -> Sent:
            return OK if loop.time() >= away_s else RETRY

        house = House(loop, Inbox(answer))
        house.outbox.put(row("a", loop.now()))
        await house.until(60)
        assert house.outbox.done == {"a": SendOutcome.DELIVERED}
        assert away_s <= house.inbox.times()[-1] <= away_s + 5
        await house.end()

    play(story)


def test_tries_start_quickly_and_then_the_breaker_doubles_its_pause() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(RETRY))
        house.outbox.put(row("a", loop.now()), row("b", loop.now()))
        await house.until(16)
        assert {lane.breaker(loop.now()) for lane in house.dispatcher.lanes()} == {Breaker.OPEN}
        await house.until(4_000)
        assert house.inbox.times()[:9] == [0, 1, 3, 7, 11, 15, 45, 105, 225]
        gaps = [later - sooner for sooner, later in zip(house.inbox.times()[8:], house.inbox.times()[9:], strict=False)]
        assert max(gaps) <= 600
        await house.end()

    play(story)


@pytest.mark.parametrize("back_s", [20, 60, 130, 300])
def test_who_comes_back_hears_the_most_urgent_first(back_s: int) -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, _envelope: Envelope) -> Sent:
            return OK if loop.time() >= back_s else replace(RETRY, unseen=True)

        house = House(loop, Inbox(answer), {"first/1": "mailto"})
        house.outbox.put(row("end", loop.now()), row("page", loop.now(), priority=Priority.FIRST_PAGE))
        await house.until(back_s + 300)
        assert set(house.outbox.done.values()) == {SendOutcome.DELIVERED}
        assert {envelope.key for at, _, envelope in house.inbox.got if at < back_s} == {"page"}
        assert next(envelope.key for at, _, envelope in house.inbox.got if at >= back_s) == "page"
        await house.end()

    play(story)


def test_an_urgent_message_that_a_receiver_cannot_digest_does_not_keep_others_from_it() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, envelope: Envelope) -> Sent:
            return Sent(SendOutcome.RETRY, "HTTP 500", status=500) if envelope.key == "poison" else OK

        house = House(loop, Inbox(answer))
        house.outbox.put(row("poison", loop.now(), priority=Priority.FIRST_PAGE), row("news", loop.now()))
        await house.until(120)
        assert house.outbox.done == {"news": SendOutcome.DELIVERED}
        await house.end()

    play(story)


def test_a_second_row_does_not_use_up_the_quick_tries_of_a_receiver_that_is_away() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, _envelope: Envelope) -> Sent:
            return OK if loop.time() >= 12 else RETRY

        house = House(loop, Inbox(answer))
        house.outbox.put(row("opened", loop.now()))
        await house.until(5)
        house.outbox.put(row("resolved", loop.now()))
        house.dispatcher.notify_committed()
        await house.until(31)
        assert house.outbox.done == {"opened": SendOutcome.DELIVERED, "resolved": SendOutcome.DELIVERED}
        await house.end()

    play(story)


@pytest.mark.parametrize(("asked_s", "kept_s"), [(0.0, 1.0), (20.0, 20.0), (1e5, 3_600.0)])
def test_B80_retry_after_is_honoured_within_a_second_and_an_hour(asked_s: float, kept_s: float) -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, envelope: Envelope) -> Sent:
            return OK if envelope.attempt > 1 else Sent(SendOutcome.RETRY, "HTTP 429", asked_s, 429)

        house = House(loop, Inbox(answer))
        house.outbox.put(row("a", loop.now()))
        await house.until(4_000)
        assert house.inbox.times() == [0, kept_s]
        await house.end()

    play(story)


def test_a_refusal_is_final_at_once() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(Sent(SendOutcome.REJECTED, "HTTP 404", status=404)))
        house.outbox.put(row("a", loop.now()))
        await house.until(4_000)
        assert house.inbox.times() == [0]
        assert [(final.outcome, final.detail) for final in house.finals] == [(SendOutcome.REJECTED, "HTTP 404")]
        await house.end()

    play(story)


def test_F35_an_unanswered_page_is_sent_once_more_marked_and_other_messages_are_not() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(UNKNOWN))
        house.outbox.put(row("page", loop.now(), to="a/1", critical=True), row("note", loop.now(), to="b/1"))
        await house.until(4_000)
        assert house.inbox.times("a/1") == [0, 30]
        assert house.inbox.times("b/1") == [0]
        assert [envelope.repeat for _, to, envelope in house.inbox.got if to == "a/1"] == [False, True]
        assert house.outbox.done == {"page": SendOutcome.UNKNOWN, "note": SendOutcome.UNKNOWN}
        assert {final.outcome for final in house.finals} == {SendOutcome.UNKNOWN}
        assert all("may not have arrived" in final.detail for final in house.finals)
        assert [attempt.outcome for attempt in house.attempts] == [SendOutcome.UNKNOWN] * 3
        await house.end()

    play(story)


def test_a_message_whose_time_runs_out_is_told_as_expired_when_it_does() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(RETRY))
        house.outbox.put(row("a", loop.now(), life_s=20.0))
        await house.until(60)
        assert house.inbox.times() == [0, 1, 3, 7, 11, 15]
        await house.until(700)
        assert house.outbox.done == {"a": SendOutcome.EXPIRED}
        assert [final.outcome for final in house.finals] == [SendOutcome.EXPIRED]
        assert len(house.inbox.got) == 6
        await house.end()

    play(story)


def test_F31_fifty_hung_destinations_do_not_delay_a_healthy_one() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(to: str, _envelope: Envelope) -> Sent:
            if to != "well/1":
                await asyncio.sleep(1e6)
            return OK

        house = House(loop, Inbox(answer))
        house.outbox.put(*(row(f"h{n}", loop.now(), to=f"hung/{n}", critical=True) for n in range(50)))
        for minute in range(5):
            await house.until(minute * 60 + 1)
            house.outbox.put(row(f"w{minute}", loop.now(), to="well/1"))
            house.dispatcher.notify_committed()
        await house.until(400)
        assert house.inbox.times("well/1") == [1, 61, 121, 181, 241]
        await house.end()

    play(story)


@pytest.mark.parametrize(
    ("scheme", "times"),
    [
        ("twilio", [0, 60, 120, 180, 240, 900]),
        ("mailto", [0, 0, 0, 6, 6, 6]),
        ("slack", [0, 0, 0, 3, 3, 3]),
        ("json", [0] * 6),
    ],
)
def test_a_first_message_goes_at_once_and_a_burst_keeps_the_pace_of_its_service(
    scheme: str, times: list[float]
) -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), {"first/1": scheme})
        house.outbox.put(*(row(f"r{n}", loop.now()) for n in range(6)))
        await house.until(1_000)
        assert house.inbox.times() == times
        await house.end()

    play(story)


def test_a_destination_whose_service_changes_keeps_the_pace_of_the_new_one() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), {"first/1": "json"})
        house.outbox.put(*(row(f"r{n}", loop.now()) for n in range(2)))
        await house.until(10)
        house.dispatcher.set_services({"first/1": "twilio"})
        house.outbox.put(*(row(f"s{n}", loop.now()) for n in range(2)))
        house.dispatcher.notify_committed()
        await house.until(200)
        assert house.inbox.times() == [0, 0, 60, 120]
        await house.end()

    play(story)


@pytest.mark.parametrize("asked_s", [None, 3_600.0])
def test_who_mends_an_address_does_not_wait_for_what_the_old_one_did(asked_s: float | None) -> None:
    async def story(loop: VirtualLoop) -> None:
        mended = False

        async def answer(_to: str, _envelope: Envelope) -> Sent:
            return OK if mended else Sent(SendOutcome.RETRY, "HTTP 503", asked_s, 503)

        house = House(loop, Inbox(answer), {"first/1": "json", "second/1": "json"})
        house.outbox.put(row("a", loop.now()), row("b", loop.now()), row("c", loop.now(), to="second/1"))
        later = row("later", loop.now(), due=loop.now() + timedelta(hours=1), gather=Gather.DIGEST)
        house.outbox.put(later)
        await house.until(1_000)
        mended = True
        house.outbox.faults = 1
        house.dispatcher.set_services({"first/1": "json", "second/1": "json"}, {"first/1"})
        await house.until(1_005)
        assert house.outbox.done == {"a": SendOutcome.DELIVERED, "b": SendOutcome.DELIVERED}
        await house.end()

    play(story)


def test_F27_closing_with_hung_receivers_is_quick_and_gives_the_leases_back() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def hang(_to: str, _envelope: Envelope) -> Sent:
            await asyncio.sleep(1e6)
            return OK

        house = House(loop, Inbox(hang))
        house.outbox.put(*(row(f"r{n}", loop.now(), to=f"d/{n}") for n in range(20)))
        await house.until(5)
        assert len(house.outbox.held) == 20
        await house.dispatcher.close(grace_s=2)
        assert loop.time() == pytest.approx(7)
        await house.task
        assert not house.outbox.held
        assert [each.outcome for d in house.outbox.found() for each in d.attempts] == [SendOutcome.UNKNOWN] * 20
        assert all(d.row.repeat for d in house.outbox.found())
        assert not house.outbox.done
        assert not house.finals

    play(story)


def test_F27_a_send_that_ends_within_the_grace_is_recorded_as_it_ended() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def slow(_to: str, _envelope: Envelope) -> Sent:
            await asyncio.sleep(1.5)
            return OK

        house = House(loop, Inbox(slow))
        house.outbox.put(row("a", loop.now()))
        await house.until(1)
        await house.end()
        assert house.outbox.done == {"a": SendOutcome.DELIVERED}

    play(story)


def test_an_outbox_that_fails_for_a_while_loses_nothing() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK))
        house.outbox.faults = 3
        house.outbox.put(row("a", loop.now()))
        await house.until(10)
        house.outbox.faults = 2
        house.outbox.put(row("b", loop.now()))
        house.dispatcher.notify_committed()
        await house.until(20)
        assert set(house.outbox.done) == {"a", "b"}
        await house.end()

    play(story)


def test_a_sender_that_raises_costs_a_retry_and_its_words_reach_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, envelope: Envelope) -> Sent:
            if envelope.attempt == 1:
                raise RuntimeError("https://user:canary-secret@example.org/")
            return OK

        house = House(loop, Inbox(answer))
        house.outbox.put(row("a", loop.now()))
        await house.until(10)
        assert house.outbox.done == {"a": SendOutcome.DELIVERED}
        await house.end()

    play(story)
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


def test_a_send_without_an_end_is_unknown_after_the_deadline() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def hang(_to: str, _envelope: Envelope) -> Sent:
            await asyncio.sleep(1e6)
            return OK

        house = House(loop, Inbox(hang))
        house.outbox.put(row("a", loop.now()))
        await house.until(29)
        assert house.outbox.held == ["a"]
        await house.until(31)
        assert house.outbox.done == {"a": SendOutcome.UNKNOWN}
        await house.end()

    play(story)
