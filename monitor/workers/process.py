"""One worker process: started, given a job at a time, and killed the moment it breaks a limit."""

import asyncio
import contextlib
import io
import json
import os
import pickle  # guarded: see _Unpickler
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

__all__ = ["Fault", "Limits", "Process", "WorkerFault"]

FRAME_BYTES_MAX = 32 * 1024 * 1024
START_S_MAX = 20.0
REAP_S_MAX = 1.0
_REAP_STEP_S = 0.005
_BUILTINS = frozenset({"set", "frozenset", "bytearray", "complex"})
_DATETIME = frozenset({"datetime", "timedelta", "timezone", "date", "time"})


class Fault(StrEnum):
    """What went wrong with a worker, as metrics count it."""

    HUNG = "hung"  # over its wall time
    DIED = "died"  # killed, crashed, out of processor time
    MEMORY = "memory"  # over its memory
    GARBAGE = "garbage"  # an answer that is none
    FAILED = "failed"  # the job raised something that it should not
    START = "start"  # it did not come up
    REFUSED = "refused"  # not tried: workers keep failing, too many jobs wait, or the pool is closed


class WorkerFault(Exception):  # noqa: N818 - like Unreadable: not an error of the program's
    """A job gave no result. The message is a sentence; `fault` says what kind of failure it was."""

    def __init__(self, message: str, fault: Fault) -> None:
        super().__init__(message)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use. `wall_s` and `cpu_s` are per job; `jobs` and `resident_bytes` retire it."""

    wall_s: float = 5.0
    cpu_s: int = 10
    memory_bytes: int = 512 * 1024 * 1024
    files: int = 16
    jobs: int = 1_000
    resident_bytes: int = 200 * 1000 * 1000


class Process:
    """A worker that runs `target`, a function named ``package.module:function``.

    `preload`: modules that it imports before the limits hold. `allow`: modules whose classes may come back in answers;
    of others nothing but plain data and times is taken, so that a worker that was taken over cannot make us run code.
    """

    def __init__(self, target: str, limits: Limits, preload: tuple[str, ...] = (), allow: tuple[str, ...] = ()) -> None:
        self._target, self._limits, self._preload, self._allow = target, limits, preload, allow
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.jobs = 0
        self.resident_bytes = 0

    @property
    def pid(self) -> int:
        """The process id, 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def worn(self) -> bool:
        """Whether it has done enough, or grown too much, to be replaced."""
        return self.jobs >= self._limits.jobs or self.resident_bytes > self._limits.resident_bytes

    async def start(self) -> Self:
        """Bring it up; raises WorkerFault(START) when it does not come."""
        ours, theirs = socket.socketpair()
        with theirs:
            spec = {
                "parent": os.getpid(),
                "socket": theirs.fileno(),
                "target": self._target,
                "preload": self._preload,
                "allow": self._allow,
                "cpu_s": self._limits.cpu_s,
                "memory_bytes": self._limits.memory_bytes,
                "files": self._limits.files,
                "frame_bytes_max": FRAME_BYTES_MAX,
            }
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - 2 ms; the command is our own interpreter and module
                [sys.executable, "-P", "-m", "monitor.workers.child", json.dumps(spec)],
                pass_fds=[theirs.fileno()],  # and no other: not the store, not the listener
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            async with asyncio.timeout(START_S_MAX):
                await self._read()
        except (TimeoutError, WorkerFault):
            await self.kill()
            raise WorkerFault("a worker process did not come up", Fault.START) from None
        except BaseException:
            await self.kill()
            raise
        return self

    async def call(self, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - as the target gives it
        """What `target(*arguments)` returns; raises what it raised, if of an allowed module, else WorkerFault.

        After a WorkerFault other than FAILED, and after a cancellation, the worker is dead.
        """
        data = pickle.dumps(arguments, pickle.HIGHEST_PROTOCOL)
        if len(data) > FRAME_BYTES_MAX:
            raise WorkerFault(f"a job of {len(data)} bytes is larger than a worker takes", Fault.FAILED)
        self.jobs += 1
        try:
            async with asyncio.timeout(self._limits.wall_s):
                assert self._writer is not None, "started before it is called"
                with contextlib.suppress(ConnectionError):  # its end is seen where we read
                    self._writer.write(len(data).to_bytes(4, "big") + data)
                    await self._writer.drain()
                word, value = await self._read()
        except TimeoutError:
            await self.kill()
            raise WorkerFault(f"it took more than {self._limits.wall_s:g} s and was stopped", Fault.HUNG) from None
        except BaseException:
            await self.kill()
            raise
        return await self._result(word, value)

    async def _result(self, word: str, value: object) -> Any:  # noqa: ANN401 - as the target gives it
        if word == "ok":
            return value
        if word == "raised" and isinstance(value, Exception):
            raise value
        if word == "memory":
            await self.kill()
            mib = self._limits.memory_bytes // (1024 * 1024)
            raise WorkerFault(f"it needed more than {mib} MiB of memory and was stopped", Fault.MEMORY)
        if word == "failed":
            raise WorkerFault(f"it ended with {str(value)[:64]}", Fault.FAILED)
        await self.kill()
        raise WorkerFault("the worker answered nonsense and was stopped", Fault.GARBAGE)

    async def _read(self) -> tuple[str, object]:
        assert self._reader is not None, "started before it is read"
        try:
            size = int.from_bytes(await self._reader.readexactly(4), "big")
            if size > FRAME_BYTES_MAX:
                raise WorkerFault("the worker answered nonsense and was stopped", Fault.GARBAGE)
            frame = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._obituary() from None
        try:
            word, value, self.resident_bytes = _Unpickler(frame, self._allow).load()
        except Exception:  # noqa: BLE001 - a pickle of rubbish may raise anything
            raise WorkerFault("the worker answered nonsense and was stopped", Fault.GARBAGE) from None
        return str(word), value

    async def _obituary(self) -> WorkerFault:
        """What to say of a worker that ended by itself."""
        code = await self._reaped()
        if code == -signal.SIGXCPU:
            text = f"it took more than {self._limits.cpu_s} s of processor time and was stopped"
            return WorkerFault(text, Fault.HUNG)
        if code is not None and code < 0:
            return WorkerFault(f"the worker process was killed ({signal.Signals(-code).name})", Fault.DIED)
        return WorkerFault("the worker process ended in the middle", Fault.DIED)

    async def kill(self) -> None:
        """End it now and leave nothing behind."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.shield(self._reaped())

    async def _reaped(self) -> int | None:
        """The exit code, None if it does not end in time (a process in uninterruptible sleep)."""
        assert self._process is not None, "started before it is reaped"
        loop = asyncio.get_running_loop()
        end = loop.time() + REAP_S_MAX
        while (code := self._process.poll()) is None and loop.time() < end:  # noqa: ASYNC110 - children give no event
            await asyncio.sleep(_REAP_STEP_S)
        return code


def _environment() -> dict[str, str]:
    """Nothing of ours that could be a secret."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV") if k in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "2",  # address space is limited, and one thread needs no more
    }


class _Unpickler(pickle.Unpickler):
    def __init__(self, frame: bytes, allow: tuple[str, ...]) -> None:
        super().__init__(io.BytesIO(frame))
        self._allow = allow

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - a class
        fit = (
            (module in self._allow and "." not in name)
            or (module == "datetime" and name in _DATETIME)
            or (module == "builtins" and name in _BUILTINS)
        )
        if not fit:
            raise pickle.UnpicklingError(f"{module}.{name} is not taken from a worker")
        return super().find_class(module, name)
