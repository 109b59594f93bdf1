"""What users felt: beacons read, counted, reckoned up; and what the rules of failover make of it."""

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.felt import BOUNDS_MS, HOUR, MANY, SLOT, Beacon, Counts, Outcome, Stretch, beacon_from, begun
from statuspage.core.load import Signal, arrivals, herd, with_felt
from statuspage.core.refusals import Refused
from statuspage.core.route import LIMITED, Pace
from tests.core.switchboards import DOWN, FIREBASE, NATIVE, UP, World, provider, route, switchboard
from tests.core.values import T0, at

SAID = {"p": "native", "r": "realtime.chat", "e": 3, "o": "ok", "ms": 62}
GOOD, BAD = Counts(ok=100, within=(0, 0, 100, 0, 0, 0, 0, 0, 0, 0)), Counts(timeout=15, refused=6)

beacons = st.lists(st.tuples(st.sampled_from(Outcome), st.floats(0, 20_000)), max_size=40)


def counted(told: list[tuple[Outcome, float]]) -> Counts:
    found = Counts()
    for outcome, ms in told:
        found = found.with_one(outcome, ms)
    return found


# --- beacons ------------------------------------------------------------------------------------------------------


def test_a_beacon_is_read() -> None:
    assert beacon_from(SAID) == Beacon("native", "realtime.chat", 3, Outcome.OK, 62.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("p", 7, "must be a text"),
        ("r", None, "must be a text"),
        ("e", -1, "from 0 on"),
        ("e", "3", "must be a whole number"),
        ("o", "wonderful", "must be one of ok, timeout, refused, limited"),
        ("ms", True, "must be a number from 0 on"),
        ("ms", -0.5, "must be a number from 0 on"),
        ("who", "ana", "is not known here"),
    ],
)
def test_what_is_wrong_with_a_beacon_is_named(field: str, value: Any, problem: str) -> None:
    with pytest.raises(Refused, match=problem) as refused:
        beacon_from({**SAID, field: value})  # type: ignore[dict-item]
    assert refused.value.field == field


@pytest.mark.parametrize("field", SAID)
def test_a_beacon_is_whole(field: str) -> None:
    with pytest.raises(Refused, match="is needed") as refused:
        beacon_from({name: value for name, value in SAID.items() if name != field})  # type: ignore[misc]
    assert refused.value.field == field


# --- counts -------------------------------------------------------------------------------------------------------


@given(beacons, beacons)
def test_counts_of_two_workers_are_the_counts_of_one_that_heard_all(
    one: list[tuple[Outcome, float]], other: list[tuple[Outcome, float]]
) -> None:
    found = counted(one) + counted(other)
    assert found == counted([*one, *other])
    assert sum(found.within) == found.ok
    assert found.tries + found.limited == len(one) + len(other)


