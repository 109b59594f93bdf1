"""The platform stand-in and its HTTP server, asked by httpx and by raw bytes."""

import asyncio

import httpx
import pytest

from statuspage.drill import platform


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/login", 200), ("/healthz", 200), ("/generate_204", 204), ("/x", 404)]
)
async def test_every_port_serves_the_pages(path: str, status: int) -> None:
    async with platform.serving() as ports, httpx.AsyncClient(trust_env=False) as client:
        assert set(ports) == {"port", "anchor_1", "anchor_2"}
        for port in ports.values():
            for _ in range(2):
                assert (await client.get(f"http://127.0.0.1:{port}{path}?q=1")).status_code == status
            assert (await client.head(f"http://127.0.0.1:{port}{path}")).content == b""


async def raw(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_what_is_not_http_gets_400() -> None:
    async with platform.serving() as ports:
        assert (await raw(ports["port"], b"\x16\x03\x01 nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_a_big_body_gets_413() -> None:
    async with platform.serving() as ports:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n"
        assert (await raw(ports["port"], head + b"x" * 70000)).startswith(b"HTTP/1.1 413 ")
