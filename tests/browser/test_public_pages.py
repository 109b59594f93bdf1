"""The public pages in Chromium: by keyboard, without JavaScript, narrow, dark, and changing by themselves."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from statuspage.core.status import Status
from statuspage.store import Store
from tests.interop.npm import install
from tests.web.processes import Web, running
from tests.web.served import beat, eventually, move, seeded_store

Site = tuple[Web, Store]
COMPONENT = "/components/fg5ctxf4d3ml"
PATHS = ["/", COMPONENT, "/nope"]


@contextmanager
def opened(browser: Browser, web: Web, path: str, **context: Any) -> Iterator[Page]:
    """A page in a fresh context, ready."""
    found = browser.new_context(**context)
    try:
        page = found.new_page()
        page.goto(f"http://127.0.0.1:{web.port}{path}")
        yield page
    finally:
        found.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    folder = install("axe", {"private": True, "dependencies": {"axe-core": "4.10.3"}})
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(browser: Browser, site: Site, axe: str, path: str, scheme: str, width: int) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    with opened(browser, site[0], path, **look) as page:
        for closed in page.locator("details:not([open]) > summary").all():
            closed.click()
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run()).violations")
        told = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]
        assert told == []


def test_everything_is_there_without_javascript(browser: Browser, site: Site) -> None:
    with opened(browser, site[0], "/", java_script_enabled=False) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Partial System Outage")
        expect(page.get_by_text("Major outage: Firebase Web Sockets.")).to_be_visible()
        expect(page.locator(".row")).to_have_count(20)
        expect(page.locator("#beat")).to_contain_text("Last check")
        page.get_by_role("link", name="Firebase Web Sockets").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Firebase Web Sockets")
        expect(page.get_by_text("Major outage since")).to_be_visible()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [320, 390, 700, 1060, 1280])
def test_no_page_scrolls_sideways(browser: Browser, site: Site, path: str, width: int) -> None:
    with opened(browser, site[0], path, viewport={"width": width, "height": 800}) as page:
        for closed in page.locator("details:not([open]) > summary").all():
            closed.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.querySelectorAll('h1, .name, .row .state, .up')].every("
                             "each => each.getBoundingClientRect().right <= innerWidth + 0.5)")  # fmt: skip


def test_the_keyboard_reaches_the_skip_link_groups_and_components(browser: Browser, site: Site) -> None:
    with opened(browser, site[0], "/") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to content"
        assert page.evaluate("document.activeElement.getBoundingClientRect().width") > 50
        seen: list[str] = []
        for _ in range(60):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.textContent"))
        assert [each for each in seen if each.startswith("SUMMARY Realtime providers")]
        assert "A Firebase Web Sockets" in seen
        assert "A API" in seen


def test_a_group_closes_and_opens_by_key(browser: Browser, site: Site) -> None:
    with opened(browser, site[0], "/") as page:
        page.locator("#g1 > summary").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#g1 .row").first).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator("#g1 .row").first).to_be_visible()


@pytest.mark.parametrize("path", [*PATHS, "/components/nope"])
def test_no_request_goes_elsewhere_and_nothing_breaks_the_policy(browser: Browser, site: Site, path: str) -> None:
    context = browser.new_context()
    asked: list[str] = []
    said: list[str] = []
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"http://127.0.0.1:{site[0].port}{path}")
        page.wait_for_load_state("networkidle")
    finally:
        context.close()
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{site[0].port}"}
    assert len([url for url in asked if "/static/" in url]) <= 3
    missing = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert [text for text in said if text != missing] == []


def poll(page: Page) -> None:
    """Do not wait for the interval: becoming visible polls too."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Poll as a visitor who looks away and back would, until it holds."""

    def attempt() -> bool:
        poll(page)
        page.wait_for_timeout(100)
        return holds()

    eventually(attempt, 20)


def test_the_page_changes_by_itself_keeps_its_live_node_what_was_closed_and_the_focus(
    browser: Browser, folder: Path
) -> None:
    address, store = seeded_store(folder)
    with running(folder / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        with opened(browser, web, "/") as page:
            page.locator("#g3 > summary").click()
            page.get_by_role("link", name="Inbox").first.focus()
            page.evaluate("window.kept = document.getElementById('beat')")
            move(store, "inbox", Status.OPERATIONAL, Status.MAJOR, datetime.now(UTC))
            until(page, lambda: page.get_by_role("heading", level=1).text_content() == "Partial System Outage")
            assert page.title() == "InEvent Status: Partial System Outage"
            assert page.locator(".mast").get_attribute("data-s") == "major"
            assert page.evaluate("document.getElementById('beat') === window.kept && window.kept.isConnected")
            assert page.locator("#beat").get_attribute("role") == "status"
            assert page.locator("#g3").get_attribute("open") is None
            assert page.locator("#g2").get_attribute("open") is not None
            assert page.evaluate("document.activeElement.textContent") == "Inbox"
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            shape = page.locator("#g2 .row", has_text="Inbox").locator("use").bounding_box()
            assert shape is not None
            assert shape["width"] > 5
    store.close()


def test_a_dead_web_is_told_and_its_return_too(browser: Browser, folder: Path) -> None:
    address, store = seeded_store(folder)
    with running(folder / "public", address) as web:
        eventually(lambda: web.says("All Systems Operational"))
        with opened(browser, web, "/") as page:
            web.end()
            until(page, lambda: "Connection lost" in (page.locator("#beat").text_content() or ""))
            assert (page.locator("#beat").text_content() or "").count("Connection lost") == 1
            expect(page.get_by_role("heading", level=1)).to_have_text("All Systems Operational")
            beat(store, datetime.now(UTC))
            with running(folder / "public", address, port=web.port) as again:
                eventually(lambda: again.says("All Systems Operational"))
                until(page, lambda: "Connection lost" not in (page.locator("#beat").text_content() or ""))
    store.close()


def test_times_can_be_shown_in_the_visitors_zone_and_the_choice_is_kept(browser: Browser, site: Site) -> None:
    with opened(browser, site[0], COMPONENT, timezone_id="Asia/Tokyo", locale="en-GB") as page:
        first = page.locator(".lead time")
        of_the_site = first.text_content() or ""
        assert of_the_site.endswith("UTC")
        page.get_by_role("button", name="Local times").click()
        assert "GMT+9" in (first.text_content() or "")
        assert first.get_attribute("title") == of_the_site
        page.reload()
        assert "GMT+9" in (page.locator(".lead time").text_content() or "")
        page.get_by_role("button", name="times").click()
        assert page.locator(".lead time").text_content() == of_the_site


def test_the_theme_can_be_switched_and_follows_the_system_before(browser: Browser, site: Site) -> None:
    def ground(page: Page) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    with opened(browser, site[0], "/", color_scheme="dark") as page:
        assert ground(page) == "rgb(16, 20, 24)"
        page.get_by_role("button", name="Light").click()
        assert ground(page) == "rgb(255, 255, 255)"
        page.reload()
        assert ground(page) == "rgb(255, 255, 255)"
        page.emulate_media(media="print")
        assert ground(page) == "rgb(255, 255, 255)"


def test_paper_and_forced_colours_keep_words_and_shapes(browser: Browser, site: Site) -> None:
    with opened(browser, site[0], "/", color_scheme="dark", forced_colors="active") as page:
        expect(page.get_by_text("Major outage", exact=True).first).to_be_visible()
        page.locator("#g1 > summary").click()
        page.emulate_media(media="print", forced_colors="none")
        expect(page.locator("#g1 .row").first).to_be_visible()
        expect(page.locator(".top nav")).to_be_hidden()
