"""F45: a switch outside that wants to be called goes off when the daemon is dead, and when it only seems to live."""

import signal
import time
from pathlib import Path

import pytest

from tests.edges.running import Quiet, Site, home, until

pytestmark = pytest.mark.slow

PATH = "/ping/canary-5f2d81-beat"
INTERVAL_S = 1.0


class Switch:
    """Goes off when nobody has called for two intervals."""

    def __init__(self) -> None:
        def taken(wire: Quiet) -> None:
            wire.answer(200, b"OK", "text/plain")

        self._site = Site({PATH: taken})
        self.url = self._site.root + PATH

    def calls(self) -> list[float]:
        """When it was called."""
        return self._site.heard.get(PATH, [])

    def is_off(self) -> bool:
        """Whether it calls for help."""
        return time.monotonic() - self.calls()[-1] > 2 * INTERVAL_S

    def close(self) -> None:
        """Gone."""
        self._site.close()


def test_F45_a_switch_outside_goes_off_within_two_intervals_of_the_daemons_death(tmp_path: Path) -> None:
    switch = Switch()
    more = 'heartbeat: {url: "${BEAT}", every: 1s}'
    try:
        with home(tmp_path, more, {"BEAT": switch.url}) as (_, _, vigie):
            vigie.start()
            until(lambda: len(switch.calls()) >= 3, "it was not called")
            at = vigie.metric("vigie_heartbeat_last_success_timestamp_seconds")
            assert abs(time.time() - at) < 30
            vigie.signal(signal.SIGSTOP)  # alive to whoever looks at the process, and dead to the world
            _goes_off(switch)
            before = len(switch.calls())
            vigie.signal(signal.SIGCONT)
            until(lambda: len(switch.calls()) > before, "it was not called again")
            vigie.kill()
            _goes_off(switch)
    finally:
        switch.close()


def _goes_off(switch: Switch) -> None:
    began = time.monotonic()
    until(switch.is_off, "the switch did not go off")
    late = switch.calls()[-1] - began
    assert late < INTERVAL_S, (
        "it goes off two intervals after the last call, and that was before the death, or on its way"
    )


def test_a_switch_that_does_not_take_it_is_said_on_the_board_and_no_part_of_its_address_is(tmp_path: Path) -> None:
    site = Site({})
    more = 'heartbeat: {url: "${BEAT}", every: 1s}'
    try:
        with home(tmp_path, more, {"BEAT": site.root + PATH}) as (_, _, vigie):
            vigie.start()
            until(lambda: site.asked(PATH) >= 1)
            page = until(lambda: "HTTP 404" in vigie.raw("/")[1].decode() and vigie.raw("/")[1].decode())
            assert "did not take the heartbeat" in page
            assert "canary" not in page + vigie.log().replace(str(tmp_path), "")
    finally:
        site.close()
