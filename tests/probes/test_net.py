"""The way to a target: names, addresses, connections, TLS, and the stream."""

import asyncio
import os
import resource
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from probes._net import Stream, Target, TlsOptions, _connect_any, open_stream
from probes._resolver import Address, Resolver, Saturated, literal
from probes._run import Context, Failed, Run, observe
from probes._tls import shared_context
from statuspage.core.observation import Observation, Outcome, Reason
from tests.probes.conftest import ServerTls
from tests.probes.servers import CONTEXT, SHORT, raw_server, reset, silence, stage_names, told, unused_port


async def look(
    target: Target, tls: TlsOptions | None = None, context: Context = CONTEXT, cap: int = 1 << 20
) -> Observation:
    """A run that connects and reads to the end of the stream; the fact `read` is the number of bytes."""

    async def read_all(run: Run) -> None:
        stream = await open_stream(run, target, tls=tls, max_bytes=cap)
        try:
            async with run.stage("read"):
                count = 0
                while data := await stream.read():
                    count += len(data)
                run.fact("read", count)
        finally:
            stream.close()

    return await observe(context, read_all)


def here(port: int, *, tls: bool = False, name: str = "127.0.0.1") -> Target:
    return Target("127.0.0.1", port, tls, name)


async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"hello")
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_a_stream_is_read_to_its_end() -> None:
    async def much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(700_000))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with raw_server(much) as port:
        seen = await look(here(port))
    assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen) == ["dns", "connect", "read"]
    assert seen.facts == {"address": "127.0.0.1", "read": 700_000}


async def test_what_is_written_arrives_whatever_its_size() -> None:
    got = bytearray()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(got) < 3_000_000:
            got.extend(await reader.read(65536))
        writer.write(b"enough")
        await writer.drain()

    async def send(run: Run) -> None:
        stream = await open_stream(run, here(port), tls=None, max_bytes=100)
        for _ in range(3):
            stream.write(bytes(1_000_000))
            await stream.drain()
        assert await stream.read() == b"enough"
        stream.close()

    async with raw_server(take) as port:
        assert (await observe(CONTEXT, send)).outcome is Outcome.OK


async def test_more_bytes_than_the_cap_end_the_run() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    async with raw_server(flood) as port:
        seen = await look(here(port), cap=200_000)
    assert told(seen) == ("read", "too_big")


async def test_a_reset_is_no_end_of_stream() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reset(writer)

    async with raw_server(cut) as port:
        seen = await look(here(port))
    assert told(seen) == ("read", "disconnected")


async def test_a_refused_connection_fails_the_target() -> None:
    seen = await look(here(unused_port()))
    assert (seen.outcome, *told(seen)) == (Outcome.FAIL, "connect", "connect")
    assert seen.detail == "connection refused"


async def test_a_name_without_an_address_fails_at_dns() -> None:
    seen = await look(Target("no-such-host.invalid", 80, False, ""))
    assert told(seen) == ("dns", "dns")


async def test_a_text_that_cannot_be_a_name_fails_at_dns() -> None:
    seen = await look(Target("a" * 70 + ".example", 80, False, ""))
    assert told(seen) == ("dns", "dns")


async def test_a_name_is_looked_up_and_every_address_tried() -> None:
    async with raw_server(hello) as port:
        seen = await look(Target("localhost", port, False, "localhost"))
    assert seen.outcome is Outcome.OK, seen


async def test_a_refusing_address_does_not_hide_the_next() -> None:
    async with raw_server(hello) as port:
        addresses = [
            Address(socket.AF_INET, ("127.0.0.1", unused_port())),
            Address(socket.AF_INET, ("127.0.0.1", port)),
        ]
        sock = await _connect_any(Run(CONTEXT), addresses)
        sock.close()