@given(st.lists(st.floats(0, 8000), min_size=1, max_size=40), st.floats(0.01, 1))
def test_a_time_is_in_the_part_of_the_histogram_where_the_true_one_is(times: list[float], part: float) -> None:
    found = counted([(Outcome.OK, ms) for ms in times]).ms_within(part)
    assert found is not None
    true = sorted(times)[max(0, -int(-part * len(times) // 1) - 1)]
    bound = next(each for each in BOUNDS_MS if true <= each)
    below = max([0, *(each for each in BOUNDS_MS if each < bound)])
    assert below <= found <= bound


def test_half_of_them_and_nearly_all() -> None:
    found = counted([(Outcome.OK, 90.0)] * 90 + [(Outcome.OK, 3000.0)] * 10)
    half, most = found.ms_within(0.5), found.ms_within(0.95)
    assert half is not None
    assert most is not None
    assert 50 < half < 100
    assert 1600 < most < 3200
    assert Counts(timeout=3).ms_within(0.5) is None
    assert counted([(Outcome.OK, 1e9)]).ms_within(0.5) == 8000


def test_to_be_limited_is_no_try() -> None:
    found = counted([(Outcome.LIMITED, 0.0)] * 30 + [(Outcome.TIMEOUT, 8000.0)])
    assert (found.tries, found.failed_part, found.is_bad) == (1, 1.0, False)


@pytest.mark.parametrize(
    ("ok", "failed", "is_bad"), [(9, 11, True), (10, 10, False), (8, 11, False), (0, MANY, True), (0, MANY - 1, False)]
)
def test_many_beacons_of_which_more_than_half_failed_are_bad(ok: int, failed: int, is_bad: bool) -> None:
    assert Counts(ok=ok, refused=failed).is_bad is is_bad


def test_slots_and_hours_begin_at_whole_ones() -> None:
    moment = T0 + timedelta(minutes=12, seconds=34, microseconds=5)
    assert begun(moment, SLOT) == T0 + timedelta(minutes=12, seconds=30)
    assert begun(moment, HOUR) == T0.replace(minute=0)
    assert begun(T0, SLOT) == T0


# --- the rate of new connections ----------------------------------------------------------------------------------


def slots(*ok: int, begin: float = 0) -> list[Stretch]:
    """So many connections slot after slot; of a slot with none there is no beacon."""
    return [Stretch(at(begin + 10 * n), Counts(ok=count)) for n, count in enumerate(ok) if count]


def test_beacons_are_reckoned_up_to_a_rate() -> None:
    found = with_felt({}, {NATIVE: slots(5, 0, 20)}, 0.1, at(36))
    assert [(each.at, each.connects_per_s) for each in found[NATIVE]] == [(at(10), 5), (at(20), 0), (at(30), 20)]
    assert arrivals(NATIVE, found, at(36)) == 20
    assert arrivals(NATIVE, with_felt({}, {NATIVE: slots(5)}, 0.5, at(16)), at(16)) == 1


def test_a_slot_counts_as_soon_as_every_worker_has_brought_it() -> None:
    assert with_felt({}, {NATIVE: slots(5)}, 0.1, at(14)) == {}
    assert NATIVE in with_felt({}, {NATIVE: slots(5)}, 0.1, at(15))


def test_old_beacons_say_nothing_and_neither_do_those_that_nobody_is_to_send() -> None:
    assert with_felt({}, {NATIVE: slots(5)}, 0.1, at(71)) == {}
    assert with_felt({}, {NATIVE: slots(5)}, 0, at(15)) == {}


def test_what_an_application_says_of_its_rate_outweighs_beacons_until_it_falls_silent() -> None:
    said = {NATIVE: (Signal(NATIVE, at(20), 900, 7.0),)}
    assert with_felt(said, {NATIVE: slots(5, 5, 5)}, 0.1, at(36)) == said
    later = with_felt(said, {NATIVE: slots(5, begin=80)}, 0.1, at(95))
    assert later[NATIVE] == (Signal(NATIVE, at(90), None, 5.0, 5),)


def test_users_that_an_application_tells_of_stay() -> None:
    said = {NATIVE: (Signal(NATIVE, at(20), 900),)}
    assert with_felt(said, {NATIVE: slots(5, 5)}, 0.1, at(26))[NATIVE][-1] == Signal(NATIVE, at(20), 900, 5.0, 5)


def test_tries_that_fail_are_no_new_connections() -> None:
    assert arrivals(NATIVE, with_felt({}, {NATIVE: [Stretch(at(0), Counts(timeout=500))]}, 0.1, at(16)), at(16)) == 0


def test_few_beacons_keep_nobody_from_a_provider_and_none_make_room_run_low() -> None:
    few = with_felt({}, {NATIVE: slots(*[9] * 14, MANY - 1)}, 0.1, at(156))
    many = with_felt({}, {NATIVE: slots(*[9] * 14, MANY)}, 0.1, at(156))
    assert [arrivals(NATIVE, each, at(156), beacons=MANY) for each in (few, many)] == [0, 20]
    assert [arrivals(NATIVE, each, at(156), beacons=math.inf) for each in (few, many)] == [0, 0]


@pytest.mark.parametrize(("ok", "where"), [(MANY - 1, NATIVE), (MANY, LIMITED)])
def test_a_few_beacons_that_anybody_can_send_do_not_keep_a_route_from_its_standby(ok: int, where: str) -> None:
    here = World(switchboard(route(users=100), providers=[provider(NATIVE, None, 10)]))
    for _ in range(3):
        here.feel(NATIVE, Counts(ok=ok))
        here.wait(10)
    here.see(DOWN, FIREBASE, ago=10)
    here.wait(6)
    assert here.where() == [where]


def test_many_beacons_are_a_herd_and_few_are_chance() -> None:
    many = with_felt({}, {NATIVE: slots(*[6] * 14, MANY)}, 0.1, at(156))
    assert herd(NATIVE, many, at(156), Pace()) == f"20 new connections a second on {NATIVE}, usually 6"
    few = with_felt({}, {NATIVE: slots(*[1] * 14, MANY - 1)}, 0.1, at(156))
    assert herd(NATIVE, few, at(156), Pace()) is None


# --- failover -----------------------------------------------------------------------------------------------------


def test_a_provider_that_goes_down_under_a_herd_is_not_followed_by_it() -> None:
    here = World()
    for ok in (*(6,) * 14, 90):
        here.feel(FIREBASE, Counts(ok=ok))
        here.wait(10)
    here.wait(5)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == ["limited"]
    assert [each.guard for each in here.moves[-1].spurned] == ["follows_load"]


def test_clients_that_try_again_and_again_are_no_herd() -> None:
    here = World()
    for counts in (*(Counts(ok=6),) * 14, Counts(timeout=200)):
        here.feel(FIREBASE, counts)
        here.wait(10)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == [NATIVE]


def test_a_ramp_leaves_room_for_those_who_arrive_anyway() -> None:
    here = World(switchboard(route(users=1000), providers=[provider(NATIVE, 10_000, 50)]))
    here.feel(NATIVE, Counts(ok=15))
    here.wait(16)
    here.see(DOWN, FIREBASE, ago=10)
    here.wait(1)
    assert here.chat.ramp is not None
    assert here.chat.ramp.seconds == 40  # 1000 users at 0.8 × 50 - 15 a second


def moved() -> World:
    here = World()
    here.see(DOWN, FIREBASE)
    here.wait(20)
    assert here.where() == [NATIVE]
    here.noticed.clear()
    return here


def test_a_move_whose_users_cannot_connect_is_not_called_good() -> None:
    here = moved()
    here.feel(NATIVE, BAD)
    here.wait(120)
    assert (here.notices(), here.chat.verify_until) == (["unverified"], None)
    event = here.events[-1]
    assert event.kind == "route.unverified"
    assert event.data["felt"] == {
        "tries": 21, "timeout": 15, "refused": 6, "limited": 0, "failed_part": 1.0, "p50_ms": None, "p95_ms": None,
    }  # fmt: skip
    assert event.telling is not None
    assert (event.telling.data["to"], event.telling.evidence["felt"]) == (NATIVE, event.data["felt"])
    assert "felt" not in event.telling.data


def test_a_move_whose_users_connect_is_called_good_with_what_they_felt() -> None:
    here = moved()
    here.feel(NATIVE, GOOD + Counts(refused=20))
    here.wait(120)
    assert here.notices() == ["verified"]
    felt: Any = here.events[-1].data["felt"]
    assert (felt["tries"], felt["failed_part"], felt["p50_ms"]) == (120, 0.1667, 150)
    told = here.events[-1].telling
    # Only destinations that page hear of it: it ends the alert that an earlier move was not good.
    assert told is not None
    assert (told.silent, told.data["to"], told.evidence) == (True, NATIVE, {})


def test_what_was_felt_before_the_move_does_not_count_against_it() -> None:
    here = World()
    here.feel(NATIVE, BAD)
    here.see(DOWN, FIREBASE)
    here.wait(130)
    assert here.notices() == ["verified"]


def test_what_is_felt_where_a_route_came_from_does_not_count_against_where_it_went() -> None:
    here = moved()
    here.feel(FIREBASE, BAD)
    here.wait(120)
    assert here.notices() == ["verified"]


def test_a_provider_that_is_not_up_is_neither_proven_nor_told_again() -> None:
    here = moved()
    here.feel(NATIVE, BAD)
    here.see(DOWN, NATIVE)
    here.see(UP, FIREBASE)
    here.wait(120)
    assert "unverified" not in here.notices()
