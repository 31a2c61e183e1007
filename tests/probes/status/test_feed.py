"""`status.feed`: the life cycle of a vendor's incidents, read from its history as a feed."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from probes.base import Reading, Unreadable
from probes.status import feed
from tests.fixtures_at import FIXTURES, needs_fixtures
from tests.probes.feeds.given import NOW, URL, ago, answer, item, rss
from tests.probes.status.said import DEGRADED, MAINTENANCE, OPERATIONAL, OUTAGE, texts, verdict_of


def reading(body: bytes | str, at: datetime = NOW, **params: object) -> Reading:
    return feed.interpret(feed.Params.model_validate({"url": URL, **params}), answer(body, at=at), {})


def verdict(body: bytes | str, at: datetime = NOW, **params: object) -> str:
    try:
        return verdict_of(reading(body, at, **params))
    except Unreadable as error:
        return f"unknown:{error.reason}"


def incident(*updates: str, title: str = "API errors", date: datetime | None = None, guid: str = "i1") -> str:
    """An item as Statuspage writes it: one per incident, its updates newest first."""
    body = "".join(f"<p><small>Nov 22, 08:00 UTC</small><br><strong>{u}</strong> - Some words.</p>" for u in updates)
    return item(title, guid=guid, date=date or ago(hours=1), more=f"<description><![CDATA[{body}]]></description>")


@pytest.mark.parametrize(
    ("updates", "expected"),
    [
        (["Investigating"], DEGRADED),
        (["Identified", "Investigating"], DEGRADED),
        (["Monitoring", "Identified", "Investigating"], DEGRADED),
        (["Update", "Monitoring", "Investigating"], DEGRADED),
        (["Update"], DEGRADED),
        (["Resolved", "Monitoring", "Investigating"], OPERATIONAL),
        (["Postmortem", "Resolved", "Investigating"], OPERATIONAL),
        (["Investigating", "Resolved", "Investigating"], DEGRADED),
        (["Scheduled"], OPERATIONAL),
        (["In progress", "Scheduled"], MAINTENANCE),
        (["Verifying", "In progress", "Scheduled"], MAINTENANCE),
        (["Completed", "In progress", "Scheduled"], OPERATIONAL),
        (["Investigatinf", "Resolved"], "unknown:word"),
        (["Wondering"], "unknown:word"),
    ],
)
def test_the_newest_update_says_what_state_an_incident_is_in(updates: list[str], expected: str) -> None:
    assert verdict(rss(incident(*updates))) == expected


def test_a_long_newest_update_is_not_passed_over_for_an_older_one() -> None:
    long = f"<strong>Resolved</strong> - {'word ' * 1_000}<strong>Investigating</strong> - x"
    assert (
        verdict(rss(item("x", date=ago(hours=1), more=f"<description><![CDATA[{long}]]></description>"))) == OPERATIONAL
    )


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.1, OUTAGE), (23, OUTAGE), (25, DEGRADED), (24 * 6, DEGRADED), (24 * 8, OPERATIONAL), (24 * 100, OPERATIONAL)],
)
def test_an_open_incident_counts_by_its_age_and_is_never_passed_over_without_a_word(
    hours: float, expected: str
) -> None:
    said = reading(rss(incident("Investigating", title="Major outage", date=ago(hours=hours))))
    assert verdict_of(said) == expected
    assert "Major outage" in texts(said)
    assert ("still marked open" in texts(said)) == (hours > 24)


def test_an_open_incident_without_a_date_counts_in_full() -> None:
    assert verdict(rss(item("[Investigating] Major outage"))) == OUTAGE
    assert verdict(rss(item("[Investigating] Major outage", date="2020/1/2 10:00"))) == OUTAGE


def test_work_that_was_in_progress_yesterday_is_a_remark() -> None:
    said = reading(rss(incident("In progress", date=ago(hours=30))))
    assert verdict_of(said) == OPERATIONAL
    assert "still marked in progress" in texts(said)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("[RESOLVED] Login trouble", OPERATIONAL),
        ("Resolved: Login trouble", OPERATIONAL),
        ("Login trouble (resolved)", OPERATIONAL),
        ("Login trouble - Resolved", OPERATIONAL),
        ("Service is operating normally: [RESOLVED] Login trouble", OPERATIONAL),
        ("Investigating - Login trouble", DEGRADED),
        ("Service impact: Login trouble", DEGRADED),
        ("Service disruption: Login trouble", OUTAGE),
        ("Informational message: Login trouble", OPERATIONAL),
        ("Login trouble", "unknown:word"),
        ("We resolved to do better", "unknown:word"),
    ],
)
def test_the_words_around_a_title_say_the_state(title: str, expected: str) -> None:
    assert verdict(rss(item(title, date=ago(hours=1)))) == expected


def test_updates_in_items_of_their_own_are_one_incident_and_the_newest_counts() -> None:
    older = item("Service disruption: Errors", guid="https://a.example/#s3-eu-west-1_1787000000", date=ago(hours=3))
    newer = item("[RESOLVED] Errors", guid="https://a.example/#s3-eu-west-1_1787010000", date=ago(hours=1))
    other = item("Service disruption: Errors", guid="https://a.example/#sqs-eu-west-1_1787000000", date=ago(hours=3))
    assert verdict(rss(older, newer)) == verdict(rss(newer, older)) == OPERATIONAL
    assert verdict(rss(older, newer, other)) == OUTAGE
    plain = [item("Errors", guid="1", date=ago(hours=2)), item("Resolved: Errors", guid="2", date=ago(hours=1))]
    assert verdict(rss(*plain)) == OPERATIONAL


def test_two_incidents_of_one_title_are_two() -> None:
    first = incident("Investigating", title="Incident with Actions", guid="a", date=ago(hours=2))
    second = incident("Resolved", title="Incident with Actions", guid="b", date=ago(hours=1))
    assert verdict(rss(second, first)) == DEGRADED


def test_incident_io_says_its_status_and_its_components() -> None:
    affected = "<b>Affected components</b><ul><li>Login (Full outage)</li></ul>"
    body = f"<b>Status: Identified</b><br/><br/>We look.<br/>{affected}"
    feed_ = rss(item("Sign-in", date=ago(hours=1), more=f"<description><![CDATA[{body}]]></description>"))
    assert verdict(feed_) == OUTAGE
    assert verdict(feed_, components=("Login",)) == OUTAGE
    assert verdict(feed_, components=("Log",)) == "unknown:filter"
    assert verdict(feed_.replace("Identified", "Resolved"), components=("Login",)) == OPERATIONAL


def test_a_filter_leaves_out_what_names_only_other_things_and_keeps_what_names_nothing() -> None:
    mail = item("[Investigating] Delays", guid="1", date=ago(hours=1), more="<category>Mail</category>")
    chat = item("[Resolved] Lag", guid="2", date=ago(hours=1), more="<category>Chat</category>")
    bare = item("[Investigating] Everything", guid="3", date=ago(hours=1))
    assert verdict(rss(mail, chat), components=("Chat",)) == OPERATIONAL
    assert verdict(rss(mail, chat), components=("Mail",)) == DEGRADED
    assert verdict(rss(mail, chat, bare), components=("Chat",)) == DEGRADED
    assert verdict(rss(chat), components=("Mail",)) == "unknown:filter"


def test_old_entries_end_by_a_sentence_and_young_ones_do_not() -> None:
    text = "<description>We saw errors. The issue has been resolved.</description>"
    known = incident("Resolved", guid="known")
    assert verdict(rss(known, item("Errors", guid="2", date=ago(hours=30), more=text))) == OPERATIONAL
    assert verdict(rss(known, item("Errors", guid="2", date=ago(hours=3), more=text))) == "unknown:word"


def test_a_feed_of_ordinary_news_is_no_status_however_old() -> None:
    news = [item(f"We launched number {n}", guid=str(n), date=ago(days=30 + n)) for n in range(5)]
    assert verdict(rss(*news)) == "unknown:word"


def test_an_empty_history_is_well_and_one_that_lost_its_entries_is_not() -> None:
    params = feed.Params(url=URL)
    assert verdict(rss()) == OPERATIONAL
    full = rss(*(incident("Resolved", guid=f"i{n}", title=f"t{n}") for n in range(20)))
    kept = feed.interpret(params, answer(full), {}).memory
    with pytest.raises(Unreadable, match="had 20 entries"):
        feed.interpret(params, answer(rss(), at=NOW + timedelta(minutes=5)), kept)
    assert verdict_of(feed.interpret(params, answer(rss(), at=NOW + timedelta(days=8)), kept)) == OPERATIONAL


def test_an_entry_edited_in_place_needs_no_memory() -> None:
    before, after = rss(incident("Investigating")), rss(incident("Resolved", "Investigating"))
    assert [verdict(before), verdict(after), verdict(before)] == [DEGRADED, OPERATIONAL, DEGRADED]


def test_all_updates_are_kept_as_evidence() -> None:
    said = reading(rss(incident("Monitoring", "Identified", "Investigating")))
    assert [e.text.split(":")[0] for s in said.signals for e in s.evidence] == [
        "Monitoring",
        "Identified",
        "Investigating",
    ]


AWS = FIXTURES / "rss_status" / "aws_all_2026-08-18.rss"


@needs_fixtures
def test_the_recorded_feed_of_aws_reads_right_on_each_day() -> None:
    body = AWS.read_bytes()
    newest = body[body.index(b"<item>") : body.index(b"</item>") + 7]
    assert verdict(body, datetime(2026, 8, 18, 12, tzinfo=UTC)) == OPERATIONAL
    assert "still marked open" in texts(reading(body, datetime(2026, 8, 18, 12, tzinfo=UTC)))
    before = body.replace(newest, b"")
    assert verdict(before, datetime(2026, 8, 18, 3, tzinfo=UTC)) == DEGRADED
    assert verdict(before, datetime(2026, 8, 18, 3, tzinfo=UTC), products=("directconnect",)) == DEGRADED
    assert verdict(before, datetime(2026, 8, 18, 3, tzinfo=UTC), regions=("me-south-1",)) == OPERATIONAL
    assert verdict(before, datetime(2026, 8, 18, 3, tzinfo=UTC), products=("connect",)) == "unknown:filter"
    assert verdict(body, datetime(2026, 4, 30, 12, tzinfo=UTC)) == OUTAGE


SERIES = FIXTURES / "rss_status" / "github_history_atom_series"


@needs_fixtures
@pytest.mark.parametrize("name", [p.name for p in sorted(SERIES.glob("*.atom"))])
def test_the_recorded_histories_of_github_are_well_and_not_when_their_newest_is_open(name: str) -> None:
    body = (SERIES / name).read_bytes()
    at = datetime.fromisoformat(name[:10]).replace(tzinfo=UTC)
    assert verdict(body, at) == OPERATIONAL
    assert verdict(body.replace(b"&lt;strong&gt;Resolved", b"&lt;strong&gt;Monitoring"), at) in {DEGRADED, OUTAGE}
    unknown = body.replace(b"&lt;strong&gt;Resolved", b"&lt;strong&gt;Rezolved").replace(b"resolved", b"rezolved")
    assert verdict(unknown, at) in {DEGRADED, "unknown:word"}


@needs_fixtures
def test_no_cut_or_flip_of_a_recorded_history_with_an_open_incident_reads_as_well() -> None:
    body = AWS.read_bytes()
    newest = body[body.index(b"<item>") : body.index(b"</item>") + 7]
    body = body.replace(newest, b"")[:20_000]
    body = body[: body.rindex(b"<item>")] + b"</channel></rss>"
    at, draw = datetime(2026, 8, 18, 3, tzinfo=UTC), random.Random(7)
    assert verdict(body, at) == DEGRADED
    for _ in range(60):
        assert verdict(body[: draw.randrange(len(body) - 8)], at).startswith("unknown")
        spoilt = bytearray(body)
        place = draw.randrange(len(spoilt))
        if not chr(spoilt[place]).isdigit():
            spoilt[place] = draw.randrange(256)
        assert verdict(bytes(spoilt), at) != OPERATIONAL, place
