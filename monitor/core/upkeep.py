"""What time brings beside channels and incidents: schedules, silences and overrides that end, the Watchdog."""

from dataclasses import replace

from monitor.core import duties, ourselves, overrides, silences
from monitor.core.draft import Draft
from monitor.core.model import Condition
from monitor.core.saying import Saying

__all__ = ["look_after", "watched"]


def look_after(draft: Draft) -> None:
    """Schedules, silences, overrides and the Watchdog, when something of theirs is due."""
    monitor = draft.monitor
    if monitor.duties is not None and draft.now < monitor.duties:
        draft.look_again(monitor.duties)
        return
    draft.monitor = replace(monitor, duties=None)
    silences.end_silences(draft)
    overrides.end_overrides(draft)
    duties.review_schedules(draft)
    expected = draft.rules.watchdog
    if expected is not None:
        heard = draft.monitor.watchdog or draft.monitor.started or draft.now
        if draft.now >= heard + expected:
            text = Saying("Prometheus' Watchdog is silent: the way of metrics and their alerts is broken")
            ourselves.monitor_trouble(draft, Condition.WATCHDOG, (text,))
        else:
            draft.look_at_duties(heard + expected)
    else:
        ourselves.monitor_well(draft, Condition.WATCHDOG, "It is no longer expected")


def watched(draft: Draft) -> None:
    """Prometheus' Watchdog was heard."""
    draft.monitor = replace(draft.monitor, watchdog=draft.now)
    ourselves.monitor_well(draft, Condition.WATCHDOG, "The Watchdog is heard again")
    if draft.rules.watchdog is not None:
        draft.look_at_duties(draft.now + draft.rules.watchdog)
