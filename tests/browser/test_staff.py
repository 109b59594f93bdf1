"""The desk in Chromium: post, preview, undo and publish by keyboard alone, drafts by key, axe, no foreign request."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from statuspage.auth import codes, links
from statuspage.auth.keys import Keys
from statuspage.core.people import Session, User
from statuspage.core.role import PEOPLE, Role
from statuspage.core.state import Decision
from statuspage.store import Store
from tests.browser.test_public_pages import axe
from tests.web.desk import HOST, VIDEO, Work, lay_out, publish_site, robot_incident
from tests.web.processes import Web, free_port, running
from tests.web.served import eventually, seeded_store
from tests.web.staff import KEPT, PASSWORD, ROOT, SECRET
from tests.web.test_staff_served import URL, WITH_STAFF

__all__ = ["axe"]

PAGES = {
    "post": "/staff/post?incident={open}",
    "new": "/staff/post?incident=new",
    "drafts": "/staff/drafts",
    "incidents": "/staff/incidents",
    "incident": "/staff/incidents/{open}",
    "robot": "/staff/incidents/{draft}",
    "resolved": "/staff/incidents/{resolved}",
    "edit": "/staff/incidents/{draft}/updates/{update}",
    "postmortem": "/staff/incidents/{resolved}/postmortem",
    "calendar": "/staff/maintenances",
    "plan": "/staff/maintenances/new",
    "work": "/staff/maintenances/{running}",
    "components": "/staff/components",
    "past": "/staff/components/redis-cache/past",
    "messages": "/staff/messages",
}

SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


@dataclass(frozen=True)
class Place:
    """A served site with work on its desk."""

    web: Web
    store: Store
    work: Work

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.web.port}"

    def path(self, name: str) -> str:
        """Where a page is."""
        work = self.work
        draft = self.store.state(datetime.now(UTC), (work.draft,)).incidents[work.draft].updates[0].id
        known = {"open": work.open, "draft": work.draft, "resolved": work.resolved, "running": work.running}
        return PAGES[name].format(**known, update=draft)

    def body(self, id: str) -> str:
        """The newest public text of an incident."""
        return self.store.state(datetime.now(UTC), (id,)).incidents[id].published[-1].body


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site that tests look at, and add to, but take nothing from."""
    yield from _served(tmp_path_factory.mktemp("desk"))


