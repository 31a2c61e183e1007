"""Labels and matchers: what routes and silences look at."""

import re
import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.duty import Matcher, MatchOp
from monitor.core.labels import LABELS, labels_for_report, labels_of, labels_of_channel
from monitor.core.matching import VALUE_CHARS_MAX, make_matcher, matches, parse_matcher, selective, text_of
from monitor.core.model import ChannelRule, ChannelState, Condition, Health, Incident, Phase, ProbeRule, Risk
from probes.base import Availability, Family, Severity
from tests.core.mind import channel, probe

T0 = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def incident(condition: Condition = Condition.AVAILABILITY, **given_: object) -> Incident:
    values: dict[str, object] = {"channels": ("x",), "severity": Severity.WARNING, "peak": Severity.CRITICAL, **given_}
    return Incident("7", "x", condition, Phase.OPEN, opened=T0, **values)  # type: ignore[arg-type]


def watched(*probes: ProbeRule) -> ChannelRule:
    return ChannelRule("x", "X", "xcorp", "X Corp", probes, market="emea", tags=("launch", "paid"))


def test_a_channel_of_an_outage_has_every_label() -> None:
    rule = watched(probe("x"), probe("x", 2, Family.API), probe("x", 3, Family.BRAND))
    state = ChannelState("x", Health(Availability.OUTAGE, evidence=("x/2#calls",)))
    assert labels_of(incident(), rule, state) == {
        "channel": ("x",),
        "platform": ("xcorp",),
        "kind": ("availability",),
        "family": ("api",),
        "severity": ("critical",),
        "state": ("outage",),
        "market": ("emea",),
        "tags": ("launch", "paid"),
    }


def test_without_evidence_the_family_is_whatever_could_have_told() -> None:
    rule = watched(probe("x"), probe("x", 2, Family.API), probe("x", 3, Family.BRAND))
    assert labels_of(incident(), rule, ChannelState("x"))["family"] == ("status", "api")
    assert labels_of(incident(Condition.UNKNOWN), rule, ChannelState("x"))["state"] == ("unknown",)


def test_a_risk_has_the_family_and_the_word_of_its_risk() -> None:
    state = ChannelState("x", Health(Availability.OUTAGE, Risk.ELEVATED))
    labels = labels_of(incident(Condition.RISK, family=Family.POLICY), watched(probe("x")), state)
    assert (labels["kind"], labels["family"], labels["state"]) == (("risk",), ("policy",), ("elevated",))


@pytest.mark.parametrize("kind", [Condition.BLIND, Condition.DELIVERY, Condition.WATCHDOG, Condition.SCHEDULE])
def test_trouble_of_our_own_has_a_kind_and_a_severity_and_nothing_else(kind: Condition) -> None:
    assert labels_of(incident(kind, channels=()), None, None) == {"kind": (kind.value,), "severity": ("critical",)}


def test_a_report_has_the_kind_that_its_family_leads_to() -> None:
    assert labels_for_report(channel("x"), Family.BRAND) == {
        "channel": ("x",),
        "platform": ("x",),
        "kind": ("risk",),
        "family": ("brand",),
        "severity": ("info",),
    }
    assert labels_for_report(channel("x"), Family.STATUS)["kind"] == ("availability",)


def test_labels_stand_in_one_order_and_empty_ones_are_left_out() -> None:
    assert tuple(labels_of(incident(), watched(probe("x")), ChannelState("x"))) == LABELS
    assert tuple(labels_of_channel(channel("x"))) == ("channel", "platform")


X = {"channel": ("x",), "severity": ("critical",), "tags": ("launch", "paid")}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('channel="x"', True),
        ("channel=y", False),
        ("channel!=y", True),
        ("channel!=x", False),
        ('channel=~"x|y"', True),
        ('channel=~"[a-z]"', True),
        ('channel!~"x|y"', False),
        ('channel!~"y"', True),
        # Anchored at both ends.
        ('severity=~"crit.*"', True),
        ('channel=~"x$|^y"', True),
        ('platform=~"."', False),
        ('channel=~"xx?"', True),
        ('channel=~"|y"', False),
        # A missing label is the empty text.
        ('market=""', True),
        ('market!=""', False),
        ('market=~".*"', True),
        ('market=~".+"', False),
        ('market!="emea"', True),
        ('market!~"emea"', True),
        ('market!~".*"', False),
        # Of several values any may be meant by =, and none by !=.
        ("tags=launch", True),
        ("tags=paid", True),
        ("tags!=launch", False),
        ("tags!=other", True),
        ('tags=~"l.*"', True),
        ('tags!~"l.*"', False),
        ('tags!~"q.*"', True),
    ],
)
def test_a_matcher_holds_as_in_alertmanager(text: str, holds: bool) -> None:  # noqa: FBT001 - a column of the table
    assert matches([parse_matcher(text)], X) is holds


