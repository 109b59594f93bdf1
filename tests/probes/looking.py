"""What the tests of the kinds share: one run of a kind, and a scripted server to run it against."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import Any

import trustme

from probes._run import Context
from statuspage.clock import SystemClock
from statuspage.core.observation import Observation
from statuspage.fields import secrets_in

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def look(
    kind: ModuleType, timeout: float = 5.0, limits: dict[str, float] | None = None, **options: Any
) -> Observation:
    """One run of a kind with these options, as the monitor would start it."""
    config = kind.Config(**options)
    context = Context(
        "the-check",
        "here",
        SystemClock(),
        timeout=timeout,
        slow_over=60,
        limits=limits or {},
        secrets=tuple(secrets_in(config)),
    )
    observation: Observation = await kind.probe(config, context)
    return observation


def stage_names(observation: Observation) -> list[str]:
    """The names of the finished stages, in order."""
    return [stage.name for stage in observation.stages]


@asynccontextmanager
async def served(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a free port of 127.0.0.1; every connection is given to the handler and closed after it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def server_tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's TLS context with a certificate for the given names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A handler that reads on and never says anything."""
    while await reader.read(65536):
        pass
