"""Every fault of the proxy, with real servers behind it and real clients before it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import IPPROTO_TCP, TCP_NODELAY

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from statuspage.drill import native, platform
from statuspage.drill.proxy import Fault, Proxy
from tests.drill.waiting import until

SOON = 10.0
NEVER = 0.3
"""Seconds after which something that was swallowed counts as not coming."""


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
        assert not proxy.links


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy before the native WebSocket stand-in."""
    async with native.serving() as ports, proxied(ports["port"]) as proxy:
        yield proxy


def url(proxy: Proxy) -> str:
    return f"ws://127.0.0.1:{proxy.port}{native.PATH}"


async def ask(socket: ClientConnection, within: float = SOON) -> None:
    """Welcome aside, a ping that is answered. Raises TimeoutError and ConnectionClosed."""
    await socket.send('{"type": "ping"}')
    async with asyncio.timeout(within):
        while json.loads(await socket.recv())["type"] != "pong":
            pass


async def test_without_a_fault_everything_goes_through(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)


async def test_small_frames_do_not_wait_for_each_other(proxy: Proxy) -> None:
    """Nagle's algorithm would hold the second of two small writes for 40 ms, which no network does."""
    async with connect(url(proxy)) as socket:
        await ask(socket)
        for link in proxy.links:
            for writer in link.writers:
                assert writer.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_NODELAY)


async def test_silence_lets_the_upgrade_through_and_nothing_after_it(proxy: Proxy) -> None:
    await proxy.set(Fault.SILENCE)
    async with connect(url(proxy), close_timeout=0.1) as socket:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), NEVER)


async def test_silence_falls_on_open_connections_and_mending_resets_them(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.SILENCE)
        with pytest.raises(TimeoutError):
            await ask(socket, NEVER)
        await proxy.set(Fault.NONE)
        with pytest.raises(ConnectionClosed):
            await ask(socket)
    async with connect(url(proxy)) as socket:
        await ask(socket)


async def test_silence_leaves_plain_http_alone() -> None:
    async with platform.serving() as ports, proxied(ports["port"]) as proxy, httpx.AsyncClient(trust_env=False) as http:
        await proxy.set(Fault.SILENCE)
        assert (await http.get(f"http://127.0.0.1:{proxy.port}/")).status_code == 200


async def test_full_answers_newcomers_503_and_open_connections_go_on(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.FULL)
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(proxy))
        assert refused.value.response.status_code == 503
        await ask(socket)
        await proxy.set(Fault.NONE)
        async with connect(url(proxy)) as another:
            await ask(another)


async def test_refuse_closes_the_port_and_open_connections_go_on(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.REFUSE)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        await ask(socket)
        await proxy.set(Fault.NONE)
        await ask(socket)
        async with connect(url(proxy)) as another:
            await ask(another)


async def test_a_refused_port_stays_ours(proxy: Proxy) -> None:
    await proxy.set(Fault.REFUSE)
    for _ in range(3):
        await proxy.set(Fault.NONE)
        await proxy.set(Fault.REFUSE)
    with pytest.raises(OSError, match="in use"):
        await asyncio.start_server(lambda *_: None, "127.0.0.1", proxy.port, reuse_address=False)


async def test_cut_refuses_and_resets(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.CUT)
        with pytest.raises(ConnectionClosed):
            await ask(socket)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)


async def test_drop_resets_what_stands_and_what_comes(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.DROP)
        with pytest.raises(ConnectionClosed):
            await ask(socket)
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), SOON)
        writer.close()


async def test_a_black_hole_accepts_and_answers_nothing(proxy: Proxy) -> None:
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.BLACKHOLE)
        with pytest.raises(TimeoutError):
            await ask(socket, NEVER)
        with pytest.raises(TimeoutError):
            await connect(url(proxy), open_timeout=NEVER)
        await proxy.set(Fault.NONE)
        with pytest.raises(ConnectionClosed):
            await ask(socket)


async def test_slow_delays_both_directions_once_and_ends_at_once_when_mended(proxy: Proxy) -> None:
    loop = asyncio.get_running_loop()
    async with connect(url(proxy)) as socket:
        await ask(socket)
        await proxy.set(Fault.SLOW, 0.2)
        before = loop.time()
        # Three in a row are delayed side by side, not one after the other.
        await asyncio.gather(*(socket.send('{"type": "ping"}') for _ in range(3)))
        for _ in range(3):
            await socket.recv()
        assert loop.time() - before >= 0.4
        await proxy.set(Fault.SLOW, 3600)
        await socket.send('{"type": "ping"}')
        await proxy.set(Fault.NONE)
        assert await asyncio.wait_for(socket.recv(), SOON)


async def test_bytes_arrive_whole_and_a_reader_that_stops_stops_the_sender() -> None:
    sent = 0
    data = os.urandom(65536)

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        for _number in range(1000):
            writer.write(data)
            sent += len(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    async with server, proxied(server.sockets[0].getsockname()[1]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
        before = -1
        while before != sent:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 1000 * len(data)
        got = b"".join([chunk async for chunk in _chunks(reader)])
        assert got == data * 1000
        writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while chunk := await reader.read(2**20):
        yield chunk


async def test_a_provider_that_is_gone_resets_its_clients() -> None:
    async with native.serving() as ports:
        pass
    async with proxied(ports["port"]) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), SOON)
        writer.close()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("fault", list(Fault))
async def test_connections_leave_nothing_behind(proxy: Proxy, fault: Fault) -> None:
    files = open_files()
    writers = []
    for _ in range(20):
        _reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"GET / HTTP/1.1\r\n")
        writers.append(writer)
    await proxy.set(fault, 0.1)
    for writer in writers:
        writer.transport.abort()
    await proxy.set(Fault.NONE)
    await until(lambda: not proxy.links and open_files() <= files)
