"""Starts every stand-in of the demo with a proxy before it, and ends them all together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from statuspage.drill.process import Child, stand_in
from statuspage.drill.provider import (
    BLACKHOLE,
    DROP,
    FREEZE,
    FULL,
    LOADING,
    MAXCLIENTS,
    OUT_OF_MEMORY,
    READ_ONLY,
    REFUSE,
    SILENCE,
    STALL,
    Fault,
    Provider,
    slow,
)
from statuspage.drill.proxy import Proxy
from statuspage.drill.redis import Found, Redis

_GRACE = 0.5
"""Stand-ins hold nothing that is worth more time to end."""

# The delays of "slow" make a whole run last between one and two seconds: each kind of probe has its own number of
# round trips, and every one of them costs the delay twice.
_WEBSOCKET = (SILENCE, FULL, REFUSE, slow(0.11), STALL, DROP, BLACKHOLE, FREEZE)
_PAGES = (REFUSE, slow(0.6), STALL, DROP, BLACKHOLE, FREEZE)
_REDIS = (OUT_OF_MEMORY, READ_ONLY, LOADING, MAXCLIENTS, REFUSE, slow(0.06), STALL, FREEZE)


@dataclass(slots=True)
class StandIns:
    """What runs: providers for the console, anchors that only the cut of the network touches."""

    providers: list[Provider] = field(default_factory=list)
    anchors: list[Proxy] = field(default_factory=list)
    found: Found | None = None

    def provider(self, id: str) -> Provider:
        """The provider of that id. Raises KeyError."""
        return {provider.id: provider for provider in self.providers}[id]

    def ports(self) -> dict[str, int]:
        """Where to find each provider: the ports of the proxies."""
        return {provider.id: provider.proxy.port for provider in self.providers}


@asynccontextmanager
async def running(folder: Path, found: Found | None = None) -> AsyncIterator[StandIns]:
    """Start everything; Redis only where one is `found`, keeping its files below `folder`. Raises ChildFailed."""
    stage = _Stage()
    try:
        async with asyncio.TaskGroup() as group:
            firebase = group.create_task(stage.child("Firebase stand-in", "rtdb"))
            own = group.create_task(stage.child("Native WebSockets stand-in", "native"))
            pages = group.create_task(stage.child("Platform stand-in", "platform"))
            redis = group.create_task(stage.redis(found, folder)) if found else None
        result = StandIns(found=found)
        result.providers = [
            await stage.provider("firebase", "Firebase", firebase.result(), _WEBSOCKET),
            await stage.provider("native", "Native Web Sockets", own.result(), _WEBSOCKET),
        ]
        if redis is not None:
            server = redis.result()
            proxy = await stage.proxy(server.port)
            result.providers.append(Provider("redis", "Redis", proxy, server.child, _REDIS, server))
        result.providers.append(await stage.provider("platform", "Platform pages", pages.result(), _PAGES))
        for anchor in ("anchor_1", "anchor_2"):
            result.anchors.append(await stage.proxy(pages.result().said[anchor]))
        yield result
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        await stage.clear()


class _Stage:
    """All that must be ended."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._servers: list[Redis] = []
        self._proxies: list[Proxy] = []

    async def child(self, name: str, module: str) -> Child:
        child = await Child.start(name, stand_in(module), says=["port"], grace=_GRACE)
        self._children.append(child)
        return child

    async def redis(self, found: Found, folder: Path) -> Redis:
        server = await Redis.start(found, folder)
        self._servers.append(server)
        return server

    async def proxy(self, target: int) -> Proxy:
        proxy = Proxy(target)
        await proxy.start()
        self._proxies.append(proxy)
        return proxy

    async def provider(self, id: str, name: str, child: Child, offered: Sequence[Fault]) -> Provider:
        return Provider(id, name, await self.proxy(child.said["port"]), child, offered)

    async def clear(self) -> None:
        await asyncio.gather(*(proxy.close() for proxy in self._proxies))
        await asyncio.gather(*(child.stop() for child in self._children), *(server.stop() for server in self._servers))
