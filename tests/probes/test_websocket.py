"""The WebSocket probe against real servers: what works, and every way in which it can not."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.utils import accept_key

from probes.websocket import STAGES, Config, probe
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.fields import Secret, secrets_in
from tests.probes.conftest import ServerTls
from tests.probes.servers import CONTEXT, SHORT, Handler, raw_server, reset, silence, stage_names, told

Serve = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def websocket_server(handler: Serve, **options: Any) -> AsyncIterator[str]:
    options.setdefault("compression", None)
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"{'wss' if options.get('ssl') else 'ws'}://127.0.0.1:{port}/socket"


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


async def mute(socket: ServerConnection) -> None:
    async for _ in socket:
        pass


class Room:
    """A chat room: what one says, all others hear."""

    def __init__(self) -> None:
        self.here: set[ServerConnection] = set()
        self.said: list[str] = []

    async def __call__(self, socket: ServerConnection) -> None:
        self.here.add(socket)
        async for message in socket:
            self.said.append(str(message))
            if '"say"' in str(message):
                for other in self.here - {socket}:
                    await other.send(message)
            else:
                await socket.send('{"type": "subscribed", "room": {"name": "r", "size": 1}}')


async def look(url: str, **options: Any) -> Observation:
    return await probe(Config(url=url, **options), CONTEXT)


async def test_a_good_run_passes_every_stage() -> None:
    async with websocket_server(echo) as url:
        seen = await look(url, echo="{nonce}")
    assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen) == ["dns", "connect", "upgrade", "echo", "ping", "close"]
    assert seen.facts["close_answered"] is True


async def test_messages_are_sent_first_and_the_first_frame_is_looked_at() -> None:
    room = Room()
    async with websocket_server(room) as url:
        good = await look(url, send=['{"type": "join"}'], first_frame={"json": {"room": {"name": "r"}}})
        bad = await look(url, send=['{"type": "join"}'], first_frame={"contains": "refused"})
    assert good.outcome is Outcome.OK, good
    assert stage_names(good)[3:5] == ["auth", "first_frame"]
    assert told(bad) == ("first_frame", "wrong_data")


async def test_what_is_published_on_a_second_connection_arrives_on_the_first() -> None:
    room = Room()
    async with websocket_server(room) as url:
        seen = await look(
            url,
            send=['{"type": "join"}'],
            first_frame={"contains": "subscribed"},
            echo='{"type": "say", "text": "{nonce}"}',
            echo_on="second",
            second_send=['{"type": "publisher"}'],
        )
    assert seen.outcome is Outcome.OK, seen
    assert "second" in stage_names(seen)
    assert room.said[:2] == ['{"type": "join"}', '{"type": "publisher"}']


async def test_what_never_arrives_on_the_first_connection_has_no_echo() -> None:
    async with websocket_server(echo) as url:
        seen = await probe(Config(url=url, echo="{nonce}", echo_on="second"), SHORT)
    assert told(seen) == ("echo", "no_echo")


async def test_a_server_that_does_not_answer_is_a_timeout_of_the_echo() -> None:
    async with websocket_server(mute) as url:
        seen = await probe(Config(url=url, echo="{nonce}"), SHORT)
    assert told(seen) == ("echo", "timeout")


async def test_other_messages_before_the_echo_are_passed_over() -> None:
    async def chatty(socket: ServerConnection) -> None:
        async for message in socket:
            for _ in range(50):
                await socket.send("news")
            await socket.send(message)

    async with websocket_server(chatty) as url:
        assert (await look(url, echo="{nonce}")).outcome is Outcome.OK


async def test_fragments_are_put_together_and_binary_frames_are_looked_into() -> None:
    async def parts(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send([message[:3], message[3:9], message[9:]])
            await socket.send(str(message).encode())

    async with websocket_server(parts) as url:
        assert (await look(url, echo="say {nonce}")).outcome is Outcome.OK


async def test_headers_origin_and_subprotocol_are_sent() -> None:
    got: list[Any] = []

    async def note(socket: ServerConnection) -> None:
        assert socket.request is not None
        got.append(socket.request)
        await socket.wait_closed()

    async with websocket_server(note, subprotocols=["chat.v1"], origins=["https://app.example.com"]) as url:
        seen = await probe(
            Config(
                url=f"{url}?room=1",
                origin="https://app.example.com",
                subprotocols=["chat.v2", "chat.v1"],
                headers={"Authorization": Secret("Bearer abc"), "Host": "rt.example.com", "User-Agent": "mine"},
            ),
            CONTEXT,
        )
    assert seen.outcome is Outcome.OK, seen
    assert seen.facts["subprotocol"] == "chat.v1"
    assert got[0].path == "/socket?room=1"
    assert [got[0].headers[name] for name in ("authorization", "host", "user-agent")] == [
        "Bearer abc",
        "rt.example.com",
        "mine",
    ]


async def test_compression_is_only_offered_where_it_is_asked_for() -> None:
    offered: list[str | None] = []

    async def note(socket: ServerConnection) -> None:
        assert socket.request is not None
        offered.append(socket.request.headers.get("Sec-WebSocket-Extensions"))
        await echo(socket)

    async with websocket_server(note, compression="deflate") as url:
        assert (await look(url, echo="{nonce}")).outcome is Outcome.OK
        assert (await look(url, echo="{nonce}", compression=True)).outcome is Outcome.OK
    assert offered[0] is None
    assert "permessage-deflate" in str(offered[1])


async def test_a_held_connection_that_is_still_good_is_not_slow() -> None:
    async with websocket_server(echo) as url:
        seen = await probe(Config(url=url, hold="300ms"), replace(CONTEXT, slow_over=0.25))
    assert seen.outcome is Outcome.OK, seen
    assert {stage.name: stage.ms for stage in seen.stages}["hold"] >= 295


async def test_an_idle_connection_that_is_reaped_fails_at_hold() -> None:
    async def reap(socket: ServerConnection) -> None:
        await asyncio.sleep(0.1)
        socket.transport.abort()

    async with websocket_server(reap) as url:
        seen = await look(url, hold="3s", ping=False)
    assert told(seen) == ("hold", "disconnected")


async def test_a_hold_that_is_longer_than_the_run_is_our_own_mistake() -> None:
    async with websocket_server(echo) as url:
        seen = await probe(Config(url=url, hold="10s"), SHORT)
    assert seen.outcome is Outcome.BLIND


async def test_a_server_that_closes_for_a_reason_of_its_own_fails_even_at_the_end() -> None:
    async def crossing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(close_frame(1013))
        await silence(reader, writer)

    async with raw_server(switched(crossing)) as port:
        seen = await look(f"ws://127.0.0.1:{port}/", ping=False)
    assert told(seen) == ("close", "capacity")


ANSWERS = {
    200: "upgrade",
    302: "upgrade",
    400: "upgrade",
    401: "auth",
    403: "denied",
    404: "upgrade",
    426: "upgrade",
    429: "capacity",
    500: "upgrade",
    502: "upgrade",
    503: "capacity",
    504: "upgrade",
}


@pytest.mark.parametrize("status", ANSWERS)
async def test_an_answer_other_than_101_is_named_even_when_its_body_never_ends(status: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} Whatever\r\nLocation: http://x/\r\n\r\nendless".encode())
        await reader.read()

    async with raw_server(answer) as port:
        seen = await look(f"ws://127.0.0.1:{port}/")
    assert told(seen) == ("upgrade", ANSWERS[status])
    assert seen.detail.startswith(f"answered {status}")


def switched(after: Handler) -> Handler:
    """A server that upgrades by hand and then does as it likes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        await writer.drain()
        await after(reader, writer)

    return handle


