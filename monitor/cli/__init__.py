"""The command line: ``vigie run | check-config | status | explain | ack | oncall | ...``; `vigie --help` lists all.

Reading verbs open the store read-only and work beside a running daemon; acting verbs go through its API. Exit codes:
0 well, 1 something is wrong (a faulty configuration, a source that cannot be read, nothing found), 2 wrong usage,
70 the daemon's store failed.
"""

from monitor.cli.verbs import main

__all__ = ["main"]