async def test_our_missing_route_excuses_no_refusal_by_another_address() -> None:
    refusing = Address(socket.AF_INET, ("127.0.0.1", unused_port()))
    unroutable = Address(socket.AF_INET, ("255.255.255.255", 9))
    with pytest.raises(Failed) as failed:
        await _connect_any(Run(CONTEXT), [refusing, unroutable])
    assert failed.value.reason is Reason.CONNECT


async def test_running_out_of_file_handles_blinds_us_and_blames_nobody() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with raw_server(hello) as port:
        used = max(int(name) for name in os.listdir("/proc/self/fd")) + 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, hard))
        held = []
        try:
            with suppress(OSError):
                while True:
                    held.append(os.dup(0))
            seen = await look(here(port))
        finally:
            for handle in held:
                os.close(handle)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (seen.outcome, seen.reason) == (Outcome.BLIND, Reason.NO_HANDLES)


def test_addresses_are_told_from_names() -> None:
    assert literal("192.0.2.7", 80) == (socket.AF_INET, ("192.0.2.7", 80))
    assert literal("2001:db8::7", 80) == (socket.AF_INET6, ("2001:db8::7", 80, 0, 0))
    assert literal("192.0.2", 80) is None
    assert literal("example.com", 80) is None


class Stuck:
    """A lookup that hangs until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, host: str, port: int) -> list[Address]:
        if host.startswith("stuck"):
            self.go.wait(30)
        return [Address(socket.AF_INET, (host, port))]


async def test_a_hung_name_delays_no_other_and_a_full_pool_says_so_at_once() -> None:
    stuck = Stuck()
    resolver = Resolver(stuck, threads=6, per_name=3)
    try:
        hung = [asyncio.create_task(resolver.resolve("stuck-a", 1)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Saturated):
            await resolver.resolve("stuck-a", 1)
        started = time.monotonic()
        assert await resolver.resolve("fine", 1) == [(socket.AF_INET, ("fine", 1))]
        assert time.monotonic() - started < 2
        hung += [asyncio.create_task(resolver.resolve(f"stuck-{index}", 1)) for index in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Saturated):
            await resolver.resolve("fine", 1)
        hung[0].cancel()
    finally:
        stuck.go.set()
    done = await asyncio.gather(*hung, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert len([each for each in done if isinstance(each, list)]) == 5
    assert await resolver.resolve("fine", 1) == [(socket.AF_INET, ("fine", 1))]


async def test_tls_with_a_trusted_certificate_is_a_stage_of_its_own(ca_file: Path, server_tls: ServerTls) -> None:
    async with raw_server(hello, server_tls()) as port:
        seen = await look(here(port, tls=True), TlsOptions(ca_file=ca_file))
    assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen) == ["dns", "connect", "tls", "read"]


@pytest.mark.parametrize("fault", ["expired", "another host", "unknown issuer", "self-signed"])
async def test_a_bad_certificate_is_named(fault: str, ca_file: Path, server_tls: ServerTls) -> None:
    contexts: dict[str, tuple[dict[str, Any], str]] = {
        "expired": ({"expired": True}, "expired"),
        "another host": ({"name": "other.example"}, "another address"),
        "unknown issuer": ({"issuer": trustme.CA()}, "issuer is not known"),
        "self-signed": ({}, "self-signed"),
    }
    options, words = contexts[fault]
    context = _self_signed() if fault == "self-signed" else server_tls(**options)
    async with raw_server(hello, context) as port:
        seen = await look(here(port, tls=True), TlsOptions(ca_file=ca_file))
    assert told(seen) == ("tls", "tls")
    assert words in seen.detail


def _self_signed() -> ssl.SSLContext:
    """A certificate that signs itself: the CA's own, with its key."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.private_key_pem.tempfile() as key, authority.cert_pem.tempfile() as certificate:
        context.load_cert_chain(certificate, key)
    return context


