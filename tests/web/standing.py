"""A house that stands still: real state and rules of the core, put there by hand, behind the protocol of the web."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from immutables import Map

from monitor.core import links
from monitor.core.duty import Override, Silence
from monitor.core.links import Claim
from monitor.core.model import (
    Acted,
    Answer,
    ChannelRule,
    ChannelState,
    Condition,
    Decision,
    Event,
    Failure,
    Health,
    Held,
    Incident,
    Message,
    MonitorState,
    Notification,
    Phase,
    ProbeRule,
    ProbeState,
    Risk,
    Rules,
    SendOutcome,
    State,
    Told,
)
from monitor.core.step import step
from monitor.metrics import Metrics
from monitor.web import Changes, Refused, Sent
from probes.base import Availability, Certainty, Evidence, Family, Observation, Reason, Severity, Signal
from tests.web.people import with_people

NOW = datetime(2026, 11, 22, 2, 12, 40, tzinfo=UTC)
LINK_KEY = bytes(range(32))
NAUGHTY = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[31m\ud800 {{ 7*7 }} javascript:alert(3)'


@dataclass
class Run:
    """A kept run, shaped as the store's."""

    at: datetime
    observation: Observation | None = None
    reason: Reason | None = None
    text: str = ""
    cut: bool = False


@dataclass
class Row:
    """A row of the outbox, shaped as the store's."""

    notification: Notification
    state: str
    last_error: str = ""


@dataclass
class Attempt:
    """A delivery attempt, shaped as the store's."""

    at: datetime
    outcome: str
    detail: str = ""


@dataclass
class Delivery:
    """A notification with its attempts, shaped as the store's."""

    row: Row
    attempts: Sequence[Attempt]


@dataclass
class SilenceRow:
    """A silence, shaped as the store's."""

    silence: Silence
    ended: bool


@dataclass
class OverrideRow:
    """A change by hand to a schedule, shaped as the store's."""

    override: Override
    ended: bool


