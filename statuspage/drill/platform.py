"""The platform's pages and, on two more ports, the "internet" that the demo's anchors ask.

`python -m statuspage.drill.platform` prints {"port": …, "anchor_1": …, "anchor_2": …}.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

from statuspage.drill import http, service

_HTML = "text/html; charset=utf-8"
_PAGES = {
    "/": http.Reply("<!doctype html><title>Landing page</title><h1>Welcome</h1>\n", _HTML),
    "/login": http.Reply(
        '<!doctype html><title>Sign in</title><form method="post"><input name="user"><button>Sign in</button></form>\n',
        _HTML,
    ),
    "/healthz": http.Reply('{"status": "ok"}\n', "application/json"),
    "/generate_204": http.Reply(status=HTTPStatus.NO_CONTENT),
}
_MISSING = http.Reply("There is no such page.\n", status=HTTPStatus.NOT_FOUND)


async def answer(request: http.Request) -> http.Reply:
    return _PAGES.get(request.path, _MISSING)


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[Mapping[str, int]]:
    """Serve on 127.0.0.1; gives the platform's port and those of the two anchors."""
    async with AsyncExitStack() as stack:
        wanted = {"port": port, "anchor_1": 0, "anchor_2": 0}
        yield {name: await stack.enter_async_context(http.serving(answer, number)) for name, number in wanted.items()}


if __name__ == "__main__":
    service.main("A stand-in for the platform's pages and the demo's anchors.", serving)
