"""Small real servers on 127.0.0.1 for the tests of probes, and the context to run a probe in."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace

from probes._run import Context
from statuspage.clock import SystemClock
from statuspage.core.observation import Observation

CONTEXT = Context(check="check", agent="here", clock=SystemClock(), timeout=5.0, slow_over=4.0)
"""Generous: nothing here takes that long unless something hangs."""

SHORT = replace(CONTEXT, timeout=0.6)
"""For runs that are meant to end by their deadline."""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(handle: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that plays `handle` on every connection, and drops all of them at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handle(reader, writer)
        finally:
            tasks.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take everything, answer nothing."""
    while await reader.read(65536):
        pass


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection by a reset instead of an end of stream."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def unused_port() -> int:
    """A port that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def deaf_port(host: str, port: int) -> Iterator[None]:
    """Have no connection request answered there: its queue of them is full, as behind a firewall that drops them."""
    with socket.create_server((host, port), backlog=0), ExitStack() as held:
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((host, port))
        yield


def told(observation: Observation) -> tuple[str | None, str | None]:
    """What a failed run is told apart by: its stage and its reason."""
    return observation.stage, None if observation.reason is None else observation.reason.value


def stage_names(observation: Observation) -> list[str]:
    """The stages that were passed, in order."""
    return [stage.name for stage in observation.stages]


async def until(condition: Callable[[], bool], limit: float = 10.0) -> None:
    """Wait for a condition, looking again every few milliseconds."""
    async with asyncio.timeout(limit):
        while not condition():  # noqa: ASYNC110 - the things waited for have no event
            await asyncio.sleep(0.005)
