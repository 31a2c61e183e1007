"""The issue's own example, for real: one message when the page turns, one when it is over, whatever happens between."""

import time
from pathlib import Path

from tests.edges.running import home, until


def test_the_page_turns_one_message_within_3_looks_it_recovers_one_more_and_no_third(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        assert vigie.state() == "operational"
        turned = time.monotonic()
        page.word = "major_outage"
        until(lambda: receiver.got)
        assert sum(turned < at < receiver.at[0] for at in page.at) <= 3, "seconds, on a machine that keeps time"
        assert vigie.state() == "outage"
        assert "Newsletter: outage since" in receiver.got[0]["title"]
        page.word = "operational"
        until(lambda: len(receiver.got) == 2)
        assert "Newsletter: works again after" in receiver.got[1]["title"]
        time.sleep(4)
        assert receiver.steps == ["opened", "resolved"]
        incidents = vigie.get("/api/v1/incidents")["incidents"]
        assert [(i["scope"], i["condition"], i["phase"]) for i in incidents] == [
            ("newsletter", "availability", "resolved")
        ]
        assert vigie.ends() == 0
        told = vigie.run("explain", "newsletter")
        assert told.returncode == 0
        assert "First on call" in told.stdout
        assert "works again" in told.stdout


def test_a_receiver_that_is_down_for_12_s_gets_both_messages(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        receiver.close()
        page.word = "major_outage"
        time.sleep(12)
        receiver.open()
        until(lambda: receiver.steps == ["opened"], "the message did not arrive after the receiver was back")
        page.word = "operational"
        until(lambda: receiver.steps == ["opened", "resolved"])


def test_with_a_hung_receiver_looking_goes_on_at_full_rate_and_the_end_is_in_order(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        receiver.hang = True
        page.word = "major_outage"
        until(lambda: vigie.state() == "outage")
        before = page.asked
        time.sleep(5)
        assert page.asked - before >= 3, "it looks once a second"
        assert vigie.ends() == 0


def test_killed_between_commit_and_send_it_arrives_after_the_restart(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        receiver.close()
        page.word = "major_outage"
        until(lambda: vigie.state() == "outage")
        vigie.kill()
        receiver.open()
        vigie.start()
        until(lambda: receiver.got, "what was committed was not sent after the restart")
        time.sleep(3)
        assert receiver.steps == ["opened"]


def test_an_outage_that_is_open_at_the_start_is_told(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        page.word = "major_outage"
        vigie.start()
        until(lambda: receiver.steps == ["opened"])


def test_a_page_that_turns_into_a_login_page_is_unknown_not_green(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        page.body = b"<html><head><title>Log in</title></head><body><form>password</form></body></html>"
        until(lambda: vigie.state() == "unknown")
        assert not receiver.got
