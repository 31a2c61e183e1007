"""Where a request may go: which addresses of the web are fit to ask, and which IP addresses are not public.

The range tables follow the IANA special-purpose address registries (RFC 6890 and its updates). They are written out
because ``ipaddress.is_global`` calls NAT64, site-local, multicast and cloud metadata addresses global.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from yarl import URL

from monitor.fetch.policy import URL_CHARS_MAX, Address, FetchPolicy, Network
from probes.base import Reason, Unreadable

__all__ = ["Target", "check_url", "private_range"]

_RANGES: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(text), word)
    for text, word in (
        ("0.0.0.0/8", "an unspecified"),
        ("10.0.0.0/8", "a private"),
        ("100.64.0.0/10", "a carrier-internal"),  # also 100.100.100.200, a cloud's metadata
        ("127.0.0.0/8", "a loopback"),
        ("168.63.129.16/32", "a cloud's internal"),
        ("169.254.0.0/16", "a link-local"),  # also 169.254.169.254, the clouds' metadata
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private"),
        ("198.18.0.0/15", "a benchmarking"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("255.255.255.255/32", "the broadcast"),
        ("240.0.0.0/4", "a reserved"),
        ("::/128", "an unspecified"),
        ("::1/128", "a loopback"),
        ("fc00::/7", "a private"),  # also fd00:ec2::254, a cloud's metadata
        ("fe80::/10", "a link-local"),
        ("fec0::/10", "a site-local"),
        ("ff00::/8", "a multicast"),
        ("2001::/32", "a Teredo"),
        ("2001::/23", "a reserved"),
        ("2001:db8::/32", "a documentation"),
        ("2002::/16", "a 6to4"),
        ("3fff::/20", "a documentation"),
    )
)
_GLOBAL_V6 = ip_network("2000::/3")  # nothing else of IPv6 has been given out for the public network
_NAT64 = ip_network("64:ff9b::/96")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNFIT = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
_AUTHORITY_END = re.compile(r"[/?#]")
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)\.?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """An address of the web that may be asked. `place`: host and port, as messages name it."""

    url: URL
    text: str  # the url, normalised
    scheme: str
    host: str
    port: int
    private: bool  # written as an address or name that the team allows although it is not public

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: what credentials are bound to."""
        return (self.scheme, self.host, self.port)

    @property
    def place(self) -> str:
        """The host, with its port where that is not the usual one; never a path, query or user."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for where the network would deliver to it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def private_range(address: Address, policy: FetchPolicy) -> str:
    """Empty if `address` may be asked, else the name of its range with an article: ``a loopback``."""
    inner = _inner(address)
    if policy.allows(inner) or policy.allows(address):
        return ""
    for network, word in _RANGES:
        if inner in network:
            return word
    if isinstance(inner, IPv6Address) and inner not in _GLOBAL_V6:
        return "a reserved"
    return ""


def _forbidden(message: str) -> Unreadable:
    return Unreadable(message, Reason.FORBIDDEN)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def check_url(text: str, policy: FetchPolicy) -> Target:
    """The target that `text` names; raises Unreadable(FORBIDDEN) with a sentence that repeats nothing secret of it.

    Refused: schemes but http and https, users and passwords, control characters, spaces and backslashes, ports out of
    range, numbers that some resolvers would read as addresses, and addresses that are not public.
    """
    if len(text) > URL_CHARS_MAX:
        raise _forbidden(f"the address is longer than {URL_CHARS_MAX} characters")
    if _UNFIT.search(text):
        raise _forbidden("the address has a space, a backslash or a control character in it")
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        raise _forbidden("the address is not a valid one: its host or port cannot be read") from None
    if url.scheme not in _DEFAULT_PORTS:
        raise _forbidden(f"only http and https are asked, not {url.scheme[:16] or 'an address without a scheme'}")
    host = (url.raw_host or "").rstrip(".").lower()
    if not host or port is None or not 0 < port < 65_536:  # noqa: PLR2004 - the ports that TCP has
        raise _forbidden("the address names no host, or a port that does not exist")
    if "@" in _AUTHORITY_END.split(text.partition("//")[2], 1)[0]:
        raise _forbidden(f"the address of {host[:64]} has a user or password in it; give credentials as a header")
    address = _literal(host)
    if address is None:
        if _NUMBER.match(host.rpartition(".")[2]):
            raise _forbidden("the address names its host by a number that is not an IP address")
        allowed = host == "localhost" and policy.allows(IPv4Address("127.0.0.1"))
        return Target(url, str(url), url.scheme, host, port, allowed)
    if word := private_range(address, policy):
        raise _forbidden(refusal(host, word))
    return Target(url, str(url), url.scheme, host, port, policy.allows(_inner(address)))


def refusal(place: str, word: str) -> str:
    """The sentence for a host that turned out not to be public."""
    return f"{place[:64]} is {word} address, which is not asked unless fetch.allow_private names it"
