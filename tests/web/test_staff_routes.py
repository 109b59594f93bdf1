"""The staff's routes over HTTP: what needs a person, every act, lost races and guards, go or no-go, the banner."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from statuspage.core.detection import Belief, Verdict
from statuspage.core.moves import first_state
from statuspage.core.refusals import Refused
from statuspage.core.role import PEOPLE, Role
from statuspage.core.route import Holding, Ramp, Rollout, RouteState
from statuspage.core.state import Decision, Heartbeat
from statuspage.web.staff.route_forms import Typed
from tests.routing import CHAT, FEED, FIREBASE, INBOX, NATIVE, belief, lay_routes, states, stuck, with_routes
from tests.web.snapshots import NOW, make_site
from tests.web.staff import SITE, Browser, Office, alerts

ALL = "/staff/routes"
AT = f"{ALL}/{CHAT}"
SITE_OF_ROUTES = with_routes(make_site(url=SITE), NOW)
HERE = states(NOW, SITE_OF_ROUTES)[CHAT]
FORM = {"expected_epoch": "17", "reason": "Firebase is about to be worked on."}


class Switches:
    """An installation with routes, and a user of each role, named after it."""

    def __init__(self, folder: Path, changed: dict[str, RouteState] | None = None) -> None:
        self.office = Office(folder)
        self.store = self.office.store
        for role in PEOPLE:
            self.office.add(role.value, role)
        lay_routes(self.store, make_site(url=SITE), NOW, **(changed or {}))

    def browser(self, role: Role = Role.RESPONDER) -> Browser:
        return self.office.browser(role.value)

    def route(self, id: str = CHAT) -> RouteState:
        return self.store.state().routes[id]

    def put(self, *changed: RouteState) -> None:
        self.store.transact(lambda _: Decision(routes=changed), NOW)

    def believe(self, *beliefs: Belief) -> None:
        self.store.save_beliefs(beliefs)


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Switches]:
    """Everything is well."""
    found = Switches(tmp_path)
    yield found
    found.office.close()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Switches]:
    """Firebase is down, one route waits for approval, another is locked in limited mode."""
    found = Switches(tmp_path, stuck(SITE_OF_ROUTES, NOW))
    found.believe(belief(FIREBASE, NOW, Verdict.DOWN, 600))
    yield found
    found.office.close()


def text_of(page: str) -> str:
    """What a reader sees, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


def card(page: str, name: str) -> str:
    """One route's card of the page."""
    found = re.search(rf"<article class=\"route\"(?:(?!</article>).)*>{name}</a></h3>.*?</article>", page, re.DOTALL)
    assert found is not None, name
    return found[0]


def test_what_needs_a_person_comes_first_with_its_guards(busy: Switches) -> None:
    page = busy.browser().get(ALL).text
    chat, feed = card(page, "Session chat"), card(page, "News feed")
    assert "Limited mode: locked, it moved too often" in text_of("<main" + chat)
    assert re.search(r'class="blocks" data-s="partial">.*?<code>flap_budget</code>.*?locked since', chat)
    assert "Waits for approval" in feed
    assert "firebase is down since 14:30:00 UTC" not in page  # told of the proposal in the journal
    assert ">Acknowledge<" in chat
    assert ">Approve<" in feed
    assert 'name="expected_epoch" value="18"' in chat
    others = page[page.index('id="h-others"') :]
    assert ">Inbox<" in others
    assert "2 of 3" in page
    assert 'Routes <span class="count">2</span>' in page
    assert "14 Nov" not in page
    assert "Nov 14" in chat


def test_a_calm_page_says_that_nothing_is_to_do(calm: Switches) -> None:
    page = calm.browser(Role.VIEWER).get(ALL).text
    assert "Nothing. Every route has a proven standby" in page
    assert page.count(">Well<") == 3
    assert '<span class="count">' not in page
    assert "held-back" not in page


def test_providers_are_shown_with_their_load_and_the_robots_limit(calm: Switches) -> None:
    page = calm.browser().get(ALL).text
    assert "3,000 of 5,000 users" in page
    assert 'aria-label="60% used; automation stops at 80%"' in page
    assert "0 of 40 new connections a second" in page


