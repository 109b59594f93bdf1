"""What people do with routes: every act, what it refuses and by which name, and that it outranks the robot."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from statuspage.core import operating
from statuspage.core.operating import MAX_REASON, Guarded, Order
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.route import LIMITED, Assertion, Mode, Ramp
from statuspage.core.state import Decision, State
from tests.core.switchboards import (
    CHAT,
    DOWN,
    FIREBASE,
    NATIVE,
    QUESTIONS,
    THIRD,
    UP,
    World,
    names,
    provider,
    route,
    switchboard,
)
from tests.core.values import at

Act = Callable[[World, Order, str], Decision]

ACTS: dict[str, Act] = {
    "move": lambda here, order, id: here.act(lambda held: operating.move(held, id, NATIVE, order, here.now)),
    "approve": lambda here, order, id: here.act(lambda held: operating.approve(held, id, order, here.now)),
    "pin": lambda here, order, id: here.act(lambda held: operating.pin(held, id, here.in_(60), order, here.now)),
    "pause": lambda here, order, id: here.act(lambda held: operating.pause(held, id, here.in_(60), order, here.now)),
    "resume": lambda here, order, id: here.act(lambda held: operating.resume(held, id, order, here.now)),
    "acknowledge": lambda here, order, id: here.act(lambda held: operating.acknowledge(held, id, order, here.now)),
}


def refused(field: str, act: Callable[[], object]) -> Refused:
    """The refusal, which names that field."""
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.field == field
    return caught.value


# --- what every act needs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_act_on_another_epoch_than_the_present_one_is_a_lost_race(act: Act) -> None:
    here = World()
    for seen in (0, 2):
        with pytest.raises(Conflict) as caught:
            act(here, Order("ana", "because", seen), CHAT)
        assert (caught.value.what, caught.value.id, caught.value.present) == ("route", CHAT, 1)


@pytest.mark.parametrize("reason", ["", "  \n", "\x00"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_act_has_a_reason(act: Act, reason: str) -> None:
    refused("reason", lambda: act(World(), Order("ana", reason, 1), CHAT))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_act_is_on_a_route_that_there_is(act: Act) -> None:
    with pytest.raises(NotThere):
        act(World(), Order("ana", "because", 1), "realtime.nothing")


def test_a_reason_has_its_length() -> None:
    here = World()
    refused("reason", lambda: ACTS["move"](here, Order("ana", "x" * (MAX_REASON + 1), 1), CHAT))
    ACTS["move"](here, Order("ana", "x" * MAX_REASON, 1), CHAT)
    assert here.chat.reason == "x" * MAX_REASON


def test_nothing_is_done_before_anything_is_published() -> None:
    refused("site", lambda: operating.move(State(), CHAT, NATIVE, Order("ana", "because", 1), at(0)))


# --- move -----------------------------------------------------------------------------------------------------------


def test_a_person_sends_a_route_and_it_stays_there_for_half_an_hour() -> None:
    here = World()
    here.move(NATIVE)
    state = here.chat
    assert (state.provider, state.epoch, state.by, state.cause, state.reason) == (
        NATIVE,
        2,
        "ana",
        "by_hand",
        "because",
    )
    assert (state.previous, state.origin, state.moves) == (FIREBASE, FIREBASE, ())
    assert (state.ramp, state.verify_until) == (Ramp(at(0), 0, 30), at(120))
    assert state.pinned is not None
    assert (state.pinned.until, state.pinned.by, state.pinned.reason) == (at(1800), "ana", "because")
    here.wait(91)
    here.see(DOWN, NATIVE)
    here.wait(1708, every=10)
    assert (here.where(), here.why_not()) == ([NATIVE], ["paused_or_pinned"])
    here.wait(1)
    assert here.where() == [FIREBASE]


def test_a_move_is_told_with_who_and_why_and_what_was_overridden() -> None:
    here = World()
    here.see(DOWN, NATIVE)
    (event,) = here.move(NATIVE, override=["target_not_up"]).events
    assert (event.kind, event.subject) == ("route.moved", CHAT)
    assert {name: event.data[name] for name in ("from", "to", "epoch", "event", "by", "reason", "overridden")} == {
        "from": FIREBASE, "to": NATIVE, "epoch": 2, "event": "sent", "by": "ana", "reason": "because",
        "overridden": ["target_not_up"],
    }  # fmt: skip


def test_home_again_nothing_is_remembered_of_why_it_left() -> None:
    here = World()
    here.move(NATIVE)
    here.move(FIREBASE)
    assert (here.where(), here.chat.origin, here.chat.previous, here.chat.epoch) == ([FIREBASE], None, NATIVE, 3)
    assert here.events[-1].data["event"] == "sent_home"


def test_a_route_goes_where_it_may_and_where_it_is_not() -> None:
    here = World()
    assert refused("to", lambda: here.move(THIRD)).problem == "must be one of firebase, native, limited"
    assert refused("to", lambda: here.move(FIREBASE)).problem == "the route is on firebase already"
    here.move(LIMITED)
    assert refused("to", lambda: here.move(LIMITED)).problem == "the route is on limited already"


def test_all_that_speaks_against_a_destination_is_said_and_each_is_overridden_by_its_name() -> None:
    board = switchboard(
        route(users=900), route(QUESTIONS), providers=[provider(NATIVE, 1000)],
        assertions=[Assertion("spread", NATIVE, at_most=0)],
    )  # fmt: skip
    here = World(board)
    here.see(DOWN, NATIVE)
    here.plan_work(NATIVE, 600)
    with pytest.raises(Guarded) as caught:
        here.move(NATIVE)
    against = ["target_not_up", "not_ready", "capacity", "assertion:spread"]
    assert (caught.value.field, names(caught.value.refusals)) == ("override", against)
    assert caught.value.problem.startswith("target_not_up (native is down: timeout at upgrade); not_ready (")
    with pytest.raises(Guarded) as caught:
        here.move(NATIVE, override=against[:2])
    assert names(caught.value.refusals) == against[2:]
    assert here.where() == [FIREBASE, FIREBASE]
    here.move(NATIVE, override=against)
    assert here.where() == [NATIVE, FIREBASE]


@pytest.mark.parametrize("name", ["stale_lease", "epoch_conflict"])
def test_what_nobody_overrides_is_refused_by_its_name(name: str) -> None:
    problem = refused("override", lambda: World().move(NATIVE, override=[name])).problem
    assert problem == f"{name} cannot be overridden"


@pytest.mark.parametrize("name", ["", "capacty", "assertion:nothing", "*"])
def test_a_guard_that_there_is_not_is_not_overridden(name: str) -> None:
    problem = refused("override", lambda: World().move(NATIVE, override=[name])).problem
    assert problem == f'there is no guard "{name}"'


def test_a_person_is_kept_by_the_guards_of_the_destination_and_by_nothing_else() -> None:
    here = World()
    here.pause(600)
    here.pin(600)
    here.look_anew()
    here.wait(60)
    here.move(NATIVE)
    assert here.where() == [NATIVE]
    assert here.chat.paused is not None
    here.move(LIMITED)
    assert here.where() == [LIMITED]


def test_a_route_that_was_never_steered_keeps_no_other_from_being_moved() -> None:
    here = World()
    here.configure(switchboard(route(CHAT), route(QUESTIONS)))
    here.move(NATIVE)
    assert here.where() == [NATIVE]


# --- limited until ----------------------------------------------------------------------------------------------------


def test_only_limited_mode_ends_by_itself_and_only_in_the_future_and_only_on_a_provider_of_the_route() -> None:
    here = World()
    refused("expires_at", lambda: here.move(NATIVE, expires_at=here.in_(60)))
    refused("expires_at", lambda: here.move(NATIVE, expires_to=NATIVE))
    refused("expires_at", lambda: here.move(LIMITED, expires_to=NATIVE))
    refused("expires_at", lambda: here.move(LIMITED, expires_at=here.now))
    refused("expires_to", lambda: here.move(LIMITED, expires_at=here.in_(60), expires_to=THIRD))
    refused("expires_to", lambda: here.move(LIMITED, expires_at=here.in_(60), expires_to=LIMITED))
    here.move(LIMITED, expires_at=here.in_(60), expires_to=NATIVE)
    assert here.chat.pinned is not None
    assert (here.chat.expires_at, here.chat.pinned.until) == (at(60), at(60))


def test_a_limit_without_an_end_has_none() -> None:
    here = World()
    here.move(LIMITED)
    assert (here.chat.expires_at, here.chat.expires_to, here.chat.is_overdue) == (None, None, False)


# --- approve ----------------------------------------------------------------------------------------------------------


def proposed() -> World:
    here = World(switchboard(route(mode=Mode.APPROVE)))
    here.see(DOWN, FIREBASE)
    here.wait(10)
    return here


def test_what_nobody_proposes_is_not_approved() -> None:
    refused("proposal", lambda: World().approve())


def test_what_is_approved_is_what_was_seen_and_limited_mode_only_by_its_name() -> None:
    here = World(switchboard(route(mode=Mode.APPROVE)))
    here.see(DOWN, FIREBASE)
    here.wait(15)
    assert (here.chat.proposal and here.chat.proposal.to, here.chat.epoch) == (NATIVE, 1)
    here.see(DOWN, NATIVE)
    here.wait(15)
    assert (here.chat.proposal and here.chat.proposal.to, here.chat.epoch) == (LIMITED, 1)
    refused("to", lambda: here.approve(to=NATIVE))
    refused("to", lambda: here.act(lambda held: operating.approve(held, CHAT, here.order(CHAT), here.now)))
    assert here.where() == [FIREBASE]
    here.approve(to=LIMITED)
    assert here.where() == [LIMITED]


@pytest.mark.parametrize("what", ["pin", "pause"])
def test_nobody_shortens_what_another_person_ordered(what: str) -> None:
    here = World()
    hold = {"pin": operating.pin, "pause": operating.pause}[what]

    def order(by: str, seconds: float) -> None:
        given = replace(here.order(CHAT), by=by)
        here.act(lambda held: hold(held, CHAT, here.in_(seconds), given, here.now))

    order("ben", 600)
    refused("until", lambda: order("ana", 60))
    order("ana", 700)
    order("ana", 60)
    here.wait(61)
    order("ben", 30)


def test_the_guards_are_asked_again_when_a_proposal_is_approved() -> None:
    here = proposed()
    here.see(DOWN, NATIVE)
    with pytest.raises(Guarded) as caught:
        here.approve()
    assert names(caught.value.refusals) == ["target_not_up"]
    here.pause(60)
    with pytest.raises(Guarded) as caught:
        here.approve(override=["target_not_up"])
    assert names(caught.value.refusals) == ["paused_or_pinned"]
    here.approve(override=["target_not_up", "paused_or_pinned"])
    assert here.where() == [NATIVE]


def test_what_is_approved_is_not_pinned_and_the_robot_goes_on() -> None:
    here = proposed()
    here.approve()
    assert (here.chat.pinned, here.chat.reason, here.chat.cause) == (None, "because", "firebase_down")
    here.see(UP, FIREBASE)
    here.wait(91)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.chat.proposal is not None
    assert here.chat.proposal.to == FIREBASE


# --- pin, pause, resume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["pin", "pause"])
def test_a_holding_ends_and_is_forgotten_by_nobody(act: str) -> None:
    here = World()
    hold = getattr(here, act)
    longest = 30 * 86400 if act == "pin" else 86400
    refused("until", lambda: hold(0))
    assert f"within {longest // 3600} hours" in refused("until", lambda: hold(longest + 1)).problem
    (event,) = hold(longest).events
    kind = {"pin": "route.pinned", "pause": "route.paused"}[act]
    assert (event.kind, event.data["by"], event.data["reason"]) == (kind, "ana", "because")
    assert event.data["until"] == here.in_(longest).isoformat()
    assert here.chat.epoch == 1
    here.now = here.in_(longest)
    here.tick()
    assert (here.chat.pinned, here.chat.paused, here.chat.epoch) == (None, None, 1)


def test_resuming_ends_a_pause_and_a_pin() -> None:
    here = World()
    here.pin(600)
    here.pause(600)
    (event,) = here.resume().events
    assert (event.kind, here.chat.pinned, here.chat.paused) == ("route.resumed", None, None)
    refused("route", lambda: here.resume())


def test_what_the_robot_limited_or_a_person_approved_is_not_resumed() -> None:
    here = World()
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(10)
    refused("route", lambda: here.resume())
    other = proposed()
    other.see(DOWN, NATIVE)
    other.wait(1)
    other.approve()
    refused("route", lambda: other.resume())


def test_what_a_person_limited_is_the_robots_again_when_it_is_resumed() -> None:
    here = World()
    here.move(LIMITED)
    here.wait(1801, every=10)
    here.resume()
    assert (here.chat.by, here.chat.epoch) == ("robot", 2)
    refused("route", lambda: here.resume())


# --- acknowledge, drill -----------------------------------------------------------------------------------------------


def test_what_is_not_locked_is_not_acknowledged() -> None:
    refused("route", lambda: World().acknowledge())


def test_acknowledging_unlocks_and_the_budget_begins_anew() -> None:
    here = World()
    here.routes[CHAT] = replace(here.chat, locked_at=at(0), moves=(at(-3), at(-2), at(-1)))
    (event,) = here.acknowledge().events
    assert (event.kind, here.chat.locked_at, here.chat.moves, here.chat.epoch) == ("route.acknowledged", None, (), 1)


def test_a_drill_is_remembered_and_nothing_is_served_anew() -> None:
    here = World()
    here.act(lambda held: operating.exercised(held, [CHAT, "realtime.nothing"], at(5)))
    assert (here.chat.exercised_at, here.chat.epoch) == (at(5), 1)
    assert operating.exercised(here.state(), [CHAT], at(4)).is_empty
    assert operating.exercised(here.state(), [CHAT], at(5)).is_empty
