"""The public pages in Chromium: by keyboard, without JavaScript, narrow, dark, and changing by themselves."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from statuspage.core.incident import Incident, Update
from statuspage.core.site import public_id
from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.store import Store
from tests.interop.npm import install
from tests.interop.recipes import AXE
from tests.web.processes import Web, running
from tests.web.served import beat, eventually, move, seeded_store
from tests.web.snapshots import make_incident, open_incident, sep13, told_snapshot

Site = tuple[Web, Store]
COMPONENT = "/components/fg5ctxf4d3ml"
PATHS = ["/", COMPONENT, "/nope"]
OPEN, PAST = (f"/incidents/{each.id}" for each in (open_incident(), sep13()))
PLANNED = f"/incidents/{public_id('maintenance', 'Second cache node')}"
FILTERED = f"/history?component={COMPONENT.rpartition('/')[2]}"
TOLD = ["/", OPEN, PAST, PLANNED, "/history", "/history?page=2", FILTERED, COMPONENT]


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
    folder = install(AXE)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site on a day on which something goes on, is planned, and was."""
    address, store = seeded_store(tmp_path_factory.mktemp("told"))
    now = datetime.now(UTC)
    move(store, "firebase-web-sockets", Status.OPERATIONAL, Status.MAJOR, now)
    move(store, "networking", Status.OPERATIONAL, Status.PARTIAL, now)
    tell(store, told_snapshot(now).incidents)
    store.transact(lambda _: Decision(maintenances=told_snapshot(now).maintenances), now)
    with running(Path(address.removeprefix("sqlite:///")).parent / "public", address) as web:
        eventually(lambda: web.says("Slow web socket connections"))
        yield web, store
    store.close()


def tell(store: Store, incidents: Sequence[Incident]) -> None:
    """Write incidents, as a decision would."""
    store.transact(lambda _: Decision(incidents=tuple(incidents)), datetime.now(UTC))


