"""F28 and what a reload is: a difference that is applied whole or not at all, while everything else keeps running."""

import signal
import time
from pathlib import Path

import pytest

from tests.edges.running import Page, Receiver, home, until

OTHER = """
  shop:
    name: Shop
    platform: shop
    probes:
      - {{kind: status.statuspage, url: "{page}", every: 1s}}
people:"""


def _broken(text: str) -> str:
    return text.replace("group_wait: 0s", "group_wiat: 0s")


def test_F28_B99_a_file_that_cannot_be_used_or_vanishes_changes_nothing_and_is_reported(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        good = vigie.text
        loaded_at = vigie.metric("vigie_config_loaded_timestamp_seconds")
        vigie.write(_broken(good))
        vigie.signal(signal.SIGHUP)
        until(lambda: vigie.metric("vigie_config_reload_success") == 0, "the metric does not say it")
        assert vigie.metric("vigie_config_valid") == 0
        assert vigie.metric("vigie_config_loaded_timestamp_seconds") == loaded_at, "what runs is as old as before"
        line = next(n for n, text in enumerate(vigie.text.splitlines(), 1) if "group_wiat" in text)
        until(lambda: f"vigie.yaml:{line}:" in vigie.log(), "the log does not name the place")
        assert "did you mean" in vigie.log()
        assert b"was not taken" in vigie.raw("/")[1], "the board does not say it"
        status, said = vigie.post("/api/v1/reload", {})
        assert status == 409, said
        assert any(f"vigie.yaml:{line}:" in fault for fault in said["error"]["faults"])
        page.word = "major_outage"
        until(lambda: receiver.steps == ["opened"], "the old configuration does not live on")
        vigie.write(good)
        until(lambda: vigie.metric("vigie_config_reload_success") == 1, "the repaired file was not taken")
        assert b"was not taken" not in vigie.raw("/")[1]
        vigie.file.unlink()
        until(lambda: vigie.metric("vigie_config_reload_success") == 0, "nobody noticed that the file is gone")
        before = page.asked
        until(lambda: page.asked >= before + 2, "looking has stopped")
        vigie.write(good)
        until(lambda: vigie.metric("vigie_config_reload_success") == 1)
        # torn while it is read: half a file is no configuration, and the whole one follows
        for cut in (len(good) // 2, len(good) // 3):
            vigie.file.write_text(good[:cut])
            time.sleep(0.3)
            vigie.file.write_text(good)
        until(lambda: vigie.metric("vigie_config_reload_success") == 1)
        assert vigie.state() == "outage"
        assert receiver.steps == ["opened"]


@pytest.mark.slow
def test_a_changed_file_is_taken_as_a_difference(tmp_path: Path) -> None:
    slow, second, other = Page(), Receiver(), Page()
    try:
        with home(tmp_path) as (page, receiver, vigie):
            slow_probe = f'{{kind: status.statuspage, url: "{slow.url}", every: 1h}}\n      - {{kind: status.statuspage'
            vigie.text = vigie.text.replace("{kind: status.statuspage", slow_probe, 1)
            vigie.start()
            assert slow.asked == 1
            runs = vigie.metric('vigie_probe_runs_total{channel="newsletter"')

            # a channel comes, in place, without a signal; nothing else is looked at anew
            vigie.write(vigie.text.replace("people:", OTHER.format(page=other.url).lstrip("\n"), 1))
            until(lambda: other.asked, "the new channel is not looked at")
            until(lambda: vigie.state("shop") == "operational", "its answer was not read")
            assert slow.asked == 1, "a probe that did not change was run anew"
            assert vigie.metric('vigie_probe_runs_total{channel="newsletter"') >= runs, "counters began anew"

            # a contact leads elsewhere: the next message goes there
            vigie.write(vigie.text.replace(f":{receiver.port}/hook", f":{second.port}/hook"))
            until(lambda: vigie.log().count("the configuration was taken") >= 2)
            page.word = "major_outage"
            until(lambda: second.steps == ["opened"], "the new contact was not told")
            assert receiver.got == []

            # what counts from the next start only is said
            vigie.write(vigie.text.replace(f"127.0.0.1:{vigie.port}", "127.0.0.1:1"))
            until(lambda: b"server.listen" in vigie.raw("/")[1], "nobody is told that it needs a restart")

            # a channel goes, and takes its trouble along; those who were told hear of the end
            cut = vigie.text.index("  newsletter:"), vigie.text.index("  shop:")
            vigie.write(vigie.text[: cut[0]] + vigie.text[cut[1] :])
            until(lambda: second.steps == ["opened", "resolved"], "the end was not told")
            asked = page.asked
            time.sleep(2.5)
            assert page.asked == asked, "a channel that went is still looked at"
            assert vigie.ends() == 0
    finally:
        slow.close()
        second.close()
        other.close()


@pytest.mark.slow
def test_F29_fifty_reloads_in_the_middle_of_an_outage_lose_and_repeat_nothing(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.start()
        texts = [vigie.text, vigie.text.replace("resolve_after: 2s", "resolve_after: 3s")]
        for n in range(50):
            vigie.write(texts[n % 2])
            vigie.signal(signal.SIGHUP)
            if n == 10:
                page.word = "major_outage"
            if n == 40:
                until(lambda: receiver.steps == ["opened"], "the opening was lost")
                page.word = "operational"
            time.sleep(0.2)
        until(lambda: receiver.steps == ["opened", "resolved"], f"it was told {receiver.steps}")
        time.sleep(4)
        assert receiver.steps == ["opened", "resolved"]
        assert vigie.metric("vigie_config_reload_success") == 1
        before, began = page.asked, time.monotonic()
        time.sleep(5)
        rate = (page.asked - before) / (time.monotonic() - began)
        assert rate <= 1.5, f"{rate:.1f} looks a second: timers have doubled"
        assert vigie.ends() == 0
