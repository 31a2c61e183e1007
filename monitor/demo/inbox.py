"""A mailbox that speaks enough SMTP (RFC 5321) to be sent mails by the real notifier, and keeps them in memory."""

import asyncio
import email
import email.policy
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self

__all__ = ["Inbox"]

HOST = "127.0.0.1"
LINE_BYTES_MAX = 4_096
MAIL_BYTES_MAX = 1024 * 1024
MAILS_MAX = 200
IDLE_S_MAX = 60.0

_CODES = {"NOOP": "250 as you wish", "RSET": "250 forgotten", "VRFY": "252 try it"}


@dataclass
class Inbox:
    """The mails in the order of their arrival, as they came over the wire, and when each came (`time.monotonic`)."""

    mails: list[EmailMessage] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, HOST, 0, limit=LINE_BYTES_MAX)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client from greeting to farewell; one that is silent or breaks the rules is hung up on."""
        try:
            _say(writer, "220 demo mailbox")
            # A line over the limit is a ValueError, a client that hangs up an IncompleteReadError.
            with suppress(ValueError, TimeoutError, OSError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = recipients = 0
        while True:
            line = await _line(reader)
            verb = line[:4].decode("ascii", "replace").strip().upper()
            if verb in ("EHLO", "HELO"):
                _say(writer, "250 demo mailbox")
            elif verb == "MAIL":
                sender, recipients = 1, 0
                _say(writer, "250 go on")
            elif verb == "RCPT":
                recipients += sender
                _say(writer, "250 go on" if sender else "503 MAIL first")
            elif verb == "DATA" and recipients:
                _say(writer, "354 end with a line of one dot")
                self._keep(await _message(reader), writer)
                sender = recipients = 0
            elif verb == "QUIT":
                _say(writer, "221 good-bye")
                return
            else:
                if verb == "RSET":
                    sender = recipients = 0
                _say(writer, _CODES.get(verb, "503 RCPT first" if verb == "DATA" else "502 not known here"))

    def _keep(self, raw: bytes | None, writer: asyncio.StreamWriter) -> None:
        if raw is None or len(self.mails) >= MAILS_MAX:
            _say(writer, "552 too much")
            return
        self.times.append(time.monotonic())
        self.mails.append(email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default))
        _say(writer, "250 kept")


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The next line without its end; raises what `_converse` takes for the end of the conversation."""
    async with asyncio.timeout(IDLE_S_MAX):
        line = await reader.readuntil(b"\n")
    return line.rstrip(b"\r\n")


async def _message(reader: asyncio.StreamReader) -> bytes | None:
    """The message up to the line of one dot, with dots unstuffed (RFC 5321 4.5.2); None when it is too large."""
    kept: list[bytes] = []
    size = 0
    while (line := await _line(reader)) != b".":
        size += len(line) + 2
        if size <= MAIL_BYTES_MAX:
            kept.append(line.removeprefix(b"."))
    return b"\r\n".join([*kept, b""]) if size <= MAIL_BYTES_MAX else None


def _say(writer: asyncio.StreamWriter, answer: str) -> None:
    writer.write(answer.encode("ascii") + b"\r\n")
