"""WebSocket clients over `probes._net`: the protocol is websockets' own (Sans-I/O), the waiting is ours.

Redirects are never followed, messages and the whole stream are capped, nothing is sent that was not asked for
(no keepalive pings), and every way in which a connection can end has its own reason.
"""

import asyncio
import logging
import os
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CLOSE_CODE_EXPLANATIONS, OK_CLOSE_CODES, Close, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from probes._net import Stream, Target, TlsOptions, open_stream
from probes._run import Failed, Run
from statuspage.core.observation import Reason, Stage

USER_AGENT = "statuspage"

_LOGGER = logging.getLogger("probes.websocket")
# At DEBUG websockets writes down every frame and header, credentials among them.
_LOGGER.setLevel(logging.WARNING)

HEAD_LIMIT = 65536
SPARE = 1 << 20
SLICE = 2048
MOST_FRAMES = 10_000
"""Bytes a run may read beyond four of its longest messages: head, frames and what else the server says unasked."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")

UPGRADE_REASONS = {401: Reason.AUTH, 403: Reason.DENIED, 429: Reason.CAPACITY, 503: Reason.CAPACITY}
"""What an answer other than 101 means; every other status is UPGRADE."""

CLOSE_REASONS = {
    1001: Reason.SHUTDOWN,  # going away: a deploy
    1002: Reason.PROTOCOL,
    1003: Reason.PROTOCOL,
    1007: Reason.PROTOCOL,
    1008: Reason.DENIED,  # policy; the usual answer to a missing or bad credential too
    1009: Reason.TOO_BIG,
    1012: Reason.SHUTDOWN,
    1013: Reason.CAPACITY,
    3000: Reason.AUTH,
    3003: Reason.DENIED,
}
"""What a close code of the server means (RFC 6455 §7.4.1 and the IANA registry); every other is DISCONNECTED."""


class Connection:
    """One open WebSocket. One task uses it; it reads only while that task waits for something."""

    def __init__(self, stream: Stream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._messages: deque[tuple[bool, bytes]] = deque()
        self._parts: list[bytes] = []
        self._frames = 0
        self._is_text = True
        self._pongs: set[bytes] = set()

    @property
    def subprotocol(self) -> str | None:
        """What the server chose of the subprotocols that were offered."""
        return self._protocol.subprotocol

    def take_head(self, head: bytes) -> None:
        """The answer to the upgrade, with what came in behind it. Raises Failed where it does not agree."""
        end = head.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in head else len(head)
        self._protocol.receive_data(head[:end])
        if self._protocol.handshake_exc is not None:
            raise Failed(Reason.UPGRADE, f"answered 101, but: {self._protocol.handshake_exc}")
        if self._protocol.state is State.CONNECTING:
            raise Failed(Reason.UPGRADE, "the head of the answer is too long or incomplete")
        for start in range(end, len(head), SLICE):
            self._protocol.receive_data(head[start : start + SLICE])
            self._take_in()
        self._flush()

    def send(self, message: str | bytes) -> None:
        """Send a message, as text or binary by its type. Raises Failed where the server has closed already."""
        if self._protocol.state is not State.OPEN:
            raise self._ended()
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)
        self._flush()

    async def drain(self) -> None:
        """Wait until the system has taken what was sent."""
        try:
            await self._stream.drain()
        except OSError as error:
            raise _broke(error) from None

    async def recv(self) -> str | bytes:
        """The next whole message. Raises Failed with the reason for which the connection ended instead."""
        while not self._messages:
            await self._pump()
        is_text, message = self._messages.popleft()
        if not is_text:
            return message
        try:
            return message.decode()
        except UnicodeDecodeError:
            raise Failed(Reason.PROTOCOL, "a text message is not UTF-8") from None

    async def ping(self) -> None:
        """Send a ping and wait for its pong; messages met on the way are kept for `recv`."""
        payload = os.urandom(4)
        if self._protocol.state is not State.OPEN:
            raise self._ended()
        self._protocol.send_ping(payload)
        self._flush()
        while payload not in self._pongs:
            await self._pump()
        self._pongs.clear()

    async def close(self) -> bool:
        """The closing handshake. Whether the server answered our close frame with its own before it hung up.

        Raises Failed where the server closes for a reason of its own.
        """
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        try:
            while self._protocol.close_rcvd is None:
                await self._pump()
        except Failed:
            if self._protocol.parser_exc is not None and not isinstance(self._protocol.parser_exc, EOFError):
                raise
        finally:
            self._stream.close()
        answer = self._protocol.close_rcvd
        if answer is not None and answer.code not in OK_CLOSE_CODES:
            raise self._ended()
        return answer is not None

    def leave(self) -> None:
        """Say goodbye and go, without waiting for an answer."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        self._stream.close()

    def abort(self) -> None:
        """Let go of the connection at once."""
        self._stream.close()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:  # the empty one asks for a half-close; we close whole, and soon
                self._stream.write(data)

    async def _pump(self) -> None:
        """Read once and take in what came. Raises Failed after the end of the connection."""
        if self._is_over():
            raise self._ended()
        data = await _read(self._stream)
        if not data:
            self._protocol.receive_eof()
            self._take_in()
        # In slices: 64 KiB can hold 32,000 empty frames, and nobody else would run while they are taken apart.
        for start in range(0, len(data), SLICE):
            if start:
                await asyncio.sleep(0)
            self._protocol.receive_data(data[start : start + SLICE])
            self._take_in()
            if self._protocol.parser_exc is not None:
                break
        self._flush()
        if self._protocol.parser_exc is not None and not self._messages:
            raise self._ended()

    def _is_over(self) -> bool:
        return self._protocol.close_rcvd is not None or self._protocol.parser_exc is not None

    def _take_in(self) -> None:
        for event in self._protocol.events_received():
            if not isinstance(event, Frame):
                continue
            self._frames += 1
            if self._frames > MOST_FRAMES:
                raise Failed(Reason.PROTOCOL, f"more than {MOST_FRAMES:,} frames in one run")
            if event.opcode is Opcode.PONG:
                self._pongs.add(bytes(event.data))
            elif event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._take_part(event)

    def _take_part(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if frame.fin:
            self._messages.append((self._is_text, b"".join(self._parts)))
            self._parts.clear()

    def _ended(self) -> Failed:
        """Why the connection is over, and who ended it."""
        broken = self._protocol.parser_exc
        if isinstance(broken, PayloadTooBig):
            return Failed(Reason.TOO_BIG, f"closed by us: {broken}")
        if broken is not None and not isinstance(broken, EOFError):
            return Failed(Reason.PROTOCOL, f"closed by us: {broken}")
        if self._protocol.close_rcvd is not None:
            close = self._protocol.close_rcvd
            return Failed(CLOSE_REASONS.get(close.code, Reason.DISCONNECTED), f"closed by the server: {_spoken(close)}")
        return Failed(Reason.DISCONNECTED, "the connection ended without a close frame (1006)")


def _spoken(close: Close) -> str:
    if close.code == 1005:
        return "no code"
    known = CLOSE_CODE_EXPLANATIONS.get(close.code)
    return " ".join(filter(None, (str(close.code), f"({known})" if known else "", close.reason)))


async def open_websocket(
    run: Run,
    url: str,
    *,
    headers: Mapping[str, str],
    subprotocols: Sequence[str],
    origin: str | None,
    tls: TlsOptions | None,
    max_message: int,
    compression: bool = False,
) -> Connection:
    """Open a WebSocket: the stages dns, connect, tls (for wss) and upgrade of the run.

    `max_message` is in bytes. Raises Failed, Blinded or an OSError that `probes._run.observe` sorts.
    """
    uri = parse_uri(url)
    target = Target.of(urlsplit(url))
    protocol = ClientProtocol(
        uri,
        origin=Origin(origin) if origin is not None else None,
        extensions=[ClientPerMessageDeflateFactory()] if compression else None,
        subprotocols=[Subprotocol(each) for each in subprotocols] or None,
        max_size=max_message,
        logger=_LOGGER,
    )
    stream = await open_stream(run, target, tls=tls, max_bytes=4 * max_message + SPARE, alpn=("http/1.1",))
    try:
        async with run.stage("upgrade"):
            return await _upgrade(stream, protocol, headers)
    except BaseException:
        stream.close()
        raise


async def _upgrade(stream: Stream, protocol: ClientProtocol, headers: Mapping[str, str]) -> Connection:
    request = protocol.connect()
    request.headers["User-Agent"] = USER_AGENT
    for name, value in headers.items():
        if name in request.headers:
            del request.headers[name]
        request.headers[name] = value
    stream.write(request.serialize())
    head = await _head(stream)
    connection = Connection(stream, protocol)
    connection.take_head(head)
    return connection


async def _head(stream: Stream) -> bytes:
    """What came in up to the end of a 101 answer's head, or more. Any other answer is a Failed, whatever its body.

    The status decides before the library sees a byte: it would wait for the end of the body, which an event
    stream behind a proxy that does not know upgrades never has.
    """
    head = b""
    while b"\r\n\r\n" not in head:
        data = await _read(stream)
        head += data
        if not data or len(head) > HEAD_LIMIT:
            break
    if not head:
        raise Failed(Reason.DISCONNECTED, "closed without an answer to the upgrade")
    found = _STATUS_LINE.match(head)
    if found is None:
        raise Failed(Reason.UPGRADE, "the answer to the upgrade is not HTTP/1.1")
    if found[1] != b"101":
        raise _refused(int(found[1]))
    return head


def _refused(status: int) -> Failed:
    reason = UPGRADE_REASONS.get(status, Reason.UPGRADE)
    hint = ""
    if status == 200:
        hint = ": a proxy without Upgrade headers?"
    elif 300 <= status < 400:
        hint = ": redirects are not followed"
    return Failed(reason, f"answered {status}{hint}")


async def _read(stream: Stream) -> bytes:
    try:
        return await stream.read()
    except OSError as error:
        raise _broke(error) from None


def _broke(error: OSError) -> Failed:
    return Failed(Reason.DISCONNECTED, f"the connection broke: {(error.strerror or str(error)).lower()}")


@asynccontextmanager
async def second_connection(run: Run) -> AsyncIterator[None]:
    """Whatever opens inside is another user's connection: one row `second` in the table, its failures say so.

    The table's other rows stay those of the first connection, which is what one user feels.
    """
    first = list(run.stages)
    begun = run.context.clock.monotonic()
    try:
        yield
    except Failed as failed:
        stage = failed.stage or run.current
        raise Failed(failed.reason, f"second connection: {failed.detail}", stage) from None
    finally:
        run.stages[:] = [*first, Stage("second", round((run.context.clock.monotonic() - begun) * 1000, 3))]
