"""What a feed gives: ids, dates that can be believed, clean texts and safe links, whatever the dialect."""

import json
from datetime import UTC, datetime

import pytest

from probes import _text
from probes._feed import ENTRIES_MAX, ID_CHARS_MAX
from tests.probes.feeds.given import NOW, ago, feed_of, item, reason_of, rss


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 17 Aug 2026 21:01:19 PDT", datetime(2026, 8, 18, 4, 1, 19, tzinfo=UTC)),
        ("2026-08-17T21:01:19+02:00", datetime(2026, 8, 17, 19, 1, 19, tzinfo=UTC)),
        ("Fri, 31 Jul 2026 00:12:00 Z", datetime(2026, 7, 31, 0, 12, tzinfo=UTC)),
        ("2020/1/10 14:33:00", None),
        ("10/1/2026", None),
        ("Seg, 24 Set 2018 10:00:00", None),
        ("9999-12-31T00:00:00Z", None),
        ("0000-00-00T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("99999-01-01", None),
        ("Mon, 17 Aug 2026 25:61:00 GMT", None),
        ("2031-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("Mon, 17 Aug 2026 21:01:19 GMT" + "x" * 100, None),
    ],
)
def test_a_date_is_right_or_none_and_then_it_is_said(text: str, expected: datetime | None) -> None:
    entry = feed_of(rss(item(date=text))).entries[0]
    assert entry.published == expected
    assert entry.odd_date == (expected is None)


def test_no_date_is_not_an_odd_date() -> None:
    entry = feed_of(rss(item())).entries[0]
    assert (entry.newest, entry.odd_date) == (None, False)


def test_an_id_is_the_guid_else_the_link_else_made_of_the_title() -> None:
    entries = feed_of(
        rss(item("a", guid="g1", link="https://v.example/1"), item("b", link="https://v.example/2"), item("c"))
    )
    assert [e.id for e in entries.entries][:2] == ["g1", "https://v.example/2"]
    assert entries.entries[2].id.startswith("title:")


def test_a_repeated_guid_counts_once_and_a_reused_one_for_two_things_counts_twice() -> None:
    same = feed_of(
        rss(item("a", guid="g", link="https://v.example/1"), item("a", guid="g", link="https://v.example/1"))
    )
    other = feed_of(
        rss(item("a", guid="g", link="https://v.example/1"), item("b", guid="g", link="https://v.example/2"))
    )
    assert (len(same.entries), len(other.entries)) == (1, 2)
    assert len({e.id for e in other.entries}) == 2


def test_items_without_guid_that_all_link_to_one_page_are_different_items() -> None:
    feed = feed_of(rss(*(item(t, link="https://v.example/") for t in "abc")))
    assert [e.title for e in feed.entries] == ["a", "b", "c"]
    assert len({e.id for e in feed.entries}) == 3


def test_the_newest_are_kept_when_there_are_too_many_whatever_their_order() -> None:
    items = [item(f"n{n}", guid=f"g{n}", date=ago(days=n)) for n in range(ENTRIES_MAX + 100)]
    for order in (items, items[::-1]):
        kept = {e.title for e in feed_of(rss(*order)).entries}
        assert kept == {f"n{n}" for n in range(ENTRIES_MAX)}


