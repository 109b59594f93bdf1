"""The Firebase probe against a scripted server: every fault has its own stage and reason."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from probes.firebase import STAGES, Config, probe
from statuspage.core.observation import Observation, Outcome
from tests.probes.conftest import ServerTls
from tests.probes.scripted_rtdb import SILENCE, Script, ScriptedRtdb, scripted_rtdb
from tests.probes.servers import CONTEXT, SHORT, raw_server, silence, stage_names, told, until, unused_port


def control(kind: str, data: Any) -> dict[str, Any]:
    return {"t": "c", "d": {"t": kind, "d": data}}


def push(action: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"t": "d", "d": {"a": action, "b": body}}


async def look(server: ScriptedRtdb, **options: Any) -> Observation:
    return await probe(Config(url=server.url, **options), CONTEXT)


async def test_a_good_run_passes_every_stage_and_sees_the_echo_on_the_other_connection() -> None:
    async with scripted_rtdb() as server:
        seen = await look(server)
    assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen) == ["dns", "connect", "upgrade", "hello", "listen", "second", "write", "echo", "delete"]
    assert len(server.upgrades) == 2
    assert seen.facts["server"] == server.host
    assert 0 <= float(seen.facts["clock_offset_ms"]) < 5000


async def test_what_was_written_is_deleted_under_the_same_key_that_no_other_run_has() -> None:
    async with scripted_rtdb() as server:
        await look(server, path="/health/eu/")
        await look(server, path="health/eu")
    puts = [asked["b"] for asked in server.asked if asked["a"] == "p"]
    assert [body["d"] is None for body in puts] == [False, True, False, True]
    paths = [body["p"] for body in puts]
    assert paths[0] == paths[1] != paths[2] == paths[3]
    assert all(path.startswith("/health/eu/") for path in paths)


async def test_messages_without_the_number_frame_are_taken_as_production_sends_them() -> None:
    async with scripted_rtdb(Script(numbers=False)) as server:
        assert (await look(server)).outcome is Outcome.OK


async def test_an_echo_in_several_parts_is_put_together() -> None:
    async with scripted_rtdb(Script(padding=40000)) as server:
        assert (await look(server)).outcome is Outcome.OK


REMARKS: dict[str, Script] = {
    "another version": Script(hello={"v": "6"}),
    "a host without an address": Script(hello={"h": "s-nowhere.invalid:1"}),
    "a debug message": Script(after_listen=[push("sd", {"msg": "debug text"})]),
    "an unknown action": Script(after_listen=[push("zz", {})]),
}
"""What the official SDK was seen to log at most, before it went on and had its write acknowledged."""


@pytest.mark.parametrize("remark", REMARKS)
async def test_what_the_sdk_goes_on_after_is_no_fault(remark: str) -> None:
    async with scripted_rtdb(REMARKS[remark]) as server:
        seen = await look(server)
    assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen)[-3:] == ["write", "echo", "delete"]


FAULTS: dict[str, tuple[Script, tuple[str, str]]] = {
    "http404": (Script(upgrade=404), ("upgrade", "upgrade")),
    "http503": (Script(upgrade=503), ("upgrade", "capacity")),
    "http401": (Script(upgrade=401), ("upgrade", "auth")),
    "http403": (Script(upgrade=403), ("upgrade", "denied")),
    "unknown namespace": (
        Script(first=control("s", "Firebase error. Please ensure that you have the URL of your Firebase set.")),
        ("hello", "unknown_namespace"),
    ),
    "peak connections": (
        Script(first=control("s", "Specified Firebase has reached its Peak Connections limit.")),
        ("hello", "capacity"),
    ),
    "quota": (
        Script(first=control("s", "'x' has exceeded its quota limit and has been temporarily disabled.")),
        ("hello", "quota"),
    ),
    "wrong region": (
        Script(first=control("s", "Namespace x lives in a different region. Please change your database URL.")),
        ("hello", "wrong_region"),
    ),
    "disabled": (Script(first=control("s", "x has been disabled by a database owner.")), ("hello", "disabled")),
    "other shutdown": (Script(first=control("s", "We are moving house.")), ("hello", "shutdown")),
    "shutdown after hello": (
        Script(after_hello=[control("s", "x has been disabled by a database owner.")]),
        ("listen", "disabled"),
    ),
    "second connection refused": (Script(connections=1), ("hello", "capacity")),
    "error": (Script(after_hello=[control("e", "some server error")]), ("listen", "protocol")),
    "data error": (Script(after_listen=[{"t": "d", "d": {"error": "boom"}}]), ("echo", "protocol")),
    "reset in the session": (Script(after_hello=[control("r", "127.0.0.1:1")]), ("listen", "shutdown")),
    "reset to nowhere": (Script(first=control("r", "a/b?c")), ("hello", "protocol")),
    "hello without time": (Script(first=control("h", {"v": "5"})), ("hello", "protocol")),
    "not of the protocol": (Script(first={"hello": "world"}), ("hello", "protocol")),
    "close 1012": (Script(close_after_hello=1012), ("listen", "shutdown")),
    "close 1013": (Script(close_after_hello=1013), ("listen", "capacity")),
    "close 1008": (Script(close_after_hello=1008), ("listen", "denied")),
    "close 1011": (Script(close_after_hello=1011), ("listen", "disconnected")),
    "abort 1006": (Script(close_after_hello=1006), ("listen", "disconnected")),
    "listen denied": (Script(listen="permission_denied"), ("listen", "denied")),
    "listen unavailable": (Script(listen="unavailable"), ("listen", "unavailable")),
    "write denied": (Script(write="permission_denied"), ("write", "denied")),
    "write too big": (Script(write="too_big"), ("write", "too_big")),
    "write failure": (Script(write="failure"), ("write", "unavailable")),
    "unknown status": (Script(write="never_heard_of"), ("write", "protocol")),
    "wrong data": (Script(echo_data={"n": "another"}), ("echo", "wrong_data")),
    "delete denied": (Script(delete="permission_denied"), ("delete", "denied")),
    "listen revoked": (Script(after_listen=[push("c", {"p": "x", "q": None})]), ("echo", "revoked")),
    "auth revoked": (
        Script(after_listen=[push("ac", {"s": "expired_token", "d": "Auth token is expired"})]),
        ("echo", "revoked"),
    ),
    "one message too big": (Script(padding=3 << 20), ("echo", "too_big")),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named_by_its_own_stage_and_reason(fault: str) -> None:
    script, expected = FAULTS[fault]
    async with scripted_rtdb(script) as server:
        seen = await look(server)
    assert seen.outcome is Outcome.FAIL
    assert told(seen) == expected, seen
    assert seen.stage in STAGES


async def test_a_refused_second_connection_is_said_to_be_the_second() -> None:
    async with scripted_rtdb(Script(connections=1)) as server:
        seen = await look(server)
    assert seen.detail.startswith("second connection: ")
    assert "listen" in stage_names(seen)


SILENCES: dict[str, tuple[Script, tuple[str, str]]] = {
    "101 then silence": (Script(before_hello=None), ("hello", "timeout")),
    "hello too late": (Script(before_hello=30.0), ("hello", "timeout")),
    "dead after hello": (Script(listen=SILENCE), ("listen", "timeout")),
    "write never confirmed": (Script(write=SILENCE), ("write", "unacknowledged")),
    "never seen by the other": (Script(echo=False), ("echo", "no_echo")),
    "delete never confirmed": (Script(delete=SILENCE), ("delete", "timeout")),
}


@pytest.mark.parametrize("fault", SILENCES)
async def test_a_silence_ends_at_the_deadline_in_its_own_stage(fault: str) -> None:
    script, expected = SILENCES[fault]
    async with scripted_rtdb(script) as server:
        seen = await probe(Config(url=server.url), SHORT)
    assert told(seen) == expected, seen
    assert SHORT.timeout * 1000 - 50 <= seen.took_ms < SHORT.timeout * 1000 + 2000


async def test_a_stage_may_have_a_limit_of_its_own() -> None:
    async with scripted_rtdb(Script(before_hello=None)) as server:
        seen = await probe(Config(url=server.url), replace(CONTEXT, limits={"hello": 0.2}))
    assert told(seen) == ("hello", "timeout")
    assert seen.took_ms < 3000


async def test_a_late_hello_makes_a_slow_run() -> None:
    async with scripted_rtdb(Script(before_hello=0.15)) as server:
        seen = await probe(Config(url=server.url), replace(CONTEXT, slow_over=0.1))
    assert (seen.outcome, seen.stage in ("hello", "second")) == (Outcome.SLOW, True), seen


async def test_after_a_failed_echo_what_was_written_is_still_deleted() -> None:
    async with scripted_rtdb(Script(echo=False)) as server:
        await probe(Config(url=server.url), SHORT)
        await until(lambda: any(asked["a"] == "p" and asked["b"]["d"] is None for asked in server.asked))


async def test_a_reset_is_followed_with_its_namespace() -> None:
    async with scripted_rtdb() as good, scripted_rtdb(Script(first=control("r", good.host))) as first:
        seen = await look(first)
    assert seen.outcome is Outcome.OK, seen
    assert seen.facts["resets"] == 1
    assert good.upgrades == ["/.ws?v=5&ns=probe"] * 2


async def test_resets_in_a_circle_end_after_three() -> None:
    async with scripted_rtdb() as server:
        server.script.first = control("r", server.host)
        seen = await look(server)
    assert told(seen) == ("hello", "redirect_loop")
    assert len(server.upgrades) == 4


async def test_a_port_that_refuses_is_a_failure_to_connect() -> None:
    seen = await probe(Config(url=f"http://127.0.0.1:{unused_port()}?ns=probe"), CONTEXT)
    assert told(seen) == ("connect", "connect")


async def test_a_server_that_takes_the_connection_and_never_answers_ends_at_the_upgrade() -> None:
    async with raw_server(silence) as port:
        seen = await probe(Config(url=f"http://127.0.0.1:{port}?ns=probe"), SHORT)
    assert told(seen) == ("upgrade", "timeout")


async def test_a_frozen_process_ends_at_the_upgrade_although_its_port_is_open() -> None:
    program = (
        "import asyncio\n"
        "from tests.probes.scripted_rtdb import scripted_rtdb\n"
        "async def main():\n"
        "    async with scripted_rtdb() as server:\n"
        "        print(server.port, flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=root
    )
    try:
        assert process.stdout is not None
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        config = Config(url=f"http://127.0.0.1:{port}?ns=probe")
        assert (await probe(config, CONTEXT)).outcome is Outcome.OK
        os.kill(process.pid, signal.SIGSTOP)
        seen = await probe(config, SHORT)
    finally:
        process.kill()
        await process.communicate()
    assert told(seen) == ("upgrade", "timeout")


async def test_over_tls_both_connections_trust_the_given_authority(ca_file: Path, server_tls: ServerTls) -> None:
    async with scripted_rtdb(tls=server_tls()) as server:
        seen = await look(server, ca_file=ca_file)
        refused = await look(server)
    assert seen.outcome is Outcome.OK, seen
    assert "tls" in stage_names(seen)
    assert told(refused) == ("tls", "tls")


def test_the_namespace_is_read_from_the_url_as_the_sdks_read_it() -> None:
    def url(text: str, **more: Any) -> str:
        return Config(url=text, **more).place.url

    assert url("https://shop.firebaseio.com") == "wss://shop.firebaseio.com/.ws?v=5"
    assert url("https://shop.europe-west1.firebasedatabase.app/") == (
        "wss://shop.europe-west1.firebasedatabase.app/.ws?v=5&ns=shop"
    )
    assert url("http://127.0.0.1:9000?ns=shop") == "ws://127.0.0.1:9000/.ws?v=5&ns=shop"
    assert url("ws://localhost:9000", namespace="shop") == "ws://localhost:9000/.ws?v=5&ns=shop"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "http://127.0.0.1:9000"}, "namespace"),
        ({"url": "http://127.0.0.1:9000?ns=a/b"}, "namespace"),
        ({"url": "ftp://x.firebaseio.com"}, "url"),
        ({"url": "https://x.firebaseio.com/rooms"}, "path"),
        ({"url": "https://x.firebaseio.com", "path": "a.b"}, "path"),
        ({"url": "https://x.firebaseio.com", "path": "/"}, "path"),
        ({"url": "https://x.firebaseio.com", "path": "__probe/{uid}"}, "{uid}"),
        ({"url": "https://x.firebaseio.com", "auth": {"mode": "magic"}}, "auth"),
        ({"url": "https://x.firebaseio.com", "ca_file": "/nowhere/ca.pem"}, "ca_file"),
    ],
)
def test_bad_options_are_refused_with_the_name_of_the_option(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match="validation error") as refused:
        Config.model_validate(options)
    assert problem in str(refused.value)
