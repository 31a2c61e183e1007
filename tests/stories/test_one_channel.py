"""Stories of one channel: the page turns, the right person hears it once, and hears the end."""

from pathlib import Path

from probes.base import Reason, Unreachable
from tests.stories.clock import run
from tests.stories.house import house, statuspage

PAGE = "https://status.mailer.example/api/v2/summary.json"
TEAM = f"""
team: {{name: Example team, timezone: Europe/Paris, language: en}}
channels:
  newsletter:
    name: Newsletter
    platform: mailer
    probes:
      - {{kind: status.statuspage, url: "{PAGE}", every: 30s, components: ["Email sending"]}}
people:
  first: {{name: First on call, contacts: ["json://127.0.0.1:8766/hook"]}}
routes: {{receiver: first, group_wait: 0s}}
"""


def test_the_page_says_major_the_first_on_call_hears_it_once_and_hears_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(PAGE, statuspage(Email_sending="operational", Forms="operational"))
            await home.passes(600)
            assert home.availability("newsletter") == "operational"
            home.world.says(PAGE, statuspage(Email_sending="major_outage", Forms="operational"))
            await home.passes(40)
            letter = home.inbox.expect("opened", "Newsletter: outage since 09:10")
            assert letter.at_s <= 631
            await home.passes(3600)
            home.world.says(PAGE, statuspage(Email_sending="operational", Forms="operational"))
            await home.passes(200)
            home.inbox.expect("resolved", "Newsletter: works again after 1 h 0")
            await home.passes(3600)

    run(story())


def test_trouble_of_a_component_that_nobody_watches_is_not_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(PAGE, statuspage(Email_sending="operational", Forms="major_outage"))
            await home.passes(3600)
            assert home.availability("newsletter") == "operational"

    run(story())


def test_a_receiver_that_is_down_when_it_happens_hears_it_when_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(60)
            home.inbox.down.add("first/1")
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            await home.passes(41)  # the try after that comes some 15 s after the first, give or take a little
            home.inbox.down.clear()
            await home.passes(30)
            home.inbox.expect("opened", "Newsletter: outage")
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(300)
            home.inbox.expect("resolved", "works again")

    run(story())


def test_over_before_the_post_came_through_is_one_message_with_start_end_and_duration(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(60)
            home.inbox.down.add("first/1")
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            await home.passes(60)
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(200)
            home.inbox.down.clear()
            await home.passes(900)
            letter = home.inbox.expect("resolved", "Newsletter: works again after")
            text = dict(letter.envelope.message.paragraphs)["What happened"]
            assert "from 09:01 to 09:0" in text

    run(story())


def test_a_hung_receiver_delays_neither_the_other_one_nor_the_looking(tmp_path: Path) -> None:
    two = TEAM.replace('["json://127.0.0.1:8766/hook"]', '["json://127.0.0.1:8766/hook", "json://127.0.0.1:8767/hook"]')

    async def story() -> None:
        async with house(tmp_path, two) as home:
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(60)
            home.inbox.hangs.add("first/1")
            home.world.says(PAGE, statuspage(Email_sending="major_outage"))
            asked = home.world.asked
            await home.passes(200)
            home.inbox.expect("opened", "Newsletter: outage", "first/2")
            assert home.world.asked - asked >= 3

    run(story())


def test_F15_a_name_that_is_not_found_is_unknown_told_once_after_15_minutes(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, TEAM) as home:
            home.world.says(PAGE, Unreachable("the name is not known", Reason.DNS))
            await home.passes(900)
            assert home.availability("newsletter") == "unknown"
            await home.passes(120)
            home.inbox.expect("opened", "Newsletter: state unknown")
            home.world.says(PAGE, statuspage(Email_sending="operational"))
            await home.passes(300)
            home.inbox.expect("resolved", "can be seen again")

    run(story())
