"""Directives: what they say, that they change with the epoch and at no other time, and what they mean for a client."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.directive import directives_document, evaluate, flagd_document, personal
from statuspage.core.pacing import is_among
from statuspage.core.route import (
    LIMITED,
    Flip,
    Mode,
    Provider,
    Ramp,
    Rollout,
    Route,
    RouteState,
    Rule,
    RuleState,
    Scope,
    Switchboard,
)
from tests.core.values import at

NOW = at(600)
RULE = Rule("event_users", 5000, 4000, ("native", "firebase"))
ROUTE = Route("realtime.chat", "chat", ("firebase", "native"), Mode.AUTO, rules=(RULE,), still_works="You can read.")
BOARD = Switchboard((Provider("firebase", "Firebase", "f"), Provider("native", "Native", "n")), (ROUTE,))
HOME = RouteState("realtime.chat", "firebase", 1, at(0), usable=("firebase", "native"), rules=(RuleState(),), move="m1")


def document(state: RouteState | None, **more: Any) -> dict[str, Any]:
    states = {} if state is None else {state.route: state}
    found: dict[str, Any] = directives_document(BOARD, states, "g1", NOW, False, NOW)
    return {**found, **more}


def directive(state: RouteState | None) -> dict[str, Any]:
    found: dict[str, Any] = document(state)["routes"]["realtime.chat"]
    return found


def value(state: RouteState, **context: Any) -> tuple[str, str]:
    found = evaluate("realtime.chat", directive(state), context)
    return found.value, found.reason


FLIPS = st.sampled_from(
    [Flip("native", "firebase", "m3", Ramp(at(580), 0, 60)), Flip("firebase", None, "m4", Ramp(at(0), 9, 60))]
)

states = st.builds(
    RouteState,
    route=st.just("realtime.chat"),
    provider=st.sampled_from(["firebase", "native", LIMITED]),
    epoch=st.just(3),
    since=st.just(at(0)),
    scope=st.sampled_from(list(Scope)),
    move=st.sampled_from(["m1", "m2"]),
    rollout=st.none()
    | st.builds(Rollout, st.just("firebase"), st.sampled_from([5, 100]), st.sampled_from([at(1), at(2)])),
    usable=st.sampled_from([("firebase",), ("firebase", "native")]),
    rules=st.tuples(st.builds(RuleState, st.booleans(), st.none() | st.just(at(5)), st.none() | FLIPS)),
    expires_at=st.none() | st.just(at(900)),
    expires_to=st.none() | st.just("native"),
    moves=st.sampled_from([(), (at(1),)]),
    locked_at=st.none() | st.just(at(4)),
    would=st.none() | st.just("native"),
)


@given(states, states)
def test_what_is_served_is_the_same_exactly_while_the_epoch_is(one: RouteState, other: RouteState) -> None:
    if one.served == other.served:
        assert document(one) == document(other)
    elif document(one) == document(other):
        # A rule may lead to where the route stands anyway, whatever is usable: an epoch too many, never too few.
        assert one.is_limited or one.usable != other.usable


@given(
    states,
    st.dictionaries(
        st.sampled_from(["event_users", "targetingKey", "x"]), st.one_of(st.none(), st.integers(), st.text())
    ),
)
def test_every_client_gets_a_provider_or_limited_mode(state: RouteState, context: dict[str, Any]) -> None:
    found, reason = value(state, **context)
    assert found in ("firebase", "native", LIMITED)
    assert reason in ("STATIC", "TARGETING_MATCH", "SPLIT")
    assert (found == LIMITED) == state.is_limited


def test_a_route_that_nobody_decided_on_stands_where_it_prefers_to_be() -> None:
    found = directive(None)
    assert (found["target"], found["epoch"], found["since"]) == ("firebase", ["g1", 0], None)
    assert document(None)["config_epoch"] == ["g1", 0]


def test_a_rule_needs_a_number_over_its_limit() -> None:
    assert value(HOME, event_users=5000) == ("firebase", "STATIC")
    assert value(HOME, event_users=5000.5) == ("native", "TARGETING_MATCH")
    held = replace(HOME, rules=(RuleState(True),))
    assert value(held, event_users=4001) == ("native", "TARGETING_MATCH")
    assert value(held, event_users=4000) == ("firebase", "STATIC")
    for strange in ("6000", True, None, [6000]):
        assert value(HOME, event_users=strange) == ("firebase", "STATIC")


def test_messages_go_to_both_places_while_clients_are_on_their_way() -> None:
    moving = replace(HOME, provider="native", previous="firebase", ramp=Ramp(at(500), 0, 60))
    assert directive(moving)["publish_to"] == ["firebase", "native"]
    arrived = replace(moving, ramp=Ramp(at(400), 0, 60))
    assert directive(arrived)["publish_to"] == ["native"]
    preferred = replace(moving, ramp=None, scope=Scope.NEW, cause="preference")
    assert directive(preferred)["publish_to"] == ["firebase", "native"]
    assert directive(HOME)["publish_to"] == ["firebase"]
    assert directive(replace(HOME, provider=LIMITED))["publish_to"] == []
    back = replace(HOME, provider="native", rollout=Rollout("firebase", 25, at(0)))
    assert directive(back)["publish_to"] == ["firebase", "native"]


def test_whom_a_rule_applies_to_has_a_move_and_a_ramp_of_their_own_and_the_others_do_not_wait_for_it() -> None:
    flip = Flip("native", "firebase", "m7", Ramp(at(580), 5, 60))
    state = replace(HOME, rules=(RuleState(flip=flip),))
    said = directive(state)
    assert (said["move"], said["ramp"], said["publish_to"]) == ("m1", None, ["firebase"])
    (rule,) = said["rules"]
    ramp = {"start": "2021-09-13T13:50:40.000Z", "wait_s": 5, "seconds": 60}
    assert (rule["move"], rule["ramp"], rule["publish_to"]) == ("m7", ramp, ["firebase", "native"])
    own = personal(said, evaluate("realtime.chat", said, {"event_users": 6000}))
    assert (own["target"], own["move"], own["ramp"], own["publish_to"]) == (
        "native", "m7", ramp, ["firebase", "native"],
    )  # fmt: skip
    assert personal(said, evaluate("realtime.chat", said, {})) == said


def test_messages_of_a_rule_go_to_where_those_came_from_until_they_have_arrived() -> None:
    flip = Flip("native", "third", "m7", Ramp(at(500), 0, 60))
    for ends, places in ((60, ["third", "firebase", "native"]), (40, ["firebase", "native"])):
        state = replace(HOME, rules=(RuleState(flip=replace(flip, ramp=Ramp(at(500), 0, ends))),))
        assert directive(state)["rules"][0]["publish_to"] == places


@given(
    states.flatmap(lambda one: st.sampled_from([one, replace(one, previous="native", ramp=Ramp(at(580), 0, 60))])),
    st.fixed_dictionaries({}, optional={"event_users": st.integers(0, 9000), "targetingKey": st.text()}),
)
def test_every_client_publishes_to_where_it_is_or_is_limited(state: RouteState, context: dict[str, Any]) -> None:
    own: Any = personal(directive(state), evaluate("realtime.chat", directive(state), context))
    assert own["target"] == value(state, **context)[0]
    assert own["target"] in own["publish_to"] or own["target"] == LIMITED
    assert own["target"] != LIMITED or own["publish_to"] == []


CACHE = Route("cache.main", "cache", ("redis", "memory"), Mode.AUTO)
MEMORY = Provider("memory", "Its own memory", "", built_in=True)


@pytest.mark.parametrize(
    ("routes", "limited", "is_on"),
    [
        ([ROUTE], [ROUTE], True),
        ([ROUTE], [], False),
        ([ROUTE, CACHE], [ROUTE], True),  # a cache has a fallback of its own: it is never limited
        ([ROUTE, replace(ROUTE, id="realtime.feed", mode=Mode.OBSERVE)], [ROUTE], True),
        ([ROUTE, replace(ROUTE, id="realtime.feed", mode=Mode.APPROVE)], [ROUTE], False),
        ([CACHE], [CACHE], False),
        ([replace(ROUTE, mode=Mode.OBSERVE)], [ROUTE], False),
        ([], [], False),
    ],
)
def test_the_platform_is_in_limited_mode_when_every_route_is_that_can_be(
    routes: list[Route], limited: list[Route], is_on: bool
) -> None:
    board = Switchboard((*BOARD.providers, Provider("redis", "Redis", "r"), MEMORY), tuple(routes))
    states = {each.id: RouteState(each.id, LIMITED if each in limited else each.prefer[0], 1, at(0)) for each in routes}
    states |= {each.id: replace(states[each.id], provider=LIMITED) for each in limited if each.id in states}
    assert directives_document(board, states, "g1", NOW, False, NOW)["limited_mode"] is is_on


def test_a_return_says_who_is_back_and_within_which_time_they_come() -> None:
    back = replace(HOME, provider="native", rollout=Rollout("firebase", 25, at(0), Ramp(at(0), 5, 60)))
    ramp = {"start": "2021-09-13T13:41:00.000Z", "wait_s": 5, "seconds": 60}
    assert directive(back)["rollout"] == {"to": "firebase", "pct": 25, "ramp": ramp}


@given(st.text(min_size=1), st.integers(1, 100), st.integers(1, 100))
def test_who_moved_at_a_step_stays_moved_at_a_further_one(client: str, one: int, other: int) -> None:
    fewer, more = sorted((one, other))
    assert not is_among(fewer, "realtime.chat", client) or is_among(more, "realtime.chat", client)


def test_flagd_says_the_same_and_changes_only_with_a_directive() -> None:
    first = flagd_document(BOARD, document(HOME))
    later = directives_document(
        BOARD, {HOME.route: HOME}, "g1", NOW + timedelta(minutes=5), True, NOW + timedelta(hours=1)
    )
    assert flagd_document(BOARD, later)["flags"] == first["flags"]
    flags: Any = first["flags"]
    flag = flags["realtime.chat.provider"]
    assert flag["defaultVariant"] == "firebase"
    assert set(flag["variants"]) == {"firebase", "native", LIMITED}
    assert flag["targeting"] == {"if": [{">": [{"var": "event_users"}, 5000]}, "native", None]}
    whole = flags["realtime.chat.directive"]
    assert whole["targeting"] == {"if": [{">": [{"var": "event_users"}, 5000]}, "rule_0", None]}
    assert (whole["variants"]["now"]["target"], whole["variants"]["rule_0"]["target"]) == ("firebase", "native")
    limited: Any = flagd_document(BOARD, document(replace(HOME, provider=LIMITED)))["flags"]
    assert limited["realtime.chat.provider"]["targeting"] == {}
    assert limited["platform.limited_mode"]["defaultVariant"] == "on"


def test_flagds_metadata_has_epochs_the_cause_and_how_fresh_it_is() -> None:
    ends = replace(HOME, provider=LIMITED, cause="by_hand", expires_at=at(900), expires_to="native")
    found: Any = flagd_document(BOARD, document(ends))
    for flag in ("realtime.chat.provider", "realtime.chat.directive"):
        assert found["flags"][flag]["metadata"] == {
            "epoch": 1, "generation": "g1", "cause": "by_hand", "since": "2021-09-13T13:41:00.000Z",
            "expires_at": "2021-09-13T13:56:00.000Z",
        }  # fmt: skip
    assert found["metadata"] == {
        "flagSetId": "failover", "generation": "g1", "config_epoch": 1, "stale": False,
        "heartbeat_at": "2021-09-13T13:50:00.000Z",
    }  # fmt: skip


def test_flagds_bytes_stand_still_for_ten_minutes_and_a_silent_monitor_is_said_exactly() -> None:
    def lived(minutes: float, stale: bool = False) -> Any:
        told = directives_document(BOARD, {HOME.route: HOME}, "g1", at(minutes * 60), stale, NOW)
        return flagd_document(BOARD, told)

    assert lived(9) == lived(18.99) != lived(19)
    assert lived(19)["metadata"]["heartbeat_at"] == "2021-09-13T14:00:00.000Z"
    silent = lived(19.5, stale=True)["metadata"]
    assert (silent["stale"], silent["heartbeat_at"]) == (True, "2021-09-13T14:00:30.000Z")
    never: Any = flagd_document(BOARD, document(HOME, heartbeat_at=None))
    assert "heartbeat_at" not in never["metadata"]
