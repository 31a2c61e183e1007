"""What part of a page is watched: ids, exact names, globs, regular expressions; and what matches nothing."""

from typing import Any

import pytest
from pydantic import ValidationError

from probes.base import Availability
from probes.status._page import Component, Incident, Page, StatusParams, matches
from tests.probes.status.said import DEGRADED, OPERATIONAL, OUTAGE, URL, judged

A = Availability
API = Component("id-api", "API", A.OPERATIONAL, "ok", group="Core", group_id="g1", product="Suite", region="eu-west-1")
ADS = Component(
    "id-ads", "Ads API", A.OUTAGE, "down", group="Ads", group_id="g2", products=("Ads", "ads-1"), region="us"
)
PAGE = Page((API, ADS))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("API", "API", True),
        ("api", "API", True),
        ("  Ads   API ", "Ads API", True),
        ("API", "Ads API", False),
        ("Ads", "Ads API", False),
        ("Ads*", "Ads API", True),
        ("*API", "Ads API", True),
        ("A?I", "API", True),
        ("A?I", "APII", False),
        ("[EU] *", "[EU] Mail", True),
        ("[EU] *", "E Mail", False),
        ("/^ads\\b/", "Ads API", True),
        ("/api$/", "Ads API", True),
        ("/^api$/", "Ads API", False),
        ("/", "/", True),
        ("//", "anything", False),
        ("straße", "STRASSE", True),
    ],
)
def test_a_plain_name_is_exact_and_only_patterns_are_wider(pattern: str, text: str, *, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, OUTAGE),
        ({"components": ["API"]}, OPERATIONAL),
        ({"components": ["id-api"]}, OPERATIONAL),
        ({"components": ["*API"]}, OUTAGE),
        ({"components": ["/ads/"]}, OUTAGE),
        ({"components": ["AP"]}, "unknown:filter"),
        ({"components": ["API", "nothing"]}, "unknown:filter"),
        ({"components": ["Ads API", "nothing"]}, OUTAGE),
        ({"groups": ["Core"]}, OPERATIONAL),
        ({"groups": ["g1"]}, OPERATIONAL),
        ({"groups": ["g2"]}, OUTAGE),
        ({"groups": ["Cor"]}, "unknown:filter"),
        ({"products": ["Suite"]}, OPERATIONAL),
        ({"products": ["ads-1"]}, OUTAGE),
        ({"regions": ["eu-*"]}, OPERATIONAL),
        ({"regions": ["mars"]}, "unknown:filter"),
        ({"components": ["API"], "groups": ["Ads"]}, "unknown:filter"),
        ({"components": ["*"], "regions": ["eu-west-1"]}, OPERATIONAL),
    ],
)
def test_a_filter_watches_what_it_names_and_one_that_matches_nothing_is_unknown(
    params: dict[str, Any], expected: str
) -> None:
    assert judged(PAGE, **params) == expected


@pytest.mark.parametrize(
    ("touches", "regions", "params", "expected"),
    [
        ((), (), {"components": ["API"]}, DEGRADED),
        (("id-api",), (), {"components": ["API"]}, DEGRADED),
        (("id-ads",), (), {"components": ["API"]}, OPERATIONAL),
        (("Core",), (), {"components": ["API"]}, DEGRADED),
        (("g1",), (), {"components": ["API"]}, DEGRADED),
        (("Suite",), (), {"components": ["API"]}, DEGRADED),
        (("gone",), (), {"components": ["API"]}, OPERATIONAL),
        (("id-api",), ("us",), {"components": ["API"], "regions": ["eu-west-1"]}, OPERATIONAL),
        (("id-api",), ("eu-west-1",), {"components": ["API"], "regions": ["eu-west-1"]}, DEGRADED),
        (("id-api",), (), {"regions": ["eu-west-1"]}, DEGRADED),
    ],
)
def test_an_incident_counts_when_it_touches_what_is_watched_or_names_nothing(
    touches: tuple[str, ...], regions: tuple[str, ...], params: dict[str, Any], expected: str
) -> None:
    incident = Incident("i", "Trouble", A.DEGRADED, "minor", frozenset(touches), regions=frozenset(regions))
    assert judged(Page((API,), (incident,)), **params) == expected


def test_a_filter_does_not_listen_to_the_page_as_a_whole() -> None:
    page = Page((API, ADS), indicator=A.OUTAGE, indicator_word="critical")
    assert judged(page, components=["API"]) == OPERATIONAL


def test_a_region_that_the_page_knows_apart_from_its_components_may_be_watched() -> None:
    product = Component("p", "Gmail", A.OPERATIONAL, "no open incident", products=("p", "Gmail"))
    far = Incident("i", "Trouble", A.OUTAGE, "outage", frozenset({"p"}), regions=frozenset({"Asia", "asia-1"}))
    page = Page((product,), (far,), regions=("asia-1", "Asia", "europe-1"), implied=True)
    assert judged(page, regions=["europe-1"]) == OPERATIONAL
    assert judged(page, regions=["asia*"]) == OUTAGE
    assert judged(page, regions=["moon"]) == "unknown:filter"


@pytest.mark.parametrize("entry", ["", "   ", "x" * 513, "/(/", "/(?=a)/", "/a{2000}{2000}/"])
def test_B98_a_filter_entry_that_cannot_be_used_is_refused_at_load(entry: str) -> None:
    with pytest.raises(ValidationError):
        StatusParams(url=URL, components=(entry,))


def test_B98_a_catastrophic_expression_is_harmless() -> None:
    assert not matches("/(a+)+$/", "a" * 20_000 + "!")
