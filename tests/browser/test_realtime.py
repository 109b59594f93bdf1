"""The browser example of docs/clients.md on a page of another origin, with a real site and a real WebSocket server."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from statuspage.core.state import Decision
from statuspage.drill import native
from statuspage.store import Store
from tests.client.documents import AT, limited, moved
from tests.client.site import example, serving
from tests.web.processes import Web
from tests.web.served import eventually

PAGE = (
    """<!doctype html><title>An application</title><p id="banner">-</p><script type="module" src="/app.js"></script>"""
)
APPLICATION = """
const banner = document.getElementById("banner"), firebase = () => Promise.reject(new Error("not in this example"));
window.states = [];
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, Store]]:
    with serving(tmp_path_factory.mktemp("realtime")) as found:
        yield found


@pytest.fixture
def live() -> Iterator[int]:
    """The port of a native WebSocket server."""
    ready, over, port = threading.Event(), asyncio.Event(), list[int]()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with native.serving() as ports:
            port.append(ports["port"])
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(20)
    yield port[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(20)
    loop.close()


@pytest.fixture
def application(site: tuple[Web, Store], live: int) -> Iterator[str]:
    """The address of a page that is somebody else's, with the example as its script."""
    code = example("import { Realtime }").replace("https://status.example.com", f"http://127.0.0.1:{site[0].port}")
    code = code.replace("wss://live.example.com", f"ws://127.0.0.1:{live}").replace(
        "onstate: ({ state, text }) => {", "onstate: ({ state, text }) => { window.states.push(state);"
    )
    policy = (
        "default-src 'none'; "
        f"script-src 'self' http://127.0.0.1:{site[0].port}; "
        f"connect-src http://127.0.0.1:{site[0].port} ws://127.0.0.1:{live}"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_script = self.path == "/app.js"
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((APPLICATION + code if is_script else PAGE).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_example_connects_where_a_real_site_says_and_hears_of_limited_mode(
    browser: Browser, site: tuple[Web, Store], application: str
) -> None:
    page, trouble = browser.new_context().new_page(), list[str]()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(application)
    banner = page.locator("#banner")
    expect(banner).to_have_text("", timeout=20_000)
    assert page.evaluate("window.states") == ["connecting", "connected"]
    kept = page.evaluate("Object.keys(localStorage).map((key) => key.split('@')[0]).sort()")
    assert kept == ["statuspage.client", "statuspage.directives"]
    assert page.context.cookies() == []
    site[1].transact(lambda _: Decision(routes=(limited(epoch=3),)), AT)
    expect(banner).to_have_text("Limited: You can watch as always.", timeout=30_000)
    site[1].transact(lambda _: Decision(routes=(moved(epoch=4),)), AT)
    eventually(lambda: site[0].says('"target":"native"', "/directives.json"))
    page.reload()
    expect(banner).to_have_text("", timeout=20_000)
    assert trouble == []


def test_a_page_that_starts_while_the_site_is_away_goes_by_what_it_kept(
    browser: Browser, site: tuple[Web, Store], application: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(application)
    expect(page.locator("#banner")).to_have_text("", timeout=20_000)
    context.route("**/directives.json", lambda route: route.abort())
    page.reload()
    expect(page.locator("#banner")).to_have_text("", timeout=20_000)
    assert page.evaluate("window.states") == ["connecting", "connected"]
