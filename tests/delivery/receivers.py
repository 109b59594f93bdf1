"""Receivers on 127.0.0.1: each plays a script on every connection, and remembers what it was sent."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from statuspage.core.addresses import operator, parse_network

HERE = operator([parse_network("127.0.0.1/32"), parse_network("::1/128")])
"""Lets the guard pass to this machine."""

Script = Callable[[socket.socket], None]


@dataclass
class Canary:
    """A port that counts who connects."""

    port: int
    connections: int = 0


@contextmanager
def playing(script: Script) -> Iterator[Canary]:
    """A server that plays the script on every connection, each in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Canary(server.getsockname()[1])
        server.settimeout(0.05)
        over = threading.Event()
        threads: list[threading.Thread] = []

        def one(sock: socket.socket) -> None:
            with closing(sock), suppress(OSError):
                sock.settimeout(20)
                script(sock)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    sock, _ = server.accept()
                    found.connections += 1
                    thread = threading.Thread(target=one, args=(sock,), daemon=True)
                    threads.append(thread)
                    thread.start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        try:
            yield found
        finally:
            over.set()
            accepting.join()


def read_request(sock: socket.socket) -> bytes:
    """A whole request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = sock.recv(65536)
        if not got:
            return data
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(status: int, headers: str = "", body: bytes = b"") -> Script:
    """Read the request and answer it."""

    def script(sock: socket.socket) -> None:
        read_request(sock)
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        sock.sendall(head.encode() + body)

    return script


def silent(sock: socket.socket) -> None:
    """Accept and never answer."""
    while sock.recv(65536):
        pass


def reset(sock: socket.socket) -> None:
    """Read the request and end the connection by a reset."""
    read_request(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hanging_up(sock: socket.socket) -> None:
    """Read the request and say goodbye without a word."""
    read_request(sock)


def dripping(first: bytes, drop: bytes) -> Script:
    """Answer a few bytes at a time, without end."""

    def script(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(first)
        while True:
            sock.sendall(drop)
            time.sleep(0.02)

    return script


def flooding(first: bytes, wave: bytes) -> Script:
    """Answer as much as the other side takes, without end."""

    def script(sock: socket.socket) -> None:
        read_request(sock)
        sock.sendall(first)
        while True:
            sock.sendall(wave)

    return script


def scripted(scripts: list[Script]) -> Script:
    """Play one script after the other, the last one for ever."""
    lock = threading.Lock()

    def script(sock: socket.socket) -> None:
        with lock:
            now = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        now(sock)

    return script


@dataclass
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Judge = Callable[[Received], tuple[int, Mapping[str, str], bytes]]


@dataclass
class Receiver:
    """A real HTTP server that keeps every request; `judge` says what it answers."""

    port: int
    received: list[Received] = field(default_factory=list)
    judge: Judge = lambda received: (202, {}, b"{}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def receiver(judge: Judge | None = None) -> Iterator[Receiver]:
    """A receiver that answers 202 unless `judge` says otherwise."""
    found = Receiver(0)
    if judge is not None:
        found.judge = judge
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got = Received(self.path, dict(self.headers.items()), body, self.command)
            with lock:
                found.received.append(got)
                status, headers, answer = found.judge(got)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    serving = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    serving.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
