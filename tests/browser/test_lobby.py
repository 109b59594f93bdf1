"""The demo's lobby in Chromium: Firebase falls silent, and nobody looks at "Connecting" for longer than the limit."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_public_pages import axe, violations
from tests.drill.test_demo import two_ports
from tests.processes import started
from tests.waiting import wait_for

__all__ = ["axe"]

CHAT, QA = "realtime.session-chat", "realtime.session-qa"
LIMIT, POLL, SLACK = 3.0, 3.0, 2.0
"""Seconds: `max_wait` of the demo, its lobby's longest time between two readings, and what a shared machine may add."""

WATCH = """
window.seen = [];
new MutationObserver((changes) => {
  for (const { target } of changes) {
    const { route, state, target: provider } = target.dataset;
    if (route) window.seen.push({ route, state, provider, at: performance.now() });
  }
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state", "data-target"] });
"""


class Demo:
    """A running demo, by its port; the console has the next one."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lobby = f"http://127.0.0.1:{port + 1}/demo/lobby"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return json.load(answer)

    def act(self, provider: str, fault: str) -> None:
        """Press a button of the console."""
        at = f"http://127.0.0.1:{self.port + 1}/faults/{provider}/{fault}"
        urllib.request.urlopen(urllib.request.Request(at, method="POST"), timeout=20).close()

    def target(self) -> str:
        """Where the directive of the chat points."""
        return str(self.get("/directives.json")["routes"][CHAT]["target"])

    def is_well(self) -> bool:
        """Whether everything is operational and the chat is at home."""
        with suppress(OSError):
            found = self.get("/api/v1/summary.json")["components"]
            return self.target() == "firebase" and all(each["status"] == "operational" for each in found)
        return False


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    port = two_ports()
    with started("demo", "--port", str(port), log=tmp_path_factory.mktemp("demo") / "log"):
        found = Demo(port)
        wait_for(found.is_well, "everything is operational", 90)
        yield found


def enter(browser: Browser, demo: Demo, **look: Any) -> Page:
    """The lobby in a browser of its own, with what its modules show written down."""
    page = browser.new_context(**look).new_page()
    page.add_init_script(WATCH)
    page.goto(demo.lobby)
    return page


def module(page: Page, route: str = CHAT) -> Any:
    return page.locator(f'[data-route="{route}"]')


def says(page: Page, text: str, within: float = 30.0) -> None:
    """Both modules come to show that."""
    for route in (CHAT, QA):
        expect(module(page, route).get_by_role("status")).to_contain_text(text, timeout=within * 1000)


def write(page: Page, text: str, route: str = CHAT) -> None:
    field = module(page, route).get_by_role("textbox")
    field.fill(text)
    field.press("Enter")


def heard(page: Page, text: str, route: str = CHAT) -> None:
    expect(module(page, route).locator("[data-is=said]")).to_contain_text(text)


def longest_connecting(page: Page) -> float:
    """Seconds that a module showed "Connecting" at a stretch, the longest of all."""
    seen: Sequence[Mapping[str, Any]] = page.evaluate("window.seen")
    now = page.evaluate("performance.now()")
    longest = 0.0
    for route in (CHAT, QA):
        mine = [{"state": "connecting", "at": 0.0}, *(each for each in seen if each["route"] == route)]
        mine.append({"state": "", "at": now})
        began: float | None = None
        for each in mine:
            if each["state"] == "connecting":
                began = each["at"] if began is None else began
            elif began is not None:
                longest, began = max(longest, each["at"] - began), None
    return longest / 1000


@pytest.mark.timeout(240)
def test_firebase_falls_silent_and_the_lobby_goes_on_through_native(browser: Browser, demo: Demo) -> None:
    one, two = enter(browser, demo), enter(browser, demo)
    for page in (one, two):
        says(page, "Connected through Firebase Web Sockets")
    write(one, "Hello from one")
    heard(two, "Hello from one")
    write(two, "Will there be slides?", QA)
    heard(one, "Will there be slides?", QA)

    demo.act("firebase", "silence")
    for page in (one, two):
        says(page, "Limited: You can watch, listen and browse as always")
        expect(module(page).get_by_role("textbox")).to_be_disabled()
    wait_for(lambda: demo.target() == "native", "the directive names native", 60)
    told = time.monotonic()
    ramp = demo.get("/directives.json")["routes"][CHAT]["ramp"]
    newcomer = enter(browser, demo)
    for page in (one, two, newcomer):
        says(page, "Connected through Native Web Sockets")
    assert time.monotonic() - told < POLL + ramp["wait_s"] + ramp["seconds"] + LIMIT + SLACK

    write(one, "After the move")
    heard(two, "After the move")
    heard(newcomer, "After the move")
    write(newcomer, "Where are the slides?", QA)
    heard(one, "Where are the slides?", QA)
    for page in (one, two, newcomer):
        assert longest_connecting(page) < LIMIT + SLACK
    demo.act("firebase", "mend")


@pytest.mark.timeout(240)
def test_with_both_silent_the_lobby_is_limited_and_comes_back(browser: Browser, demo: Demo) -> None:
    page = enter(browser, demo)
    says(page, "Connected through")
    demo.act("all", "together")
    says(page, "Limited:")
    late = enter(browser, demo)
    says(late, "Limited:", LIMIT + SLACK)
    wait_for(lambda: demo.target() == "limited", "the directive is limited", 60)
    demo.act("all", "mend")
    for each in (page, late):
        says(each, "Connected through", 90)
        assert longest_connecting(each) < LIMIT + SLACK


def test_the_lobby_keeps_to_its_policy_and_speaks_with_nobody_else(browser: Browser, demo: Demo) -> None:
    page, trouble, asked = browser.new_context().new_page(), list[str](), set[str]()
    page.on("console", lambda message: trouble.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: asked.add(request.url))
    answer = page.goto(demo.lobby)
    assert answer is not None
    says(page, "Connected through")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src http://127.0.0.1:")
    assert trouble == []
    assert all(re.match(rf"http://127\.0\.0\.1:({demo.port}|{demo.port + 1})/", each) for each in asked)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! type=\"module\" src=)", answer.text())


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_in_the_lobby(browser: Browser, demo: Demo, axe: str, scheme: Any, width: int) -> None:
    look = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    page = enter(browser, demo, **look)
    says(page, "Connected through")
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_javascript_it_says_so_and_the_console_leads_here(browser: Browser, demo: Demo) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(demo.lobby.removesuffix("/lobby"))
    page.get_by_role("link", name="Lobby", exact=True).click()
    expect(module(page).get_by_role("status")).to_have_text("This needs JavaScript.")


def test_the_site_serves_the_same_script(demo: Demo) -> None:
    found = [
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read()
        for port, path in ((demo.port, "/static/realtime.js"), (demo.port + 1, "/demo/realtime.js"))
    ]
    assert found[0] == found[1] == (Path(__file__).parents[2] / "statuspage/web/static/realtime.js").read_bytes()
