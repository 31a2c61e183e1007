"""The dispatcher on virtual time, where messages meet: one for many, the urgent before the old, never too many."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.model import Gather, Message, Priority, SendOutcome, Told
from monitor.daemon.post import unheard
from monitor.notify import Envelope, OutboxRow, Sent
from monitor.notify.lanes import STORM_EVERY_S, STORM_MESSAGES_MAX, STORM_WINDOW_S
from monitor.store import OutboxState
from probes.base import Severity
from tests.notify.desk import OK, RETRY, UNKNOWN, Desk, House, Inbox, always, message, row
from tests.notify.virtual import START, VirtualLoop, play
from tests.store.given import ended, incident

CHAT = {"first/1": "slack"}
HOUR_S = 3_600


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def names(kind: str, destination: str, rows: Sequence[OutboxRow]) -> Message:
    return message(f"{kind} for {destination}: {' '.join(row.key for row in rows)}")


def heard(house: House, to: str = "first/1") -> list[str]:
    """What arrived there, in order: a message's key, or the words for many."""
    got = [envelope for _, destination, envelope in house.inbox.got if destination == to]
    return [e.message.title if e.step in {"digest", "repeat", "summary"} else e.key for e in got]


def test_a_digest_comes_at_its_hour_as_one_message_with_all_that_can_be_acted_on() -> None:
    async def story(loop: VirtualLoop) -> None:
        linked: list[OutboxRow] = []

        def link(one: OutboxRow) -> str:
            linked.append(one)
            return f"https://board.example/act/{'+'.join(one.acts)}"

        house = House(loop, always(OK), CHAT, gather=names, link=link)
        due = loop.now() + seconds(900)
        for n in range(3):
            house.outbox.put(row(f"d{n}", loop.now(), due=due, gather=Gather.DIGEST, acts=(f"{n}", "9")))
        house.outbox.put(row("news", loop.now(), acts=("7",)))
        await house.until(1_800)
        assert heard(house) == ["news", "digest for first/1: d0 d1 d2"]
        assert house.inbox.times() == [0, 900]
        digest = house.inbox.got[1][2]
        assert digest.act_url == "https://board.example/act/0+9+1+2"
        assert (digest.step, digest.repeat, digest.attempt, digest.recipient) == ("digest", False, 1, "first")
        assert digest.incident.startswith("digest:")
        assert linked[0].acts == ("7",)
        assert house.outbox.done == dict.fromkeys(["d0", "d1", "d2", "news"], SendOutcome.DELIVERED)
        assert [f.detail for f in house.finals if f.key != "news"] == ["HTTP 200; in one message with 2 others"] * 3
        assert [f.incident for f in house.finals] == ["news", "d0", "d1", "d2"], "each of them is heard of"
        assert [attempt.waited_s for attempt in house.attempts] == [0, 0], "waiting for its hour is no delay"
        await house.end()

    play(story)


def test_GA4_reminders_of_four_incidents_are_one_message_that_takes_all_four() -> None:
    async def story(loop: VirtualLoop) -> None:
        def link(one: OutboxRow) -> str:
            return "/".join(one.acts)

        house = House(loop, always(OK), CHAT, gather=names, link=link)
        notes = [
            row(f"r{n}", loop.now(), gather=Gather.REPEAT, priority=Priority.REPEAT, acts=(f"{n}",)) for n in "1234"
        ]
        house.outbox.put(*notes)
        house.dispatcher.notify_committed()
        await house.until(60)
        assert heard(house) == ["repeat for first/1: r1 r2 r3 r4"]
        assert house.inbox.got[0][2].act_url == "1/2/3/4"
        assert house.inbox.got[0][2].priority is Priority.REPEAT
        await house.end()

    play(story)


