"""The pace of moves: ramps that share one budget, and where in them each client moves."""

from dataclasses import replace

import pytest

from statuspage.core.pacing import BUCKETS, LONGEST, bucket, is_among, moment, ramp_after, seconds_for
from statuspage.core.route import LIMITED, Pace, Ramp
from tests.core.switchboards import CHAT, DOWN, FIREBASE, NATIVE, QUESTIONS, UP, World, provider, route, switchboard
from tests.core.values import at

PACE = Pace()
CLIENTS = [f"client-{n}" for n in range(2000)]


def down_with(*users: int | None, rate: float | None = 100) -> World:
    """So many routes with so many users each; Firebase goes down, and what is left takes new connections at a rate."""
    routes = [route(f"realtime.m{n}", users=each) for n, each in enumerate(users)]
    here = World(switchboard(*routes, providers=[provider(NATIVE, None, rate)]))
    here.see(DOWN, FIREBASE)
    here.wait(10)
    return here


# --- how long ------------------------------------------------------------------------------------------------------


def test_a_ramp_asks_for_no_more_than_four_fifths_of_what_the_provider_takes() -> None:
    here = down_with(4000)
    assert here["realtime.m0"].ramp == Ramp(at(10), 0, 50)


def test_ten_routes_that_move_together_share_one_ramp_and_one_move() -> None:
    here = down_with(*[400] * 10)
    ramps = {state.ramp for state in here.routes.values()}
    assert ramps == {Ramp(at(10), 0, 50)}
    assert len({state.move for state in here.routes.values()}) == 1


def test_a_later_move_onto_the_same_provider_queues_behind_the_one_under_way() -> None:
    board = switchboard(
        route(CHAT, users=4000), route(QUESTIONS, "third", NATIVE, users=800), providers=[provider(NATIVE, None, 100)]
    )
    here = World(board)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    here.see(DOWN, "third")
    here.wait(10)
    assert here.chat.ramp == Ramp(at(10), 0, 50)
    assert here[QUESTIONS].ramp == Ramp(at(20), 40, 10)
    assert Ramp(at(20), 40, 10).ends == at(70)
    assert here[QUESTIONS].move != here.chat.move
    here.wait(49)
    assert here[QUESTIONS].is_moving(here.now)
    here.wait(1)
    assert not here[QUESTIONS].is_moving(here.now)


def test_a_move_after_the_last_one_is_over_waits_for_nobody() -> None:
    here = down_with(4000)
    late = route(QUESTIONS, "third", NATIVE, users=800)
    here.configure(
        replace(
            here.switchboard,
            routes=(*here.switchboard.routes, late),
            providers=(*here.switchboard.providers, provider("third")),
        )
    )
    here.wait(50)
    here.see(DOWN, "third")
    here.wait(10)
    assert here[QUESTIONS].ramp == Ramp(at(70), 0, 10)


def test_moves_onto_different_providers_do_not_wait_for_each_other() -> None:
    board = switchboard(
        route(CHAT, users=4000), route(QUESTIONS, FIREBASE, "third", users=800),
        providers=[provider(NATIVE, None, 100), provider("third", None, 100)],
    )  # fmt: skip
    here = World(board)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert (here.chat.ramp, here[QUESTIONS].ramp) == (Ramp(at(10), 0, 50), Ramp(at(10), 0, 10))


def test_a_later_move_onto_another_provider_does_not_wait_either() -> None:
    board = switchboard(
        route(CHAT, users=4000), route(QUESTIONS, "fourth", "third", users=800),
        providers=[provider(NATIVE, None, 100), provider("third", None, 100)],
    )  # fmt: skip
    here = World(board)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    here.see(DOWN, "fourth")
    here.wait(10)
    assert here[QUESTIONS].ramp == Ramp(at(20), 0, 10)


def test_what_arrives_anyway_counts_and_half_of_the_share_is_kept_for_the_move() -> None:
    here = World(switchboard(route(users=4000), providers=[provider(NATIVE, None, 100)]))
    here.say(NATIVE, rate=30)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.chat.ramp == Ramp(at(10), 0, 80)
    assert seconds_for(4000, 100, 79, PACE) == 100


