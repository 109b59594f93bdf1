"""How failures to sign in slow down further tries: a growing delay, never a lock.

Each try is charged before it is judged, and given back when it was good: tries at the same time cannot slip
through together. Failures are forgiven one by one as time goes by. Who is being delayed is not charged again,
so that one address alone cannot use up what an account has.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` failures cost nothing, each further one doubles the delay from `first` up to `longest`.

    One failure is forgiven for each `relief` that goes by.
    """

    free: int
    first: timedelta
    longest: timedelta
    relief: timedelta


ADDRESS = Limit(10, timedelta(seconds=2), timedelta(minutes=15), timedelta(minutes=6))
ACCOUNT = Limit(15, timedelta(seconds=1), timedelta(seconds=30), timedelta(minutes=2))
"""Over all addresses together. Its delay is short, for the owner of the account waits as well."""
CODE = Limit(3, timedelta(seconds=20), timedelta(minutes=15), timedelta(minutes=30))
"""At most five codes a minute, and only for somebody who has the password."""


@dataclass(frozen=True, slots=True)
class Tries:
    """Failures of one key that are not forgiven yet, counted at `since`; the next try is free at `until`."""

    count: int
    since: datetime
    until: datetime


def wait(tries: Tries | None, limit: Limit, now: datetime) -> timedelta:
    """How long until the next try may be made; zero for at once. A clock that was set back delays nobody."""
    left = tries.until - now if tries is not None else timedelta(0)
    return left if timedelta(0) < left <= limit.longest else timedelta(0)


def charge(tries: Tries | None, limit: Limit, now: datetime) -> Tries:
    """With one try more."""
    count, since = _relieved(tries, limit, now)
    return Tries(count + 1, since, now + _delay(count + 1, limit))


def give_back(tries: Tries, limit: Limit, now: datetime) -> Tries:
    """Without the try that turned out to be good, and without its delay."""
    count, since = _relieved(tries, limit, now)
    return Tries(max(count - 1, 0), since, now)


def address_key(address: str) -> str:
    """What counts as one address: IPv6 gives everybody 2⁶⁴ of them, so there it is the network of 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address[:64]}"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return f"address {found.ipv4_mapped}"
        return f"address {ipaddress.ip_network((int(found) >> 64 << 64, 64))}"
    return f"address {found}"


def _delay(count: int, limit: Limit) -> timedelta:
    over = count - limit.free
    return min(limit.first * 2 ** min(over - 1, 30), limit.longest) if over > 0 else timedelta(0)


def _relieved(tries: Tries | None, limit: Limit, now: datetime) -> tuple[int, datetime]:
    if tries is None or tries.count <= 0:
        return 0, now
    forgiven = max((now - tries.since) // limit.relief, 0)
    if forgiven >= tries.count:
        return 0, now
    return tries.count - forgiven, tries.since + forgiven * limit.relief
