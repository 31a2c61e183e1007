"""What runs in a worker process: take a job, do it, answer; within limits that the kernel keeps.

Run as ``python -m monitor.workers.child <json>``. Speaks over one socket in frames: four bytes of length, big endian,
then a pickle. A job is a tuple of arguments; an answer is ``(word, value, resident bytes)`` with the word "ok" (value:
the result), "raised" (an exception of a module that the parent takes), "failed" (the name of another one) or "memory".
The first frame says "ready", with nothing done yet.
"""

import ctypes
import gc
import importlib
import json
import math
import os
import pickle  # the parent is trusted; the way back is guarded there
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")


def main(text: str) -> None:
    """Serve jobs until the parent hangs up."""
    spec = json.loads(text)
    _die_with(spec["parent"])
    wire = socket.socket(fileno=spec["socket"])
    for name in spec["preload"]:
        importlib.import_module(name)
    module, _, function = spec["target"].partition(":")
    job = getattr(importlib.import_module(module), function)
    gc.collect()
    gc.freeze()
    _confine(spec)
    _send(wire, pickle.dumps(("ok", "ready", _resident())))
    while (frame := _receive(wire)) is not None:
        used = math.ceil(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (used + spec["cpu_s"], resource.RLIM_INFINITY))
        _send(wire, _answer(job, frame, tuple(spec["allow"]), spec["frame_bytes_max"]))


def _die_with(parent: int) -> None:
    """A worker never outlives its parent, however that ends; the closed socket says so too, but not to a loop."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        raise SystemExit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer


def _confine(spec: dict[str, Any]) -> None:
    for kind, limit in (
        (resource.RLIMIT_AS, spec["memory_bytes"]),
        (resource.RLIMIT_NOFILE, spec["files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _answer(job: Callable[..., Any], frame: bytes, allow: tuple[str, ...], bytes_max: int) -> bytes:
    try:
        result = job(*pickle.loads(frame))  # noqa: S301 - from the parent, who started us
        answer = pickle.dumps(("ok", result, _resident()), pickle.HIGHEST_PROTOCOL)
        if len(answer) > bytes_max:
            return pickle.dumps(("failed", "OverflowError", _resident()))
    except MemoryError:
        return pickle.dumps(("memory", None, _resident()))
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is the answer to its job
        if type(error).__module__ in allow:
            return pickle.dumps(("raised", error, _resident()))
        return pickle.dumps(("failed", type(error).__name__, _resident()))
    return answer


def _resident() -> int:
    """Bytes of memory in use (field 2 of proc(5) statm); where there is no such file, the most there ever were."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _send(wire: socket.socket, data: bytes) -> None:
    wire.sendall(len(data).to_bytes(4, "big") + data)


def _receive(wire: socket.socket) -> bytes | None:
    head = _exactly(wire, 4)
    return None if head is None else _exactly(wire, int.from_bytes(head, "big"))


def _exactly(wire: socket.socket, count: int) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        part = wire.recv(min(count - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


if __name__ == "__main__":
    main(sys.argv[1])
