"""Room kept back for a bad day: a file that is deleted when the disk is full, for what must still be written then."""

import errno
import logging
import os
from pathlib import Path

__all__ = ["RESERVE_BYTES", "Reserve"]

RESERVE_BYTES = 16 * 1024 * 1024

_log = logging.getLogger(__name__)


class Reserve:
    """The file and whether it stands."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self.held = False
        self.wanted = size > 0

    def fill(self) -> bool:
        """Take the room, unless the disk has none to spare for it. True: the reserve stands."""
        if not self.wanted:
            return False
        if self.held:
            return True
        try:
            free = os.statvfs(self._path.parent)
            standing = self._path.stat().st_size if self._path.exists() else 0
            if standing != self._size and free.f_bavail * free.f_frsize < 2 * self._size:
                return False  # taking the last room would bring about what the reserve is for
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.ftruncate(handle, self._size)
                os.posix_fallocate(handle, 0, self._size)  # real blocks, not a promise
            finally:
                os.close(handle)
        except OSError as error:
            self._path.unlink(missing_ok=True)
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                _log.warning("store: no reserve file can be kept: %s", error)
            return False
        self.held = True
        return True

    def spend(self) -> bool:
        """Give the room back to the disk. False: there was none."""
        if not self.held:
            return False
        self.held = False
        self._path.unlink(missing_ok=True)
        return True
