"""Which channels people are not told of just now, whatever happens to them: for marking them where they are listed."""

from datetime import datetime

from monitor.core.duty import Maintenance, Silence
from monitor.core.labels import labels_of_channel
from monitor.core.matching import matches, selective
from monitor.core.model import ChannelRule, Rules, State
from monitor.core.oncall import occurrence

__all__ = ["Quiet", "quiet_now"]

_LASTING = ("channel", "platform", "market", "tags")


class Quiet:
    """What holds back at one moment. Two are equal when the same silences and the same work are active."""

    def __init__(self, silences: tuple[Silence, ...], works: tuple[Maintenance, ...]) -> None:
        self.silences = silences
        self.works = works

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quiet) and (self.silences, self.works) == (other.silences, other.works)

    def __hash__(self) -> int:
        return hash((self.silences, self.works))

    def of(self, rule: ChannelRule) -> str:
        """``"silenced"``, ``"silenced in part"``, ``"our maintenance"`` or nothing."""
        found = ""
        for each in self.silences:
            covers = _covers(each, rule)
            if covers:
                found = "silenced" if covers == "all" or found == "silenced" else "silenced in part"
        if found == "silenced" or not self.works:
            return found
        return "our maintenance" if any(_covers(work, rule) for work in self.works) else found


def _covers(what: Silence | Maintenance, rule: ChannelRule) -> str:
    """Whether it names this channel: ``"all"`` of its trouble, ``"part"``, or not."""
    lasting = [m for m in what.matchers if m.label in _LASTING]
    if not selective(lasting) or not matches(lasting, labels_of_channel(rule)):
        return ""
    return "all" if len(lasting) == len(what.matchers) else "part"


def quiet_now(state: State, rules: Rules, now: datetime) -> Quiet:
    """What holds back at `now`."""
    silences = [s for s in (*state.silences.values(), *rules.silences) if s.start <= now < s.end]
    works = [work for work in rules.maintenance if occurrence(work, now) is not None]
    return Quiet(tuple(silences), tuple(works))
