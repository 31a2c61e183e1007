"""The day, act by act: what happens in the world, and what Vigie must make of it. A miss ends it with `Missed`."""

import asyncio
from dataclasses import dataclass, field
from email.message import EmailMessage

from monitor.demo.stage import DayClock, Stage
from monitor.demo.watching import Watch
from monitor.demo.world import World

__all__ = ["Story"]

INCIDENTS_TOLD = 4
QUIET_S = 4.0
PAGE_SAYS_WELL = "own page still says that all is well"


@dataclass
class Row:
    """A line of the summary. Times are the day clock's seconds."""

    what: str
    knew: float
    page: str
    lead: str = "-"
    mails: int = 0


@dataclass
class Story:
    """The script. `pause` is how long a scene is left to be looked at, in seconds at speed 1."""

    world: World
    watch: Watch
    stage: Stage
    clock: DayClock
    speed: float = 1.0
    rows: dict[str, Row] = field(default_factory=dict)

    async def play(self) -> None:
        """The whole day; raises Missed at the first thing that does not come out as the script says."""
        self.clock.restart()
        for act in (
            self._quiet_morning,
            self._calls_fail,
            self._page_admits,
            self._meta_breaks,
            self._price_rises,
            self._moderation_is_cut,
            self._all_recovers,
            self._evening,
        ):
            await act()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    async def _mail(self, row: str, subject: str, *says: str) -> EmailMessage:
        """A mail that must come now; it is shown, and counted for a row of the summary."""
        number, mail = await self.watch.mail(subject, *says)
        self.stage.mail(number, mail)
        self.rows[row].mails += 1
        return mail

    # --- acts ---------------------------------------------------------------------------------------------------------

    async def _quiet_morning(self) -> None:
        self.stage.act("A quiet morning")
        self.stage.world("Vendors say that all is well. One hides its status page behind a log-in.")
        unknown = await self.watch.channel("webinars", "login page", availability="unknown")
        well = sorted(set(await self.watch.house.channels()) - {unknown["id"]})
        for channel_id in well:
            await self.watch.channel(channel_id, availability="operational", risk="none")
        self.stage.overview(list((await self.watch.house.channels()).values()))
        self.stage.vigie("What cannot be read is unknown, never green. Nobody is disturbed.")
        await self._pause(10)

    async def _calls_fail(self) -> None:
        self.stage.act("The newsletter service falters, and its page does not say so")
        self.world.postwing_api(well=False)
        began = self.clock.now()
        self.stage.world("Postwing's API fails at our own health call. Its status page says: All Systems Operational.")
        channel = await self.watch.channel("newsletter", PAGE_SAYS_WELL, availability="degraded")
        knew = self.clock.now()
        self.rows["newsletter"] = Row("Newsletter (Postwing): outage", knew, "")
        self.stage.channel(channel, f"unconfirmed, {knew - began:.0f} s after it began, by three failed calls")
        owner = "first (deputy: second)"
        await self._mail("newsletter", r"Newsletter: degraded \(unconfirmed\)", PAGE_SAYS_WELL, owner)
        await self._pause(14)

    async def _page_admits(self) -> None:
        self.stage.act("The vendor's page admits it")
        self.world.postwing_page(admits=True)
        self.stage.world("Postwing's page turns to a major outage: “Mails are not being sent”.")
        channel = await self.watch.channel("newsletter", "Mails are not being sent", availability="outage")
        page = self.clock.now()
        self.stage.channel(channel)
        incident = await self.watch.incident("Newsletter: outage", phase="open", severity="critical")
        lead_s = float(incident["lead_s"] or 0.0)
        row = self.rows["newsletter"]
        row.page, row.lead = self.clock.hour(page), f"{self.clock.span(lead_s)} ({lead_s:.0f} s here)"
        self.stage.vigie(f"Our own calls were {self.clock.span(lead_s)} ahead of the page ({lead_s:.0f} s here).")
        await self._mail(
            "newsletter", r"Newsletter: now outage", "before the vendor's page", "Fall back on Text messages"
        )
        await self._pause(12)

    async def _meta_breaks(self) -> None:
        self.stage.act("Two channels of one platform break at once")
        self.world.meta(well=False)
        self.stage.world("Meta's page reports high disruptions for Facebook and for Instagram.")
        for channel_id in ("facebook", "instagram"):
            self.stage.channel(await self.watch.channel(channel_id, availability="outage"))
        knew = self.clock.now()
        self.rows["meta"] = Row("Meta: Facebook Pages and Instagram", knew, f"{self.clock.hour(knew)}, our source")
        self.stage.vigie("One cause, one message.")
        await self._mail("meta", r"Meta: outage", "Facebook Pages: outage; Instagram: outage")
        await self._pause(11)

    async def _price_rises(self) -> None:
        self.stage.act("A policy changes")
        date = self.world.chirp_announces_a_price()
        self.stage.world(f"Chirp's changelog has a new entry: the posting API gets a price, from {date}, in five days.")
        channel = await self.watch.channel("chirp", date, availability="operational", risk="elevated")
        knew = self.clock.now()
        self.rows["chirp"] = Row("Chirp: a price for the API", knew, f"{self.clock.hour(knew)}, its changelog")
        self.stage.channel(channel)
        await self._mail("chirp", r"Chirp: ", "New prices for the posting API", date)
        await self._pause(9)

    async def _moderation_is_cut(self) -> None:
        self.stage.act("Bad company for a brand")
        self.world.a_paper_reports()
        self.stage.world("A newspaper writes that Loopvid lays off half of its moderation team.")
        channel = await self.watch.channel("loopvid", "lays off", availability="operational", risk="elevated")
        self.rows["loopvid"] = Row("Loopvid: moderation cut", self.clock.now(), "says nothing")
        self.stage.channel(channel, "one paper: elevated, not severe")
        await self._mail("loopvid", r"Loopvid: elevated", "lays off half of its moderation team")
        await self._pause(8)
        self.world.a_second_paper_reports()
        self.stage.world("A second, independent paper confirms it.")
        self.stage.channel(await self.watch.channel("loopvid", "to a minimum", risk="severe"), "two papers")
        await self._mail("loopvid", r"Loopvid: now severe", "to a minimum")
        await self._pause(9)

    async def _all_recovers(self) -> None:
        self.stage.act("Recovery")
        self.world.postwing_api(well=True)
        self.stage.world("Our calls to Postwing go through again; its page still reports a major outage.")
        await self.watch.source("newsletter", "api.call", "operational")
        self.stage.channel(await self.watch.channel("newsletter", availability="outage"))
        self.stage.vigie("Our good calls do not cancel what the vendor admits. It is not over yet.")
        await self._pause(5)
        self.world.postwing_page(admits=False)
        self.world.meta(well=True)
        self.stage.world("Postwing's page says: All Systems Operational. Meta's says: No known issues.")
        for title, row, subject in (
            ("Meta: outage", "meta", r"Meta: works again after \d+"),
            ("Newsletter: outage", "newsletter", r"Newsletter: works again after \d+"),
        ):
            incident = await self.watch.incident(title, phase="resolved")
            self.stage.vigie(f"✔ {title} is over after {self.clock.span(incident['duration_s'])}", "green")
            await self._mail(row, subject, "It lasted")
        await self._pause(9)

    async def _evening(self) -> None:
        self.stage.act("Evening")
        for channel_id in ("newsletter", "facebook", "instagram"):
            await self.watch.channel(channel_id, availability="operational")
        await self.watch.nothing_else(QUIET_S, INCIDENTS_TOLD)
        self.stage.overview(list((await self.watch.house.channels()).values()))
        self.stage.summary(
            [(r.what, self.clock.hour(r.knew), r.page, r.lead, str(r.mails)) for r in self.rows.values()]
        )
        sent = len(self.watch.claimed)
        self.stage.say(f"Messages sent: {sent}; nothing else was sent.", "bold")
