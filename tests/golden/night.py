"""One bad night, from which every message is told: Meta falters at 03:05 in Paris, and people are called."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core import wording
from monitor.core.duty import Destination, Launch, Method, Recipient, Silence
from monitor.core.links import sign
from monitor.core.model import (
    ChannelRule,
    ChannelState,
    Condition,
    Health,
    Incident,
    Message,
    Page,
    Phase,
    Rules,
    Telling,
    Told,
)
from monitor.core.saying import Saying, about
from monitor.notify import Envelope
from probes.base import Availability, Severity

__all__ = ["EVENTS", "envelope_of"]

BEGUN = datetime(2026, 11, 22, 2, 5, tzinfo=UTC)
BOARD = "https://vigie.example.org"
PAGE = "Facebook Pages: major disruption, says the vendor's page"
SLOW = "Instagram publishing: some disruptions, says the vendor's page"
OURS = Saying("Our own call to {host} just failed; not yet confirmed", host="graph.example.com")


def after(minutes: float) -> datetime:
    return BEGUN + timedelta(minutes=minutes)


def _meta(name: str, fallback: str = "", playbook: str = "", status_url: str = "") -> ChannelRule:
    rule = ChannelRule(name.lower(), name, "meta", "Meta", owner="First on call", deputy="Second on call")
    return replace(rule, fallback=fallback, playbook=playbook, status_url=status_url)


def rules_in(language: str) -> Rules:
    names = {"first": "First on call", "second": "Second on call", "lead": "Third on call"}
    people = {
        who: Recipient(who, name, methods=(Method(f"{who}/1"),), language=language, timezone="Europe/Paris")
        for who, name in names.items()
    }
    channels = (
        _meta(
            "Facebook",
            fallback="google-ads",
            playbook="https://wiki.example.org/meta-down",
            status_url="https://metastatus.example.com/",
        ),
        _meta("Instagram", fallback="TikTok", status_url="https://metastatus.example.com/"),
        _meta("Threads"),
        ChannelRule("newsletter", "Newsletter", "post", "Post", status_url="https://status.example.net/"),
        ChannelRule("google-ads", "Google Ads", "google", "Google"),
    )
    return Rules(
        channels={c.id: c for c in channels},
        team="Example team",
        timezone="Europe/Paris",
        language=language,
        board_url=BOARD,
        recipients=people,
        destinations={f"{who}/1": Destination(f"{who}/1", who, name, "mailto", "mail") for who, name in names.items()},
        silences=(Silence("file/1", (), "Third on call", "moving to the new account", after(-600), after(300)),),
    )


def state(channel: str, availability: Availability, *reasons: str, unknowns: tuple[str, ...] = ()) -> ChannelState:
    return ChannelState(channel, Health(availability, reasons=reasons, unknowns=unknowns))


SICK = {
    "facebook": state("facebook", Availability.OUTAGE, PAGE, unknowns=(OURS,)),
    "instagram": state("instagram", Availability.DEGRADED, SLOW),
}
WEAK = {
    "facebook": state("facebook", Availability.DEGRADED, "Facebook Pages: some disruptions, says the vendor's page")
}

ALONE = Incident(
    "17",
    "facebook",
    Condition.AVAILABILITY,
    Phase.OPEN,
    Severity.CRITICAL,
    ("facebook",),
    BEGUN,
    reasons=(PAGE,),
    peak=Severity.CRITICAL,
    pages=(Page("root", "first", called=("first",)),),
)
BOTH = replace(
    ALONE,
    scope="meta",
    channels=("facebook", "instagram"),
    reasons=(about("Facebook", PAGE), about("Instagram", SLOW)),
)
OPENING = Told("first/1", 1, after(0.1), "17/1/opened/first/1", Severity.WARNING, ("facebook",), recipient="first")
LATER = replace(OPENING, severity=Severity.CRITICAL)


def telling(step: str, incident: Incident, rules: Rules, reader: str = "first", **more: object) -> Telling:
    members = {c: SICK[c] for c in incident.channels if c in SICK}
    given: dict[str, object] = {"members": members, **more}
    return Telling(step, incident, rules.recipients[reader], incident.channels, **given)  # type: ignore[arg-type]


# --- the night -------------------------------------------------------------------------------------------------------


def opened(rules: Rules) -> Message:
    weak = replace(ALONE, severity=Severity.WARNING, peak=Severity.WARNING, reasons=WEAK["facebook"].health.reasons)
    told = telling(
        "opened",
        weak,
        rules,
        members=WEAK,
        next_call=("Second on call", after(5)),
        next_repeat=after(240),
    )
    return wording.compose(told, rules, after(0.5))


def worse(rules: Rules) -> Message:
    told = telling(
        "updated", ALONE, rules, told=OPENING, next_call=("Second on call", after(8)), next_repeat=after(243)
    )
    return wording.compose(told, rules, after(3))


def folded(rules: Rules) -> Message:
    told = telling(
        "updated",
        BOTH,
        rules,
        told=LATER,
        next_call=("Second on call", after(8)),
        next_repeat=after(247),
        held={"threads": "silence:file/1"},
    )
    return wording.compose(told, rules, after(7))


def escalated(rules: Rules) -> Message:
    told = telling("escalated", BOTH, rules, "second", next_call=("Third on call", after(18)), next_repeat=after(248))
    return wording.compose(told, rules, after(8))


TAKEN = replace(
    BOTH, phase=Phase.ACKNOWLEDGED, owner="second", acknowledged=after(12), lapses=after(72), peak=Severity.CRITICAL
)


def acknowledged(rules: Rules) -> Message:
    return wording.compose(telling("acknowledged", TAKEN, rules, told=LATER, by="Second on call"), rules, after(12))


def lapsed(rules: Rules) -> Message:
    again = replace(TAKEN, phase=Phase.OPEN, lapses=None)
    told = telling(
        "lapsed",
        again,
        rules,
        told=LATER,
        by="Second on call",
        next_call=("Third on call", after(82)),
        next_repeat=after(312),
    )
    return wording.compose(told, rules, after(72))


def handed_over(rules: Rules) -> Message:
    told = telling(
        "handed_over", BOTH, rules, "second", next_call=("Third on call", after(125)), next_repeat=after(355)
    )
    return wording.compose(told, rules, after(115))


def still_open(rules: Rules) -> Message:
    told = telling("repeat", BOTH, rules, told=replace(LATER, channels=BOTH.channels), next_repeat=after(480))
    return wording.compose(told, rules, after(240))


def resolved(rules: Rules) -> Message:
    ended = replace(BOTH, phase=Phase.RESOLVED, resolved=after(252))
    return wording.compose(telling("resolved", ended, rules, told=LATER), rules, after(252))


def closed_by_hand(rules: Rules) -> Message:
    ended = replace(BOTH, phase=Phase.RESOLVED, resolved=after(60), by_hand="Second on call")
    return wording.compose(telling("resolved", ended, rules, told=LATER), rules, after(60))


def blind(rules: Rules) -> Message:
    text = Saying("Most of what we look at cannot be reached at once, on several hosts: the fault is likely ours")
    ours = Incident(
        "18", "monitor", Condition.BLIND, Phase.OPEN, Severity.WARNING, (), after(20), reasons=(text,),
        peak=Severity.WARNING,
    )  # fmt: skip
    told = telling("opened", ours, rules, next_call=("Second on call", after(26)), next_repeat=after(260))
    return wording.compose(told, rules, after(21))


# --- beside incidents ------------------------------------------------------------------------------------------------


def row(message: Message, step: str, minutes: float, incident: str, *, critical: bool = False) -> wording.Gathered:
    return wording.Gathered(message.title, message.symbol, step, critical, after(minutes), incident)


def digest(rules: Rules) -> Message:
    change = "Marketing API: version 19 ends on 1 March 2027"
    news = wording.report(rules.channels["facebook"], change, "", rules.recipients["first"], rules, after(30))
    unknown = replace(
        ALONE, id="16", scope="newsletter", channels=("newsletter",), condition=Condition.UNKNOWN,
        severity=Severity.WARNING, peak=Severity.WARNING,
    )  # fmt: skip
    rows = [
        row(news, "report", 30, "report:1"),
        row(wording.compose(telling("opened", unknown, rules, members={}), rules, after(35)), "opened", 35, "16"),
        row(closed_by_hand(rules), "resolved", 60, "17"),
    ]
    return wording.gathered("digest", rows, rules.recipients["first"], rules, after(355))


def bundle(rules: Rules) -> Message:
    rows = []
    for number, (name, condition) in enumerate(
        [("newsletter", Condition.UNKNOWN), ("facebook", Condition.AVAILABILITY), ("google-ads", Condition.RISK)]
    ):
        severity = Severity.CRITICAL if name == "facebook" else Severity.WARNING
        each = replace(ALONE, id=str(number), scope=name, channels=(name,), condition=condition, severity=severity)
        said = wording.compose(telling("repeat", each, rules), rules, after(240))
        rows.append(row(said, "repeat", 240, each.id, critical=severity is Severity.CRITICAL))
    return wording.gathered("repeat", rows, rules.recipients["first"], rules, after(240))


def storm(rules: Rules) -> Message:
    rows = []
    for number in range(26):
        each = replace(ALONE, id=str(number), scope=f"c{number}", channels=(f"c{number}",))
        weak = replace(each, severity=Severity.WARNING if number % 3 else Severity.CRITICAL)
        said = wording.compose(telling("opened", weak, rules), rules, after(number / 5))
        rows.append(row(said, "opened", number / 5, each.id, critical=number % 3 == 0))
    return wording.gathered("summary", rows, rules.recipients["first"], rules, after(6))


def drill(rules: Rules) -> Message:
    return wording.drill("social-policy", "Third on call", rules.recipients["first"], rules, after(500))


def handoff(rules: Rules) -> Message:
    titles = [wording.headline(BOTH, rules.recipients["second"], rules, after(115))]
    start, end = after(115), after(115) + timedelta(days=7)
    return wording.handoff("Social media", rules.recipients["second"], start, end, titles, rules, start)


def duty(rules: Rules) -> Message:
    return wording.duty("Social media", rules.recipients["second"], after(7 * 1440 + 115), rules, after(415))


def announced(rules: Rules) -> Message:
    launch = Launch("friday", "Black Friday", ("newsletter",), after(6600), after(8000))
    text = "Scheduled maintenance of the sending infrastructure"
    channel = rules.channels["newsletter"]
    return wording.announced(launch, channel, text, after(7100), after(7220), rules.recipients["first"], rules, BEGUN)


def down(rules: Rules) -> Message:
    missed = [wording.headline(BOTH, rules.recipients["first"], rules, after(55))]
    return wording.down(after(0), after(55), missed, rules.recipients["first"], rules, after(55))


EVENTS: dict[str, tuple[Callable[[Rules], Message], str, tuple[str, ...]]] = {
    "opened": (opened, "opened", ("17",)),
    "worse": (worse, "updated", ("17",)),
    "folded": (folded, "updated", ("17",)),
    "escalated": (escalated, "escalated", ("17",)),
    "acknowledged": (acknowledged, "acknowledged", ("17",)),
    "lapsed": (lapsed, "lapsed", ("17",)),
    "handed-over": (handed_over, "handed_over", ("17",)),
    "still-open": (still_open, "repeat", ("17",)),
    "resolved": (resolved, "resolved", ()),
    "closed-by-hand": (closed_by_hand, "resolved", ()),
    "blind": (blind, "opened", ("18",)),
    "digest": (digest, "digest", ("16",)),
    "bundle": (bundle, "repeat", ("0", "1", "2")),
    "storm": (storm, "summary", tuple(map(str, range(26)))),
    "drill": (drill, "drill", ()),
    "handoff": (handoff, "handoff", ("17",)),
    "duty": (duty, "duty", ()),
    "announced": (announced, "announced", ()),
    "down": (down, "down", ()),
}
"""Event -> how it is told, its step, and the incidents that its reader may act on by the signed link."""

BESIDE = frozenset({"digest", "bundle", "storm", "drill", "handoff", "duty", "announced", "down"})
CALM = frozenset({"opened", "blind", "digest", "drill", "handoff", "duty", "announced", "down"})


def envelope_of(event: str, language: str) -> Envelope:
    """What a sender is handed for an event."""
    told, step, acts = EVENTS[event]
    rules = rules_in(language)
    token = sign(b"a key for golden files", "first", acts, after(1440)) if acts else ""
    return Envelope(
        key=f"17/1/{step}/first/1",
        incident="18" if event == "blind" else f"{event}/first/1" if event in BESIDE else "17",
        revision=1,
        step=step,
        message=told(rules),
        created=BEGUN,
        critical=event not in CALM,
        act_url=f"{BOARD}/a/{token}" if token else "",
    )
