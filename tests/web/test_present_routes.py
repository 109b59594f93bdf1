"""What the page and our own JSON say of routes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from statuspage.core.route import LIMITED, Ramp, Rollout, RouteState, Scope
from statuspage.core.state import Heartbeat, Held, Snapshot
from statuspage.core.status import Status
from statuspage.web.present_routes import limited_modes, route_lines
from statuspage.web.render import render
from statuspage.web.scene import open_scene
from tests.web.routed import CHAT, QA, SITE

NOW = datetime(2026, 9, 13, 13, 50, tzinfo=UTC)
MOVED = NOW - timedelta(minutes=3)
HOME = RouteState(CHAT, "firebase", 1, MOVED)
AWAY = RouteState(CHAT, "native", 2, MOVED, previous="firebase", origin="firebase", move="m")


def snapshot(*states: RouteState, now: datetime = NOW) -> Snapshot:
    held = {each.id: Held(each.id, Status.OPERATIONAL, MOVED) for each in SITE.components}
    beat = Heartbeat("local", now, MOVED, now)
    return Snapshot("g1", 7, now, SITE, held, heartbeats=(beat,), routes={each.route: each for each in states})


def line(state: RouteState) -> str:
    """The one line of the chat's route, moments in it as text."""
    chat = SITE.component("chat")
    assert chat is not None
    (found,) = route_lines(open_scene(snapshot(state), NOW), chat)
    return "".join(each if isinstance(each, str) else each.text for each in found)


def test_a_route_says_where_it_is_and_since_when() -> None:
    assert line(HOME) == "On Firebase Web Sockets."
    assert line(AWAY) == "On Native Web Sockets since 09:47 EDT."


def test_what_was_on_another_day_names_it() -> None:
    assert line(replace(AWAY, since=MOVED - timedelta(days=1))) == (
        "On Native Web Sockets since Sep 12, 2026 - 09:47 EDT."
    )


def test_a_move_that_is_under_way_names_its_end() -> None:
    moving = replace(AWAY, ramp=Ramp(MOVED, 0, 240))
    assert line(moving) == "Moving to Native Web Sockets since 09:47:00 EDT, until 09:51:00 EDT."
    assert line(replace(AWAY, ramp=Ramp(MOVED, 0, 60))).startswith("On Native Web Sockets since")


def test_a_return_in_steps_says_how_many_are_back() -> None:
    back = replace(AWAY, rollout=Rollout("firebase", 25, NOW))
    assert line(back).endswith("; 25 % are back on Firebase Web Sockets.")


def test_a_preference_is_for_new_connections() -> None:
    preferred = replace(AWAY, scope=Scope.NEW, cause="preference")
    assert line(preferred).startswith("On Native Web Sockets for new connections since ")


def test_limited_mode_says_what_still_works_and_stands_above_everything() -> None:
    states = (
        RouteState(CHAT, LIMITED, 3, MOVED, move="m"),
        RouteState(QA, LIMITED, 3, MOVED, move="m"),
    )
    first, second = limited_modes(open_scene(snapshot(*states), NOW))
    assert (first.names, first.works) == ("Session chat", "It works without live updates.")
    assert (second.names, second.works) == ("Session Q&A", "You can still read.")
    page = render(snapshot(*states), NOW)["/"].body.decode()
    assert page.index("Limited mode:") < page.index('aria-label="Components"')
    assert "Limited mode since" in page
    assert "Limited mode" not in render(snapshot(HOME), NOW)["/"].body.decode()


def test_our_own_json_names_target_and_epoch() -> None:
    files = render(snapshot(AWAY), NOW)
    found = {each["name"]: each["routes"] for each in json.loads(files["/api/v1/summary.json"].body)["components"]}
    assert found["Session chat"] == [
        {"id": CHAT, "target": "native", "epoch": ["g1", 2], "since": "2026-09-13T13:47:00Z"}
    ]
    assert found["Firebase Web Sockets"] == []


def test_a_routes_component_is_not_green_once_the_monitor_is_silent() -> None:
    later = NOW + timedelta(minutes=5)
    page = render(snapshot(AWAY), later)
    assert b'"status":"operational"' not in page["/api/v1/summary.json"].body.replace(b" ", b"")
    assert "On Native Web Sockets since" in page["/"].body.decode()
