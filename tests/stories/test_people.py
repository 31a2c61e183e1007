"""Stories of people: quiet hours and their digest, storms, ways that fail, shifts, restarts; with the real outbox."""

import asyncio
from datetime import timedelta
from pathlib import Path

from monitor.core.model import Act, Acted, Condition, SendOutcome
from monitor.daemon.post import unheard
from monitor.store import Store, Tried
from tests.stories.clock import START, Clock, run
from tests.stories.house import House, Inbox, World, house, settings_of, statuspage

CHANNELS = ("ads", "mail", "shop", "video")
HOUR = 3600.0


def page(name: str) -> str:
    return f"https://{name}.vendor.example/api/v2/summary.json"


def team(people: str, routes: str, more: str = "", channels: tuple[str, ...] = CHANNELS, every: str = "60s") -> str:
    """A team in Paris; every channel is its own platform. The story begins at 08:00 UTC on a Sunday."""
    entries = "\n".join(
        f"  {name}: {{name: {name.title()}, platform: {name}, probes: "
        f'[{{kind: status.statuspage, url: "{page(name)}", every: {every}}}]}}'
        for name in channels
    )
    return (
        f"team: {{name: T, timezone: Europe/Paris}}\nchannels:\n{entries}\npeople:\n{people}\n{more}\n"
        f"routes:\n  group_wait: 0s\n{routes}\n"
    )


FIRST = '  first: {name: First, contacts: ["ntfy://topic-a", "ntfy://topic-b"]}'
ONE_WAY = '  first: {name: First, contacts: ["ntfy://topic-a"]}'
SECOND = '  second: {name: Second, contacts: ["ntfy://topic-c"]}'
SLEEPER = (
    '  first: {name: First, contacts: ["ntfy://topic-a"], timezone: UTC, '
    'quiet_hours: {from: "22:00", to: "08:50"}, digest: "09:00"}'
)
CALL = "escalation:\n  call: {steps: [{targets: [second], after: 10m}], fallback: second}"


def turn(home: House, **words: str) -> None:
    """Pages say other words: ``mail="major_outage"``."""
    for name, word in words.items():
        home.world.says(page(name), statuspage(API=word))


async def begins_well(home: House, channels: tuple[str, ...] = CHANNELS) -> None:
    turn(home, **dict.fromkeys(channels, "operational"))
    await home.passes(120)


def heard(home: House) -> list[tuple[str, str]]:
    """What arrived where and that no story has expected yet."""
    found = [(letter.destination, letter.step) for letter in home.inbox.arrived[home.inbox.expected :]]
    home.inbox.expected = len(home.inbox.arrived)
    return found


# --- quiet hours ------------------------------------------------------------------------------------------------------


def test_a_night_of_small_trouble_is_one_digest_at_nine_and_what_is_critical_wakes(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, team(SLEEPER, "  receiver: first")) as home:
            await begins_well(home)
            turn(home, ads="degraded_performance", mail="degraded_performance")
            await home.passes(600)
            turn(home, shop="degraded_performance", mail="operational")
            await home.passes(600)
            turn(home, video="major_outage", shop="major_outage")
            await home.passes(120)
            assert sorted(heard(home)) == [("first/1", "opened"), ("first/1", "updated")]
            await home.passes(HOUR - 120 - 1200 - 120 - 1)
            assert not heard(home)
            await home.passes(2)
            letter = home.inbox.expect("digest", "")
            words = "\n".join(text for _, text in letter.envelope.message.paragraphs)
            assert "Ads" in words
            assert "Mail: works again" in words
            assert "Shop" not in words, "it was told in the night"
            await home.passes(HOUR)

    run(story())


def test_a_digest_that_waits_when_the_house_falls_arrives_at_nine_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, team(SLEEPER, "  receiver: first")) as home:
            await begins_well(home)
            turn(home, ads="degraded_performance", mail="degraded_performance")
            await home.passes(600)
            await home.die()
            await asyncio.sleep(60)
            again = House(home.lookout.settings, home.store, home.world, home.inbox)
            await again.passes(HOUR - 120 - 600 - 60 - 1)
            assert not heard(again)
            await again.passes(600)
            assert heard(again) == [("first/1", "digest")]
            await again.close()

    run(story())


