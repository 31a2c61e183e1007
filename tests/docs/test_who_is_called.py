"""The team's file on page one, played: who hears of an outage, who is called when nobody answers, who is let sleep."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.core.model import Act, Acted
from monitor.core.receivers import held_until
from monitor.demo.payloads import meta_orgs
from monitor.settings import Settings, load
from monitor.store import Store
from tests.docs.parts import ROOT, first_block
from tests.stories.clock import START, run
from tests.stories.house import House, Inbox, World, statuspage

REDDIT = "https://www.redditstatus.com/api/v2/summary.json"
WELL = statuspage(Posts="operational")
META_PRODUCTS = ("graph-api", "facebook-login", "fbs")


def page_one_file(folder: Path) -> Settings:
    """The file as it stands."""
    text = first_block(ROOT / "README.md", "yaml", "people:")
    path = folder / "vigie.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return load(path, dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "a-word-that-nobody-knows"))


@asynccontextmanager
async def page_one(folder: Path) -> AsyncIterator[House]:
    """A house by it, in a world where all is well. It is Sunday, 09:00 in Paris: the first's last day."""
    settings = page_one_file(folder)
    store = Store.open(f"sqlite:///{folder / 'vigie.db'}", now=START, reserve_bytes=4096)
    home = House(settings, store, World(), Inbox())
    world = home.world
    world.says(REDDIT, WELL)
    world.says("https://status.mailer.example", WELL)
    world.says("https://api.mailer.example/ping", "{}")
    (org, *_) = json.loads(meta_orgs(START))
    world.says("https://metastatus.com/data/orgs.json", json.dumps([{**org, "id": name} for name in META_PRODUCTS]))
    try:
        yield home
    finally:
        await home.close()
        store.close()
    home.inbox.nothing_else()


def heard(home: House, destination: str, step: str, title: str = "Reddit") -> None:
    """Among what has arrived since is exactly one message of that step to a destination."""
    inbox = home.inbox
    fresh = inbox.arrived[inbox.expected :]
    (found,) = [n for n in fresh if (n.destination, n.step) == (destination, step)]
    assert title in found.title
    # What arrives together comes in no order: what was found is moved up to what has been expected.
    inbox.arrived.remove(found)
    inbox.arrived.insert(inbox.expected, found)
    inbox.expected += 1


def test_whoever_is_on_call_hears_of_an_outage_then_both_and_one_press_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with page_one(tmp_path) as home:
            await home.passes(600)
            assert set(home.lookout.engine.shown.channels) == {"reddit", "facebook", "newsletter"}
            assert home.availability("reddit") == "operational"
            home.world.says(REDDIT, statuspage(Posts="major_outage"))
            await home.passes(80)
            heard(home, "first/1", "opened", "Reddit: outage")
            home.inbox.nothing_else()
            await home.passes(120)
            heard(home, "first/2", "opened")
            home.inbox.nothing_else()
            await home.passes(180)
            for destination in ("first/1", "first/2"):
                heard(home, destination, "escalated")
            heard(home, "second/1", "escalated", "À vous")
            incident = home.incidents()[0].id
            home.lookout.engine.put(Acted(Act.ACKNOWLEDGE, (incident,), "second", "link"))
            await home.passes(30 * 60)
            for destination in ("first/1", "first/2"):
                heard(home, destination, "acknowledged", "Taken by Second on call")
            home.world.says(REDDIT, WELL)
            await home.passes(300)
            for destination in ("first/1", "first/2"):
                heard(home, destination, "resolved", "works again")
            heard(home, "second/1", "resolved", "fonctionne")

    run(story())


def test_at_night_what_is_not_critical_waits_for_the_digest_and_an_outage_does_not(tmp_path: Path) -> None:
    rules = page_one_file(tmp_path).rules_for_mind()
    first, second = rules.recipients["first"], rules.recipients["second"]
    night = datetime(2026, 11, 22, 23, 0, tzinfo=ZoneInfo("Europe/Paris"))
    assert held_until(first, night, critical=False) == night + timedelta(hours=10)
    assert held_until(first, night, critical=True) is None
    assert held_until(second, night, critical=False) is None
    assert (first.language, second.language) == ("en", "fr")


def test_the_commands_of_page_one_are_there() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n---\n")[0]
    for line in ("vigie ack", "vigie oncall", "vigie route explain channel=reddit severity=critical"):
        assert f"`{line}`" in page