def says(frame: bytes) -> Handler:
    async def after(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame)
        await silence(reader, writer)

    return switched(after)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    reset(writer)


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return bytes([0x88, 2 + len(reason)]) + code.to_bytes(2, "big") + reason


@pytest.mark.parametrize(
    ("server", "expected", "words"),
    [
        (hang_up, ("upgrade", "disconnected"), "without an answer"),
        (cut, ("upgrade", "disconnected"), "reset"),
        (switched(hang_up), ("echo", "disconnected"), "without a close frame (1006)"),
        (switched(cut), ("echo", "disconnected"), "reset"),
        (says(close_frame(1000)), ("echo", "disconnected"), "closed by the server: 1000"),
        (says(close_frame(1001)), ("echo", "shutdown"), "1001 (going away)"),
        (says(close_frame(1002)), ("echo", "protocol"), "closed by the server: 1002"),
        (says(close_frame(1008, b"no token")), ("echo", "denied"), "1008 (policy violation) no token"),
        (says(close_frame(1009)), ("echo", "too_big"), "1009"),
        (says(close_frame(1011, b"oops")), ("echo", "disconnected"), "1011 (internal error) oops"),
        (says(close_frame(1012)), ("echo", "shutdown"), "1012"),
        (says(close_frame(1013)), ("echo", "capacity"), "1013"),
        (says(close_frame(3000)), ("echo", "auth"), "3000"),
        (says(close_frame(4711)), ("echo", "disconnected"), "4711"),
        (says(b"\x88\x00"), ("echo", "disconnected"), "no code"),
        (says(b"\x83\x00"), ("echo", "protocol"), "closed by us"),
        (says(b"\x81\x02\xff\xff"), ("echo", "protocol"), "UTF-8"),
        (says(b"\x81\x7e\xff\xff"), ("echo", "too_big"), "closed by us"),
    ],
)
async def test_every_end_of_a_connection_is_told_apart(server: Handler, expected: tuple[str, str], words: str) -> None:
    async with raw_server(server) as port:
        seen = await look(f"ws://127.0.0.1:{port}/", echo="{nonce}", max_message=1000)
    assert told(seen) == expected, seen
    assert words in seen.detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "answered 101, but"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: AAAA\r\n\r\n",
            "answered 101, but",
        ),
        (b"HTTP/1.1 101 Switching Protocols\r\n", "too long or incomplete"),
        (b"HTTP/1.1 101 X\r\n" + b"A: b\r\n" * 20000, "answered 101, but"),
    ],
)
async def test_an_answer_that_is_no_upgrade_is_refused(answer: bytes, words: str) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    async with raw_server(handle) as port:
        seen = await look(f"ws://127.0.0.1:{port}/")
    assert told(seen) == ("upgrade", "upgrade"), seen
    assert words in seen.detail


