"""Go or no-go: every line says what it saw, and each thing that may go wrong on the day has one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from statuspage.core.detection import Belief, Verdict
from statuspage.core.maintenance import Maintenance
from statuspage.core.readiness import Line, Readiness, Surroundings, Told, readiness
from statuspage.core.refusals import NotThere
from statuspage.core.route import LIMITED, Holding, Mode, PlannedEvent, RouteState
from statuspage.core.state import State
from tests.core.values import T0
from tests.routing import CHAT, FIREBASE, INBOX, NATIVE, ORDER, PROVIDERS, belief, held, seen, states, with_routes
from tests.web.snapshots import make_maintenance, make_site

SITE = with_routes(make_site(), T0)
HERE = states(T0, SITE)[CHAT]
OPS = Told("ops", taken_at=T0 - timedelta(hours=2))
WELL = Surroundings(2, (OPS,), T0 - timedelta(seconds=3), page_at=T0 - timedelta(seconds=8))


def judged(state: State | None = None, event: str | None = None, around: Surroundings = WELL) -> Readiness:
    board, views = seen(state or held(SITE, T0), T0)
    return readiness(board, views, around, event)


def line(found: Readiness, name: str, of: str = "") -> Line:
    (one,) = [each for each in found.lines if (each.name, each.of) == (name, of)]
    return one


def said(found: Readiness, name: str, of: str = "") -> tuple[str, str]:
    one = line(found, name, of)
    return one.verdict.value, one.detail


def changed(state: RouteState, *beliefs: Belief) -> Readiness:
    return judged(held(SITE, T0, *beliefs, changed={state.route: state}))


def configured(**more: Any) -> Readiness:
    """With other providers, events or routes."""
    site = replace(SITE, switchboard=replace(SITE.switchboard, **more))
    return judged(held(site, T0))


def test_when_everything_is_well_it_is_a_go() -> None:
    found = judged()
    assert found.go
    assert {(each.name, each.verdict.value) for each in found.lines if each.verdict.value != "ok"} == {("mode", "warn")}
    assert said(found, "standby", CHAT) == ("ok", "Native Web Sockets is up for 60 min")
    assert said(found, "place", CHAT) == ("ok", "it is on Firebase, which is up")
    assert said(found, "exercised", CHAT) == ("ok", "last exercised 2021-09-04 13:41 UTC")
    assert said(found, "monitor") == ("ok", "its last sign of life was 3 s ago")
    assert said(found, "page") == ("ok", "page and directives were made 8 s ago")
    assert said(found, "mode", INBOX) == ("warn", "observe: it is not going to move by itself")


@pytest.mark.parametrize("verdict", [Verdict.DOWN, Verdict.SLOW, Verdict.UNKNOWN])
def test_a_standby_that_is_not_up_makes_a_single_point(verdict: Verdict) -> None:
    found = changed(HERE, belief(NATIVE, T0, verdict))
    assert not found.go
    assert said(found, "standby", CHAT)[1].startswith("a single point without a proven standby: Native Web Sockets is ")


def test_a_standby_that_is_up_for_too_short_is_not_proven_and_one_provider_is_none() -> None:
    found = changed(HERE, belief(NATIVE, T0, lasts=20))
    assert said(found, "standby", CHAT) == (
        "no-go", "a single point without a proven standby: Native Web Sockets is up for only 20 s of 60 s",
    )  # fmt: skip
    one = replace(SITE.switchboard.routes[0], prefer=("firebase",))
    assert said(configured(routes=(one,)), "standby", CHAT) == ("no-go", "a single point: it has one provider")


@pytest.mark.parametrize(
    ("state", "beliefs", "verdict", "words"),
    [
        (replace(HERE, provider=LIMITED), (), "no-go", "it is in limited mode since 2021-09-13 12:41 UTC"),
        (HERE, (belief(FIREBASE, T0, Verdict.DOWN),), "no-go", "which is down (timeout at hello)"),
        (HERE, (belief(FIREBASE, T0, Verdict.UNKNOWN),), "no-go", "which is unknown"),
        (HERE, (belief(FIREBASE, T0, Verdict.SLOW),), "warn", "which is degraded"),
        (replace(HERE, provider="native"), (), "warn", "not on the provider it prefers"),
    ],
)
def test_where_a_route_stands(state: RouteState, beliefs: tuple[Belief, ...], verdict: str, words: str) -> None:
    found = said(changed(state, *beliefs), "place", CHAT)
    assert found[0] == verdict
    assert words in found[1]


def test_a_route_that_was_not_exercised_lately_says_so() -> None:
    assert said(changed(replace(HERE, exercised_at=None)), "exercised", CHAT) == (
        "warn", "it has never moved: nobody has seen that it can",
    )  # fmt: skip
    old = replace(HERE, exercised_at=T0 - timedelta(days=30, seconds=1))
    assert "more than 30 days before" in said(changed(old), "exercised", CHAT)[1]
    on_the_day = replace(HERE, exercised_at=T0 - timedelta(days=28))
    assert said(changed(on_the_day), "exercised", CHAT)[0] == "ok"
    state = held(SITE, T0, changed={CHAT: on_the_day})
    assert said(judged(state, "keynote"), "exercised", CHAT)[0] == "warn"


def test_what_holds_a_route_counts_at_the_time_of_the_doors() -> None:
    hour, week = Holding(T0 + timedelta(hours=1), "ana"), Holding(T0 + timedelta(days=7), "ana")
    assert said(changed(replace(HERE, paused=hour)), "paused", CHAT)[0] == "no-go"
    assert said(changed(replace(HERE, pinned=hour)), "pinned", CHAT) == ("no-go", "by ana until 2021-09-13 14:41 UTC")
    state = held(SITE, T0, changed={CHAT: replace(HERE, pinned=hour, paused=week)})
    found = judged(state, "keynote")
    assert (said(found, "pinned", CHAT)[0], said(found, "paused", CHAT)[0]) == ("warn", "no-go")
    assert said(changed(replace(HERE, locked_at=T0)), "locked", CHAT)[0] == "no-go"
    over = changed(replace(HERE, paused=Holding(T0, "ana")))
    assert not [each for each in over.lines if each.name == "paused"]


def test_planned_work_at_the_time_is_a_warning() -> None:
    work: Maintenance = replace(
        make_maintenance("New sockets", T0 + timedelta(days=3, hours=1), 1, number=1), components=(FIREBASE,)
    )
    state = replace(held(SITE, T0), maintenances={work.id: work})
    assert said(judged(state, "keynote"), "work", CHAT)[0] == "warn"
    assert not [each for each in judged(state).lines if each.name == "work"]


def test_a_ramp_counts_all_routes_that_move_together() -> None:
    assert said(judged(), "ramp", CHAT) == (
        "ok", "a move to Native Web Sockets takes 32 s for 1,000 users, 94 s if the 3 routes beside each other move",
    )  # fmt: skip
    slow = (PROVIDERS[0], replace(PROVIDERS[1], max_connects_per_s=1))
    found = configured(providers=slow)
    assert said(found, "ramp", CHAT)[0] == "warn"
    unknown = (PROVIDERS[0], replace(PROVIDERS[1], max_connects_per_s=None))
    found = configured(providers=unknown)
    assert said(found, "ramp", CHAT) == (
        "warn", "a move to Native Web Sockets takes 30 s, whatever that does to it",
    )  # fmt: skip
    assert said(found, "rate", "native")[0] == "warn"


def test_capacity_is_asked_of_every_provider_for_everybody() -> None:
    assert said(judged(), "capacity", "native") == (
        "ok", "with every route on it Native Web Sockets carries 3,000 users, and takes 9,600 (80% of 12,000)",
    )  # fmt: skip
    small = (PROVIDERS[0], replace(PROVIDERS[1], capacity=3_000))
    found = configured(providers=small)
    assert said(found, "capacity", "native")[0] == "no-go"
    assert not found.go
    full = (replace(PROVIDERS[0], capacity=2_000), PROVIDERS[1])
    assert "carries 3,000 users already" in said(configured(providers=full), "capacity", "firebase")[1]
    unknown = (PROVIDERS[0], replace(PROVIDERS[1], capacity=None))
    assert said(configured(providers=unknown), "capacity", "native")[0] == "warn"


def test_what_is_built_in_needs_no_ramp_and_no_room() -> None:
    memory = replace(PROVIDERS[1], name="Its own memory", component="", built_in=True, capacity=1)
    found = configured(providers=(PROVIDERS[0], memory))
    assert said(found, "ramp", CHAT) == ("ok", "a move to Its own memory takes no time: nobody connects to it")
    assert not [each for each in found.lines if each.name in ("capacity", "rate") and each.of == memory.id]


def test_whether_users_fit_whom_nobody_has_counted_is_not_known() -> None:
    first, *others = SITE.switchboard.routes
    site = replace(SITE, switchboard=replace(SITE.switchboard, routes=(replace(first, users=None), *others)))
    verdict, words = said(judged(held(site, T0)), "capacity", "native")
    assert verdict == "warn"
    assert words.endswith(f"; nobody has counted the users of {first.id}")


def test_a_planned_event_brings_its_own_users_to_the_routes_that_it_touches() -> None:
    starts = T0 + timedelta(days=1)
    event = PlannedEvent("big", starts, starts + timedelta(hours=1), 4_500, ("realtime.session-*",))
    site = replace(SITE, switchboard=replace(SITE.switchboard, events=(event,)))
    found = judged(held(site, T0), "big")
    assert {each.of for each in found.lines if each.name == "standby"} == {CHAT}
    assert said(found, "event") == ("ok", "4,500 users on 1 route")
    # The two other routes stay where they are, and count.
    assert said(found, "capacity", "firebase")[1].startswith("Firebase carries 6,500 users already")
    assert said(found, "ramp", CHAT)[1] == "a move to Native Web Sockets takes 2 min for 4,500 users"
    assert (found.event, found.moment) == ("big", starts)


def test_an_event_of_no_route_one_that_is_over_and_one_that_is_none() -> None:
    none = PlannedEvent("none", T0, T0 + timedelta(hours=1), 10, ("video.*",))
    over = PlannedEvent("over", T0 - timedelta(hours=2), T0 - timedelta(hours=1), 10)
    site = replace(SITE, switchboard=replace(SITE.switchboard, events=(none, over)))
    assert said(judged(held(site, T0), "none"), "event") == ("no-go", "no route matches video.*")
    assert said(judged(held(site, T0), "over"), "event")[0] == "warn"
    with pytest.raises(NotThere):
        judged(held(site, T0), "keynote")


def test_users_that_nobody_has_said_are_a_warning() -> None:
    unsaid = tuple(replace(each, users=None) for each in SITE.switchboard.routes)
    found = configured(routes=unsaid)
    assert said(found, "users", CHAT)[0] == "warn"
    assert said(found, "ramp", CHAT)[0] == "warn"
    assert found.go
    observed = tuple(replace(each, mode=Mode.APPROVE, prefer=ORDER) for each in SITE.switchboard.routes)
    assert said(configured(routes=observed), "mode", CHAT)[0] == "ok"


def test_without_routes_there_is_nothing_to_be_ready() -> None:
    found = configured(routes=())
    assert said(found, "routes")[0] == "warn"
    assert found.go


LATE = T0 - timedelta(seconds=21)


@pytest.mark.parametrize(
    ("change", "name", "verdict"),
    [
        ({"anchors": 0}, "anchors", "no-go"),
        ({"anchors": 1}, "anchors", "warn"),
        ({"told": ()}, "destinations", "warn"),
        ({"beat_at": None}, "monitor", "no-go"),
        ({"beat_at": LATE}, "monitor", "no-go"),
        ({"beat_at": T0 + timedelta(seconds=21)}, "monitor", "no-go"),
        ({"blind_since": T0}, "monitor", "no-go"),
        ({"frozen_until": T0 + timedelta(seconds=9)}, "monitor", "warn"),
        ({"frozen_until": T0}, "monitor", "ok"),
        ({"page_at": None}, "page", "warn"),
        ({"page_at": T0 - timedelta(seconds=61)}, "page", "no-go"),
    ],
)
def test_what_is_around_the_routes(change: dict[str, Any], name: str, verdict: str) -> None:
    found = judged(around=replace(WELL, **change))
    assert said(found, name)[0] == verdict
    assert found.go is (verdict != "no-go")


def test_a_lock_that_nobody_hears_of_is_a_warning() -> None:
    found = judged(around=replace(WELL, unheard=(CHAT, "realtime.of-another-event")))
    assert said(found, "destinations") == (
        "warn", f"no [[notify]] hears route.locked of {CHAT}: nobody knows when it moves no more by itself",
    )  # fmt: skip
    assert found.go
    assert not [each for each in judged().lines if each.name == "destinations"]


@pytest.mark.parametrize(
    ("told", "verdict", "words"),
    [
        (OPS, "ok", "took a message 2 h ago"),
        (Told("ops"), "warn", "has never taken a message: statuspage notify test"),
        (Told("ops", "HTTP 410 Gone"), "no-go", "left alone: HTTP 410 Gone"),
        (Told("ops", None, 1), "warn", "1 dead letter waits for an admin"),
        (Told("ops", None, 2), "warn", "2 dead letters wait for an admin"),
    ],
)
def test_destinations(told: Told, verdict: str, words: str) -> None:
    assert said(judged(around=replace(WELL, told=(told,))), "destination", "ops") == (verdict, words)
