"""Vigie as a process of its own, and its answers: configured from `vigie.yaml` beside this file, asked over its API."""

import asyncio
import contextlib
import os
import socket
import sys
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Self, cast

import aiohttp

__all__ = ["ROOT", "House", "Stopped", "free_port"]

HOST = "127.0.0.1"
PORT_PREFERRED = 9180
START_S_MAX = 60.0
END_S_MAX = 5.0
ANSWER_S_MAX = 10.0
LOOK_S = 0.1
LOG_LINES_SHOWN = 15

ROOT = Path(__file__).resolve().parents[2]
"""Where the packages lie; the daemon finds them wherever the demo is called from."""

Json = dict[str, Any]


class Stopped(Exception):  # noqa: N818 - an end, and we say which
    """The daemon ended by itself, or never began to answer."""


def free_port(wanted: int | None) -> int:
    """The port for the board: the one wanted, else 9180 if it is free, else any. Raises OSError for one in use."""
    for port in (wanted,) if wanted is not None else (PORT_PREFERRED, 0):
        with socket.socket() as probe, contextlib.suppress(*(() if wanted is not None else (OSError,))):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise OSError("no port is free on the loopback interface")


@dataclass
class House:
    """The daemon in `folder` (its configuration, store and log lie there), with its board on `port`."""

    folder: Path
    port: int
    _process: asyncio.subprocess.Process | None = None
    _client: aiohttp.ClientSession | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The board's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "vigie.yaml"

    def configure(self, **values: str) -> None:
        """Write the configuration; `values` fill the places in the template."""
        self.config.touch(mode=0o600)
        template = Template((resources.files("monitor.demo") / "vigie.yaml").read_text(encoding="utf-8"))
        self.config.write_text(template.substitute(board=self.port, folder=self.folder, **values), encoding="utf-8")

    async def __aenter__(self) -> Self:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        arguments = ("-m", "monitor.demo.lookout", "run", "--config", str(self.config))
        with (self.folder / "vigie.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to answer
            )
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S_MAX))
        try:
            await self._until_ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_S_MAX)
        except TimeoutError:
            process.kill()  # its workers end with it
            await process.wait()

    async def _until_ready(self) -> None:
        """Wait until every probe has run once; raises Stopped."""
        said = "it does not answer"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S_MAX):
                while True:
                    with contextlib.suppress(aiohttp.ClientError):
                        answer = await self._get("/readyz")
                        if answer["ready"]:
                            return
                        said = str(answer["why"])
                    await asyncio.sleep(LOOK_S)
        raise Stopped(f"Vigie was not ready within {START_S_MAX:.0f} s: {said}\n{self.log_tail()}")

    async def _get(self, path: str) -> Json:
        if self._client is None or self._process is None:
            raise Stopped("Vigie has not been started")
        if self._process.returncode is not None:
            raise Stopped(f"Vigie ended by itself with code {self._process.returncode}\n{self.log_tail()}")
        async with self._client.get(self.url + path) as answer:
            return cast("Json", await answer.json())

    async def channels(self) -> dict[str, Json]:
        """Every channel by its id, as the API has it."""
        return {c["id"]: c for c in (await self._get("/api/v1/channels"))["channels"]}

    async def channel(self, channel_id: str) -> Json:
        """One channel with its probes and signals."""
        return await self._get(f"/api/v1/channels/{channel_id}")

    async def incidents(self) -> list[Json]:
        """The incidents, newest first."""
        found: list[Json] = (await self._get("/api/v1/incidents"))["incidents"]
        return found

    def log_tail(self) -> str:
        """The last lines of its log."""
        with contextlib.suppress(OSError):
            lines = (self.folder / "vigie.log").read_text(encoding="utf-8", errors="replace").splitlines()
            return "\n".join(["Its log ends with:", *(f"  {line}" for line in lines[-LOG_LINES_SHOWN:])])
        return ""
