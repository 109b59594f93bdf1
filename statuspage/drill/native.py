"""A platform's own WebSocket service, small: rooms and the messages in them. `python -m statuspage.drill.native`.

    server  {"type": "welcome"}                                       first, to everybody
    client  {"type": "subscribe", "room": R}                          → {"type": "subscribed", "room": R}
    client  {"type": "subscribe", "room": R, "recent": true}          → the same, and then what was said there lately
    client  {"type": "publish", "room": R, "data": …}                 → every subscriber of R:
                                                                        {"type": "message", "room": R, "data": …}
    client  {"type": "ping", …}                                       → the same with "pong" for "ping"

Anything else is answered with {"type": "error", "text": …}.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from statuspage.drill import service

PATH = "/live"
_MAX_ROOMS = 100
_RECENT = 50


class Rooms:
    """Who listens where, and what was said there lately: whoever moves here late has missed nothing."""

    def __init__(self) -> None:
        self._rooms: dict[str, set[ServerConnection]] = {}
        self._recent: dict[str, deque[str]] = {}

    async def handle(self, socket: ServerConnection) -> None:
        """One client, from welcome to leaving its rooms."""
        mine: set[str] = set()
        try:
            await socket.send(json.dumps({"type": "welcome"}))
            async for text in socket:
                for answer in self._act(socket, mine, text):
                    await socket.send(answer)
        except ConnectionClosed:
            pass
        finally:
            for room in mine:
                self._rooms[room].discard(socket)
                if not self._rooms[room]:
                    del self._rooms[room]

    def _act(self, socket: ServerConnection, mine: set[str], text: str | bytes) -> list[str]:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return _say("error", text="not JSON")
        match message:
            case {"type": "subscribe", "room": str(room)}:
                if len(mine) >= _MAX_ROOMS:
                    return _say("error", text=f"no more than {_MAX_ROOMS} rooms")
                mine.add(room)
                self._rooms.setdefault(room, set()).add(socket)
                recent = self._recent.get(room, ()) if message.get("recent") is True else ()
                return [*_say("subscribed", room=room), *recent]
            case {"type": "publish", "room": str(room), "data": data}:
                self._publish(room, *_say("message", room=room, data=data))
                return []
            case {"type": "ping"}:
                return [json.dumps({**message, "type": "pong"})]
        return _say("error", text="expected subscribe, publish or ping")

    def _publish(self, room: str, text: str) -> None:
        if room not in self._recent and len(self._recent) >= _MAX_ROOMS:
            del self._recent[next(iter(self._recent))]
        self._recent.setdefault(room, deque(maxlen=_RECENT)).append(text)
        broadcast(self._rooms.get(room, ()), text)


def _say(kind: str, **more: Any) -> list[str]:
    return [json.dumps({"type": kind, **more})]


def _only_live(socket: ServerConnection, request: Request) -> Response | None:
    if urlsplit(request.path).path in (PATH, "/"):
        return None
    return socket.respond(HTTPStatus.NOT_FOUND, f"The WebSocket is at {PATH}.\n")


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Mapping[str, int]]:
    """Serve on 127.0.0.1; gives {"port": …}."""
    async with serve(
        Rooms().handle, "127.0.0.1", port, process_request=_only_live, max_size=2**18, server_header=None
    ) as server:
        yield {"port": next(iter(server.sockets)).getsockname()[1]}


if __name__ == "__main__":
    service.main("A stand-in for a platform's own WebSockets.", serving)