def test_a_json_feed_and_rss_in_json_give_the_same_kind_of_entries() -> None:
    one = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "V",
        "items": [
            {
                "id": 7,
                "url": "https://v.example/7",
                "title": "Seven",
                "content_html": "<p>Hello <b>there</b></p>",
                "date_published": "2026-11-20T10:00:00+01:00",
                "tags": ["api", "ads"],
            }
        ],
    }
    entry = feed_of(json.dumps(one)).entries[0]
    assert (entry.id, entry.title, entry.summary, entry.categories) == ("7", "Seven", "Hello there", ("api", "ads"))
    assert entry.published == datetime(2026, 11, 20, 9, tzinfo=UTC)
    two = {
        "rss": {
            "channel": {
                "title": "V",
                "item": {"guid": {"#value": "x"}, "title": "One", "pubDate": "Fri, 20 Nov 2026 09:00:00 GMT"},
            }
        }
    }
    entry = feed_of(json.dumps(two)).entries[0]
    assert (entry.id, entry.title, entry.published) == ("x", "One", datetime(2026, 11, 20, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        {"version": "https://jsonfeed.org/version/1"},
        {"version": "https://jsonfeed.org/version/1", "items": {}},
        {"version": "https://jsonfeed.org/version/1", "items": [1, 2]},
        {"version": "https://jsonfeed.org/version/2", "items": []},
        {"rss": {"channel": {"item": "x"}}},
        {"rss": []},
        [],
        {"items": []},
    ],
)
def test_json_of_another_shape_is_unreadable(value: object) -> None:
    assert reason_of(json.dumps(value)) == "format"


def test_wrong_types_inside_a_json_item_lose_the_value_and_not_the_feed() -> None:
    item_ = {
        "id": None,
        "url": ["x"],
        "title": {"a": 1},
        "content_html": 7,
        "date_published": 12,
        "tags": "x",
        "summary": None,
    }
    feed = feed_of(json.dumps({"version": "https://jsonfeed.org/version/1", "items": [item_]}))
    assert feed.entries[0].title == ""
    assert feed.entries[0].odd_date


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://v.example/",
        "https://",
        "https://v.example/a b",
        "https://v.example/" + "a" * 3_000,
        "https://[::1",
        'https://v.example/"onclick=',
    ],
)
def test_B60_only_whole_http_links_come_through(link: str) -> None:
    assert _text.link(link) == ""
    assert _text.link("/a?b=1&c=2", "https://v.example/x") == "https://v.example/a?b=1&c=2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb\u2066c\u200bd\u200ee", "abcde"),
        ("line\r\nbreak\ttab", "line break tab"),
        ("\x00\x07\x1b[31mred", "[31mred"),
        ("soft\u00adhyphen \ufeffmark", "softhyphen mark"),
        ("\ud800lone", "lone"),
        ("e\u0301" + "\u0301" * 50, "e" + "\u0301" * 8),
        ("  many   spaces  ", "many spaces"),
        ("ordinary Ünïcode 日本語 🎉", "ordinary Ünïcode 日本語 🎉"),
    ],
)
def test_B54_hidden_and_turning_characters_are_taken_out(text: str, expected: str) -> None:
    assert _text.clean(text) == expected


def test_B55_a_title_of_20_kilobytes_is_cut_at_a_word() -> None:
    cut = _text.clean("word " * 4_000, 300)
    assert len(cut) <= 300
    assert cut.endswith("word…")


def test_B59_markup_in_a_title_is_no_markup_any_more() -> None:
    title = (
        feed_of(rss(item("<![CDATA[Hello <script>alert(1)</script><img src=x onerror=alert(1)> world]]>")))
        .entries[0]
        .title
    )
    assert title == "Hello world"
    assert feed_of(rss(item("AT&amp;T: 1 &lt; 2"))).entries[0].title == "AT&T: 1 < 2"


def test_the_print_of_an_entry_changes_with_its_text_and_with_nothing_else() -> None:
    def print_of(body: str, date: datetime) -> str:
        return feed_of(rss(item("t", guid="1", date=date, more=f"<description>{body}</description>"))).entries[0].print

    assert print_of("as it was", NOW) == print_of("as it  was", ago(days=3))
    assert print_of("as it was", NOW) != print_of("as it is", NOW)


def test_a_guid_that_is_too_long_is_no_id() -> None:
    entry = feed_of(rss(item("a", guid="g" * 5_000, link="https://v.example/1"))).entries[0]
    assert entry.id == "https://v.example/1"
    assert len(entry.id) <= ID_CHARS_MAX
