"""Where a request comes from: the peer of the socket, or what our own proxies say of it and nobody else."""

import ipaddress

from flask import request
from werkzeug.exceptions import BadRequest

from statuspage.auth.door import Visitor
from statuspage.web.staff.context import staff

MAX_AGENT = 200


def visitor() -> Visitor:
    """Who asks. Raises BadRequest where the proxies' own entry cannot be read: better none than a forged one."""
    forwarded = request.headers.getlist("X-Forwarded-For")
    address = client_address(request.remote_addr or "", forwarded, staff().trusted_hops)
    agent = "".join(each for each in request.headers.get("User-Agent", "") if each.isprintable())
    return Visitor(address, agent[:MAX_AGENT])


def client_address(peer: str, forwarded: list[str], hops: int) -> str:
    """The client's address behind `hops` proxies, each of which appends the address it was asked from.

    What stands further to the left came from the client itself and is worth nothing. Without the header the
    peer spoke to us directly. Raises BadRequest for an entry that is no address, or one that is missing.
    """
    entries = [each.strip() for line in forwarded for each in line.split(",")]
    if not hops or not entries:
        return _plain(peer) or "unknown"
    found = _plain(entries[-hops]) if len(entries) >= hops else None
    if found is None:
        raise BadRequest
    return found


def _plain(text: str) -> str | None:
    """An address without port and brackets, in its shortest form; None for anything else."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None
