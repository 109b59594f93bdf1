"""A real web process: granian with its workers, as `statuspage web` starts it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from tests.web.served import eventually

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from statuspage.web.serve import Listen, serve
from statuspage.web.wsgi import WebConfig
public, store, port, workers = sys.argv[1:]
sys.exit(serve(Listen("127.0.0.1", int(port), int(workers)), WebConfig(public, store)))
"""

LOGGING = PROGRAM.replace("\npublic, store", "\nfrom statuspage import logs; logs.setup()\npublic, store", 1)
"""The same with logs as the command sets them up."""

STREAM = b"GET /ofrep/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
"""A request for notices: an answer without an end, on a thread of its own."""


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Web:
    """A running web process and where it listens."""

    process: "subprocess.Popen[str]"
    port: int

    def get(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[HTTPResponse, bytes]:
        """One request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def says(self, text: str, path: str = "/") -> bool:
        """Whether the page says so by now."""
        with suppress(OSError):
            answer, body = self.get(path)
            return answer.status == 200 and text in body.decode()
        return False

    def answers(self) -> bool:
        """Whether anything answers at all."""
        with suppress(OSError):
            return self.get("/healthz")[0].status in (200, 503)
        return False

    def raw(self, request: bytes) -> bytes:
        """The first bytes of the answer to exactly these bytes; empty when the server only closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            with suppress(ConnectionResetError):
                return connection.recv(65536)
        return b""

    def children(self) -> list[int]:
        """The process ids of the workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(each) for each in listed.split()]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end: the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


def start(
    public: Path, store_url: str, port: int, workers: int = 1, *, session: bool = False, program: str = PROGRAM
) -> Web:
    """Start it and return at once. With `session` it leads a process group of its own, as in a terminal."""
    command = [sys.executable, "-c", program, str(public), store_url, str(port), str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=session
    )
    return Web(process, port)


@contextmanager
def running(
    public: Path, store_url: str, workers: int = 1, port: int | None = None, program: str = PROGRAM
) -> Iterator[Web]:
    """A web process that answers; ended on leaving, if it still runs."""
    web = start(public, store_url, port or free_port(), workers, program=program)
    try:
        eventually(web.answers, 30)
        yield web
    finally:
        if web.process.poll() is None:
            web.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            web.process.wait(20)
        web.process.kill()
        web.process.wait()
        if web.process.stdout is not None:
            web.process.stdout.close()
