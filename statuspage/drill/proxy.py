"""A TCP proxy before a provider whose faults are switched while it runs.

    none       bytes go through
    silence    the WebSocket upgrade is answered, then nothing comes from the server any more
    slow       every byte arrives `delay` seconds later, in both directions
    full       a new connection's request is answered 503; those that stand go on: what a full provider does
    refuse     no new connection (the port is closed); those that stand go on: what an ended provider does
    drop       every connection is reset, those that stand and every new one after it was accepted
    blackhole  connections are accepted and nothing arrives anywhere
    cut        refuse, and those that stand are reset: what no network looks like

The address never changes. A connection that has lost bytes to a fault cannot be mended: it is reset when the
fault ends, as its bytes would make no sense to either side.
"""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum

_CHUNK = 65536
_AHEAD = 16
"""Chunks in flight per direction; a receiver that does not read stops the sender after these."""
_HALF_OPEN = 5.0
"""Seconds that one direction may live on after the other has ended."""
_NO_ROOM = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    NONE = "none"
    SILENCE = "silence"
    SLOW = "slow"
    FULL = "full"
    REFUSE = "refuse"
    DROP = "drop"
    BLACKHOLE = "blackhole"
    CUT = "cut"


_CLOSED = (Fault.REFUSE, Fault.CUT)
_RESETTING = (Fault.DROP, Fault.CUT)


class Proxy:
    """Listens on 127.0.0.1 and passes on to `target`, a port of 127.0.0.1."""

    def __init__(self, target: int, port: int = 0) -> None:
        self.target = target
        self.port = port
        self.fault = Fault.NONE
        self.delay = 0.0
        self.links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._place: socket.socket | None = None
        self._change = asyncio.Event()

    async def start(self) -> None:
        """Listen. Raises OSError where the port is taken."""
        self._place = _bound(self.port)
        self.port = self._place.getsockname()[1]
        await self._listen()

    async def _listen(self) -> None:
        # `_place` is bound and never listens: it keeps the port ours while nobody listens there.
        self._server = await asyncio.start_server(self._accept, sock=_bound(self.port), backlog=512)

    async def set(self, fault: Fault, delay: float = 2.5) -> None:
        """Switch to a fault, or to none. `delay` in seconds is what `slow` adds to each direction."""
        before, self.fault = self.fault, fault
        self.delay = delay if fault is Fault.SLOW else 0.0
        self._change.set()
        self._change = asyncio.Event()
        if fault in _CLOSED:
            self._close_port()
        elif self._server is None and self._place is not None:
            await self._listen()
        for link in list(self.links):
            if fault in _RESETTING or (link.lost and fault is not before):
                link.reset()

    def _close_port(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def close(self) -> None:
        """Close the port and every connection."""
        self._close_port()
        if self._place is not None:
            self._place.close()
            self._place = None
        for link in list(self.links):
            link.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def due(self, read_at: float) -> None:
        """Wait until what was read at that loop time may go on, by the delay that holds now."""
        loop = asyncio.get_running_loop()
        while (left := read_at + self.delay - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._change.wait()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_Link(self, reader, writer).run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Link:
    """One client's connection and ours to the provider."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lost = False
        self._proxy = proxy
        self._reader = reader
        self.writers = [writer]
        self._answer = b""
        self._upgraded: bool | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._task = asyncio.current_task()
        self._proxy.links.add(self)
        try:
            if self._proxy.fault in _RESETTING:
                self._linger_off()
            elif self._proxy.fault is Fault.BLACKHOLE:
                self.lost = True
                while await self._reader.read(_CHUNK):
                    pass
            elif self._proxy.fault is Fault.FULL:
                await self._turn_away()
            else:
                await self._join()
        except (OSError, TimeoutError):
            self._linger_off()
        except asyncio.CancelledError:
            self._linger_off()  # only `reset` and the end of the loop cancel
        finally:
            self._proxy.links.discard(self)
            for writer in self.writers:
                writer.transport.abort()

    def reset(self) -> None:
        """End both connections at once, without a farewell."""
        if self._task is not None:
            self._task.cancel()

    def _linger_off(self) -> None:
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    async def _turn_away(self) -> None:
        writer = self.writers[0]
        async with asyncio.timeout(_HALF_OPEN):
            with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._reader.readuntil(b"\r\n\r\n")
            writer.write(_NO_ROOM)
            writer.write_eof()
            while await self._reader.read(_CHUNK):  # an end before the client's own would reset the answer away
                pass

    async def _join(self) -> None:
        answers, provider = await asyncio.open_connection("127.0.0.1", self._proxy.target)
        self.writers.append(provider)
        client = self.writers[0]
        up = asyncio.create_task(self._carry(self._reader, provider, down=False))
        down = asyncio.create_task(self._carry(answers, client, down=True))
        try:
            done, _ = await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            # Where the server has ended and the client may not hear of it, the client decides how long it waits.
            if down in done and self._swallows():
                await up
            else:
                async with asyncio.timeout(_HALF_OPEN):
                    await asyncio.gather(up, down)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, down: bool) -> None:
        """One direction until its end: a task reads ahead, so that a delay adds up to itself only once."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_AHEAD)
        feeding = asyncio.create_task(_feed(source, waiting))
        try:
            while True:
                read_at, data = await waiting.get()
                await self._proxy.due(read_at)
                if not data:
                    break
                kept = self._let_through(data, down=down)
                if kept:
                    sink.write(kept)
                    await sink.drain()
            await feeding
            if down and self._swallows():
                self.lost = True
            elif sink.can_write_eof():
                sink.write_eof()
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)

    def _swallows(self) -> bool:
        return self._proxy.fault is Fault.BLACKHOLE or (self._proxy.fault is Fault.SILENCE and bool(self._upgraded))

    def _let_through(self, data: bytes, *, down: bool) -> bytes:
        keep = self._before_upgrade(data) if down else len(data)
        if self._proxy.fault is Fault.BLACKHOLE:
            keep = 0
        elif self._proxy.fault is not Fault.SILENCE:
            return data
        self.lost = self.lost or keep < len(data)
        return data[:keep]

    def _before_upgrade(self, data: bytes) -> int:
        """How many of these bytes of the server still belong to its answer to the upgrade."""
        if self._upgraded is not None:
            return 0 if self._upgraded else len(data)
        known = len(self._answer)
        self._answer += data
        start = b"HTTP/1.1 101"
        if not self._answer.startswith(start[: len(self._answer)]) or known > _CHUNK:
            self._upgraded, self._answer = False, b""
            return len(data)
        end = self._answer.find(b"\r\n\r\n")
        if end < 0:
            return len(data)
        self._upgraded, self._answer = True, b""
        return end + 4 - known


async def _feed(source: asyncio.StreamReader, waiting: "asyncio.Queue[tuple[float, bytes]]") -> None:
    """Read until the end, which is an empty chunk. An error is an end too, and then raised."""
    loop = asyncio.get_running_loop()
    data = b"-"
    try:
        while data:
            data = await source.read(_CHUNK)
            await waiting.put((loop.time(), data))
    except OSError:
        await waiting.put((loop.time(), b""))
        raise


def _bound(port: int) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off on what this socket accepts; else not.
    place = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", port))
    except OSError:
        place.close()
        raise
    return place
