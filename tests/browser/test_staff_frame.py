"""The staff frame in Chromium: signing in by keyboard and without JavaScript, axe, narrow, dark, no foreign request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from statuspage.auth import codes, links
from statuspage.auth.keys import Keys
from statuspage.core.people import Session, User
from statuspage.core.role import Role
from statuspage.store import Store
from tests.browser.test_public_pages import axe
from tests.web.processes import Web, free_port, running
from tests.web.served import eventually, seeded_store
from tests.web.staff import KEPT, PASSWORD, ROOT, SECRET
from tests.web.test_staff_served import URL, WITH_STAFF

__all__ = ["axe"]

Desk = tuple[Web, Store, str]
INSIDE = ["/staff/me", "/staff/people", "/staff/tokens", "/staff/journal"]
OUTSIDE = ["/staff/login", "/staff/setup/nothing"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A site with an admin, ana, some users and tokens, and an invitation; the last is the path of its link."""
    folder = tmp_path_factory.mktemp("staff")
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    address, store = seeded_store(folder, url=here)
    now = datetime.now(UTC)
    for name, role in (("ana", Role.ADMIN), ("ben@example.com", Role.PUBLISHER), ("a" * 60, Role.VIEWER)):
        store.accounts.add_user(User(name, role, now, KEPT), ROOT)
    secret, invitation = links.invitation(Role.PUBLISHER, "ana", now)
    store.accounts.invite(invitation, ROOT)
    _, hash, token = links.new_token("a pipeline that posts", Role.PUBLISHER, "ana", now, None)
    store.accounts.add_token(token, hash, ROOT)
    with running(folder / "public", address, port=port, program=WITH_STAFF.replace(URL, here)) as web:
        eventually(lambda: web.says("All Systems Operational"))
        yield web, store, f"/staff/invite/{secret}"
    store.close()


@contextmanager
def opened(browser: Browser, desk: Desk, path: str, *, inside: bool = True, **context: Any) -> Iterator[Page]:
    """A page in a fresh context; `inside` with a session of ana."""
    web, store, _ = desk
    found = browser.new_context(**context)
    try:
        if inside:
            found.add_cookies([{"name": "statuspage", "value": _session(store), "url": f"http://127.0.0.1:{web.port}"}])
        page = found.new_page()
        page.goto(f"http://127.0.0.1:{web.port}{path}")
        yield page
    finally:
        found.close()


def _session(store: Store) -> str:
    now = datetime.now(UTC)
    user = store.accounts.user("ana")
    assert user is not None
    secret, id = links.fresh()
    store.accounts.sign_in(user, user.totp_step + 1, Session(id, "ana", now, now, "192.0.2.1", "Mozilla/5.0 " * 12))
    return secret


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*INSIDE, *OUTSIDE, "invite"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, desk: Desk, axe: str, path: str, scheme: str, width: int
) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    where = desk[2] if path == "invite" else path
    with opened(browser, desk, where, inside=path in INSIDE, **look) as page:
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run()).violations")
        assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_way_in_and_in_what_answers_a_mistake(
    browser: Browser, desk: Desk, axe: str, scheme: Any
) -> None:
    name, seed = f"slips-{scheme}", codes.new_seed()
    kept = Keys(SECRET).close_seed(seed)
    desk[1].accounts.add_user(User(name, Role.VIEWER, datetime.now(UTC), KEPT, kept), ROOT)

    def send(label: str, text: str, says: str) -> None:
        page.get_by_label(label).fill(text)
        page.get_by_label(label).press("Enter")
        expect(page.locator("body")).to_contain_text(says)
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run()).violations")
        assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found] == [], says

    with opened(browser, desk, "/staff/login", inside=False, color_scheme=scheme, bypass_csp=True) as page:
        page.get_by_label("Name").fill(name)
        send("Password", "not this one at all", "do not belong together")
        page.get_by_label("Name").fill(name)
        send("Password", PASSWORD, "Your code")
        send("Six digits", "000000", "This code is not right")
        send("Six digits", codes.code_at(seed, datetime.now(UTC)), "Sign out")


@pytest.mark.parametrize("path", [*INSIDE, *OUTSIDE])
def test_no_request_goes_elsewhere_and_nothing_breaks_the_policy(browser: Browser, desk: Desk, path: str) -> None:
    with opened(browser, desk, path, inside=path in INSIDE) as page:
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.reload()
        page.wait_for_load_state("networkidle")
        assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{desk[0].port}"}
        missing = "Failed to load resource: the server responded with a status of 404 (Not Found)"
        assert [text for text in said if text != missing] == []


@pytest.mark.parametrize("scripts", [True, False])
def test_one_signs_in_with_the_keyboard_alone_with_and_without_scripts(
    browser: Browser, desk: Desk, scripts: bool
) -> None:
    store = desk[1]
    name = f"keys-{scripts}".lower()
    seed = codes.new_seed()
    kept = Keys(SECRET).close_seed(seed)
    store.accounts.add_user(User(name, Role.VIEWER, datetime.now(UTC), KEPT, kept), ROOT)
    with opened(browser, desk, "/staff/journal", inside=False, java_script_enabled=scripts) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        page.get_by_label("Name").focus()
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your code")
        page.get_by_label("Six digits").focus()
        page.keyboard.type(codes.code_at(seed, datetime.now(UTC)))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Journal")
        expect(page.locator(".who")).to_contain_text(f"{name}, viewer")
        page.get_by_role("button", name="Sign out").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_an_invited_person_sees_the_picture_for_the_phone_and_comes_in(browser: Browser, desk: Desk) -> None:
    web, store, _ = desk
    secret, invitation = links.invitation(Role.VIEWER, "ana", datetime.now(UTC))
    store.accounts.invite(invitation, ROOT)
    with opened(browser, desk, f"/staff/invite/{secret}", inside=False) as page:
        box = page.locator("svg.qr").bounding_box()
        assert box is not None
        assert box["width"] > 120
        page.get_by_label("Your name").fill("newcomer")
        page.get_by_label("Password").fill(PASSWORD)
        seed = (page.locator(".seed").text_content() or "").replace(" ", "")
        page.get_by_label("The six digits").fill(codes.code_at(seed, datetime.now(UTC)))
        page.get_by_role("button", name="Save and sign in").click()
        page.goto(f"http://127.0.0.1:{web.port}/staff/me")
        expect(page.locator(".who")).to_contain_text("newcomer, viewer")
