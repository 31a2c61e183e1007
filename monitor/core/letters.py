"""Messages that are about no incident: to one recipient, by its first contact method."""

from datetime import datetime

from monitor.core.draft import Draft
from monitor.core.duty import Labels, Recipient
from monitor.core.model import Gather, Message, Notification, Priority
from monitor.core.receivers import held_until

__all__ = ["direct"]


def direct(  # noqa: PLR0913 - the parts of one message
    draft: Draft,
    recipient: Recipient,
    name: str,
    step: str,
    message: Message,
    code: str,
    *,
    priority: Priority = Priority.NEWS,
    critical: bool = False,
    due: datetime | None = None,
    ways: int | None = 1,
    channel: str = "",
    labels: Labels | None = None,
    acts: tuple[str, ...] = (),
) -> bool:
    """Queue it, once for each `name`; False where there is no way to the recipient.

    `due`: with the digest of that moment; by default at once, or with the next digest in quiet hours. `ways`: by so
    many of the recipient's contact methods; None: all.
    """
    rules = draft.rules
    due = due or held_until(recipient, draft.now, critical=critical)
    for method in recipient.methods[:ways]:
        where = rules.destinations[method.destination]
        draft.notifications.append(
            Notification(
                key=f"{name}/1/{step}/{where.id}",
                incident=name,
                revision=1,
                step=step,
                destination=where.id,
                message=message,
                created=draft.now,
                expires=(due or draft.now) + (rules.ttl_critical if critical else rules.ttl),
                critical=critical,
                recipient=recipient.id,
                due=due,
                priority=priority,
                gather=Gather.DIGEST if due else Gather.NONE,
                labels=labels or {},
                acts=acts,
            )
        )
        text = f"{where.name} is told by {where.way or where.service}: {step}"
        draft.decide(code, text, channel=channel, destination=where.id)
    return bool(recipient.methods)