def test_all_matchers_must_hold_and_none_hold_for_everything() -> None:
    assert matches([], X)
    assert matches([], {})
    assert matches([parse_matcher("channel=x"), parse_matcher("tags=paid")], X)
    assert not matches([parse_matcher("channel=x"), parse_matcher("tags=other")], X)


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ('channel="x"', Matcher("channel", MatchOp.EQUAL, "x")),
        (' channel\t=~ " a b " ', Matcher("channel", MatchOp.LIKE, " a b ")),
        ("channel= two words ", Matcher("channel", MatchOp.EQUAL, "two words")),
        ("severity!~info|warning", Matcher("severity", MatchOp.NOT_LIKE, "info|warning")),
        (r'channel="a\"b\\c\nd"', Matcher("channel", MatchOp.EQUAL, 'a"b\\c\nd')),
        (r'channel=~"a\.b"', Matcher("channel", MatchOp.LIKE, r"a\.b")),
        ('channel=""', Matcher("channel", MatchOp.EQUAL, "")),
        ("channel=", Matcher("channel", MatchOp.EQUAL, "")),
        ('state!="outage"', Matcher("state", MatchOp.NOT_EQUAL, "outage")),
        ('kind=""', Matcher("kind", MatchOp.EQUAL, "")),
        ("channel==x", Matcher("channel", MatchOp.EQUAL, "=x")),
    ],
)
def test_the_classic_syntax_is_read(text: str, matcher: Matcher) -> None:
    assert parse_matcher(text) == matcher


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write it as channel="),
        ("x", "write it as channel="),
        ('"channel"=x', "write it as channel="),
        ("chanel=x", "did you mean channel?"),
        ("Channel=x", "did you mean channel?"),
        ("alertname=x", "known: channel, platform, kind"),
        ('channel="x', "does not close its quote"),
        (r'channel="x\"', "does not close its quote"),
        ('channel="x"y"', "goes on after its closing quote"),
        ('channel=x"y', "put the whole value in quotes"),
        ("severity=crit", "severity is never 'crit': did you mean critical?"),
        ('severity=~"crit"', "did you mean critical?"),
        ("severity!=Warning", "did you mean warning?"),
        ("kind=mood", "known: availability, risk"),
        ("state=down", "known: operational"),
        ("channel=\ud800", "half of a character"),
    ],
)
def test_what_is_no_matcher_is_refused_with_a_hint(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as refused:
        parse_matcher(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("(", "missing ): ("),
        ("*", "no argument for repetition operator"),
        ("[z-a]", "invalid character class range"),
        (r"(a)\1", "invalid escape sequence"),
        ("(?=a)", "invalid perl operator"),
        ("((a{1,100}){1,100}){1,100}", "invalid repetition size"),
        (r"\p{L}{500}", "pattern too large"),
        ("a)(b", "unexpected )"),
        ("a" * (VALUE_CHARS_MAX + 1), "501 characters; 500 are the most"),
        ("\ud800", "half of a character"),
    ],
)
def test_B98_a_bad_or_oversize_expression_is_refused(expression: str, says: str) -> None:
    for op in (MatchOp.LIKE, MatchOp.NOT_LIKE):
        with pytest.raises(ValueError, match=re.escape(says)) as refused:
            make_matcher("channel", op, expression)
        assert len(str(refused.value)) < 250


def test_B98_an_expression_that_takes_others_for_ever_takes_no_time() -> None:
    evil = parse_matcher('channel=~"(a+)+b"')
    assert not matches([evil], {"channel": ("a" * 100_000,)})


@given(
    st.sampled_from(("channel", "platform", "market", "tags")),
    st.sampled_from((MatchOp.EQUAL, MatchOp.NOT_EQUAL)),
    st.text(max_size=60),
)
def test_a_matcher_written_and_read_again_is_the_same(label: str, op: MatchOp, value: str) -> None:
    matcher = make_matcher(label, op, value)
    assert parse_matcher(text_of(matcher)) == matcher


@given(st.text(alphabet=string.printable + "é\u202e", max_size=40))
def test_any_text_is_a_matcher_or_a_value_error(text: str) -> None:
    try:
        matcher = parse_matcher(text)
    except ValueError:
        return
    assert parse_matcher(text_of(matcher)) == matcher


@given(st.sampled_from(list(MatchOp)), st.text(alphabet="ab|.*", max_size=5), st.text(alphabet="ab", max_size=3))
def test_a_matcher_and_its_negation_never_agree(op: MatchOp, value: str, label: str) -> None:
    opposite = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[op.value]
    try:
        one, other = make_matcher("channel", op, value), make_matcher("channel", MatchOp(opposite), value)
    except ValueError:
        return
    assert matches([one], {"channel": (label,)}) is not matches([other], {"channel": (label,)})


@pytest.mark.parametrize(
    ("texts", "asks"),
    [
        ((), False),
        (('channel=""',), False),
        (("channel!=x",), False),
        (('channel=~".*"',), False),
        (('severity=~".+"',), False),
        (('severity!=""',), False),
        (('tags!~"a|b"',), False),
        (("channel=x",), True),
        (("channel!=x", "severity=info"), True),
        (('channel=~"x.*"',), True),
    ],
)
def test_a_silence_must_ask_for_something_in_particular(texts: tuple[str, ...], asks: bool) -> None:  # noqa: FBT001 - a column of the table
    assert selective([parse_matcher(t) for t in texts]) is asks
