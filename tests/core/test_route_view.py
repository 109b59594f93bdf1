"""What operators are told of a route: what needs them, why it does not go elsewhere, what comes next by itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from statuspage.core.detection import Belief, Verdict
from statuspage.core.explaining import span
from statuspage.core.guards import GUARDS, OF_TARGET
from statuspage.core.load import Signal
from statuspage.core.moves import first_state
from statuspage.core.route import LIMITED, Assertion, Holding, Mode, Ramp, Refusal, Rollout, RouteState
from statuspage.core.route_view import RouteView, look_at, moved_part, view
from statuspage.core.state import Heartbeat, State
from tests.core.values import T0
from tests.routing import CHAT, FEED, FIREBASE, INBOX, NATIVE, belief, held, proposal, seen, states, with_routes
from tests.web.snapshots import make_site

SITE = with_routes(make_site(), T0)
HERE = states(T0, SITE)[CHAT]


def looked(state: State, id: str = CHAT) -> RouteView:
    """One route of it."""
    return next(each for each in seen(state, T0)[1] if each.route.id == id)


def chat(changed: RouteState, *beliefs: Belief, **more: Any) -> RouteView:
    """The chat's route in this state; `more` are fields of its configuration."""
    routes = tuple(replace(each, **more) if each.id == CHAT else each for each in SITE.switchboard.routes)
    site = replace(SITE, switchboard=replace(SITE.switchboard, routes=routes))
    return looked(held(site, T0, *beliefs, changed={CHAT: changed}))