def test_a_route_that_never_moved_says_never_and_one_without_a_standby_is_not_ready(calm: Switches) -> None:
    calm.put(replace(HERE, exercised_at=None))
    calm.believe(belief(NATIVE, NOW, Verdict.DOWN))
    browser = calm.browser()
    page = browser.get(ALL).text
    single = text_of("<main" + page[page.index('class="single"') :])
    assert "Not ready: a single point without a proven standby" in single
    assert "Session chat Firebase native is down: timeout at hello 17 never Open" in single
    assert "3 of 3" in page
    assert "<article" not in page
    chat = text_of("<main" + browser.get(AT).text)
    assert "Not ready: no proven standby" in chat
    assert "Standby none is proven" in chat
    assert "Last exercised never" in chat
    assert "target_not_up speaks against it: native is down: timeout at hello" in chat
    assert ">Approve<" not in page


def test_viewers_see_everything_and_get_no_form(busy: Switches) -> None:
    browser = busy.browser(Role.VIEWER)
    for path in (ALL, AT):
        page = browser.get(path).text
        main = page[page.index("<main") : page.index("</main>")]
        assert "<form" not in main
    assert browser.post(f"{AT}/ack", **FORM).status_code == 403


def test_a_proposal_is_approved(busy: Switches) -> None:
    browser = busy.browser()
    stale = browser.post(f"{ALL}/{FEED}/approve", to="limited", **FORM)
    assert (stale.status_code, "native is proposed now, no longer limited" in stale.text) == (422, True)
    done = browser.post(f"{ALL}/{FEED}/approve", to="native", **FORM)
    assert (done.status_code, done.headers["Location"]) == (303, f"{ALL}/{FEED}?did=approved")
    page = browser.get(done.headers["Location"]).text
    assert "Approved: the route moves." in page
    assert "Moving, 0%" in page
    assert "of the ramp is over" in page
    moved = busy.route(FEED)
    assert (moved.provider, moved.by, moved.epoch) == ("native", "responder", 18)


def test_a_lost_race_shows_what_stands_now_and_keeps_the_reason(busy: Switches) -> None:
    browser = busy.browser()
    browser.post(f"{ALL}/{FEED}/approve", **FORM)
    lost = browser.post(f"{ALL}/{FEED}/move", to="firebase", **FORM)
    assert lost.status_code == 409
    assert "the route is at epoch 18 now, on Native Web Sockets. Nothing of yours was done." in alerts(lost)
    assert "Firebase is about to be worked on." in lost.text
    assert 'name="expected_epoch" value="18"' in lost.text
    assert busy.route(FEED).provider == "native"


def test_a_move_against_guards_needs_a_tick_for_each(calm: Switches) -> None:
    calm.believe(belief(NATIVE, NOW, Verdict.DOWN))
    browser = calm.browser()
    refused = browser.post(f"{AT}/move", to="native", **FORM)
    assert refused.status_code == 409
    assert "Guards speak against it: nothing was changed." in alerts(refused)
    assert '<details class="slip" open><summary>To Native Web Sockets' in refused.text
    assert 'name="override.target_not_up"' in refused.text
    done = browser.post(f"{AT}/move", to="native", **FORM, **{"override.target_not_up": "on"})
    assert done.status_code == 303
    page = browser.get(done.headers["Location"]).text
    assert "The route moves." in page
    assert "<span>overridden</span> target_not_up" in page
    assert calm.route().pinned == Holding(NOW + timedelta(minutes=30), "responder", FORM["reason"], implied=True)


def test_limited_mode_with_an_end(calm: Switches) -> None:
    browser = calm.browser()
    done = browser.post(f"{AT}/move", to="limited", lasts="60", then="native", **FORM)
    assert done.status_code == 303
    now = calm.route()
    assert (now.provider, now.expires_at, now.expires_to) == ("limited", NOW + timedelta(hours=1), "native")
    assert "Limited until" in browser.get(AT).text
    calm.put(replace(now, pinned=None, expires_at=None, expires_to=None))
    assert browser.post(f"{AT}/resume", **{**FORM, "expected_epoch": "18"}).status_code == 303
    assert calm.route().by == "robot"


def test_limited_mode_without_an_end(calm: Switches) -> None:
    assert calm.browser().post(f"{AT}/move", to="limited", lasts="", **FORM).status_code == 303
    assert calm.route().expires_at is None


