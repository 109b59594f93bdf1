"""A Realtime Database server that follows a script: the protocol's good case, and one fault at a time.

Written from the wire facts that the official SDK was seen to accept. It keeps no data: a put is passed on to the
listeners of exactly its path, which is all that a probe asks for.
"""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

SILENCE = "silence"
"""As a status: the request is never answered."""

PART = 16384


@dataclass
class Script:
    """How the server behaves. The defaults are the good case."""

    upgrade: int = 101
    before_hello: float | None = 0.0
    """Seconds until the hello; None: it never comes."""
    hello: dict[str, str] = field(default_factory=dict)
    """What the hello says instead of version 5 and our own host."""
    first: dict[str, Any] | None = None
    """A control message in the hello's place."""
    numbers: bool = True
    """Whether a message of one part is announced by a "1"."""
    after_hello: list[dict[str, Any]] = field(default_factory=list)
    close_after_hello: int | None = None
    """A close code; 1006 drops the connection without one."""
    connections: int | None = None
    """After so many, newcomers are told that the peak is reached."""
    auth: str = "ok"
    auth_data: Any = field(default_factory=lambda: {"auth": {"uid": "probe"}})
    listen: str = "ok"
    after_listen: list[dict[str, Any]] = field(default_factory=list)
    write: str = "ok"
    echo: bool = True
    echo_data: Any = None
    """What listeners are shown instead of what was written."""
    padding: int = 0
    """Characters added to every echo."""
    delete: str = "ok"


class ScriptedRtdb:
    """A running server: where it is, and what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.port = 0
        self.scheme = "http"
        self.upgrades: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self._listeners: dict[str, list[ServerConnection]] = {}

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}?ns=probe"

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to the upgrade where it is not 101."""
        self.upgrades.append(request.path)
        if self.script.upgrade == 101:
            return None
        return connection.respond(HTTPStatus(self.script.upgrade), "Firebase project not found\n")

    async def serve(self, socket: ServerConnection) -> None:
        """One connection from its upgrade to its end."""
        script = self.script
        if script.connections is not None and len(self.upgrades) > script.connections:
            await self._control(socket, "s", "The Firebase database 'x' has reached its peak connections limit.")
        elif script.first is not None:
            await self._say(socket, script.first)
        elif script.before_hello is None:
            await socket.wait_closed()
        else:
            if await self._gone_within(socket, script.before_hello):
                return
            hello = {"ts": round(time.time() * 1000), "v": "5", "h": self.host, "s": "session", **script.hello}
            await self._control(socket, "h", hello)
            await self._after_hello(socket)
        with suppress(ConnectionClosed):  # clients leave without waiting for the last answer
            async for frame in socket:
                await self._answer(socket, json.loads(frame)["d"])

    async def _gone_within(self, socket: ServerConnection, seconds: float) -> bool:
        """Wait so long; whether the client has left meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await socket.wait_closed()
        except TimeoutError:
            return False
        return True

    async def _after_hello(self, socket: ServerConnection) -> None:
        for message in self.script.after_hello:
            await self._say(socket, message)
        if self.script.close_after_hello == 1006:
            socket.transport.abort()
        elif self.script.close_after_hello is not None:
            await socket.close(self.script.close_after_hello, "as scripted")

    async def _answer(self, socket: ServerConnection, asked: dict[str, Any]) -> None:
        self.asked.append(asked)
        action, body = asked["a"], asked["b"]
        if action in ("auth", "gauth"):
            await self._reply(socket, asked, self.script.auth, self.script.auth_data)
        elif action == "q":
            await self._listen(socket, asked)
        elif action == "p" and body["d"] is None:
            await self._reply(socket, asked, self.script.delete, "")
        elif action == "p":
            await self._reply(socket, asked, self.script.write, "")
            if self.script.write == "ok":
                await self._pass_on(body)

    async def _listen(self, socket: ServerConnection, asked: dict[str, Any]) -> None:
        path = asked["b"]["p"]
        if self.script.listen == "ok":
            self._listeners.setdefault(path, []).append(socket)
            await self._say(socket, {"t": "d", "d": {"a": "d", "b": {"p": path.lstrip("/"), "d": None}}})
        await self._reply(socket, asked, self.script.listen, {})
        for message in self.script.after_listen:
            await self._say(socket, message)

    async def _pass_on(self, body: dict[str, Any]) -> None:
        if not self.script.echo:
            return
        data = {**body["d"], "at": round(time.time() * 1000)}
        if self.script.padding:
            data["pad"] = "é" * self.script.padding
        push = {"p": body["p"].lstrip("/"), "d": self.script.echo_data or data}
        for listener in self._listeners.get(body["p"], []):
            with suppress(ConnectionClosed):
                await self._say(listener, {"t": "d", "d": {"a": "d", "b": push}})

    async def _reply(self, socket: ServerConnection, asked: dict[str, Any], status: str, data: Any) -> None:
        if status != SILENCE:
            body = {"s": status, "d": data if status == "ok" else f"as scripted: {status}"}
            await self._say(socket, {"t": "d", "d": {"r": asked["r"], "b": body}})

    async def _control(self, socket: ServerConnection, kind: str, data: Any) -> None:
        await self._say(socket, {"t": "c", "d": {"t": kind, "d": data}})

    async def _say(self, socket: ServerConnection, message: dict[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False)
        parts = [text[start : start + PART] for start in range(0, len(text), PART)]
        if len(parts) > 1 or self.script.numbers:
            await socket.send(str(len(parts)))
        for part in parts:
            await socket.send(part)


@asynccontextmanager
async def scripted_rtdb(script: Script | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedRtdb]:
    """A server on a free port of 127.0.0.1; its script may be changed while it runs."""
    rtdb = ScriptedRtdb(script or Script())
    rtdb.scheme = "http" if tls is None else "https"
    async with serve(rtdb.serve, "127.0.0.1", 0, process_request=rtdb.refuse, compression=None, ssl=tls) as server:
        rtdb.port = next(iter(server.sockets)).getsockname()[1]
        yield rtdb
