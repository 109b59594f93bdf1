"""One HTTP/1.1 request and its response on a lean stream, by h11, with a cap on everything that is read.

What a server sends may be endless in several ways, and each has its end: headers and chunk heads (HEAD_BYTES),
pieces of next to nothing (MOST_EVENTS), the body as it comes (the stream's own cap) and as it unfolds from gzip or
deflate (`max_body`).
"""

import zlib
from contextlib import suppress
from dataclasses import dataclass

import h11

from probes._net import Stream
from probes._run import Failed
from statuspage.core.observation import Reason

HEAD_BYTES = 65536
"""The most bytes of status line and headers, and of the head of one chunk."""

MOST_EVENTS = 10_000
"""The most interim responses and chunks: thousands of tiny ones cost far more time than their bytes."""

ACCEPTED_ENCODINGS = b"gzip, deflate"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `target` is path and query; `headers` lack only the length of the body."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response; names in lower case."""

    status: int
    headers: Headers

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order. Bytes beyond ASCII are read as Latin-1."""
        wanted = name.lower().encode("ascii", "replace")
        return [value.decode("latin-1") for key, value in self.headers if key == wanted]


class Exchange:
    """One request on one stream: `send`, then `head`, then `body` where it matters."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)
        self._events = 0
        self._ended = False

    async def send(self, request: Request) -> None:
        """Write the request. A server that answers and hangs up before it has read everything is no error yet."""
        headers = list(request.headers)
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            headers.append((b"content-length", str(len(request.body)).encode()))
        data = self._h11.send(h11.Request(method=request.method, target=request.target, headers=headers)) or b""
        if request.body:
            data += self._h11.send(h11.Data(data=request.body)) or b""
        self._h11.send(h11.EndOfMessage())
        self._stream.write(data)
        with suppress(OSError):
            await self._stream.drain()

    async def head(self) -> Head:
        """The final response's status and headers; interim responses are passed over."""
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                return Head(event.status_code, list(event.headers))
            if not isinstance(event, h11.InformationalResponse):
                raise Failed(Reason.DISCONNECTED, "the server closed the connection without a response")

    async def body(self, encoding: str, max_body: int) -> bytes:
        """The decoded body. Raises Failed(TOO_BIG) as soon as it is longer than `max_body`."""
        unfold = Unfold(encoding, max_body)
        parts: list[bytes] = []
        while isinstance(event := await self._next(), h11.Data):
            parts.append(unfold.feed(bytes(event.data)))
        unfold.finish()
        return b"".join(parts)

    async def _next(self) -> h11.Event | type[h11.PAUSED]:
        self._events += 1
        if self._events > MOST_EVENTS:
            raise Failed(Reason.TOO_BIG, f"a response in more than {MOST_EVENTS:,} pieces")
        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                data = await self._stream.read()
                self._ended = not data
                self._h11.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise self._failure(error) from None
        return event  # type: ignore[return-value]  # h11's sentinels are types, which mypy does not narrow by `is`

    def _failure(self, error: h11.RemoteProtocolError) -> Failed:
        if error.error_status_hint == 431:
            return Failed(Reason.TOO_BIG, f"a head of more than {HEAD_BYTES // 1024} KiB")
        if self._ended:
            return Failed(Reason.DISCONNECTED, "the server closed the connection in the middle of its response")
        return Failed(Reason.PROTOCOL, f"not HTTP/1.1: {error}")


class Unfold:
    """An incremental decoder that never holds more than its cap, whatever the bytes would unfold to.

    Encodings other than gzip and deflate pass through as they are: `readable` says whether a text comes out.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        self._encoding = encoding
        self._inflates = encoding in ("gzip", "x-gzip", "deflate")
        self._left = max_bytes
        self._pending = b""
        self._zlib: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        """The bytes that this piece unfolds to."""
        decoded = self._inflated(data) if self._inflates else data
        self._left -= len(decoded)
        if self._left < 0:
            raise Failed(Reason.TOO_BIG, "the body is larger than max_bytes", "body")
        return decoded

    def finish(self) -> None:
        """Raises Failed where the encoded body was cut off."""
        if self._pending if self._zlib is None else not self._zlib.eof:
            raise Failed(Reason.PROTOCOL, f"the {self._encoding} body is cut off", "body")

    def _inflated(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        room = self._left + 1
        data, self._pending = self._pending + data, b""
        while data and room > 0:
            if self._zlib is None or self._zlib.eof:
                if len(data) < 2:  # the first two bytes say what follows
                    self._pending = data
                    break
                if self._zlib is not None and not data.startswith(_GZIP):
                    break  # gzip may be several members in a row; anything else after the end is padding
                self._zlib = zlib.decompressobj(self._window(data))
            try:
                parts.append(self._zlib.decompress(data, room))
            except zlib.error:
                raise Failed(Reason.PROTOCOL, f"the body is not {self._encoding}", "body") from None
            room -= len(parts[-1])
            data = self._zlib.unused_data
        return b"".join(parts)

    def _window(self, data: bytes) -> int:
        """zlib's wbits. Some servers send deflate without the zlib wrapping of RFC 9110 §8.4.1.2 (RFC 1950 §2.2)."""
        if self._encoding != "deflate":
            return 16 + zlib.MAX_WBITS
        wrapped = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
        return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS


_GZIP = b"\x1f\x8b"


def readable(encoding: str) -> bool:
    """Whether a body of this content encoding comes out decoded."""
    return encoding in ("", "identity", "gzip", "x-gzip", "deflate")
