"""A changed file is taken when it is at rest: half a file can be a whole configuration, of half the channels."""

from pathlib import Path

from monitor.daemon.configuration import Configuration
from monitor.settings import Difference, Settings, difference, load
from tests.stories.clock import START

WHOLE = "channels:\n  reddit: {}\n  discord: {}\n"


async def test_B99_what_is_still_being_written_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "vigie.yaml"
    path.write_text(WHOLE)
    taken: list[Settings] = []
    running = load(path, {})

    def take(fresh: Settings) -> Difference:
        taken.append(fresh)
        return difference(running, fresh)

    house = Configuration(
        running,
        {},
        lambda: START,
        take=take,
        show=lambda **_: None,
        changed=lambda: None,
    )
    path.write_text(WHOLE[: WHOLE.index("  discord")])
    await house.watch()
    path.write_text(WHOLE + "  zoom: {}\n")
    await house.watch()
    assert taken == []
    await house.watch()
    assert [list(settings.channels) for settings in taken] == [["reddit", "discord", "zoom"]]
    await house.watch()
    assert len(taken) == 1
