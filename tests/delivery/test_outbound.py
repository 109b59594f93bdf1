"""The one way out against receivers that answer, refuse, hang, drip, flood and redirect."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.utils import format_datetime

import pytest
import trustme

from statuspage.clock import SystemClock
from statuspage.core.outgoing import Outgoing
from statuspage.core.retrying import Answer, Trouble
from statuspage.delivery import outbound
from statuspage.delivery.connecting import look_up
from tests.delivery.receivers import (
    HERE,
    Script,
    answering,
    dripping,
    flooding,
    hanging_up,
    playing,
    read_request,
    receiver,
    reset,
    silent,
)

CLOCK = SystemClock()
PATIENT = 15.0
"""Nothing here takes that long unless something hangs."""
SHORT = 0.5
BODY = b'{"type":"test.sent"}'


def post(url: str, deadline: float = PATIENT, secrets: tuple[str, ...] = ()) -> Answer:
    request = Outgoing(url, BODY, {"Content-Type": "application/json", "X-Own": "yes"})
    return outbound.send(request, HERE, deadline, CLOCK, secrets=secrets)


def told(script: Script, deadline: float = PATIENT) -> Answer:
    with playing(script) as server:
        return post(f"http://127.0.0.1:{server.port}/hook?x=1", deadline)


def test_a_request_arrives_as_it_was_composed() -> None:
    with receiver() as server:
        answer = post(f"{server.url}/hook?a=b")
        (got,) = server.received
    assert (answer.status, answer.trouble) == (202, None)
    assert answer.took_ms > 0
    assert (got.path, got.body) == ("/hook?a=b", BODY)
    assert got.headers["Host"] == f"127.0.0.1:{server.port}"
    assert (got.headers["X-Own"], got.headers["User-Agent"]) == ("yes", "statuspage")
    assert got.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [200, 204, 301, 400, 410, 422, 500, 503])
def test_a_status_is_told_with_what_was_said(status: int) -> None:
    body = b"" if status == 204 else b"because\r\n of\tthis"
    answer = told(answering(status, body=body))
    assert (answer.status, answer.detail) == (status, "because of this" if body else "")


def test_retry_after_in_seconds_and_as_a_date() -> None:
    assert told(answering(429, "Retry-After: 7\r\n")).retry_after == 7
    soon = format_datetime(CLOCK.now() + timedelta(seconds=90), usegmt=True)
    after = told(answering(503, f"Retry-After: {soon}\r\n")).retry_after
    assert after is not None
    assert 60 < after <= 90


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "Mon, 99 Foo 2026 25:00:00 GMT", "٣", ""])
def test_a_retry_after_that_is_none_is_none(value: str) -> None:
    with playing(lambda sock: _answer_raw(sock, f"Retry-After: {value}\r\n".encode())) as server:
        answer = post(f"http://127.0.0.1:{server.port}/")
    assert answer.status in (503, None)
    assert answer.retry_after is None


def _answer_raw(sock: socket.socket, headers: bytes) -> None:
    read_request(sock)
    sock.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n" + headers + b"\r\n")


@pytest.mark.parametrize(
    ("script", "trouble"),
    [
        (silent, Trouble.TIMEOUT),
        (reset, Trouble.CONNECTION),
        (hanging_up, Trouble.CONNECTION),
        (dripping(b"HTTP/1.1 200 OK\r\n", b"x"), Trouble.TIMEOUT),
        (dripping(b"", b"H"), Trouble.TIMEOUT),
        (flooding(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"), Trouble.PROTOCOL),
        (flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Trouble.PROTOCOL),
        (flooding(b"", b"SSH-2.0-OpenSSH\r\n"), Trouble.PROTOCOL),
    ],
    ids=["silence", "reset", "hang up", "drip", "drip of nothing", "headers", "interim answers", "another protocol"],
)
@pytest.mark.corpus("H4")
def test_what_gives_no_answer_is_told_apart_and_ends(script: Script, trouble: Trouble) -> None:
    answer = told(script, 2.0 if trouble is Trouble.PROTOCOL else SHORT)
    assert (answer.status, answer.trouble) == (None, trouble), answer


def test_a_refused_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    answer = post(f"http://127.0.0.1:{port}/")
    assert (answer.trouble, answer.detail) == (Trouble.CONNECTION, "Connection refused")


HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "script",
    [
        dripping(HEAD, b"1\r\nx\r\n"),
        flooding(HEAD, b"1\r\nx\r\n"),
        flooding(HEAD, b"4000\r\n" + b"x" * 0x4000 + b"\r\n"),
        flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        answering(200, "Content-Encoding: gzip\r\n", gzip.compress(bytes(50_000_000))),
        flooding(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"nonsense after the end"),
        flooding(HEAD, b"zz\r\n"),
    ],
    ids=["drip", "tiny chunks", "chunks", "body", "gzip bomb", "too long", "bad chunk"],
)
@pytest.mark.corpus("H4")
def test_once_the_status_is_known_it_stands_whatever_the_body_does(script: Script) -> None:
    answer = told(script, 5.0)
    assert answer.status == 200
    assert len(answer.detail) <= outbound.DETAIL_LIMIT


def test_a_server_that_answers_before_it_has_read_everything_is_heard() -> None:
    def early(sock: socket.socket) -> None:
        sock.recv(10)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    with playing(early) as server:
        request = Outgoing(f"http://127.0.0.1:{server.port}/", b"x" * 5_000_000)
        assert outbound.send(request, HERE, PATIENT, CLOCK).status == 413


def test_a_server_that_takes_nothing_ends_by_the_deadline() -> None:
    over = threading.Event()

    def deaf(sock: socket.socket) -> None:
        over.wait(PATIENT)

    with playing(deaf) as server:
        request = Outgoing(f"http://127.0.0.1:{server.port}/", b"x" * 50_000_000)
        assert outbound.send(request, HERE, SHORT, CLOCK).trouble is Trouble.TIMEOUT
        over.set()


@pytest.mark.corpus("A11", "I3")
def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with (
        playing(answering(200)) as inner,
        playing(answering(302, f"Location: http://127.0.0.1:{inner.port}/\r\n")) as outer,
    ):
        answer = post(f"http://127.0.0.1:{outer.port}/")
        assert (answer.status, outer.connections, inner.connections) == (302, 1, 0)


@pytest.mark.corpus("A20")
def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(answering(200)) as proxy, receiver() as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(server.url).status == 202
        assert (proxy.connections, len(server.received)) == (0, 1)


@pytest.mark.corpus("A21")
def test_no_secret_gets_into_a_text() -> None:
    canary = "CANARY-0123456789"
    echo = answering(
        400, body=f"unknown key {canary} and token={canary}x at http://u:{canary}@h/?key={canary}".encode()
    )
    with playing(echo) as server:
        base = f"127.0.0.1:{server.port}/"
        for url in (f"http://{base}?key={canary}", f"ftp://{base}{canary}", f"http://{canary}@{base}", f"http://{canary}/",
                    f"http://127.0.0.1:1/{canary}", f"https://{base}{canary}"):  # fmt: skip
            answer = post(url, 1.0, secrets=(canary,))
            assert canary not in repr(answer), url
    unknown = outbound.send(Outgoing("http://x.invalid/?token=abc", b""), HERE, 5.0, CLOCK)
    assert "abc" not in unknown.detail


def test_a_header_that_would_break_the_request_is_not_sent() -> None:
    with playing(answering(200)) as server:
        request = Outgoing(f"http://127.0.0.1:{server.port}/", b"", {"X-Title": "a\r\nX-Evil: b"})
        answer = outbound.send(request, HERE, PATIENT, CLOCK)
    assert answer.trouble is Trouble.INTERNAL


# --- names -------------------------------------------------------------------------------------------------


def test_a_name_that_leads_nowhere_is_told() -> None:
    def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def find_nothing(host: str, port: int) -> list[str]:
        return []

    for look in (fail, find_nothing):
        answer = outbound.send(Outgoing("http://hooks.example.com/", b""), HERE, PATIENT, CLOCK, look=look)
        assert answer.trouble is Trouble.DNS


def test_a_resolver_that_hangs_ends_by_the_deadline() -> None:
    over = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        over.wait(PATIENT)
        return []

    answer = outbound.send(Outgoing("http://hooks.example.com/", b""), HERE, SHORT, CLOCK, look=hang)
    over.set()
    assert answer.trouble is Trouble.DNS


def test_the_second_address_is_tried_when_the_first_does_not_answer() -> None:
    with receiver() as server:
        request = Outgoing(f"http://hooks.example.com:{server.port}/", b"")
        answer = outbound.send(request, HERE, PATIENT, CLOCK, look=lambda host, port: ["::1", "127.0.0.1"])
    assert answer.status == 202
    assert server.received[0].headers["Host"] == f"hooks.example.com:{server.port}"


def test_the_machines_own_resolver_is_asked() -> None:
    assert "127.0.0.1" in look_up("localhost", 80)


# --- TLS ---------------------------------------------------------------------------------------------------

Tls = Callable[[str], tuple[Script, ssl.SSLContext]]


@pytest.fixture
def tls() -> Tls:
    """A script that answers over TLS with a certificate for that name, and the trust that knows its maker."""

    def make(name: str) -> tuple[Script, ssl.SSLContext]:
        authority = trustme.CA()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(server)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)

        def script(sock: socket.socket) -> None:
            with server.wrap_socket(sock, server_side=True) as wrapped:
                got = read_request(wrapped)
                wrapped.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(got), got))

        return script, trust

    return make


def over_tls(name: str, script: Script, trust: ssl.SSLContext | None, deadline: float = PATIENT) -> Answer:
    with playing(script) as server:
        request = Outgoing(f"https://{name}:{server.port}/", b"{}")
        return outbound.send(request, HERE, deadline, CLOCK, trust=trust, look=lambda host, port: ["127.0.0.1"])


def test_the_certificate_is_checked_for_the_name_although_the_socket_goes_to_an_address(tls: Tls) -> None:
    script, trust = tls("hooks.example.com")
    answer = over_tls("hooks.example.com", script, trust)
    assert answer.status == 200
    assert "Host: hooks.example.com" in answer.detail
    assert over_tls("other.example.com", script, trust).trouble is Trouble.TLS
    assert over_tls("hooks.example.com", script, None).trouble is Trouble.TLS


def test_a_handshake_that_never_ends_ends_by_the_deadline(tls: Tls) -> None:
    _, trust = tls("hooks.example.com")
    assert over_tls("hooks.example.com", silent, trust, SHORT).trouble is Trouble.TIMEOUT


def test_the_whole_deadline_holds_over_every_stage() -> None:
    def slow(host: str, port: int) -> Sequence[str]:
        time.sleep(0.3)
        return ["127.0.0.1"]

    with playing(dripping(b"HTTP/1.1 200 OK\r\n", b"x")) as server:
        request = Outgoing(f"http://hooks.example.com:{server.port}/", b"")
        begun = CLOCK.monotonic()
        answer = outbound.send(request, HERE, 0.8, CLOCK, look=slow)
        assert answer.trouble is Trouble.TIMEOUT
        assert CLOCK.monotonic() - begun < PATIENT