@pytest.mark.parametrize(
    ("server", "options", "expected"),
    [
        (silence, {}, ("upgrade", "timeout")),
        (switched(silence), {"first_frame": {"contains": "x"}}, ("first_frame", "timeout")),
        (switched(silence), {"echo": "{nonce}"}, ("echo", "timeout")),
        (switched(silence), {}, ("ping", "timeout")),
        (switched(silence), {"ping": False, "hold": "100ms"}, ("hold", "timeout")),
        (switched(silence), {"ping": False}, ("close", "timeout")),
    ],
)
async def test_a_silence_ends_at_the_deadline_in_its_own_stage(
    server: Handler, options: dict[str, Any], expected: tuple[str, str]
) -> None:
    async with raw_server(server) as port:
        seen = await probe(Config(url=f"ws://127.0.0.1:{port}/", **options), SHORT)
    assert told(seen) == expected, seen
    assert seen.stage in STAGES
    assert seen.took_ms < SHORT.timeout * 1000 + 2000


async def test_a_server_that_hangs_up_on_our_close_frame_is_good_enough() -> None:
    async with raw_server(switched(hang_up)) as port:
        seen = await look(f"ws://127.0.0.1:{port}/", ping=False)
    assert seen.outcome is Outcome.OK, seen
    assert seen.facts["close_answered"] is False


