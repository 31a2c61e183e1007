"""One lane per destination: how fast it may be used, and when to leave it alone for a while.

Everything is reckoned from the `now` that is handed in; nothing here waits or looks at a clock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.model import SendOutcome
from monitor.notify.model import OutboxRow, Sent
from monitor.notify.services import Manner

__all__ = ["Breaker", "Lane", "Verdict", "decide"]

QUICK_S = (1.0, 2.0, 4.0, 4.0, 4.0)
"""Pauses after the first failures of a destination: tries at 0, 1, 3, 7, 11 and 15 s, so one that is away for 15 s
at most has its message within 4 s of being back. The sixth failure in a row opens the breaker."""

FAILURES_MAX = len(QUICK_S) + 1
BREAK_S, BREAK_S_MAX = 30.0, 600.0
ROW_BACKOFF_S = (*QUICK_S, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0)
RETRY_AFTER_S_MIN, RETRY_AFTER_S_MAX = 1.0, 3_600.0
REPEAT_S = 30.0

PACE: dict[Manner, tuple[tuple[int, float], ...]] = {
    Manner.MAIL: ((3, 6.0),),
    Manner.CHAT: ((3, 3.0),),
    Manner.PUSH: ((3, 3.0),),
    Manner.PAGER: ((10, 5.0),),
    Manner.WEBHOOK: ((50, 2.5),),
    Manner.SMS: ((1, 60.0), (5, 900.0), (11, 3_600.0)),
}
"""At most n tries in any w seconds, per manner: a first message goes at once, a burst is smoothed (mail 1 per 2 s,
chat 1 per s; SMS and voice as GoAlert has them)."""


class Breaker(StrEnum):
    """Whether a destination is tried: closed: yes; open: not yet; half open: one try will tell."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Lane:
    """What the dispatcher remembers of one destination. `failures`: in a row; `not_before`: rest after a failure."""

    destination: str
    manner: Manner
    failures: int = 0
    not_before: datetime | None = None
    busy: bool = False
    tries: deque[datetime] = field(default_factory=deque)

    def ready_at(self, now: datetime) -> datetime:
        """Return when the next try may start; <= `now` means at once."""
        ready = self.not_before or now
        for count, window_s in PACE[self.manner]:
            if len(self.tries) >= count:
                ready = max(ready, self.tries[-count] + timedelta(seconds=window_s))
        return ready

    def breaker(self, now: datetime) -> Breaker:
        """Return the circuit breaker's state."""
        if self.failures < FAILURES_MAX:
            return Breaker.CLOSED
        return Breaker.OPEN if self.not_before is not None and self.not_before > now else Breaker.HALF_OPEN

    def start(self, now: datetime) -> None:
        """Note that a try starts."""
        self.busy = True
        self.tries.append(now)
        while len(self.tries) > max(count for count, _ in PACE[self.manner]):
            self.tries.popleft()

    def end(self, sent: Sent, now: datetime, jitter: Callable[[float], float]) -> None:
        """Note how a try ended. A refusal is an answer: the receiver is there."""
        self.busy = False
        if sent.outcome in {SendOutcome.DELIVERED, SendOutcome.REJECTED}:
            self.failures = 0
            self.not_before = None
            return
        self.failures += 1
        if self.failures < FAILURES_MAX:
            rest_s = QUICK_S[self.failures - 1]
        else:
            rest_s = min(BREAK_S * 2.0 ** min(self.failures - FAILURES_MAX, 10), BREAK_S_MAX)
        self.not_before = now + timedelta(seconds=max(jitter(rest_s), retry_after_s(sent)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row becomes after a try: final when `due` is None."""

    outcome: SendOutcome
    due: datetime | None = None


def retry_after_s(sent: Sent) -> float:
    """Return how long the receiver asked us to wait, within reason; 0 when it did not ask."""
    if sent.retry_after_s is None:
        return 0.0
    return min(max(sent.retry_after_s, RETRY_AFTER_S_MIN), RETRY_AFTER_S_MAX)


def decide(row: OutboxRow, sent: Sent, now: datetime, lane: Lane, jitter: Callable[[float], float]) -> Verdict:
    """Return what becomes of the row; `lane` has seen this try's end."""
    if sent.outcome is SendOutcome.UNKNOWN:
        again = row.critical and not row.unknown_before
        due = now + timedelta(seconds=REPEAT_S)
        return Verdict(SendOutcome.UNKNOWN, due if again and due < row.expires else None)
    if sent.outcome is not SendOutcome.RETRY:
        return Verdict(sent.outcome)
    if now >= row.expires:
        return Verdict(SendOutcome.EXPIRED)
    pause_s = max(jitter(ROW_BACKOFF_S[min(row.attempts, len(ROW_BACKOFF_S) - 1)]), retry_after_s(sent))
    due = max(now + timedelta(seconds=pause_s), lane.ready_at(now))
    # The end of its life is a due time too: the dead letter is told then, not at a retry that will not be made.
    return Verdict(SendOutcome.RETRY, min(due, row.expires))
