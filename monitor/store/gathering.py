"""Which messages go to a destination as one. Plain functions on rows; nothing here asks the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Row

from monitor.core.model import Gather

__all__ = ["GATHER_ROWS_MAX", "STALE_AFTER", "choose", "is_stale", "key_of", "planned"]

GATHER_ROWS_MAX = 200
"""In one message; the others go in the next."""

STALE_AFTER = timedelta(minutes=10)
"""So long after its time a message is old news: its destination was away, or its pace is slow."""

DIGEST, REPEAT, SUMMARY = "digest", "repeat", "summary"
_DIGEST_CHARS = 16


def choose(
    top: Row[Any], rows: Sequence[Row[Any]], now: datetime, *, storming: bool = False
) -> tuple[str, list[Row[Any]]]:
    """Of `rows` of one destination, those that go with `top`, which is due and one of them; and as what.

    What may have arrived goes again as it went, so that its key says that it is a repeat: then `rows` are those that
    went with it. Else they are all that is due or stale.
    """
    if top.repeat:
        return top.parcel.partition("/")[0], list(rows)
    due = [row for row in rows if row.due <= now]
    stale = [row for row in rows if is_stale(row, now)]
    if storming and len(due) > 1:
        return SUMMARY, due
    if is_stale(top, now) and len(stale) > 1:
        return DIGEST, stale
    if top.gather == Gather.DIGEST:
        return DIGEST, [row for row in due if row.gather == Gather.DIGEST]  # also one: a digest is what is expected
    repeats = [row for row in due if row.gather == Gather.REPEAT]
    if top.gather == Gather.REPEAT and len(repeats) > 1:
        return REPEAT, repeats
    return "", [top]


def planned(row: Row[Any]) -> datetime:
    """When the mind wanted a row sent; its `due` moves on with each try."""
    moment: datetime = row.planned or row.created
    return moment


def is_stale(row: Row[Any], now: datetime) -> bool:
    """Whether a row has waited too long to be told as news."""
    return planned(row) + STALE_AFTER <= now


def key_of(kind: str, destination: str, rows: Sequence[Row[Any]]) -> str:
    """The key of a message made of several: the same for the same rows. It begins with the kind."""
    names = "\n".join(sorted(row.key for row in rows))
    return f"{kind}/{sha256(names.encode()).hexdigest()[:_DIGEST_CHARS]}/{destination}"
