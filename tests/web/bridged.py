"""An application that does what applications may do, served through the bridge in place of the site's own."""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statuspage.web import environ as environs
from statuspage.web import streams, wsgi
from statuspage.web.rsgi import Site
from statuspage.web.shown import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TEXT = [("Content-Type", "text/plain")]
counts = {"busy": 0, "read": 0, "streams": 0}


class Endless:
    """Chunks without an end, each as soon as the one before it was taken."""

    def __init__(self, chunk: bytes) -> None:
        self._chunk = chunk
        counts["streams"] += 1

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self._chunk
            if len(self._chunk) < 100:
                threading.Event().wait(0.02)

    def close(self) -> None:
        counts["streams"] -= 1


def environ(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    told = {name: value for name, value in environ.items() if isinstance(value, str | bool | tuple)}
    return [json.dumps(told).encode()]


def echo(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    counts["read"] += 1
    start("200 OK", [*TEXT, ("X-Length", str(len(body)))])
    return [body]


def lines(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    first = environ["wsgi.input"].readline()
    return [json.dumps([each.decode() for each in (first, *environ["wsgi.input"])]).encode()]


def three(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    yield from (b"one,", b"", b"two,", b"three")


def busy(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    counts["busy"] += 1
    while not Path(environ["QUERY_STRING"]).exists():
        threading.Event().wait(0.02)
    start("200 OK", TEXT)
    return [b"done"]


def state(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    return [json.dumps(counts).encode()]


def endless(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/event-stream")])
    return Endless(b"x" * 65536 if environ["QUERY_STRING"] == "large" else b": here\n\n")


def written(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    write = start("200 OK", TEXT)
    write(b"written, ")
    return [b"returned"]


def replaced(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    try:
        raise ValueError("thought better of it")
    except ValueError:
        start("418 I'm a teapot", TEXT, sys.exc_info())
    return [b"replaced"]


def raises(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    raise ValueError("at once")


def silent(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    return [b"no head"]


def twice(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    start("200 OK", TEXT)
    return [b"twice"]


def breaks(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    if environ:
        raise ValueError("before the first chunk")
    yield b""


def breaks_late(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    start("200 OK", TEXT)
    yield b"the beginning"
    try:
        raise ValueError("in the middle")
    except ValueError:
        start("500 Internal Server Error", TEXT, sys.exc_info())


ROUTES: "dict[str, Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]]" = {
    f"/test/{each.__name__}": each
    for each in (
        environ, echo, lines, three, busy, state, endless, written, replaced, raises, silent, twice, breaks,
        breaks_late,
    )
}  # fmt: skip


class Tried(Site):
    """The site, with the routes of this file before its own."""

    def __init__(self, shown: Shown, app: "WSGIApplication") -> None:
        def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            for prefix, route in ROUTES.items():
                if path == prefix or path.startswith(f"{prefix}/"):
                    return route(environ, start)
            return app(environ, start)

        super().__init__(shown, application)


def make_application() -> Site:
    """What granian loads in place of the site's own."""
    shipped: Any = wsgi
    shipped.Site = Tried
    return wsgi.make_application()


def make_impatient() -> Site:
    """The same, with a second for a body to come."""
    shipped: Any = environs
    shipped.PATIENCE = 1.0
    return make_application()


def make_silent() -> Site:
    """The same, with streams that say nothing while there is no news."""
    shipped: Any = streams
    shipped.HEARTBEAT = 3600.0
    return make_application()
