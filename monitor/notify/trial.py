"""A message on request, to see that a contact works: past the outbox, straight through the sender."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from monitor.core import wording
from monitor.core.duty import Recipient
from monitor.core.model import Rules
from monitor.notify.model import Envelope, Sender, Sent

__all__ = ["notify_test", "trial_envelope"]


def trial_envelope(destination_id: str, now: datetime, rules: Rules) -> Envelope:
    """Return a test message for one destination, in its recipient's language and zone; `now` is aware."""
    where = rules.destinations.get(destination_id)
    anybody = Recipient("", "", language=rules.language, timezone=rules.timezone)
    recipient = rules.recipients.get(where.receiver, anybody) if where else anybody
    message = wording.trial(rules.team, recipient, rules, now)
    key = f"test/{destination_id}/{now:%Y%m%dT%H%M%S%f}"
    return Envelope(key=key, incident="test", revision=1, step="test", message=message, created=now)


async def notify_test(
    sender: Sender, destinations: Sequence[str], *, now: datetime, rules: Rules
) -> Mapping[str, Sent]:
    """Send a test to each destination at once; return what became of each, in the order given."""
    envelopes = [trial_envelope(name, now, rules) for name in destinations]
    sends = (sender.send(name, envelope) for name, envelope in zip(destinations, envelopes, strict=True))
    return dict(zip(destinations, await asyncio.gather(*sends), strict=True))
