"""A real SMTP server on loopback that keeps what it gets, and a reader who opens links as people and scanners do."""

import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.edges.running import free_port

__all__ = ["Mail", "Postbox", "opens", "postbox", "presses"]


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived: to whom, when (`time.monotonic`), and what."""

    to: str
    at: float
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The first line that people read."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain part."""
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    @property
    def link(self) -> str:
        """The signed link to act by; empty: there is none."""
        found = re.search(r"https?://\S+/a/[A-Za-z0-9_-]+", self.text)
        return found.group() if found else ""


@dataclass
class Postbox:
    """What arrived, in order."""

    port: int
    mails: list[Mail] = field(default_factory=list)

    def of(self, person: str) -> list[Mail]:
        """One person's mails."""
        return [m for m in self.mails if m.to.startswith(f"{person}@")]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401 - aiosmtpd's
        """Take a mail."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails += [Mail(to, time.monotonic(), message) for to in envelope.rcpt_tos]
        return "250 kept"


@contextmanager
def postbox() -> Iterator[Postbox]:
    """A server that takes every mail."""
    kept = Postbox(free_port())
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


def opens(url: str, agent: str = "Mozilla/5.0") -> tuple[int, str]:
    """Status and page, by GET."""
    return _asked(urllib.request.Request(url, headers={"User-Agent": agent}))  # noqa: S310 - loopback


def presses(url: str, **fields: str) -> tuple[int, str]:
    """Status and page after a form of the page was sent, by POST."""
    body = urllib.parse.urlencode(fields).encode()
    return _asked(urllib.request.Request(url, body, headers={"Sec-Fetch-Site": "same-origin"}))  # noqa: S310 - loopback


def _asked(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
