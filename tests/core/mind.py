"""A mind on a virtual clock: tell it what probes saw, let time pass, see what it decided and whom it told."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from monitor.core.duty import Method, Recipient, Route, Silence, Team
from monitor.core.matching import parse_matcher
from monitor.core.model import (
    Act,
    Acted,
    Alive,
    Answer,
    ChannelRule,
    ChannelState,
    Configured,
    Decision,
    Delivered,
    Destination,
    Event,
    Failed,
    Incident,
    Measured,
    Notification,
    ProbeRule,
    Read,
    Rules,
    SendOutcome,
    Silenced,
    State,
    Step,
    Tick,
)
from monitor.core.step import restore, step
from probes.base import Availability, Certainty, Evidence, Family, Reading, Reason, Severity, Signal

T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
FIRST = Destination("first/1", "first", "First on call", "json")

_SEVERITY = {
    Availability.OPERATIONAL: Severity.OK,
    Availability.MAINTENANCE: Severity.INFO,
    Availability.DEGRADED: Severity.WARNING,
    Availability.OUTAGE: Severity.CRITICAL,
    Availability.UNKNOWN: Severity.INFO,
}


def probe(
    channel: str, number: int = 1, family: Family = Family.STATUS, host: str = "", every_s: float = 60
) -> ProbeRule:
    """A probe's rule; an api probe is damped like the shipped ones."""
    every = timedelta(seconds=every_s)
    return ProbeRule(
        id=f"{channel}/{number}",
        channel=channel,
        kind=f"{family}.kind",
        family=family,
        url=f"https://{host or channel}.example/",
        host=host or f"{channel}.example",
        every=every,
        expires=max(3 * every, timedelta(minutes=5)),
        measured=Measured() if family is Family.API else None,
    )


def channel(name: str, *probes: ProbeRule, platform: str = "") -> ChannelRule:
    """A channel's rule with a status probe unless others are given."""
    platform = platform or name
    return ChannelRule(
        id=name, name=name.title(), platform=platform, platform_name=platform.title(), probes=probes or (probe(name),)
    )


def said(state: Availability, key: str = "page", family: Family = Family.STATUS, text: str = "") -> Signal:
    """A level signal: the vendor's own word, or our measurement for the api family."""
    certainty = Certainty.MEASURED if family is Family.API else Certainty.OFFICIAL
    return Signal(key, family, _SEVERITY[state], certainty, text or f"It is {state.value}", state=state)


def news(key: str, severity: Severity, url: str, lasts: timedelta = timedelta(days=2)) -> Signal:
    """A brand event that was reported."""
    return Signal(
        key, Family.BRAND, severity, Certainty.REPORTED, f"Reported: {key}", (Evidence("text"),), lasts, url=url
    )


