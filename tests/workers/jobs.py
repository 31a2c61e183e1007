"""Jobs that misbehave, each in its own way, for worker processes to be tried on."""

import ctypes
import os
import signal
import socket
import stat
import time
from pathlib import Path
from typing import Any

HELD: list[bytearray] = []


class Alien:
    """A class that no parent takes from a worker."""


def work(what: str, *arguments: Any) -> Any:  # noqa: ANN401 - whatever the job is
    """Do what `what` says."""
    return globals()[f"_{what}"](*arguments)


def _echo(value: Any) -> Any:  # noqa: ANN401 - anything
    return value


def _pid() -> int:
    return os.getpid()


def _hang() -> None:
    while True:
        time.sleep(1)


def _burn() -> None:
    while True:
        pass


def _spin(seconds: float) -> str:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "spun"


def _slow(seconds: float) -> str:
    time.sleep(seconds)
    return "slow"


def _eat() -> None:
    HELD.extend(bytearray(b"x" * (16 * 1024 * 1024)) for _ in range(10_000))


def _leak(count: int) -> int:
    HELD.append(bytearray(b"x" * count))
    return os.getpid()


def _segfault() -> None:
    ctypes.string_at(0)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exit() -> None:
    os._exit(3)


def _garbage(data: bytes) -> None:
    """Write to the parent past the protocol, then sleep."""
    for number in range(3, 32):
        try:
            wire = socket.socket(fileno=os.dup(number))
            wire.sendall(data)
        except OSError:
            continue
    time.sleep(30)


def _alien() -> Alien:
    return Alien()


def _command() -> Any:  # noqa: ANN401 - what an attacker would send
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.system, ("true",))

    return Evil()


def _unreadable() -> None:
    from probes.base import Reason, Unreadable  # noqa: PLC0415 - most jobs start faster without

    raise Unreadable("it makes no sense", Reason.WORD)


def _bug() -> None:
    raise KeyError("canary-secret")


def _deep() -> Any:  # noqa: ANN401 - a nest
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]
    return nest


def _files() -> int:
    held = []
    try:
        while True:
            held.append(Path("/dev/null").open("rb"))  # noqa: SIM115 - the point is not to close them
    except OSError:
        return len(held)
    finally:
        for file in held:
            file.close()


def _open_sockets() -> int:
    return sum(_is_socket(number) for number in range(1024))


def _is_socket(number: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False


def _environment() -> dict[str, str]:
    return dict(os.environ)
