"""`policy.feed`: what is new in a changelog, blog or policy feed, what was edited, and how much it matters."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from probes._cursor import SEEN_MAX
from probes.base import Family, Reading, Severity, Unreadable
from probes.policy import feed
from tests.fixtures_at import FIXTURES, needs_fixtures
from tests.probes.feeds.given import NOW, URL, ago, answer, item, rss


def read(body: bytes | str, memory: Mapping[str, Any] | None = None, at: datetime = NOW, **params: Any) -> Reading:  # noqa: ANN401 - what the kind takes
    return feed.interpret(feed.Params(url=URL, **params), answer(body, at=at), memory or {})


def entry(number: int, title: str = "", text: str = "", *, days: float = 0.0) -> str:
    more = f"<description>{text}</description>" if text else ""
    return item(
        title or f"Number {number}",
        guid=f"g{number}",
        link=f"https://v.example/{number}",
        date=ago(days=days),
        more=more,
    )


FIRST = [entry(n, days=n) for n in range(1, 6)]


def after_first(*items: str, **params: Any) -> Reading:  # noqa: ANN401 - likewise
    return read(rss(*items, *FIRST), read(rss(*FIRST)).memory, NOW + timedelta(hours=1), **params)


def test_the_first_reading_only_remembers() -> None:
    first = read(rss(entry(1, "Breaking change: v1 shuts down"), *FIRST))
    assert first.signals == ()
    assert first.memory


def test_a_new_entry_is_told_once_with_its_link_and_date() -> None:
    second = after_first(entry(9, "New in the API"))
    (signal,) = second.signals
    assert (signal.family, signal.severity, signal.key) == (Family.POLICY, Severity.INFO, "entry:g9")
    assert (signal.url, signal.since, signal.lasts) == ("https://v.example/9", NOW, timedelta(days=7))
    assert signal.evidence[0].url == "https://v.example/9"
    third = read(rss(entry(9, "New in the API"), *FIRST), second.memory)
    assert third.signals == ()


def test_the_same_feed_again_reordered_or_redated_is_no_news() -> None:
    memory = read(rss(*FIRST)).memory
    assert read(rss(*FIRST[::-1]), memory).signals == ()
    assert read(rss(*(entry(n, days=n + 1) for n in range(1, 6))), memory).signals == ()


def test_an_entry_that_left_and_came_back_is_no_news() -> None:
    memory = read(rss(*FIRST)).memory
    memory = read(rss(*FIRST[1:]), memory).memory
    assert read(rss(*FIRST), memory).signals == ()


def test_a_duplicate_guid_is_told_once() -> None:
    assert len(after_first(entry(9, "Twice"), entry(9, "Twice")).signals) == 1


def test_an_edit_in_place_is_told_though_no_date_moved() -> None:
    memory = read(rss(entry(1, "Rates", "You may call 100 times."), *FIRST[1:])).memory
    edited = read(rss(entry(1, "Rates", "You may call 50 times."), *FIRST[1:]), memory)
    assert [s.summary.startswith("Edited: Rates") for s in edited.signals] == [True]
    assert edited.signals[0].key != "entry:g1"
    assert read(rss(entry(1, "Rates", "You may call 50 times."), *FIRST[1:]), edited.memory).signals == ()


def test_prints_of_an_earlier_version_of_ours_are_no_edits() -> None:
    memory = {**read(rss(*FIRST)).memory, "prints": 0}
    changed = rss(*(entry(n, text="changed", days=n) for n in range(1, 6)))
    again = read(changed, memory)
    assert again.signals == ()
    assert read(rss(*FIRST), again.memory).signals != ()


@pytest.mark.parametrize(
    ("title", "text", "severity", "topics"),
    [
        ("Breaking change in v3", "", Severity.WARNING, {"breaking"}),
        ("Release notes", "There are no breaking changes in this API version.", Severity.INFO, {"api"}),
        ("v19 is deprecated", "", Severity.INFO, {"deprecation"}),
        ("v19 is deprecated", "It will be removed on March 25, 2027.", Severity.WARNING, {"deprecation"}),
        ("New pricing", "Effective January 1, 2027.", Severity.WARNING, {"pricing"}),
        ("New pricing", "More to come.", Severity.INFO, {"pricing"}),
        ("Update to the advertising policy", "Takes effect on 2027-01-15.", Severity.WARNING, {"ads_policy"}),
        ("Our privacy notice", "", Severity.INFO, {"privacy"}),
        ("Community guidelines", "", Severity.INFO, {"moderation"}),
        ("Identity verification for accounts", "", Severity.INFO, {"account"}),
        ("A day at the office", "We ate cake.", Severity.INFO, set()),
        ("Capital news", "Rapid apian leaps", Severity.INFO, set()),
    ],
)
def test_topics_are_whole_words_and_severity_goes_by_topic_and_date(
    title: str, text: str, severity: Severity, topics: set[str]
) -> None:
    (signal,) = after_first(entry(9, title, text)).signals
    assert signal.severity == severity
    assert topics <= set(signal.topics)
    assert topics or not signal.topics


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("The change is effective March 25, 2026.", "March 25, 2026"),
        ("It takes effect on 15 September 2025.", "15 September 2025"),
        ("v19 will be removed on 2027-01-31 for all.", "2027-01-31"),
        ("Starting June 2027, calls fail.", "June 2027"),
        ("Published March 25, 2026 by the team.", ""),
        ("Within 30 days of receipt.", ""),
        ("You may use it.", ""),
    ],
)
def test_an_effective_date_is_taken_as_it_is_written_where_it_is_plain(text: str, date: str) -> None:
    assert feed.effective_date(text) == date


def test_only_chosen_topics_are_told_and_own_words_are_a_warning() -> None:
    items = [entry(8, "Cake"), entry(9, "New endpoint")]
    assert [s.key for s in after_first(*items, topics=("api",)).signals] == ["entry:g9"]
    (own,) = after_first(entry(8, "Cake for partners"), topics=("api",), words=("cake .. partner*",)).signals
    assert own.severity == Severity.WARNING


def test_an_entry_that_comes_late_with_an_old_date_is_no_news() -> None:
    assert after_first(entry(9, "Breaking change", days=30)).signals == ()
    assert len(after_first(entry(9, "Breaking change", days=13)).signals) == 1


def test_B30_a_feed_that_lost_nearly_all_is_unreadable_and_nothing_is_forgotten() -> None:
    full = rss(*(entry(n, days=1) for n in range(30)))
    memory = read(full).memory
    with pytest.raises(Unreadable, match="had 30 entries"):
        read(rss(entry(1)), memory, NOW + timedelta(hours=1))
    assert read(full, memory).signals == ()
    assert read(rss(entry(1, days=1)), memory, NOW + timedelta(days=8)).signals == ()


def test_the_memory_is_json_and_bounded() -> None:
    memory: Mapping[str, Any] = {}
    for batch in range(8):
        body = rss(*(entry(batch * 400 + n, days=1) for n in range(400)))
        memory = read(body, json.loads(json.dumps(memory))).memory
    assert len(memory["seen"]) == SEEN_MAX
    assert len(json.dumps(memory)) < 200_000


@pytest.mark.parametrize(
    "memory", [{"seen": 7}, {"seen": [1, None, ["x"]]}, {"count": "x", "counted": 3}, {"seen": {}, "prints": []}]
)
def test_a_memory_that_is_not_ours_does_no_harm(memory: Mapping[str, Any]) -> None:
    assert isinstance(read(rss(*FIRST), memory), Reading)


def test_unknown_topics_and_bad_phrases_are_refused_at_load() -> None:
    with pytest.raises(ValidationError, match="there are account"):
        feed.Params(url=URL, topics=("cakes",))
    with pytest.raises(ValidationError):
        feed.Params(url=URL, words=("(a+)+$",))


@needs_fixtures
def test_real_changelogs_read_silently_first_and_quietly_again() -> None:
    for name in ("rss_parser/gulp-atom.atom", "rss_parser/many-links.rss", "rsparser/inessential.json"):
        body = (FIXTURES / "feeds" / name).read_bytes()
        first = read(body)
        assert first.signals == ()
        assert read(body, first.memory).signals == ()
