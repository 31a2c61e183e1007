"""Mail by our own SMTP conversation, so that the server's codes decide: 4xx try again, 5xx refused, silence unknown.

Apprise's plugin reads the contact (provider defaults, names, copies); its sending keeps the codes to itself. The parts
are ours too: its text part loses lines, its HTML is what it was given, raw.
"""

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from hashlib import sha256
from typing import Any

from monitor.core.model import SendOutcome
from monitor.notify.model import Envelope, Sent
from monitor.notify.neutral import one_line
from monitor.notify.render import Rendered
from monitor.notify.steps import Stage, stage_of

__all__ = ["compose", "message_id", "send_mail"]

SMTP_S_MAX = 10.0
TAKE_S_MAX = 15.0
"""For the answer to the message itself: servers that look for spam first need longer, and what we do not wait for is
sent twice. Within the pool's patience with one try."""

QUIT_S_MAX = 1.0
CODE_OK, CODE_GO_ON, CODE_LATER, CODE_NEVER = 250, 354, 400, 500


class _Refused(Exception):  # noqa: N818 - an answer, not an error
    """The server said a code that is not the one that was due, at a stage that is named."""

    def __init__(self, code: int, stage: str) -> None:
        super().__init__(f"SMTP {code} at {stage}")
        self.code = code


def message_id(words: str, domain: str) -> str:
    """Return a Message-ID that is the same for the same words: a server that saw it may drop the repeat.

    So the words must hold a moment too: another Vigie, or this one with a new store, counts its incidents from 1 again,
    and its first page must not pass for a repeat of ours.
    """
    return f"<{sha256(words.encode('utf-8', 'replace')).hexdigest()[:32]}@{domain}>"


def compose(envelope: Envelope, rendered: Rendered, plugin: Any) -> EmailMessage:  # noqa: ANN401 - apprise is untyped
    """Build the mail; `plugin` is Apprise's, for sender, recipients and headers. Raises ValueError on a bad header."""
    sender = plugin.from_addr[1]
    domain = sender.rpartition("@")[2] or "vigie.invalid"
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"] = one_line(rendered.title)
    mail["From"] = _address(plugin.from_addr[0] or "Vigie", sender)
    mail["To"] = [_address(name or "", address) for name, address in plugin.targets]
    if plugin.cc:
        mail["Cc"] = [_address("", address) for address in sorted(plugin.cc)]
    if plugin.reply_to:
        mail["Reply-To"] = [_address("", address) for address in sorted(plugin.reply_to)]
    thread = message_id(f"incident {envelope.incident} {envelope.opened or ''}", domain)
    mail["Message-ID"] = message_id(f"notification {envelope.key} {envelope.created}", domain)
    mail["In-Reply-To"] = thread
    mail["References"] = thread
    mail["Date"] = formatdate(localtime=False)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if envelope.critical and stage_of(envelope.step) not in {Stage.TAKEN, Stage.OVER}:
        mail["Importance"] = "high"
    for name, value in plugin.headers.items():
        if name.lower() not in {key.lower() for key in mail}:
            mail[name] = value
    mail.set_content(rendered.text, cte="quoted-printable")
    mail.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = envelope.message.language  # set before, it would move into the first part
    return mail


def _address(name: str, address: str) -> Address:
    return Address(display_name=one_line(name), addr_spec=address)