# --- storms and receivers that are away -------------------------------------------------------------------------------


def test_F33_forty_troubles_at_once_are_a_few_messages_to_each_person_and_no_end_is_lost(tmp_path: Path) -> None:
    many = tuple(f"c{n}" for n in range(40))

    async def story() -> None:
        async with house(tmp_path, team(FIRST, "  receiver: first", channels=many)) as home:
            await begins_well(home, many)
            turn(home, **dict.fromkeys(many, "major_outage"))
            await home.passes(900)
            letters = len(home.inbox.arrived)
            assert letters <= 20 + 15, f"{letters} messages in a quarter of an hour"
            assert {letter.destination for letter in home.inbox.arrived} == {"first/1"}, "the storm went round the cap"
            assert [letter.step for letter in home.inbox.arrived].count("summary") >= 1
            turn(home, **dict.fromkeys(many, "operational"))
            await home.passes(1800)
            assert home.store.outbox_stats().unsent == 0
            told = [t for i in home.incidents() for t in i.told]
            assert len(told) == 40
            assert all(t.resolved and t.arrived for t in told)
            heard(home)

    run(story())


def test_F32_a_receiver_that_is_away_for_six_hours_gets_one_message_of_what_it_missed_and_others_hear_at_once(
    tmp_path: Path,
) -> None:
    people = f"{ONE_WAY}\n{SECOND}"

    async def story() -> None:
        routes = "  receiver: first\n  escalation: call\n  repeat_interval: 1h"
        async with house(tmp_path, team(people, routes, CALL, every="240s")) as home:
            await begins_well(home)
            home.inbox.down.add("first/1")
            turn(home, ads="partial_outage", mail="partial_outage")
            await home.passes(500)
            assert {d for d, _ in heard(home)} == {"second/1"}, "nobody else was called while the first is away"
            turn(home, mail="operational")
            await home.passes(6.5 * HOUR)
            assert {d for d, _ in heard(home)} == {"second/1"}
            home.inbox.down.clear()
            await home.passes(900)
            late = [letter for letter in home.inbox.arrived if letter.destination == "first/1"]
            assert [letter.step for letter in late] == ["digest"]
            words = "\n".join(text for _, text in late[0].envelope.message.paragraphs)
            assert "Ads" in words
            assert "Mail: works again" in words
            heard(home)

    run(story())


# --- by another way ---------------------------------------------------------------------------------------------------


def test_a_way_that_hangs_gives_way_to_the_next_after_two_minutes_and_both_hear_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, team(FIRST, "  receiver: first")) as home:
            await begins_well(home)
            home.inbox.hangs.add("first/1")
            turn(home, mail="major_outage")
            await home.passes(60)
            assert not heard(home)
            await home.passes(125)
            letter = home.inbox.expect("opened", "Mail: outage", "first/2")
            assert 120 <= letter.at_s - 120 <= 190
            home.inbox.hangs.clear()
            await home.passes(300)
            turn(home, mail="operational")
            await home.passes(300)
            assert {(d, s) for d, s in heard(home) if s == "resolved"} == {
                ("first/1", "resolved"),
                ("first/2", "resolved"),
            }

    run(story())


def test_a_way_that_refuses_gives_way_at_once_and_one_that_fails_in_the_middle_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, team(FIRST, "  receiver: first")) as home:
            await begins_well(home)
            turn(home, mail="degraded_performance")
            await home.passes(61)
            assert heard(home) == [("first/1", "opened")]
            home.inbox.rejects.add("first/1")
            turn(home, mail="major_outage")
            await home.passes(61)
            assert sorted(heard(home)) == [("first/2", "opened"), ("first/2", "updated")]
            assert [i.subject for i in home.incidents() if i.condition is Condition.DELIVERY] == ["first/1"]

    run(story())


