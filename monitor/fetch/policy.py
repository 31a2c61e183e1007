"""What the team may say about fetching, and the limits that it may not."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["Address", "FetchPolicy", "Network"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_CHARS_MAX = 2_048
REDIRECTS_MAX = 3
QUEUE_S_MAX = 60.0  # how long a request may wait for its turn before it is given up
DNS_TRY_S = 2.0
DNS_TRIES = 2
DNS_CACHE_S = 60
KEEPALIVE_S = 30.0
RETRY_WAIT_S_MAX = 2.0
RETRY_AFTER_S_MIN = 1.0
RETRY_AFTER_S_MAX = 3_600.0
MAX_AGE_S_MAX = 300.0


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """How Vigie behaves towards the hosts that it asks.

    `allow_private`: networks that are asked although they are private, loopback or otherwise not public; they belong to
    the team, so they are neither spaced nor limited per host, and a vendor's max-age does not stretch their interval.
    `per_host`: requests at one public host at a time; `in_flight`: in all. `spacing_s`: between two starts at one
    public host. `proxy`: an http proxy for everything but `allow_private`; it then resolves names, so only addresses
    written as numbers can be checked here, and its own rules must guard the inner network.
    `nameservers`: ``address`` or ``address:port`` in place of the system's. `ca_file`: PEM of further trusted roots.
    `tries`: attempts per request when the connection fails. `cache_bytes_max`: of bodies kept for comparison; with 0
    no request is conditional. `redirects_max`: how many are followed.
    """

    allow_private: tuple[Network, ...] = ()
    per_host: int = 4
    in_flight: int = 512
    spacing_s: float = 0.1
    proxy: str = ""
    user_agent: str = "Vigie/0.1 (channel monitor)"
    connect_s: float = 5.0
    read_gap_s: float = 10.0
    nameservers: tuple[str, ...] = ()
    ca_file: str = ""
    tries: int = 3
    cache_bytes_max: int = 48 * 1024 * 1024
    redirects_max: int = REDIRECTS_MAX

    def __post_init__(self) -> None:
        for name in ("per_host", "in_flight", "tries"):
            if getattr(self, name) < 1:
                msg = f"{name} is at least 1"
                raise ValueError(msg)

    def allows(self, address: Address) -> bool:
        """Whether the team has said that this address, private or not, may be asked."""
        return any(address in network for network in self.allow_private)
