"""The demo's own part: ports, the configuration it writes, and that it ends everything."""

import asyncio
import signal
import socket
import sys
import tomllib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from statuspage.app import loads_config
from statuspage.clock import SystemClock
from statuspage.drill.demo import run_demo
from statuspage.drill.demo_config import demo_config
from statuspage.drill.on_call import OnCall
from statuspage.drill.staff_login import key_file
from tests.drill.waiting import runs, until

PORTS = {"firebase": 5001, "native": 5002, "redis": 5003, "platform": 5004}


def test_the_configuration_watches_every_provider_and_links_to_the_console() -> None:
    config = tomllib.loads(demo_config(8000, PORTS, [5005, 5006], Path("/tmp/key"), Path("/tmp/on-call")))
    assert config["site"]["secret_key"] == {"file": "/tmp/key"}
    assert config["site"]["link"] == [{"name": "Fault console", "url": "http://127.0.0.1:8001/demo"}]
    assert [component["name"] for component in config["component"]] == [
        "Session chat",
        "Session Q&A",
        "Networking",
        "Firebase Web Sockets",
        "Native Web Sockets",
        "Redis cache",
        "Landing page",
        "Login",
    ]
    assert [check["type"] for check in config["check"]] == ["firebase", "websocket", "redis", "http", "http"]
    assert {(check["every"], check["timeout"]) for check in config["check"]} == {("5s", "2s")}
    assert len(config["anchor"]) == 2


def test_without_a_redis_the_configuration_has_none() -> None:
    ports = {name: port for name, port in PORTS.items() if name != "redis"}
    assert "redis" not in demo_config(8000, ports, [], Path("key"), Path("on-call"))


@pytest.mark.parametrize("which", [0, 1])
async def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path, which: int) -> None:
    port = two_ports()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + which))
        other.listen()
        lines: list[str] = []
        assert await run_demo(port, tmp_path / "data", False, lines.append) == 2
    assert f"Port {port + which} is in use" in lines[0]
    assert "--port" in lines[0]
    assert not (tmp_path / "data").exists()


def test_the_product_accepts_the_configuration_without_a_warning(tmp_path: Path) -> None:
    secret = OnCall(SystemClock(), tmp_path / "on-call.secret").secret_file
    config = loads_config(demo_config(8000, PORTS, [5005, 5006], key_file(tmp_path), secret), tmp_path)
    assert len(config.checks) == 5
    assert not config.warnings


def two_ports() -> int:
    """A free port whose successor is free too."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            with suppress(OSError, OverflowError):
                two.bind(("127.0.0.1", port + 1))
                return port


def descendants(pid: int) -> set[int]:
    """Every process below that one, by the parents that /proc names."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


@asynccontextmanager
async def demo(port: int, *options: str) -> AsyncIterator[Process]:
    """`statuspage demo`, once it has said everything; killed if the test leaves it running."""
    command = [sys.executable, "-m", "statuspage", "demo", "--port", str(port), *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(90):
            said = b""
            while b"Ctrl-C" not in said:
                line = await process.stdout.readline()
                assert line, (said, await process.communicate())
                said += line
        assert f"http://127.0.0.1:{port}/\n".encode() in said
        assert f"http://127.0.0.1:{port + 1}/demo\n".encode() in said
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def statuses(http: httpx.AsyncClient, port: int) -> dict[str, str]:
    summary = (await http.get(f"http://127.0.0.1:{port}/api/v2/summary.json")).json()
    return {one["name"]: one["status"] for one in summary["components"] if not one["group"]}


async def test_a_silenced_provider_shows_on_the_page_and_ctrl_c_ends_every_child() -> None:
    port = two_ports()
    async with demo(port) as process, httpx.AsyncClient(trust_env=False, timeout=10) as http:
        async with asyncio.timeout(60):
            while set((await statuses(http, port)).values()) != {"operational"}:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            assert "Fault console" in (await http.get(f"http://127.0.0.1:{port}/")).text
            await http.post(f"http://127.0.0.1:{port + 1}/faults/firebase/silence")
            while (await statuses(http, port))["Firebase Web Sockets"] == "operational":  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert (await statuses(http, port))["Native Web Sockets"] == "operational"
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 20)
        assert (process.returncode, err) == (0, b"")
        assert not any(map(runs, children))


async def test_a_demo_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    port = two_ports()
    async with demo(port, "--data", str(tmp_path)) as process, httpx.AsyncClient(trust_env=False) as http:
        for provider in ("firebase", "redis"):
            await http.post(f"http://127.0.0.1:{port + 1}/faults/{provider}/freeze")
        children = descendants(process.pid)
        assert len(children) >= 8
        process.kill()
        await until(lambda: not any(map(runs, children)), 30)
