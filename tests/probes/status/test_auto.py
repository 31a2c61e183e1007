"""`status.auto`: finds a vendor's format from a bare address, says what it found, and finds it again after a move."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from probes.base import Observation, Reading, Reason, Request, Unreachable, Unreadable
from probes.status import auto
from tests.probes.feeds.given import ago, item, rss
from tests.probes.status.said import DEGRADED, OPERATIONAL, OUTAGE, observed, signal, texts, verdict_of

SITE = "https://status.vendor.example"
SHELL = b"<!DOCTYPE html><html><head><title>Status</title></head><body><div id=app></div></body></html>"
HTML_GOOD = b"<!DOCTYPE html><html><body><h1>All systems operational</h1></body></html>"


def statuspage(state: str = "operational", indicator: str = "none") -> dict[str, Any]:
    return {
        "page": {"id": "p", "name": "Vendor", "url": SITE},
        "status": {"indicator": indicator, "description": "as it is"},
        "components": [{"id": "c1", "name": "API", "status": state, "group": False}],
        "incidents": [],
        "scheduled_maintenances": [],
    }


INSTATUS = {"page": {"name": "Vendor", "url": SITE, "status": "UP"}}
BETTERSTACK = {
    "data": {"id": "1", "type": "status_page", "attributes": {"aggregate_state": "operational", "company_name": "V"}},
    "included": [],
}
INCIDENTIO = {"page_title": "V", "ongoing_incidents": [], "in_progress_maintenances": [], "scheduled_maintenances": []}


class Vendor:
    """A vendor's site: payloads by address, `shell` for every other path when there is one, else a 404."""

    def __init__(self, answers: Mapping[str, object], shell: bytes = b"", *, dark: bool = False) -> None:
        self.answers = dict(answers)
        self.shell = shell
        self.dark = dark
        self.asked: list[str] = []
        self.moved: dict[str, str] = {}

    async def __call__(self, request: Request) -> Observation:
        self.asked.append(request.url)
        if self.dark:
            raise Unreachable("nobody there", Reason.CONNECT)
        url = self.moved.get(request.url, request.url)
        if url in self.answers:
            return observed(self.answers[url], url)
        return observed(self.shell, url) if self.shell else observed(b"not found", url, status=404)


async def looked(vendor: Vendor, memory: Mapping[str, Any] | None = None, url: str = SITE, **more: Any) -> Reading:  # noqa: ANN401 - what the kind takes
    params = auto.Params(url=url, **more)
    answer = await auto.observe(params, vendor, memory or {})
    return auto.interpret(params, answer, memory or {})


@pytest.mark.parametrize(
    ("path", "payload", "kind"),
    [
        ("", statuspage(), "status.statuspage"),
        ("", rss(item("[Resolved] x", date=ago(hours=1))).encode(), "status.feed"),
        ("", HTML_GOOD, "status.html"),
        ("/api/v2/summary.json", statuspage(), "status.statuspage"),
        ("/summary.json", INSTATUS, "status.instatus"),
        ("/index.json", BETTERSTACK, "status.betterstack"),
        ("/index.json", {"summaryStatus": "ok", "systems": [{"name": "API", "status": "ok"}]}, "status.cstate"),
        ("/api/v1/summary", INCIDENTIO, "status.incidentio"),
    ],
)
async def test_a_format_is_found_from_the_bare_address_and_said(path: str, payload: object, kind: str) -> None:
    vendor = Vendor({SITE + path: payload}, shell=b"" if path == "" else SHELL)
    said = await looked(vendor)
    assert verdict_of(said) == OPERATIONAL
    assert kind in signal(said, "source").summary
    assert (said.memory["kind"], said.memory["url"]) == (kind, SITE + path)


async def test_the_body_of_the_address_itself_comes_first() -> None:
    vendor = Vendor({SITE: statuspage("major_outage"), f"{SITE}/summary.json": INSTATUS})
    assert verdict_of(await looked(vendor)) == OUTAGE
    assert vendor.asked == [SITE]


async def test_shells_that_answer_200_for_any_path_are_not_taken() -> None:
    vendor = Vendor({}, shell=SHELL)
    with pytest.raises(Unreadable, match=r"summary\.json") as raised:
        await looked(vendor)
    assert raised.value.reason is Reason.FORMAT
    assert len(vendor.asked) == len(set(vendor.asked)) <= auto.TRIES_MAX


async def test_html_is_the_last_resort() -> None:
    vendor = Vendor({f"{SITE}/index.json": BETTERSTACK}, shell=HTML_GOOD)
    assert "betterstack" in signal(await looked(vendor), "source").summary