async def test_a_flood_of_small_messages_ends_at_the_cap() -> None:
    async def flood(socket: ServerConnection) -> None:
        while True:
            await socket.send("x" * 900)

    async with websocket_server(flood) as url:
        seen = await look(url, echo="{nonce}", max_message=1000)
    assert told(seen) == ("echo", "too_big")


async def test_over_tls_with_our_own_authority(ca_file: Path, server_tls: ServerTls) -> None:
    async with websocket_server(echo, ssl=server_tls()) as url:
        good = await look(url, echo="{nonce}", ca_file=ca_file)
        refused = await look(url)
        plain = await look(url.replace("wss", "ws"))
    assert good.outcome is Outcome.OK, good
    assert "tls" in stage_names(good)
    assert told(refused) == ("tls", "tls")
    assert plain.stage == "upgrade"


async def test_no_secret_comes_back_in_what_a_run_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    async def parrot(socket: ServerConnection) -> None:
        message = await socket.recv()
        await socket.close(1008, f"bad {str(message)[:60]}")

    monkeypatch.setenv("TOKEN", "t0p-s3cret")
    config = Config.model_validate(
        {
            "url": "ws://127.0.0.1:1/",
            "send": [{"env": "TOKEN"}],
            "headers": {"Authorization": {"env": "TOKEN"}},
            "echo": "{nonce}",
        }
    )
    assert config.send == [Secret("t0p-s3cret")]
    async with websocket_server(parrot) as url:
        config = config.model_copy(update={"url": url})
        seen = await probe(config, replace(CONTEXT, secrets=tuple(secrets_in(config))))
    assert told(seen) == ("echo", "denied")
    assert "t0p-s3cret" not in repr(seen)
    assert "t0p-s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "http://x/"}, "url"),
        ({"headers": {"Upgrade": "x"}}, "headers"),
        ({"headers": {"X-A": "a\r\nb"}}, "headers"),
        ({"headers": {"a b": "c"}}, "headers"),
        ({"origin": "a\nb"}, "origin"),
        ({"subprotocols": ["a b"]}, "subprotocols"),
        ({"echo": "hello"}, "echo"),
        ({"echo_on": "second"}, "echo_on"),
        ({"echo": "{nonce}", "second_send": []}, "second_send"),
        ({"first_frame": {}}, "first_frame"),
        ({"hold": 10}, "hold"),
        ({"max_message": 0}, "max_message"),
        ({"frames": 1}, "frames"),
    ],
)
def test_bad_options_are_refused_with_the_name_of_the_option(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match="validation error") as refused:
        Config.model_validate({"url": "ws://127.0.0.1/", **options})
    assert problem in str(refused.value)


def test_a_json_match_does_not_take_true_for_one() -> None:
    config = Config.model_validate({"url": "ws://x/", "first_frame": {"json": {"ok": True, "n": {"a": 1}}}})
    assert config.first_frame is not None
    assert config.first_frame.fits(json.dumps({"ok": True, "n": {"a": 1, "b": 2}, "more": []}))
    assert not config.first_frame.fits(json.dumps({"ok": 1, "n": {"a": 1}}))
    assert not config.first_frame.fits("[" * 100000)
    assert not config.first_frame.fits(b"\xff")


async def test_a_flood_of_tiny_frames_ends_the_run_and_does_not_hold_the_loop() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
        assert key is not None
        accept = accept_key(key[1].decode())
        writer.write(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"\x89\x00" * 30_000)
                await writer.drain()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    config = Config.model_validate({"url": f"ws://127.0.0.1:{port}", "first_frame": {"contains": "x"}})
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    turning = asyncio.get_running_loop().create_task(turn())
    seen = await probe(config, CONTEXT)
    turning.cancel()
    server.close()
    assert (seen.outcome, seen.reason) == (Outcome.FAIL, Reason.PROTOCOL)
    assert "frames in one run" in seen.detail
    assert turns >= 4
