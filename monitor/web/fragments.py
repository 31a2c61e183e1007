"""Texts that are made again only when what they show has changed, with a pause for the loop now and then."""

import asyncio
from collections.abc import Callable, Iterable

__all__ = ["Fragments"]

PAUSE_EVERY = 25  # renderings, about 1 ms of work
PASS_EVERY = 500  # look-ups that found nothing to do


class Fragments:
    """One rendered text per id. Keys are compared by value, and hold what the text was made from."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[tuple[object, ...], str]] = {}

    async def get(self, wanted: Iterable[tuple[str, tuple[object, ...]]], make: Callable[[str], str]) -> list[str]:
        """The texts of `wanted` (id and key), in its order; `make` renders the one of an id. Others are forgotten."""
        held: dict[str, tuple[tuple[object, ...], str]] = {}
        work = 0
        for each, key in wanted:
            before = self._held.get(each)
            if before is not None and before[0] == key:
                held[each] = before
                work += 1
            else:
                held[each] = (key, make(each))
                work += PASS_EVERY // PAUSE_EVERY
            if work >= PASS_EVERY:
                work = 0
                await asyncio.sleep(0)
        self._held = held
        return [text for _, text in held.values()]
