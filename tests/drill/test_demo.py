"""The demo's own part: ports, the configuration it writes, and that it ends everything."""

import asyncio
import signal
import socket
import sys
import tomllib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from statuspage.app import loads_config
from statuspage.clock import SystemClock
from statuspage.drill import sample
from statuspage.drill.demo import another, run_demo
from statuspage.drill.demo_config import demo_config
from statuspage.drill.on_call import OnCall
from statuspage.drill.staff_login import key_file
from statuspage.store import Store, open_store
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
        "Platform backend",
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


def test_the_port_that_is_proposed_is_another_one_with_room_above_it() -> None:
    assert all(0 < another(port) < 65535 and another(port) != port for port in range(1, 65535))


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


async def incidents(http: httpx.AsyncClient, port: int) -> list[dict[str, Any]]:
    """What the public reads of incidents, the newest first."""
    found: list[dict[str, Any]] = (await http.get(f"http://127.0.0.1:{port}/api/v2/incidents.json")).json()["incidents"]
    return found


async def reads(wanted: Callable[[], Awaitable[bool]], within: float = 45.0) -> None:
    """Look until it is so."""
    async with asyncio.timeout(within):
        while not await wanted():  # noqa: ASYNC110 - what we wait for is outside this process
            await asyncio.sleep(0.2)


async def says(data: Path, *words: str) -> str:
    """A command of the product on the demo's own configuration: what it prints."""
    command = [sys.executable, "-m", "statuspage", *words, "--config", str(data / "config.toml")]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err
    return out.decode()


def told(store: Store, kind: str, subject: str) -> list[tuple[str, datetime]]:
    """(kind, when) of the journal's events about a subject, oldest first."""
    found = store.newest_events(200, kind=kind, subject=subject)
    return [(each.event.kind, each.event.at) for each in reversed(found)]


@pytest.mark.timeout(240)
async def test_a_silenced_provider_becomes_an_incident_by_itself_and_a_person_stops_the_robot(tmp_path: Path) -> None:
    port = two_ports()
    faults = f"http://127.0.0.1:{port + 1}/faults"
    async with demo(port, "--data", str(tmp_path)) as process, httpx.AsyncClient(trust_env=False, timeout=10) as http:

        async def is_told(number: int, state: str) -> bool:
            found = await incidents(http, port)
            return len(found) == number and found[0]["status"] == state

        async def is_ended(id: str) -> bool:
            return any(each["id"] == id and each["status"] == "resolved" for each in await incidents(http, port))

        async with asyncio.timeout(60):
            while set((await statuses(http, port)).values()) != {"operational"}:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert "Fault console" in (await http.get(f"http://127.0.0.1:{port}/")).text

        await http.post(f"{faults}/firebase/silence")
        await reads(lambda: is_told(1, "investigating"))
        assert (await statuses(http, port))["Native Web Sockets"] == "operational"
        (first,) = await incidents(http, port)
        modules = {"Session chat", "Session Q&A", "Networking"}
        assert {each["name"] for each in first["components"]} == {"Firebase Web Sockets"} | modules
        words = first["incident_updates"][0]["body"]
        assert words.startswith("Firebase Web Sockets does not work at the moment")
        assert "What needs it may not work either: Session chat, Session Q&A and Networking." in words
        assert "Next update by" in words

        await http.post(f"{faults}/firebase/mend")
        await reads(lambda: is_told(1, "monitoring"))

        # While that is watched, a provider whose incidents wait for a person gets one, and a person takes it.
        await http.post(f"{faults}/native/silence")
        store = open_store(f"sqlite:///{tmp_path / 'statuspage.db'}")
        try:
            await until(lambda: len(store.state().incidents) == 2, 30)
            (mine,) = (each for each in store.state().incidents.values() if each.id != first["id"])
            await says(tmp_path, "incident", "update", mine.id, "-s", "identified", "-m", "We are at it.")
            await http.post(f"{faults}/native/mend")
            await until(lambda: any(each.state == "monitoring" for each in store.state().incidents[mine.id].drafts), 30)
            await reads(lambda: is_ended(first["id"]))
            held = store.state(also=(mine.id, first["id"]))
            assert [each.state for each in held.incidents[mine.id].published] == ["identified"]
            assert held.incidents[mine.id].is_open
            states = [each.state for each in held.incidents[first["id"]].published]
            assert (states[0], states[-1]) == ("investigating", "resolved")
            # Between them modules move, which is told, and it is watched.
            assert {"monitoring"} <= set(states[1:-1]) <= {"investigating", "identified", "monitoring"}

            course = told(store, "incident.", first["id"])
            kinds = [kind for kind, _ in course]
            assert (kinds[0], kinds[-1]) == ("incident.created", "incident.resolved")
            assert set(kinds[1:-1]) == {"incident.updated"}
            opened = course[0][1]
            verdicts = [at for _, at in told(store, "check.changed", "firebase-web-sockets") if at <= opened]
            assert (opened - verdicts[-1]).total_seconds() <= 5
            offers = [kind for kind, _ in told(store, "draft.", mine.id)]
            assert (offers[0], len(offers) >= 2) == ("draft.waiting", True)
            assert set(offers) <= {"draft.waiting", "draft.changed"}
            assert [kind for kind, _ in told(store, "incident.", mine.id)] == ["incident.created"]
        finally:
            store.close()

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


@pytest.mark.timeout(180)
async def test_the_sample_of_september_13_is_on_the_page_of_a_running_demo(tmp_path: Path) -> None:
    port = two_ports()
    options = ("--data", str(tmp_path), "--sample", sample.NAME)
    async with demo(port, *options) as process, httpx.AsyncClient(trust_env=False, timeout=10) as http:
        here = f"http://127.0.0.1:{port}"

        async def is_there() -> bool:
            return (await http.get(f"{here}/incidents/{sample.INCIDENT}")).status_code == 200

        await reads(is_there)
        page = (await http.get(f"{here}/incidents/{sample.INCIDENT}")).text
        for seen in ("Sep 13, 2021 - 09:45 EDT", "Sep 13, 2021 - 17:15 EDT", "Postmortem", "Firebase Web Sockets",
                     "Native WebSockets"):  # fmt: skip
            assert seen in page
        found = [each for each in await incidents(http, port) if each["id"] == sample.INCIDENT]
        assert [each["status"] for each in found] == ["postmortem"]
        # It was over long ago: nothing of it is how anything is now.
        summary = (await http.get(f"{here}/api/v2/summary.json")).json()
        assert summary["incidents"] == []
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 30)
        assert (process.returncode, err) == (0, b"")
