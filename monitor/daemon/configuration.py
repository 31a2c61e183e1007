"""The configuration that runs, and taking another: all or nothing, by SIGHUP, by a changed file, or by the API.

A file that cannot be used changes nothing; the fault is on the board, in the log and in the metrics until it is mended.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from monitor.settings import Difference, Settings, SettingsError, check_all_apart, difference, load
from monitor.web import Refused

__all__ = ["Configuration"]

LOG = logging.getLogger(__name__)


class _Show(Protocol):
    """Where it is shown whether the configuration is well."""

    def __call__(self, *, valid: bool, reloaded: bool, loaded_at: datetime) -> None: ...


class Configuration:
    """`take` lives by new settings and says what that changed; `show` and `changed` tell the metrics and the board."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        now: Callable[[], datetime],
        *,
        take: Callable[[Settings], Difference],
        show: _Show,
        changed: Callable[[], None],
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._now = now
        self._take_on = take
        self._show = show
        self._changed = changed
        self._started_with = settings
        self._loaded_at = now()
        self._fault = ""
        self._files = _stamps(settings.files)
        self._moving: dict[Path, tuple[int, int]] = {}
        self._reloading = asyncio.Lock()
        self._loads: set[asyncio.Task[None]] = set()
        self._ending = False
        show(valid=True, reloaded=True, loaded_at=self._loaded_at)

    @property
    def warnings(self) -> list[str]:
        """What people should know of it, in sentences."""
        said = list(self.settings.warnings)
        if self._fault:
            said.append(f"{self._fault}: `vigie check-config` names them.")
        later = difference(self._started_with, self.settings).after_restart
        if later:
            said.append(f"These changes count from the next start only: {', '.join(later)}.")
        return said

    def end(self) -> None:
        """Take nothing more."""
        self._ending = True

    async def watch(self) -> None:
        """Look at the files once; load them when one has changed and is at rest since the last look.

        Half a file can be a whole configuration: what is still being written must not make channels vanish.
        """
        seen = _stamps(self._files)
        if seen == self._files:
            return
        if seen != self._moving:
            self._moving = seen
            return
        self._files = seen
        await self._try_reload()

    def hangup(self) -> None:
        """SIGHUP came."""
        LOG.info("told to load the configuration again")
        task = asyncio.get_running_loop().create_task(self._try_reload(), name="reload")
        self._loads.add(task)
        task.add_done_callback(self._loads.discard)

    async def _try_reload(self) -> None:
        try:
            await self.reload()
        except Refused as refused:
            LOG.error("the configuration was not taken; the old one stays:\n%s", "\n".join(refused.faults))  # noqa: TRY400 - the faults are the message; a stack adds nothing

    async def reload(self) -> None:
        """Load again; all or nothing. Raises Refused with every fault."""
        async with self._reloading:
            before = _stamps(self._files)  # what changes while it is read is read again
            try:
                fresh = await asyncio.to_thread(load, self.settings.path, self._environ, check_contacts=check_all_apart)
            except SettingsError as error:
                count = f"{len(error.faults)} fault{'s' if len(error.faults) > 1 else ''}"
                self._fault = f"The configuration on disk has {count} and was not taken"
                self._show(valid=False, reloaded=False, loaded_at=self._loaded_at)
                self._changed()
                raise Refused(self._fault, [str(fault) for fault in error.faults]) from error
            if self._ending:
                raise Refused("Vigie is ending; the configuration is read at the next start", [])
            self._take(fresh)
            self._files = _stamps(fresh.files) | {p: s for p, s in before.items() if p in fresh.files}

    def _take(self, fresh: Settings) -> None:
        """Live by new settings: what did not change keeps running."""
        change = self._take_on(fresh)
        self.settings = fresh
        self._fault = ""
        self._loaded_at = self._now()
        self._show(valid=True, reloaded=True, loaded_at=self._loaded_at)
        self._changed()
        LOG.info("the configuration was taken: %s", _summary(change, fresh))
        if change.after_restart:
            LOG.warning("these count from the next start only: %s", ", ".join(change.after_restart))


def _stamps(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_mtime_ns, stat.st_size)


def _summary(change: Difference, settings: Settings) -> str:
    counts = {name: len(getattr(change, name)) for name in ("added", "removed", "changed", "moved")}
    said = ", ".join(f"{n} probes {name}" for name, n in counts.items() if n)
    return said or f"nothing changed for the {len(settings.probes)} probes"
