"""The demo as a spectator has it: its mailbox and its world are real ends, and its day comes out as the script says."""

import asyncio
import contextlib
import email
import email.policy
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from immutables import Map

from monitor.core.receivers import behind, held_until
from monitor.demo.__main__ import NEWS_S, START_S, days_times
from monitor.demo.house import House, Stopped, free_port
from monitor.demo.inbox import MAIL_BYTES_MAX, Inbox
from monitor.demo.people import People, link_in
from monitor.demo.stage import excerpt, plain_part
from monitor.demo.watching import Missed, Watch
from monitor.demo.world import World
from monitor.settings import Settings, load
from probes import load as load_kind
from probes.base import Availability, Observation, Reading, Request, Severity, Unreadable

START_S_MAX = 60.0

# --- the mailbox ------------------------------------------------------------------------------------------------------


def a_mail(text: str, subject: str = "Über alles: outage") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "vigie@vigie.example", "first@team.example"
    mail.set_content(text, cte="quoted-printable")
    return mail


def post(port: int, mail: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(mail)


async def test_the_mailbox_keeps_a_mail_as_it_was_sent_with_its_dots_and_umlauts() -> None:
    text = "First line\n.a line that starts with a dot\n.\n..\nGrößer\n"
    async with Inbox() as inbox:
        await asyncio.to_thread(post, inbox.port, a_mail(text))
    (mail,) = inbox.mails
    assert mail["Subject"] == "Über alles: outage"
    assert plain_part(mail) == text


async def test_the_mailbox_takes_several_mails_of_one_client_and_refuses_what_comes_out_of_turn() -> None:
    def talk(port: int) -> list[int]:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            codes = [client.docmd("DATA")[0], client.rcpt("a@team.example")[0], client.docmd("TURN")[0]]
            client.send_message(a_mail("one"))
            client.rset()
            codes.append(client.docmd("DATA")[0])
            client.send_message(a_mail("two"))
            return codes

    async with Inbox() as inbox:
        assert await asyncio.to_thread(talk, inbox.port) == [503, 503, 502, 503]
    assert [plain_part(m) for m in inbox.mails] == ["one\n", "two\n"]


async def test_the_mailbox_refuses_a_mail_that_is_too_large_and_goes_on() -> None:
    large = a_mail("small")
    large.set_content(("y" * 900 + "\n") * (MAIL_BYTES_MAX // 900), cte="7bit")
    async with Inbox() as inbox:
        with pytest.raises(smtplib.SMTPDataError):
            await asyncio.to_thread(post, inbox.port, large)
        await asyncio.to_thread(post, inbox.port, a_mail("small"))
    assert len(inbox.mails) == 1


async def test_the_mailbox_hangs_up_on_an_endless_line() -> None:
    async with Inbox() as inbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        writer.write(b"EHLO " + b"x" * 100_000)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b"220 demo mailbox\r\n"
        writer.close()
        await asyncio.to_thread(post, inbox.port, a_mail("still there"))
    assert len(inbox.mails) == 1


# --- the world --------------------------------------------------------------------------------------------------------


@dataclass
class Outside:
    """The demo's configuration, and its world read by the kinds that the configuration names."""

    world: World
    settings: Settings
    client: aiohttp.ClientSession

    async def fetch(self, request: Request) -> Observation:
        async with self.client.request(request.method, request.url) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Observation(request.url, answer.status, headers, await answer.read(), datetime.now(UTC))

    async def read(self, channel: str, kind: str, before: Reading | None = None) -> Reading:
        (probe,) = (p for p in self.settings.probes if p.rule.channel == channel and p.kind == kind)
        module = load_kind(kind)
        observation = await module.observe(probe.params, self.fetch)
        return module.interpret(probe.params, observation, before.memory if before else {})

    async def state(self, channel: str, kind: str) -> Availability:
        reading = await self.read(channel, kind)
        return max((s.stands_for for s in reading.signals), key=list(Availability).index)


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    async with World() as world, aiohttp.ClientSession() as client:
        house = House(tmp_path, free_port(0))
        times = {"every": "1s", "group_wait": "2s", "resolve_after": "4s", "step": "10s"}
        house.configure(world=world.url, inbox="2525", **times, **days_times(datetime.now(UTC), speed=1.0))
        yield Outside(world, load(house.config, {}), client)


async def test_the_demos_configuration_has_no_fault_and_warns_of_nothing(outside: Outside) -> None:
    assert list(outside.settings.warnings) == []
    assert len(outside.settings.channel_rules) == 9


async def test_in_the_demo_the_first_is_on_call_and_the_third_sleeps_until_the_digest(outside: Outside) -> None:
    rules, now = outside.settings.rules_for_mind(), datetime.now(UTC)
    assert behind(rules, Map(), Map(), "primary", now) == ("first",)
    assert behind(rules, Map(), Map(), "secondary", now) == ("second",)
    third = rules.recipients["third"]
    digest = held_until(third, now, critical=False)
    assert digest is not None
    assert now + timedelta(seconds=30) < digest <= now + timedelta(seconds=120)
    assert held_until(third, digest, critical=False) is None, "it would wait for tomorrow"
    assert held_until(third, now, critical=True) is None


@pytest.mark.parametrize("speed", [0.25, 1.0, 8.0])
@pytest.mark.parametrize("second", [0, 1, 30, 59])
def test_the_night_ends_at_a_full_minute_after_the_news_whenever_the_demo_is_called(speed: float, second: int) -> None:
    now = datetime(2026, 11, 22, 23, 58, second, tzinfo=UTC)
    times = days_times(now, speed)
    digest = clock_time.fromisoformat(times["digest"])
    coming = datetime.combine(now.date() + timedelta(days=digest < now.time()), digest, UTC)
    news = timedelta(seconds=START_S + NEWS_S / speed)
    assert news < coming - now <= news + timedelta(seconds=60)
    assert times["evening"] != times["digest"]


async def test_in_the_morning_every_source_reads_well_but_the_one_behind_a_log_in(outside: Outside) -> None:
    for probe in outside.settings.probes:
        if probe.rule.channel == "webinars":
            with pytest.raises(Unreadable, match="login page"):
                await outside.read(probe.rule.channel, probe.kind)
        elif probe.kind in ("policy.feed", "brand.news"):
            assert (await outside.read(probe.rule.channel, probe.kind)).signals == ()
        else:
            assert await outside.state(probe.rule.channel, probe.kind) is Availability.OPERATIONAL, probe


async def test_the_newsletters_api_fails_first_and_its_page_admits_it_afterwards(outside: Outside) -> None:
    outside.world.postwing_api(well=False)
    assert await outside.state("newsletter", "api.call") is Availability.OUTAGE
    assert await outside.state("newsletter", "status.statuspage") is Availability.OPERATIONAL
    outside.world.postwing_page(admits=True)
    reading = await outside.read("newsletter", "status.statuspage")
    assert await outside.state("newsletter", "status.statuspage") is Availability.OUTAGE
    assert any("Mails are not being sent" in s.summary for s in reading.signals)
    outside.world.postwing_page(admits=False)
    assert await outside.state("newsletter", "status.statuspage") is Availability.OPERATIONAL


async def test_meta_breaks_for_both_of_its_channels_at_once(outside: Outside) -> None:
    outside.world.meta(well=False)
    for channel in ("facebook", "instagram"):
        assert await outside.state(channel, "status.meta") is Availability.OUTAGE


async def test_a_small_entry_beside_the_price_is_information_for_the_digest(outside: Outside) -> None:
    before = await outside.read("chirp", "policy.feed")
    outside.world.chirp_adds_a_field()
    (entry,) = (await outside.read("chirp", "policy.feed", before)).signals
    assert entry.severity is Severity.INFO


async def test_the_price_is_a_warning_with_its_date_and_the_news_are_critical_each_from_its_own_publisher(
    outside: Outside,
) -> None:
    policy, news = await outside.read("chirp", "policy.feed"), await outside.read("loopvid", "brand.news")
    date = outside.world.chirp_announces_a_price()
    (price,) = (await outside.read("chirp", "policy.feed", policy)).signals
    assert price.severity is Severity.WARNING
    assert date in price.summary
    outside.world.a_paper_reports()
    first = await outside.read("loopvid", "brand.news", news)
    outside.world.a_second_paper_reports()
    second = await outside.read("loopvid", "brand.news", first)
    told = [*first.signals, *second.signals]
    assert [s.severity for s in told] == [Severity.CRITICAL, Severity.CRITICAL]
    assert len({s.url.split("/")[2] for s in told}) == 2


# --- it checks itself -------------------------------------------------------------------------------------------------


async def test_a_mail_that_does_not_come_is_a_miss_that_shows_what_came_instead(tmp_path: Path) -> None:
    async with Inbox() as inbox:
        watch = Watch(House(tmp_path, free_port(0)), inbox, tmp_path, wait_s=0.3)
        await asyncio.to_thread(post, inbox.port, a_mail("The page says major."))
        with pytest.raises(Missed, match=r"(?s)works again.*The page says major"):
            await watch.mail("first", "works again")
        with pytest.raises(Missed, match=r"(?s)a mail to second.*The page says major"):
            await watch.mail("second", "outage")
        with pytest.raises(Missed, match=r"(?s)Nothing else was to be sent.*Über alles"):
            await watch.nothing_else(0.0, told=0)
        arrived = await watch.mail("first", "outage", "The page says major.")
        assert (arrived.number, arrived.mail, arrived.at) == (1, inbox.mails[0], inbox.times[0])
    assert list(await asyncio.to_thread(tmp_path.glob, "01-*.eml"))


def test_a_port_that_is_in_use_is_refused_when_it_was_asked_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            free_port(taken.getsockname()[1])


# --- people -----------------------------------------------------------------------------------------------------------

LINK = "/a/AWsEIHMFZmlyc3QBMhRmoV12"


async def test_a_link_is_looked_at_by_a_scanner_and_pressed_by_a_person(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, (await request.text()) or request.headers["User-Agent"]))
        return web.Response(text="<h1>You have it.</h1><p>Newsletter</p>", content_type="text/html")

    async with served(answer) as root:
        people = People(House(tmp_path, free_port(0)))
        assert await people.scan(root + LINK) == "You have it. Newsletter"
        assert await people.press(root + LINK, "acknowledge") == "You have it. Newsletter"
    assert [method for method, _ in asked] == ["GET", "GET", "POST"]
    assert "Scanner" in asked[0][1]
    assert asked[2][1] == "act=acknowledge"


async def test_a_page_that_does_not_come_a_mail_without_a_link_and_a_command_that_fails_are_said(
    tmp_path: Path,
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=403, text="no right")

    house = House(tmp_path, free_port(0))
    house.config.write_text("channels: {}\n")
    async with served(refuse) as root:
        with pytest.raises(Missed, match="HTTP 403: no right"):
            await People(house).press(root + LINK, "acknowledge")
    with pytest.raises(Missed, match=r"(?s)a link to act by.*just words"):
        link_in(a_mail("just words"))
    assert link_in(a_mail(f"Acknowledge, or see more: http://127.0.0.1:1{LINK}\n\nmore")) == f"http://127.0.0.1:1{LINK}"
    with pytest.raises(Stopped, match=r"(?s)vigie ack 1 ended with code 1:.*Vigie does not answer"):
        await People(house).type("ack", "1")


@contextlib.asynccontextmanager
async def served(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_of_a_mail_only_the_named_parts_are_shown() -> None:
    parts = (
        "Title",
        "Acknowledge, or see more: http://x",
        "What changed\nIt got worse.",
        "What happened\nA lot.",
        "-- ",
    )
    text = "\n\n".join(parts) + "\n\n-- \nVigie\n"
    assert excerpt(text, ("What changed",)) == "Title\n\nWhat changed\nIt got worse."
    assert excerpt(text, ("Acknowledge",)) == "Title\n\nAcknowledge, or see more: http://x"


# --- the whole day ----------------------------------------------------------------------------------------------------

MAILS = (
    ("third", r"⚠ Loopvid\s: risque grave pour la marque depuis \d\d:\d\d"),
    ("first", r"▲ Newsletter: degraded \(unconfirmed\) since \d\d:\d\d"),
    ("first", r"✖ Worse . Newsletter: outage since \d\d:\d\d"),
    ("second", r"✖ Your turn . Newsletter: outage since \d\d:\d\d"),
    ("first", r"✖ Taken by Second on call . Newsletter: outage since \d\d:\d\d"),
    ("first", r"✖ Meta: outage since \d\d:\d\d"),
    ("first", r"✔ Meta: works again after .*"),
    ("first", r"✔ Newsletter: works again after .*"),
    ("second", r"✔ Newsletter: works again after .*"),
    ("third", r"☰ Récapitulatif .*Chirp.*"),
)
"""To whom, and the first line, in the order of the script."""


@contextlib.contextmanager
def the_demo(tmp_path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A demo in a process of its own, called from a folder that is not the project's; several may run at once."""
    where = ["--into", str(tmp_path / "kept"), "--port", str(free_port(0))]
    command = [sys.executable, "-m", "monitor.demo", *where, *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=subprocess.STDOUT, text=True) as demo:  # noqa: S603 - our own program
        try:
            yield demo
        finally:
            demo.kill()


def _board_of(demo: subprocess.Popen[str]) -> int:
    """Read until the demo says where the board is; its port."""
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if found := re.search(r"open it now:\s+http://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise AssertionError(said)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
def test_the_day_comes_out_as_the_script_says_and_exactly_the_expected_mails_arrive(tmp_path: Path) -> None:
    with the_demo(tmp_path, "--speed", "5") as demo:
        said, _ = demo.communicate(timeout=200)
    assert demo.returncode == 0, said
    assert "Messages sent: 10 (first 6, second 2, third 2); nothing else was sent." in said
    assert "Second on call took it by link" in said
    assert re.search(r"\$ vigie ack \d+ --by first", said)
    kept = sorted((tmp_path / "kept" / "mails").glob("*.eml"))
    mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in kept]
    assert len(mails) == len(MAILS)
    for mail, (to, subject) in zip(mails, MAILS, strict=True):
        assert mail["To"] == f"{to}@team.example"
        assert re.fullmatch(subject, mail["Subject"]), mail["Subject"]
    assert all(p.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>") for p in kept)
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_demo_and_its_daemon_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with the_demo(tmp_path) as demo:
        port = _board_of(demo)
        assert not _is_free(port)
        demo.send_signal(number)
        assert demo.wait(timeout=15) == 130
    assert _is_free(port)
    assert "ending in order" in (tmp_path / "kept" / "vigie.log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_daemon_that_dies_is_a_miss_with_exit_code_1_and_its_log(tmp_path: Path) -> None:
    with the_demo(tmp_path) as demo:
        _board_of(demo)
        (daemon,) = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text(encoding="ascii").split()
        os.kill(int(daemon), signal.SIGKILL)
        said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert "Vigie ended by itself with code -9" in said
    assert "Vigie watches 9 channels" in said


@pytest.mark.slow
def test_the_daemon_does_not_outlive_a_demo_that_is_killed(tmp_path: Path) -> None:
    with the_demo(tmp_path) as demo:
        port = _board_of(demo)
        demo.kill()
    limit = time.monotonic() + 15
    while not _is_free(port) and time.monotonic() < limit:
        time.sleep(0.2)
    assert _is_free(port)


@pytest.mark.slow
def test_a_second_demo_in_the_same_folder_says_so_and_touches_nothing(tmp_path: Path) -> None:
    with the_demo(tmp_path) as demo:
        _board_of(demo)
        with the_demo(tmp_path) as second:
            said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "another demo is running" in said
        assert (tmp_path / "kept" / "vigie.db").exists()
        assert demo.poll() is None