def send_mail(plugin: Any, mail: EmailMessage, on_out: Callable[[], None]) -> Sent:  # noqa: ANN401 - apprise is untyped
    """Hold the whole conversation once. `on_out` is called before the message's own bytes leave."""
    out = False

    def going_out() -> None:
        nonlocal out
        out = True
        on_out()

    smtp: smtplib.SMTP | None = None
    try:
        smtp = _connect(plugin)
        return _converse(smtp, plugin, mail, going_out)
    except _Refused as answer:
        return Sent(_of_code(answer.code, out=out), str(answer), status=answer.code, unseen=not out)
    except smtplib.SMTPResponseException as answer:
        stage = "the end of the message" if out else "the greeting or log-in"
        code = -1 if out else answer.smtp_code  # smtplib's own code for an answer it cannot read, not the server's
        said = f"SMTP {answer.smtp_code} at {stage}"
        return Sent(_of_code(code, out=out), said, status=answer.smtp_code, unseen=not out)
    except smtplib.SMTPNotSupportedError:
        return Sent(SendOutcome.REJECTED, "the mail server cannot do what the contact asks (TLS or log-in)")
    except ssl.SSLError:
        outcome = SendOutcome.UNKNOWN if out else SendOutcome.RETRY
        return Sent(outcome, "TLS with the mail server failed", unseen=not out)
    except (OSError, smtplib.SMTPException) as fault:
        if out:
            return Sent(SendOutcome.UNKNOWN, "the mail server gave no answer after the message")
        word = "within 10 s" if isinstance(fault, TimeoutError) else "(refused, cut, or its name is not known)"
        return Sent(SendOutcome.RETRY, f"no conversation with the mail server {word}", unseen=True)
    finally:
        if smtp is not None:
            smtp.close()  # QUIT was said, or there is nobody to say it to


def _connect(plugin: Any) -> smtplib.SMTP:  # noqa: ANN401 - apprise is untyped
    context = ssl.create_default_context()
    name = socket.gethostname() or "localhost"
    if plugin.secure_mode == "ssl":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(plugin.smtp_host, plugin.port, name, timeout=SMTP_S_MAX, context=context)
    else:
        smtp = smtplib.SMTP(plugin.smtp_host, plugin.port, name, timeout=SMTP_S_MAX)
    try:
        if plugin.secure_mode == "starttls":
            smtp.starttls(context=context)
        if plugin.user and plugin.password:
            smtp.login(plugin.user, plugin.password)
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def _converse(smtp: smtplib.SMTP, plugin: Any, mail: EmailMessage, going_out: Callable[[], None]) -> Sent:  # noqa: ANN401 - apprise is untyped
    recipients = [address for _, address in plugin.targets] + sorted(plugin.cc) + sorted(plugin.bcc)
    code, _ = smtp.mail(plugin.from_addr[1])
    if code != CODE_OK:
        raise _Refused(code, "the sender's address")
    refusals = []
    for recipient in recipients:
        code, _ = smtp.rcpt(recipient)
        if not CODE_OK <= code < CODE_OK + 50:
            refusals.append(code)
    if len(refusals) == len(recipients):
        raise _Refused(min(refusals), "every recipient's address")
    code, _ = smtp.docmd("data")
    if code != CODE_GO_ON:
        raise _Refused(code, "the message")
    going_out()
    raw = mail.as_bytes(policy=SMTP_POLICY)
    quoted = raw.replace(b"\r\n.", b"\r\n..")  # dot-stuffing, RFC 5321 4.5.2; a mail never starts with a dot
    smtp.send(quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n")
    if smtp.sock is not None:
        smtp.sock.settimeout(TAKE_S_MAX)
    code, _ = smtp.getreply()
    if not CODE_OK <= code < CODE_OK + 50:
        raise _Refused(code, "the end of the message")
    with contextlib.suppress(OSError, smtplib.SMTPException):
        if smtp.sock is not None:
            smtp.sock.settimeout(QUIT_S_MAX)  # it has the message: no farewell may make that uncertain
        smtp.quit()
    note = f", {len(refusals)} of {len(recipients)} recipients refused" if refusals else ""
    return Sent(SendOutcome.DELIVERED, f"SMTP {code}{note}", status=code)


def _of_code(code: int, *, out: bool) -> SendOutcome:
    if code >= CODE_NEVER:
        return SendOutcome.REJECTED
    # Not a refusal and not consent, after the message went out: it may lie in somebody's mailbox.
    return SendOutcome.UNKNOWN if out and code < CODE_LATER else SendOutcome.RETRY
