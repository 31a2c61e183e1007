"""Receivers of every bad kind beside a good one: it hears at once, and whoever cannot be told is told about."""

import gzip
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.edges.running import Quiet, Site, Vigie, home, until

BUSY_S = 3
RETRY_AFTER_HUGE = 10**5


def _take(wire: Quiet) -> None:
    wire.answer(200)


def _hang(wire: Quiet) -> None:
    del wire
    time.sleep(90)


def _refuse(wire: Quiet) -> None:
    wire.answer(400, b"no such hook")


def _drop(wire: Quiet) -> None:
    wire.close_connection = True


def _elsewhere(wire: Quiet) -> None:
    wire.answer(307, more={"Location": "/never"})


def _much_later(wire: Quiet) -> None:
    wire.answer(429, more={"Retry-After": str(RETRY_AFTER_HUGE)})


def _drip(wire: Quiet) -> None:
    """Takes it, and then never ends its answer."""
    wire.send_response(200)
    wire.end_headers()
    for _ in range(900):
        wire.wfile.write(b"x")
        time.sleep(0.1)


def _bomb(wire: Quiet) -> None:
    piece = gzip.compress(b"\0" * 2**20)
    wire.answer(200, piece * 1024, more={"Content-Encoding": "gzip"})


BAD = {
    "/hang": _hang,
    "/refuse": _refuse,
    "/elsewhere": _elsewhere,
    "/later": _much_later,
    "/drip": _drip,
    "/bomb": _bomb,
}


def _also(vigie: Vigie, site: Site, *paths: str) -> None:
    """Beside the first on call, somebody for each of these paths is told of everything."""
    begin = vigie.text.index("people:")
    end = vigie.text.index("routes:")
    first = vigie.text[begin:end].rstrip()
    names = [path.strip("/") for path in paths]
    others = "\n".join(
        f'  {name}: {{name: The {name} one, contacts: ["json://127.0.0.1:{site.port}/{name}"]}}' for name in names
    )
    everyone = f"teams: {{everyone: {{members: [first, {', '.join(names)}]}}}}"
    routes = vigie.text[end:].replace("receiver: first", "receiver: everyone")
    vigie.text = f"{vigie.text[:begin]}{first}\n{others}\n{everyone}\n{routes}"


def test_F31_B80_bad_receivers_hold_up_nobody_and_a_refusal_is_told_by_another_contact(tmp_path: Path) -> None:
    site = Site(BAD | {"/good": _take, "/never": _take})

    def busy(wire: Quiet) -> None:
        if site.asked("/busy") == 1:
            wire.answer(503, more={"Retry-After": str(BUSY_S)})
        else:
            wire.answer(200)

    site.answers["/busy"] = busy
    with home(tmp_path) as (page, receiver, vigie):
        _also(vigie, site, *BAD, "/busy")
        vigie.start()
        page.word = "major_outage"
        until(lambda: "opened" in receiver.steps, "the good receiver had to wait for bad ones")
        trouble = "Vigie: messages not arriving"
        said = [trouble, "The refuse one by webhook"]
        until(lambda: any(all(w in str(b) for w in said) for b in receiver.got), "nobody was told of the refusal")
        assert vigie.metric("vigie_dead_letters_total") >= 1
        assert "is given up (rejected)" in vigie.log()
        kinds = {i["condition"] for i in vigie.get("/api/v1/incidents")["incidents"]}
        assert kinds == {"availability", "delivery"}
        until(lambda: site.asked("/busy") >= 2, "who asked for patience was forgotten")
        first, second = site.heard["/busy"][:2]
        assert second - first >= BUSY_S
        assert site.asked("/never") == 0, "a redirect was followed"
        assert site.asked("/later") == 1, "who asked for a day was asked again at once"
        asked = page.asked
        time.sleep(5)
        assert page.asked >= asked + 2, "looking was held up"
        assert vigie.ends() == 0


@pytest.mark.slow
def test_F35_a_receiver_that_dies_before_it_answers_is_tried_once_more_and_no_oftener(tmp_path: Path) -> None:
    site = Site({"/drop": _drop})
    with home(tmp_path) as (page, receiver, vigie):
        _also(vigie, site, "/drop")
        vigie.start()
        page.word = "major_outage"
        until(lambda: site.asked("/drop") == 2, "what may be lost was not sent again")
        time.sleep(35)
        keys = Counter(body["key"] for path, body in site.posted if path == "/drop")
        assert list(keys.values()) == [2], f"sent {keys}"
        assert "repeat" in str(site.posted[1][1])
        assert vigie.metric('vigie_notification_attempts_total{destination="drop/1",outcome="unknown"}') == 2
        assert receiver.steps == ["opened"]
