"""From what the outbox hands out to the envelope that a sender gets. Pure; the words for many at once come from a port.

A fault in making words or a link must not hold a message back: then the titles stand in for the words, and the link is
left out.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from monitor.core.model import Message
from monitor.notify.model import Envelope, OutboxRow, Parcel

__all__ = ["Gatherer", "Linker", "enclose", "listing", "no_link"]

LOG = logging.getLogger("vigie.notify")
TITLE_CHARS_MAX = 80

Gatherer = Callable[[str, str, Sequence[OutboxRow]], Message]
"""Words for several rows, the most urgent first: kind ("digest", "repeat" or "summary"), destination, rows."""

Linker = Callable[[OutboxRow], str]
"""The signed link of whoever gets a row, for all that it lets act on (`acts`); empty: there is none."""


def listing(kind: str, destination: str, rows: Sequence[OutboxRow]) -> Message:  # noqa: ARG001 - as a `Gatherer`
    """Words for several rows without a word of our own: their titles, the first one's as the title of all."""
    first = rows[0].message
    titles = "\n".join(f"{row.message.symbol} {row.message.title}".strip() for row in rows)
    return replace(first, title=first.title[:TITLE_CHARS_MAX], paragraphs=(("", titles),))


def no_link(row: OutboxRow) -> str:  # noqa: ARG001 - as a `Linker`
    """Nobody can act by a link."""
    return ""


def enclose(parcel: Parcel, gather: Gatherer, link: Linker) -> Envelope:
    """The envelope of a parcel: the row's own, or one of the kind of what is gathered."""
    row = _as_one(parcel, gather) if parcel.kind else parcel.rows[0]
    return Envelope(
        key=row.key,
        incident=row.incident,
        revision=row.revision,
        step=row.step,
        message=row.message,
        created=row.created,
        critical=row.critical,
        attempt=row.attempts + 1,
        repeat=row.unknown_before,
        recipient=row.recipient,
        labels=row.labels,
        opened=row.opened,
        resolved=row.resolved,
        priority=row.priority,
        act_url=_link(row, link),
    )


def _as_one(parcel: Parcel, gather: Gatherer) -> OutboxRow:
    """A row that stands for all; it is about no single incident, so that it stands by itself at the receiver's too."""
    rows = parcel.rows
    return replace(
        rows[0],
        key=parcel.key,
        incident=":".join(parcel.key.split("/")[:2]),
        revision=1,
        step=parcel.kind,
        message=_words(parcel, gather),
        created=min(row.created for row in rows),
        critical=parcel.critical,
        priority=min(row.priority for row in rows),
        acts=tuple(dict.fromkeys(act for row in rows for act in row.acts)),
        attempts=parcel.attempts,
        unknown_before=parcel.unknown_before,
        labels={},
        opened=None,
        resolved=None,
    )


def _words(parcel: Parcel, gather: Gatherer) -> Message:
    try:
        return gather(parcel.kind, parcel.destination, parcel.rows)
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with the words, the message must go out
        LOG.error("the words of a %s could not be made: %s", parcel.kind, type(fault).__name__)  # noqa: TRY400 - its text may hold what is secret
        return listing(parcel.kind, parcel.destination, parcel.rows)


def _link(row: OutboxRow, link: Linker) -> str:
    try:
        return link(row)
    except Exception as fault:  # noqa: BLE001 - likewise
        LOG.error("the link of a message could not be made: %s", type(fault).__name__)  # noqa: TRY400 - likewise
        return ""