def test_pin_pause_resume_and_the_banner_on_every_staff_page(calm: Switches) -> None:
    browser = calm.browser()
    assert browser.post(f"{AT}/pin", lasts="", until="2026-11-24 10:15", **FORM).status_code == 303
    assert browser.post(f"{AT}/pause", lasts="60", **FORM).status_code == 303
    assert calm.route().paused == Holding(NOW + timedelta(hours=1), "responder", FORM["reason"])
    said = "Session chat is paused until 15:32 UTC and pinned until Nov 24, 10:15 UTC"
    for path in ("/staff/drafts", "/staff/components", "/staff/me", ALL):
        assert said in browser.get(path).text, path
    page = browser.get(AT).text
    assert "Paused until" in page
    assert "by responder: Firebase is about" in page
    assert browser.post(f"{AT}/resume", **FORM).status_code == 303
    assert "held-back" not in browser.get("/staff/drafts").text
    assert (calm.route().paused, calm.route().pinned) == (None, None)


def test_the_banner_names_the_first_of_many(calm: Switches) -> None:
    board = SITE_OF_ROUTES.switchboard
    many = tuple(replace(board.routes[0], id=f"realtime.chat-{n}") for n in range(7))
    site = replace(SITE_OF_ROUTES, switchboard=replace(board, routes=many))
    held = [replace(first_state(each, NOW), locked_at=NOW) for each in many]
    calm.store.transact(lambda _: Decision(site=site, routes=tuple(held)), NOW)
    page = calm.browser().get("/staff/drafts").text
    assert page.count("Session chat is locked") == 4
    assert "3 more are held back" in page


def test_a_locked_route_is_acknowledged(busy: Switches) -> None:
    browser = busy.browser()
    assert "Session chat is locked" in browser.get("/staff/drafts").text
    done = browser.post(f"{AT}/ack", **{**FORM, "expected_epoch": "18"})
    assert "its budget of moves begins anew" in browser.get(done.headers["Location"]).text
    assert busy.route().locked_at is None


@pytest.mark.parametrize(
    ("act", "typed", "code", "says"),
    [
        ("move", {"to": "native", "reason": " "}, 422, "Must not be empty: others will ask."),
        ("move", {"to": "native", "reason": "x" * 501}, 422, "Must have at most 500 characters."),
        ("move", {"to": "redis"}, 422, "to: must be one of firebase, native, limited."),
        ("move", {"to": ""}, 422, "to: must be one of"),
        ("move", {"to": "limited", "lasts": "7"}, 422, "Must say until when."),
        ("move", {"to": "limited", "until": "soon"}, 422, "Must look like 2026-11-23 10:15"),
        ("move", {"to": "limited", "until": "2026-11-22 10:15"}, 422, "Must be in the future."),
        ("move", {"to": "limited", "then": "native"}, 422, "Must be in the future."),
        ("move", {"to": "native", "override.epoch_conflict": "on"}, 422, "epoch_conflict cannot be overridden"),
        ("move", {"to": "", "reason": ""}, 422, "reason: must not be empty"),
        ("approve", {}, 422, "proposal: there is none"),
        ("approve", {"reason": ""}, 422, "reason: must not be empty"),
        ("ack", {"reason": ""}, 422, "reason: must not be empty"),
        ("pin", {"lasts": ""}, 422, "Must say until when."),
        ("pin", {"until": "2027-11-23 10:15"}, 422, "Must be within 720 hours"),
        ("pause", {"until": "2026-11-25 10:15"}, 422, "Must be within 24 hours"),
        ("pause", {"lasts": "10080"}, 422, "Must be within 24 hours"),
        ("resume", {}, 422, "route: is neither paused nor pinned."),
        ("ack", {}, 422, "route: is not locked."),
        ("ack", {"expected_epoch": "x"}, 400, "xpected_epoch: must be a whole number"),
        ("ack", {"expected_epoch": "1" * 16}, 400, "xpected_epoch: must have at most 15 characters"),
        ("ack", {"colour": "red"}, 400, "olour: is not a field of this form"),
        ("move", {"to": "native", "override.x": "yes!"}, 400, "verride.x: must have at most 2 characters"),
    ],
)
def test_a_form_that_cannot_be_meant_says_what_is_wrong(
    calm: Switches, act: str, typed: dict[str, str], code: int, says: str
) -> None:
    answer = calm.browser().post(f"{AT}/{act}", **{**FORM, **typed})
    assert answer.status_code == code
    assert says in re.sub(r"\s+", " ", answer.text)
    assert calm.route() == HERE


def test_what_is_not_there(calm: Switches) -> None:
    browser = calm.browser()
    assert browser.get(f"{ALL}/realtime.none").status_code == 404
    assert browser.post(f"{ALL}/realtime.none/ack", **FORM).status_code == 404
    assert browser.post(f"{AT}/explode", **FORM).status_code == 404
    assert browser.get(f"{ALL}?x=1").status_code == 400


