"""What the spectator sees: a running commentary in plain lines, mails in a frame, a table at the end."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

__all__ = ["DayClock", "Stage", "excerpt", "plain_part", "span"]

WIDTH_MAX = 110
LABEL_WIDTH = 8
MORNING = datetime(2000, 1, 1, 8, 0)  # noqa: DTZ001 - an hour of the story, of no day and no zone
STORY_S_PER_S = 300.0
REASONS_SHOWN_MAX = 3

_SYMBOLS = {"operational": "✔", "maintenance": "🛠", "degraded": "▲", "outage": "✖", "unknown": "?"}
_STYLES = {"operational": "green", "degraded": "yellow", "outage": "red", "unknown": "magenta"}


def span(seconds: float) -> str:
    """``"45 s"``, ``"12 min"``, ``"1 h 05 min"``."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004 - an hour


def plain_part(mail: EmailMessage) -> str:
    """A mail's text as a plain mail reader shows it; "" where it has none."""
    part = mail.get_body(("plain",))
    return str(part.get_content()).replace("\r\n", "\n") if isinstance(part, EmailMessage) else ""


def excerpt(text: str, headings: Sequence[str]) -> str:
    """The first line of a mail, and those of its parts that begin with one of the headings."""
    first, *parts = text.strip().split("\n\n")
    return "\n\n".join([first, *(part for part in parts if part.startswith(tuple(headings)))])


@dataclass
class DayClock:
    """The story's hours: the day begins at 08:00, and one second here is five minutes there (at speed 1)."""

    speed: float
    _began: float = field(default_factory=time.monotonic)

    def restart(self) -> None:
        """It is 08:00 now."""
        self._began = time.monotonic()

    def now(self) -> float:
        """Seconds here since 08:00 there."""
        return self.at(time.monotonic())

    def at(self, moment: float) -> float:
        """The `now()` of a moment of `time.monotonic`."""
        return moment - self._began

    def hour(self, at: float | None = None) -> str:
        """The hour of the story at a `now()`, by default the present one."""
        passed = self.now() if at is None else at
        return f"{MORNING + timedelta(seconds=passed * STORY_S_PER_S * self.speed):%H:%M}"

    def span(self, seconds: float) -> str:
        """What so many seconds here are in the story."""
        return span(seconds * STORY_S_PER_S * self.speed)


class Stage:
    """Prints. All texts are taken as they are: what comes from outside is no markup."""

    def __init__(self, clock: DayClock, console: Console | None = None) -> None:
        self._clock = clock
        self._console = console or Console(highlight=False, emoji=False)
        self._console.width = min(self._console.width, WIDTH_MAX)

    @property
    def is_terminal(self) -> bool:
        """Whether somebody sits before it."""
        return self._console.is_terminal

    def say(self, text: str = "", style: str = "") -> None:
        """A line of our own."""
        self._console.print(Text(text, style=style))

    def act(self, title: str) -> None:
        """A new act, with the story's hour."""
        self._console.print()
        self._console.print(Rule(Text(f"{self._clock.hour()}  {title}", style="bold"), align="left", style="dim"))

    def world(self, text: str) -> None:
        """Something happens outside."""
        self._line("World", text, "cyan")

    def vigie(self, text: str, style: str = "") -> None:
        """What Vigie makes of it."""
        self._line("Vigie", text, style or "bold")

    def channel(self, channel: dict[str, Any], note: str = "") -> None:
        """A channel as the API has it: state in word and symbol, and why."""
        state, risk = channel["availability"], channel["risk"]
        words = state if risk == "none" else f"{state}, risk {risk}"
        symbol = _SYMBOLS.get(state, "?") if risk == "none" else "⚠"
        style = _STYLES.get(state, "") if risk == "none" else "yellow"
        self.vigie(f"{symbol} {channel['name']}: {words}{f' ({note})' if note else ''}", style)
        for reason in channel["reasons"][:REASONS_SHOWN_MAX]:
            self._line("", f"“{reason}”", "")

    def _line(self, label: str, text: str, style: str) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=LABEL_WIDTH, style="dim")
        grid.add_column()
        grid.add_row(label, Text(text, style=style))
        self._console.print(grid)

    def mail(self, number: int, mail: EmailMessage, arrived: float, only: Sequence[str] = ()) -> None:
        """A mail as plain text; `arrived`: a `now()` of the clock. `only`: of its parts those with these headings."""
        part = ", in part" if only else ""
        title = Text(f" Mail {number} to {mail['To']} · {self._clock.hour(arrived)}{part} ", style="bold")
        text = excerpt(plain_part(mail), only) if only else plain_part(mail).rstrip()
        panel = Panel(Text(text), title=title, title_align="left", box=box.ROUNDED, padding=(1, 2))
        self._console.print(Padding(panel, (1, 0, 1, 2)))

    def typed(self, command: str, printed: str) -> None:
        """A command and what it printed, as in a terminal."""
        self._line("", f"$ {command}", "bold")
        self._line("", printed, "")

    def overview(self, channels: Sequence[dict[str, Any]]) -> None:
        """All channels in a table."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for heading in ("Channel", "State", "Why"):
            table.add_column(heading)
        for each in channels:
            state = each["availability"]
            risky = f", risk {each['risk']}" if each["risk"] != "none" else ""
            style = "yellow" if risky else _STYLES.get(state, "")
            word = Text(f"{_SYMBOLS.get(state, '?')} {state}{risky}", style=style)
            table.add_row(Text(each["name"]), word, Text(" ".join(each["reasons"][:1])))
        self._console.print(Padding(table, (0, 0, 0, LABEL_WIDTH + 1)))

    def summary(self, rows: Sequence[Sequence[str]]) -> None:
        """The day in a table: a row for each thing that happened."""
        table = Table(box=box.ROUNDED, padding=(0, 1), show_lines=True)
        for heading in ("What happened", "Vigie knew", "The vendor's own page", "Lead", "Mails"):
            table.add_column(heading, justify="right" if heading == "Mails" else "left")
        for row in rows:
            table.add_row(*map(Text, row))
        self._console.print()
        self._console.print(table)
