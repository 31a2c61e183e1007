"""Which channels people are not told of just now, whatever happens to them: for marking them where they are listed."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from monitor.core.duty import Maintenance, Matcher, Silence
from monitor.core.labels import labels_of_channel
from monitor.core.matching import matches, selective
from monitor.core.model import ChannelRule, Rules, State
from monitor.core.oncall import occurrence

__all__ = ["Quiet", "quiet_word"]

WHOLE, WORK, PART = "silenced", "our maintenance", "silenced in part"
CHANNELS_PER_TURN = 50  # an expression costs about 15 µs
_LASTING = ("channel", "platform", "market", "tags")

_Matchers = tuple[Matcher, ...]


class Quiet:
    """Remembers which channels each silence and each work covers, so that a new one is all that has to be looked at."""

    def __init__(self) -> None:
        self._rules: Rules | None = None
        self._covered: dict[_Matchers, frozenset[str]] = {}

    async def now(self, state: State, rules: Rules, now: datetime) -> Mapping[str, str]:
        """Channel -> in a word or two, why it is not told of; those of which people are told are left out."""
        known = self._covered if self._rules is rules else {}
        covered: dict[_Matchers, frozenset[str]] = {}
        words: dict[str, str] = {}
        for matchers, word in _active(state, rules, now):
            if matchers not in covered:
                covered[matchers] = known[matchers] if matchers in known else await _covers(matchers, rules)
            for channel in covered[matchers]:
                words.setdefault(channel, word)
        self._rules, self._covered = rules, covered
        return words


def quiet_word(rule: ChannelRule, state: State, rules: Rules, now: datetime) -> str:
    """Why this one channel is not told of, or nothing."""
    labels = labels_of_channel(rule)
    return next((word for matchers, word in _active(state, rules, now) if matches(matchers, labels)), "")


async def _covers(matchers: _Matchers, rules: Rules) -> frozenset[str]:
    found = []
    for count, (channel, rule) in enumerate(rules.channels.items(), 1):
        if matches(matchers, labels_of_channel(rule)):
            found.append(channel)
        if count % CHANNELS_PER_TURN == 0:
            await asyncio.sleep(0)
    return frozenset(found)


def _active(state: State, rules: Rules, now: datetime) -> Iterator[tuple[_Matchers, str]]:
    """The matchers of what holds back now and names channels, and a word for it; what holds back most comes first."""
    silences = [s for s in (*state.silences.values(), *rules.silences) if s.start <= now < s.end]
    named = list(_naming(silences))
    yield from ((matchers, WHOLE) for matchers, whole in named if whole)
    yield from ((m, WORK) for m, _ in _naming(w for w in rules.maintenance if occurrence(w, now) is not None))
    yield from ((matchers, PART) for matchers, whole in named if not whole)


def _naming(active: Iterable[Silence | Maintenance]) -> Iterator[tuple[_Matchers, bool]]:
    """Of each that names channels, the matchers that do, and whether it asks for nothing else."""
    for each in active:
        lasting = tuple(m for m in each.matchers if m.label in _LASTING)
        if selective(lasting):
            yield lasting, len(lasting) == len(each.matchers)