def test_GA7_the_first_page_of_an_incident_is_the_next_message_whatever_waits() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), {"first/1": "twilio"})
        house.outbox.put(*(row(f"old{n}", loop.now(), priority=Priority.REPEAT) for n in range(3)))
        await house.until(30)
        house.outbox.put(row("page", loop.now(), critical=True, priority=Priority.FIRST_PAGE))
        house.dispatcher.notify_committed()
        await house.until(190)
        assert house.inbox.keys() == ["old0", "page", "old1", "old2"]
        assert house.inbox.times() == [0, 60, 120, 180]
        await house.end()

    play(story)


# --- storms ----------------------------------------------------------------------------------------------------------


def _within_its_budget(house: House) -> None:
    times = house.inbox.times()
    for n in range(STORM_MESSAGES_MAX, len(times)):
        if times[n] - times[n - STORM_MESSAGES_MAX] < STORM_WINDOW_S:
            assert times[n] - times[n - 1] >= STORM_EVERY_S, f"message {n} came too soon"


def test_F33_fifty_at_once_are_the_budget_of_messages_and_a_summary_and_none_is_lost() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), CHAT, gather=names)
        house.outbox.put(*(row(f"c{n:02}", loop.now(), critical=True) for n in range(49)))
        house.dispatcher.notify_committed()
        await house.until(30)
        house.outbox.put(row("worst", loop.now(), critical=True, priority=Priority.FIRST_PAGE))
        await house.until(STORM_WINDOW_S)
        said = heard(house)
        assert said[:STORM_MESSAGES_MAX] == [f"c{n:02}" for n in range(STORM_MESSAGES_MAX)]
        (summary,) = said[STORM_MESSAGES_MAX:]
        assert summary == "summary for first/1: worst " + " ".join(f"c{n}" for n in range(20, 49))
        assert house.inbox.got[-1][2].critical
        assert house.outbox.done == dict.fromkeys(house.outbox.keys, SendOutcome.DELIVERED)
        _within_its_budget(house)
        await house.end()

    play(story)


def test_in_half_an_hour_of_storm_there_is_one_message_a_minute_and_none_waits_longer() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), CHAT, gather=names)
        for n in range(60):
            house.outbox.put(*(row(f"c{n}.{of}", loop.now()) for of in range(3)))
            house.dispatcher.notify_committed()
            await asyncio.sleep(30)
        await house.until(HOUR_S / 2 + 120)
        assert len(house.inbox.got) <= STORM_MESSAGES_MAX + HOUR_S / 2 / STORM_EVERY_S
        assert house.outbox.done == dict.fromkeys(house.outbox.keys, SendOutcome.DELIVERED)
        waited = [d.attempts[0].at - d.row.notification.created for d in house.outbox.found()]
        assert max(waited) <= seconds(STORM_EVERY_S + 1)
        _within_its_budget(house)
        await house.end()

    play(story)


def test_a_restart_in_a_storm_lets_no_second_one_loose() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), CHAT, gather=names)
        house.outbox.put(*(row(f"c{n:02}", loop.now()) for n in range(40)))
        await house.until(40)
        assert len(house.inbox.got) == STORM_MESSAGES_MAX
        await house.die()
        house.outbox.store.release_leases(loop.now())
        again = House(loop, house.inbox, CHAT, gather=names, outbox=house.outbox)
        await again.until(120)
        assert len(house.inbox.got) == STORM_MESSAGES_MAX + 1
        _within_its_budget(house)
        await again.end()

    play(story)


def test_a_program_is_told_of_each_incident_even_in_a_storm() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), {"first/1": "pagerduty"}, gather=names)
        house.outbox.put(*(row(f"c{n:02}", loop.now(), gather=Gather.DIGEST) for n in range(60)))
        await house.until(60)
        assert heard(house) == [f"c{n:02}" for n in range(60)]
        await house.end()

    play(story)


# --- away and back ---------------------------------------------------------------------------------------------------


