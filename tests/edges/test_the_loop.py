"""F24: an event loop that stands still is measured; one that stands still for ever ends with a stack, to start anew."""

from pathlib import Path

import pytest

from tests.edges.running import home, until

# The whole daemon, with one call on its loop that does not come back for so many seconds.
WRAPPER = """
import asyncio, sys, time
from monitor.daemon import daemon
whole = daemon.Daemon.run

def stand_still():
    {act}

async def run(self, started):
    def then(it):
        started(it)
        asyncio.get_running_loop().call_later(3, stand_still)
    return await whole(self, then)

daemon.Daemon.run = run
from monitor.cli import main
sys.argv = ["vigie", "run"]
main()
"""
FOR_EVER = {
    "asleep": "time.sleep(3600)",
    "GIL held": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
}


@pytest.mark.slow
def test_F24_a_loop_that_stood_still_for_5_s_is_measured_and_said_and_goes_on(tmp_path: Path) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.program = ("-c", WRAPPER.format(act="time.sleep(5)"))
        vigie.start()
        until(lambda: "stood still" in vigie.log(), "nobody noticed")
        late = vigie.metric('vigie_event_loop_lag_seconds_bucket{le="+Inf"}')
        assert late - vigie.metric('vigie_event_loop_lag_seconds_bucket{le="1.0"}') >= 1
        page.word = "major_outage"
        until(lambda: receiver.steps == ["opened"])
        assert vigie.ends() == 0


@pytest.mark.slow
@pytest.mark.parametrize("how", FOR_EVER)
def test_F24_a_loop_that_stands_still_for_ever_ends_by_itself_with_a_stack(tmp_path: Path, how: str) -> None:
    with home(tmp_path) as (page, receiver, vigie):
        vigie.program = ("-c", WRAPPER.format(act=FOR_EVER[how]))
        vigie.start()
        assert vigie.wait() != 0
        assert "stand_still" in vigie.log(), "the stack does not say where"
        page.word = "major_outage"
        vigie.program = ("-m", "monitor.cli", "run")
        vigie.start()
        until(lambda: receiver.steps == ["opened"], "after the restart it does not tell")
