"""The chart of time to connect in Chromium: light, dark, narrow, by axe-core, and of a beacon that a page sends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from statuspage.core.felt import HOUR, Counts, Stretch, begun
from statuspage.core.route import Provider, Route, Switchboard
from statuspage.core.site import public_id
from statuspage.core.state import Decision
from statuspage.store import Store
from tests.browser.test_public_pages import axe, opened, violations
from tests.client.page import serving
from tests.web.processes import Web, running
from tests.web.served import eventually, seeded_store
from tests.web.snapshots import make_site

__all__ = ["axe"]

COMPONENT = "native-web-sockets"
PAGE = f"/components/{public_id('component', COMPONENT)}"
BOARD = Switchboard(
    (Provider("native", "Native Web Sockets", COMPONENT),), (Route("realtime.chat", "session-chat", ("native",)),)
)

Site = tuple[Web, Store]


def of_hour(ago: int) -> Counts:
    """An outage fourteen hours ago that came slowly and went slowly."""
    far = abs(ago - 14)
    failed = max(0, 60 - 20 * far)
    slow = max(0, 50 - 12 * far)
    return Counts(ok=100, timeout=failed, within=(20, 60 - slow, 15, 5, 0, 0, slow, 0, 0, 0))


@pytest.fixture(scope="module")
def felt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The made-up site with a provider that was felt for a day, some hours of the night aside."""
    folder: Path = tmp_path_factory.mktemp("felt")
    address, store = seeded_store(folder)
    now = datetime.now(UTC)
    told = [("native", Stretch(begun(now, HOUR) - n * HOUR, of_hour(n))) for n in range(24) if n not in (5, 6)]
    store.transact(lambda _: Decision(site=replace(make_site(url="http://127.0.0.1:8000"), switchboard=BOARD)), now)
    store.add_felt("test", told)
    store.roll_up_felt(now)
    with running(folder / "public", address) as web:
        eventually(lambda: web.says("as users felt it", PAGE))
        yield web, store
    store.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, felt: Site, axe: str, scheme: str, width: int) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    with opened(browser, felt[0], PAGE, **look) as page:
        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 700, 390, 320])
def test_picture_and_table_are_seen_whole_without_javascript(browser: Browser, felt: Site, width: int) -> None:
    look: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "java_script_enabled": False}
    with opened(browser, felt[0], PAGE, **look) as page:
        picture = page.get_by_role("img", name="24 hours: half of users connected within")
        expect(picture).to_be_visible()
        for each in (picture, page.locator(".key")):
            box = each.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert page.get_by_role("row", name="Tries that failed").is_visible()
        page.get_by_text("Hour by hour, as a table").click()
        expect(page.locator("#felt-native tbody tr")).to_have_count(22)


def test_the_picture_is_drawn_in_colours_of_the_theme(browser: Browser, felt: Site) -> None:
    seen = []
    for scheme in ("light", "dark"):
        with opened(browser, felt[0], PAGE, color_scheme=scheme) as page:
            seen.append(page.evaluate("getComputedStyle(document.querySelector('.curve .half')).stroke"))
    assert len(set(seen)) == 2


def test_the_library_of_a_page_elsewhere_is_heard(browser: Browser, felt: Site) -> None:
    """A beacon across origins, as `fetch` of realtime.js sends it, and one of `sendBeacon`."""
    web, store = felt
    with serving() as elsewhere, opened(browser, web, "/") as page:
        page.goto(elsewhere.url)
        answer = page.evaluate(
            """async (to) => {
                const body = JSON.stringify({ p: "native", r: "realtime.chat", e: 1, o: "refused", ms: 5 });
                const read = await fetch(to, { method: "POST", body, credentials: "omit" });
                await fetch(to, { method: "POST", body, keepalive: true, mode: "no-cors", credentials: "omit" });
                return [read.status, navigator.sendBeacon(to, body)];
            }""",
            f"http://127.0.0.1:{web.port}/beacon",
        )
    assert answer == [204, True]

    def heard() -> int:
        return sum(each.counts.refused for each in store.state(datetime.now(UTC)).felt.get("native", ()))

    eventually(lambda: heard() == 3, 40)
