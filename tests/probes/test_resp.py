"""The redis kind against scripted servers: what no real server at hand can be brought to say."""

import asyncio
from collections.abc import Mapping
from typing import Any

import hiredis
import pytest

from probes import redis
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.fields import Secret
from tests.probes.looking import Handler, look, served, silence

FINE = {
    "HELLO": b"%1\r\n$4\r\nrole\r\n$6\r\nmaster\r\n",
    "SET": b"+OK\r\n",
    "SUBSCRIBE": b">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n",
    "PUBLISH": b":1\r\n",
    "DEL": b":1\r\n",
    "ROLE": b"*1\r\n$6\r\nmaster\r\n",
    "INFO": b"$6\r\na:b\r\n\r\n\r\n",
}


def answering(answers: Mapping[str, bytes]) -> Handler:
    """A server that answers by the name of the command; GET is answered by the last value that was set."""
    values: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        commands = hiredis.Reader()
        while data := await reader.read(65536):
            commands.feed(data)
            while (command := commands.gets()) is not False:
                name = command[0].decode()
                if name == "SET":
                    values.append(command[2])
                if name == "GET" and name not in answers:
                    writer.write(b"$%d\r\n%s\r\n" % (len(values[-1]), values[-1]))
                writer.write(answers.get(name, b""))

    return handler


def greeting(line: bytes) -> Handler:
    """A server that says one thing and hangs up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await writer.drain()

    return handler


async def seen(handler: Handler, timeout: float = 5.0, **options: Any) -> Observation:
    async with served(handler) as port:
        return await look(redis, timeout, url=f"redis://127.0.0.1:{port}", **options)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"-ERR max number of clients reached\r\n", Reason.CAPACITY),
        (b"-ERR max number of clients + cluster connections reached\r\n", Reason.CAPACITY),
        (b"-DENIED Redis is running in protected mode because ...\r\n", Reason.DENIED),
        (b"-SOMETHING new\r\n", Reason.HANDSHAKE),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason.PROTOCOL),
        (b"220 mail.example.com ESMTP\r\n", Reason.PROTOCOL),
        (b"%1\r\n*0\r\n:1\r\n", Reason.PROTOCOL),
        (b"*4294967295\r\n", Reason.TOO_BIG),
        (b"%1000000000\r\n", Reason.TOO_BIG),
        (b"", Reason.DISCONNECTED),
    ],
)
async def test_the_first_word_decides(line: bytes, reason: Reason) -> None:
    observation = await seen(greeting(line))
    assert (observation.outcome, observation.reason, observation.stage) == (Outcome.FAIL, reason, "hello")


async def test_the_head_of_a_huge_answer_is_seen_across_pieces() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for piece in (b"*99", b"99999", b"9\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        await silence(reader, writer)

    assert (await seen(handler)).reason is Reason.TOO_BIG


async def test_an_endless_answer_ends_at_the_cap() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"$900000000\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    assert (await seen(handler)).reason is Reason.TOO_BIG


async def test_a_published_message_that_never_comes_is_no_echo() -> None:
    observation = await seen(answering(FINE), timeout=1)
    assert (observation.reason, observation.stage) == (Reason.NO_ECHO, "pubsub")
    assert (observation.facts["write"], observation.facts["read"]) == ("ok", "ok")


async def test_another_value_than_the_written_one_is_wrong_data() -> None:
    observation = await seen(answering(FINE | {"GET": b"$5\r\nother\r\n"}), pubsub=False)
    assert (observation.reason, observation.stage) == (Reason.WRONG_DATA, "get")


async def test_a_connection_that_ends_at_the_write_is_told_with_its_stage() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(FINE["HELLO"])
        await reader.read(65536)

    observation = await seen(handler)
    assert (observation.reason, observation.stage) == (Reason.DISCONNECTED, "set")
    assert observation.facts["write"] == "disconnected"


async def test_a_server_that_freezes_during_the_run_is_frozen() -> None:
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections == 1:
            await reader.read(65536)
            writer.write(FINE["HELLO"])
        await silence(reader, writer)

    observation = await seen(handler, timeout=0.6)
    assert (observation.reason, observation.stage) == (Reason.FROZEN, "hello")
    assert observation.facts["write"] == "timeout"


async def test_an_old_server_that_repeats_the_password_does_not_make_us_tell_it() -> None:
    unknown = b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `a-password`, \r\n"
    no_auth = b"-ERR unknown command `AUTH`, with args beginning with: `a-password`, \r\n"
    observation = await seen(answering(FINE | {"HELLO": unknown, "AUTH": no_auth}), password=Secret("a-password"))
    assert (observation.reason, observation.stage) == (Reason.AUTH, "hello")
    assert "a-password" not in repr(observation)


async def test_a_server_without_resp3_is_spoken_to_in_resp2() -> None:
    refused = b"-NOPROTO unsupported protocol version\r\n"
    observation = await seen(answering(FINE | {"HELLO": refused}), pubsub=False)
    assert observation.outcome is Outcome.OK, observation.detail
    assert observation.facts["protocol"] == 2