def test_F32_after_six_hours_away_there_is_one_digest_of_old_news_and_the_new_in_order() -> None:
    async def story(loop: VirtualLoop) -> None:
        back_s = 6.0 * HOUR_S

        async def answer(_to: str, _envelope: Envelope) -> Sent:
            return OK if loop.time() >= back_s else RETRY

        house = House(loop, Inbox(answer), CHAT, gather=names)
        for n in range(12):
            await house.until(n * HOUR_S / 2)
            house.outbox.put(row(f"old{n:02}", loop.now()))
        for n in range(3):
            await house.until(back_s - 200 + n)
            house.outbox.put(row(f"new{n}", loop.now()))
        await house.until(back_s - 0.5)
        house.inbox.got.clear()
        await house.until(back_s + 700)
        old = " ".join(f"old{n:02}" for n in range(12))
        # The first is a trial with what was not tried last; it and what follows stand in the order of their rank.
        assert heard(house) in (
            [f"digest for first/1: {old}", "new0", "new1", "new2"],
            ["new0", f"digest for first/1: {old}", "new1", "new2"],
        )
        assert house.outbox.done == dict.fromkeys(house.outbox.keys, SendOutcome.DELIVERED)
        await house.end()

    play(story)


def test_F32_a_house_that_was_away_tells_old_news_as_one() -> None:
    async def story(loop: VirtualLoop) -> None:
        desk = Desk()
        desk.put(*(row(f"k{n}", START) for n in range(5)))
        await asyncio.sleep(HOUR_S)
        house = House(loop, always(OK), CHAT, gather=names, outbox=desk)
        await asyncio.sleep(60)
        assert heard(house) == ["digest for first/1: k0 k1 k2 k3 k4"]
        await house.end()

    play(story)


def test_F36_who_asks_for_patience_gets_it_and_nobody_else_waits() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, envelope: Envelope) -> Sent:
            busy = envelope.key == "a" and envelope.attempt == 1
            return Sent(SendOutcome.RETRY, "HTTP 503", 120.0, 503) if busy else OK

        house = House(loop, Inbox(answer), {"busy/1": "slack", "first/1": "slack"})
        house.outbox.put(row("a", loop.now(), to="busy/1"))
        for n in range(10):
            await house.until(n * 10)
            house.outbox.put(row(f"w{n}", loop.now()), row(f"b{n}", loop.now(), to="busy/1"))
            house.dispatcher.notify_committed()
        await house.until(200)
        assert house.inbox.times() == [n * 10 for n in range(10)]
        assert house.inbox.times("busy/1")[:2] == [0, 120]
        assert house.inbox.keys("busy/1") == ["a", "a", *(f"b{n}" for n in range(10))], "in the order of their coming"
        await house.end()

    play(story)


def test_a_message_that_a_receiver_cannot_take_does_not_hold_up_the_others() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def answer(_to: str, envelope: Envelope) -> Sent:
            return RETRY if envelope.key == "poison" else OK

        house = House(loop, Inbox(answer), CHAT, gather=names)
        house.outbox.put(row("poison", loop.now(), priority=Priority.FIRST_PAGE, life_s=HOUR_S))
        for n in range(30):
            await house.until(n * 60 + 1)
            house.outbox.put(row(f"well{n}", loop.now()))
            house.dispatcher.notify_committed()
        await house.until(HOUR_S + 60)
        waited = {d.row.notification.key: d for d in house.outbox.found()}
        assert waited["poison"].row.state is OutboxState.EXPIRED
        for n in range(30):
            found = waited[f"well{n}"]
            assert found.attempts[-1].at - found.row.notification.created <= seconds(60), f"well{n} waited"
        assert house.inbox.keys().count("poison") < 30
        await house.end()

    play(story)


# --- again -----------------------------------------------------------------------------------------------------------


