"""A request of RSGI as WSGI wants it: the environment of CGI, and a body that can be read from a thread."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from granian.rsgi import HTTPProtocol, Scope

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import WSGIEnvironment

READ_FIRST = 64 * 1024
"""What anybody may send. The forms of who is signed in may be longer: the thread that knows so reads the rest."""

PATIENCE = 30.0
"""Seconds for the whole of a body to come: one that drips would hold its connection, or a thread, for ever."""


def joined(fields: Any, name: str) -> str | None:
    """All values of a header as one, None without any."""
    values = fields.get_all(name)
    return ",".join(values) if values else None


def environ_of(scope: Scope, body: "Body") -> "WSGIEnvironment":
    """The environment. A header with an underscore could pass for the one with a hyphen, and is left out."""
    fields: Any = scope.headers
    server, port = _address(scope.server)
    environ: dict[str, Any] = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SCRIPT_NAME": "",
        "SERVER_SOFTWARE": "Granian",
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": _address(scope.client)[0],
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "HTTP_HOST": scope.authority or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BufferedReader(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name in fields:
        if name in ("content-type", "content-length"):
            environ[name.upper().replace("-", "_")] = fields.get(name, "")
        elif "_" not in name:
            environ["HTTP_" + name.upper().replace("-", "_")] = joined(fields, name) or ""
    return environ


def _address(text: str) -> tuple[str, str]:
    """Address and port of `192.0.2.1:80` or `[fe80::1%2]:80`, the address without brackets and zone."""
    address, _, port = text.rpartition(":")
    return address.strip("[]").partition("%")[0], port


class Body(io.RawIOBase):
    """The body of a request: what the loop has read, then piece by piece as a thread asks for it.

    Raises ConnectionError where it breaks off, so that half of a form never passes for the whole, and TimeoutError
    where it does not come.
    """

    def __init__(self, scope: Scope, protocol: HTTPProtocol, loop: asyncio.AbstractEventLoop) -> None:
        length = scope.headers.get("content-length", "")
        self._length = int(length) if length.isdecimal() else None
        self._over = self._length == 0 or (self._length is None and "transfer-encoding" not in scope.headers)
        self._protocol, self._loop = protocol, loop
        self._pieces: AsyncIterator[bytes] | None = None
        self._came, self._held, self._until = 0, bytearray(), loop.time() + PATIENCE

    async def read_first(self) -> None:
        """Read what anybody may send. What says that it is longer waits for who may read it: most refuse it unread."""
        if (self._length or 0) <= READ_FIRST:
            while len(self._held) <= READ_FIRST and (piece := await self._next()):
                self._held += piece

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """On a thread: some bytes, none at the end."""
        view = memoryview(buffer)
        if not self._held and not self._over:
            self._held += asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        count = min(len(view), len(self._held))
        view[:count] = self._held[:count]
        del self._held[:count]
        return count

    async def _next(self) -> bytes:
        """The next piece, empty at the end. The end is one empty piece; a broken body has a second one."""
        if self._over:
            return b""
        async with asyncio.timeout_at(self._until):
            self._pieces = self._pieces or aiter(self._protocol)
            piece = await _piece(self._pieces) or b""
            self._came += len(piece)
            self._over = not piece
            if self._over and (self._came < (self._length or 0) or await _piece(self._pieces) is not None):
                raise ConnectionError("the body broke off")
        return piece


async def _piece(pieces: AsyncIterator[bytes]) -> bytes | None:
    """`anext(pieces, None)`, which kills older interpreters where the end comes at once (measured with 3.11.7)."""
    try:
        return await anext(pieces)
    except StopAsyncIteration:
        return None
