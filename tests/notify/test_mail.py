"""Mail against a real SMTP server: parts, threads, and what its codes mean."""

import asyncio
import contextlib
import email
import email.policy
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP

from monitor.core.model import Link, Message, SendOutcome
from monitor.notify import Envelope, WorkerSender
from tests.patience import HANG_S

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@dataclass
class Postbox:
    """An SMTP handler that keeps mails, and answers as told; an answer of "cut" drops the connection."""

    port: int = 0
    rcpt: str = "250 OK"
    data: str = "250 OK"
    take_s: float = 0.0  # how long it looks at a mail before it takes it
    leave_s: float = 0.0  # how long it thinks about a farewell
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: ANN401 - aiosmtpd's
        if not address.startswith("nobody"):
            envelope.rcpt_tos.append(address)
            return self.rcpt
        return "550 no such user"

    async def handle_QUIT(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: ANN401 - aiosmtpd's
        await asyncio.sleep(self.leave_s)
        return "221 bye"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401 - aiosmtpd's
        await asyncio.sleep(self.take_s)
        self.raw.append(envelope.content)
        self.to.append(list(envelope.rcpt_tos))
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if self.data == "cut":
            server.transport.abort()
        return self.data


@contextlib.asynccontextmanager
async def postbox(**answers: str | float) -> AsyncIterator[Postbox]:
    box = Postbox(**answers)  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, hostname="post.example"), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender() -> AsyncIterator[WorkerSender]:
    sender = WorkerSender({})
    yield sender
    await sender.close()


def envelope(title: str = "Newsletter: outage since 09:00", step: str = "opened", revision: int = 1) -> Envelope:
    message = Message(
        title,
        "⛔",
        (("What it means", "No mail goes out.\n.a line that starts with a dot\nDritte Zeile: größer"), ("", "Alone")),
        (Link("Vendor's page", "https://status.example.org/"),),
    )
    return Envelope(f"0-1/{revision}/{step}/a/1", "0-1", revision, step, message, NOW, critical=True)


def contact(box: Postbox, to: str = "team@example.org") -> str:
    return f"mailto://127.0.0.1:{box.port}?from=Vigie<vigie@example.org>&to={to}"


async def test_a_mail_has_a_plain_part_that_keeps_its_lines_and_a_page(sender: WorkerSender) -> None:
    async with postbox() as box:
        sender.set_contacts({"a/1": contact(box)})
        sent = await sender.send("a/1", envelope())
    assert (sent.outcome, sent.status) == (SendOutcome.DELIVERED, 250)
    mail = box.mails[0]
    assert mail["Subject"] == "⛔ Newsletter: outage since 09:00"
    assert (str(mail["From"]), str(mail["To"])) == ("Vigie <vigie@example.org>", "team@example.org")
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain = mail.get_body(("plain",))
    page = mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "What it means\nNo mail goes out.\n.a line that starts with a dot\nDritte Zeile: größer\n" in (
        plain.get_content().replace("\r\n", "\n")
    )
    assert "Newsletter: outage since 09:00</h1>" in page.get_content()
    assert mail["Auto-Submitted"] == "auto-generated"


async def test_mails_of_one_incident_make_one_thread_and_a_repeat_has_the_same_id(sender: WorkerSender) -> None:
    async with postbox() as box:
        sender.set_contacts({"a/1": contact(box)})
        for step, revision in (("opened", 1), ("opened", 1), ("acknowledged", 1), ("resolved", 2)):
            await sender.send("a/1", envelope(step=step, revision=revision))
    first, again, taken, ended = box.mails
    assert first["Message-ID"] == again["Message-ID"] != ended["Message-ID"]
    assert first["References"] == ended["References"]
    assert first["Importance"] == "high"
    assert taken["Importance"] is ended["Importance"] is None
    assert first["Content-Language"] == "en"


async def test_two_vigies_that_both_count_from_one_do_not_pass_for_each_others_repeat(sender: WorkerSender) -> None:
    ours, theirs = envelope(), replace(envelope(), created=NOW + timedelta(days=1), opened=NOW + timedelta(days=1))
    async with postbox() as box:
        sender.set_contacts({"a/1": contact(box)})
        await sender.send("a/1", ours)
        await sender.send("a/1", theirs)
        await sender.send("a/1", replace(theirs, attempt=2, repeat=True))
    first, other, again = box.mails
    assert first["Message-ID"] != other["Message-ID"] == again["Message-ID"]
    assert first["References"] != other["References"]


async def test_B53_a_title_with_line_ends_adds_no_header(sender: WorkerSender) -> None:
    async with postbox() as box:
        sender.set_contacts({"a/1": contact(box)})
        sent = await sender.send("a/1", envelope("Outage\r\nBcc: everybody@example.org\r\n\r\nforged"))
    assert sent.outcome is SendOutcome.DELIVERED
    assert box.mails[0]["Bcc"] is None
    assert box.mails[0]["Subject"] == "⛔ Outage Bcc: everybody@example.org forged"
    assert box.to == [["team@example.org"]]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"rcpt": "550 no such user"}, SendOutcome.REJECTED),
        ({"rcpt": "451 try later"}, SendOutcome.RETRY),
        ({"data": "554 spam"}, SendOutcome.REJECTED),
        ({"data": "452 no room"}, SendOutcome.RETRY),
        ({"data": "cut"}, SendOutcome.UNKNOWN),
        ({"data": "250 " + "x" * 9_000}, SendOutcome.UNKNOWN),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_the_servers_codes_decide(sender: WorkerSender, answers: dict[str, str], outcome: SendOutcome) -> None:
    async with postbox(**answers) as box:
        sender.set_contacts({"a/1": contact(box)})
        sent = await sender.send("a/1", envelope())
    assert sent.outcome is outcome
    assert sent.unseen is ("rcpt" in answers), "who refuses before the text has not looked at it"
    assert "example" not in sent.detail


async def test_one_wrong_address_among_several_does_not_hold_up_the_others(sender: WorkerSender) -> None:
    async with postbox() as box:
        sender.set_contacts({"a/1": contact(box, "team@example.org,nobody@example.org")})
        sent = await sender.send("a/1", envelope())
    assert sent.outcome is SendOutcome.DELIVERED
    assert "1 of 2 recipients refused" in sent.detail
    assert box.to == [["team@example.org"]]


async def test_what_a_server_has_taken_is_delivered_however_long_it_takes_to_say_goodbye(sender: WorkerSender) -> None:
    async with postbox(leave_s=2 * HANG_S) as box:
        sender.set_contacts({"a/1": contact(box)})
        async with asyncio.timeout(HANG_S):
            sent = await sender.send("a/1", envelope())
    assert sent.outcome is SendOutcome.DELIVERED


@pytest.mark.slow
async def test_a_server_that_looks_for_spam_for_12_s_is_waited_for_rather_than_told_twice(sender: WorkerSender) -> None:
    async with postbox(take_s=12.0) as box:
        sender.set_contacts({"a/1": contact(box)})
        sent = await sender.send("a/1", envelope())
    assert sent.outcome is SendOutcome.DELIVERED


async def test_a_mail_server_that_is_away_is_tried_again(sender: WorkerSender) -> None:
    async with postbox() as box:
        pass
    sender.set_contacts({"a/1": contact(box)})
    sent = await sender.send("a/1", envelope())
    assert (sent.outcome, sent.unseen) == (SendOutcome.RETRY, True)