def test_F35_an_unanswered_message_for_many_goes_once_more_with_its_key_and_without_what_came_meanwhile() -> None:
    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(UNKNOWN), CHAT, gather=names)
        house.outbox.put(*(row(f"k{n}", loop.now(), gather=Gather.DIGEST, critical=n == 1) for n in range(3)))
        await house.until(10)
        house.outbox.put(row("new", loop.now(), gather=Gather.DIGEST))
        house.dispatcher.notify_committed()
        await house.until(100)
        first, new, again = (envelope for _, _, envelope in house.inbox.got)
        assert (first.key, first.repeat) == (again.key, not again.repeat)
        assert first.message == again.message
        assert "new" in new.message.title
        assert house.outbox.done == dict.fromkeys(house.outbox.keys, SendOutcome.UNKNOWN)
        assert all("may not have arrived" in final.detail for final in house.finals)
        assert len(house.finals) == 4
        await house.end()

    play(story)


def test_what_was_cut_off_at_the_end_of_a_house_goes_again_as_it_went() -> None:
    async def story(loop: VirtualLoop) -> None:
        async def hang(_to: str, _envelope: Envelope) -> Sent:
            await asyncio.sleep(1e6)
            return OK

        house = House(loop, Inbox(hang), CHAT, gather=names)
        house.outbox.put(*(row(f"k{n}", loop.now(), gather=Gather.REPEAT) for n in range(3)))
        await house.until(5)
        await house.end()
        house.outbox.put(row("new", loop.now(), gather=Gather.REPEAT))
        again = House(loop, always(OK), CHAT, gather=names, outbox=house.outbox)
        await again.until(60)
        assert again.inbox.keys() == [house.inbox.got[0][2].key, "new"]
        assert [envelope.repeat for _, _, envelope in again.inbox.got] == [True, False]
        await again.end()

    play(story)


def test_a_mind_that_did_not_hear_how_it_ended_hears_it_at_the_next_start() -> None:
    desk = Desk()
    ends = {"a": OK, "b": UNKNOWN, "c": Sent(SendOutcome.REJECTED, "HTTP 410"), "heard of": OK}
    known = {"heard of": START}
    told = [
        Told(f"{n}/1", 1, START, n, Severity.CRITICAL, ("x",), arrived=known.get(n), heard=known.get(n))
        for n in [*ends, "on its way"]
    ]
    for note in told:
        desk.put(replace(row(note.key, START, to=note.destination), incident="7"))
    for name, sent in ends.items():
        ended(desk.store, (name,), sent.outcome, at=START, detail=sent.detail)
    trouble = replace(incident("7"), told=tuple(told))
    assert {end.key: (end.outcome, end.detail) for end in unheard(desk.store, [trouble])} == {
        "a": (SendOutcome.DELIVERED, "HTTP 200"),
        "b": (SendOutcome.UNKNOWN, "no answer came, so it may not have arrived: no answer within 10 s"),
        "c": (SendOutcome.REJECTED, "HTTP 410"),
    }


# --- faults of ours --------------------------------------------------------------------------------------------------


def test_words_or_a_link_that_cannot_be_made_do_not_hold_a_message_back(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> Message:
        raise KeyError("https://user:canary-secret@example.org/")

    def no_link(_: OutboxRow) -> str:
        raise ValueError("canary-secret")

    async def story(loop: VirtualLoop) -> None:
        house = House(loop, always(OK), CHAT, gather=broken, link=no_link)
        house.outbox.put(*(row(f"k{n}", loop.now(), gather=Gather.DIGEST) for n in range(2)))
        await house.until(5)
        (envelope,) = (envelope for _, _, envelope in house.inbox.got)
        assert envelope.message.title == "k0: outage"
        assert envelope.message.paragraphs == (("", "⛔ k0: outage\n⛔ k1: outage"),)
        assert envelope.act_url == ""
        assert set(house.outbox.done.values()) == {SendOutcome.DELIVERED}
        await house.end()

    play(story)
    assert "KeyError" in caplog.text
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text
