"""The site with a route that streams for ever: each stream holds a blocking thread, as the product's own will."""

import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from statuspage.web import wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/stream-for-ever"
STREAM = b"GET " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def make_application() -> "WSGIApplication":
    """What granian loads in place of the site's own."""
    site = wsgi.make_application()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            return site(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return _endless()

    return application


def _endless() -> Iterator[bytes]:
    pause = threading.Event()
    while True:
        yield b":\n\n"
        pause.wait(5)
