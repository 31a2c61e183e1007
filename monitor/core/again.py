"""A wish that is sent twice: by a press that is repeated, by a program that got no answer. It is one wish."""

from datetime import datetime, timedelta

__all__ = ["SENT_AGAIN_WITHIN", "is_same_time"]

SENT_AGAIN_WITHIN = timedelta(minutes=1)
"""A wish that begins "now" and comes again within this time is the same wish, sent once more."""


def is_same_time(held: tuple[datetime, datetime], wished: tuple[datetime, datetime]) -> bool:
    """Whether an earlier sending of the same wish has asked for this time: two moments, or a moment and how long."""
    same_end = held[1] == wished[1] or held[1] - held[0] == wished[1] - wished[0]
    return same_end and abs(held[0] - wished[0]) <= SENT_AGAIN_WITHIN
