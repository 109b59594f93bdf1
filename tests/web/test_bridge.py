"""The way from granian's loop to a WSGI application and back, over a real socket."""

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from statuspage.web.bridge import BLOCKING_THREADS, MOST_STREAMED
from statuspage.web.environ import READ_FIRST
from statuspage.web.streams import NOTICES
from tests.web.processes import LOGGING, STREAM, Web, running
from tests.web.routed import CHAT, Routed, serving
from tests.web.served import eventually, seeded_store

PROGRAM = LOGGING.replace(
    "\npublic, store",
    '\nimport statuspage.web.serve as shipped\nshipped.TARGET = "tests.web.bridged:make_application"\npublic, store',
    1,
)


@contextmanager
def bridged(folder: Path, program: str = PROGRAM) -> Iterator[Web]:
    """The site with the routes of bridged.py."""
    address, store = seeded_store(folder)
    store.close()
    with running(folder / "public", address, program=program) as web:
        eventually(lambda: web.says("All Systems Operational") or web.says("No Fresh Data"))
        yield web


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """One for the tests that leave it as it was."""
    with bridged(tmp_path_factory.mktemp("bridged")) as found:
        yield found


def environ(web: Web, request: str, *headers: str) -> dict[str, Any]:
    """What an application is told of a request."""
    lines = [request, *(headers or ("Host: x",)), "Connection: close", "", ""]
    answer = whole(web, "\r\n".join(lines).encode())
    assert answer.startswith(b"HTTP/1.1 200"), answer
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def whole(web: Web, *parts: bytes) -> bytes:
    """Everything that is answered to these bytes until the server closes."""
    with closing(sent(web, *parts)) as connection:
        return rest(connection)


def sent(web: Web, *parts: bytes) -> socket.socket:
    """A connection on which this was sent."""
    connection = socket.create_connection(("127.0.0.1", web.port), timeout=20)
    for part in parts:
        connection.sendall(part)
    return connection


def heard(connection: socket.socket, text: bytes) -> bool:
    """Whether this comes, sooner or later, before the server closes."""
    found = b""
    while text not in found:
        piece = connection.recv(65536)
        if not piece:
            return False
        found += piece
    return True


def dripped(connection: socket.socket, drop: bytes) -> bytes:
    """What is answered to drops, of which there are enough for ten seconds."""
    connection.settimeout(0.1)
    for _ in range(100):
        connection.sendall(drop)
        with suppress(TimeoutError):
            return connection.recv(65536)
    return b""


def rest(connection: socket.socket) -> bytes:
    """All that still comes."""
    found = b""
    while piece := connection.recv(65536):
        found += piece
    return found


def state(web: Web) -> dict[str, int]:
    """What the application counted."""
    found: dict[str, int] = json.loads(web.get("/test/state")[1])
    return found


def post(web: Web, path: str, body: Any, **more: Any) -> tuple[HTTPResponse, bytes]:
    """A POST; an iterator goes out as chunks."""
    with closing(HTTPConnection("127.0.0.1", web.port, timeout=20)) as connection:
        connection.request("POST", path, body, **more)
        answer = connection.getresponse()
        return answer, answer.read()


