"""The official Firebase SDK, unchanged, against our stand-in. The scenarios are in firebase_sdk.mjs."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from statuspage.drill import rtdb
from statuspage.drill.proxy import Fault, Proxy
from tests.interop.npm import install
from tests.interop.recipes import FIREBASE_SDK
from tests.programs import need

SCRIPT = Path(__file__).with_name("firebase_sdk.mjs")
LIMIT = 60.0


@pytest.fixture(scope="module")
def folder() -> Path:
    return install(FIREBASE_SDK)


@asynccontextmanager
async def sdk(folder: Path, scenario: str, port: int) -> AsyncIterator[Process]:
    """Node with one scenario, against a server on that port; ended whatever happens."""
    environment = {**os.environ, "URL": f"http://127.0.0.1:{port}?ns=probe", "SCENARIO": scenario}
    with SCRIPT.open("rb") as script:
        process = await asyncio.create_subprocess_exec(
            *(need("node"), "--input-type=module", "-"),
            cwd=folder,
            env=environment,
            stdin=script,
            stdout=PIPE,
            stderr=PIPE,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def result_of(process: Process) -> Any:
    async with asyncio.timeout(LIMIT):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert err == b""  # the SDK warns here of what it does not understand
    return json.loads(out)


async def run(folder: Path, scenario: str) -> Any:
    async with rtdb.serving() as ports, sdk(folder, scenario, ports["port"]) as process:
        return await result_of(process)


async def test_it_connects_and_learns_the_server_time(folder: Path) -> None:
    result = await run(folder, "connect")
    assert abs(result["offset"]) < 5000


async def test_set_update_push_and_remove_leave_what_they_should(folder: Path) -> None:
    assert await run(folder, "write") == {"a": {"topic": "y", "list": ["p", "q"], "deep": {"er": 7}}, "b": {"n": 1}}


async def test_two_clients_see_each_other_at_parent_and_child(folder: Path) -> None:
    result = await run(folder, "two_clients")
    assert result["child"] == [None, "hello", "again", None]
    assert result["parent"][0] is None
    assert {"m1": {"text": "hello"}} in result["parent"]
    assert {"m1": {"text": "again", "by": "one"}} in result["parent"]
    # A multi-key update is one change: nobody sees half of it.
    assert {"m1": {"text": "again"}} not in result["parent"]
    assert result["sibling"] == [None]


async def test_queries_order_and_cut_as_the_sdk_expects(folder: Path) -> None:
    result = await run(folder, "queries")
    assert result["first_by_key"] == ["9", "10", "ann"]
    assert result["last_by_child"] == ["9", "10"]
    assert result["range"] == ["cid", "ann"]
    assert result["after"] == ["9", "10"]
    assert result["by_value"] == ["c", "d", "a", "b"]
    assert result["added"] == ["a", "b", "c"]
    assert result["kept"] == ["b", "c"]


async def test_transactions_are_refused_on_stale_data_and_lose_nothing(folder: Path) -> None:
    result = await run(folder, "transactions")
    assert result["counter"] == 10
    assert result["nested"] is True
    assert result["again"] == {
        "a": [True, False], "b": {"x": 1.5, "y": -2, "z": "ü😀"}, "9": "nine", "10": "ten", "more": 1e21
    }  # fmt: skip
    assert result["ranked"] == 2
    assert result["whole"] is True
    assert result["aborted"] is False
    # Without a refusal by hash, ten would be reached by luck only.
    assert sum(result["tries"].values()) > 10


async def test_server_values_are_filled_in_by_the_server(folder: Path) -> None:
    result = await run(folder, "server_values")
    assert result["n"] == 42.5
    assert result["deep"] == {"count": 2}
    assert result["late"] < 60_000


async def test_on_disconnect_writes_happen_and_cancelled_ones_do_not(folder: Path) -> None:
    assert await run(folder, "on_disconnect") == {"me": "number", "kept": "here", "list": {"a": 1, "b": 2}}


async def test_big_values_cross_in_split_frames_both_ways(folder: Path) -> None:
    assert await run(folder, "big_values") == [True] * 5


async def test_it_comes_back_through_the_address_it_was_given_after_a_drop(folder: Path) -> None:
    async with rtdb.serving() as ports:
        proxy = Proxy(ports["port"])
        await proxy.start()
        try:
            async with sdk(folder, "reconnect", proxy.port) as process:
                assert process.stdout is not None
                async with asyncio.timeout(LIMIT):
                    assert await process.stdout.readline() == b"ready\n"
                await proxy.set(Fault.DROP)
                await proxy.set(Fault.NONE)
                process.send_signal(signal.SIGUSR2)
                result = await result_of(process)
        finally:
            await proxy.close()
    assert result["values"] == [None, 1, 2]
    assert False in result["states"][1:-1]
    assert result["states"][-1] is True