def test_where_nobody_said_what_it_takes_or_how_many_they_are_a_move_takes_half_a_minute() -> None:
    for here in (down_with(4000, rate=None), down_with(None)):
        assert here["realtime.m0"].ramp == Ramp(at(10), 0, 30)


def test_of_routes_that_move_together_those_count_of_which_something_is_known() -> None:
    here = down_with(4000, None)
    assert here["realtime.m1"].ramp == Ramp(at(10), 0, 50)


def test_what_is_said_just_now_counts_more_than_the_peak() -> None:
    here = World(switchboard(route(users=4000), providers=[provider(NATIVE, None, 100)]))
    here.say(CHAT, users=800)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.chat.ramp == Ramp(at(10), 0, 10)


@pytest.mark.parametrize(
    ("users", "rate", "arriving", "seconds"),
    [(0, 100, 0, 0), (1, 100, 0, 1), (81, 100, 0, 2), (80, 100, 0, 1), (None, 100, 0, 30), (10**9, 1, 0, LONGEST)],
)
def test_the_length_of_a_ramp_has_its_limits(users: int | None, rate: float, arriving: float, seconds: int) -> None:
    assert seconds_for(users, rate, arriving, PACE) == seconds


def test_a_queue_ends_with_the_longest_ramp_before_it() -> None:
    others = [Ramp(at(0), 0, 50), Ramp(at(10), 40, 10), Ramp(at(0), 0, 5)]
    assert ramp_after(others, 10, at(20)) == Ramp(at(20), 40, 10)
    assert ramp_after([], 10, at(20)) == Ramp(at(20), 0, 10)
    assert ramp_after([Ramp(at(0), 0, 5)], 10, at(20)) == Ramp(at(20), 0, 10)


def test_limited_mode_has_no_ramp_and_coming_out_of_it_has() -> None:
    here = World(switchboard(route(users=4000), providers=[provider(NATIVE, None, 100)]))
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(10)
    assert (here.where(), here.chat.ramp) == ([LIMITED], None)
    here.see(UP, NATIVE)
    here.wait(60)
    assert here.chat.ramp == Ramp(at(70), 0, 50)


def test_what_a_person_sends_queues_too() -> None:
    board = switchboard(route(CHAT, users=4000), route(QUESTIONS, users=800), providers=[provider(NATIVE, None, 100)])
    here = World(board)
    here.move(NATIVE)
    here.wait(10)
    here.move(NATIVE, QUESTIONS)
    assert (here.chat.ramp, here[QUESTIONS].ramp) == (Ramp(at(0), 0, 50), Ramp(at(10), 40, 10))


# --- each client's own moment ---------------------------------------------------------------------------------------


def test_a_clients_moment_is_its_own_and_the_same_for_all_that_moves_together() -> None:
    assert moment("client-1", "abc") == moment("client-1", "abc")
    assert moment("client-1", "abc") != moment("client-2", "abc")
    assert moment("client-1", "abc") != moment("client-1", "abd")


def test_moments_are_spread_evenly_over_the_ramp() -> None:
    tenths = [0] * 10
    for client in CLIENTS:
        found = moment(client, "abc")
        assert 0 <= found < 1
        tenths[int(found * 10)] += 1
    assert min(tenths) > 140
    assert max(tenths) < 260


def test_moments_and_parts_are_what_other_programs_compute() -> None:
    assert moment("client-1", "abc") == MOMENT
    assert bucket(CHAT, "client-1") == BUCKET


MOMENT, BUCKET = 0.7773521635857483, 9672


def test_who_is_among_a_part_is_among_every_larger_one() -> None:
    for client in CLIENTS[:500]:
        among = [is_among(pct, CHAT, client) for pct in range(101)]
        assert among == sorted(among)
        assert (among[0], among[100]) == (False, True)
        assert 0 <= bucket(CHAT, client) < BUCKETS


@pytest.mark.parametrize("pct", [5, 25, 50])
def test_a_part_is_as_large_as_it_says(pct: int) -> None:
    found = sum(is_among(pct, CHAT, client) for client in CLIENTS) / len(CLIENTS)
    assert abs(found - pct / 100) < 0.04
