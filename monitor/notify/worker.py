"""What runs inside a notifier worker process: ``python -m monitor.notify.worker``.

Speaks one JSON object per line. In: ``{"op": "send", "id", "lane", "contact", "envelope"}``, ``{"op": "check", "id",
"contact"}``. Out: ``{"ready": true}`` once, then ``{"id", "out": true}`` when a message may have left and ``{"id",
"sent": {...}}`` or ``{"id", "fault": str | null}``. Each lane has a thread of its own that lives as long as the
process; a thread that hangs is ended by ending the process, which is the parent's business. End of input ends the
process at once.
"""

import contextlib
import json
import logging
import os
import queue
import resource
import sys
import threading
import traceback
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from monitor.core.model import SendOutcome
from monitor.notify import alertmanager
from monitor.notify.model import DETAIL_CHARS_MAX, Envelope, Sent
from monitor.notify.secrets import Redactor
from monitor.notify.services import SMTP_SCHEMES, Manner, manner_of, scheme_of

__all__ = ["MEMORY_BYTES_MAX", "main"]

MEMORY_BYTES_MAX = 2**30
STACK_BYTES = 2**20
"""Address space counts against the memory limit, and the default of 8 MiB per thread would use it up at a hundred
lanes."""

_ENVELOPE = TypeAdapter(Envelope)
_REDACTOR = Redactor()


class _Out:
    """The way back to the parent: whole lines, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def say(self, answer: dict[str, Any]) -> None:
        line = json.dumps(answer, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._descriptor, line) :]


def main() -> None:
    """Serve until the parent closes the pipe."""
    _limit()
    out = _Out(os.dup(sys.stdout.fileno()))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a plugin that prints must not speak to the parent
    _quiet()
    from monitor.notify import fence  # noqa: PLC0415 - after the limits: Apprise loads some 700 modules

    fence.raise_fence()
    out.say({"ready": True})
    lanes: dict[str, queue.SimpleQueue[dict[str, Any]]] = {}
    for line in sys.stdin.buffer:
        job = json.loads(line)
        _REDACTOR.learn([job["contact"]])
        lane = lanes.get(job.get("lane", ""))
        if lane is None:
            lane = lanes[job.get("lane", "")] = queue.SimpleQueue()
            threading.Thread(target=_serve, args=(lane, out), daemon=True).start()
        lane.put(job)
    os._exit(0)  # threads may hang: nothing is waited for


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold every contact
    threading.stack_size(STACK_BYTES)


def _quiet() -> None:
    """Let nothing secret reach the daemon's log: every line redacted, no tracebacks.

    Apprise speaks from ERROR on: its warnings repeat what the outcome says, and name users and hosts.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_REDACTOR)
    handler.setFormatter(logging.Formatter("notifier: %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("apprise").setLevel(logging.ERROR)
    logging.raiseExceptions = False
    log = logging.getLogger("notifier")
    sys.excepthook = lambda kind, _fault, _trace: log.critical("ended by %s", kind.__name__)
    threading.excepthook = lambda hook: log.critical("a lane ended by %s", hook.exc_type.__name__)


def _serve(lane: "queue.SimpleQueue[dict[str, Any]]", out: _Out) -> None:
    while True:
        job = lane.get()
        if job["op"] == "check":
            out.say({"id": job["id"], "fault": _check(job["contact"])})
        else:
            sent = _send(job, out)
            answer = asdict(sent) | {"detail": _REDACTOR.text(sent.detail)[:DETAIL_CHARS_MAX]}
            out.say({"id": job["id"], "sent": answer})


def _send(job: dict[str, Any], out: _Out) -> Sent:
    from monitor.notify import fence  # noqa: PLC0415 - see main

    attempt = fence.Attempt(on_out=lambda: out.say({"id": job["id"], "out": True}))
    try:
        return _carry(job["contact"], _ENVELOPE.validate_python(job["envelope"]), attempt)
    except BaseException as fault:  # noqa: BLE001 - memory, a plugin's bug: each is an outcome, never a lost thread
        where = traceback.extract_tb(fault.__traceback__)[-1]
        word = f"fault in the notifier: {type(fault).__name__} in {Path(where.filename).name}:{where.lineno}"
        if attempt.out:
            return Sent(SendOutcome.UNKNOWN, word)
        # Before anything left, a fault of the text or the contact is one that comes back each time.
        lasting = isinstance(fault, TypeError | ValueError | LookupError | AttributeError)
        return Sent(SendOutcome.REJECTED if lasting else SendOutcome.RETRY, word)


def _carry(contact: str, envelope: Envelope, attempt: Any) -> Sent:  # noqa: ANN401 - the fence is imported late
    from monitor.notify import fence, mail, pager, render  # noqa: PLC0415 - see main

    scheme = scheme_of(contact)
    attempt.read_answer = manner_of(scheme) is not Manner.WEBHOOK
    fence.begin(attempt)
    if scheme in alertmanager.SCHEMES:
        return _alert(contact, envelope, attempt)
    try:
        plugin = fence.plugin_for(contact)
    except Exception:  # noqa: BLE001 - plugins raise what they like; its text may hold the contact
        return Sent(SendOutcome.REJECTED, "the service does not take this contact as it is written")
    if scheme in SMTP_SCHEMES:
        post = mail.compose(envelope, render.for_mail(envelope), plugin)
        return mail.send_mail(plugin, post, attempt.going_out)
    words = render.for_service(
        envelope, scheme, chars_max=plugin.body_maxlen, titled=plugin.title_maxlen >= render.TITLE_CHARS_MAX
    )
    fence.mark(plugin, scheme, envelope)
    plan = pager.plan_of(plugin, scheme, envelope, words)
    said = fence.say(plugin, words, envelope) if plan.by_plugin else True
    said = said and all(fence.post(call.url, call.body, call.headers) for call in plan.calls)
    return fence.outcome_of(attempt, said)


def _alert(contact: str, envelope: Envelope, attempt: Any) -> Sent:  # noqa: ANN401 - the fence is imported late
    """Carry a message to an Alertmanager, without the signed link: many may look there."""
    from monitor.notify import fence, render  # noqa: PLC0415 - see main

    target = alertmanager.target_of(contact)
    words = render.for_service(replace(envelope, act_url=""), scheme_of(contact))
    alert = alertmanager.alert_of(envelope, words, target.labels, datetime.now(UTC))
    return fence.outcome_of(attempt, fence.post(target.url, [alert], target.headers))


def _check(contact: str) -> str | None:
    """Return what is wrong with a contact, None when nothing is. Nothing is sent."""
    from monitor.notify import contacts, fence  # noqa: PLC0415 - see main

    fault = contacts.surface_fault(contact)
    if fault or scheme_of(contact) in alertmanager.SCHEMES:
        return fault
    try:
        plugin = fence.plugin_for(contact)
    except Exception:  # noqa: BLE001 - plugins raise what they like; its text may hold the contact
        return f"{scheme_of(contact)}:// needs more or other parts than these"
    return contacts.plugin_fault(contact, plugin, frozenset(plugin.template_args) | frozenset(plugin.template_tokens))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
