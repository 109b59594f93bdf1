"""The http kind against scripted servers, sound and hostile ones."""

import asyncio
import gzip
import json
import ssl
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from probes import http
from statuspage.core.json_path import look_up
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.fields import Secret
from tests.probes.looking import Handler, look, served, server_tls, silence, stage_names


class Site:
    """A server that answers every path by a prepared response and remembers the requests."""

    def __init__(self, **responses: bytes) -> None:
        self.responses = {f"/{name}": response for name, response in responses.items()}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = line.split(" ")
        self.requests.append((f"{method} {target}", headers, body))
        writer.write(self.responses.get(target.partition("?")[0], response(404)))
        await writer.drain()


def response(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    fields = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1") + body


async def seen(handler: Handler | bytes, timeout: float = 5.0, path: str = "/", **options: Any) -> Observation:
    """One run against a server of its own; bytes are what it answers to everything."""
    site = Site(**{"": handler}) if isinstance(handler, bytes) else handler
    async with served(site) as port:
        return await look(http, timeout, url=f"http://127.0.0.1:{port}{path}", **options)


def endless(first: bytes, then: bytes, pause: float = 0.0) -> Handler:
    """A server that says something and then something else for ever."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        while True:
            writer.write(then)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


async def test_a_good_response_has_its_stages_and_facts() -> None:
    observation = await seen(response(body=b"hello"))
    assert observation.outcome is Outcome.OK, observation.detail
    assert stage_names(observation) == ["dns", "connect", "request", "first_byte", "body"]
    assert observation.facts == {"address": "127.0.0.1", "status": 200, "redirects": 0, "body_bytes": 5}


async def test_the_request_says_what_was_configured_and_asks_for_a_close() -> None:
    site = Site(**{"": response()})
    observation = await seen(
        site,
        path="/?a=b%20c&d=ä#fragment",
        method="POST",
        headers={"Content-Type": "text/plain", "X-Key": Secret("the-key")},
        body="grüße",
        username="jo",
        password=Secret("a-password"),
    )
    assert observation.outcome is Outcome.OK, observation.detail
    ((line, headers, body),) = site.requests
    assert line == "POST /?a=b%20c&d=%C3%A4"
    assert body == "grüße".encode()
    assert headers["x-key"] == "the-key"
    assert headers["authorization"] == "Basic " + b64encode(b"jo:a-password").decode()
    assert headers["connection"] == "close"
    assert headers["host"].startswith("127.0.0.1:")


async def test_the_proxy_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await seen(response())).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("status", "expected", "outcome"),
    [
        (204, ["2xx"], Outcome.OK),
        (404, [200, 404], Outcome.OK),
        (418, ["200-299", "410-420"], Outcome.OK),
        (500, ["2xx"], Outcome.FAIL),
        (503, ["2xx"], Outcome.FAIL),
        (200, [503], Outcome.FAIL),
    ],
)
async def test_the_status_is_judged(status: int, expected: list[int | str], outcome: Outcome) -> None:
    observation = await seen(response(status), expect_status=expected)
    assert observation.outcome is outcome
    assert observation.facts["status"] == status
    if outcome is Outcome.FAIL:
        assert (observation.reason, observation.stage) == (Reason.STATUS, "first_byte")
        assert observation.detail == f"answered {status}"


@pytest.mark.parametrize(
    ("assertion", "objection"),
    [
        ({"name": "content-type", "contains": "json"}, None),
        ({"name": "Content-Type", "equals": "application/json"}, None),
        ({"name": "x-powered-by", "exists": False}, None),
        ({"name": "content-type", "exists": True}, None),
        ({"name": "content-type", "equals": "text/html"}, "header content-type is application/json"),
        ({"name": "x-powered-by", "contains": "a"}, "header x-powered-by is not there"),
        ({"name": "content-type", "exists": False}, "header content-type is there"),
    ],
)
async def test_headers_are_judged(assertion: dict[str, Any], objection: str | None) -> None:
    observation = await seen(response(content_type="application/json"), expect_headers=[assertion])
    assert observation.detail == (objection or "")
    assert observation.reason is (Reason.WRONG_DATA if objection else None)


BODY = {"ok": True, "n": 3, "name": "a", "none": None, "deep": [{"x": [1, 2.5]}, {}]}


@pytest.mark.parametrize(
    ("assertion", "objection"),
    [
        ({"path": "ok", "equals": True}, None),
        ({"path": "n", "equals": 3}, None),
        ({"path": "deep[0].x[1]", "equals": 2.5}, None),
        ({"path": "deep[0].x[1]", "over": 2, "under": None}, None),
        ({"path": "n", "under": 4}, None),
        ({"path": "name", "exists": True}, None),
        ({"path": "none", "exists": False}, None),
        ({"path": "deep[7].x", "exists": False}, None),
        ({"path": "ok", "equals": 1}, "ok is true, expected 1"),
        ({"path": "n", "equals": "3"}, 'n is 3, expected "3"'),
        ({"path": "n", "equals": True}, "n is 3, expected true"),
        ({"path": "deep", "equals": 1}, "deep is a list, expected 1"),
        ({"path": "deep[1].x", "equals": 1}, "deep[1].x is not there, expected 1"),
        ({"path": "n", "over": 3}, "n is 3, not over 3"),
        ({"path": "n", "under": 3}, "n is 3, not under 3"),
        ({"path": "ok", "over": 0}, "ok is true, expected a number"),
        ({"path": "name", "exists": False}, "name is there"),
    ],
)
async def test_json_is_judged(assertion: dict[str, Any], objection: str | None) -> None:
    observation = await seen(response(body=json.dumps(BODY).encode()), expect_json=[assertion])
    assert observation.detail == (objection or "")
    assert (observation.reason, observation.stage) == ((Reason.WRONG_DATA, "body") if objection else (None, None))


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 200_000, b"\xff\xfe\xfd", b"1" * 10_000])
async def test_a_body_that_is_no_json_is_wrong_data(body: bytes) -> None:
    observation = await seen(response(body=body), expect_json=[{"path": "a", "equals": 1}])
    assert (observation.outcome, observation.reason) == (Outcome.FAIL, Reason.WRONG_DATA)


def test_a_path_may_begin_with_an_index() -> None:
    assert look_up([["a"], {"b": 2}], "[1].b") == 2
    assert look_up([["a"]], "[0][0]") == "a"


async def test_texts_in_the_body_are_judged() -> None:
    page = response(body="alles in Ordnung, läuft".encode())
    assert (await seen(page, body_contains=["läuft"], body_not_contains=["kaputt"])).outcome is Outcome.OK
    missing = await seen(page, body_contains=["Wartung"])
    assert (missing.reason, missing.detail) == (Reason.WRONG_DATA, "'Wartung' is not in the body")
    unwanted = await seen(page, body_not_contains=["läuft"])
    assert (unwanted.reason, unwanted.detail) == (Reason.WRONG_DATA, "'läuft' is in the body")


RAW_DEFLATE = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"the word", mtime=0)),
        ("gzip", gzip.compress(b"the ", mtime=0) + gzip.compress(b"word", mtime=0) + b"\0" * 8),
        ("deflate", zlib.compress(b"the word")),
        ("deflate", RAW_DEFLATE.compress(b"the word") + RAW_DEFLATE.flush()),
    ],
)
@pytest.mark.parametrize("chunk", [1, 65536])
async def test_compressed_bodies_are_read(encoding: str, body: bytes, chunk: int) -> None:
    pieces = [body[at : at + chunk] for at in range(0, len(body), chunk)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    observation = await seen(head + chunked, body_contains=["the word"])
    assert observation.outcome is Outcome.OK, observation.detail
    assert observation.facts["body_bytes"] == 8


@pytest.mark.parametrize(
    ("encoding", "body", "words"),
    [
        ("gzip", b"not gzip at all", "the body is not gzip"),
        ("gzip", gzip.compress(b"the word", mtime=0)[:-9], "the gzip body is cut off"),
        ("deflate", b"\xff\xff\xff\xff", "the body is not deflate"),
        ("br", b"the word", "encoded as br, which was not asked for"),
    ],
)
async def test_bodies_that_are_not_what_they_say_are_a_protocol_error(encoding: str, body: bytes, words: str) -> None:
    observation = await seen(response(body=body, content_encoding=encoding), body_contains=["the word"])
    assert (observation.reason, observation.stage) == (Reason.PROTOCOL, "body")
    assert words in observation.detail


async def test_a_gzip_bomb_ends_at_the_cap() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, mtime=0)
    observation = await seen(response(body=bomb, content_encoding="gzip"), max_bytes=100_000)
    assert (observation.reason, observation.stage) == (Reason.TOO_BIG, "body")


async def test_a_body_over_the_cap_is_too_big() -> None:
    observation = await seen(response(body=b"x" * 1001), max_bytes=1000)
    assert (observation.reason, observation.stage) == (Reason.TOO_BIG, "body")
    assert (await seen(response(body=b"x" * 1000), max_bytes=1000)).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("handler", "stage"),
    [
        (endless(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n"), "first_byte"),
        (endless(b"HTTP/1.1 200 OK\r\nx: ", b"a" * 4096), "first_byte"),
        (endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), "first_byte"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), "body"),
        (endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000), "body"),
        (endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", b"x" * 4096), "body"),
        (endless(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", gzip.compress(b"", mtime=0) * 99), "body"),
    ],
)
async def test_what_never_ends_is_too_big(handler: Handler, stage: str) -> None:
    observation = await seen(handler, timeout=20)
    assert (observation.reason, observation.stage) == (Reason.TOO_BIG, stage)


@pytest.mark.parametrize(
    ("handler", "stage"),
    [
        (silence, "first_byte"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", pause=0.02), "first_byte"),
        (endless(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b"x", pause=0.02), "body"),
    ],
)
async def test_a_drip_fed_response_ends_at_the_deadline(handler: Handler, stage: str) -> None:
    observation = await seen(handler, timeout=0.5)
    assert (observation.outcome, observation.reason, observation.stage) == (Outcome.FAIL, Reason.TIMEOUT, stage)
    assert observation.took_ms < 5000


@pytest.mark.parametrize(
    ("said", "reason", "stage"),
    [
        (b"", Reason.DISCONNECTED, "first_byte"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", Reason.DISCONNECTED, "first_byte"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345", Reason.DISCONNECTED, "body"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Reason.PROTOCOL, "first_byte"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n", Reason.PROTOCOL, "first_byte"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", Reason.PROTOCOL, "body"),
    ],
)
async def test_what_is_not_a_response_is_named(said: bytes, reason: Reason, stage: str) -> None:
    observation = await seen(said)
    assert (observation.reason, observation.stage) == (reason, stage), observation.detail


class TestRedirects:
    """Every hop is a connection of its own; what is private stays with the configured host."""

    async def test_redirects_are_followed_and_counted(self) -> None:
        site = Site(
            start=response(302, location="next?a=b"),
            next=response(301, location="/ende mit ümlaut"),
            **{"ende%20mit%20%C3%BCmlaut": response(body=b"here")},
        )
        observation = await seen(site, path="/start", body_contains=["here"])
        assert observation.outcome is Outcome.OK, observation.detail
        assert observation.facts["redirects"] == 2
        lines = [line for line, _, _ in site.requests]
        assert lines == ["GET /start", "GET /next?a=b", "GET /ende%20mit%20%C3%BCmlaut"]
        assert stage_names(observation) == ["dns", "connect", "request", "first_byte", "body"]

    async def test_a_loop_ends_at_the_cap(self) -> None:
        site = Site(a=response(302, location="/b"), b=response(302, location="/a"))
        observation = await seen(site, path="/a", max_redirects=4)
        assert (observation.reason, observation.stage) == (Reason.REDIRECT_LOOP, "first_byte")
        assert len(site.requests) == 5

    async def test_with_no_redirects_allowed_the_redirect_is_the_response(self) -> None:
        site = Site(a=response(302, location="/b"))
        assert (await seen(site, path="/a", max_redirects=0, expect_status=[302])).outcome is Outcome.OK
        assert (await seen(site, path="/a", max_redirects=0)).reason is Reason.STATUS

    @pytest.mark.parametrize(
        ("status", "line", "body"),
        [(303, "GET /b", b""), (302, "GET /b", b""), (307, "POST /b", b"text"), (308, "POST /b", b"text")],
    )
    async def test_the_status_decides_whether_the_body_is_sent_again(self, status: int, line: str, body: bytes) -> None:
        site = Site(a=response(status, location="/b"), b=response())
        await seen(site, path="/a", method="POST", body="text")
        assert (site.requests[1][0], site.requests[1][2]) == (line, body)

    @pytest.mark.parametrize("elsewhere", ["http://localhost:{port}/b", "//localhost:{port}/b"])
    async def test_secrets_are_not_sent_to_another_host(self, elsewhere: str) -> None:
        site = Site()
        async with served(site) as port:
            site.responses["/a"] = response(302, location=elsewhere.format(port=port))
            site.responses["/b"] = response(302, location=f"http://127.0.0.1:{port}/c")
            site.responses["/c"] = response()
            observation = await look(
                http,
                url=f"http://127.0.0.1:{port}/a",
                username="jo",
                password=Secret("a-password"),
                headers={"X-Key": Secret("the-key"), "Cookie": Secret("session=1"), "X-Plain": "yes"},
            )
        assert observation.outcome is Outcome.OK, observation.detail
        first, second, third = (headers for _, headers, _ in site.requests)
        private = {"authorization", "x-key", "cookie"}
        assert private <= first.keys()
        assert second.keys() & private == set()
        assert third.keys() & private == set(), "coming back does not bring them back"
        assert (second["x-plain"], second["host"]) == ("yes", f"localhost:{port}")

    async def test_secrets_are_sent_again_to_the_same_host(self) -> None:
        site = Site(a=response(302, location="/b"), b=response())
        await seen(site, path="/a", headers={"X-Key": Secret("the-key")})
        assert [headers.get("x-key") for _, headers, _ in site.requests] == ["the-key", "the-key"]

    async def test_a_secret_body_is_not_sent_to_another_host(self) -> None:
        site = Site()
        async with served(site) as port:
            site.responses["/a"] = response(307, location=f"http://localhost:{port}/b")
            observation = await look(
                http, url=f"http://127.0.0.1:{port}/a", method="POST", body=Secret("the-secret-body")
            )
        assert (observation.reason, observation.detail) == (Reason.STATUS, "answered 307")
        assert len(site.requests) == 1

    @pytest.mark.parametrize(
        "location", ["ftp://example.com/", "file:///etc/passwd", "http://[::1", "//:x/", "http://a:99999999/"]
    )
    async def test_only_http_addresses_are_gone_to(self, location: str) -> None:
        observation = await seen(response(302, location=location))
        assert (observation.outcome, observation.reason) == (Outcome.FAIL, Reason.PROTOCOL), observation.detail


class TestTls:
    """TLS by certificates of the test's own authority."""

    @pytest.fixture
    def authority(self, tmp_path: Path) -> trustme.CA:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        return authority

    async def test_a_trusted_certificate_is_good_and_its_days_are_a_fact(
        self, authority: trustme.CA, tmp_path: Path
    ) -> None:
        async with served(Site(**{"": response()}), server_tls(authority, "127.0.0.1")) as port:
            url = f"https://127.0.0.1:{port}"
            good = await look(http, url=url, ca_file=tmp_path / "ca.pem")
            ending = await look(http, url=url, ca_file=tmp_path / "ca.pem", certificate_days_under=100_000_000)
        assert good.outcome is Outcome.OK, good.detail
        assert stage_names(good) == ["dns", "connect", "tls", "request", "first_byte", "body"]
        assert int(good.facts["certificate_days"]) > 0
        assert (ending.outcome, ending.reason, ending.stage) == (Outcome.SLOW, Reason.THRESHOLD, "tls")

    async def test_an_untrusted_or_misnamed_certificate_fails_at_tls(
        self, authority: trustme.CA, tmp_path: Path
    ) -> None:
        async with served(Site(**{"": response()}), server_tls(authority, "other.example.com")) as port:
            url = f"https://127.0.0.1:{port}"
            unknown = await look(http, url=url)
            misnamed = await look(http, url=url, ca_file=tmp_path / "ca.pem")
            unverified = await look(http, url=url, verify=False)
        assert [(each.reason, each.stage) for each in (unknown, misnamed)] == [(Reason.TLS, "tls")] * 2
        assert unverified.outcome is Outcome.OK

    async def test_silence_and_plain_http_are_no_tls(self) -> None:
        async with served(endless(b"", b"", pause=60)) as port:
            hello = await look(http, url=f"https://127.0.0.1:{port}", timeout=0.3)
        assert (hello.reason, hello.stage) == (Reason.TIMEOUT, "tls")

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(response(400))

        async with served(answer) as port:
            observation = await look(http, url=f"https://127.0.0.1:{port}")
        assert (observation.reason, observation.stage) == (Reason.TLS, "tls")

    async def test_the_client_certificate_is_for_the_configured_host_only(
        self, authority: trustme.CA, tmp_path: Path
    ) -> None:
        authority.issue_cert("probe@example.com").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "me.pem"))
        context = server_tls(authority, "127.0.0.1", "localhost")
        context.verify_mode = ssl.CERT_OPTIONAL
        authority.configure_trust(context)
        site = Site(b=response())
        known: list[bool] = []

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            known.append(bool(writer.get_extra_info("peercert")))
            await site(reader, writer)

        async with served(handler, context) as port:
            site.responses["/a"] = response(302, location=f"https://localhost:{port}/b")
            options: dict[str, Any] = {"ca_file": tmp_path / "ca.pem", "client_cert": tmp_path / "me.pem"}
            observation = await look(http, url=f"https://127.0.0.1:{port}/a", **options)
        assert observation.outcome is Outcome.OK, observation.detail
        assert known == [True, False]