def unfold(page: Page) -> None:
    """Open everything that can be."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def violations(page: Page, axe: str) -> list[tuple[str, list[str]]]:
    """What axe-core finds on a page with everything unfolded."""
    unfold(page)
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(browser: Browser, site: Site, axe: str, path: str, scheme: str, width: int) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    with opened(browser, site[0], path, **look) as page:
        assert violations(page, axe) == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
@pytest.mark.parametrize("path", TOLD)
def test_axe_finds_nothing_where_incidents_are(
    browser: Browser, told: Site, axe: str, path: str, scheme: str, width: int
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    with opened(browser, told[0], path, **look) as page:
        assert violations(page, axe) == []


def test_everything_is_there_without_javascript(browser: Browser, site: Site) -> None:
    beat(site[1], datetime.now(UTC))
    eventually(lambda: site[0].says("Partial System Outage</h1>"))
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
        unfold(page)
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


@pytest.mark.corpus("C8")
@pytest.mark.parametrize("where", ["/{}", "/?status={}", "/#{}", "/history?page={}", "/history#{}", "/?times=local#{}"])
def test_nothing_of_an_address_becomes_markup(browser: Browser, told: Site, where: str) -> None:
    evil = "<img src=x onerror=alert(1)>"
    context = browser.new_context()
    spoken: list[str] = []
    try:
        page = context.new_page()
        page.on("dialog", lambda dialog: spoken.append(dialog.message))
        page.on("pageerror", lambda error: spoken.append(str(error)))
        page.goto(f"http://127.0.0.1:{told[0].port}{where.format(evil)}")
        page.wait_for_load_state("networkidle")
        # An error has a page of its own, without any script.
        lost = page.get_by_role("heading", name="Not found").count()
        assert page.locator("html.scripted, script[src]").count() > 0 or (lost and page.locator("script").count() == 0)
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("location.href").count("img") == 1
    finally:
        context.close()
    assert spoken == []


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


@pytest.mark.parametrize("path", TOLD)
@pytest.mark.parametrize("width", [320, 1060])
def test_no_page_with_incidents_scrolls_sideways(browser: Browser, told: Site, path: str, width: int) -> None:
    with opened(browser, told[0], path, viewport={"width": width, "height": 800}) as page:
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_incident_is_read_from_front_page_to_history_without_javascript(browser: Browser, told: Site) -> None:
    with opened(browser, told[0], "/", java_script_enabled=False) as page:
        card = page.locator("article.card").first
        expect(card).to_contain_text("Firebase does not take new connections fast enough.")
        expect(card).to_contain_text("Next update by")
        card.get_by_text("2 earlier updates").click()
        expect(card.get_by_text("detected automatically", exact=True)).to_be_visible()
        card.get_by_role("link", name="Slow web socket connections").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Slow web socket connections")
        expect(page.locator(".line > li")).to_have_count(3)
        expect(page.locator(".named")).to_contain_text("This incident affected: Firebase Web Sockets, Networking")
        page.get_by_role("link", name="All incidents").click()
        page.get_by_label("Component").select_option("Invitations")
        page.get_by_role("button", name="Show").click()
        assert page.url.endswith(f"/history?component={public_id('component', 'invitations')}")
        expect(page.locator(".rows a")).to_have_text(["Slow web socket connections", "Invitations arrive late"])


@pytest.mark.parametrize("path", TOLD)
def test_pages_with_incidents_ask_nobody_else_and_break_no_policy(browser: Browser, told: Site, path: str) -> None:
    context = browser.new_context()
    asked: list[str] = []
    said: list[str] = []
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"http://127.0.0.1:{told[0].port}{path}")
        page.wait_for_load_state("networkidle")
    finally:
        context.close()
    assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{told[0].port}"}
    assert said == []
    polls = any(url.endswith("/api/v1/summary.json") for url in asked)
    assert polls is (path in ("/", OPEN, PLANNED, COMPONENT))


def test_times_of_an_incident_keep_their_minutes_in_the_visitors_zone(browser: Browser, told: Site) -> None:
    with opened(browser, told[0], PAST, timezone_id="Asia/Tokyo", locale="en-GB") as page:
        first = page.locator(".line time").first
        assert first.text_content() == "Sep 13, 2021 - 21:15 UTC"
        page.get_by_role("button", name="Local times").click()
        assert first.text_content() == "14 Sept 2021, 06:15 GMT+9"


def test_earlier_words_of_an_edit_unfold_by_key(browser: Browser, told: Site) -> None:
    with opened(browser, told[0], PAST) as page:
        edits = page.locator(".line .edits")
        expect(edits.get_by_text("do not know why")).to_be_hidden()
        edits.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(edits.get_by_text("do not know why")).to_be_visible()


def test_a_new_update_appears_by_itself_and_the_end_too(browser: Browser, folder: Path) -> None:
    address, store = seeded_store(folder)
    now = datetime.now(UTC)
    incident = make_incident("Chat is slow", [(now - timedelta(minutes=5), "investigating", "We look into it.", {})])
    tell(store, [incident])

    def said(words: str, state: str) -> Update:
        at = datetime.now(UTC)
        return Update(public_id("update", words), state, words, at, at, "secret-person", published_at=at)

    with running(folder / "public", address) as web:
        eventually(lambda: web.says("Chat is slow"))
        with (
            opened(browser, web, "/") as front,
            opened(browser, web, f"/incidents/{incident.id}") as page,
        ):
            incident = replace(incident.with_update(said("It is the cache.", "identified")), version=11)
            tell(store, [incident])
            until(front, lambda: front.locator(".card").get_by_text("It is the cache.").is_visible())
            until(page, lambda: page.locator(".line > li").count() == 2)
            front.get_by_text("1 earlier update").click()
            incident = replace(incident.with_update(said("A second cache helps.", "monitoring")), version=12)
            tell(store, [incident])
            until(front, lambda: front.locator(".card").get_by_text("A second cache helps.").is_visible())
            assert front.locator(".card details").get_attribute("open") is not None
            incident = replace(incident.with_update(said("It is over.", "resolved")), version=13)
            tell(store, [incident])
            until(front, lambda: front.locator(".card").count() == 0)
            until(page, lambda: page.locator(".line > li").count() == 4)
            assert page.locator("#beat").count() == 0
            expect(page.get_by_text("Resolved", exact=True)).to_be_visible()
    store.close()
