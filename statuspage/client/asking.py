"""A request that has an end: the time limit of a socket is for each piece, and a server may send a byte at a time."""

import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.request import AbstractHTTPHandler, HTTPHandler, HTTPSHandler, Request

Made = Callable[[HTTPConnection], None]


@contextmanager
def asked(request: Request, timeout: float) -> Iterator[HTTPResponse]:
    """The answer, whose head comes within `timeout` seconds. Raises OSError or HTTPException."""
    connections: list[HTTPConnection] = []
    over = threading.Event()

    def cut() -> None:
        over.set()
        for each in connections:
            with suppress(OSError, AttributeError):  # it was closed meanwhile
                # Not SSLSocket.shutdown, which would take the connection from under the thread that reads it.
                socket.socket.shutdown(each.sock, socket.SHUT_RDWR)

    end = threading.Timer(timeout, cut)
    end.daemon = True
    end.start()
    try:
        opener = urllib.request.build_opener(_Http(connections.append), _Https(connections.append))
        with opener.open(request, timeout=timeout) as answer:
            end.cancel()
            if over.is_set():  # A head that is cut off reads like one that is short.
                raise TimeoutError("the answer took too long")
            yield answer
    finally:
        end.cancel()


class _Watched(AbstractHTTPHandler):
    """Tells of each connection that it makes."""

    def __init__(self, made: Made) -> None:
        super().__init__()
        self._made = made

    def do_open(self, http_class: Any, req: Request, **more: Any) -> HTTPResponse:
        def make(*given: Any, **named: Any) -> HTTPConnection:
            connection: HTTPConnection = http_class(*given, **named)
            self._made(connection)
            return connection

        return super().do_open(make, req, **more)


class _Http(_Watched, HTTPHandler):
    pass


class _Https(_Watched, HTTPSHandler):
    pass
