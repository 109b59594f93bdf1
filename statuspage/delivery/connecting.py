"""The guarded connection: looked up once, checked as a whole, pinned to what was checked.

A name may have several addresses and may answer differently each time it is asked. So the answer of the one
look-up is what is checked and what is connected to; one closed address among them refuses all. The name stays
where the other side needs it: in the Host header, in SNI and in its certificate.
"""

import functools
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as NotInTime

from statuspage.core.addresses import Address, Policy, Refused, Target, parse_address, refusal
from statuspage.core.clock import Clock
from statuspage.delivery.threads import Threads

LookUp = Callable[[str, int], Sequence[str]]
"""From a host and a port to addresses as texts. Blocks; raises OSError or UnicodeError."""

MOST_ADDRESSES = 4
"""How many addresses of one name are tried."""

_look_ups = Threads("look-up", 32)


class Unresolved(Exception):
    """The name leads nowhere."""


class Deadline:
    """One length of time for everything, on the monotonic clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, more than zero. Raises TimeoutError when there are none."""
        left = self._until - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host by the machine's own resolver, in its order."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@functools.cache
def machine_trust() -> ssl.SSLContext:
    """TLS with the machine's own authorities. Made once: reading them costs 30 ms."""
    return ssl.create_default_context()


def connect(
    target: Target, policy: Policy, deadline: Deadline, look: LookUp, trust: ssl.SSLContext | None = None
) -> socket.socket:
    """A connected socket, with TLS where the target has it.

    Raises Refused, Unresolved, TimeoutError, ssl.SSLError or OSError.
    """
    addresses = checked(resolve(target, deadline, look), policy)
    sock = _connect_any(addresses, target.port, deadline)
    try:
        _check_peer(sock, addresses)
        if target.scheme != "https":
            return sock
        return _encrypted(sock, target, deadline, trust or machine_trust())
    except BaseException:
        sock.close()
        raise


def resolve(target: Target, deadline: Deadline, look: LookUp) -> list[Address]:
    """Every address of the target's host, asked for once."""
    if target.address is not None:
        return [target.address]
    try:
        found = _look_ups.submit(lambda: look(target.host, target.port)).result(deadline.left)
        addresses = [parse_address(each) for each in dict.fromkeys(found)]
    except NotInTime:
        raise Unresolved("the resolver did not answer in time") from None
    except (OSError, ValueError) as error:  # UnicodeError is a ValueError
        raise Unresolved(getattr(error, "strerror", None) or "the name cannot be looked up") from None
    if not addresses:
        raise Unresolved("the name has no address")
    return addresses


def checked(addresses: Sequence[Address], policy: Policy) -> list[Address]:
    """The same addresses. Raises Refused when one of them is closed: then the whole name is."""
    for address in addresses:
        reason = refusal(address, policy)
        if reason is not None:
            raise Refused(reason)
    return list(addresses)


def _connect_any(addresses: Sequence[Address], port: int, deadline: Deadline) -> socket.socket:
    tried = addresses[:MOST_ADDRESSES]
    for index, address in enumerate(tried):
        last = index == len(tried) - 1
        try:
            return _connect(address, port, deadline.left / (len(tried) - index))
        except OSError:  # TimeoutError is one
            if last:
                raise
    raise Unresolved("the name has no address")


def _connect(address: Address, port: int, within: float) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(within)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def _check_peer(sock: socket.socket, addresses: Sequence[Address]) -> None:
    """The last look, at the socket itself: whatever stands between us and the kernel, this is who we talk to."""
    if parse_address(sock.getpeername()[0]) not in addresses:
        raise Refused("the connection leads to an address that was not checked")


def _encrypted(sock: socket.socket, target: Target, deadline: Deadline, trust: ssl.SSLContext) -> socket.socket:
    sock.settimeout(deadline.left)
    name = target.host.rstrip(".")
    wrapped = trust.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
    try:
        wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped
