"""The tcp kind against scripted servers."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from probes import tcp
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.fields import Secret
from tests.probes.looking import Handler, look, served, server_tls, silence, stage_names


def saying(*lines: bytes, hangs_up: bool = False) -> Handler:
    """A server that says its first line at once and each further one after it was sent something."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for index, line in enumerate(lines):
            if index:
                await reader.read(65536)
            writer.write(line)
            await writer.drain()
        if not hangs_up:
            await silence(reader, writer)

    return handler


async def run(handler: Handler, timeout: float = 5.0, **options: Any) -> Observation:
    async with served(handler) as port:
        return await look(tcp, timeout, host="127.0.0.1", port=port, **options)


async def test_a_port_that_accepts_is_good() -> None:
    observation = await run(silence)
    assert observation.outcome is Outcome.OK
    assert stage_names(observation) == ["dns", "connect"]


async def test_a_closed_port_fails_at_connect() -> None:
    async with served(silence) as port:
        pass
    observation = await look(tcp, host="127.0.0.1", port=port)
    assert (observation.outcome, observation.reason, observation.stage) == (Outcome.FAIL, Reason.CONNECT, "connect")


async def test_steps_are_played_in_order() -> None:
    observation = await run(
        saying(b"220 hello\r\n", b"250-SIZE\r\n250 STARTTLS\r\n", b"221 bye\r\n"),
        steps=[
            {"starts_with": "220"},
            {"send": "EHLO me\r\n", "contains": "STARTTLS"},
            {"send_hex": "51 55 49 54 0d 0a", "starts_with": "221"},
        ],
    )
    assert observation.outcome is Outcome.OK
    assert stage_names(observation) == ["dns", "connect", "expect", "send"]


async def test_an_answer_in_pieces_is_put_together() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"+PONG\r\n":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        await silence(reader, writer)

    assert (await run(handler, steps=[{"contains": "PONG\r\n"}])).outcome is Outcome.OK


async def test_two_expectations_may_share_one_answer() -> None:
    steps = [{"contains": "one"}, {"contains": "two"}]
    assert (await run(saying(b"one two"), steps=steps)).outcome is Outcome.OK
    assert (await run(saying(b"two one", hangs_up=True), steps=steps)).outcome is Outcome.FAIL


async def test_another_beginning_fails_at_once() -> None:
    observation = await run(saying(b"554 no\r\n"), timeout=30, steps=[{"starts_with": "220"}])
    assert (observation.reason, observation.stage) == (Reason.WRONG_DATA, "expect")
    assert "step 1 waits for '220': came '554 no" in observation.detail
    assert observation.took_ms < 10_000


async def test_an_answer_that_never_holds_the_text_is_wrong_data() -> None:
    observation = await run(saying(b"554 no\r\n"), timeout=0.3, steps=[{"contains": "220"}])
    assert (observation.reason, observation.stage) == (Reason.WRONG_DATA, "expect")


async def test_silence_is_a_timeout() -> None:
    observation = await run(silence, timeout=0.3, steps=[{"send": "hello\r\n", "contains": "hello"}])
    assert (observation.reason, observation.stage) == (Reason.TIMEOUT, "expect")


async def test_a_server_that_hangs_up_without_a_word_is_disconnected() -> None:
    observation = await run(saying(hangs_up=True), steps=[{"starts_with": "220"}])
    assert (observation.reason, observation.stage) == (Reason.DISCONNECTED, "expect")


async def test_an_endless_answer_ends_at_the_cap() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    observation = await run(handler, steps=[{"contains": "never"}], max_bytes=200_000)
    assert (observation.reason, observation.stage) == (Reason.TOO_BIG, "expect")


async def test_a_server_that_never_reads_ends_at_the_send_stage() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    observation = await run(handler, timeout=0.5, steps=[{"send": "x" * 30_000_000}])
    assert (observation.reason, observation.stage) == (Reason.TIMEOUT, "send")


async def test_tls_is_verified_against_the_server_name(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with served(saying(b"220 hello\r\n"), server_tls(authority, "mail.example.com")) as port:
        options: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": True, "steps": [{"starts_with": "220"}]}
        known = await look(tcp, **options, ca_file=tmp_path / "ca.pem", server_name="mail.example.com")
        misnamed = await look(tcp, **options, ca_file=tmp_path / "ca.pem")
        unknown = await look(tcp, **options, server_name="mail.example.com")
    assert known.outcome is Outcome.OK
    assert stage_names(known) == ["dns", "connect", "tls", "expect"]
    assert [(each.reason, each.stage) for each in (misnamed, unknown)] == [(Reason.TLS, "tls")] * 2


async def test_a_secret_that_is_echoed_is_not_in_the_detail() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bad login: " + await reader.read(65536))

    observation = await run(echo, steps=[{"send": Secret("hunter2-hunter2"), "contains": "welcome"}])
    assert observation.reason is Reason.WRONG_DATA
    assert "bad login" in observation.detail
    assert "hunter2" not in observation.detail


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": [{}]}, "a step needs send, send_hex, starts_with or contains"),
        ({"steps": [{"send": "a", "send_hex": "00"}]}, "send and send_hex exclude each other"),
        ({"steps": [{"starts_with": "a", "contains": "b"}]}, "starts_with and contains exclude each other"),
        ({"steps": [{"send_hex": "0g"}]}, "pairs of hexadecimal digits"),
        ({"server_name": "x"}, "server_name needs tls = true"),
        ({"port": 0}, "port"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        tcp.Config(**{"host": "127.0.0.1", "port": 25, **options})
