"""`/api/v1/routes` and `/api/v1/ready` on both databases: looked at, moved, held, refused by guard and by epoch."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.acting import routes as acting_routes
from statuspage.app import AGENT
from statuspage.core.detection import Belief, Verdict
from statuspage.core.role import Role
from statuspage.core.route import RouteState
from statuspage.core.state import Decision
from statuspage.store import Store, open_store
from tests.databases import START
from tests.routing import CHAT, FEED, FIREBASE, INBOX, NATIVE, belief, lay_routes, states, stuck, with_routes
from tests.web.api import Api
from tests.web.snapshots import make_site

SITE = make_site()
WHY = {"expected_epoch": 17, "reason": "Firebase is about to be worked on."}
MOVE = {**WHY, "to": "native"}
NATIVE_DOWN = belief(NATIVE, START, Verdict.DOWN)
SOON = "2026-03-02T13:00:00Z"


def laid(store: Store, folder: Path) -> Api:
    api = Api(store, folder)
    lay_routes(store, replace(SITE, destinations=api_destinations(store)), START)
    return api


def api_destinations(store: Store) -> Any:
    site = store.state().site
    assert site is not None
    return tuple(replace(each, events=("route.*",)) for each in site.destinations)


@pytest.fixture
def api(sqlite_url: str, tmp_path: Path) -> Iterator[Api]:
    """On one database: what is asked here is the same on the other."""
    with closing(open_store(sqlite_url)) as store:
        store.upgrade(START)
        yield laid(store, tmp_path)


@pytest.fixture
def both(store: Store, tmp_path: Path) -> Api:
    """On either database."""
    return laid(store, tmp_path)


def route(api: Api, id: str = CHAT) -> RouteState:
    """The route as it is stored."""
    return api.store.state().routes[id]


def path(act: str, id: str = CHAT) -> str:
    return f"/routes/{id}/{act}"


def put(api: Api, *changed: RouteState) -> None:
    """Let routes stand otherwise."""
    api.store.transact(lambda _: Decision(routes=changed), START)


def believe(api: Api, *beliefs: Belief) -> None:
    api.store.save_beliefs(beliefs)


def test_the_beliefs_are_those_of_the_monitor_that_decides() -> None:
    assert acting_routes.AGENT == AGENT


def test_routes_are_listed_with_what_needs_a_person(both: Api) -> None:
    put(both, *stuck(with_routes(SITE, START), START).values())
    listed = both.get("/routes")
    assert [(each["id"], each["needs"]) for each in listed["routes"]] == [
        (CHAT, ["locked", "blocked"]), (FEED, ["proposed"]), (INBOX, []),
    ]  # fmt: skip
    assert [(each["id"], each["health"], each["room"]) for each in listed["providers"]] == [
        ("firebase", "up", 4_000), ("native", "up", 9_600),
    ]  # fmt: skip


def test_one_route_says_how_it_stands_and_what_is_next(both: Api) -> None:
    found = both.get(f"/routes/{CHAT}")
    assert (found["provider"], found["epoch"], found["standing"], found["standby"], found["ready"]) == (
        "firebase", 17, "steady", "native", True,
    )  # fmt: skip
    assert found["component"] == {"id": "session-chat", "name": "Session chat"}
    assert found["next"] == {"what": "it moves when Firebase is down for 10 s", "at": None}
    assert (found["pinned"], found["ramp"], found["users"]) == (None, None, 1_000)


def test_why_tells_every_guard_of_every_way(both: Api) -> None:
    believe(both, NATIVE_DOWN)
    found = both.get(path("why"))
    native, limited = found["ways"]
    assert (native["to"], native["open"], limited["to"], limited["open"]) == ("native", False, "limited", True)
    speaks = [each for each in native["guards"] if each["blocks"]]
    assert speaks == [
        {"guard": "target_not_up", "blocks": True, "detail": "native is down: timeout at hello", "asks": "everybody"}
    ]
    assert [(each["id"], each["health"], each["why"]) for each in found["providers"]] == [
        ("firebase", "up", ""), ("native", "down", "timeout at hello"),
    ]  # fmt: skip


def test_a_move_is_made_pinned_told_and_written_down(both: Api) -> None:
    moved = both.done("POST", path("move"), MOVE, Role.RESPONDER)
    assert (moved["provider"], moved["epoch"], moved["by"]) == ("native", 18, "token:the responder")
    assert moved["pinned"]["until"] == "2026-03-02T12:30:00.000Z"
    assert moved["ramp"]["seconds"] == 32
    assert {each["destination"] for each in moved["notifies"]} == {"ops", "pager"}
    (entry,) = both.store.newest_events(1, subject=CHAT)
    assert entry.event.kind == "route.moved"
    assert entry.event.data["reason"] == "Firebase is about to be worked on."
    assert route(both).provider == "native"


def test_a_move_that_guards_speak_against_needs_each_of_them_by_name(both: Api) -> None:
    believe(both, NATIVE_DOWN)
    problem = both.refused(409, "POST", path("move"), MOVE)
    assert problem["refusals"] == [{"guard": "target_not_up", "detail": "native is down: timeout at hello"}]
    assert problem["field"] == "override"
    assert both.refused(409, "POST", path("move"), {**MOVE, "override": ["capacity"]})["refusals"]
    assert route(both).epoch == 17
    both.done("POST", path("move"), {**MOVE, "override": ["target_not_up"]})
    (entry,) = both.store.newest_events(1, subject=CHAT)
    assert entry.event.data["overridden"] == ["target_not_up"]


def test_a_lost_race_names_the_epoch_that_stands_now(both: Api) -> None:
    both.done("POST", path("move"), MOVE)
    problem = both.refused(409, "POST", path("move"), MOVE)
    assert (problem["field"], problem["guard"], problem["epoch"]) == ("expected_epoch", "epoch_conflict", 18)
    assert "epoch 18" in problem["detail"]
    assert (problem["present"]["provider"], problem["present"]["epoch"]) == ("native", 18)


def test_limited_mode_may_end_by_itself(api: Api) -> None:
    sent = {**WHY, "to": "limited", "expires_at": SOON, "expires_to": "native"}
    limited = api.done("POST", path("move"), sent)
    assert (limited["provider"], limited["expires_at"], limited["expires_to"]) == (
        "limited", "2026-03-02T13:00:00.000Z", "native",
    )  # fmt: skip
    assert limited["next"]["what"] == "the robot may act again"
    resumed = api.done("POST", path("resume"), {**WHY, "expected_epoch": 18})
    assert (resumed["by"], resumed["pinned"]) == ("robot", None)


def test_a_proposal_is_approved_and_only_while_it_stands(api: Api) -> None:
    assert api.refused(422, "POST", path("approve", FEED), WHY)["field"] == "proposal"
    put(api, stuck(with_routes(SITE, START), START)["news_feed"])
    believe(api, belief(FIREBASE, START, Verdict.DOWN), NATIVE_DOWN)
    assert api.refused(409, "POST", path("approve", FEED), WHY)["refusals"][0]["guard"] == "target_not_up"
    believe(api, belief(NATIVE, START))
    assert api.refused(422, "POST", path("approve", FEED), {**WHY, "to": "limited"})["field"] == "to"
    done = api.done("POST", path("approve", FEED), {**WHY, "to": "native"}, Role.RESPONDER)
    assert (done["provider"], done["proposal"], done["cause"]) == ("native", None, "firebase_down")


def test_a_route_is_pinned_paused_and_resumed(api: Api) -> None:
    pinned = api.done("POST", path("pin"), {**WHY, "until": SOON})
    assert (pinned["epoch"], pinned["pinned"]["by"], pinned["pinned"]["reason"]) == (
        17,
        "token:the admin",
        WHY["reason"],
    )
    paused = api.done("POST", path("pause"), {**WHY, "until": SOON})
    assert (paused["paused"]["until"], paused["next"]["at"]) == ("2026-03-02T13:00:00.000Z",) * 2
    free = api.done("POST", path("resume"), WHY)
    assert (free["paused"], free["pinned"]) == (None, None)
    assert api.refused(422, "POST", path("resume"), WHY)["field"] == "route"
    assert api.refused(422, "POST", path("pause"), {**WHY, "until": "2026-03-04T12:00:00Z"})["field"] == "until"


def test_a_pin_that_is_over_is_not_shown_while_nobody_decides(api: Api) -> None:
    api.done("POST", path("pin"), {**WHY, "until": SOON})
    api.clock.advance(3601)
    assert api.get(f"/routes/{CHAT}")["pinned"] is None


def test_a_locked_route_is_acknowledged_once(api: Api) -> None:
    put(api, stuck(with_routes(SITE, START), START)["session_chat"])
    free = api.done("POST", path("ack"), {**WHY, "expected_epoch": 18}, Role.RESPONDER)
    assert (free["locked_at"], free["needs"]) == (None, ["blocked"])
    assert api.refused(422, "POST", path("ack"), {**WHY, "expected_epoch": 18})["field"] == "route"


@pytest.mark.parametrize(
    ("act", "document", "field"),
    [
        ("move", {}, "to"),
        ("move", {"to": "native", "reason": "x"}, "expected_epoch"),
        ("move", {"to": "native", "expected_epoch": 17}, "reason"),
        ("move", {**MOVE, "expected_epoch": "17"}, "expected_epoch"),
        ("move", {**MOVE, "expected_epoch": True}, "expected_epoch"),
        ("move", {**MOVE, "expected_epoch": -1}, "expected_epoch"),
        ("move", {**MOVE, "expected_epoch": 17.5}, "expected_epoch"),
        ("move", {**MOVE, "reason": "   "}, "reason"),
        ("move", {**MOVE, "reason": "x" * 501}, "reason"),
        ("move", {**MOVE, "to": "redis"}, "to"),
        ("move", {**MOVE, "to": "firebase"}, "to"),
        ("move", {**MOVE, "to": None}, "to"),
        ("move", {**MOVE, "override": "capacity"}, "override"),
        ("move", {**MOVE, "override": [1]}, "override"),
        ("move", {**MOVE, "override": ["stale_lease"]}, "override"),
        ("move", {**MOVE, "expires_at": SOON}, "expires_at"),
        ("move", {**WHY, "to": "limited", "expires_at": "2026-03-01T00:00:00Z"}, "expires_at"),
        ("move", {**WHY, "to": "limited", "expires_at": "13:00"}, "expires_at"),
        ("move", {**WHY, "to": "limited", "expires_at": SOON, "expires_to": "redis"}, "expires_to"),
        ("move", {**MOVE, "until": SOON}, "until"),
        ("approve", {**WHY, "to": 5}, "to"),
        ("pin", WHY, "until"),
        ("pin", {**WHY, "until": "2026-03-02T11:59:59Z"}, "until"),
        ("pin", {**WHY, "until": "2026-04-30T00:00:00Z"}, "until"),
        ("pin", {**WHY, "until": SOON, "override": []}, "override"),
        ("pause", {**WHY, "until": 5}, "until"),
        ("resume", {**WHY, "until": SOON}, "until"),
        ("ack", {"reason": "x"}, "expected_epoch"),
        ("ack", [], "document"),
    ],
)
def test_a_document_that_cannot_be_meant_is_refused_by_its_field(api: Api, act: str, document: Any, field: str) -> None:
    before = route(api)
    assert api.refused(422, "POST", path(act), document)["field"] == field
    assert route(api) == before


@pytest.mark.parametrize("act", acting_routes.ACTS)
def test_reading_is_for_everybody_and_acting_for_responders(api: Api, act: str) -> None:
    api.refused(403, "POST", path(act), WHY, Role.VIEWER)
    assert api.ask("POST", path(act), WHY, None).status_code == 401
    assert api.refused(404, "POST", path(act, "realtime.none"), {**MOVE} if act == "move" else bodied(act))[
        "field"
    ] == ("route")


def bodied(act: str) -> dict[str, object]:
    return {**WHY, "until": SOON} if act in ("pin", "pause") else WHY


def test_what_is_not_there_is_404_and_what_is_no_parameter_400(api: Api) -> None:
    for missing in ("/routes/none", "/routes/none/why", "/routes/%00/why", "/ready/none"):
        api.refused(404, "GET", missing)
    for strange in ("/routes?x=1", f"/routes/{CHAT}?x=1", f"/routes/{CHAT}/why?x=1", "/ready?event=x"):
        api.refused(400, "GET", strange)
    assert api.ask("POST", path("explode"), WHY).status_code == 404


def test_a_route_the_monitor_has_not_met_is_shown_and_cannot_be_operated(api: Api) -> None:
    board = with_routes(SITE, START).switchboard
    more = replace(board.routes[0], id="realtime.new")
    site = replace(with_routes(SITE, START), switchboard=replace(board, routes=(*board.routes, more)))
    api.store.transact(lambda _: Decision(site=site), START)
    found = api.get("/routes/realtime.new")
    assert (found["decided"], found["epoch"]) == (False, 0)
    api.refused(404, "POST", path("move", "realtime.new"), {**MOVE, "expected_epoch": 0})


def test_ready_is_go_and_says_why_not(both: Api) -> None:
    found = both.get("/ready")
    assert found["go"] is True, [each for each in found["lines"] if each["verdict"] == "no-go"]
    assert {each["verdict"] for each in found["lines"]} == {"ok", "warn"}
    assert both.get("/ready/keynote")["event"] == "keynote"
    believe(both, NATIVE_DOWN)
    both.store.outbox.silence("ops", "HTTP 410 Gone", START)
    found = both.get("/ready/keynote")
    assert found["go"] is False
    names = {(each["name"], each["of"]) for each in found["lines"] if each["verdict"] == "no-go"}
    assert names == {("standby", CHAT), ("standby", FEED), ("standby", INBOX), ("destination", "ops")}


def test_ready_warns_where_nobody_hears_of_a_lock(api: Api) -> None:
    def warned() -> list[str]:
        lines = api.get("/ready")["lines"]
        return [each["detail"] for each in lines if (each["name"], each["verdict"]) == ("destinations", "warn")]

    assert warned() == []
    site = api.store.state().site
    assert site is not None
    moves_only = tuple(replace(each, events=("incident.*", "route.moved")) for each in site.destinations)
    api.store.transact(lambda _: Decision(site=replace(site, destinations=moves_only)), START)
    (said,) = warned()
    assert said.startswith(f"no [[notify]] hears route.locked of {CHAT}, ")
    elsewhere = tuple(replace(each, events=("route.*",), components=("nothing",)) for each in site.destinations)
    api.store.transact(lambda _: Decision(site=replace(site, destinations=elsewhere)), START)
    assert warned() == [said]


def test_ready_asks_whether_the_page_is_made_and_anybody_looks(api: Api) -> None:
    api.clock.advance(timedelta(minutes=2).total_seconds())
    stale = {each["name"] for each in api.get("/ready")["lines"] if each["verdict"] == "no-go"}
    assert {"monitor", "page"} <= stale


def test_the_states_of_the_tests_are_those_that_are_stored(api: Api) -> None:
    assert route(api) == states(START, with_routes(SITE, START))[CHAT]


def test_limited_mode_ends_within_a_month_or_when_somebody_says_so(api: Api) -> None:
    far = {**WHY, "to": "limited", "expires_at": "2099-01-01T00:00:00Z", "expires_to": "native"}
    assert api.refused(422, "POST", path("move"), far)["field"] == "expires_at"
    assert route(api).epoch == 17
    api.done("POST", path("move"), {**far, "expires_at": "2026-04-01T11:00:00Z"})


def test_a_guard_is_named_once_and_no_more_guards_than_there_are(api: Api) -> None:
    many = [f"guard_{number}" for number in range(3000)]
    for act, more in (("move", MOVE), ("approve", WHY)):
        assert api.refused(422, "POST", path(act), {**more, "override": many})["field"] == "override"
    believe(api, NATIVE_DOWN)
    api.done("POST", path("move"), {**MOVE, "override": ["target_not_up"] * 3000})
    (entry,) = api.store.newest_events(1, subject=CHAT)
    assert str(entry).count("target_not_up") < 5
