"""The life of an incident.

An incident is *pending* while its trouble is seen but not yet to be told as one (an unknown that has not lasted, a
verdict held back while we are blind); it is *open* from then on, *acknowledged* once a person took it, *resolved* when
its channels have been well for long enough, and *closed* when the time in which the same trouble reopens it has passed.
The table below is the only place that knows which move is legal; the diagram in monitor/README.md is drawn from it.
"""

from enum import StrEnum

from monitor.core.model import Phase

__all__ = ["TRANSITIONS", "Move", "advance", "diagram", "is_active"]


class Move(StrEnum):
    """What can happen to an incident."""

    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    ACKNOWLEDGE = "acknowledge"
    LAPSE = "lapse"
    RECOVER = "recover"
    RECUR = "recur"
    EXPIRE = "expire"


TRANSITIONS: dict[tuple[Phase, Move], Phase] = {
    (Phase.PENDING, Move.CONFIRM): Phase.OPEN,
    (Phase.PENDING, Move.WITHDRAW): Phase.CLOSED,
    (Phase.OPEN, Move.ACKNOWLEDGE): Phase.ACKNOWLEDGED,
    (Phase.OPEN, Move.RECOVER): Phase.RESOLVED,
    (Phase.ACKNOWLEDGED, Move.LAPSE): Phase.OPEN,
    (Phase.ACKNOWLEDGED, Move.RECOVER): Phase.RESOLVED,
    (Phase.RESOLVED, Move.RECUR): Phase.OPEN,
    (Phase.RESOLVED, Move.EXPIRE): Phase.CLOSED,
}


def advance(phase: Phase, move: Move) -> Phase:
    """The phase after a move; an illegal move is a bug of ours and raises AssertionError."""
    after = TRANSITIONS.get((phase, move))
    assert after is not None, f"an incident that is {phase} cannot {move}"
    return after


def is_active(phase: Phase) -> bool:
    """Whether people are, or may soon be, concerned: pending, open or acknowledged."""
    return phase in (Phase.PENDING, Phase.OPEN, Phase.ACKNOWLEDGED)


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.PENDING.value}"]
    lines += [f"    {a.value} --> {b.value}: {move.value}" for (a, move), b in TRANSITIONS.items()]
    return "\n".join([*lines, f"    {Phase.CLOSED.value} --> [*]"])
