"""A Realtime Database server that the official Firebase SDK accepts, in memory: `python -m statuspage.drill.rtdb`.

The protocol is rtdb_wire.py; here are the sockets. Long polling, rules and signatures are left out.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from statuspage.clock import SystemClock
from statuspage.drill import service
from statuspage.drill.rtdb_tree import BadData
from statuspage.drill.rtdb_wire import MAX_MESSAGE, Database, Joiner, Outgoing, Session, frames, hello

_WAITING_MESSAGES = 2000
"""A client that lets more than this pile up is not reading: it is closed, so that others need not wait."""


class Server:
    """Carries messages between sockets and the database."""

    def __init__(self) -> None:
        self._database = Database()
        self._mail: dict[Session, asyncio.Queue[dict[str, Any]]] = {}
        self._sockets: dict[Session, ServerConnection] = {}
        self._clock = SystemClock()

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    async def handle(self, socket: ServerConnection) -> None:
        """One client, from its greeting to its onDisconnect writes."""
        request = socket.request
        assert request is not None  # the upgrade is over when this is called
        host = request.headers.get("Host", "")
        namespace = parse_qs(urlsplit(request.path).query).get("ns", [host.split(".")[0]])[0]
        session = self._database.join(namespace)
        mail = self._mail[session] = asyncio.Queue(_WAITING_MESSAGES)
        self._sockets[session] = socket
        mail.put_nowait(hello(host, secrets.token_urlsafe(16), self._now_ms()))
        sender = asyncio.create_task(_send(socket, mail))
        try:
            await self._read(socket, session)
        finally:
            sender.cancel()
            del self._mail[session], self._sockets[session]
            with suppress(BadData):
                self._post(self._database.leave(session, self._now_ms()))
            await asyncio.gather(sender, return_exceptions=True)

    async def _read(self, socket: ServerConnection, session: Session) -> None:
        joiner = Joiner()
        try:
            async for frame in socket:
                message = joiner.feed(frame if isinstance(frame, str) else "")
                if message is not None:
                    self._post(self._database.receive(session, message, self._now_ms()))
        except BadData as error:
            await socket.close(1002, str(error))
        except ConnectionClosed:
            return

    def _post(self, outgoing: Outgoing) -> None:
        for session, message in outgoing:
            mail = self._mail.get(session)
            if mail is None:
                continue
            try:
                mail.put_nowait(message)
            except asyncio.QueueFull:
                self._sockets[session].transport.abort()


async def _send(socket: ServerConnection, mail: "asyncio.Queue[dict[str, Any]]") -> None:
    with suppress(ConnectionClosed):
        while True:
            for frame in frames(await mail.get()):
                await socket.send(frame)


def _only_ws(socket: ServerConnection, request: Request) -> Response | None:
    if urlsplit(request.path).path == "/.ws":
        return None
    return socket.respond(HTTPStatus.NOT_FOUND, "This stand-in speaks the Realtime Database protocol at /.ws only.\n")


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Mapping[str, int]]:
    """Serve on 127.0.0.1; gives {"port": …}."""
    async with serve(
        Server().handle,
        "127.0.0.1",
        port,
        process_request=_only_ws,
        compression=None,
        max_size=MAX_MESSAGE,
        server_header=None,
    ) as server:
        yield {"port": next(iter(server.sockets)).getsockname()[1]}


if __name__ == "__main__":
    service.main("A stand-in for the Firebase Realtime Database.", serving)