async def test_a_name_other_than_the_certificates_is_another_host(ca_file: Path, server_tls: ServerTls) -> None:
    async with raw_server(hello, server_tls("good.example")) as port:
        good = await look(here(port, tls=True, name="good.example"), TlsOptions(ca_file=ca_file))
        bad = await look(here(port, tls=True, name="bad.example"), TlsOptions(ca_file=ca_file))
    assert good.outcome is Outcome.OK
    assert (told(bad), bad.detail) == (("tls", "tls"), "the certificate is for another host")


async def test_without_verify_any_certificate_will_do(server_tls: ServerTls) -> None:
    async with raw_server(hello, server_tls(expired=True)) as port:
        assert (await look(here(port, tls=True), TlsOptions(verify=False))).outcome is Outcome.OK


async def test_a_plain_server_is_said_not_to_speak_tls() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with raw_server(plain) as port:
        seen = await look(here(port, tls=True))
    assert (told(seen), seen.detail) == (("tls", "tls"), "the answer is not TLS")


async def test_a_port_that_never_answers_the_handshake_ends_at_tls() -> None:
    async with raw_server(silence) as port:
        seen = await look(here(port, tls=True), context=SHORT)
    assert told(seen) == ("tls", "timeout")


async def test_a_connection_closed_in_the_handshake_is_no_mere_disconnect() -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)

    async with raw_server(close) as port:
        seen = await look(here(port, tls=True))
    assert told(seen) == ("tls", "tls")


async def test_a_client_certificate_is_shown_where_it_is_asked_for(
    ca: trustme.CA, ca_file: Path, server_tls: ServerTls, tmp_path: Path
) -> None:
    ours = ca.issue_cert("probe.example")
    ours.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    context = server_tls()
    context.verify_mode = ssl.CERT_REQUIRED
    ca.configure_trust(context)
    async with raw_server(hello, context) as port:
        shown = await look(here(port, tls=True), TlsOptions(ca_file=ca_file, client_cert=tmp_path / "client.pem"))
        hidden = await look(here(port, tls=True), TlsOptions(ca_file=ca_file))
    # With TLS 1.3 the server refuses only after the client's handshake is over.
    assert shown.facts["read"] == len(b"hello")
    assert hidden.facts.get("read", 0) == 0


def test_contexts_are_shared_until_their_files_change(ca: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(file)
    options = TlsOptions(ca_file=file)
    first = shared_context(options)
    assert shared_context(TlsOptions(ca_file=file)) is first
    assert shared_context(options, ("http/1.1",)) is not first
    trustme.CA().cert_pem.write_to_path(file)
    os.utime(file, ns=(1, 1))
    assert shared_context(options) is not first


async def test_a_certificate_file_that_went_away_blinds_us(ca: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(file)
    options = TlsOptions(ca_file=file)
    file.unlink()
    async with raw_server(silence) as port:
        seen = await look(here(port, tls=True), options)
    assert (seen.outcome, seen.stage) == (Outcome.BLIND, "tls")


def test_tls_options_that_cannot_work_are_refused_with_their_name(
    ca: trustme.CA, ca_file: Path, tmp_path: Path
) -> None:
    leaf = ca.issue_cert("x.example")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    another = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(another)
    (tmp_path / "text.pem").write_text("not a certificate")
    for options, problem in (
        ({"ca_file": tmp_path / "text.pem"}, "cannot read certificates"),
        ({"ca_file": tmp_path / "none.pem"}, "cannot read certificates"),
        ({"client_key": tmp_path / "key.pem"}, "client_key needs client_cert"),
        ({"client_cert": tmp_path / "cert.pem", "client_key": tmp_path / "key.pem"}, "client_cert cannot be used"),
        ({"ca": ca_file}, "Extra inputs"),
    ):
        with pytest.raises(ValueError, match=problem):
            TlsOptions.model_validate(options)


async def test_a_closed_stream_wakes_its_reader() -> None:
    stream = Stream(100)
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0)
    stream.close()
    assert await reading == b""
