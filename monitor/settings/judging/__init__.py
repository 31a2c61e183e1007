"""What can only be said of a whole configuration: whether what it names is there, and whether it does what is meant."""

from monitor.settings.judging.dependencies import judge_dependencies
from monitor.settings.judging.receivers import judge_receivers
from monitor.settings.judging.routes import judge_routes
from monitor.settings.judging.times import judge_times
from monitor.settings.notes import Notes
from monitor.settings.parts import Parts

__all__ = ["judge"]


def judge(parts: Parts, notes: Notes) -> None:
    """Note every fault and every doubt in what the parts say of each other."""
    judge_receivers(parts, notes)
    judge_routes(parts, notes)
    judge_dependencies(parts, notes)
    judge_times(parts, notes)