@dataclass
class Standing:
    """Implements `monitor.web.House`."""

    state: State = field(default_factory=State)
    rules: Rules = field(default_factory=Rules)
    warnings: Sequence[str] = ()
    version: str = "0.1.0"
    changed: Changes = field(default_factory=Changes)
    at: datetime = NOW
    is_alive: bool = True
    is_ready: tuple[bool, str] = (True, "")
    ledger: Sequence[Decision] = ()
    runs: dict[str, list[Run]] = field(default_factory=dict)
    closed: Sequence[Incident] = ()
    over: list[SilenceRow] = field(default_factory=list)  # silences of the past
    taken: list[OverrideRow] = field(default_factory=list)  # overrides of the past
    letters: dict[str, list[Delivery]] = field(default_factory=dict)
    faults: Sequence[str] = ()
    tested: list[str | None] = field(default_factory=list)
    reloads: int = 0
    broken: str = ""
    acts: list[Event] = field(default_factory=list)
    answer: Answer | None = None  # in place of what the mind would say
    slow: str = ""  # what is said in place of an answer while the disk hangs

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.version, fresh_s=0.0)
        self.metrics.configure(self.rules)
        self.metrics.channels(self.rules, self.state)

    def now(self) -> datetime:
        return self.at

    def alive(self) -> bool:
        return self.is_alive

    def ready(self) -> tuple[bool, str]:
        return self.is_ready

    async def decisions(self, *, channel: str = "", incident: str = "", limit: int = 100) -> Sequence[Decision]:
        if self.broken:
            raise OSError(self.broken)
        found = [d for d in self.ledger if (channel and d.channel == channel) or (incident and d.incident == incident)]
        return sorted(found, key=lambda d: d.at, reverse=True)[:limit]

    async def observations(self, probe: str, limit: int = 1) -> Sequence[Run]:
        return self.runs.get(probe, [])[:limit]

    async def incidents(self, limit: int = 200) -> Sequence[Incident]:
        found = [*self.state.incidents.values(), *self.closed]
        return sorted(found, key=lambda i: i.opened, reverse=True)[:limit]

    async def incidents_named(self, ids: Collection[str]) -> Mapping[str, Incident]:
        known = {i.id: i for i in (*self.state.incidents.values(), *self.closed)}
        return {name: known[name] for name in ids if name in known}

    async def silences(self, limit: int = 200) -> Sequence[SilenceRow]:
        found = [*self.over, *(SilenceRow(s, ended=False) for s in self.state.silences.values())]
        return sorted(found, key=lambda row: row.silence.start, reverse=True)[:limit]

    async def overrides(self, schedule: str | None, since: datetime, limit: int = 200) -> Sequence[OverrideRow]:
        found = [*self.taken, *(OverrideRow(o, ended=False) for o in self.state.overrides.values())]
        wanted = [r for r in found if schedule in {None, r.override.schedule} and r.override.spans[-1].end > since]
        return wanted[:limit]

    async def deliveries(self, incident: str) -> Sequence[Delivery]:
        return self.letters.get(incident, [])

    async def render_metrics(self, *, openmetrics: bool, gzip: bool) -> tuple[bytes, str]:
        return await self.metrics.render(openmetrics=openmetrics, gzip=gzip)

    async def act_notify_test(self, receiver: str | None) -> Sequence[Sent]:
        if receiver not in {None, "first"}:
            raise Refused("No receiver of this name is configured.", unknown=True)
        self.tested.append(receiver)
        return [Sent("first/1", "delivered")]

    async def act(self, event: Event) -> Answer:
        self.acts.append(event)
        if self.slow:  # as `monitor.daemon.wishes` does it
            raise Refused(self.slow)
        if self.answer is not None:
            return self.answer
        if isinstance(event, Acted):  # as `monitor.daemon.wishes` does it
            event = replace(event, closed=tuple(i.id for i in self.closed))
        decided = step(self.state, event, self.rules, self.at)
        self.state = decided.state
        self.ledger = (*self.ledger, *decided.decisions)
        self.closed = [*self.closed, *decided.closed]
        self.over += [SilenceRow(each, ended=True) for each in decided.ended_silences]
        self.taken += [OverrideRow(each, ended=True) for each in decided.ended_overrides]
        self.changed.bump()
        return decided.answer or Answer.yes("done", "Heard.")

    def read_link(self, token: str) -> Claim:
        return links.read(LINK_KEY, token, self.at)

    async def act_reload(self) -> None:
        if self.faults:
            raise Refused("The configuration has faults.", self.faults)
        self.reloads += 1


def probe_rule(
    channel: str, number: int = 1, family: Family = Family.STATUS, kind: str = "status.statuspage"
) -> ProbeRule:
    host = f"{channel}status.example.com"
    return ProbeRule(
        f"{channel}/{number}", channel, kind, family, f"https://{host}/api/v2/summary.json", host,
        timedelta(seconds=60), timedelta(minutes=5),
    )  # fmt: skip


def well(channel: str, hours: float = 70) -> ChannelState:
    return ChannelState(channel, Health(Availability.OPERATIONAL), since=NOW - timedelta(hours=hours))


def _signal(summary: str, severity: Severity, **more: object) -> Signal:
    base: dict[str, object] = {
        "key": "incident:abc", "family": Family.STATUS, "certainty": Certainty.OFFICIAL,
        "since": NOW - timedelta(minutes=61), "url": "https://metastatus.com/ads-manager",
        "evidence": (
            Evidence("We are investigating an issue where advertisers may be unable to create or edit campaigns.",
                     NOW - timedelta(minutes=58), "https://metastatus.com/ads-manager"),
            Evidence("The fix is rolling out.", NOW - timedelta(minutes=12), "javascript:alert(1)"),
        ),
    }  # fmt: skip
    return Signal(summary=summary, severity=severity, **{**base, **more})  # type: ignore[arg-type]  # fields of a test


def _ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


