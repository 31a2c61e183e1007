"""``python -m monitor.demo``: exit code 0 when every act came out as the script says, 1 when one did not."""

import asyncio
import contextlib
import fcntl
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from monitor.demo.house import ROOT, House, Stopped, free_port
from monitor.demo.inbox import Inbox
from monitor.demo.people import People
from monitor.demo.stage import DayClock, Stage
from monitor.demo.story import Story
from monitor.demo.watching import Missed, Watch
from monitor.demo.world import World

__all__ = ["days_times", "main"]

SPEED_MIN, SPEED_MAX = 0.25, 8.0
EVERY_S, GROUP_WAIT_S, RESOLVE_AFTER_S = 1.0, 2.0, 4.0
STEP_S = 10.0  # people, and the commands that they type, are not faster for a faster day
START_S, NEWS_S = 12.0, 38.0  # for so long Vigie starts, and then the news come that wait for the digest
NIGHT = timedelta(hours=10)
INTERRUPTED = 130
OWN_FILES = ("vigie.yaml", "vigie.log", "vigie.db*")


@dataclass(frozen=True, slots=True)
class Options:
    """What the spectator asked for."""

    speed: float
    port: int | None
    stay: bool
    folder: Path


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--speed",
    type=click.FloatRange(SPEED_MIN, SPEED_MAX),
    default=1.0,
    show_default=True,
    help="How fast the day passes: 2 is twice as fast.",
)
@click.option("--port", type=click.IntRange(1, 65_535), help="The board's port; by default 9180, or any that is free.")
@click.option("--keep", is_flag=True, help="Leave the board up at the end, even when this is not a terminal.")
@click.option(
    "--into",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where mails, store and log are kept; by default var/demo.",
)
def main(speed: float, port: int | None, folder: Path | None, *, keep: bool) -> None:
    """A recorded day on this machine, in about two minutes: no internet, no account.

    A local world plays vendors and papers; the real Vigie watches it, shows a board and calls three people by mail.
    """
    options = Options(speed, port, keep or sys.stdout.isatty(), (folder or _folder()).absolute())
    sys.exit(asyncio.run(_until_told(options)))


def _folder() -> Path:
    """``var/demo`` of the checkout, wherever it is called from; of the working directory when there is no checkout."""
    return (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / "var" / "demo"


async def _until_told(options: Options) -> int:
    """Play; Ctrl-C (or SIGTERM) ends it in order, at any time."""
    done = asyncio.Event()
    playing = asyncio.create_task(_play(options, done))
    told = False

    def end() -> None:
        nonlocal told
        if not told:  # a second one would cut the orderly end short
            told = True
            playing.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        return await playing
    except asyncio.CancelledError:
        return 0 if done.is_set() else INTERRUPTED


async def _play(options: Options, done: asyncio.Event) -> int:
    clock = DayClock(options.speed)
    stage = Stage(clock)
    try:
        with _only_one(options.folder) as mails:
            return await _play_in(options, stage, clock, mails, done)
    except (Missed, Stopped) as miss:
        stage.say(f"\nThe demo did not come out as it should.\n{miss}", "red")
        stage.say(f"Vigie's log: {options.folder / 'vigie.log'}")
    except OSError as error:
        stage.say(f"The demo cannot start: {error}", "red")
    return 1


async def _play_in(options: Options, stage: Stage, clock: DayClock, mails: Path, done: asyncio.Event) -> int:
    async with World() as world, Inbox() as inbox:
        house = House(options.folder, free_port(options.port))
        house.configure(
            world=world.url,
            inbox=str(inbox.port),
            every=_seconds(EVERY_S / options.speed),
            group_wait=_seconds(GROUP_WAIT_S / options.speed),
            resolve_after=_seconds(RESOLVE_AFTER_S / options.speed),
            step=_seconds(STEP_S),
            **days_times(datetime.now(UTC), options.speed),
        )
        stage.say("Vigie, the lookout for marketing channels: a recorded day in about two minutes.", "bold")
        stage.say("World, vendors and mailbox are on this machine; the Vigie that watches them is the real one.")
        async with house:
            stage.say(f"The board is up, open it now:  {house.url}/", "bold green")
            stage.say(
                f"Hours at the left are the story's: a second here is {clock.span(1)} there. The board and the mails "
                "carry this machine's own clock."
            )
            await asyncio.sleep(4 / options.speed)
            watch = Watch(house, inbox, mails)
            await Story(world, watch, People(house), stage, clock, options.speed).play()
            done.set()
            _tell_where(stage, house, mails)
            if options.stay:
                stage.say(f"The board stays up: {house.url}/   Press Ctrl-C to end.", "bold green")
                await asyncio.Event().wait()
    return 0


def _tell_where(stage: Stage, house: House, mails: Path) -> None:
    vigie = Path(sys.executable).with_name("vigie")
    stage.say(f"The mails are kept in {_near(mails)}/: .eml for a mail reader, .html for a browser.")
    stage.say(f"Ask why:  {_near(vigie)} explain newsletter --config {_near(house.config)}")


def _near(path: Path) -> str:
    """The path as one would type it here."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


def days_times(now: datetime, speed: float) -> dict[str, str]:
    """Whose turn it is (the first's, since yesterday), and the night of whoever sleeps.

    It ends with the digest: at the first full minute by which the news that must wait for it have surely come.
    """
    digest = (now + timedelta(seconds=START_S + NEWS_S / speed)).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return {
        "turn": f"{now - timedelta(days=1):%Y-%m-%d}T09:00",
        "evening": f"{digest - NIGHT:%H:%M}",
        "digest": f"{digest:%H:%M}",
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}s"


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[Path]:
    """The folder, emptied of what an earlier demo left, for us alone; the folder for mails. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"another demo is running in {folder}; end it, or choose another folder by --into") from None
        for pattern in OWN_FILES:
            for old in folder.glob(pattern):
                old.unlink()
        mails = folder / "mails"
        shutil.rmtree(mails, ignore_errors=True)
        mails.mkdir()
        yield mails


if __name__ == "__main__":
    main(prog_name="python -m monitor.demo")
