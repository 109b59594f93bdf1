"""Children: how they start, how they end, and that they never outlive us, even frozen, even by kill -9."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from statuspage.drill.process import Child, ChildFailed, stand_in
from tests.drill.waiting import runs, until

READY = 'import os, signal, sys, time; print("{\\"port\\": 7}", flush=True); '


def python(code: str) -> list[str]:
    return [sys.executable, "-c", READY + code]


async def test_a_child_says_where_it_listens_and_stops_when_asked() -> None:
    child = await Child.start("native", stand_in("native"), says=["port"])
    assert runs(child.pid)
    _, writer = await asyncio.open_connection("127.0.0.1", child.said["port"])
    writer.close()
    assert await child.stop() == 0
    assert not runs(child.pid)
    assert await child.stop() == 0


async def test_a_child_that_ends_at_once_is_an_error_with_its_last_words() -> None:
    with pytest.raises(ChildFailed, match=r"broken ended at once \(status 3\)\n  no luck today"):
        await Child.start(
            "broken", [sys.executable, "-c", "print('no luck today'); raise SystemExit(3)"], says=["port"]
        )


async def test_a_program_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ChildFailed, match="cannot start /no/such/program: No such file"):
        await Child.start("nothing", ["/no/such/program"])


async def test_a_child_that_says_nothing_in_time_is_ended() -> None:
    with pytest.raises(ChildFailed, match=r"mute was not up within 1\.5 s"):
        await Child.start("mute", [sys.executable, "-c", "import time; time.sleep(600)"], says=["port"], within=1.5)


async def test_other_lines_go_to_the_sink() -> None:
    lines: list[str] = []
    child = await Child.start(
        "talker", python("print('one'); print('{\"a\": \"b\"}')"), says=["port"], sink=lines.append
    )
    assert await child.wait() == 0
    assert lines == ["one", '{"a": "b"}']


async def test_a_stubborn_child_is_killed_after_its_grace() -> None:
    stubborn = python("signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)")
    lines: list[str] = []
    child = await Child.start("stubborn", stubborn, says=["port"], sink=lines.append, grace=0.3)
    await until(lambda: bool(lines))
    assert await child.stop() == 128 + signal.SIGKILL
    assert not runs(child.pid)


async def test_a_frozen_child_does_not_answer_until_it_is_thawed_and_can_be_stopped() -> None:
    child = await Child.start("platform", stand_in("platform"), says=["port"])
    child.freeze()
    reader, writer = await asyncio.open_connection("127.0.0.1", child.said["port"])
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readline(), 0.3)
    child.thaw()
    assert await asyncio.wait_for(reader.readline(), 10) == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    child.freeze()
    await child.stop()
    assert not runs(child.pid)


async def test_what_a_child_left_behind_ends_with_it() -> None:
    mother = python(
        "import subprocess; print('left', subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)"
    )
    lines: list[str] = []
    child = await Child.start("mother", mother, says=["port"], sink=lines.append)
    await child.wait()
    left = int(lines[0].split()[1])
    await until(lambda: not runs(left))


PARENT = """
import asyncio, json, sys
from statuspage.drill.process import Child, stand_in

# Like redis-server it does not mind SIGHUP, which the kernel sends to the group of a frozen orphan.
UNMOVED = '''
import signal, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print('{"port": 1}', flush=True)
time.sleep(600)
'''

async def main():
    commands = [stand_in(module) for module in ("rtdb", "native", "platform")] + [[sys.executable, "-c", UNMOVED]]
    children = [await Child.start("child", command, says=["port"]) for command in commands]
    children[0].freeze()
    children[3].freeze()
    print(json.dumps([child.pid for child in children]), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_children_end_when_their_parent_is_killed_even_the_frozen_one(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=asyncio.subprocess.PIPE)
    try:
        assert parent.stdout is not None
        children = json.loads(await parent.stdout.readline())
        assert all(runs(pid) for pid in children)
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: not any(runs(pid) for pid in children))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stand_in_alone_ends_quietly_at_a_signal(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *stand_in("rtdb"), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline())["port"] > 0
    process.send_signal(number)
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, err) == (0, b"")