class Mind:
    """One shard of the real mind, driven by hand."""

    def __init__(
        self,
        *channels: ChannelRule,
        destinations: Iterable[Destination] | Mapping[str, Destination] = (FIRST,),
        **rules: object,
    ) -> None:
        timers = {n: rules.pop(n) for n in ("wait_critical", "wait_warning", "interval", "repeat") if n in rules}
        known = {d.id: d for d in (destinations.values() if isinstance(destinations, Mapping) else destinations)}
        methods: dict[str, list[Method]] = {}
        for d in known.values():
            methods.setdefault(d.receiver, []).append(Method(d.id))
        given: dict[str, object] = {
            "destinations": known,
            "recipients": {r: Recipient(r, known[m[0].destination].name, methods=tuple(m)) for r, m in methods.items()},
            "teams": {"all": Team("all", "All", tuple(methods))},
            "route": Route("root", "all", **timers) if known else None,  # type: ignore[arg-type]
        }
        self.rules = Rules(channels={c.id: c for c in channels}, **(given | rules))  # type: ignore[arg-type]
        self.state = State()
        self.now = T0
        self.told: list[Notification] = []
        self.ledger: list[Decision] = []
        self.events: list[tuple[datetime, Event]] = []
        self._arrived: set[str] = set()
        self.put(Configured(start=True))

    def put(self, event: Event) -> Step:
        """One event, now."""
        self.events.append((self.now, event))
        taken = step(self.state, event, self.rules, self.now)
        self.state = taken.state
        self.told += taken.notifications
        self.ledger += taken.decisions
        return taken

    def says(self, probe_id: str, *signals: Signal | Availability, memory: dict[str, object] | None = None) -> Step:
        """A run of a probe gave this reading; a bare availability stands for the signal that says it."""
        family = next(p.family for c in self.rules.channels.values() for p in c.probes if p.id == probe_id)
        made = tuple(said(s, family=family) if isinstance(s, Availability) else s for s in signals)
        return self.put(Read(probe_id, Reading(made, memory=memory or {})))

    def fails(self, probe_id: str, reason: Reason = Reason.FORMAT, text: str = "it is not what was due") -> Step:
        """A run of a probe gave no reading."""
        unreachable = reason in (Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT)
        return self.put(Failed(probe_id, reason, text, unreachable))

    def passes(self, seconds: float) -> None:
        """Let time pass; the mind is woken when it asked to be."""
        end = self.now + timedelta(seconds=seconds)
        woken = 0
        while self.state.wake is not None and self.state.wake <= end:
            self.now = max(self.now, self.state.wake)
            self.put(Tick())
            woken += 1
            assert woken < 10_000, "the mind asks to be woken without end"
        self.now = end

    def repeats(self, seconds: float, every_s: float, **says: Availability) -> None:
        """Let time pass while probes go on saying the same: ``facebook_1=Availability.OUTAGE``."""
        left = seconds
        while left > 0:
            self.passes(min(every_s, left))
            left -= every_s
            for name, state in says.items():
                self.says(name.replace("_", "/"), state)

    def acts(
        self, act: Act, *incidents: str, by: str = "first", until: datetime | None = None, text: str = ""
    ) -> Answer:
        """Somebody does something to incidents (the newest by default), by the board."""
        named = incidents or (self.incidents[-1].id,)
        answer = self.put(Acted(act, named, by, "board", text, until)).answer
        assert answer is not None
        return answer

    def arrives(self) -> None:
        """Whatever is on its way and due arrives now."""
        for sent in self.told:
            if sent.key not in self._arrived and (sent.due or sent.created) <= self.now:
                self._arrived.add(sent.key)
                self.sends(SendOutcome.DELIVERED, sent)

    def lives(self, seconds: float, every_s: float = 10, **says: Availability) -> None:
        """Let time pass while probes go on saying the same and every message arrives."""
        left = seconds
        while left > 0:
            self.arrives()
            self.passes(min(every_s, left))
            left -= every_s
            for name, state in says.items():
                self.says(name.replace("_", "/"), state)
        self.arrives()

    def heard(self, step: str = "") -> list[tuple[float, str, str]]:
        """What was told so far: (seconds since the start, destination, step)."""
        rows = [(((n.due or n.created) - T0).total_seconds(), n.destination, n.step) for n in self.told]
        return [row for row in rows if not step or row[2] == step]

    def sends(self, outcome: SendOutcome = SendOutcome.DELIVERED, notification: Notification | None = None) -> Step:
        """The last (or given) notification's fate is known."""
        sent = notification or self.told[-1]
        self._arrived.add(sent.key)
        return self.put(Delivered(sent.key, sent.incident, sent.destination, outcome, "because"))

    def of(self, channel_id: str) -> ChannelState:
        """What is held of a channel."""
        return self.state.channels[channel_id]

    @property
    def incidents(self) -> list[Incident]:
        """Those not yet closed, oldest first."""
        return sorted(self.state.incidents.values(), key=lambda i: int(i.id))

    @property
    def steps(self) -> list[str]:
        """What was told so far: ``["opened", "resolved"]``."""
        return [n.step for n in self.told]

    @property
    def codes(self) -> list[str]:
        """The ledger's reason codes so far."""
        return [d.code for d in self.ledger]

    def reload(self, rules: Rules) -> None:
        """The configuration is another."""
        self.rules = rules
        self.put(Configured())

    def lives_no_more(self, for_s: float) -> None:
        """The house is down for so long, and starts again."""
        self.put(Alive())
        self.now += timedelta(seconds=for_s)
        self.state = restore(self.state, self.rules, self.now)
        self.put(Configured(start=True))

    def silences(self, matcher: str, minutes: float, *, until_recovered: bool = False, after_s: float = 0) -> Answer:
        """Somebody silences something."""
        start = self.now + timedelta(seconds=after_s)
        wished = Silence(
            "",
            (parse_matcher(matcher),),
            "first",
            "we know",
            start,
            start + timedelta(minutes=minutes),
            until_recovered,
        )
        answer = self.put(Silenced(wished, "board")).answer
        assert answer is not None
        return answer