def test_an_application_is_told_what_granian_itself_would_tell_it(web: Web) -> None:
    found = environ(
        web, "PUT /test/environ/%C3%A4%20%2F?a=%20b&c HTTP/1.1", "Host: a.example:81", "X-Two: 1", "x-two: 2",
        "Content-Type: text/x; y=z", "Content-Length: 0", "X-Odd: \xff",
    )  # fmt: skip
    assert found == {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SCRIPT_NAME": "",
        "SERVER_SOFTWARE": "Granian",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(web.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": "/test/environ/ä /".encode().decode("latin-1"),
        "QUERY_STRING": "a=%20b&c",
        "CONTENT_TYPE": "text/x; y=z",
        "CONTENT_LENGTH": "0",
        "HTTP_HOST": "a.example:81",
        "HTTP_CONNECTION": "close",
        "HTTP_X_TWO": "1,2",
        "HTTP_X_ODD": "",
        "wsgi.version": [1, 0],
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def test_a_host_comes_from_the_address_where_no_header_has_it(web: Web) -> None:
    assert environ(web, "GET http://b.example/test/environ HTTP/1.1", "X: 1")["HTTP_HOST"] == "b.example"
    assert environ(web, "GET /test/environ HTTP/1.1", "X: 1")["HTTP_HOST"] == ""


def test_a_header_with_an_underscore_does_not_pass_for_the_one_of_a_proxy(web: Web) -> None:
    headers = ("Host: x", "X-Forwarded-For: 192.0.2.1", "X_Forwarded_For: 192.0.2.66", "X-Forwarded_For: 192.0.2.66")
    assert environ(web, "GET /test/environ HTTP/1.1", *headers)["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"


@pytest.mark.parametrize("size", [0, 1, READ_FIRST, READ_FIRST + 1, 5 * READ_FIRST])
def test_a_body_arrives_whole_with_a_length_and_by_chunks(web: Web, size: int) -> None:
    body = os.urandom(size)
    assert post(web, "/test/echo", body)[1] == body
    pieces = (body[at : at + 10_000] for at in range(0, size, 10_000))
    assert post(web, "/test/echo", pieces)[1] == body


def test_a_body_can_be_read_by_lines(web: Web) -> None:
    assert json.loads(post(web, "/test/lines", b"one\ntwo\n\nthree")[1]) == ["one\n", "two\n", "\n", "three"]


@pytest.mark.parametrize(
    ("head", "part"),
    [("Content-Length: 10", b"half"), ("Transfer-Encoding: chunked", b"4\r\nhalf\r\n"),
     ("Transfer-Encoding: chunked", b"4\r\nhalf\r\nnot a number\r\n")],
)  # fmt: skip
def test_half_of_a_body_reaches_no_application(web: Web, head: str, part: bytes) -> None:
    before = state(web)["read"]
    with closing(sent(web, f"POST /test/echo HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode(), part)) as connection:
        connection.shutdown(socket.SHUT_WR)
        answer = rest(connection)
    assert answer.split(b" ")[1:2] in ([], [b"400"]), answer
    assert state(web)["read"] == before


def test_a_body_over_the_cap_is_refused_and_what_is_announced_is_not_even_read(web: Web) -> None:
    for path in ("/ofrep/v1/evaluate/flags", "/staff/login"):
        announced = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n\r\n".encode()
        with closing(sent(web, announced)) as connection:
            assert connection.recv(65536).split(b" ")[1] in (b"413", b"404"), path
    assert post(web, "/ofrep/v1/evaluate/flags", (b"x" * 1000 for _ in range(200)))[0].status == 413


def test_who_sends_slowly_holds_no_thread_and_is_answered_when_done(web: Web) -> None:
    with ExitStack() as stack:
        head = b"POST /test/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nha"
        slow = [stack.enter_context(closing(sent(web, head))) for _ in range(BLOCKING_THREADS + 10)]
        assert web.get("/test/environ")[0].status == 200
        slow[0].sendall(b"lf")
        assert rest(slow[0]).endswith(b"half")


def test_a_body_that_drips_is_given_up(tmp_path: Path) -> None:
    head = b"POST /test/echo HTTP/1.1\r\nHost: x\r\n"
    with bridged(tmp_path, PROGRAM.replace("make_application", "make_impatient")) as web:
        for length, drop in ((b"Content-Length: 9999", b"x"), (b"Transfer-Encoding: chunked", b"1\r\nx\r\n")):
            with closing(sent(web, head + length + b"\r\n\r\n")) as connection:
                assert b" 408 " in dripped(connection, drop)
        assert state(web)["read"] == 0


def test_chunks_go_out_as_they_come_and_connections_are_kept(web: Web) -> None:
    with closing(HTTPConnection("127.0.0.1", web.port, timeout=20)) as connection:
        for path, expected in (("/test/three", b"one,two,three"), ("/test/written", b"written, returned")):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, expected)
            assert answer.will_close is False
    with closing(sent(web, b"GET /test/endless HTTP/1.1\r\nHost: x\r\n\r\n")) as stream:
        assert heard(stream, b": here")


@pytest.mark.parametrize("path", ["three", "environ", "endless", "written"])
def test_head_has_no_body(web: Web, path: str) -> None:
    answer = whole(web, f"HEAD /test/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["raises", "silent", "twice", "breaks"])
def test_what_fails_before_its_head_is_a_500_as_any_other_error(web: Web, path: str) -> None:
    answer, body = web.get(f"/test/{path}")
    assert (answer.status, answer.headers["Cache-Control"]) == (500, "no-store")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert b"Traceback" not in body
    assert b"Internal error" in body


def test_a_head_can_be_replaced_until_it_is_sent(web: Web) -> None:
    answer, body = web.get("/test/replaced")
    assert (answer.status, body) == (418, b"replaced")


def test_what_fails_in_the_middle_ends_there(web: Web) -> None:
    assert web.get("/test/breaks_late")[1] == b"the beginning"


def test_a_client_that_leaves_in_the_middle_of_a_stream_ends_it(web: Web) -> None:
    eventually(lambda: state(web)["streams"] == 0)
    with closing(sent(web, b"GET /test/endless HTTP/1.1\r\nHost: x\r\n\r\n")) as stream:
        assert heard(stream, b": here")
        assert state(web)["streams"] == 1
    eventually(lambda: state(web)["streams"] == 0)


def test_places_of_streams_come_back_when_their_clients_have_left(tmp_path: Path) -> None:
    routed = Routed(tmp_path)
    with serving(tmp_path, routed) as web, ExitStack() as stack:
        streams = [stack.enter_context(closing(sent(web, STREAM))) for _ in range(NOTICES.most)]
        assert all(heard(stream, b"retry: ") for stream in streams)
        assert b" 503 " in web.raw(STREAM)
        for stream in streams:
            stream.close()
        routed.limit(CHAT)
        eventually(lambda: b" 200 " in web.raw(STREAM))


def test_who_leaves_gives_places_and_threads_back_before_anything_is_to_be_said(tmp_path: Path) -> None:
    with bridged(tmp_path, PROGRAM.replace("make_application", "make_silent")) as web:
        for _ in range(4):
            with ExitStack() as stack:
                streams = [stack.enter_context(closing(sent(web, STREAM))) for _ in range(NOTICES.most)]
                assert all(heard(stream, b"retry: ") for stream in streams)
            eventually(lambda: b" 200 " in web.raw(STREAM))


def test_a_client_that_reads_nothing_does_not_fill_the_memory(web: Web) -> None:
    eventually(lambda: state(web)["streams"] == 0)
    with closing(sent(web, b"GET /test/endless?large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) as stream:
        assert stream.recv(10) == b"HTTP/1.1 2"
        eventually(lambda: state(web)["streams"] == 0)
        assert rest(stream).partition(b"\r\n\r\n")[2].count(b"x") == MOST_STREAMED


def test_busy_threads_delay_no_page_and_what_waits_for_one_gets_it(tmp_path: Path) -> None:
    free = tmp_path / "free"
    request = f"GET /test/busy?{free} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with bridged(tmp_path) as web, ExitStack() as stack:
        busy = [stack.enter_context(closing(sent(web, request))) for _ in range(BLOCKING_THREADS - 1)]
        eventually(lambda: state(web)["busy"] == BLOCKING_THREADS - 1)
        busy += [stack.enter_context(closing(sent(web, request))) for _ in range(10)]
        took = []
        for _ in range(20):
            begun = perf_counter()
            assert web.get("/")[0].status == 200
            took.append(perf_counter() - begun)
        assert sorted(took)[10] < 0.1
        for connection in busy[:20]:
            connection.close()  # with nobody left to answer to, too
        free.touch()
        assert all(rest(connection).endswith(b"done") for connection in busy[20:])


def test_open_streams_do_not_keep_a_web_from_ending(tmp_path: Path) -> None:
    with bridged(tmp_path) as web, ExitStack() as stack:
        requests = (STREAM, b"GET /test/endless HTTP/1.1\r\nHost: x\r\n\r\n")
        streams = [stack.enter_context(closing(sent(web, request))) for request in requests]
        for stream in streams:
            assert heard(stream, b"event-stream")
        begun = perf_counter()
        assert web.end() == 0
        assert perf_counter() - begun < 4  # the worker is killed after five
        for stream in streams:
            assert rest(stream).endswith(b"0\r\n\r\n")
        assert web.process.stdout is not None
        assert not re.search("Traceback|pending|never awaited", web.process.stdout.read())