@pytest.fixture
def own_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A site that one test changes."""
    yield from _served(tmp_path_factory.mktemp("own"))


def _served(folder: Any) -> Iterator[Place]:
    port, now = free_port(), datetime.now(UTC)
    here = f"http://127.0.0.1:{port}"
    address, store = seeded_store(folder, url=here)
    publish_site(store, here, now)
    work = lay_out(store, now)
    for role in PEOPLE:
        store.accounts.add_user(User(role.value, role, now, KEPT), ROOT)
    with running(folder / "public", address, port=port, program=WITH_STAFF.replace(URL, here)) as web:
        eventually(lambda: web.says("Video starts slowly"))
        yield Place(web, store, work)
    store.close()


@contextmanager
def opened(browser: Browser, place: Place, path: str, role: Role = Role.ADMIN, **context: Any) -> Iterator[Page]:
    """A page in a fresh context, signed in."""
    found = browser.new_context(**context)
    try:
        found.add_cookies([{"name": "statuspage", "value": _session(place.store, role.value), "url": place.here}])
        page = found.new_page()
        page.goto(f"{place.here}{path}")
        yield page
    finally:
        found.close()


def _session(store: Store, name: str) -> str:
    now, user = datetime.now(UTC), store.accounts.user(name)
    assert user is not None
    secret, id = links.fresh()
    store.accounts.sign_in(user, user.totp_step + 1, Session(id, name, now, now, "192.0.2.1", "Mozilla/5.0"))
    return secret


def focused(page: Page) -> str:
    """What has the focus: its name, its value or its words."""
    return str(page.evaluate("(at => at.name || at.textContent.trim())(document.activeElement)"))


HIDDEN = """(() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  if (at === document.body) return '';
  // Of a long text the browser shows the line with the cursor: here the first.
  const bottom = at.tagName === 'TEXTAREA' ? Math.min(box.bottom, box.top + 32) : box.bottom;
  const over = bar => {
    const its = bar.getBoundingClientRect();
    return !(bottom <= its.top || box.top >= its.bottom || box.right <= its.left || box.left >= its.right);
  };
  const bars = [...document.querySelectorAll('.send')].filter(each => getComputedStyle(each).position === 'sticky');
  return bars.some(each => !each.contains(at) && over(each)) ? at.outerHTML.slice(0, 120) : '';
})()"""


def hidden_by_bar(page: Page) -> str:
    """What has the focus and lies, if only in part, under the bar with the button (WCAG 2.4.11)."""
    return str(page.evaluate(HIDDEN))


def tab_to(page: Page, wanted: str) -> None:
    """Go there by the keyboard, as far as it takes."""
    for _ in range(120):
        if re.match(wanted, focused(page)):
            return
        page.keyboard.press("Tab")
        assert hidden_by_bar(page) == ""
    raise AssertionError(f"the keyboard does not reach {wanted}")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(browser: Browser, place: Place, axe: str, name: str) -> None:
    with opened(browser, place, place.path(name), bypass_csp=True) as page:
        if name in ("post", "edit"):
            page.locator("#body").fill("It is **better**, and `chat` works.\n\n- one\n- two")
        if name == "edit":
            page.get_by_role("button", name="Preview").last.click()
        if name == "post":
            expect(page.locator("#see .as-seen")).to_be_visible()
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
    with opened(browser, place, place.path(name)) as page:
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.reload()
        if page.locator("#post").count():
            page.locator("#body").fill("![x](https://tracker.example/p.png) <img src=//tracker.example/q.png>")
            expect(page.locator("#see .as-seen")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert {url.split("/")[2] for url in asked} == {f"127.0.0.1:{place.web.port}"}
        assert said == []


def test_an_update_is_written_seen_published_and_undone_by_the_keyboard_alone(
    browser: Browser, own_place: Place
) -> None:
    place, id = own_place, own_place.work.open
    with opened(browser, place, f"/staff/post?incident={id}", Role.PUBLISHER) as page:
        tab_to(page, "state")
        page.keyboard.press("ArrowRight")
        tab_to(page, "body")
        page.keyboard.type("Video starts **at once** again.")
        expect(page.locator("#see .as-seen strong")).to_have_text("at once")
        expect(page.locator("#see .as-seen")).to_contain_text("Monitoring")
        expect(page.locator("#see .mail")).to_contain_text("[Monitoring] Video starts slowly")
        tab_to(page, f"component.{VIDEO}")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#see .chg").first).to_contain_text("Operational")
        page.keyboard.press("Control+Enter")
        expect(page.locator("#undo")).to_contain_text("Nobody has been told yet.")
        assert place.body(id) == "Video starts **at once** again."
        eventually(lambda: place.web.says("at once", f"/incidents/{id}"), 5)
        waiting = [each for each in place.store.outbox.waiting(100) if each.queue == id]
        tab_to(page, "Undo")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Drafts")
        expect(page.locator("main")).to_contain_text("Your text is a draft again.")
        expect(page.locator(".draft", has_text="at once")).to_be_visible()
        assert place.body(id) == "We found the cause."
        left = [each for each in place.store.outbox.waiting(100) if each.queue == id]
        assert len(left) < len(waiting)


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [("new", 1280, 720), ("new", 720, 500), ("edit", 720, 720), ("plan", 390, 700), ("postmortem", 1280, 500)],
)
def test_no_field_that_has_the_focus_lies_under_the_bar(
    browser: Browser, place: Place, name: str, width: int, height: int
) -> None:
    """Down through the whole form by Tab, and up again."""
    with opened(browser, place, place.path(name), viewport={"width": width, "height": height}) as page:
        for key in ("Tab", "Shift+Tab"):
            for _ in range(120):
                page.keyboard.press(key)
                assert hidden_by_bar(page) == ""
                if page.evaluate("document.activeElement === document.body"):
                    break


def test_a_new_incident_is_posted_without_scripts(browser: Browser, own_place: Place) -> None:
    path = "/staff/post?incident=new"
    with opened(browser, own_place, path, Role.PUBLISHER, java_script_enabled=False) as page:
        page.get_by_label("Template").fill("Reconnect storm")
        page.get_by_role("button", name="Use").click()
        expect(page.get_by_label("What do visitors need to know?")).to_have_value(
            "Everybody connects **again** at once."
        )
        expect(page.get_by_label("Identified")).to_be_checked()
        page.get_by_label("Title").press("Enter")
        expect(page.locator("#see .as-seen strong")).to_have_text("again")
        page.get_by_role("button", name="Publish").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Connections come back slowly")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".draft", has_text="Connections come back slowly")).to_be_visible()


def test_the_undo_button_counts_down_and_leaves_without_a_word_to_readers(browser: Browser, own_place: Place) -> None:
    id = own_place.work.open
    with opened(browser, own_place, f"/staff/post?incident={id}", Role.PUBLISHER) as page:
        page.locator("#body").fill("It goes on.")
        page.get_by_role("button", name="Publish").click()
        button = page.locator("#undo button")
        first = int(re.sub(r"\D", "", button.text_content() or ""))
        assert 15 <= first <= 20
        expect(button).to_have_text(re.compile(rf"Undo \({first - 2}\ss\)"))
        expect(page.locator("#undo [role=status]")).not_to_contain_text(re.compile(r"\d+ s"))
        expect(button).to_be_hidden(timeout=25_000)
        expect(page.locator("#undo")).to_contain_text("The time to undo is over.")


def test_drafts_are_read_moved_through_and_put_out_by_single_keys(browser: Browser, own_place: Place) -> None:
    place = own_place
    with opened(browser, place, "/staff/drafts", Role.PUBLISHER) as page:
        cards = page.locator(".draft")
        expect(cards.nth(0)).to_have_class(re.compile(r"\bon\b"))
        expect(cards.nth(1)).to_contain_text(HOST)
        page.keyboard.press("j")
        expect(cards.nth(1)).to_have_class(re.compile(r"\bon\b"))
        page.keyboard.press("k")
        expect(cards.nth(0)).to_have_class(re.compile(r"\bon\b"))
        page.keyboard.press("x")
        expect(page.locator("main")).to_contain_text("The draft was put aside.")
        expect(page.locator(".draft")).to_have_count(1)
        page.keyboard.press("e")
        expect(page.get_by_role("heading", level=1)).to_have_text("Edit a draft")
        page.locator("#body").press("p")
        expect(page.locator("#body")).to_have_value(re.compile("p"))
        page.go_back()
        page.keyboard.press("Control+p")
        page.keyboard.press("p")
        expect(page.locator("#undo")).to_contain_text("Nobody has been told yet.")
        assert "wait without an answer" in place.body(place.work.draft)


def test_an_open_inbox_says_that_a_draft_has_come(browser: Browser, own_place: Place) -> None:
    with opened(browser, own_place, "/staff/drafts", Role.VIEWER) as page:
        news = page.get_by_role("status").filter(has=page.get_by_role("link", name="load"))
        expect(page.locator("#news")).to_be_empty()
        came = robot_incident("login", "Login does not answer", "Signing in fails.", datetime.now(UTC))
        own_place.store.transact(lambda _: Decision(incidents=(came,)), datetime.now(UTC))
        expect(news).to_have_text("1 new draft: load", timeout=15_000)
        news.get_by_role("link").click()
        expect(page.get_by_role("link", name="Login does not answer")).to_be_visible()
        expect(page.locator("#news")).to_be_empty()


def test_from_a_cold_sign_in_to_a_published_draft_are_three_presses(browser: Browser, own_place: Place) -> None:
    place, seed = own_place, codes.new_seed()
    user = User("cold", Role.PUBLISHER, datetime.now(UTC), KEPT, Keys(SECRET).close_seed(seed))
    place.store.accounts.add_user(user, ROOT)
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{place.here}/staff")
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        page.get_by_label("Name").fill("cold")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("Six digits").fill(codes.code_at(seed, datetime.now(UTC)))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Drafts")
        page.keyboard.press("p")
        expect(page.locator("#undo")).to_contain_text("Redis cache is slow")
        eventually(lambda: place.web.says("Pages load more slowly", f"/incidents/{place.work.waiting}"), 5)
        assert len(sent) == 3
    finally:
        context.close()


def test_typing_a_template_or_choosing_an_incident_keeps_what_was_typed(browser: Browser, place: Place) -> None:
    with opened(browser, place, "/staff/post?incident=new") as page:
        page.locator("#body").fill("My own words.")
        page.get_by_label("Template").fill("Reconnect storm")
        page.get_by_label("Template").press("Tab")
        expect(page.get_by_label("Title")).to_have_value("Connections come back slowly")
        expect(page.locator("#body")).to_have_value("My own words.")
        page.locator("#incident").select_option(label="Video starts slowly")
        expect(page.get_by_label("Title")).to_have_value("Video starts slowly")
        expect(page.locator("#body")).to_have_value("My own words.")
        expect(page.locator("#told")).to_have_text("1 webhook")
        page.locator("summary", has_text="other components").click()
        page.locator('[name="component.redis-cache"][value=degraded_performance]').check(force=True)
        expect(page.locator("#told")).to_have_text("2 webhooks")
