"""Answers requests of the loop by a WSGI application, each on a thread of a pool of our own.

A stream and a request that waits for the database keep a thread each; pages wait for none of them. A body is read on
the loop before a thread is taken, up to what anybody may send, so that whoever sends slowly holds no thread.

granian's RSGI takes chunks of a stream without end (measured: 100 MB for a client that reads nothing), so what one
stream may send in all is bounded here.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope

from statuspage.web.environ import Body, environ_of
from statuspage.web.errors import refuse
from statuspage.web.headers import Headers
from statuspage.web.shown import Shown
from statuspage.web.streams import GONE

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

BLOCKING_THREADS = 64
MOST_STREAMED = 1024 * 1024
"""Bytes that a stream may send, read or not. A stream of notices ends by its age, long before."""

Answered = tuple[int, Headers, bytes]
log = logging.getLogger(__name__)


class Gone(Exception):
    """There is nobody left to send to."""


class Bridge:
    """The application of one worker and its threads. What does not say that it runs on a thread runs on the loop."""

    def __init__(self, shown: Shown, app: "WSGIApplication") -> None:
        self._shown, self._app = shown, app
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._under_way: dict[asyncio.Future[Answered | None], _Stream] = {}

    def start(self) -> None:
        """Start the threads: daemons, so that the end of the worker waits for none of them."""
        for number in range(BLOCKING_THREADS):
            threading.Thread(target=self._work, name=f"statuspage-request-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            self._tasks.get()()

    def end_streams(self) -> None:
        """End what has no end of its own: before it ends, a worker waits for its connections."""
        for done, stream in self._under_way.items():
            stream.end()
            if stream.begun:
                _settle(done, None)

    def leave(self) -> None:
        """Let go of what threads are still busy with, for nobody waits for it any more."""
        for done in self._under_way:
            _settle(done, None)

    async def answer(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer this request, whatever happens."""
        loop = asyncio.get_running_loop()
        body = Body(scope, protocol, loop)
        environ = environ_of(scope, body)
        answered: Answered | None
        try:
            await body.read_first()
        except OSError as error:
            answered = self._refusal(408 if isinstance(error, TimeoutError) else 400, environ)
        else:
            stream, done = _Stream(protocol, loop, self._shown.wake), loop.create_future()
            environ[GONE] = stream.gone
            self._under_way[done] = stream

            def run() -> None:
                found = self._run(environ, stream)
                with suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(_settle, done, found)

            self._tasks.put(run)
            answered = await done
            del self._under_way[done]
            stream.unwatch()
        if answered is not None:
            status, headers, content = answered
            if content:
                protocol.response_bytes(status, headers, content)
            else:
                protocol.response_empty(status, headers)

    def _run(self, environ: "WSGIEnvironment", stream: "_Stream") -> Answered | None:
        """On a thread: the whole answer, or None when it was streamed."""
        try:
            return _respond(self._app, environ, stream)
        except Gone:
            return None
        except BaseException:
            log.exception("a request failed")
            return None if stream.begun else self._refusal(500, environ)

    def _refusal(self, code: int, environ: "WSGIEnvironment") -> Answered:
        head = _Head()
        body = refuse(code, self._shown, environ, head, [])
        return head.status, head.headers, b"".join(body)


def _settle(done: "asyncio.Future[Answered | None]", answered: Answered | None) -> None:
    if not done.done():
        done.set_result(answered)


def _respond(app: "WSGIApplication", environ: "WSGIEnvironment", stream: "_Stream") -> Answered | None:
    """Call the application. What says its length goes out whole, for it is in memory; anything else by chunks."""
    head = _Head()
    result = app(environ, head)
    try:
        chunks = iter(result)
        first = next((chunk for chunk in chunks if chunk), b"")  # only by now must start_response have been called
        if not head.status:
            raise RuntimeError("the application never called start_response")
        if environ["REQUEST_METHOD"] == "HEAD":
            return head.status, head.headers, b""
        if not first or isinstance(result, list) or any(name.lower() == "content-length" for name, _ in head.headers):
            return head.status, head.headers, b"".join([*head.written, first, *chunks])
        head.sent = stream.begun = True
        stream.send(b"".join([*head.written, first]), head)
        for chunk in chunks:
            stream.send(chunk, head)
        return None
    finally:
        if hasattr(result, "close"):
            result.close()


class _Head:
    """The start_response of one request (PEP 3333)."""

    def __init__(self) -> None:
        self.status, self.headers, self.written, self.sent = 0, Headers(), list[bytes](), False

    def __call__(
        self,
        status: str,
        headers: Headers,
        exc_info: "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None" = None,
        /,
    ) -> Callable[[bytes], object]:
        if exc_info is not None and exc_info[1] is not None and self.sent:
            raise exc_info[1].with_traceback(exc_info[2])
        if exc_info is None and self.status:
            raise RuntimeError("start_response was called twice")
        self.status, self.headers = int(status[:3]), headers
        return self.written.append


class _Stream:
    """Chunks from a thread to a client: the thread waits until each is taken, and hears when nobody is left."""

    def __init__(self, protocol: HTTPProtocol, loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
        self._protocol, self._loop, self._wake = protocol, loop, wake
        self._transport: Any = None
        self._watch: asyncio.Task[None] | None = None
        self.gone = threading.Event()
        self._left, self._ended, self.begun = MOST_STREAMED, False, False

    def send(self, chunk: bytes, head: _Head) -> None:
        """On a thread: send a chunk, the head before the first. Raises Gone where nothing can be sent any more."""
        self._left -= len(chunk)
        if self._left < 0:
            log.warning("a stream was ended: it had more than %d bytes", MOST_STREAMED)
            raise Gone
        if self._ended:
            raise Gone
        asyncio.run_coroutine_threadsafe(self._send(chunk, head), self._loop).result()

    async def _send(self, chunk: bytes, head: _Head) -> None:
        if self._ended:
            raise Gone
        if self._transport is None:
            self._transport = self._protocol.response_stream(head.status, head.headers)
            self._watch = self._loop.create_task(self._hear_of_the_end())
        try:
            await self._transport.send_bytes(chunk)
        except ProtocolClosed:
            raise Gone from None

    async def _hear_of_the_end(self) -> None:
        """Sending tells that a client is gone, but a stream may have nothing to send for long."""
        await self._protocol.client_disconnect()
        self.gone.set()
        self._wake()

    def unwatch(self) -> None:
        """There is nothing to watch any more."""
        if self._watch is not None:
            self._watch.cancel()

    def end(self) -> None:
        """End the answer: the server does so where nobody holds the transport."""
        self._ended, self._transport = True, None
