"""Run in a network and a file system of its own, by `test_apart`: what a daemon makes of a world that it cannot leave.

`python -m tests.edges.apart <what> <folder>` prints what it saw as JSON.
"""

import contextlib
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from tests.edges.running import Page, Site, home, until

SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
DISK = 48 * 1024 * 1024  # more than twice the store's reserve
FULL = b"The disk is full"


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def _silent_name_server(folder: Path) -> socket.socket:
    """Takes every question, answers none; it is the only one that this place knows."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 53))
    conf = folder / "resolv.conf"
    conf.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", str(conf), "/etc/resolv.conf"], check=True)  # noqa: S603, S607 - in a place apart
    return silent


def black_hole(folder: Path) -> dict[str, object]:
    """Twenty sources by name, one by number, and a name server that is silent."""
    silent = _silent_name_server(folder)
    calm = Page()
    site = Site({"/calm": lambda wire: wire.answer(200, calm.summary())})
    page = "kind: status.statuspage, url: "
    names = "".join(
        f'  n{n}: {{probes: [{{{page}"https://status{n}.vendor.example/summary.json", every: 5s}}]}}\n'
        for n in range(20)
    )
    with home(folder) as (_, _, vigie):
        vigie.text = vigie.text[: vigie.text.index("people:")]
        vigie.text += f'  calm: {{probes: [{{{page}"{site.root}/calm", every: 1s}}]}}\n{names}'
        vigie.start(wait=False)
        until(lambda: site.asked("/calm") >= 8)
        until(lambda: vigie.get("/api/v1/channels/n0")["probes"][0]["failure"])
        times = site.heard["/calm"][1:]
        failure = vigie.get("/api/v1/channels/n0")["probes"][0]["failure"]
        found: dict[str, object] = {
            "local": vigie.state("calm"),
            "named": vigie.state("n0"),
            "reason": failure["reason"],
            "gap_s": max(b - a for a, b in pairwise(times)),
        }
        found["code"] = vigie.ends()
    silent.close()
    return found


def full_disk(folder: Path) -> dict[str, object]:
    """The store's disk fills up, an outage comes, and then somebody makes room."""
    var = folder / "var"
    var.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "test", str(var)]
    subprocess.run(mount, check=True)  # noqa: S603 - in a place apart
    found: dict[str, object] = {}
    with home(folder) as (page, receiver, vigie):
        vigie.start()
        found["before"] = FULL in vigie.raw("/")[1]
        ballast = _fill(var)
        page.word = "major_outage"
        until(lambda: receiver.steps == ["opened"], "on a full disk nobody was told")
        until(lambda: _turn(page) and FULL in vigie.raw("/")[1], "the board does not say that the disk is full")
        page.word = "operational"
        until(lambda: receiver.steps and receiver.steps[-1] == "resolved", "the end was not told")
        until(lambda: _fill(var) and _turn(page) and not vigie.ready(), "it keeps nothing and calls itself ready")
        found["spent"] = json.loads(vigie.raw("/readyz")[1])["why"]
        page.word = "operational"
        ballast.unlink()
        until(lambda: FULL not in vigie.raw("/")[1], "it did not notice that there is room again")
        until(vigie.ready, "with room again it is not ready")
        found["after"] = vigie.state()
        found["code"] = vigie.ends()
        found["steps"] = receiver.steps
    return found


def _fill(place: Path) -> Path:
    """Take all the room that is left."""
    ballast = place / "ballast"
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while free := os.statvfs(place).f_bavail:
            file.write(b"x" * (free * os.statvfs(place).f_frsize))
    return ballast


def _turn(page: Page) -> bool:
    """Something to write down, until the room that was left is used up."""
    page.word = "partial_outage" if page.word == "major_outage" else "major_outage"
    time.sleep(1)
    return True


if __name__ == "__main__":
    _loopback_up()
    print(json.dumps({"black_hole": black_hole, "full_disk": full_disk}[sys.argv[1]](Path(sys.argv[2]))))  # noqa: T201 - what the test reads
