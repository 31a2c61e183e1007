"""One lane per destination: how fast it may be used, and when to leave it alone for a while.

Everything is reckoned from the `now` that is handed in; nothing here waits or looks at a clock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.model import SendOutcome
from monitor.notify.model import Parcel, Sent
from monitor.notify.services import Manner

__all__ = [
    "LOOK_BACK_S",
    "STORM_CALM",
    "STORM_EVERY_S",
    "STORM_MESSAGES_MAX",
    "STORM_WINDOW_S",
    "Breaker",
    "Lane",
    "Verdict",
    "decide",
]

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


STORM_MESSAGES_MAX, STORM_CALM, STORM_WINDOW_S, STORM_EVERY_S = 20, 5, 600.0, 60.0
"""After 20 messages within 10 min all that is due becomes one, and there is at most one in 60 s, until fewer than 5
went within 10 min. Not for programs, to whom each message is news about its own incident."""

LOOK_BACK_S = max(STORM_WINDOW_S, *(window_s for limits in PACE.values() for _, window_s in limits))
"""For so long a lane must remember what it did."""


class Breaker(StrEnum):
    """Whether a destination is tried: closed: yes; open: not yet; half open: one try will tell."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True)
class Lane:
    """What the dispatcher remembers of one destination. `failures`: in a row; `not_before`: rest after a failure.

    `program`: it is no person or room. `heard`: when it got messages, the newest STORM_MESSAGES_MAX of them. `last`:
    keys of the rows that it was tried with last, unless the destination alone failed.
    """

    destination: str
    manner: Manner
    program: bool = False
    failures: int = 0
    not_before: datetime | None = None
    busy: bool = False
    tries: deque[datetime] = field(default_factory=deque)
    heard: deque[datetime] = field(default_factory=lambda: deque(maxlen=STORM_MESSAGES_MAX))
    storm: bool = False  # as it was when it was last asked for
    last: frozenset[str] = frozenset()

    def storming(self, now: datetime) -> bool:
        """Return whether it got so many messages of late that the next must stand for all that waits."""
        if not self.storm and len(self.heard) < STORM_MESSAGES_MAX:
            return False
        since = now - timedelta(seconds=STORM_WINDOW_S)
        of_late = sum(at > since for at in self.heard)
        self.storm = not self.program and of_late >= (STORM_CALM if self.storm else STORM_MESSAGES_MAX)
        return self.storm

    def ready_at(self, now: datetime) -> datetime:
        """Return when the next try may start; <= `now` means at once."""
        ready = self.not_before or now
        if self.storming(now):
            ready = max(ready, self.heard[-1] + timedelta(seconds=STORM_EVERY_S))
        for count, window_s in PACE[self.manner]:
            if len(self.tries) >= count:
                ready = max(ready, self.tries[-count] + timedelta(seconds=window_s))
        return ready

    def breaker(self, now: datetime) -> Breaker:
        """Return the circuit breaker's state."""
        if self.failures < FAILURES_MAX:
            return Breaker.CLOSED
        return Breaker.OPEN if self.not_before is not None and self.not_before > now else Breaker.HALF_OPEN

    def start(self, now: datetime, keys: frozenset[str]) -> None:
        """Note that a try starts, with these rows."""
        self.busy = True
        self.last = keys
        self._tried(now)

    def _tried(self, at: datetime) -> None:
        self.tries.append(at)
        while len(self.tries) > max(count for count, _ in PACE[self.manner]):
            self.tries.popleft()

    def forgive(self) -> None:
        """Forget failures: it leads elsewhere now. Its pace stays, for the service may be the same."""
        self.failures = 0
        self.not_before = None

    def recall(self, at: datetime, outcome: SendOutcome) -> None:
        """Note a try that ended before this process began, so that a restart in a storm lets no other storm loose."""
        self._tried(at)
        self._arrived(at, outcome)

    def _arrived(self, at: datetime, outcome: SendOutcome) -> None:
        if outcome in {SendOutcome.DELIVERED, SendOutcome.UNKNOWN}:
            self.heard.append(at)
            self.storming(at)

    def end(self, sent: Sent, now: datetime, jitter: Callable[[float], float]) -> None:
        """Note how a try ended. A refusal is an answer: the receiver is there."""
        self.busy = False
        self._arrived(now, sent.outcome)
        if sent.outcome in {SendOutcome.DELIVERED, SendOutcome.REJECTED}:
            self.failures = 0
            self.not_before = None
            return
        self.failures += 1
        if sent.unseen:
            self.last = frozenset()  # no message is to blame: the most urgent is tried again first
        if self.failures < FAILURES_MAX:
            rest_s = QUICK_S[self.failures - 1]
        else:
            rest_s = min(BREAK_S * 2.0 ** min(self.failures - FAILURES_MAX, 10), BREAK_S_MAX)
        self.not_before = now + timedelta(seconds=max(jitter(rest_s), retry_after_s(sent)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message becomes after a try: final when `due` is None."""

    outcome: SendOutcome
    due: datetime | None = None


def retry_after_s(sent: Sent) -> float:
    """Return how long the receiver asked us to wait, within reason; 0 when it did not ask."""
    if sent.retry_after_s is None:
        return 0.0
    return min(max(sent.retry_after_s, RETRY_AFTER_S_MIN), RETRY_AFTER_S_MAX)


def decide(parcel: Parcel, sent: Sent, now: datetime, lane: Lane, jitter: Callable[[float], float]) -> Verdict:
    """Return what becomes of a message; `lane` has seen this try's end.

    One that failed more often than its lane in a row, so that others got through, waits for itself; else it waits as
    long as the lane does, and keeps its place before those that are less urgent.
    """
    if sent.outcome is SendOutcome.UNKNOWN:
        again = parcel.critical and not parcel.unknown_before
        due = now + timedelta(seconds=REPEAT_S)
        return Verdict(SendOutcome.UNKNOWN, due if again and due < parcel.expires else None)
    if sent.outcome is not SendOutcome.RETRY:
        return Verdict(sent.outcome)
    alone = parcel.attempts >= lane.failures
    pause_s = jitter(ROW_BACKOFF_S[min(parcel.attempts, len(ROW_BACKOFF_S) - 1)]) if alone else 0.0
    return Verdict(SendOutcome.RETRY, max(now + timedelta(seconds=pause_s), lane.ready_at(now)))
