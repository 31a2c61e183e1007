"""The outside, on loopback: eight vendors that answer in their formats, and the things that can happen to them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from aiohttp import web

from monitor.demo import payloads
from monitor.demo.payloads import Item

__all__ = ["Answer", "World"]

HOST = "127.0.0.1"
JSON, RSS, HTML = "application/json", "application/rss+xml", "text/html"

SENDING = "Email sending"
POSTWING_PARTS = (SENDING, "Sign-up forms", "Dashboard", "Reports")
CHIRP_PARTS = ("Timeline", "Posting", "API")
LOOPVID_PARTS = ("Video upload", "Playback", "Ads manager")
CHANGELOG = ("Chirp developer changelog", "https://developers.chirp.example/changelog")
NEWS = ("Marketing news", "https://news.example/marketing")
NOTICE = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address says until something happens."""

    body: str
    kind: str = JSON
    status: int = 200


@dataclass
class World:
    """The vendors' answers by path. Its methods are the events of the day."""

    answers: dict[str, Answer] = field(default_factory=dict)
    port: int = 0
    _changelog: list[Item] = field(default_factory=list)
    _news: list[Item] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    def __post_init__(self) -> None:
        now = _now()
        old = now - timedelta(days=9)
        self._changelog = [
            Item("Fixed: avatars in search", "A small fix for avatars.", f"{CHANGELOG[1]}/1041", old),
            Item("New field in the posts answer", "Posts tell their language now.", f"{CHANGELOG[1]}/1042", old),
        ]
        self._news = [
            Item("Loopvid opens an office in Lyon", "The team is to grow.", "https://herald.example/lyon", old),
            Item("Five ideas for autumn campaigns", "What worked last year.", "https://courier.example/ideas", old),
        ]
        self.answers = {
            "/chirp/api/v2/summary.json": Answer(payloads.statuspage("Chirp", CHIRP_PARTS, now)),
            "/loopvid/api/v2/summary.json": Answer(payloads.statuspage("Loopvid", LOOPVID_PARTS, now)),
            "/ads/incidents.json": Answer(payloads.ads_incidents(now)),
            "/textline/summary.json": Answer(payloads.instatus("Textline")),
            "/shop/health": Answer(payloads.api_answer(well=True)),
            "/stagecast/api/v2/summary.json": Answer(payloads.login_page(), HTML),
        }
        self.postwing_api(well=True)
        self.postwing_page(admits=False)
        self.meta(well=True)
        self._publish()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.port}"

    async def _answer(self, request: web.Request) -> web.Response:
        found = self.answers.get(request.path)
        if found is None:
            return web.Response(status=404, text="not here")
        return web.Response(status=found.status, text=found.body, content_type=found.kind)

    # --- what can happen ----------------------------------------------------------------------------------------------

    def postwing_api(self, *, well: bool) -> None:
        """The newsletter vendor's API answers, or breaks."""
        self.answers["/postwing-api/v1/health"] = Answer(payloads.api_answer(well=well), status=200 if well else 503)

    def postwing_page(self, *, admits: bool) -> None:
        """The newsletter vendor's page says that all is well, or owns up."""
        now = _now()
        said = "Mails wait in our queue and are not sent. We are looking for the cause."
        incident = payloads.trouble("Mails are not being sent", said, SENDING, now) if admits else None
        states = {SENDING: "major_outage"} if admits else None
        body = payloads.statuspage("Postwing", POSTWING_PARTS, now, states=states, incident=incident)
        self.answers["/postwing/api/v2/summary.json"] = Answer(body)

    def meta(self, *, well: bool) -> None:
        """Meta's page: two of its channels break at once, or both work."""
        states = {} if well else dict.fromkeys(("facebook", "instagram"), "High disruptions")
        self.answers["/meta/data/orgs.json"] = Answer(payloads.meta_orgs(_now(), states=states))

    def chirp_announces_a_price(self) -> str:
        """An entry in Chirp's changelog; the date from which it holds, as the entry writes it."""
        now = _now()
        day = now + NOTICE
        date = f"{day:%B} {day.day}, {day.year}"
        self._changelog.append(
            Item(
                "New prices for the posting API",
                f"The free tier ends. Effective {date}, each post by the API costs 0.02 EUR and the monthly fee for "
                "scheduling tools doubles.",
                f"{CHANGELOG[1]}/1043",
                now,
            )
        )
        self._publish()
        return date

    def chirp_adds_a_field(self) -> None:
        """A small entry in Chirp's changelog, for the record."""
        self._changelog.append(
            Item("Drafts can carry a label", "Drafts may be labelled from now on.", f"{CHANGELOG[1]}/1044", _now())
        )
        self._publish()

    def a_paper_reports(self) -> None:
        """One publisher says that Loopvid cuts its moderation."""
        self._report("Loopvid lays off half of its moderation team", "Reviews of reported clips take days.", "herald")

    def a_second_paper_reports(self) -> None:
        """Another, independent publisher says so too."""
        self._report("Loopvid cuts moderation to a minimum, staff say", "Advertisers ask for a meeting.", "courier")

    def _report(self, title: str, text: str, paper: str) -> None:
        self._news.append(Item(title, text, f"https://{paper}.example/loopvid-moderation", _now()))
        self._publish()

    def _publish(self) -> None:
        self.answers["/chirp/changelog.rss"] = Answer(payloads.rss(*CHANGELOG, self._changelog), RSS)
        self.answers["/news/marketing.rss"] = Answer(payloads.rss(*NEWS, self._news), RSS)


def _now() -> datetime:
    return datetime.now(UTC)