NAMES = (
    "X", "YouTube", "Google Ads", "Google Search", "LinkedIn", "LinkedIn Ads", "TikTok for Business", "Pinterest",
    "Snapchat", "Mailchimp", "HubSpot", "Salesforce Marketing Cloud", "Klaviyo", "SendGrid", "Twilio", "Slack", "Zoom",
    "Shopify",
    "Stripe", "Cloudflare", "AWS", "Google Cloud", "Microsoft Advertising", "Amazon Ads", "Criteo", "Taboola",
    "Outbrain", "Braze", "Iterable", "Intercom", "Zendesk", "Vimeo", "Wistia", "Canva", "Buffer", "Hootsuite",
)  # fmt: skip


UNCONFIRMED = "The vendor's own page still says that all is well; this is unconfirmed, from our own calls alone"
LOGIN_PAGE = "The status page at telegramstatus.example.com cannot be read: a login page came instead of the page"


def town() -> Standing:
    """Forty-three channels on a bad night: Meta is out, Reddit wavers, one page cannot be read, one risk is severe."""
    rules: dict[str, ChannelRule] = {}
    channels: dict[str, ChannelState] = {}
    probes: dict[str, ProbeState] = {}

    def add(name: str, platform: str, state: ChannelState | None, **more: object) -> str:
        cid = name.lower().replace(" ", "-")
        rules[cid] = ChannelRule(cid, name, platform, platform.title(), (probe_rule(cid),), **more)  # type: ignore[arg-type]  # fields
        if state is not None:
            channels[cid] = ChannelState(cid, state.health, state.since, risk_since=state.risk_since)
            signals = (_signal("All systems operational.", Severity.OK, key="page", url="", evidence=()),)
            probes[f"{cid}/1"] = ProbeState(
                f"{cid}/1", cid, _ago(seconds=31), _ago(seconds=31), NOW + timedelta(minutes=4), signals
            )
        return cid

    for number, name in enumerate(NAMES):
        add(name, name.lower().split(" ", maxsplit=1)[0], well(name, 3 + 37 * number))
    out = ("Ads Manager: major outage, says the vendor's page.", "Publishing: degraded, says the vendor's page.")
    sick = Health(
        Availability.OUTAGE, reasons=out, score=0.1, penalties={"status": 0.9}, evidence=("facebook/1#incident:abc",)
    )
    add(
        "Facebook",
        "meta",
        ChannelState("", sick, _ago(minutes=58)),
        owner="First on call",
        deputy="Second on call",
        fallback="google-ads",
        playbook="https://wiki.example.org/meta-down",
        status_url="https://metastatus.com/",
    )
    add(
        "Instagram",
        "meta",
        ChannelState("", Health(Availability.OUTAGE, reasons=out[:1]), _ago(minutes=55)),
        fallback="TikTok",
    )
    wavers = Health(
        Availability.DEGRADED,
        confirmed=False,
        diverges=True,
        reasons=("Our own calls fail: 3 of the last 5 got no answer in time", UNCONFIRMED),
        unknowns=(),
    )
    add("Reddit", "reddit", ChannelState("", wavers, _ago(minutes=4)))
    risky = Health(
        Availability.OPERATIONAL,
        Risk.ELEVATED,
        risk_reasons=("Two publishers report that Threads cut its moderation team by half.",),
    )
    add("Threads", "meta", ChannelState("", risky, _ago(days=9), risk_since=_ago(hours=5)))
    dark = Health(reasons=(LOGIN_PAGE,), unknowns=(LOGIN_PAGE,))
    add("Telegram", "telegram", ChannelState("", dark, _ago(minutes=21)))
    probes["telegram/1"] = ProbeState(
        "telegram/1",
        "telegram",
        _ago(seconds=20),
        _ago(minutes=27),
        NOW - timedelta(minutes=22),
        failure=Failure(Reason.BLOCKED, f"a login page came: {NAUGHTY}", _ago(minutes=27), unreachable=False),
    )
    add("Vine", "vine", None, defunct=True)
    planned = Health(Availability.MAINTENANCE, reasons=("Scheduled maintenance until 05:00, says the vendor's page.",))
    add("Mastodon", "mastodon", ChannelState("", planned, _ago(minutes=12)))
    probes["facebook/1"] = ProbeState(
        "facebook/1",
        "facebook",
        _ago(seconds=12),
        _ago(seconds=12),
        NOW + timedelta(minutes=4),
        (
            _signal("Ads Manager: major outage", Severity.CRITICAL, topics=("ads",)),
            _signal(NAUGHTY, Severity.WARNING, key="b", url=NAUGHTY),
        ),
        (
            Held(
                _signal("An event that lapses", Severity.INFO, key="c", lasts=timedelta(hours=6)),
                _ago(hours=1),
                NOW + timedelta(hours=5),
            ),
        ),
    )
    told = (Told("first/1", 1, _ago(minutes=57), "1/1/opened/first/1", Severity.CRITICAL, ("facebook",)),)
    meta = Incident(
        "17",
        "meta",
        Condition.AVAILABILITY,
        Phase.OPEN,
        Severity.CRITICAL,
        ("facebook", "instagram"),
        _ago(minutes=58),
        firing=_ago(minutes=58),
        reasons=out,
        peak=Severity.CRITICAL,
        told=told,
        lead_s=420.0,
    )
    reddit = Incident(
        "18",
        "reddit",
        Condition.AVAILABILITY,
        Phase.OPEN,
        Severity.WARNING,
        ("reddit",),
        _ago(minutes=4),
        firing=_ago(minutes=4),
        reasons=wavers.reasons[:1],
    )
    past = Incident(
        "12",
        "stripe",
        Condition.AVAILABILITY,
        Phase.CLOSED,
        Severity.WARNING,
        ("stripe",),
        _ago(days=3),
        resolved=_ago(days=3) + timedelta(minutes=47),
        reasons=(NAUGHTY,),
    )
    note = Notification(
        "17/1/opened/first/1", "17", 1, "opened", "first/1", Message("Meta: outage", "✖"), _ago(minutes=57), NOW
    )
    row = Delivery(
        Row(note, "delivered"),
        [
            Attempt(_ago(minutes=57, seconds=5), SendOutcome.RETRY, "503 Service Unavailable"),
            Attempt(_ago(minutes=57), SendOutcome.DELIVERED),
        ],
    )
    ledger = (
        Decision(
            _ago(minutes=58), "availability_changed", "Facebook was operational and is now outage", "facebook", "17"
        ),
        Decision(_ago(minutes=58), "incident_opened", "Ads Manager: major outage", "facebook", "17"),
        Decision(
            _ago(minutes=55),
            "incident_joined",
            "Instagram joined: Meta's channels share one incident",
            "instagram",
            "17",
        ),
        Decision(
            _ago(minutes=54), "not_told_group_interval", "The next message waits until 02:17", "", "17", "first/1"
        ),
        Decision(_ago(minutes=27), "source_unknown", NAUGHTY, "telegram"),
    )
    page = b'{"page": {"name": "Meta"}, "note": "<script>alert(1)</script>", "status": {"indicator": "critical"}}'
    seen = Observation("https://facebookstatus.example.com/api/v2/summary.json", 200, {}, page, _ago(seconds=12), 0.214)
    watched = Rules(channels=rules, team="Marketing", timezone="Europe/Paris")
    return Standing(
        state=State(
            monitor=MonitorState(settled=True, started=_ago(days=2), sequence=18, alive=NOW),
            probes=Map(probes),
            channels=Map(channels),
            incidents=Map({"17": meta, "18": reddit}),
            index=Map({(i.condition.value, c): i.id for i in (meta, reddit) for c in i.channels}),
        ),
        rules=with_people(watched, NOW),
        ledger=ledger,
        closed=[past],
        letters={"17": [row]},
        runs={
            "facebook/1": [Run(_ago(seconds=12), seen)],
            "telegram/1": [Run(_ago(seconds=20), None, Reason.BLOCKED, "a login page came instead of the page")],
        },
    )
