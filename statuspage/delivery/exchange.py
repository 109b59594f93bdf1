"""One HTTP/1.1 request and its answer on a connected socket, by h11. Every wait is cut to what is left of the whole.

An answer may be endless in several ways, and each has its end: drops that come slowly (the deadline counts from the
start, not from the last byte), headers without end (HEAD_BYTES), interim responses and tiny chunks (MOST_EVENTS),
a long body (BODY_BYTES). Nothing is decompressed, so nothing can unfold. Once the status is known, it stands.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass

import h11

from statuspage.core.addresses import Target
from statuspage.core.clock import Clock
from statuspage.core.outgoing import Outgoing
from statuspage.delivery.connecting import Deadline

HEAD_BYTES = 32 * 1024
BODY_BYTES = 16 * 1024
BODY_WITHIN = 2.0
"""Seconds for the body after the head: it is only for the reader of an error."""
MOST_EVENTS = 500
_CHUNK = 16 * 1024
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, the headers by their names in lower case, and the beginning of the body."""

    status: int
    headers: dict[str, str]
    body: bytes


def request(
    sock: socket.socket,
    target: Target,
    outgoing: Outgoing,
    deadline: Deadline,
    clock: Clock,
    most: int = BODY_BYTES,
) -> Reply:
    """Send the request and read the answer, its body up to `most` bytes.

    Raises TimeoutError, OSError, h11.RemoteProtocolError; h11.LocalProtocolError for what cannot be sent.
    """
    machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
    data = _encode(machine, target, outgoing)
    # A server may answer and hang up before it has read everything: its answer counts.
    with suppress(ConnectionError):
        _send(sock, data, deadline)
    head = _head(sock, machine, deadline)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    return Reply(head.status_code, headers, _body(sock, machine, deadline, clock, most))


def _encode(machine: h11.Connection, target: Target, outgoing: Outgoing) -> bytes:
    headers = [
        ("Host", target.authority),
        ("User-Agent", "statuspage"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        ("Content-Length", str(len(outgoing.body))),
    ]
    headers += [(name, value) for name, value in outgoing.headers.items() if name.lower() not in _OURS]
    data = machine.send(h11.Request(method=outgoing.method, target=target.path, headers=headers)) or b""
    data += machine.send(h11.Data(data=outgoing.body)) or b""
    machine.send(h11.EndOfMessage())
    return data


def _send(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    # Not sendall: on a TLS socket its time limit begins anew with every piece.
    rest = memoryview(data)
    while rest:
        sock.settimeout(deadline.left)
        rest = rest[sock.send(rest) :]


def _head(sock: socket.socket, machine: h11.Connection, deadline: Deadline) -> h11.Response:
    for _ in range(MOST_EVENTS):
        event = _next(sock, machine, deadline)
        if isinstance(event, h11.Response):
            return event
        if not isinstance(event, h11.InformationalResponse):
            raise ConnectionResetError("the connection was closed without an answer")
    raise h11.RemoteProtocolError("interim responses without end")


def _body(sock: socket.socket, machine: h11.Connection, deadline: Deadline, clock: Clock, most: int) -> bytes:
    body = bytearray()
    with suppress(OSError, h11.RemoteProtocolError):  # TimeoutError is an OSError
        brief = Deadline(clock, min(BODY_WITHIN, deadline.left))
        for _ in range(MOST_EVENTS):
            event = _next(sock, machine, brief)
            if not isinstance(event, h11.Data) or len(body) > most:
                break
            body += event.data
    return bytes(body[:most])


def _next(sock: socket.socket, machine: h11.Connection, deadline: Deadline) -> object:
    while (event := machine.next_event()) is h11.NEED_DATA:
        sock.settimeout(deadline.left)
        data = sock.recv(_CHUNK)
        if not data and machine.their_state is h11.SEND_RESPONSE:
            raise ConnectionResetError("the connection was closed without an answer")
        machine.receive_data(data)
    return event
