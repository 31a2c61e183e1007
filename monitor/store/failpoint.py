"""Named places where a crash test can pull the plug.

`VIGIE_FAILPOINT=name:kill` kills the process with SIGKILL when it passes `failpoint("name")`;
`name:kill:3` when it passes it for the third time. Unset, a failpoint is one comparison.
"""

import os
import signal

__all__ = ["failpoint"]

VARIABLE = "VIGIE_FAILPOINT"


class _Armed:
    """The one failpoint that the environment names, and how often it may still be passed."""

    def __init__(self, setting: str) -> None:
        self.name, _, rest = setting.partition(":")
        action, _, count = rest.partition(":")
        if not self.name or action != "kill" or not (count or "1").isdecimal():
            msg = f"{VARIABLE}={setting!r}: write it as name:kill or name:kill:<n>"
            raise ValueError(msg)
        self.left = int(count or "1")

    def passed(self) -> None:
        self.left -= 1
        if self.left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


_ARMED = _Armed(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def failpoint(name: str) -> None:
    """Die here if the environment asks for it."""
    if _ARMED is not None and _ARMED.name == name:
        _ARMED.passed()
