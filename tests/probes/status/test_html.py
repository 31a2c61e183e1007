"""`status.html`: what a page for people says in whole visible lines."""

import pytest
from pydantic import ValidationError

from probes.status.html import Params
from tests.fixtures_at import FIXTURES, needs_fixtures
from tests.probes.status.said import DEGRADED, MAINTENANCE, OPERATIONAL, OUTAGE, URL, reason, verdict

KIND = "status.html"
# The file's own name says how another reader rated it. OpenAI's page says "experiencing issues" and its open incident
# has components that are degraded, so for us it is degraded: the vendor's word for an outage is not on it.
RECORDED = {
    "betterstack/buildjet-good.html": OPERATIONAL,
    "betterstack/eyloo-major.html": OUTAGE,
    "incidentio/aiven-minor.html": DEGRADED,
    "incidentio/linear-good.html": OPERATIONAL,
    "incidentio/openai-major.html": DEGRADED,
    "instatus/mastodonsocial-major.html": OUTAGE,
    "instatus/whereby-good.html": OPERATIONAL,
    "pagerduty/pagerduty-minor.html": DEGRADED,
}
FOLDER = FIXTURES / "html_status"


def page(*lines: str, head: str = "") -> bytes:
    body = "".join(f"<div>{line}</div>" for line in lines)
    return f"<!DOCTYPE html><html><head><title>Status</title>{head}</head><body>{body}</body></html>".encode()


@needs_fixtures
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_page_reads_right(name: str) -> None:
    assert verdict(KIND, (FOLDER / name).read_bytes()) == RECORDED[name]


@needs_fixtures
def test_the_table_has_every_recorded_page() -> None:
    assert {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.html")} == set(RECORDED)


@needs_fixtures
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_page_that_is_cut_is_unreadable(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    for share in (0.05, 0.3, 0.6, 0.9):
        assert reason(KIND, body[: int(len(body) * share)]) in {"format", "blocked", "limit"}


@needs_fixtures
def test_components_of_recorded_pages_can_be_filtered() -> None:
    mastodon = (FOLDER / "instatus/mastodonsocial-major.html").read_bytes()
    assert verdict(KIND, mastodon, components=("Media storage",)) == OPERATIONAL
    assert verdict(KIND, mastodon, components=("Website & API",)) == OUTAGE
    assert reason(KIND, mastodon, components=("Website",)) == "filter"
    pagerduty = (FOLDER / "pagerduty/pagerduty-minor.html").read_bytes()
    assert verdict(KIND, pagerduty, components=("Services (EU)",)) == DEGRADED
    assert verdict(KIND, pagerduty, components=("SMS (EU)",)) == OPERATIONAL


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["All Systems Operational"], OPERATIONAL),
        (["All <b>systems</b> operational."], OPERATIONAL),
        (["We\u2019re fully operational"], OPERATIONAL),
        (["All systems operational", "Email", "Major outage"], OUTAGE),
        (["Partial System Outage"], DEGRADED),
        (["Service Under Maintenance"], MAINTENANCE),
        (
            ["All Systems Operational", "Operational", "Degraded Performance", "Partial Outage", "Major Outage"],
            OPERATIONAL,
        ),
    ],
)
def test_whole_lines_decide_the_worst_of_them_and_a_legend_says_nothing(lines: list[str], expected: str) -> None:
    assert verdict(KIND, page(*lines)) == expected


@pytest.mark.parametrize(
    "body",
    [
        page("We aim to keep all systems operational"),
        page("Subscribe"),
        page(""),
        page("<script>var x = 'All Systems Operational'</script>"),
        page("<span hidden>All Systems Operational</span>"),
        page("<!-- All Systems Operational -->"),
        page("<noscript>All Systems Operational</noscript>"),
        page("<img alt='All Systems Operational'>"),
        page(head="<title>All Systems Operational</title>"),
        page("All Systems Operational")[:-20],
        page("<svg>" + "<g>" * 5_000 + "</svg>", "All Systems Operational"),
    ],
)
def test_a_page_that_says_nothing_visible_is_unreadable(body: bytes) -> None:
    assert reason(KIND, body) in {"format", "limit"}


@pytest.mark.parametrize(
    "body",
    [
        page("<form><input type='password' name='p'></form>", "All Systems Operational"),
        page("Verify you are human"),
        page("Page Inactive"),
        page(head="<title>Just a moment...</title>"),
    ],
)
def test_B30_a_login_page_is_no_status_page_whatever_badge_it_wears(body: bytes) -> None:
    assert reason(KIND, body) == "blocked"


def test_a_team_can_add_lines_of_its_own() -> None:
    french = page("Tout fonctionne")
    assert reason(KIND, french) == "format"
    assert verdict(KIND, french, good=("tout fonctionne",)) == OPERATIONAL
    assert verdict(KIND, page("Panne partielle de Mail"), bad=("panne partielle*",)) == DEGRADED
    assert verdict(KIND, page("Panne totale"), outage=("/^panne totale$/",)) == OUTAGE


@pytest.mark.parametrize("pattern", ["", " ", "*", "/(/", "x" * 600])
def test_B98_a_line_that_cannot_be_meant_is_refused_at_load(pattern: str) -> None:
    with pytest.raises(ValidationError):
        Params(url=URL, good=(pattern,))


def test_a_pagerduty_page_with_posts_that_we_do_not_know_is_unknown() -> None:
    data = '{"summary": {"open_incidents": [], "posts": POSTS, "post_status_page_services": []}}'
    script = '<script id="data" type="application/json">' + data + "</script>"
    assert verdict(KIND, page(script.replace("POSTS", "[]"))) == OPERATIONAL
    assert reason(KIND, page(script.replace("POSTS", '[{"id": "x"}]'))) == "word"
    assert reason(KIND, page(script.replace("POSTS", "[]").replace("open_incidents", "open"))) == "format"
