"""What a status page means, whatever its format."""

from datetime import UTC, datetime
from typing import Any

import pytest

from probes.base import SIGNALS_MAX, Availability, Reason, Severity
from probes.status._page import Component, Incident, Maintenance, Page, StatusParams, judge
from tests.probes.status.said import DEGRADED, MAINTENANCE, OPERATIONAL, OUTAGE, URL, judged, signal, texts

A = Availability
WELL = Component("c1", "API", A.OPERATIONAL, "operational", group="Core", group_id="g1")
BAD = Component("c2", "Email sending", A.OUTAGE, "major_outage", group="Mail", group_id="g2")
SLOW = Component("c3", "Reports", A.DEGRADED, "degraded_performance")
WORKED_ON = Component("c4", "Search", A.MAINTENANCE, "under_maintenance")
STRANGE = Component("c5", "Exports", None, "wobbly")
SILENT = Component("c6", "Old", A.OPERATIONAL, "paused", silent=True)
OPEN = Incident("i1", "Mail is late", A.DEGRADED, "minor", touches=frozenset({"c2"}))
CRITICAL = Incident("i2", "All is down", A.OUTAGE, "critical")
NO_IMPACT = Incident("i3", "A note", A.OPERATIONAL, "none")
ODD = Incident("i4", "Odd", None, "purple")
WORK = Maintenance("m1", "Move", active=True, touches=frozenset({"c1"}))
AHEAD = Maintenance("m2", "Move", active=False, starts=datetime(2026, 12, 1, 2, tzinfo=UTC))
NONE: dict[str, Any] = {"indicator": A.OPERATIONAL, "indicator_word": "none"}
MINOR: dict[str, Any] = {"indicator": A.DEGRADED, "indicator_word": "minor", "indicator_remark": True}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param(Page((WELL,)), OPERATIONAL, id="all well"),
        pytest.param(Page((WELL, SLOW)), DEGRADED, id="one slow"),
        pytest.param(Page((WELL, SLOW, BAD)), OUTAGE, id="the worst counts"),
        pytest.param(Page((WELL, WORKED_ON)), MAINTENANCE, id="maintenance"),
        pytest.param(Page((WELL, STRANGE)), "unknown:word", id="B76 unknown component word"),
        pytest.param(Page((WORKED_ON, STRANGE)), "unknown:word", id="maintenance does not hide an unknown word"),
        pytest.param(Page((BAD, STRANGE)), OUTAGE, id="an unknown word does not hide an outage"),
        pytest.param(Page((WELL,), (OPEN,)), DEGRADED, id="open incident"),
        pytest.param(Page((WELL,), (CRITICAL,), **NONE), OUTAGE, id="B75 indicator none, open critical incident"),
        pytest.param(Page((WELL,), (NO_IMPACT,), **NONE), OPERATIONAL, id="incident without impact"),
        pytest.param(Page((WELL,), (ODD,)), "unknown:word", id="unknown impact"),
        pytest.param(Page((WELL,), (ODD, OPEN)), DEGRADED, id="unknown impact beside a known"),
        pytest.param(Page((WELL,), (), (WORK,)), MAINTENANCE, id="active work"),
        pytest.param(Page((WELL,), (), (AHEAD,)), OPERATIONAL, id="work to come"),
        pytest.param(Page((WELL,), **MINOR), OPERATIONAL, id="minor with nothing wrong"),
        pytest.param(Page((WELL, WORKED_ON), **MINOR), MAINTENANCE, id="minor beside maintenance"),
        pytest.param(Page((WELL, SLOW), **MINOR), DEGRADED, id="minor with something wrong"),
        pytest.param(Page((WELL,), indicator=A.DEGRADED, indicator_word="major"), DEGRADED, id="major alone"),
        pytest.param(Page((WELL,), indicator=A.OUTAGE, indicator_word="critical"), OUTAGE, id="critical alone"),
        pytest.param(Page((WELL,), indicator_word="lukewarm"), "unknown:word", id="unknown indicator"),
        pytest.param(Page((WELL, SLOW), indicator_word="lukewarm"), DEGRADED, id="unknown indicator, slow part"),
        pytest.param(Page((WELL, SILENT)), OPERATIONAL, id="what the vendor does not watch says nothing"),
        pytest.param(Page((SILENT,)), "unknown:filter", id="nothing watched by the vendor"),
        pytest.param(Page((WELL,), gaps=(("half a page", Reason.LIMIT),)), "unknown:limit", id="a gap"),
        pytest.param(Page((BAD,), gaps=(("half a page", Reason.LIMIT),)), OUTAGE, id="a gap beside an outage"),
    ],
)
def test_a_page_is_as_bad_as_the_worst_on_it(page: Page, expected: str) -> None:
    assert judged(page) == expected


def test_an_unknown_beside_trouble_stays_visible() -> None:
    said = judge(Page((BAD, STRANGE)), StatusParams(url=URL))
    unknown = signal(said, "unknown:0")
    assert unknown.stands_for is A.UNKNOWN
    assert "wobbly" in unknown.summary


def test_an_unknown_filter_entry_does_not_hide_the_outage_of_another() -> None:
    params = StatusParams(url=URL, components=("Email sending", "Emial sending"))
    said = judge(Page((WELL, BAD)), params)
    assert signal(said, "component:c2").stands_for is A.OUTAGE
    assert "Emial sending" in texts(said)


def test_a_minor_indicator_alone_is_a_remark_of_severity_info() -> None:
    said = judge(Page((WELL,), **MINOR), StatusParams(url=URL))
    assert signal(said, "indicator").severity is Severity.INFO
    assert signal(said, "page").severity is Severity.OK


def test_B75_a_calm_indicator_beside_trouble_is_kept_as_a_remark() -> None:
    said = judge(Page((WELL,), (CRITICAL,), **NONE), StatusParams(url=URL))
    assert "still says: none" in signal(said, "indicator").summary


@pytest.mark.parametrize("severity", [Severity.OK])
def test_a_healthy_page_says_so_in_one_signal(severity: Severity) -> None:
    (only,) = judge(Page((WELL,), **NONE), StatusParams(url=URL)).signals
    assert (only.key, only.severity, only.summary) == ("page", severity, "The vendor's page says that API works")


def test_more_trouble_than_a_reading_holds_keeps_the_worst() -> None:
    many = tuple(Component(f"m{n}", f"M{n}", A.MAINTENANCE, "under_maintenance") for n in range(SIGNALS_MAX + 50))
    notes = tuple(Incident(f"n{n}", "note", A.OPERATIONAL, "none") for n in range(SIGNALS_MAX + 50))
    assert judged(Page((*many, BAD), notes)) == OUTAGE
    assert judged(Page(many, notes)) == MAINTENANCE


def test_every_signal_of_a_reading_has_a_key_of_its_own_and_a_short_one() -> None:
    twins = tuple(Component("x" * 5_000, "Twin", A.OUTAGE, "down") for _ in range(3))
    keys = [s.key for s in judge(Page(twins), StatusParams(url=URL)).signals]
    assert len(set(keys)) == 3
    assert max(map(len, keys)) < 130


def test_work_to_come_says_its_window() -> None:
    said = judge(Page((WELL,), (), (AHEAD,)), StatusParams(url=URL))
    assert "for 2026-12-01 02:00 UTC" in signal(said, "maintenance:m2").summary
