"""The demo checks itself: each expectation has a deadline, and a miss says what was due and what was there instead."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from monitor.demo.house import House
from monitor.demo.inbox import Inbox
from monitor.demo.stage import plain_part

__all__ = ["Arrived", "Missed", "Watch", "keep"]

WAIT_S_MAX = 30.0
LOOK_S = 0.1

Json = dict[str, Any]


class Missed(Exception):  # noqa: N818 - the demo's word for it
    """What the script says did not come."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that was waited for: the how-manieth, and when it came (`time.monotonic`)."""

    number: int
    mail: EmailMessage
    at: float


@dataclass
class Watch:
    """Waits for what must come: in Vigie's API, and in the mailbox."""

    house: House
    inbox: Inbox
    folder: Path
    wait_s: float = WAIT_S_MAX
    claimed: list[EmailMessage] = field(default_factory=list)

    async def _until(
        self, what: str, look: Callable[[], Awaitable[tuple[Any, Any]]], wait_s: float | None = None
    ) -> Any:  # noqa: ANN401 - whatever `look` finds
        """What `look` finds first that is not None; raises Missed with what it saw instead."""
        wait_s = self.wait_s if wait_s is None else wait_s
        limit = time.monotonic() + wait_s
        while True:
            found, seen = await look()
            if found is not None:
                return found
            if time.monotonic() > limit:
                raise Missed(f"Expected within {wait_s:g} s: {what}.\nInstead: {_shown(seen)}")
            await asyncio.sleep(LOOK_S)

    async def channel(self, channel_id: str, says: str = "", **wanted: object) -> Json:
        """The channel as soon as it has the `wanted` values, and a reason that holds `says`."""

        async def look() -> tuple[Json | None, Json]:
            seen = (await self.house.channels())[channel_id]
            holds = all(seen[name] == value for name, value in wanted.items())
            told = not says or any(says in reason for reason in seen["reasons"])
            return (seen if holds and told else None), seen

        due = ", ".join([f"{name} {value}" for name, value in wanted.items()] + ([f"“{says}”"] if says else []))
        found: Json = await self._until(f"{channel_id} with {due}", look)
        return found

    async def source(self, channel_id: str, kind: str, state: str) -> None:
        """The channel's probe of that kind says `state` now."""

        async def look() -> tuple[bool | None, object]:
            said = {p["kind"]: p["state"] for p in (await self.house.channel(channel_id))["probes"]}
            return (True if said[kind] == state else None), said

        await self._until(f"{kind} of {channel_id} to say {state}", look)

    async def incident(self, title: str, **wanted: object) -> Json:
        """The newest incident of that title as soon as it has the `wanted` values."""

        async def look() -> tuple[Json | None, object]:
            seen = await self.house.incidents()
            for each in seen:
                if each["title"] == title and all(each[name] == value for name, value in wanted.items()):
                    return each, None
            return None, [{n: i[n] for n in ("title", *wanted)} for i in seen]

        found: Json = await self._until(f"an incident “{title}” with {wanted}", look)
        return found

    async def mail(self, to: str, subject: str, *says: str, wait_s: float | None = None) -> Arrived:
        """The next mail to somebody whose subject matches and whose text holds what it must; kept on disk."""

        async def look() -> tuple[EmailMessage | None, object]:
            for mail in self.unclaimed():
                text = " ".join(plain_part(mail).split())
                to_them = str(mail["To"]).startswith(f"{to}@")
                if to_them and re.search(subject, str(mail["Subject"])) and all(word in text for word in says):
                    return mail, None
            return None, [f"To {m['To']}\n{plain_part(m)}" for m in self.unclaimed()] or "no new mail"

        what = f"a mail to {to} with a subject like “{subject}” that says {says}"
        mail: EmailMessage = await self._until(what, look, wait_s)
        self.claimed.append(mail)
        keep(mail, self.folder, len(self.claimed))
        at = next(at for at, known in zip(self.inbox.times, self.inbox.mails, strict=True) if known is mail)
        return Arrived(len(self.claimed), mail, at)

    def unclaimed(self) -> list[EmailMessage]:
        """Mails that nobody has waited for yet."""
        return [m for m in self.inbox.mails if not any(m is known for known in self.claimed)]

    async def nothing_else(self, seconds: float, told: int) -> None:
        """For so long no mail comes that the script does not know, and Vigie itself knows of no other told incident."""
        await asyncio.sleep(seconds)
        left = [str(m["Subject"]) for m in self.unclaimed()]
        if left:
            raise Missed(f"Nothing else was to be sent.\nInstead: {_shown(left)}")
        incidents = [i["title"] for i in await self.house.incidents() if i["told"]]
        if len(incidents) != told:
            raise Missed(f"Expected {told} incidents of which somebody was told.\nInstead: {_shown(incidents)}")


def keep(mail: EmailMessage, folder: Path, number: int) -> None:
    """Write the mail as .eml and its HTML part as .html, named after its subject."""
    words = re.sub(r"[^a-z0-9]+", "-", str(mail["Subject"]).lower()).strip("-")[:50].strip("-")
    path = folder / f"{number:02d}-{words}"
    path.with_name(path.name + ".eml").write_bytes(mail.as_bytes())
    page = mail.get_body(("html",))
    if isinstance(page, EmailMessage):
        path.with_name(path.name + ".html").write_text(str(page.get_content()), encoding="utf-8")


def _shown(seen: object) -> str:
    return seen if isinstance(seen, str) else json.dumps(seen, indent=1, ensure_ascii=False, default=str)