def test_when_every_way_of_the_first_refuses_the_second_is_called_in_the_same_minute(tmp_path: Path) -> None:
    async def story() -> None:
        text = team(f"{FIRST}\n{SECOND}", "  receiver: first\n  escalation: call", CALL)
        async with house(tmp_path, text) as home:
            await begins_well(home)
            home.inbox.rejects |= {"first/1", "first/2"}
            turn(home, mail="major_outage")
            await home.passes(61)
            assert ("second/1", "escalated") in heard(home)
            assert "all_failing" in [row.decision.code for row in home.store.decisions(limit=1000)]

    run(story())


# --- shifts, acts, restarts -------------------------------------------------------------------------------------------

SHIFTS = """schedules:
  primary:
    name: Primary
    timezone: Europe/Paris
    rotation: {people: [first, second], every: 1 hours, start: 2026-11-22T09:00}
"""


def test_an_incident_that_is_put_off_over_a_handoff_is_whoever_comes_next(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, team(f"{FIRST}\n{SECOND}", "  receiver: primary", SHIFTS)) as home:
            await begins_well(home)
            await home.passes(3000)
            turn(home, mail="major_outage")
            await home.passes(61)
            assert heard(home) == [("first/1", "opened")]
            until = Clock().now() + timedelta(minutes=20)
            home.lookout.engine.put(Acted(Act.SNOOZE, ("1",), "first", "board", until=until))
            await home.passes(1100)
            assert heard(home) == [("second/1", "handoff")]
            await home.passes(120)
            assert heard(home) == [("second/1", "handed_over")]
            turn(home, mail="operational")
            await home.passes(240)
            assert sorted(heard(home)) == [("first/1", "resolved"), ("second/1", "resolved")]

    run(story())


def test_ga3_three_steps_for_one_contact_that_passed_while_the_house_was_down_are_one_message(tmp_path: Path) -> None:
    steps = ", ".join("{targets: [second], after: 1m}" for _ in range(3))
    more = f"escalation:\n  call: {{steps: [{steps}], fallback: first}}"

    async def story() -> None:
        text = team(f"{FIRST}\n{SECOND}", "  receiver: first\n  escalation: call", more)
        async with house(tmp_path, text) as home:
            await begins_well(home)
            turn(home, mail="major_outage")
            await home.passes(61)
            assert heard(home) == [("first/1", "opened")]
            await home.die()
            await asyncio.sleep(190)
            again = House(home.lookout.settings, home.store, home.world, home.inbox)
            await again.passes(90)
            found = heard(again)
            assert found.count(("second/1", "escalated")) == 1, found
            assert ("first/1", "down") in found
            await again.close()

    run(story())


def test_whoever_got_the_opening_hears_the_end_also_when_the_house_fell_before_it_knew(tmp_path: Path) -> None:
    """The opening arrives and that is recorded; the house falls before its mind hears of it; the update is refused."""

    async def story() -> None:
        store = Store.open(f"sqlite:///{tmp_path / 'vigie.db'}", now=START, reserve_bytes=4096)
        settings = settings_of(tmp_path, team(ONE_WAY, "  receiver: first", every="10s"))
        home = House(settings, store, World(), Inbox())
        await begins_well(home)
        home.inbox.hangs.add("first/1")
        turn(home, mail="degraded_performance")
        await home.passes(12)
        turn(home, mail="major_outage")
        await home.passes(12)
        await home.die()
        opening, update = (d.row.notification for d in store.deliveries("1"))
        assert (opening.step, update.step) == ("opened", "updated")
        store.settle([Tried((opening.key,), SendOutcome.DELIVERED, Clock().now())])
        assert [e.key for e in unheard(store, store.load().incidents.values())] == [opening.key]
        home.inbox.hangs.clear()
        home.inbox.rejects.add("first/1")
        again = House(settings, store, home.world, home.inbox)
        await again.passes(200)
        again.inbox.rejects.clear()
        turn(again, mail="operational")
        await again.passes(300)
        assert ("first/1", "resolved") in [(letter.destination, letter.step) for letter in again.inbox.arrived]
        await again.close()
        store.close()

    run(story())
