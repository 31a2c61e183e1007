"""Many messages in one: the digest after quiet hours, the reminder of all that nobody took, the summary of a storm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitor.core.duty import Recipient
from monitor.core.model import Link, Message, Rules
from monitor.core.saying import mark
from monitor.core.wording.names import board_link
from monitor.core.wording.speech import Speech

__all__ = ["Gathered", "gathered"]

SYMBOL = "☰"
LINES_MAX = 20
OPEN_STEPS = frozenset({"opened", "updated", "repeat", "escalated", "handed_over", "lapsed"})


@dataclass(frozen=True, slots=True)
class Gathered:
    """One message that goes out in a common one: its title and symbol, already in the reader's language.

    `step`: see `STEPS`. `created`: when it was decided. `incident`: its id, or a name of its own.
    """

    title: str
    symbol: str
    step: str
    critical: bool
    created: datetime
    incident: str


Kind = Literal["digest", "summary", "repeat"]


def gathered(kind: Kind, rows: Sequence[Gathered], recipient: Recipient, rules: Rules, now: datetime) -> Message:
    """One message of all `rows`, what weighs most first; of each incident only the newest. At most 20 lines."""
    speech = Speech(recipient.language, recipient.timezone, now)
    kept = _newest(rows)
    groups = {heading: [r for r in kept if _group(r) == heading] for heading in GROUPS}
    paragraphs = []
    left = LINES_MAX
    for heading, found in groups.items():
        lines = [f"{row.symbol} {_bare(row, speech)}".strip() for row in found[:left]]
        hidden = len(found) - len(lines)
        left -= len(lines)
        if hidden:
            lines.append(speech.say("… and {n} more", "… and {n} more", n=hidden))
        if lines:
            paragraphs.append((speech.say(heading), "\n".join(lines)))
    waiting = len(groups[NOW]) + len(groups[OPEN])
    paragraphs.append((speech.say("What to do now"), _todo(kind, waiting, speech)))
    paragraphs.append(("", speech.say("Times: {zone}.", zone=speech.zone)))
    board = board_link(rules)
    return Message(
        title=_title(kind, kept, speech),
        symbol=SYMBOL,
        paragraphs=tuple(paragraphs),
        links=(Link(speech.say("Vigie's board"), board),) if board else (),
        language=speech.language,
        act=speech.say("Acknowledge all, or see more") if waiting else "",
    )


NOW, OPEN, OVER, MORE = mark("Needs attention now"), mark("In trouble"), mark("Over"), mark("Worth knowing")
GROUPS = (NOW, OPEN, OVER, MORE)


def _group(row: Gathered) -> str:
    if row.step in OPEN_STEPS:
        return NOW if row.critical else OPEN
    return OVER if row.step == "resolved" else MORE


def _newest(rows: Iterable[Gathered]) -> list[Gathered]:
    """The newest of each incident, oldest first."""
    newest = {row.incident: row for row in sorted(rows, key=lambda row: row.created)}
    return sorted(newest.values(), key=lambda row: row.created)


def _bare(row: Gathered, speech: Speech) -> str:
    """Its title; that all of them are still open is said once, above."""
    return row.title.removeprefix(speech.say("{tag} – {title}", tag=speech.say("Still open"), title=""))  # noqa: RUF001 - the dash is meant


def _title(kind: Kind, rows: Sequence[Gathered], speech: Speech) -> str:
    """How many, and the one that weighs most: all that fits into a short message."""
    n, first = len(rows), min(rows, key=lambda row: GROUPS.index(_group(row)), default=None)
    one, many = _TITLES[kind]
    return speech.fit(lambda title: speech.say(one, many, n=n, title=title), _bare(first, speech) if first else "")


_TITLES: dict[Kind, tuple[str, str]] = {
    "repeat": (mark("Unacknowledged: {title}", "{n} unacknowledged, among them {title}")),
    "summary": (mark("At once: {title}", "{n} messages at once, among them {title}")),
    "digest": (mark("Digest: {title}", "Digest of {n}, among them {title}")),
}


def _todo(kind: Kind, waiting: int, speech: Speech) -> str:
    if not waiting:
        return speech.say("Nothing at once: worth knowing when you plan.")
    said = speech.say("Look at what is open, and acknowledge what you take.")
    if kind == "summary":
        said += "\n" + speech.say("So much at once often has one cause: the board shows all of it.")
    return said
