"""The recorded feeds: file, what is expected of it (a count of entries, or why it is Unreadable), got."""

from functools import cache

import pytest

from probes._feed import Feed
from probes.base import Unreadable
from tests.fixtures_at import FIXTURES, needs_fixtures
from tests.probes.feeds.given import feed_of, reason_of

EXPECTED: dict[str, int | str] = {
    "feedparser_encoding/big5.xml": 0,
    "feedparser_encoding/bozo_bogus_encoding.xml": "format",
    "feedparser_encoding/bozo_double-encoded-html.xml": 1,
    "feedparser_encoding/bozo_encoding_mismatch_crash.xml": 1,
    "feedparser_encoding/bozo_http_i18n.xml": 0,
    "feedparser_encoding/bozo_invalid-bytes-with-bom.xml": "format",
    "feedparser_encoding/bozo_linenoise.xml": 1,
    "feedparser_encoding/demoronize-1.xml": 1,
    "feedparser_encoding/double-encoded-html.xml": 1,
    "feedparser_encoding/euc-kr.xml": 0,
    "feedparser_encoding/http_application_rss_xml_encoding.xml": 0,
    "feedparser_encoding/http_text_xml_bogus_charset.xml": 0,
    "feedparser_encoding/http_text_xml_epe_charset_overrides_encoding.xml": 0,
    "feedparser_encoding/no_content_type_default.xml": 0,
    "feedparser_encoding/u16.xml": 0,
    "feedparser_encoding/utf-16be-bom.xml": 0,
    "feedparser_encoding/utf-16le-autodetect.xml": 0,
    "feedparser_encoding/utf-32be.xml": 0,
    "feedparser_encoding/utf-8-bom.xml": 0,
    "feedparser_illformed/aaa_illformed.xml": "format",
    "feedparser_illformed/always_strip_doctype.xml": 0,
    "feedparser_illformed/big5.xml": 0,
    "feedparser_illformed/eucjp.xml": 1,
    "feedparser_illformed/euckr.xml": 1,
    "feedparser_illformed/gb2312.xml": 1,
    "feedparser_illformed/georss_point_no_coords.xml": 1,
    "feedparser_illformed/georss_polygon_insufficient_coords.xml": 1,
    "feedparser_illformed/gml_point.xml": 1,
    "feedparser_illformed/http_high_bit_date.xml": 0,
    "feedparser_illformed/koi8r.xml": 1,
    "feedparser_illformed/rdf_channel_empty_textinput.xml": "format",
    "feedparser_illformed/rss_empty_document.xml": "format",
    "feedparser_illformed/rss_incomplete_cdata.xml": "format",
    "feedparser_illformed/rss_item_link_corrupted_ampersands.xml": "format",
    "feedparser_illformed/shiftjis.xml": 1,
    "feedparser_illformed/tis620.xml": 1,
    "feedparser_illformed/undeclared_namespace.xml": 0,
    "feedparser_illformed/windows1255.xml": 1,
    "feedparser_json/example.json": 2,
    "node_feedparser/complexNamespaceFeed.xml": 1,
    "node_feedparser/compressed.xml": 10,
    "node_feedparser/guid-dupes.xml": 1,
    "node_feedparser/iconv.xml": 10,
    "node_feedparser/illegally-nested.xml": 11,
    "node_feedparser/invalid-characters-gzipped.xml": 25,
    "node_feedparser/notafeed.html": "format",
    "node_feedparser/saxerror.xml": 3,
    "node_feedparser/tpm.atom": 20,
    "node_feedparser/unknown-namespace.atom": 1,
    "node_feedparser/wapowellness.xml": 29,
    "rsparser/4fsodonline.atom": 25,
    "rsparser/DaringFireball.json": 48,
    "rsparser/DaringFireball.rss": 47,
    "rsparser/ScriptingNews.json": 49,
    "rsparser/aktuality.rss": 30,
    "rsparser/allthis-partial.json": "format",
    "rsparser/authors.json": 4,
    "rsparser/cloudblog.rss": 20,
    "rsparser/donthitsave.xml": 10,
    "rsparser/inessential.json": 20,
    "rsparser/kc0011.rss": 20,
    "rsparser/livemint.xml": 25,
    "rsparser/macworld.rss": 30,
    "rsparser/monkeydom.rss": 13,
    "rsparser/phpxml.rss": 20,
    "rss_parser/content-encoded.rss": 7,
    "rss_parser/customfields.rss": 15,
    "rss_parser/encoding.rss": 40,
    "rss_parser/feedburner.atom": 25,
    "rss_parser/guardian.rss": 55,
    "rss_parser/gulp-atom.atom": 10,
    "rss_parser/heise.atom": 15,
    "rss_parser/heraldsun.rss": 2,
    "rss_parser/incomplete-fields.atom": 1,
    "rss_parser/many-links.rss": 25,
    "rss_parser/missing-fields.atom": 1,
    "rss_parser/pagination-links.rss": 1,
    "rss_parser/reddit-atom.rss": 24,
    "rss_parser/reddit.rss": 24,
    "rss_parser/rss-1.rss": 69,
    "rss_parser/unrecognized.rss": "format",
    "rss_parser/uolNoticias.rss": 15,
}
FOLDER = FIXTURES / "feeds"


@cache
def got(name: str) -> Feed | str:
    """The recorded feed, or why it is Unreadable."""
    try:
        return feed_of((FOLDER / name).read_bytes())
    except Unreadable as error:
        return str(error.reason)


def read_well(name: str) -> Feed:
    feed = got(name)
    assert isinstance(feed, Feed), feed
    return feed


@needs_fixtures
@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_feed_gives_its_entries_or_says_why_not(name: str) -> None:
    feed = got(name)
    assert (feed if isinstance(feed, str) else len(feed.entries)) == EXPECTED[name]


@needs_fixtures
def test_the_table_has_every_recorded_feed() -> None:
    assert {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file()} == set(EXPECTED)


@needs_fixtures
@pytest.mark.parametrize("name", [n for n, e in EXPECTED.items() if isinstance(e, int) and e > 0])
def test_every_text_of_a_recorded_feed_is_clean(name: str) -> None:
    for entry in read_well(name).entries:
        for text in (entry.title, entry.summary, entry.link, entry.id, *entry.categories):
            assert text == text.strip()
            assert text.isprintable() or all(c.isprintable() or c == "\u00a0" for c in text), repr(text)
        assert entry.link == "" or entry.link.startswith(("http://", "https://"))
        assert entry.id


@needs_fixtures
def test_a_cyrillic_feed_in_windows_1251_is_read_in_its_letters_also_when_it_is_packed() -> None:
    plain, packed = (read_well(f"node_feedparser/{n}") for n in ("iconv.xml", "compressed.xml"))
    assert plain.title.startswith("Новости Оренбурга")
    assert [e.title for e in packed.entries] == [e.title for e in plain.entries]


@needs_fixtures
def test_slash_dates_and_dates_in_portuguese_are_no_dates_rather_than_wrong_ones() -> None:
    for name in ("rsparser/kc0011.rss", "rss_parser/uolNoticias.rss"):
        entries = read_well(name).entries
        assert all(e.newest is None and e.odd_date for e in entries)


@needs_fixtures
@pytest.mark.parametrize(
    "name", [n for n, e in EXPECTED.items() if isinstance(e, int) and not n.startswith("feedparser_")]
)
def test_a_recorded_feed_cut_anywhere_is_unreadable(name: str) -> None:
    body = (FOLDER / name).read_bytes().rstrip()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.98):
        assert reason_of(body[: int(len(body) * share)]), f"cut to {share:.0%}"
