"""`brand.news`: adverse news, heard by phrases, explained, told once and only while it is new."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from probes.base import Certainty, Family, Reading, Severity, Signal
from probes.brand import news
from tests.probes.feeds.given import NOW, URL, ago, answer, item, rss
from tests.probes.status.said import texts


def read(body: str, memory: Mapping[str, Any] | None = None, at: datetime = NOW, **params: Any) -> Reading:  # noqa: ANN401 - what the kind takes
    return news.interpret(news.Params(url=URL, **params), answer(body, at=at), memory or {})


def story(title: str, number: int = 9, *, hours: float = 1.0, text: str = "") -> str:
    more = f"<description>{text}</description>" if text else ""
    return item(title, guid=f"n{number}", link=f"https://news.example/{number}", date=ago(hours=hours), more=more)


QUIET = rss(story("The weather is fine", 1))


def told(*titles: str, **params: Any) -> tuple[Signal, ...]:  # noqa: ANN401 - likewise
    stories = [story(title, n) for n, title in enumerate(titles, 10)]
    return read(rss(*stories, story("The weather is fine", 1)), read(QUIET, **params).memory, **params).signals


@pytest.mark.parametrize(
    ("title", "topic", "severity"),
    [
        ("Meta lays off hundreds of content moderators in Barcelona", "moderation_cut", Severity.CRITICAL),
        ("X cuts trust and safety team again", "moderation_cut", Severity.CRITICAL),
        ("Meta ends third-party fact-checking program", "moderation_cut", Severity.CRITICAL),
        ("Brazil's top court bans X nationwide", "ban", Severity.CRITICAL),
        ("India bans TikTok and 58 other apps", "ban", Severity.CRITICAL),
        ("Nepal blocks access to Facebook and YouTube", "ban", Severity.CRITICAL),
        ("Impersonators flood Twitter after verification changes", "impersonation", Severity.WARNING),
        ("Fake Lilly account with a blue check says insulin is free", "impersonation", Severity.WARNING),
        ("Ads appear next to pro-Nazi content on X, report finds", "hate_adjacency", Severity.WARNING),
        ("Hate speech surges on the platform", "hate_adjacency", Severity.WARNING),
        ("Apple and Disney pause advertising on X", "boycott", Severity.CRITICAL),
        ("Advertisers flee the platform", "boycott", Severity.CRITICAL),
        ("Facebook misreported video metrics to advertisers", "fraud", Severity.WARNING),
        ("Data breach exposes 200 million accounts", "breach", Severity.CRITICAL),
        ("EU fines Meta 1.2 billion over data transfers", "legal", Severity.WARNING),
    ],
)
def test_adverse_news_is_heard_and_explained(title: str, topic: str, severity: Severity) -> None:
    (signal,) = told(title)
    assert topic in signal.topics
    assert (signal.severity, signal.family, signal.certainty) == (severity, Family.BRAND, Certainty.REPORTED)
    assert signal.lasts == timedelta(hours=48)
    assert signal.url == "https://news.example/10"
    assert '("' in signal.summary
    assert "heard" in texts(Reading((signal,)))


@pytest.mark.parametrize(
    "title",
    [
        "Meta launches a new ads format for Reels",
        "TikTok rolls out creator tools",
        "X denies it was hacked",
        "No evidence of a data breach, says Snap",
        "Twitch bans users for raids",
        "How to spot a fake account on Instagram",
        "YouTube bans ads for gambling",
        "Google posts record ad revenue",
        "Urban banjo players meet on Facebook",
    ],
)
def test_harmless_and_denied_things_are_not_told(title: str) -> None:
    assert told(title) == ()


@pytest.mark.parametrize(
    "title",
    [
        "TikTok ban lifted in Pakistan",
        "Court overturns Montana TikTok ban",
        "Brands return to advertising on X",
        "Reddit expands moderation team",
    ],
)
def test_the_end_of_a_trouble_is_a_remark(title: str) -> None:
    (signal,) = told(title)
    assert (signal.severity, signal.topics) == (Severity.INFO, ("relief",))


def test_good_news_on_one_thing_does_not_hide_bad_news_on_another() -> None:
    (signal,) = told("TikTok ban lifted as data breach exposes users")
    assert (signal.severity, signal.topics) == (Severity.CRITICAL, ("breach",))


def test_only_items_that_name_the_platform_or_the_brand_count_and_the_brand_is_critical() -> None:
    titles = ("Scammers flood Xanadu", "Scammers flood X", "Scammers pose as Acme & Co.")
    said = told(*titles, about=("X", "Twitter"), brand=("Acme & Co.",))
    assert [(s.key, s.severity) for s in said] == [("entry:n11", Severity.WARNING), ("entry:n12", Severity.CRITICAL)]
    assert 'names "X"' in said[0].summary


def test_the_first_reading_is_silent_and_each_item_is_told_once() -> None:
    body = rss(story("Data breach at X"))
    first = read(body)
    assert first.signals == ()
    assert read(body, first.memory).signals == ()


def test_what_was_old_when_first_seen_is_never_news() -> None:
    memory = read(QUIET).memory
    old = rss(story("Data breach at X", hours=73), story("The weather is fine", 1))
    after = read(old, memory)
    assert after.signals == ()
    assert read(old, after.memory).signals == ()


def test_a_headline_that_turns_adverse_is_told_and_one_told_is_not_told_again() -> None:
    memory = read(rss(story("Something at X"))).memory
    turned = read(rss(story("Data breach at X")), memory)
    assert len(turned.signals) == 1
    again = read(rss(story("Data breach at X, now with more detail")), json.loads(json.dumps(turned.memory)))
    assert again.signals == ()


def test_text_in_the_summary_is_heard_and_hidden_characters_do_not_hide_it() -> None:
    memory = read(QUIET).memory
    hidden = story("News", text="Data\u200b br\u00adeach exposes accounts at the \u202eplatform")
    (signal,) = read(rss(hidden), memory).signals
    assert "breach" in signal.topics
    assert all(c.isprintable() for c in signal.summary)
