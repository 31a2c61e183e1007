"""alerting.md sections 4 and 5: what is held back just now, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.core.draft import platform_key
from monitor.core.duty import Maintenance, Silence
from monitor.core.holding import Facts, held, next_edge
from monitor.core.labels import labels_of
from monitor.core.matching import parse_matcher
from monitor.core.model import ChannelState, Condition, Family, Health, Incident, Phase, Rules
from probes.base import Availability, Severity
from tests.core.mind import T0, channel

MIN = timedelta(minutes=1)
CHANNELS = {
    c.id: c
    for c in (
        *(channel(name, platform="meta") for name in ("facebook", "instagram", "threads")),
        channel("vpn"),
        channel("proxy"),
        channel("x"),
    )
}


def trouble(scope: str, *channels: str, number: object = 1, **more: object) -> Incident:
    values: dict[str, object] = {
        "condition": Condition.AVAILABILITY,
        "phase": Phase.OPEN,
        "severity": Severity.CRITICAL,
        "peak": Severity.CRITICAL,
        **more,
    }
    return Incident(str(number), scope, channels=channels or (scope,), opened=T0, **values)  # type: ignore[arg-type]


def silence(*matchers: str, number: int = 1, start: datetime = T0, minutes: int = 60) -> Silence:
    asked = tuple(parse_matcher(m) for m in matchers)
    return Silence(str(number), asked, "first", "work", start, start + minutes * MIN)


def work(*matchers: str) -> Maintenance:
    asked = tuple(parse_matcher(m) for m in matchers)
    return Maintenance("file/1", asked, T0.replace(tzinfo=None), 60 * MIN, "UTC")


def facts(
    *incidents: Incident,
    silences: Iterable[Silence] = (),
    maintenance: Iterable[Maintenance] = (),
    depends: Mapping[str, tuple[str, ...]] | None = None,
    well: Iterable[str] = (),
    now: datetime = T0,
) -> Facts:
    """What is known; every channel of an incident is out unless it is `well`."""
    index: dict[tuple[Condition, str], Incident] = {}
    for one in incidents:
        for name in one.channels:
            index[one.condition, name] = one
            index[one.condition, platform_key(CHANNELS[name].platform)] = one
    states = {
        c: ChannelState(c, Health(Availability.OPERATIONAL if c in well else Availability.OUTAGE)) for c in CHANNELS
    }
    rules = Rules(channels=CHANNELS, depends=depends or {}, maintenance=tuple(maintenance))
    return Facts(rules, states, tuple(silences), lambda what, key: index.get((what, key)), now)


def why(incident: Incident, name: str, known: Facts) -> str:
    return held(incident, name, labels_of(incident, CHANNELS.get(name), known.channels.get(name)), known)


# --- silences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "code"), [(-1, ""), (0, "silence:1"), (59, "silence:1"), (60, "")])
def test_a_silence_holds_from_its_start_until_just_before_its_end(minutes: int, code: str) -> None:
    known = facts(silences=[silence("channel=x")], now=T0 + minutes * MIN)
    assert why(trouble("x"), "x", known) == code


@pytest.mark.parametrize(
    ("matchers", "code"),
    [
        (["channel=x"], "silence:1"),
        (["channel=x", "severity=warning"], ""),
        (["channel=x", "severity=critical"], "silence:1"),
        (["channel=vpn"], ""),
        (["kind=availability"], "silence:1"),
        (["state=outage"], "silence:1"),
        # What asks for nothing in particular silences nothing, should it ever get in.
        ([], ""),
        (["channel!=vpn"], ""),
        (['severity=~".*"'], ""),
    ],
)
def test_a_silence_holds_what_its_matchers_match(matchers: list[str], code: str) -> None:
    assert why(trouble("x"), "x", facts(silences=[silence(*matchers)])) == code


def test_of_a_platforms_incident_only_the_silenced_channel_is_held() -> None:
    both = trouble("meta", "facebook", "instagram")
    known = facts(both, silences=[silence("channel=facebook")])
    assert (why(both, "facebook", known), why(both, "instagram", known)) == ("silence:1", "")


def test_a_silence_holds_risks_and_trouble_of_our_own_too() -> None:
    risk = trouble("x", condition=Condition.RISK, family=Family.BRAND)
    assert why(risk, "x", facts(silences=[silence("family=brand")])) == "silence:1"
    blind = Incident("9", "monitor", Condition.BLIND, Phase.OPEN, Severity.CRITICAL, (), T0, peak=Severity.CRITICAL)
    assert why(blind, "", facts(silences=[silence("kind=blind")])) == "silence:1"


# --- work of our own -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "code"), [(-1, ""), (0, "maintenance:file/1"), (60, "")])
def test_work_of_our_own_holds_while_it_lasts(minutes: int, code: str) -> None:
    known = facts(maintenance=[work("channel=x")], now=T0 + minutes * MIN)
    assert why(trouble("x"), "x", known) == code
    assert why(trouble("vpn"), "vpn", known) == ""


# --- inhibition ------------------------------------------------------------------------------------------------------

NETWORK = {"vpn": ("*",)}


def test_what_rests_on_a_channel_that_is_out_is_held() -> None:
    child = trouble("x", number=2)
    assert why(child, "x", facts(trouble("vpn"), child, depends=NETWORK)) == "depends:vpn"
    assert why(child, "x", facts(child, depends=NETWORK)) == ""
    assert why(child, "x", facts(trouble("vpn"), child)) == ""


@pytest.mark.parametrize(
    ("condition", "family", "code"),
    [
        (Condition.AVAILABILITY, None, "depends:vpn"),
        (Condition.UNKNOWN, None, "depends:vpn"),
        (Condition.RISK, Family.BRAND, ""),
        (Condition.RISK, Family.POLICY, ""),
    ],
)
def test_only_availability_is_inhibited_never_a_policy_or_the_brand(
    condition: Condition, family: Family | None, code: str
) -> None:
    child = trouble("x", number=2, condition=condition, family=family, severity=Severity.WARNING)
    assert why(child, "x", facts(trouble("vpn"), child, depends=NETWORK)) == code


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({}, "depends:vpn"),
        ({"phase": Phase.ACKNOWLEDGED}, "depends:vpn"),
        ({"phase": Phase.PENDING}, ""),
        ({"phase": Phase.RESOLVED}, ""),
        ({"severity": Severity.WARNING}, ""),
        ({"unseen": True}, ""),
        ({"condition": Condition.UNKNOWN}, ""),
        ({"condition": Condition.RISK}, ""),
    ],
)
def test_a_source_is_an_outage_that_stands_and_is_fresh(source: dict[str, object], code: str) -> None:
    child = trouble("x", number=2, severity=Severity.WARNING)
    assert why(child, "x", facts(trouble("vpn", **source), child, depends=NETWORK)) == code


def test_a_chain_is_held_by_its_first_link_alone() -> None:
    chain = {"vpn": ("proxy",), "proxy": ("x",)}
    first, second, third = trouble("vpn"), trouble("proxy", number=2), trouble("x", number=3)
    known = facts(first, second, third, depends=chain)
    assert [why(i, i.scope, known) for i in (first, second, third)] == ["", "depends:vpn", "depends:vpn"]
    assert why(third, "x", facts(first, third, depends=chain)) == "depends:vpn"
    assert why(third, "x", facts(second, third, depends=chain)) == "depends:proxy"


def test_a_platform_is_out_when_the_incident_is_its_own() -> None:
    depends, child = {"meta": ("x",)}, trouble("x", number=2)
    assert why(child, "x", facts(trouble("meta", "facebook", "instagram"), child, depends=depends)) == "depends:meta"
    assert why(child, "x", facts(trouble("facebook"), child, depends=depends)) == ""
    only = {"proxy": ("x",)}
    assert why(child, "x", facts(trouble("proxy"), child, depends=only)) == "depends:proxy"


def test_a_channel_in_its_platforms_incident_is_a_source_only_while_it_is_out_itself() -> None:
    depends, child = {"facebook": ("x",)}, trouble("x", number=2)
    shared = trouble("meta", "facebook", "instagram")
    assert why(child, "x", facts(shared, child, depends=depends)) == "depends:facebook"
    assert why(child, "x", facts(shared, child, depends=depends, well=["facebook"])) == ""


def test_a_channel_that_is_recovering_still_explains_what_rests_on_it() -> None:
    child = trouble("x", number=2)
    assert why(child, "x", facts(trouble("vpn"), child, depends=NETWORK, well=["vpn"])) == "depends:vpn"


def test_a_platforms_incident_never_holds_itself_back_but_one_channel_of_it_may_rest_on_another() -> None:
    both = trouble("meta", "facebook", "instagram")
    known = facts(both, depends={"meta": ("facebook", "instagram")})
    assert [why(both, c, known) for c in both.channels] == ["", ""]
    known = facts(both, depends={"facebook": ("instagram",)})
    assert [why(both, c, known) for c in both.channels] == ["", "depends:facebook"]


def test_blindness_inhibits_nothing_here() -> None:
    blind = Incident("9", "vpn", Condition.BLIND, Phase.OPEN, Severity.CRITICAL, ("vpn",), T0, peak=Severity.CRITICAL)
    child = trouble("x", number=2)
    assert why(child, "x", facts(blind, child, depends=NETWORK)) == ""


def test_a_silenced_source_still_explains() -> None:
    known = facts(trouble("vpn"), depends=NETWORK, silences=[silence("channel=vpn")])
    assert why(trouble("x", number=2), "x", known) == "depends:vpn"


def test_of_several_reasons_the_one_that_people_gave_comes_first() -> None:
    child = trouble("x", number=2)
    known = facts(trouble("vpn"), child, depends=NETWORK, maintenance=[work("channel=x")])
    assert why(child, "x", known) == "maintenance:file/1"
    assert why(child, "x", replace(known, silences=(silence("channel=x"),))) == "silence:1"


# --- when that may change --------------------------------------------------------------------------------------------


def edge(known: Facts) -> float | None:
    """Minutes from T0 to the next edge of what matches X."""
    incident = trouble("x")
    at = next_edge(labels_of(incident, CHANNELS["x"], known.channels["x"]), known)
    return None if at is None else (at - T0) / MIN


def test_the_next_edge_is_the_nearest_start_or_end_of_what_matches() -> None:
    now = silence("channel=x", minutes=60)
    later = silence("channel=x", number=2, start=T0 + 20 * MIN, minutes=5)
    other = silence("channel=vpn", number=3, start=T0 + 10 * MIN)
    assert edge(facts(silences=[now, later, other])) == 20
    assert edge(facts(silences=[now, later, other], now=T0 + 20 * MIN)) == 25
    assert edge(facts(silences=[now, later, other], now=T0 + 25 * MIN)) == 60
    assert edge(facts(silences=[now, later, other], now=T0 + 60 * MIN)) is None


def test_work_of_our_own_has_edges_too() -> None:
    known = facts(maintenance=[work("channel=x")], silences=[silence("channel=x", minutes=90)])
    assert edge(replace(known, now=T0 - MIN)) == 0
    daily = replace(work("channel=x"), rrule="FREQ=DAILY")
    assert edge(replace(facts(maintenance=[daily]), now=T0 + 60 * MIN)) == 24 * 60
    overlapping = replace(daily, duration=25 * 60 * MIN)
    assert edge(facts(maintenance=[overlapping])) == 24 * 60
    assert edge(known) == 60
    assert edge(replace(known, now=T0 + 60 * MIN)) == 90


def test_without_silences_and_work_there_is_no_edge() -> None:
    assert edge(facts(depends=NETWORK)) is None
