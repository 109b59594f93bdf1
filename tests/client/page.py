"""A status page that serves one document of directives, well or badly, and hears beacons."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.client.documents import AT


class Page:
    """`fault` is None, `broken` (500), `silent` (no answer), `drips` (a byte now and then) or `drips its head`.

    A document that is bytes is sent as it is.
    """

    def __init__(self) -> None:
        self.document: Any = {}
        self.now: datetime = AT
        self.headers: dict[str, str] = {}
        self.fault: str | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.unchanged = 0
        self.beacons: list[bytes] = []
        self.over = threading.Event()
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    page: Page

    def do_GET(self) -> None:
        page, told = self.page, self.page.document
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        page.asked.append((self.path, dict(self.headers.items())))
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if page.fault == "silent":
            page.over.wait(30)
            return
        if page.fault == "drips its head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 50_000)
            return
        if page.fault == "broken":
            self._start(500, {"Content-Length": "0"})
        elif self.headers["If-None-Match"] == etag:
            page.unchanged += 1
            self._start(304, {"ETag": etag})
        else:
            self._start(200, {"ETag": etag, "Content-Type": "application/json", "Content-Length": str(len(body))})
            if page.fault == "drips":
                self._drip(body)
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.page.beacons.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._start(204, {})

    def _start(self, code: int, headers: dict[str, str]) -> None:
        self.send_response_only(code)
        for name, value in (
            {"Date": format_datetime(self.page.now, usegmt=True)} | headers | self.page.headers
        ).items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self, body: bytes) -> None:
        for byte in body:
            if self.page.over.wait(0.1):
                return
            self.wfile.write(bytes([byte]))

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return  # the client has gone

    def log_message(self, format: str, *args: Any) -> None:
        return


@contextmanager
def serving() -> Iterator[Page]:
    """A page on a free port of 127.0.0.1."""
    page = Page()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"page": page}))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    page.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield page
    finally:
        page.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
