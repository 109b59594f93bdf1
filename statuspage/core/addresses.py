"""Where requests may go: our own list of networks, and the one reading of a URL.

`ipaddress.is_private` is not asked: it calls carrier-grade NAT, NAT64, 6to4, multicast and the metadata services
of several clouds public, and its answers change with the patch level of Python. Who checks a URL and who connects
to it use the same reading (`parse`), so that no spelling means one thing to the check and another to the socket.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

MOST_CHARACTERS = 2000

_CLOSED: tuple[tuple[str, str, bool], ...] = (
    # network, what it is, whether it opens one address at a time only
    ("100.100.100.200/32", "a metadata service", True),
    ("168.63.129.16/32", "a metadata service", True),
    ("fd00:ec2::254/128", "a metadata service", True),
    ("0.0.0.0/8", "this machine", True),
    ("127.0.0.0/8", "this machine", True),
    ("169.254.0.0/16", "link-local", True),
    ("10.0.0.0/8", "private", False),
    ("100.64.0.0/10", "carrier-grade NAT", False),
    ("172.16.0.0/12", "private", False),
    ("192.168.0.0/16", "private", False),
    ("192.0.0.0/24", "reserved", True),
    ("192.0.2.0/24", "for documents", False),
    ("192.88.99.0/24", "a tunnel", True),
    ("198.18.0.0/15", "for benchmarks", False),
    ("198.51.100.0/24", "for documents", False),
    ("203.0.113.0/24", "for documents", False),
    ("224.0.0.0/4", "multicast", True),
    ("240.0.0.0/4", "reserved", True),
    ("::/127", "this machine", True),
    ("fe80::/10", "link-local", True),
    ("fc00::/7", "private", False),
    ("ff00::/8", "multicast", True),
    ("2001:db8::/32", "for documents", False),
    ("3fff::/20", "for documents", False),
    ("2001::/23", "a tunnel or reserved", True),
    ("2002::/16", "a tunnel", True),
)
_TABLE = tuple((ip_network(network), what, single) for network, what, single in _CLOSED)
_GLOBAL = IPv6Network("2000::/3")
"""All of IPv6 that is given out (IANA IPv6 address space): what lies outside is never public."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are the IPv4 address that is meant. Networks without IPv4 reach everything so."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may be asked: schemes, ports (None: any), and the closed networks that are open nevertheless."""

    schemes: tuple[str, ...]
    ports: tuple[int, ...] | None
    allow: tuple[Network, ...] = ()


SUBSCRIBER = Policy(("https",), (443, 8443))
"""For addresses that anybody may hand in: public ones, encrypted, the usual ports."""


def operator(allow: Iterable[Network] = ()) -> Policy:
    """For addresses from the configuration: public ones, and what the operator opened by network.

    This machine, link-local and metadata addresses open one by one only, as /32 or /128.
    """
    return Policy(("http", "https"), None, tuple(allow))


@dataclass(frozen=True, slots=True)
class Target:
    """A URL as it is understood here. `host` is a name in lower case, or an address; `path` has its query."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None
    """Set when the host spells an address out."""

    @property
    def authority(self) -> str:
        """`host[:port]` for the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


class Refused(Exception):
    """The guard says no. The text says why, without the URL."""


_OURSELVES = IPv4Address("127.0.0.1")
_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_](?:[a-z0-9_-]{0,62})\.?")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")


def check_url(url: str, policy: Policy) -> str | None:
    """What is wrong with a URL as far as the text tells, None for nothing. Names are looked up when it is used."""
    try:
        parse(url, policy)
    except Refused as refused:
        return str(refused)
    return None


def parse(url: str, policy: Policy) -> Target:
    """The URL in parts. Raises Refused for what the policy or a strict reading does not allow."""
    if not _VISIBLE.fullmatch(url) or "\\" in url or len(url) > MOST_CHARACTERS:
        raise Refused(f"must be at most {MOST_CHARACTERS} ASCII characters without spaces and backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("is not a URL") from None
    if parts.scheme not in policy.schemes or not url.lower().startswith(f"{parts.scheme}://"):
        raise Refused(f"must begin with {' or '.join(f'{scheme}://' for scheme in policy.schemes)}")
    if "@" in parts.netloc:
        raise Refused("must not hold a user or password")
    host, address = _host(parts.hostname or "", bracketed="[" in parts.netloc)
    port = _PORTS[parts.scheme] if port is None else port
    if not 0 < port < 65536 or (policy.ports is not None and port not in policy.ports):
        raise Refused(f"must use port {' or '.join(map(str, policy.ports or ('1 to 65535',)))}")
    if address is not None and (reason := refusal(address, policy)):
        raise Refused(reason if str(address) == host else f"{host} is this machine: {reason}")
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(parts.scheme, host, port, path, address)


def refusal(address: Address, policy: Policy) -> str | None:
    """Why nothing is sent to that address, None where it may be."""
    meant = unwrap(address)
    found = _closed(meant)
    if found is None:
        return None
    what, single = found
    for network in policy.allow:
        if meant in network and (not single or network.prefixlen == network.max_prefixlen):
            return None
    return f"{address} is not a public address ({what})"


def allow_problem(network: Network) -> str | None:
    """Why that network cannot be opened as a whole, None where it can."""
    if network.prefixlen == network.max_prefixlen:
        return None
    for closed, what, single in _TABLE:
        if single and network.version == closed.version and network.subnet_of(closed):  # type: ignore[arg-type]
            one = f"{network.network_address + 1}/{network.max_prefixlen}"
            return f"{network} is {what}: such addresses are opened one by one, as {one}"
    return None


def unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _closed(address: Address) -> tuple[str, bool] | None:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return "bound to an interface", True
    for network, what, single in _TABLE:
        if address in network:
            return what, single
    return ("reserved", True) if address.version == 6 and address not in _GLOBAL else None


def _host(host: str, *, bracketed: bool) -> tuple[str, Address | None]:
    if bracketed:
        try:
            address = IPv6Address(host)
        except ValueError:
            raise Refused("holds no IPv6 address between its brackets") from None
        if address.scope_id is not None:
            raise Refused("must not name an interface")
        return host, address
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise Refused("has no valid host: international names are written as xn--…")
    labels = host.rstrip(".").split(".")
    if labels[-1] == "localhost":
        return host, _OURSELVES
    if not _NUMBER.fullmatch(labels[-1]):
        return host, None
    try:  # getaddrinfo also takes 127.1, 0x7f.1, 0177.0.0.1 and 2130706433: nobody means those honestly
        return host, IPv4Address(host)
    except ValueError:
        raise Refused("must write an IPv4 address as four plain decimal numbers") from None


def parse_network(text: str) -> Network:
    """A network in CIDR form. Raises ValueError in words."""
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError('write networks as "10.0.0.0/8", single addresses as "127.0.0.1/32"') from None


def parse_address(text: str) -> Address:
    """An address as a socket names it. Raises ValueError."""
    return ip_address(text)