def test_what_a_route_is_about_is_told_in_one_word(calm: Switches) -> None:
    browser = calm.browser()
    for state, word in (
        (replace(HERE, ramp=Ramp(NOW - timedelta(seconds=30), 0, 60), previous="native"), "Moving, 50%"),
        (replace(HERE, rollout=Rollout("native", 25, NOW)), "Returning, 25 %"),
        (replace(HERE, pinned=Holding(NOW + timedelta(hours=1), "ana")), "Pinned until 15:32:11 UTC"),
        (replace(HERE, provider="limited"), "Limited mode"),
    ):
        calm.put(state)
        assert word in browser.get(ALL).text
    calm.put(HERE, replace(states(NOW, SITE_OF_ROUTES)[INBOX], would="native"))
    calm.believe(belief(FIREBASE, NOW, Verdict.SLOW))
    page = browser.get(ALL).text
    assert "Slow or unsteady; it would move" in page
    assert "Slow or unsteady<" in page


def test_a_route_the_monitor_has_not_met_cannot_be_operated(calm: Switches) -> None:
    board = SITE_OF_ROUTES.switchboard
    more = replace(board.routes[0], id="realtime.new")
    site = replace(SITE_OF_ROUTES, switchboard=replace(board, routes=(*board.routes, more)))
    calm.store.transact(lambda _: Decision(site=site), NOW)
    page = calm.browser().get(f"{ALL}/realtime.new").text
    assert "The monitor has not met this route yet" in page
    assert 'name="expected_epoch"' not in page


def test_a_site_without_routes_says_so_and_counts_none(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.add("ana")
    page = office.browser("ana").get(ALL).text
    assert "No route is configured." in page
    assert '<span class="count">' not in page
    office.close()


@pytest.mark.parametrize(
    ("beat", "says"),
    [
        ({"at": NOW - timedelta(minutes=3)}, "Nobody looks."),
        ({"blind_since": NOW}, "The monitor cannot see."),
        ({"frozen_until": NOW + timedelta(seconds=30)}, "no route moves by itself before 14:32:41 UTC"),
    ],
)
def test_what_keeps_the_robot_from_its_work_is_said(tmp_path: Path, beat: dict[str, object], says: str) -> None:
    found = Switches(tmp_path)
    sign = Heartbeat("local", NOW, NOW - timedelta(hours=2), NOW)
    found.store.beat(replace(sign, **beat))  # type: ignore[arg-type]
    if "at" in beat:
        found.store.beat(Heartbeat("main", NOW - timedelta(minutes=3), NOW - timedelta(hours=2)))
    if "blind_since" in beat:
        found.store.beat(Heartbeat("main", NOW - timedelta(minutes=3), NOW - timedelta(hours=2)))
    assert says in found.browser().get(ALL).text
    found.office.close()


def test_ready_says_go_and_what_stands_in_the_way(calm: Switches) -> None:
    browser = calm.browser(Role.VIEWER)
    page = browser.get("/staff/ready").text
    assert "<h2>Go</h2>" in page
    assert "Nothing stands in the way" in page
    assert '<option value="keynote">keynote, Nov 26, 2026 - 14:32 UTC</option>' in page
    assert 'href="/staff/ready"' in browser.get(ALL).text
    calm.believe(belief(NATIVE, NOW, Verdict.DOWN))
    page = browser.get("/staff/ready?event=keynote").text
    assert "<h2>No-go</h2>" in page
    assert "3 things stand in the way" in page
    assert "A single point without a proven standby: Native Web Sockets is down (timeout at hello)" in page
    assert f'href="/staff/routes/{CHAT}">Session chat</a>' in page
    assert browser.get("/staff/ready?event=none").status_code == 404
    assert browser.get("/staff/ready?x=1").status_code == 400


def test_a_form_means_the_document_of_the_api() -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("America/New_York")
    pinned = Typed("pin", 17, "why", until="2026-11-23 10:15").document(zone, NOW)
    assert pinned == {"reason": "why", "expected_epoch": 17, "until": "2026-11-23T15:15:00.000Z"}
    moved = Typed("move", 17, "why", to="native", lasts="60", override=("capacity",)).document(zone, NOW)
    assert moved == {"reason": "why", "expected_epoch": 17, "override": ["capacity"], "to": "native"}
    with pytest.raises(Refused):
        Typed("pause", 17, "why", lasts="1e3").document(zone, NOW)
