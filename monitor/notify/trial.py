"""A message on request, to see that a contact works: past the outbox, straight through the sender."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.core.model import Link, Message
from monitor.notify.model import Envelope, Sender, Sent

__all__ = ["notify_test", "trial_envelope"]


def trial_envelope(
    destination_id: str, now: datetime, *, team: str, zone: str = "UTC", board_url: str = ""
) -> Envelope:
    """Return a test message for one destination; `now` is aware, and is shown in `zone`."""
    at = now.astimezone(ZoneInfo(zone))
    message = Message(
        title="Test message from Vigie: this contact works",
        symbol="✉",
        paragraphs=(
            (
                "What this is",
                f"{team} asked Vigie for a test at {at:%H:%M} ({zone}). No channel is in trouble because of it.",
            ),
            ("What to do", "Nothing. If you did not expect this message, tell whoever looks after Vigie in your team."),
        ),
        links=(Link("Board", board_url),) if board_url else (),
    )
    key = f"test/{destination_id}/{now:%Y%m%dT%H%M%S%f}"
    return Envelope(key=key, incident="test", revision=1, step="test", message=message, created=now)


async def notify_test(
    sender: Sender,
    destinations: Sequence[str],
    *,
    now: datetime,
    team: str,
    zone: str = "UTC",
    board_url: str = "",
) -> Mapping[str, Sent]:
    """Send a test to each destination at once; return what became of each, in the order given."""
    envelopes = [trial_envelope(name, now, team=team, zone=zone, board_url=board_url) for name in destinations]
    sends = (sender.send(name, envelope) for name, envelope in zip(destinations, envelopes, strict=True))
    return dict(zip(destinations, await asyncio.gather(*sends), strict=True))