async def test_a_server_that_echoes_our_secrets_does_not_make_us_tell_them() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        body = json.dumps(dict(line.split(": ", 1) for line in head[1:-1])).encode()
        writer.write(response(body=body))

    for name in ("authorization", "x-key"):
        observation = await seen(
            echo,
            username="jo",
            password=Secret("a-password"),
            headers={"x-key": Secret("the-key")},
            expect_json=[{"path": name, "equals": "nothing"}],
        )
        assert observation.reason is Reason.WRONG_DATA
        assert "the-key" not in repr(observation)
        assert b64encode(b"jo:a-password").decode() not in repr(observation)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "ftp://example.com"}, "must be a URL that starts with http"),
        ({"url": "http://jo:pw@example.com"}, "must not hold a user or password"),
        ({"expect_status": ["6xx"]}, "write a status as"),
        ({"expect_status": ["299-200"]}, "write a status as"),
        ({"expect_status": [True]}, "write a status as"),
        ({"expect_status": []}, "expect_status"),
        ({"headers": {"Content-Length": "3"}}, "Content-Length is set by the probe itself"),
        ({"headers": {"x y": "3"}}, "'x y' is not the name of a header"),
        ({"headers": {"x": "a\r\nb: c"}}, "the value of x has characters"),
        ({"expect_headers": [{"name": "a"}]}, "exactly one of equals, contains and exists"),
        ({"expect_json": [{"path": "a", "equals": 1, "exists": True}]}, "exactly one of equals, exists"),
        ({"expect_json": [{"path": "a..b", "exists": True}]}, "write a path as names and indexes"),
        ({"expect_json": [{"path": "a[x]", "exists": True}]}, "write a path as names and indexes"),
        ({"username": "jo"}, "username and password need each other"),
        ({"username": "jo", "password": Secret("x"), "headers": {"Authorization": Secret("y")}}, "exclude a header"),
        ({"certificate_days_under": 10, "verify": False}, "certificate_days_under needs verify"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        http.Config(**{"url": "http://127.0.0.1", **options})