async def test_a_feed_that_the_page_links_is_found() -> None:
    link = (
        b'<html><head><link rel="alternate" type="application/rss+xml" href="/history.rss"></head><body>x</body></html>'
    )
    vendor = Vendor({SITE: link, f"{SITE}/history.rss": rss(item("[Investigating] x", date=ago(hours=1))).encode()})
    said = await looked(vendor)
    assert verdict_of(said) == DEGRADED
    assert said.memory["url"] == f"{SITE}/history.rss"


async def test_the_next_run_goes_straight_there() -> None:
    vendor = Vendor({f"{SITE}/summary.json": INSTATUS}, shell=SHELL)
    memory = (await looked(vendor)).memory
    vendor.asked.clear()
    said = await looked(vendor, memory)
    assert vendor.asked == [f"{SITE}/summary.json"]
    assert said.memory == memory


async def test_a_vendor_that_moves_is_found_again_and_both_are_said() -> None:
    vendor = Vendor({f"{SITE}/api/v2/summary.json": statuspage()}, shell=SHELL)
    memory = (await looked(vendor)).memory
    vendor.answers = {f"{SITE}/index.json": BETTERSTACK}
    said = await looked(vendor, memory)
    assert said.memory["kind"] == "status.betterstack"
    assert f"tried {SITE}/api/v2/summary.json" in texts(said)


async def test_a_vendor_that_redirects_to_another_host_is_found_there() -> None:
    new = "https://status.new.example/"
    vendor = Vendor({new: SHELL, f"{new}api/v2/summary.json": statuspage("partial_outage")})
    vendor.moved = {SITE: new}
    said = await looked(vendor)
    assert verdict_of(said) == DEGRADED
    assert said.memory["url"] == f"{new}api/v2/summary.json"


async def test_a_known_format_with_an_unknown_word_is_unknown_and_no_weaker_source_is_asked() -> None:
    vendor = Vendor({f"{SITE}/api/v2/summary.json": statuspage("wobbly")}, shell=HTML_GOOD)
    with pytest.raises(Unreadable) as raised:
        await looked(vendor)
    assert raised.value.reason is Reason.WORD


async def test_filters_reach_the_kind_that_was_found() -> None:
    vendor = Vendor({f"{SITE}/api/v2/summary.json": statuspage("major_outage")}, shell=SHELL)
    assert verdict_of(await looked(vendor, components=("API",))) == OUTAGE
    with pytest.raises(Unreadable) as raised:
        await looked(vendor, components=("AP",))
    assert raised.value.reason is Reason.FILTER


async def test_a_dark_vendor_is_unreachable_and_a_login_page_is_blocked() -> None:
    with pytest.raises(Unreachable):
        await looked(Vendor({}, dark=True))
    login = b'<html><body><form><input type="password"></form></body></html>'
    with pytest.raises(Unreadable) as raised:
        await looked(Vendor({}, shell=login))
    assert raised.value.reason is Reason.BLOCKED


async def test_the_host_of_a_known_vendor_leads_to_its_data() -> None:
    current: dict[str, object] = {
        "status": "ok",
        "date_created": "2026-11-22T01:00:00-08:00",
        "date_updated": None,
        "active_incidents": [],
    }
    vendor = Vendor({"https://slack-status.com/api/v2.0.0/current": current}, shell=SHELL)
    said = await looked(vendor, url="https://slack-status.com/")
    assert said.memory["kind"] == "status.slack"


async def test_a_page_settled_for_is_looked_past_again_after_a_day() -> None:
    vendor = Vendor({}, shell=HTML_GOOD)
    memory = dict((await looked(vendor)).memory)
    vendor.answers = {f"{SITE}/summary.json": INSTATUS}
    assert (await looked(vendor, memory)).memory["kind"] == "status.html"
    memory["searched"] = ago(hours=25).isoformat()
    assert (await looked(vendor, memory)).memory["kind"] == "status.instatus"


@pytest.mark.parametrize(
    "memory", [{"kind": 7, "url": []}, {"kind": "status.nosuch", "url": SITE}, {"kind": "x"}, {"kept": 3}]
)
async def test_a_memory_that_is_not_ours_is_no_memory(memory: Mapping[str, Any]) -> None:
    vendor = Vendor({f"{SITE}/summary.json": INSTATUS}, shell=SHELL)
    assert verdict_of(await looked(vendor, memory)) == OPERATIONAL
    assert json.dumps((await looked(vendor, memory)).memory)
