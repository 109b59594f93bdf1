"""The native WebSocket stand-in, over real sockets."""

import json
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from statuspage.drill import native


async def receive(socket: ClientConnection) -> Any:
    return json.loads(await socket.recv())


async def test_what_is_published_reaches_every_subscriber_of_the_room_and_nobody_else() -> None:
    async with native.serving() as ports:
        url = f"ws://127.0.0.1:{ports['port']}{native.PATH}"
        async with connect(url) as one, connect(url) as two, connect(url) as three:
            for socket, room in ((one, "a"), (two, "a"), (three, "b")):
                assert await receive(socket) == {"type": "welcome"}
                await socket.send(json.dumps({"type": "subscribe", "room": room}))
                assert await receive(socket) == {"type": "subscribed", "room": room}
            await three.send(json.dumps({"type": "publish", "room": "a", "data": [1, "x"]}))
            for socket in (one, two):
                assert await receive(socket) == {"type": "message", "room": "a", "data": [1, "x"]}
            await three.send(json.dumps({"type": "ping", "id": 4}))
            assert await receive(three) == {"type": "pong", "id": 4}


async def test_nonsense_is_answered_with_an_error_and_the_connection_goes_on() -> None:
    async with native.serving() as ports, connect(f"ws://127.0.0.1:{ports['port']}{native.PATH}") as socket:
        await receive(socket)
        for text in ("no json", "[]", '{"type": "subscribe", "room": 5}', '{"type": "publish", "room": "a"}'):
            await socket.send(text)
            assert (await receive(socket))["type"] == "error"


async def test_another_path_is_not_found() -> None:
    async with native.serving() as ports, httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{ports['port']}/other")).status_code == 404


async def test_whoever_asks_for_it_hears_what_was_said_lately() -> None:
    async with native.serving() as ports:
        url = f"ws://127.0.0.1:{ports['port']}{native.PATH}"
        async with connect(url) as one, connect(url) as two:
            await receive(one)
            await receive(two)
            for number in range(60):
                await one.send(json.dumps({"type": "publish", "room": "a", "data": number}))
            await one.send('{"type": "ping"}')
            assert await receive(one) == {"type": "pong"}
            await two.send(json.dumps({"type": "subscribe", "room": "a", "recent": True}))
            assert await receive(two) == {"type": "subscribed", "room": "a"}
            assert [(await receive(two))["data"] for _ in range(50)] == list(range(10, 60))
