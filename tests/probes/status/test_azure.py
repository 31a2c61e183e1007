"""`status.azure`: no item is well, an item is open until the vendor's words say that it is over."""

import pytest

from tests.fixtures_at import FIXTURES, needs_fixtures
from tests.probes.feeds.given import ago, item, rss
from tests.probes.status.said import DEGRADED, OPERATIONAL, OUTAGE, reason, verdict

KIND = "status.azure"


def azure(*items: str) -> bytes:
    return rss(*items, title="Azure Status").encode()


@needs_fixtures
def test_the_recorded_empty_feed_is_well() -> None:
    assert verdict(KIND, (FIXTURES / "rss_status" / "azure_status_2026-07-31_empty.xml").read_bytes()) == OPERATIONAL


@pytest.mark.parametrize(
    ("title", "hours", "expected"),
    [
        ("Azure Front Door - Connectivity issues", 1, DEGRADED),
        ("Active - Azure Front Door", 1, DEGRADED),
        ("Major outage in West Europe", 1, OUTAGE),
        ("Azure Front Door - Mitigated", 1, OPERATIONAL),
        ("Resolved: Azure Front Door", 1, OPERATIONAL),
        ("Azure Front Door - Connectivity issues", 30, DEGRADED),
    ],
)
def test_an_item_is_open_until_it_is_over(title: str, hours: float, expected: str) -> None:
    assert verdict(KIND, azure(item(title, date=ago(hours=hours)))) == expected


def test_a_filter_compares_with_categories_and_what_no_item_names_is_unknown() -> None:
    body = azure(item("Trouble", date=ago(hours=1), more="<category>Front Door</category>"))
    assert verdict(KIND, body, products=("Front Door",)) == DEGRADED
    assert reason(KIND, body, products=("Storage",)) == "filter"
    assert reason(KIND, azure(), products=("Front Door",)) == "filter"


def test_another_feed_and_a_damaged_one_are_unreadable() -> None:
    assert reason(KIND, rss().encode()) == "format"
    assert reason(KIND, azure(item("x"))[:-9]) == "format"
