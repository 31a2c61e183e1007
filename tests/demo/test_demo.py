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
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest

from monitor.demo.house import House, free_port
from monitor.demo.inbox import MAIL_BYTES_MAX, Inbox
from monitor.demo.stage import plain_part
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
        house.configure(world=world.url, inbox="2525", every="1s", group_wait="2s", resolve_after="4s")
        yield Outside(world, load(house.config, {}), client)


async def test_the_demos_configuration_has_no_fault_and_warns_of_nothing(outside: Outside) -> None:
    assert list(outside.settings.warnings) == []
    assert len(outside.settings.channel_rules) == 9


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
            await watch.mail("works again")
        with pytest.raises(Missed, match=r"(?s)Nothing else was to be sent.*Über alles"):
            await watch.nothing_else(0.0, told=0)
        number, mail = await watch.mail("outage", "The page says major.")
        assert (number, mail) == (1, inbox.mails[0])
    assert list(await asyncio.to_thread(tmp_path.glob, "01-*.eml"))


def test_a_port_that_is_in_use_is_refused_when_it_was_asked_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            free_port(taken.getsockname()[1])


# --- the whole day ----------------------------------------------------------------------------------------------------

SUBJECTS = (
    r"▲ Newsletter: degraded \(unconfirmed\) since \d\d:\d\d",
    r"✖ Newsletter: now outage, since \d\d:\d\d",
    r"✖ Meta: outage since \d\d:\d\d",
    r"⚠ Chirp: .* since \d\d:\d\d",
    r"⚠ Loopvid: elevated brand risk since \d\d:\d\d",
    r"⚠ Loopvid: now severe brand risk, since \d\d:\d\d",
    r"✔ Meta: works again after .*",
    r"✔ Newsletter: works again after .*",
)


@contextlib.contextmanager
def the_demo(tmp_path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A demo in a process of its own, called from a folder that is not the project's."""
    command = [sys.executable, "-m", "monitor.demo", "--into", str(tmp_path / "kept"), *options]
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
@pytest.mark.timeout(240)
def test_the_day_comes_out_as_the_script_says_and_exactly_the_expected_mails_arrive(tmp_path: Path) -> None:
    with the_demo(tmp_path, "--speed", "5") as demo:
        said, _ = demo.communicate(timeout=200)
    assert demo.returncode == 0, said
    assert "Messages sent: 8; nothing else was sent." in said
    kept = sorted((tmp_path / "kept" / "mails").glob("*.eml"))
    mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in kept]
    assert len(mails) == len(SUBJECTS)
    for mail, subject in zip(mails, SUBJECTS, strict=True):
        assert re.fullmatch(subject, mail["Subject"]), mail["Subject"]
    assert all(p.with_suffix(".html").read_text(encoding="utf-8").startswith("<!doctype html>") for p in kept)
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


@pytest.mark.slow
@pytest.mark.timeout(120)
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
@pytest.mark.timeout(120)
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
@pytest.mark.timeout(120)
def test_the_daemon_does_not_outlive_a_demo_that_is_killed(tmp_path: Path) -> None:
    with the_demo(tmp_path) as demo:
        port = _board_of(demo)
        demo.kill()
    limit = time.monotonic() + 15
    while not _is_free(port) and time.monotonic() < limit:
        time.sleep(0.2)
    assert _is_free(port)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_second_demo_in_the_same_folder_says_so_and_touches_nothing(tmp_path: Path) -> None:
    with the_demo(tmp_path) as demo:
        _board_of(demo)
        with the_demo(tmp_path) as second:
            said, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "another demo is running" in said
        assert (tmp_path / "kept" / "vigie.db").exists()
        assert demo.poll() is None
