"""Routes and readiness in Chromium: approve and move by keyboard alone and without scripts, axe, narrow, dark."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from statuspage.core.detection import Verdict
from statuspage.core.people import User
from statuspage.core.role import PEOPLE, Role
from statuspage.core.route import RouteState
from tests.browser.test_public_pages import axe
from tests.browser.test_staff import SCHEMES, Place, opened, tab_to
from tests.routing import CHAT, FEED, FIREBASE, INBOX, belief, lay_routes, stuck, with_routes
from tests.web.desk import Work
from tests.web.processes import free_port, running
from tests.web.served import seeded_store
from tests.web.snapshots import make_site
from tests.web.staff import KEPT, ROOT
from tests.web.test_staff_served import URL, WITH_STAFF

__all__ = ["axe"]

PAGES = {
    "routes": "/staff/routes",
    "waiting": f"/staff/routes/{FEED}",
    "locked": f"/staff/routes/{CHAT}",
    "observed": f"/staff/routes/{INBOX}",
    "ready": "/staff/ready",
    "for an event": "/staff/ready?event=keynote",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site that tests look at."""
    yield from _served(tmp_path_factory.mktemp("routes"))


@pytest.fixture
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site that one test changes."""
    yield from _served(tmp_path_factory.mktemp("own"))


def _served(folder: Any) -> Iterator[Place]:
    port, now = free_port(), datetime.now(UTC)
    here = f"http://127.0.0.1:{port}"
    address, store = seeded_store(folder, url=here)
    site = make_site(url=here)
    lay_routes(store, site, now, belief(FIREBASE, now, Verdict.DOWN, 600), **stuck(with_routes(site, now), now))
    for role in PEOPLE:
        store.accounts.add_user(User(role.value, role, now, KEPT), ROOT)
    with running(folder / "public", address, port=port, program=WITH_STAFF.replace(URL, here)) as web:
        yield Place(web, store, Work("", "", "", "", "", "", ""))
    store.close()


def stored(place: Place, id: str) -> RouteState:
    return place.store.state().routes[id]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(browser: Browser, place: Place, axe: str, name: str) -> None:
    with opened(browser, place, PAGES[name], bypass_csp=True) as page:
        page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true; })")
        page.evaluate(axe)
        for scheme in SCHEMES:
            for width in (1280, 390):
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 900})
                found = page.evaluate("async () => (await axe.run()).violations")
                told = [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found]
                assert (scheme, width, told) == (scheme, width, [])
                assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_no_request_goes_elsewhere_and_nothing_breaks_the_policy(browser: Browser, place: Place, name: str) -> None:
    with opened(browser, place, PAGES[name]) as page:
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.reload()
        page.wait_for_load_state("networkidle")
        assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{place.web.port}"}
        assert said == []


def test_a_proposal_is_approved_by_the_keyboard_alone(browser: Browser, own_place: Place) -> None:
    with opened(browser, own_place, PAGES["routes"], Role.RESPONDER) as page:
        card = page.locator(".route", has_text="News feed")
        expect(card.locator(".blocks")).to_have_count(0)
        card.get_by_label("Reason").focus()
        page.keyboard.type("Firebase does not answer.")
        tab_to(page, "Approve")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("Approved: the route moves.")
        expect(page.locator(".meter[aria-label*='ramp']")).to_be_visible()
        moved = stored(own_place, FEED)
        assert (moved.provider, moved.reason, moved.by) == ("native", "Firebase does not answer.", "responder")


def test_a_route_is_moved_against_a_guard_by_the_keyboard_alone(browser: Browser, own_place: Place) -> None:
    with opened(browser, own_place, f"/staff/routes/{FEED}", Role.RESPONDER) as page:
        tab_to(page, "To Limited mode")
        page.keyboard.press("Enter")
        slip = page.locator("details.slip", has_text="To Limited mode")
        slip.get_by_label("Reason").focus()
        page.keyboard.type("Let it rest.")
        tab_to(page, "Move to Limited mode")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("The route moves.")
        expect(page.locator(".held-back")).to_contain_text("News feed is pinned until")
        tab_to(page, "To Firebase")
        page.keyboard.press("Enter")
        slip = page.locator("details.slip", has_text="To Firebase")
        expect(slip.locator(".blocks code")).to_have_text(["target_not_up", "paused_or_pinned"])
        slip.get_by_label("Reason").focus()
        page.keyboard.type("A test of it.")
        page.keyboard.press("Enter")
        expect(page.locator("[role=alert]")).to_contain_text("Guards speak against it")
        assert stored(own_place, FEED).is_limited
        slip = page.locator("details.slip[open]", has_text="To Firebase")
        expect(slip.get_by_label("Reason")).to_have_value("A test of it.")
        slip.get_by_label("Override target_not_up").focus()
        page.keyboard.press("Space")
        tab_to(page, "Move to Firebase")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("The route moves.")
        assert stored(own_place, FEED).provider == "firebase"


def test_everything_works_without_scripts(browser: Browser, own_place: Place) -> None:
    with opened(browser, own_place, PAGES["routes"], Role.RESPONDER, java_script_enabled=False) as page:
        card = page.locator(".route", has_text="Session chat")
        card.get_by_label("Reason").fill("Seen.")
        card.get_by_role("button", name="Acknowledge").click()
        expect(page.locator("main")).to_contain_text("The route is unlocked")
        page.locator("summary", has_text="Pause").click()
        page.locator("#reason-pause").fill("While we look.")
        page.get_by_role("button", name="Pause").click()
        expect(page.locator(".held-back")).to_contain_text("Session chat is paused until")
        page.locator("#reason-resume").fill("Go on.")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator(".held-back")).to_have_count(0)
        page.goto(f"{own_place.here}/staff/ready")
        page.get_by_label("For").select_option("keynote")
        page.get_by_role("button", name="Look").click()
        expect(page.locator(".verdict")).to_contain_text("No-go")
