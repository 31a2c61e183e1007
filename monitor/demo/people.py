"""What people do with a mail: a scanner that looks at every link, a reader who presses, one who types a command."""

import asyncio
import os
import re
import sys
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from email.message import EmailMessage

import aiohttp

from monitor.demo.house import ROOT, House, Stopped
from monitor.demo.stage import plain_part
from monitor.demo.watching import Missed

__all__ = ["People", "link_in"]

ANSWER_S_MAX = 10.0
COMMAND_S_MAX = 30.0
SCANNER = "Mozilla/5.0 (compatible; Mail-Scanner/1.0; prefetch)"
_LINK = re.compile(r"https?://\S+/a/[A-Za-z0-9_-]+")


def link_in(mail: EmailMessage) -> str:
    """The signed link of a mail's reader; raises Missed where there is none."""
    found = _LINK.search(plain_part(mail))
    if found is None:
        raise Missed(f"The mail “{mail['Subject']}” was to have a link to act by.\nInstead: {plain_part(mail)}")
    return found.group()


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in front of a screen. What they do goes the real way, over HTTP or by the command line."""

    house: House

    async def scan(self, link: str) -> str:
        """A scanner of mails looks at the link, as it does at every link; the page, without its markup."""
        async with _client(SCANNER) as client:
            return await _page(client.get(link))

    async def press(self, link: str, act: str) -> str:
        """A person opens the link and presses a button; the page that comes then, without its markup."""
        async with _client("Mozilla/5.0") as client:
            await _page(client.get(link))
            return await _page(client.post(link, data={"act": act}))

    async def type(self, *words: str) -> str:
        """A person types ``vigie ...``; what it prints. Raises Stopped when it ends with another code than 0."""
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor.cli", *words, "--config", str(self.house.config)),
            cwd=self.house.folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), COMMAND_S_MAX)
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
        text = said.decode("utf-8", "replace").strip()
        if process.returncode != 0:
            raise Stopped(f"vigie {' '.join(words)} ended with code {process.returncode}:\n{text}")
        return text


async def _page(asked: AbstractAsyncContextManager[aiohttp.ClientResponse]) -> str:
    """The words of a page; raises Missed when something else came."""
    async with asked as answer:
        words = " ".join(re.sub(r"<[^>]+>", " ", await answer.text()).split())
        if not answer.ok:
            raise Missed(f"The page behind a link was to be shown.\nInstead: HTTP {answer.status}: {words}")
        return words


def _client(agent: str) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=ANSWER_S_MAX)
    return aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": agent})