def later(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_every_guard_of_a_target_is_told_whether_it_speaks_or_not() -> None:
    way = looked(held(SITE, T0)).way("native")
    assert way is not None
    assert [each.guard for each in way.findings] == [*OF_TARGET, "flap_budget", "paused_or_pinned", "tilt"]
    assert not any(each.blocks for each in way.findings)
    details = {each.guard: each.detail for each in way.findings}
    assert details["target_not_proven"] == "up for 60 min, wants 60 s"
    assert details["capacity"] == "would be 1,000 of 9,600 users"
    assert details["flap_budget"] == "0 of 3 moves within 30 min"
    assert set(details) <= set(GUARDS)


def test_what_speaks_against_a_move_is_told_with_what_it_saw() -> None:
    young = belief(NATIVE, T0, lasts=5)
    way = looked(held(SITE, T0, young)).way("native")
    assert way is not None
    assert [(each.guard, each.detail) for each in way.against] == [
        ("target_not_proven", "native is up for 5 s of 60 s")
    ]
    down = looked(held(SITE, T0, belief(NATIVE, T0, Verdict.DOWN))).way("native")
    assert down is not None
    assert [each.guard for each in down.against] == ["target_not_up"]
    assert "target_not_proven" not in [each.guard for each in down.findings]
    site = replace(SITE, switchboard=replace(SITE.switchboard, assertions=(Assertion("few", "native", at_most=0),)))
    few = looked(held(site, T0)).way("native")
    assert few is not None
    assert [each.guard for each in few.against] == ["assertion:few"]


def test_a_signal_is_in_the_words_of_capacity() -> None:
    state = replace(held(SITE, T0), signals={"native": (Signal("native", T0, users=9_000),)})
    way = looked(state).way("native")
    assert way is not None
    assert [each.detail for each in way.against] == ["native takes 9,600 users (80% of 12,000): 9,000 + 1,000"]


def test_where_nobody_has_counted_the_users_capacity_is_not_known() -> None:
    first, *others = SITE.switchboard.routes
    site = replace(SITE, switchboard=replace(SITE.switchboard, routes=(replace(first, users=None), *others)))
    state = held(site, T0)
    way = view(look_at(state, site, T0)[0], site.switchboard.routes[0]).way("native")
    assert way is not None
    (found,) = [each for each in way.findings if each.guard == "capacity"]
    assert not found.blocks
    assert found.detail.startswith(f"not known: nobody has counted the users of {first.id}; without them it would be 0")


def test_what_holds_only_the_robot_is_nothing_that_a_person_overrides() -> None:
    pinned = replace(HERE, pinned=Holding(T0 + timedelta(hours=1), "ana"), locked_at=T0)
    found = chat(pinned)
    way = found.way("native")
    assert way is not None
    assert [each.guard for each in way.findings if each.blocks] == ["flap_budget", "paused_or_pinned"]
    assert way.against == ()
    assert [each.guard for each in way.against_approval] == ["paused_or_pinned"]


def test_the_robot_rests_after_a_start_and_a_person_does_not() -> None:
    state = held(SITE, T0)
    board, since = look_at(state, SITE, T0, [Heartbeat("local", T0, T0 - timedelta(seconds=20))])
    way = view(board, SITE.switchboard.routes[0], since).way("native")
    assert way is not None
    assert [(each.guard, each.robot) for each in way.findings if each.blocks] == [("tilt", True)]
    assert way.against == ()


def test_limited_mode_is_always_a_way_but_not_from_itself() -> None:
    assert [each.to for each in looked(held(SITE, T0)).ways] == ["native", LIMITED]
    limited = chat(replace(HERE, provider=LIMITED))
    assert [each.to for each in limited.ways] == ["firebase", "native"]
    assert looked(held(SITE, T0)).ways[-1].against == ()


def test_a_route_that_was_never_decided_on_is_shown_where_it_prefers_to_be() -> None:
    state = held(SITE, T0)
    fresh = looked(replace(state, routes={}))
    assert (fresh.decided, fresh.state.provider, fresh.state.epoch) == (False, "firebase", 0)
    assert looked(state).decided


def test_what_needs_a_person_is_named_the_most_urgent_first() -> None:
    down = belief(NATIVE, T0, Verdict.DOWN)
    state = replace(HERE, proposal=proposal(T0), locked_at=T0)
    assert chat(state).needs == ("proposed", "locked")
    assert chat(state, down).needs == ("proposed", "locked", "not_ready")
    assert chat(HERE).needs == ()
    assert chat(replace(first_state(SITE.switchboard.routes[0], T0), blocked=(Refusal("capacity", "full"),))).needs == (
        "blocked",
    )


@pytest.mark.parametrize(
    ("verdict", "lasts", "standby"),
    [(Verdict.UP, 61, "native"), (Verdict.UP, 59, None), (Verdict.SLOW, 3600, None), (Verdict.UNKNOWN, 3600, None)],
)
def test_a_standby_is_proven_or_none(verdict: Verdict, lasts: float, standby: str | None) -> None:
    assert chat(HERE, belief(NATIVE, T0, verdict, lasts)).standby == standby


def test_a_standby_nobody_looked_at_lately_is_none() -> None:
    old = replace(belief(NATIVE, T0 - timedelta(minutes=6)), since=T0 - timedelta(hours=1))
    assert chat(HERE, old).standby is None


DOWN = belief(FIREBASE, T0, Verdict.DOWN, 4)
HOLD = Holding(T0 + timedelta(minutes=5), "ana")


@pytest.mark.parametrize(
    ("state", "more", "what", "at"),
    [
        (HERE, {}, "it moves when Firebase is down for 10 s", None),
        (replace(HERE, paused=HOLD), {}, "the robot may act again", 300),
        (replace(HERE, paused=Holding(T0, "ana")), {}, "it moves when Firebase is down for 10 s", None),
        (replace(HERE, locked_at=T0), {}, "no move between providers until somebody acknowledges", None),
        (replace(HERE, proposal=proposal(T0)), {}, "nothing until somebody approves the move to Native Web", None),
        (replace(HERE, would="native"), {"mode": Mode.OBSERVE}, "it is only observed: it would be on Native", None),
        (replace(HERE, provider=LIMITED, by="ana"), {}, "nothing until somebody moves it or resumes", None),
        (replace(HERE, provider=LIMITED, by="ana", expires_at=later(9)), {}, "the robot looks for a provider", 9),
        (replace(HERE, provider=LIMITED, since=T0), {}, "it moves to Firebase if every guard passes", 30),
        (replace(HERE, rollout=Rollout("native", 5, T0)), {}, "the return to Native Web Sockets goes on", 120),
        (replace(HERE, ramp=Ramp(T0, 5, 10)), {}, "everybody has moved", 15),
        (replace(HERE, verify_until=later(40)), {}, "the move is called good", 40),
        (replace(HERE, provider="native"), {}, "stays on Native Web Sockets until somebody moves it back", None),
        (replace(HERE, provider="native", since=T0), {"failback": "auto"}, "it returns to Firebase, in steps", 300),
    ],
)  # fmt: skip
def test_the_next_step_is_told_with_its_time(
    state: RouteState, more: dict[str, object], what: str, at: float | None
) -> None:
    step = chat(state, **more).step
    assert what in step.what
    assert step.at == (None if at is None else later(at))


def test_the_next_step_of_a_route_in_trouble() -> None:
    assert chat(HERE, DOWN).step.at == later(6)
    slow = replace(belief(FIREBASE, T0, Verdict.SLOW, 30))
    assert chat(HERE, slow, slow_for=timedelta(minutes=2)).step.at == later(90)
    away = replace(HERE, provider="native")
    assert "has been up for 15 min" in chat(away, DOWN, failback="auto").step.what
    limited, none = replace(HERE, provider=LIMITED), belief(NATIVE, T0, Verdict.DOWN)
    assert chat(limited, DOWN, none).step.what == "it comes back when a provider is up for 60 s"


def test_how_far_a_ramp_is() -> None:
    assert moved_part(HERE, T0) is None
    ramp = replace(HERE, ramp=Ramp(T0, 10, 40))
    parts = [moved_part(ramp, T0 + timedelta(seconds=after)) for after in (0, 10, 30, 49, 50)]
    assert parts == [0.0, 0.0, 0.5, 0.975, None]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7260, "2 h 1 min"),
     (7200, "2 h"), (864000, "10 d")],
)  # fmt: skip
def test_lengths_are_told_in_words(seconds: int, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


def test_the_other_routes_are_seen_too() -> None:
    assert [each.route.id for each in seen(held(SITE, T0), T0)[1]] == [CHAT, FEED, INBOX]
