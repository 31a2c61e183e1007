"""The real daemon for the demo: ``python -m monitor.demo.lookout run --config PATH`` is ``vigie`` that ends with us.

However the demo ends, its daemon does not stay behind.
"""

import ctypes
import signal
import sys

from monitor.cli import main

_PR_SET_PDEATHSIG = 1  # prctl(2)

if __name__ == "__main__":
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    main(prog_name="vigie")
