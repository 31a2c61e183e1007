"""`status.tiktok`: empty is well, three levels in words, anything else is unknown."""

import pytest

from tests.probes.feeds.given import ago, item, rss
from tests.probes.status.said import DEGRADED, OPERATIONAL, OUTAGE, reason, verdict

KIND = "status.tiktok"


def tiktok(*items: str) -> bytes:
    return rss(*items, title="TikTok for Business Status").encode()


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Ads Manager", "Low Disruption", DEGRADED),
        ("Major Disruption - Ads Manager", "", OUTAGE),
        ("Ads Manager", "Status: Major Disruption", OUTAGE),
        ("Ads Manager", "No Known Issue", OPERATIONAL),
        ("[Resolved] Ads Manager", "Major Disruption", OPERATIONAL),
    ],
)
def test_the_level_is_heard_wherever_an_item_carries_it(title: str, text: str, expected: str) -> None:
    body = tiktok(item(title, date=ago(hours=1), more=f"<description>{text}</description>"))
    assert verdict(KIND, body) == expected


def test_an_empty_feed_is_well() -> None:
    assert verdict(KIND, tiktok()) == OPERATIONAL


@pytest.mark.parametrize("text", ["Total Disruption", "Something happened", ""])
def test_an_item_in_words_that_we_do_not_know_is_unknown(text: str) -> None:
    assert (
        reason(KIND, tiktok(item("Ads Manager", date=ago(hours=1), more=f"<description>{text}</description>")))
        == "word"
    )


def test_another_feed_is_unreadable_and_a_filter_that_matches_nothing_is_unknown() -> None:
    assert reason(KIND, rss().encode()) == "format"
    assert reason(KIND, tiktok(), components=("Ads Manager",)) == "filter"
    body = tiktok(item("Low Disruption", date=ago(hours=1), more="<category>Ads Manager</category>"))
    assert verdict(KIND, body, components=("Ads Manager",)) == DEGRADED
