"""The way to a target: dns, connect, tls, and then a lean stream of bytes.

Every kind that speaks TCP starts with `open_stream`. The stream has no reader and writer pair and no buffering
beyond what the caps allow: a run makes one or two of them a time, a thousand times every ten seconds.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

from probes._resolver import Address, Resolver, Saturated, literal
from probes._run import LOCAL_ERRORS, Blinded, Failed, Run
from probes._tls import TlsOptions, shared_context, tls_failure
from statuspage.core.observation import Reason

__all__ = ["Stream", "Target", "TlsOptions", "open_stream"]

CHUNK = 65536
"""The most bytes that one read returns, and how many may wait unread before the socket is left alone."""

MOST_ADDRESSES = 8

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "redis": 6379, "rediss": 6379}
_WITH_TLS = frozenset({"https", "wss", "rediss"})

_resolver = Resolver()


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect. `server_name` is what the certificate must be for (also sent as SNI)."""

    host: str
    port: int
    tls: bool
    server_name: str

    @classmethod
    def of(cls, url: SplitResult) -> "Target":
        """The target of a parsed URL (http, https, ws, wss, redis, rediss) with the scheme's own port."""
        host = url.hostname or ""
        port = url.port if url.port is not None else _PORTS[url.scheme]
        return cls(host, port, url.scheme in _WITH_TLS, host)

    @property
    def authority(self) -> str:
        """`host:port` as in a Host header, without the port where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


class Stream(asyncio.Protocol):
    """Bytes from and to one peer. One task reads and writes it; `close` may be called by anyone, any time."""

    def __init__(self, max_bytes: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = max_bytes
        self._buffer = bytearray()
        self._paused = False
        self._ended = False
        self._error: BaseException | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False
        self._transport: asyncio.Transport | None = None

    async def read(self) -> bytes:
        """What has come in, 1 to 65536 bytes; b"" after the peer's end of stream.

        Raises Failed(TOO_BIG) over the cap, and the OSError (a reset, a TLS alert) that ended the connection.
        """
        while not self._buffer:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        data = bytes(self._buffer[:CHUNK])
        del self._buffer[:CHUNK]
        if self._paused and len(self._buffer) < CHUNK and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def write(self, data: bytes) -> None:
        """Send, or queue what the socket does not take at once. Nothing happens after the end of the connection."""
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the queue of unsent bytes is short again. Raises the error that ended the connection."""
        if self._error is not None:
            raise self._error
        if self._full:
            self._writer = self._loop.create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    def close(self) -> None:
        """Let go of the connection at once, without waiting for anything."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None
        self._end(None)

    def extra(self, name: str) -> Any:
        """What `asyncio.BaseTransport.get_extra_info` knows: "peername", "peercert", "cipher", "ssl_object"."""
        return None if self._transport is None else self._transport.get_extra_info(name)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            self._buffer.clear()
            self._error = self._error or Failed(Reason.TOO_BIG, "more bytes than this check reads")
            self.close()
            return
        self._buffer += data
        if len(self._buffer) >= CHUNK and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._end(exc)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    def _end(self, error: BaseException | None) -> None:
        self._ended = True
        self._error = self._error or error
        self._wake()
        self.resume_writing()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


async def open_stream(
    run: Run, target: Target, *, tls: TlsOptions | None, max_bytes: int, alpn: tuple[str, ...] = ()
) -> Stream:
    """Connect to the target: the stages dns, connect and (where the target has it) tls of the run.

    Raises Failed, Blinded, or an OSError that `probes._run.observe` sorts. `max_bytes` caps all that is ever read.
    """
    async with run.stage("dns"):
        addresses = await resolve(target.host, target.port)
    stream = Stream(max_bytes)
    async with run.stage("connect"):
        sock = await _connect_any(run, addresses)
        run.fact("address", sock.getpeername()[0])
        if not target.tls:
            await _attach(stream, sock)
    if target.tls:
        async with run.stage("tls"):
            await _attach_tls(stream, sock, target.server_name, tls, alpn)
    return stream


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, at least one. Raises Failed, Blinded or socket.gaierror."""
    spelled_out = literal(host, port)
    if spelled_out is not None:
        return [spelled_out]
    try:
        found = await _resolver.resolve(host, port)
    except Saturated:
        raise Blinded(Reason.RESOLVER, "too many look-ups wait for this machine's resolver") from None
    except UnicodeError:
        raise Failed(Reason.DNS, "this is not a host name") from None
    if not found:
        raise Failed(Reason.DNS, "the name has no IP address")
    return found[:MOST_ADDRESSES]


async def _connect_any(run: Run, addresses: list[Address]) -> socket.socket:
    """The first address that answers. Each one but the last gets its share of the stage's time."""
    errors: list[OSError] = []
    for index, address in enumerate(addresses):
        left = len(addresses) - index
        try:
            if left == 1:
                return await _connect(address)
            async with asyncio.timeout(run.stage_left / left):
                return await _connect(address)
        except OSError as error:  # TimeoutError is one
            errors.append(error)
    raise telling([_sorted(error) for error in errors])


def _sorted(error: OSError) -> Exception:
    """What one address's error says: of the target as Failed, of our own machine as it is."""
    if isinstance(error, TimeoutError):
        return Failed(Reason.TIMEOUT, "no answer to the connection request", "connect")
    if error.errno not in LOCAL_ERRORS:
        return Failed(Reason.CONNECT, (error.strerror or str(error)).lower(), "connect")
    return error


def telling(errors: Sequence[Exception]) -> Exception:
    """The last error that speaks of the target, else our own: no route to one address excuses no refusal by another."""
    return next((error for error in reversed(errors) if isinstance(error, Failed)), errors[-1])


async def _connect(address: Address) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address.sockaddr)
        if code == errno.EINPROGRESS:
            code = await _connected(sock)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


async def _connected(sock: socket.socket) -> int:
    """Wait for a connect in progress; 0 or its errno."""
    loop = asyncio.get_running_loop()
    writable: asyncio.Future[None] = loop.create_future()
    loop.add_writer(sock, lambda: None if writable.done() else writable.set_result(None))
    try:
        await writable
    finally:
        loop.remove_writer(sock)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


async def _attach(stream: Stream, sock: socket.socket, **ssl: Any) -> None:
    """Give the connected socket to the loop; with `ssl`, after the handshake."""
    try:
        await asyncio.get_running_loop().create_connection(lambda: stream, sock=sock, **ssl)
    except BaseException:
        stream.close()
        sock.close()
        raise


async def _attach_tls(
    stream: Stream, sock: socket.socket, server_name: str, tls: TlsOptions | None, alpn: tuple[str, ...]
) -> None:
    try:
        context = shared_context(tls, alpn)
    except BaseException:
        sock.close()
        raise
    # The stage has the only deadline; asyncio's own (60 s by default) would end a handshake under another name.
    asyncio_limit = 86400
    try:
        await _attach(stream, sock, ssl=context, server_hostname=server_name, ssl_handshake_timeout=asyncio_limit)
    except OSError as error:
        raise tls_failure(error) from None
