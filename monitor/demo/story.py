"""The day, act by act: what happens in the world, and what Vigie must make of it. A miss ends it with `Missed`."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage

from monitor.demo.people import People, link_in
from monitor.demo.stage import DayClock, Stage
from monitor.demo.watching import Missed, Watch
from monitor.demo.world import World

__all__ = ["Story"]

INCIDENTS_TOLD = 4
QUIET_S = 3.0
DIGEST_WAIT_S = 120.0  # it comes at a full minute of this machine's clock, however fast the day passes
LOOKS = 3
PAGE_SAYS_WELL = "own page still says that all is well"
LINK, HAPPENED, CHANGED, NEXT = "Acknowledge", "What happened", "What changed", "When you will hear next"


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
    people: People
    stage: Stage
    clock: DayClock
    speed: float = 1.0
    rows: dict[str, Row] = field(default_factory=dict)

    async def play(self) -> None:
        """The whole day; raises Missed at the first thing that does not come out as the script says."""
        self.clock.restart()
        for act in (
            self._quiet_morning,
            self._price_rises,
            self._moderation_is_cut,
            self._calls_fail,
            self._page_admits,
            self._nobody_answers,
            self._meta_breaks,
            self._all_recovers,
            self._ledger_tells,
            self._digest_comes,
            self._evening,
        ):
            await act()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)

    async def _mail(
        self, row: str, to: str, subject: str, *says: str, only: tuple[str, ...] = (), wait_s: float | None = None
    ) -> EmailMessage:
        """A mail that must come now; it is shown (`only`: in part), and counted for a row of the summary."""
        arrived = await self.watch.mail(to, subject, *says, wait_s=wait_s)
        self.stage.mail(arrived.number, arrived.mail, self.clock.at(arrived.at), only)
        if row:
            self.rows[row].mails += 1
        return arrived.mail

    async def _typed(self, *words: str) -> str:
        """A command that a person types, shown with what it prints."""
        printed = await self.people.type(*words)
        self.stage.typed(f"vigie {' '.join(words)}", printed)
        return printed

    # --- news, and who sleeps -----------------------------------------------------------------------------------------

    async def _quiet_morning(self) -> None:
        self.stage.act("A quiet morning")
        self.stage.world("Vendors say that all is well. One hides its status page behind a log-in.")
        unknown = await self.watch.channel("webinars", "login page", availability="unknown")
        well = sorted(set(await self.watch.house.channels()) - {unknown["id"]})
        for channel_id in well:
            await self.watch.channel(channel_id, availability="operational", risk="none")
        self.stage.overview(list((await self.watch.house.channels()).values()))
        self.stage.vigie("What cannot be read is unknown, never green. Nobody is disturbed.")
        await self._pause(6)

    async def _price_rises(self) -> None:
        self.stage.act("A policy changes, and its reader sleeps")
        date = self.world.chirp_announces_a_price()
        self.world.chirp_adds_a_field()
        self.stage.world(f"Chirp's changelog: the posting API gets a price, from {date}; and drafts may have labels.")
        channel = await self.watch.channel("chirp", date, availability="operational", risk="elevated")
        knew = self.clock.now()
        self.rows["chirp"] = Row("Chirp: a price for the API", knew, f"{self.clock.hour(knew)}, its changelog")
        self.stage.channel(channel)
        await self.watch.incident("Chirp: policy change to act on", phase="open")
        self.stage.vigie("No alarm: Third has quiet hours, and hears of it with the digest.")
        await self._pause(5)

    async def _moderation_is_cut(self) -> None:
        self.stage.act("Bad company for a brand")
        self.world.a_paper_reports()
        self.stage.world("A newspaper writes that Loopvid lays off half of its moderation team.")
        channel = await self.watch.channel("loopvid", "lays off", availability="operational", risk="elevated")
        self.rows["loopvid"] = Row("Loopvid: moderation cut", self.clock.now(), "says nothing")
        self.stage.channel(channel, "one paper: elevated, not severe, so it waits for the digest too")
        await self._pause(4)
        self.world.a_second_paper_reports()
        self.stage.world("A second, independent paper confirms it.")
        self.stage.channel(await self.watch.channel("loopvid", "to a minimum", risk="severe"), "two papers")
        self.stage.vigie("Critical passes quiet hours. Third reads French:")
        await self._mail("loopvid", "third", r"^⚠ .*Loopvid\s: risque grave", "to a minimum", only=("Les faits",))
        await self._pause(6)

    # --- an outage, and who answers -----------------------------------------------------------------------------------

    async def _calls_fail(self) -> None:
        self.stage.act("The newsletter service falters, and its page does not say so")
        self.world.postwing_api(well=False)
        began = self.clock.now()
        self.stage.world("Postwing's API fails at our own health call. Its status page says: All Systems Operational.")
        channel = await self.watch.channel("newsletter", PAGE_SAYS_WELL, availability="degraded")
        knew = self.clock.now()
        self.rows["newsletter"] = Row("Newsletter (Postwing): outage", knew, "")
        self.stage.channel(channel, f"unconfirmed, {knew - began:.0f} s after it began, by three failed calls")
        owner = "First on call (deputy: Second on call)"
        await self._mail("newsletter", "first", r"Newsletter: degraded \(unconfirmed\)", PAGE_SAYS_WELL, owner)
        await self._pause(7)

    async def _page_admits(self) -> None:
        self.stage.act("The vendor's page admits it: First on call is called")
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
        says = ("before the vendor's page", "Fall back on Text messages")
        await self._mail("newsletter", "first", r"^✖ Worse .* Newsletter: outage", *says, only=(CHANGED, NEXT))

    async def _nobody_answers(self) -> None:
        self.stage.act("Nobody answers: Second on call is called, and takes it by the link")
        self.stage.world("First does not answer.")
        subject, says = r"^✖ Your turn .* Newsletter: outage", "First on call did not answer"
        link = link_in(await self._mail("newsletter", "second", subject, says, only=(LINK, CHANGED, NEXT)))
        for _ in range(LOOKS):
            await self.people.scan(link)
        await self.watch.incident("Newsletter: outage", phase="open", owner="")
        self.stage.world(f"A scanner of mails opens the link {LOOKS} times. Looking changes nothing.")
        await self._pause(3)
        said = await self.people.press(link, "acknowledge")
        if "You have it." not in said:
            raise Missed(f"The page behind the link was to say that Second has it.\nInstead: {said}")
        await self.watch.incident("Newsletter: outage", phase="acknowledged", owner="Second on call")
        self.stage.world("Second opens the link and presses “Acknowledge”.")
        self.stage.vigie("Second has it: no repeat, no further call. First hears who took it:")
        subject, says = r"^✖ Taken by Second on call .* Newsletter", "Second on call took it"
        await self._mail("newsletter", "first", subject, says, only=(CHANGED, NEXT))
        await self._pause(7)

    async def _meta_breaks(self) -> None:
        self.stage.act("Two channels of one platform break at once")
        self.world.meta(well=False)
        self.stage.world("Meta's page reports high disruptions for Facebook and for Instagram.")
        for channel_id in ("facebook", "instagram"):
            self.stage.channel(await self.watch.channel(channel_id, availability="outage"))
        knew = self.clock.now()
        self.rows["meta"] = Row("Meta: Facebook Pages and Instagram", knew, f"{self.clock.hour(knew)}, our source")
        self.stage.vigie("One cause, one message.")
        says = "Facebook Pages (outage) and Instagram (outage)"
        await self._mail("meta", "first", r"Meta: outage", says, only=(HAPPENED,))
        incident = await self.watch.incident("Meta: outage", phase="open")
        self.stage.world("This time First answers, by the command line:")
        await self._typed("ack", incident["id"], "--by", "first")
        await self.watch.incident("Meta: outage", phase="acknowledged", owner="First on call")
        await self._pause(6)

    # --- the end ------------------------------------------------------------------------------------------------------

    async def _all_recovers(self) -> None:
        self.stage.act("Recovery")
        self.world.postwing_api(well=True)
        self.stage.world("Our calls to Postwing go through again; its page still reports a major outage.")
        await self.watch.source("newsletter", "api.call", "operational")
        self.stage.channel(await self.watch.channel("newsletter", availability="outage"))
        self.stage.vigie("Our good calls do not cancel what the vendor admits. It is not over yet.")
        await self._pause(4)
        self.world.postwing_page(admits=False)
        self.world.meta(well=True)
        self.stage.world("Postwing's page says: All Systems Operational. Meta's says: No known issues.")
        for title, row, subject, told in (
            ("Meta: outage", "meta", r"Meta: works again after \d+", ("first",)),
            ("Newsletter: outage", "newsletter", r"Newsletter: works again after \d+", ("first", "second")),
        ):
            incident = await self.watch.incident(title, phase="resolved")
            self.stage.vigie(f"✔ {title} is over after {self.clock.span(incident['duration_s'])}", "green")
            for person in told:
                await self._mail(row, person, subject, "It lasted", only=(HAPPENED,) if person == "first" else (LINK,))
        self.stage.vigie("Whoever heard the beginning hears the end.")
        await self._pause(3)

    async def _ledger_tells(self) -> None:
        self.stage.act("Who was told, and who did what? The ledger knows")
        incident = await self.watch.incident("Newsletter: outage", phase="resolved")
        told = await self._typed("explain", incident["id"])
        if "Second on call took it by link" not in told:
            raise Missed(f"The ledger was to say who took it.\nInstead: {told}")
        await self._pause(6)

    async def _digest_comes(self) -> None:
        self.stage.act("The night of Third is over")
        self.stage.vigie("All that waited comes as one message.")
        says = ("Chirp", "Drafts can carry a label")
        await self._mail("", "third", r"^☰", *says, wait_s=DIGEST_WAIT_S)
        self.rows["chirp"].mails += 1

    async def _evening(self) -> None:
        self.stage.act("Evening")
        for channel_id in ("newsletter", "facebook", "instagram"):
            await self.watch.channel(channel_id, availability="operational")
        await self.watch.nothing_else(QUIET_S, INCIDENTS_TOLD)
        self.stage.summary(
            [(r.what, self.clock.hour(r.knew), r.page, r.lead, str(r.mails)) for r in self.rows.values()]
        )
        to = Counter(str(mail["To"]).partition("@")[0] for mail in self.watch.claimed)
        each = ", ".join(f"{person} {count}" for person, count in sorted(to.items()))
        self.stage.say(f"Messages sent: {to.total()} ({each}); nothing else was sent.", "bold")
