"""What granian calls for every request: finished bytes from the loop itself, anything else through the bridge.

A hand-over to one of 64 threads costs more than all the rest of answering from a table. So the loop answers what needs
no thinking and never waits, and threads do what may wait.
"""

import asyncio
import signal
from typing import TYPE_CHECKING, Any

from granian.rsgi import HTTPProtocol, Scope

from statuspage.web.bridge import Bridge
from statuspage.web.environ import joined
from statuspage.web.errors import error_body, error_headers
from statuspage.web.middleware import look_up, reply
from statuspage.web.shown import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Site:
    """The site of one worker. `app` answers what is not prebuilt, and refuses what is asked of it in a wrong way."""

    def __init__(self, shown: Shown, app: "WSGIApplication") -> None:
        self._shown, self._bridge = shown, Bridge(shown, app)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._bridge.start()
        # granian listens to the signal through the loop, which the descriptor for signals wakes whoever handles them.
        signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(self._bridge.end_streams))

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._bridge.leave()
        loop.run_until_complete(asyncio.sleep(0))

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        answer = look_up(self._shown, scope.path, scope.query_string)
        if answer is not None:
            fields: Any = scope.headers
            found = reply(answer, scope.method, joined(fields, "accept-encoding"), joined(fields, "if-none-match"))
            if found is not None:
                status, headers, body = found
                if body:
                    protocol.response_bytes(status, headers, body[0])
                else:
                    protocol.response_empty(status, headers)
                return
        if answer is not None and "transfer-encoding" in scope.headers:
            self._refuse(protocol)
        else:
            await self._bridge.answer(scope, protocol)

    def _refuse(self, protocol: HTTPProtocol) -> None:
        """Nobody has a body of unknown length for a page, and the connection ends with it.

        With another length beside it, which the server has taken away by now, it is how a request is smuggled past a
        proxy (RFC 9112 §6.3).
        """
        body, content_type = error_body(400, self._shown.name, as_json=False)
        headers = error_headers(400, content_type, len(body), https=self._shown.https, cross_origin=False)
        protocol.response_bytes(400, [*headers, ("Connection", "close")], body)
