"""A small HTTP/1.1 server over asyncio streams and h11, for pages of the drill: short requests, short answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import h11

_IDLE = 15.0
_MAX_BODY = 65536


@dataclass(frozen=True, slots=True)
class Request:
    """`path` without the query; header names in lower case, of repeated ones the last."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    body: str = ""
    kind: str = "text/plain; charset=utf-8"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Request], Awaitable[Reply]]


@asynccontextmanager
async def serving(answer: Answer, port: int = 0) -> AsyncIterator[int]:
    """Serve on 127.0.0.1 while entered; gives the port. Raises OSError where it is taken."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_handle(answer, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _handle(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    try:
        while True:
            async with asyncio.timeout(_IDLE):
                request = await _request(connection, reader)
            if request is None:
                return
            writer.write(_bytes(connection, request.method, await answer(request)))
            async with asyncio.timeout(_IDLE):
                await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()
    except h11.RemoteProtocolError as error:
        if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            bad = Reply("That is not an HTTP request.\n", status=HTTPStatus(error.error_status_hint))
            with suppress(h11.LocalProtocolError):
                writer.write(_bytes(connection, "GET", bad))
    except (OSError, TimeoutError):
        return
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _request(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    """The next request with its body; None where the client has gone."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MAX_BODY:
                raise h11.RemoteProtocolError("the body is too big", error_status_hint=413)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
            target = head.target.split(b"?")[0].decode("ascii", "replace")
            return Request(head.method.decode("ascii"), target, headers, bytes(body))
        else:
            return None


def _bytes(connection: h11.Connection, method: str, reply: Reply) -> bytes:
    body = reply.body.encode()
    headers = [("content-type", reply.kind), *reply.headers.items()]
    if reply.status is not HTTPStatus.NO_CONTENT:
        headers.append(("content-length", str(len(body))))
    out = connection.send(h11.Response(status_code=reply.status, reason=reply.status.phrase, headers=headers)) or b""
    if method != "HEAD" and body:
        out += connection.send(h11.Data(data=body)) or b""
    return out + (connection.send(h11.EndOfMessage()) or b"")
