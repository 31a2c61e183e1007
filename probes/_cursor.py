"""What a probe remembers of a feed between two readings, bounded: which entries it has seen, as what, and how many.

The cursor is a set of ids and not a date, so a feed that reorders itself, back-dates an entry or edits one in place
loses nothing and repeats nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from probes._feed import Entry, Feed
from probes.base import Unreadable

__all__ = ["News", "advance", "shrunk", "sized"]

SEEN_MAX = 2_000
PRINTS_VERSION = 1  # raise it when Entry.print is made differently: then nothing is taken for edited, once
SHRINK_FROM = 10
SHRINK_TO = 0.1
SHRINK_BELIEVED_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class News:
    """What a reading brought. `told`: the marks that were set for entries told of, as `advance` got them."""

    new: tuple[Entry, ...]
    edited: tuple[Entry, ...]
    told: frozenset[str]
    first: bool
    _seen: Mapping[str, str]
    _size: Mapping[str, Any]

    def memory(self, tell: Iterable[str] = ()) -> Mapping[str, Any]:
        """What to remember; `tell`: the ids of the entries that this reading tells of."""
        marks = self.told | frozenset(tell)
        seen = [[ident, said, ident in marks] for ident, said in self._seen.items()]
        return {"seen": seen[:SEEN_MAX], "prints": PRINTS_VERSION, **self._size}


def advance(feed: Feed, memory: Mapping[str, Any], now: datetime) -> News:
    """What is new and what was edited since `memory`; the first reading brings neither. Raises Unreadable on collapse.

    `memory` that is not of our making is taken for none: then the reading is a first one, and silent.
    """
    known = _known(memory)
    first = "seen" not in memory
    shrunk(len(feed.entries), memory, now)
    new = () if first else tuple(e for e in feed.entries if e.id not in known)
    comparable = memory.get("prints") == PRINTS_VERSION
    edited = (
        () if first or not comparable else tuple(e for e in feed.entries if e.id in known and known[e.id][0] != e.print)
    )
    # Those of the feed first: when the memory is full, what left the feed longest ago is forgotten first.
    seen = {e.id: e.print for e in feed.entries} | {i: said for i, (said, _) in known.items() if i not in _ids(feed)}
    told = frozenset(ident for ident, (_, mark) in known.items() if mark)
    return News(new, edited, told, first, seen, sized(len(feed.entries), now))


def _ids(feed: Feed) -> frozenset[str]:
    return frozenset(e.id for e in feed.entries)


def _known(memory: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    seen = memory.get("seen")
    rows = seen if isinstance(seen, list) else []
    return {str(r[0]): (str(r[1]), bool(r[2])) for r in rows if isinstance(r, list | tuple) and len(r) == 3}  # noqa: PLR2004 - id, print, told


def shrunk(count: int, memory: Mapping[str, Any], now: datetime) -> None:
    """Raise Unreadable when a feed has lost more than 90 % of its entries since its last good reading.

    An error page dressed as a feed looks like that. After 7 days we believe it: vendors do start over.
    """
    before, at = memory.get("count"), _moment(memory.get("counted"))
    if not isinstance(before, int) or before < SHRINK_FROM or at is None or now - at > SHRINK_BELIEVED_AFTER:
        return
    if count < SHRINK_TO * before:
        raise Unreadable(f"the feed had {before} entries and now has {count}: it has lost what it said")


def sized(count: int, now: datetime) -> dict[str, Any]:
    """What `shrunk` needs to know at the next reading."""
    return {"count": count, "counted": now.astimezone(UTC).isoformat(timespec="seconds")}


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
