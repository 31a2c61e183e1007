"""The only door to the internet: limits, tries, conditional requests, shared fetches, no private addresses.

`Fetcher` is the probes' Fetch. The parts behind it, each one idea: `policy` (what may be configured, and the limits),
`egress` (where a request may go), `dialing` (names, sockets, the last look at an address), `body` (bounded and
complete), `recall` (conditional requests), `manners` (slots, spacing, Retry-After), `faults` (what a failure means).
"""

from monitor.fetch.fetcher import Fetcher
from monitor.fetch.policy import FetchPolicy

__all__ = ["FetchPolicy", "Fetcher"]
