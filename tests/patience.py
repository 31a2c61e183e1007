"""How long a test waits for what must come.

No test measures speed: a busy machine is no fault of Vigie's, and `make bench` has the figures. A bound here only ends
a test whose subject hangs; what would be a fault must take longer still.
"""

import asyncio
from collections.abc import Callable

__all__ = ["HANG_S", "until"]

HANG_S = 60.0


async def until(what: Callable[[], object]) -> None:
    """Wait for what tells nobody: another process, the other side of a socket, a plain callback."""
    async with asyncio.timeout(HANG_S):
        while not what():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
