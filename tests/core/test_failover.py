"""Where the robot moves routes, and what keeps it from it: guard by guard. The laws are in test_failover_laws.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.core.felt import Counts
from statuspage.core.given import all_given
from statuspage.core.guards import GUARDS, Wish, against_target, refusals
from statuspage.core.health import Condition, Health, condition
from statuspage.core.incident import ROBOT
from statuspage.core.load import Signal, herd
from statuspage.core.moves import Event
from statuspage.core.operating import Guarded
from statuspage.core.route import (
    LIMITED,
    Assertion,
    Mode,
    Pace,
    PlannedEvent,
    Provider,
    Ramp,
    Route,
    Scope,
    Switchboard,
)
from tests.core.switchboards import (
    CHAT,
    DOWN,
    FIREBASE,
    LONG_AGO,
    NATIVE,
    QUESTIONS,
    SLOW,
    THIRD,
    UNKNOWN,
    UNSTABLE,
    UP,
    World,
    believed,
    detail,
    names,
    provider,
    route,
    rule,
    spare,
    switchboard,
)
from tests.core.values import at

MINUTE = 60


def world(*routes: Route, **more: object) -> World:
    return World(switchboard(*routes, **more))  # type: ignore[arg-type]


def detail_of(here: World, guard: str) -> str:
    """What that guard saw that spoke against the last move's better places."""
    return next(each.detail for each in here.moves[-1].spurned if each.guard == guard)


def failed_over(*routes: Route, **more: object) -> World:
    """A world in which Firebase went down at 0 s and the routes left it at 10 s."""
    found = world(*routes, **more)
    found.see(DOWN, FIREBASE)
    found.wait(10)
    return found


def limited(*routes: Route, **more: object) -> World:
    """A world in which both providers went down at 0 s and the routes were limited at 10 s."""
    found = world(*routes, **more)
    found.see(DOWN, FIREBASE, NATIVE)
    found.wait(10)
    assert set(found.where()) == {LIMITED}
    return found


# --- leaving ------------------------------------------------------------------------------------------------------


def test_a_route_leaves_a_provider_that_is_down_for_ten_seconds_and_says_why() -> None:
    here = world()
    here.see(DOWN, FIREBASE)
    here.wait(9)
    assert here.where() == [FIREBASE]
    here.wait(1)
    assert here.course() == [(Event.FAILED_OVER, NATIVE)]
    state = here.chat
    assert (state.provider, state.previous, state.origin, state.since) == (NATIVE, FIREBASE, FIREBASE, at(10))
    assert (state.epoch, state.by, state.cause, state.scope) == (2, ROBOT, "firebase_down", Scope.ALL)
    assert state.reason == "firebase is down since 13:41:00 UTC (timeout at upgrade)"
    assert (state.moves, state.exercised_at, state.changed_at) == ((at(10),), at(10), at(10))
    here.wait(3600, every=20)
    assert state.epoch == here.chat.epoch


def test_the_time_of_being_down_counts_from_the_first_bad_run() -> None:
    here = world()
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    assert here.where() == [NATIVE]


def test_what_is_not_known_moves_nothing() -> None:
    here = world()
    here.see(UNKNOWN, FIREBASE, NATIVE, ago=3600)
    here.wait(600, every=5)
    assert (here.course(), here.chat.epoch, here.written) == ([], 1, 1)


@pytest.mark.parametrize("verdict", [SLOW, UNSTABLE])
def test_what_is_degraded_is_no_reason_to_leave(verdict: object) -> None:
    here = world()
    here.see(verdict, FIREBASE)  # type: ignore[arg-type]
    here.wait(3600, every=20)
    assert here.course() == []


def test_a_route_that_says_so_leaves_a_provider_that_is_slow_for_long() -> None:
    here = world(route(slow_for=timedelta(minutes=2)))
    here.see(SLOW, FIREBASE)
    here.wait(119)
    assert here.course() == []
    here.wait(1)
    assert here.course() == [(Event.FAILED_OVER, NATIVE)]
    assert here.chat.cause == "firebase_slow"
    assert here.chat.reason == "firebase is slow since 13:41:00 UTC (timeout at upgrade)"


def test_time_in_which_nobody_looked_is_not_time_of_being_slow() -> None:
    here = world(route(slow_for=timedelta(minutes=2)))
    here.see(SLOW, FIREBASE, ago=3600)
    here.look_anew()
    here.wait(119)
    assert here.course() == []
    here.wait(1)
    assert here.where() == [NATIVE]


def test_a_slow_provider_is_better_than_none_and_what_forbids_to_leave_it_is_said() -> None:
    here = world(route(slow_for=timedelta(minutes=2)))
    here.see(SLOW, FIREBASE)
    here.see(DOWN, NATIVE)
    here.wait(180)
    assert here.course() == []
    assert here.why_not() == ["target_not_up"]
    assert here.notices() == ["blocked"]


def test_unsteadiness_is_not_slowness() -> None:
    here = world(route(slow_for=timedelta(minutes=2)))
    here.see(UNSTABLE, FIREBASE)
    here.wait(600, every=5)
    assert here.course() == []


def test_a_second_failure_soon_after_the_first_is_handled() -> None:
    here = failed_over()
    here.see(UP, FIREBASE)
    here.wait(30 + 61)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.course() == [(Event.FAILED_OVER, NATIVE), (Event.FAILED_BACK, FIREBASE)]
    assert (here.chat.origin, here.chat.epoch) == (None, 3)


def test_providers_are_tried_in_the_order_of_preference() -> None:
    here = world(route(CHAT, FIREBASE, NATIVE, THIRD))
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(10)
    assert here.course() == [(Event.FAILED_OVER, THIRD)]


def test_where_no_provider_passes_the_route_is_limited_in_the_same_moment() -> None:
    here = limited(route(CHAT), route(QUESTIONS))
    assert here.course() == [(Event.SHED, LIMITED)]
    assert (here.chat.cause, here.chat.previous, here.chat.origin) == ("firebase_down", FIREBASE, FIREBASE)
    assert (here.chat.moves, here.chat.ramp, here.chat.verify_until) == ((), None, None)
    assert here.notices() == ["blocked"]
    assert here.why_not() == ["target_not_up", "target_not_up"]


# --- the guards of a destination ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [DOWN, SLOW, UNSTABLE, UNKNOWN])
def test_only_what_is_up_is_a_destination(verdict: object) -> None:
    here = world()
    here.see(verdict, NATIVE)  # type: ignore[arg-type]
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == [LIMITED]
    assert here.why_not() == ["target_not_up", "target_not_up"]


def test_a_destination_is_up_for_a_minute_before_anything_moves_there() -> None:
    here = limited()
    here.see(UP, NATIVE)
    here.wait(59)
    assert here.where() == [LIMITED]
    assert here.why_not() == ["target_not_up", "target_not_proven"]
    assert detail(here.chat, "target_not_proven") == "native is up for 1 s of 60 s"
    here.wait(1)
    assert here.where() == [NATIVE]


def test_time_in_which_nobody_looked_proves_nothing() -> None:
    here = world(pace=Pace(settle=timedelta(0)))
    here.look_anew()
    here.see(DOWN, FIREBASE)
    here.wait(59)
    assert (here.where(), here.why_not()) == ([LIMITED], ["target_not_up", "target_not_proven"])
    here.wait(1)
    assert here.where() == [NATIVE]


def test_a_destination_was_seen_to_work_within_five_minutes() -> None:
    here = world()
    here.hide(NATIVE)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert (here.where(), here.why_not()) == ([LIMITED], ["target_not_up", "not_ready"])
    assert detail(here.chat, "not_ready") == "native has no check that has ever answered"


@pytest.mark.parametrize(("ago", "passes"), [(300, True), (301, False)])
def test_a_look_at_a_destination_grows_old_after_five_minutes(ago: float, passes: bool) -> None:
    here = world()
    board = here.board()
    seen = Condition(Health.UP, LONG_AGO, None, here.in_(-ago))
    board = replace(board, conditions={**board.conditions, NATIVE: seen})
    found = against_target(board, Wish(here.switchboard.routes[0], here.chat, NATIVE))
    assert names(found) == ([] if passes else ["not_ready"])
    assert passes or found[0].detail == "native was last looked at 301 s ago"


def test_a_destination_on_which_planned_work_is_under_way_is_none() -> None:
    here = world()
    here.plan_work(NATIVE, 60)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert (here.where(), here.why_not()) == ([LIMITED], ["target_not_up", "not_ready"])
    here.wait(50)
    assert here.where() == [NATIVE]


def test_a_destination_has_room_for_all_that_are_there_and_all_that_come() -> None:
    here = world(
        route(CHAT, users=600), route(QUESTIONS, NATIVE, FIREBASE, users=201), providers=[provider(NATIVE, 1000)]
    )
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == [LIMITED, NATIVE]
    assert here.why_not() == ["target_not_up", "capacity"]
    assert detail(here.chat, "capacity") == "native takes 800 users (80% of 1,000): 201 + 600"


def test_a_destination_that_is_just_full_enough_is_taken() -> None:
    here = world(
        route(CHAT, users=600), route(QUESTIONS, NATIVE, FIREBASE, users=200), providers=[provider(NATIVE, 1000)]
    )
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == [NATIVE, NATIVE]


def test_what_is_said_while_all_is_well_counts_instead_of_the_peak_and_the_peak_where_nothing_is_said() -> None:
    here = world(route(users=900), providers=[provider(NATIVE, 1000)])
    here.say(CHAT, users=500)
    here.move(NATIVE)
    assert here.where() == [NATIVE]
    silent = world(route(users=900), providers=[provider(NATIVE, 1000)])
    silent.say(CHAT, users=500)
    silent.hush(CHAT)
    silent.wait(60)
    silent.see(DOWN, FIREBASE)
    silent.wait(10)
    assert silent.where() == [LIMITED]


@pytest.mark.parametrize("users", [0, 500])
def test_the_outage_itself_does_not_lower_the_peak(users: int) -> None:
    here = world(route(users=900), providers=[provider(NATIVE, 1000)])
    here.see(DOWN, FIREBASE)
    here.say(CHAT, users=users)
    here.wait(10)
    assert (here.where(), here.why_not()) == ([LIMITED], ["target_not_up", "capacity"])
    here.see(UP, FIREBASE)
    here.wait(60)
    assert here.where() == [FIREBASE]


def test_of_what_was_said_within_a_quarter_of_an_hour_the_most_counts() -> None:
    here = world(route(), providers=[provider(NATIVE, 1000)])
    here.say(CHAT, users=900)
    here.wait(60)
    here.say(CHAT, users=0)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.why_not() == ["target_not_up", "capacity"]
    here.wait(900)
    assert "capacity" not in here.why_not()


@pytest.mark.parametrize("subject", [CHAT, FIREBASE])
@pytest.mark.parametrize(("rate", "to"), [(40, NATIVE), (41, LIMITED)])
def test_where_more_come_than_a_destination_takes_the_route_is_limited(subject: str, rate: float, to: str) -> None:
    here = world(providers=[provider(NATIVE, None, 100)])
    here.say(NATIVE, rate=40)
    here.say(subject, rate=rate)
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    assert here.where() == [to]
    if to == LIMITED:
        said = "native takes 80 new connections a second (80% of 100): 81 come"
        assert detail(replace(here.chat, blocked=here.moves[-1].spurned), "capacity") == said
        here.wait(60)
        assert here.where() == [LIMITED]


@pytest.mark.parametrize(("starts", "to"), [(1810, LIMITED), (1811, NATIVE)])
def test_a_planned_event_that_is_near_counts_where_it_brings_more(starts: float, to: str) -> None:
    doors = PlannedEvent("keynote", at(starts), at(7200), 900, ("realtime.*",))
    here = failed_over(route(users=100), providers=[provider(NATIVE, 1000)], events=[doors])
    assert here.where() == [to]


def test_what_a_provider_says_it_carries_counts_where_that_is_more() -> None:
    here = world(route(users=300), providers=[provider(NATIVE, 1000)])
    here.say(NATIVE, users=501)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.why_not() == ["target_not_up", "capacity"]


def test_routes_that_move_together_count_each_other() -> None:
    here = failed_over(route(CHAT, users=500), route(QUESTIONS, users=500), providers=[provider(NATIVE, 1000)])
    assert here.where() == [NATIVE, LIMITED]


def test_who_is_on_the_way_back_in_steps_counts_on_both_sides() -> None:
    there, other = route(CHAT, failback="auto", users=500), route(QUESTIONS, THIRD, FIREBASE, users=500)
    here = failed_over(there, other, providers=[provider(FIREBASE, 1000)])
    here.see(UP, FIREBASE)
    here.wait(900, every=10)
    assert here.chat.rollout is not None
    here.see(DOWN, THIRD)
    here.wait(10)
    assert here.where() == [NATIVE, LIMITED]
    assert here.why_not(QUESTIONS) == ["target_not_up", "capacity"]


@pytest.mark.parametrize("subject", [CHAT, FIREBASE, NATIVE])
def test_where_a_herd_halted_it_the_failure_would_follow(subject: str) -> None:
    here = world()
    here.say(subject, rate=20)
    here.wait(130)
    here.say(subject, rate=61)
    here.see(DOWN, FIREBASE)
    here.wait(9)
    here.say(subject, rate=61)
    here.wait(1)
    assert (here.where(), set(here.why_not())) == ([LIMITED], {"target_not_up", "follows_load"})
    assert detail(here.chat, "follows_load") == f"61 new connections a second on {subject}, usually 20"


@pytest.mark.parametrize("rate", [60, 0])
def test_three_times_the_usual_rate_is_no_herd_yet(rate: float) -> None:
    here = world()
    here.say(CHAT, rate=20)
    here.wait(130)
    here.say(CHAT, rate=rate)
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    assert here.where() == [NATIVE]


def rates(*said: tuple[float, float]) -> dict[str, list[Signal]]:
    """What chat said of its new connections, at these seconds."""
    return {CHAT: [Signal(CHAT, at(second), None, rate) for second, rate in said]}


def test_of_fewer_than_five_values_or_of_less_than_two_minutes_nothing_is_usual() -> None:
    pace, now = Pace(), (200, 100.0)
    few = [(n * 40, 1.0) for n in range(4)]
    assert herd(CHAT, rates(*few, now), at(200), pace) is None
    five = herd(CHAT, rates(*few, (160, 1.0), now), at(200), pace)
    assert five == "100 new connections a second on realtime.chat, usually 1"
    for end, is_herd in ((119, False), (120, True)):
        said = rates(*[(end * n / 4, 1.0) for n in range(5)], (end + 5, 100.0))
        assert (herd(CHAT, said, at(end + 5), pace) is not None) is is_herd


def test_without_a_baseline_more_than_the_share_of_the_provider_is_a_herd() -> None:
    pace, said = Pace(), [(n, 500.0) for n in range(5)]
    found = herd(CHAT, rates(*said, (5, 81.0)), at(5), pace, 100)
    assert found == "81 new connections a second on realtime.chat, more than 80"
    assert herd(CHAT, rates(*said, (5, 80.0)), at(5), pace, 100) is None


@pytest.mark.parametrize(("rate", "is_herd"), [(30, False), (31, True)])
def test_where_nobody_came_before_a_tenth_of_what_the_provider_takes_is_usual(rate: float, is_herd: bool) -> None:
    quiet = [(n * 30, 0.0) for n in range(6)]
    assert (herd(CHAT, rates(*quiet, (160, rate)), at(160), Pace(), 100) is not None) is is_herd


def test_the_doors_open_and_the_provider_falls_over() -> None:
    here = world(providers=[provider(FIREBASE, None, 500), provider(NATIVE, None, 100)])
    here.say(CHAT, rate=0)
    here.wait(300, every=10)
    here.say(CHAT, rate=31)
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    assert (here.where(), here.why_not()) == ([LIMITED], ["target_not_up", "follows_load"])


@pytest.mark.parametrize("how", ["signals", "beacons", "nobody knows how many"])
def test_what_our_own_ramp_sends_is_no_herd(how: str) -> None:
    """Chat is on its way onto native at all that native takes; questions follow, and queue behind it."""
    users = None if how == "nobody knows how many" else 8000
    chat, questions = route(CHAT, users=users), route(QUESTIONS, THIRD, NATIVE, users=1600)
    here = world(chat, questions, providers=[provider(NATIVE, None, 100)])

    def come(rate: int, seconds: int) -> None:
        for _ in range(seconds // 10):
            if how == "beacons":
                here.feel(NATIVE, Counts(ok=rate))
            else:
                here.say(NATIVE, rate=rate)
            here.wait(10)

    come(5, 300)
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    come(78, 20)
    assert here.where() == [NATIVE, THIRD]
    here.see(DOWN, THIRD, ago=10)
    come(78, 10)
    assert here.where() == [NATIVE, NATIVE]
    first, then = here[CHAT].ramp, here[QUESTIONS].ramp
    assert first is not None
    assert then is not None
    if users is not None:
        assert (first.seconds, then.begins, then.seconds) == (107, first.ends, 21)  # at 80 a second, less 5 that come


def test_what_comes_beside_our_own_ramp_is_a_herd() -> None:
    here = world(route(CHAT, users=8000), route(QUESTIONS, THIRD, NATIVE), providers=[provider(NATIVE, None, 100)])
    here.say(NATIVE, rate=0)
    here.wait(300)
    here.see(DOWN, FIREBASE, ago=10)
    here.wait(1)
    here.say(NATIVE, rate=200)
    here.see(DOWN, THIRD)
    here.wait(10)
    assert here.where() == [NATIVE, LIMITED]
    assert names(here.moves[-1].spurned) == ["capacity", "follows_load"]
    assert detail_of(here, "follows_load") == f"120 new connections a second on {NATIVE}, usually 0"


@pytest.mark.parametrize(("seconds", "is_herd"), [(0, False), (20, False), (30, True)])
def test_the_last_that_a_ramp_sends_are_looked_for_until_they_have_been_counted(seconds: int, is_herd: bool) -> None:
    here = world(route(CHAT, users=800), route(QUESTIONS, THIRD, NATIVE), providers=[provider(NATIVE, None, 100)])
    here.say(NATIVE, rate=5)
    here.wait(300)
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    here.wait(10 + seconds)  # the ramp takes ten seconds
    here.say(NATIVE, rate=60)
    wish = Wish(here.switchboard.routes[1], here[QUESTIONS], NATIVE)
    assert bool(refusals(here.board(), wish, "follows_load")) is is_herd


def test_two_who_tell_of_one_provider_do_not_hide_each_other() -> None:
    """One counts users and another new connections: of each number the newest counts."""
    here = world(route(users=100), providers=[provider(NATIVE, 1000, 100)])
    here.say(FIREBASE, rate=1)
    here.wait(300)
    here.say(NATIVE, users=750)
    here.signals[FIREBASE].append(Signal(FIREBASE, here.now, None, 50))
    here.signals[FIREBASE].append(Signal(FIREBASE, here.now, 400, None))
    here.signals[NATIVE].append(Signal(NATIVE, here.now, None, 2))
    wish = Wish(here.switchboard.routes[0], here.chat, NATIVE)
    assert names(refusals(here.board(), wish, "capacity", "follows_load")) == ["capacity", "follows_load"]


def test_a_herd_that_left_a_route_limited_keeps_it_so_until_it_is_gone() -> None:
    here = world()
    here.say(FIREBASE, rate=20)
    here.wait(300, every=10)
    here.say(FIREBASE, rate=500)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.chat.origin == FIREBASE
    here.see(UP, FIREBASE)
    here.wait(120)
    assert (here.where(), here.why_not()) == ([LIMITED], ["follows_load", "follows_load"])
    here.say(FIREBASE, rate=20)
    here.wait(1)
    assert here.where() == [FIREBASE]


@pytest.mark.parametrize("seconds", [1, 59, 60])
def test_what_sinks_within_a_minute_of_the_move_onto_it_is_limited_and_not_sent_back(seconds: float) -> None:
    here = world(route(CHAT, FIREBASE, NATIVE, THIRD))
    here.see(DOWN, FIREBASE)
    here.wait(10 + seconds)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.course() == [(Event.FAILED_OVER, NATIVE), (Event.SHED, LIMITED)]
    assert here.chat.cause == "follows_load"


@pytest.mark.parametrize(("later", "event"), [(60, Event.SHED), (61, Event.FAILED_OVER)])
def test_the_minute_counts_from_the_end_of_the_ramp(later: int, event: Event) -> None:
    known = [provider(NATIVE, None, 100)]
    here = failed_over(route(CHAT, FIREBASE, NATIVE, THIRD, users=16000), providers=known)
    assert here.chat.ramp == Ramp(at(10), 0, 200)
    here.wait(200 + later)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.course()[-1][0] is event


def test_what_sinks_later_is_left_like_any_other() -> None:
    here = world(route(CHAT, FIREBASE, NATIVE, THIRD))
    here.see(DOWN, FIREBASE)
    here.wait(10 + 30 + 61)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.course() == [(Event.FAILED_OVER, NATIVE), (Event.FAILED_OVER, THIRD)]


def test_an_assertion_says_how_many_routes_may_be_on_a_provider_at_most() -> None:
    some = Assertion("spread", NATIVE, ("realtime.*",), at_most=1)
    here = failed_over(route(CHAT), route(QUESTIONS), route("cache.main"), assertions=[some])
    assert here.where() == [NATIVE, LIMITED, NATIVE]
    assert here.why_not(QUESTIONS) == ["target_not_up", "assertion:spread"]
    assert detail(here[QUESTIONS], "assertion:spread") == "2 routes would be on native, at most 1"


def test_an_assertion_is_about_the_routes_that_it_names_and_no_others() -> None:
    some = Assertion("warm", NATIVE, (CHAT,), at_most=0)
    here = world(route(CHAT, NATIVE, FIREBASE), route(QUESTIONS), assertions=[some])
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == [NATIVE, NATIVE]


def test_an_assertion_says_how_many_routes_stay_on_a_provider_at_least() -> None:
    some = Assertion("warm", FIREBASE, ("realtime.*",), at_least=1)
    here = world(route(CHAT), route(QUESTIONS), route("cache.main"), assertions=[some])
    here.move(NATIVE)
    here.move(NATIVE, "cache.main")
    with pytest.raises(Guarded, match="0 routes would be on firebase, at least 1"):
        here.move(NATIVE, QUESTIONS)


def test_nothing_has_to_stay_on_what_fails() -> None:
    some = Assertion("warm", FIREBASE, at_least=1)
    here = failed_over(route(CHAT), route(QUESTIONS), assertions=[some])
    assert here.where() == [NATIVE, NATIVE]


# --- what is built in ---------------------------------------------------------------------------------------------

REDIS, MEMORY = "redis", "memory"
CACHE = "cache.main"


def cached(*prefer: str, **more: object) -> World:
    """A world with a cache that has a fallback in the application's own memory."""
    cache = route(CACHE, *(prefer or (REDIS, MEMORY)), users=900)
    providers = [provider(REDIS, None, 100), Provider(MEMORY, "Its own memory", "", 100, 10, built_in=True)]
    return world(replace(cache, **more), providers=providers)  # type: ignore[arg-type]


def test_a_herd_on_a_cache_sends_it_to_its_own_memory_which_no_herd_follows_to() -> None:
    here = cached()
    for subject in (REDIS, CACHE):
        here.say(subject, rate=10)
    here.wait(300)
    for subject in (REDIS, CACHE):
        here.say(subject, rate=500)
    here.see(DOWN, REDIS)
    here.wait(10)
    assert here.course(CACHE) == [(Event.FAILED_OVER, MEMORY)]


def test_just_after_a_restart_of_the_monitor_its_own_memory_is_proven() -> None:
    here = cached()
    here.look_anew()
    here.see(DOWN, REDIS)
    here.wait(10)
    assert names(against_target(here.board(), Wish(here.switchboard.routes[0], here[CACHE], MEMORY))) == []


@pytest.mark.parametrize("prefer", [(REDIS, MEMORY), (REDIS, THIRD, MEMORY)])
def test_a_cache_whose_budget_is_spent_or_that_is_locked_goes_to_its_own_memory_all_the_same(
    prefer: tuple[str, ...],
) -> None:
    here = cached(*prefer)
    here.routes[CACHE] = replace(here[CACHE], moves=(at(-3), at(-2), at(-1)), locked_at=at(0))
    here.see(DOWN, REDIS)
    here.wait(10)
    assert here.course(CACHE) == [(Event.FAILED_OVER, MEMORY)]
    assert len(here[CACHE].moves) == 3


def test_going_to_its_own_memory_spends_nothing_of_the_budget_and_takes_no_turn() -> None:
    caches = [route(f"cache.{n}", REDIS, MEMORY) for n in range(3)]
    memory = Provider(MEMORY, "Its own memory", "", built_in=True)
    here = world(*caches, providers=[provider(REDIS), memory], pace=Pace(parallel=1))
    here.see(DOWN, REDIS)
    here.wait(10)
    assert here.where() == [MEMORY] * 3
    assert [here[each.id].moves for each in caches] == [()] * 3


def test_what_sank_with_the_move_onto_it_goes_to_its_own_memory_rather_than_into_limited_mode() -> None:
    here = cached()
    here.move(MEMORY, CACHE)
    here.move(REDIS, CACHE)
    here.resume(CACHE)
    here.see(DOWN, REDIS)
    here.wait(10)
    assert here.course(CACHE) == [(Event.FAILED_OVER, MEMORY)]
    assert (here[CACHE].cause, names(here.moves[-1].spurned)) == ("follows_load", ["follows_load"])


def test_a_limited_route_that_gets_a_place_of_its_own_goes_there_whatever_it_spent() -> None:
    here = world(route(CACHE, REDIS))
    here.see(DOWN, REDIS)
    here.wait(10)
    assert here.where() == [LIMITED]
    here.routes[CACHE] = replace(here[CACHE], moves=(at(1), at(2), at(3)), locked_at=at(3))
    memory = Provider(MEMORY, "Its own memory", "", built_in=True)
    here.configure(switchboard(route(CACHE, REDIS, MEMORY), providers=[provider(REDIS), memory]))
    here.wait(30)
    assert here.course(CACHE)[-1] == (Event.FOUND, MEMORY)


# --- the guards of the robot --------------------------------------------------------------------------------------


def test_at_most_so_many_routes_move_at_one_moment_and_the_others_at_the_next() -> None:
    many = [route(f"realtime.m{n}") for n in range(5)]
    here = failed_over(*many, pace=Pace(parallel=2))
    assert here.where() == [NATIVE] * 2 + [FIREBASE] * 3
    assert here.why_not("realtime.m2") == ["parallel"]
    here.wait(1)
    assert here.where() == [NATIVE] * 4 + [FIREBASE]
    here.wait(1)
    assert here.where() == [NATIVE] * 5
    assert here.notices("realtime.m4") == []


def test_limited_mode_waits_for_no_turn_and_takes_none() -> None:
    many = [route(f"realtime.m{n}") for n in range(5)]
    assert limited(*many, pace=Pace(parallel=2)).where() == [LIMITED] * 5
    last = route("realtime.last", FIREBASE, THIRD)
    here = world(*many, last, pace=Pace(parallel=1))
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(10)
    assert here.where() == [LIMITED] * 5 + [THIRD]


def test_routes_are_lifted_out_of_limited_mode_in_turn() -> None:
    here = limited(*[route(f"realtime.m{n}") for n in range(3)], pace=Pace(parallel=2))
    here.see(UP, FIREBASE)
    here.wait(60)
    assert here.where() == [FIREBASE, FIREBASE, LIMITED]
    here.wait(1)
    assert here.where() == [FIREBASE] * 3


def test_a_paused_route_is_left_alone_until_the_pause_is_over_whatever_happens() -> None:
    here = world()
    here.pause(60)
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(59)
    assert (here.where(), here.why_not(), here.notices()) == ([FIREBASE], ["paused_or_pinned"], ["blocked"])
    assert detail(here.chat, "paused_or_pinned") == "paused by ana until 13:42 UTC"
    here.wait(1)
    assert (here.where(), here.chat.paused) == ([LIMITED], None)


def test_a_pinned_route_is_left_alone_until_the_pin_is_over() -> None:
    here = world()
    here.pin(60)
    here.see(DOWN, FIREBASE)
    here.wait(59)
    assert (here.where(), here.why_not()) == ([FIREBASE], ["paused_or_pinned"])
    assert detail(here.chat, "paused_or_pinned") == "pinned by ana until 13:42 UTC"
    here.wait(1)
    assert (here.where(), here.chat.pinned) == ([NATIVE], None)


@pytest.mark.parametrize(("after", "where"), [(50, LIMITED), (61, NATIVE)])
def test_what_a_person_moved_is_not_held_on_what_sank_with_the_move(after: int, where: str) -> None:
    here = world(route(CHAT, FIREBASE, NATIVE, THIRD))
    here.move(NATIVE)
    here.configure(replace(here.switchboard, pace=Pace(ramp=timedelta(0))))
    here.wait(after + 30)  # the ramp took thirty
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.where() == [where]
    if where == LIMITED:
        assert (here.chat.cause, here.chat.by, here.chat.pinned) == ("follows_load", ROBOT, None)
        here.wait(30)
        assert here.where() == [FIREBASE]


@pytest.mark.parametrize("how", ["pin", "pause", "plan_work"])
def test_what_a_person_pinned_or_paused_stays_on_what_sank_with_the_move(how: str) -> None:
    here = world()
    here.move(NATIVE)
    if how == "plan_work":
        here.plan_work(NATIVE, 600)
    else:
        getattr(here, how)(600)
    here.see(DOWN, NATIVE)
    here.wait(60)
    assert here.where() == [NATIVE]


def test_a_paused_route_stays_limited() -> None:
    here = limited()
    here.pause(600)
    here.see(UP, FIREBASE)
    here.wait(590, every=10)
    here.wait(9)
    assert (here.where(), here.why_not()) == ([LIMITED], ["paused_or_pinned"])
    here.wait(1)
    assert here.where() == [FIREBASE]


@pytest.mark.parametrize("component", [FIREBASE, "chat"])
def test_planned_work_on_the_module_or_its_provider_moves_nothing(component: str) -> None:
    here = world()
    here.plan_work(component, 60)
    here.see(DOWN, FIREBASE)
    here.wait(59)
    assert (here.where(), here.why_not()) == ([FIREBASE], ["paused_or_pinned"])
    assert detail(here.chat, "paused_or_pinned") == "planned work is under way"
    here.wait(1)
    assert here.where() == [NATIVE]


def test_planned_work_on_anything_else_keeps_nothing() -> None:
    here = world(route(CHAT), route(QUESTIONS, NATIVE, FIREBASE))
    here.plan_work("questions", 60)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.where() == [NATIVE, NATIVE]


@pytest.mark.parametrize("down", [(FIREBASE,), (FIREBASE, NATIVE)])
def test_for_a_minute_after_looking_began_anew_nothing_moves(down: tuple[str, ...]) -> None:
    here = world()
    here.look_anew()
    here.see(DOWN, *down, ago=600)
    here.wait(59)
    assert (here.where(), here.why_not(), here.chat.epoch) == ([FIREBASE], ["tilt"], 1)
    here.wait(1)
    assert here.where() == [NATIVE if down == (FIREBASE,) else LIMITED]


# --- the budget and the lock --------------------------------------------------------------------------------------


def swing(here: World, seconds: float = 200) -> None:
    """The provider that it is on goes down, and the other one comes back."""
    bad = here.chat.provider
    here.see(UP, NATIVE if bad == FIREBASE else FIREBASE)
    here.wait(seconds)
    here.see(DOWN, bad)
    here.wait(10)


def locked() -> World:
    """A world in which the route moved three times within half an hour and wants to move again."""
    here = world()
    for _ in range(4):
        swing(here)
    return here


def test_the_fourth_move_within_half_an_hour_locks_the_route_and_leaves_it_limited() -> None:
    here = locked()
    assert [to for _, to in here.course()] == [NATIVE, FIREBASE, NATIVE, LIMITED]
    assert here.chat.locked_at == here.now
    assert here.notices()[-2:] == ["locked", "blocked"]
    assert here.why_not() == ["flap_budget", "target_not_up", "flap_budget"]
    assert names(here.moves[-1].spurned) == ["flap_budget"]
    assert here.moves[-1].spurned[0].detail == "3 moves within 1800 s"


def test_the_lock_is_latched_until_somebody_acknowledges() -> None:
    here = locked()
    here.see(UP, FIREBASE, NATIVE)
    here.wait(7200, every=20)
    assert (here.where(), here.why_not()) == ([LIMITED], ["flap_budget", "flap_budget"])
    assert detail(here.chat, "flap_budget").startswith("locked since 13:")
    here.acknowledge()
    assert (here.chat.locked_at, here.chat.moves) == (None, ())
    here.wait(1)
    assert here.where() == [FIREBASE]


def test_moves_that_are_half_an_hour_old_no_longer_count() -> None:
    here = world()
    for _ in range(3):
        swing(here)
    here.wait(1800 - 210, every=10)
    swing(here)
    assert (here.chat.locked_at, here.where(), here.chat.moves) == (None, [FIREBASE], (here.now,))


def test_a_provider_that_comes_and_goes_moves_a_route_three_times_at_most() -> None:
    here = world(route(failback="auto"), pace=Pace(stable=timedelta(seconds=60), dwell=timedelta(seconds=60)))
    for n in range(40):
        here.see(DOWN if n % 2 else UP, FIREBASE)
        here.see(UP if n % 2 else DOWN, NATIVE)
        here.wait(90, every=5)
    assert len([to for event, to in here.course() if event is not Event.SHED]) <= 3
    assert here.chat.locked_at is not None


def test_the_budget_speaks_only_where_a_destination_passes_otherwise() -> None:
    here = world()
    for _ in range(3):
        swing(here)
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(10)
    assert (here.where(), here.chat.locked_at) == ([LIMITED], None)
    here.wait(1800, every=10)
    here.see(UP, NATIVE)
    here.wait(60)
    assert (here.where(), here.chat.locked_at) == ([NATIVE], None)


def test_waiting_to_return_locks_nothing() -> None:
    here = world(route(failback="auto"))
    for _ in range(3):
        swing(here)
    here.see(UP, FIREBASE)
    here.wait(300)
    assert here.why_not() == ["not_stable", "flap_budget"]
    assert here.chat.locked_at is None


def test_a_return_that_only_the_budget_forbids_locks_the_route() -> None:
    soon = Pace(stable=timedelta(seconds=60), dwell=timedelta(seconds=60))
    here = world(pace=soon)
    for _ in range(3):
        swing(here)
    here.configure(switchboard(route(failback="auto"), pace=soon))
    here.see(UP, FIREBASE)
    here.wait(59)
    waiting = ["target_not_proven", "dwell", "not_stable", "flap_budget"]
    assert (here.why_not(), here.chat.locked_at) == (waiting, None)
    here.wait(1)
    assert (here.why_not(), here.chat.locked_at) == (["flap_budget"], here.now)


def test_a_lock_comes_while_nothing_else_keeps_the_robot_from_moving() -> None:
    here = world()
    for _ in range(3):
        swing(here)
    here.see(UP, FIREBASE)
    here.wait(100)
    here.pause(60)
    here.see(DOWN, NATIVE)
    here.wait(30)
    assert (here.chat.locked_at, here.why_not()) == (None, ["paused_or_pinned"])


def test_what_a_person_moves_is_forgiven_what_it_did_before() -> None:
    here = locked()
    here.see(UP, FIREBASE)
    here.wait(60)
    here.move(FIREBASE)
    assert (here.chat.locked_at, here.chat.moves, here.where()) == (None, (), [FIREBASE])


# --- limited mode -------------------------------------------------------------------------------------------------


def test_limited_mode_lasts_half_a_minute_at_least() -> None:
    here = world(pace=Pace(sunk_within=timedelta(seconds=60)))
    here.see(DOWN, FIREBASE)
    here.wait(12)
    here.see(DOWN, NATIVE)
    here.see(UP, FIREBASE, ago=3600)
    here.wait(10)
    assert (here.where(), here.why_not()) == ([LIMITED], ["dwell"])
    assert detail(here.chat, "dwell") == "limited for 0 s of 30 s"
    here.wait(29)
    assert here.where() == [LIMITED]
    here.wait(1)
    assert here.course()[-1] == (Event.FOUND_HOME, FIREBASE)


def test_a_route_is_lifted_onto_the_first_that_passes_and_its_origin_is_remembered() -> None:
    here = limited()
    here.see(UP, NATIVE)
    here.wait(60)
    assert here.course()[-1] == (Event.FOUND, NATIVE)
    assert (here.chat.previous, here.chat.origin, here.chat.cause) == (FIREBASE, FIREBASE, "native_up")
    assert here.notices() == ["blocked", "blocked", "cleared"]
    assert len(here.chat.moves) == 1


def test_waiting_for_its_time_is_told_to_nobody_unless_the_route_is_limited() -> None:
    here = failed_over(route(failback="auto"))
    here.see(UP, FIREBASE)
    here.wait(59)
    assert (here.why_not(), here.notices()) == (["target_not_proven", "dwell", "not_stable"], [])
    short = limited()
    short.see(UP, FIREBASE, NATIVE)
    short.wait(1)
    assert (short.why_not(), short.notices()) == (["target_not_proven"] * 2, ["blocked"] * 2)


def test_what_a_person_limited_is_theirs_to_lift() -> None:
    here = world()
    here.move(LIMITED)
    here.wait(7200, every=20)
    assert (here.where(), here.why_not()) == ([LIMITED], [])
    here.resume()
    here.wait(1)
    assert here.where() == [FIREBASE]


def test_what_a_person_limited_until_a_moment_goes_where_they_said() -> None:
    here = world()
    here.move(LIMITED, expires_at=here.in_(60), expires_to=NATIVE)
    assert (here.chat.expires_to, here.chat.epoch) == (NATIVE, 2)
    here.wait(59)
    assert here.where() == [LIMITED]
    here.wait(1)
    assert (here.where(), here.chat.epoch) == ([NATIVE], 3)
    assert (here.chat.expires_at, here.chat.expires_to) == (None, None)


def test_where_nobody_said_where_it_goes_home() -> None:
    here = world(route(CHAT, NATIVE, FIREBASE))
    here.move(LIMITED, expires_at=here.in_(60))
    assert here.chat.expires_to == NATIVE
    here.wait(60)
    assert here.where() == [NATIVE]


@pytest.mark.parametrize("mode", list(Mode))
def test_what_a_person_ordered_is_done_in_any_mode_as_soon_as_the_guards_allow(mode: Mode) -> None:
    here = world(route(mode=mode))
    here.move(LIMITED, expires_at=here.in_(60), expires_to=NATIVE)
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(120)
    assert (here.where(), here.chat.expires_at) == ([LIMITED], None)
    here.see(UP, NATIVE)
    here.wait(60)
    assert here.where() == [NATIVE]
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.where() == ([LIMITED] if mode is Mode.AUTO else [NATIVE])


def test_a_pin_that_outlasts_the_limit_holds() -> None:
    here = world()
    here.move(LIMITED, expires_at=here.in_(60))
    here.pin(600)
    here.wait(590, every=10)
    here.wait(9)
    assert (here.where(), here.why_not()) == ([LIMITED], ["paused_or_pinned"])
    here.wait(1)
    assert here.where() == [FIREBASE]


# --- modes --------------------------------------------------------------------------------------------------------


def test_an_observed_route_says_once_what_it_would_do_and_serves_what_it_did() -> None:
    here = world(route(mode=Mode.OBSERVE))
    here.see(DOWN, FIREBASE)
    here.wait(600, every=5)
    assert (here.where(), here.chat.would, here.notices(), here.chat.epoch) == ([FIREBASE], NATIVE, ["would"], 1)
    here.see(DOWN, NATIVE)
    here.wait(600, every=5)
    assert (here.chat.would, here.notices(), here.why_not()) == (LIMITED, ["would", "would"], ["target_not_up"])
    here.see(UP, FIREBASE)
    here.wait(60)
    assert (here.chat.would, here.notices(), here.chat.epoch) == (None, ["would", "would"], 1)


def test_a_route_that_asks_first_proposes_once_and_moves_when_told_to() -> None:
    here = world(route(mode=Mode.APPROVE))
    here.see(DOWN, FIREBASE)
    here.wait(60)
    proposal = here.chat.proposal
    assert proposal is not None
    assert (proposal.to, proposal.cause, proposal.at) == (NATIVE, "firebase_down", at(10))
    assert (here.where(), here.notices()) == ([FIREBASE], ["proposed"])
    here.approve()
    assert (here.where(), here.chat.by, here.chat.cause) == ([NATIVE], "ana", "firebase_down")
    assert (here.chat.proposal, here.chat.pinned, here.chat.moves) == (None, None, ())
    here.wait(60)
    assert here.notices() == ["proposed"]


def test_a_proposal_is_withdrawn_when_its_reason_is_gone() -> None:
    here = world(route(mode=Mode.APPROVE))
    here.see(DOWN, FIREBASE)
    here.wait(20)
    here.see(UP, FIREBASE)
    here.wait(1)
    assert (here.chat.proposal, here.notices()) == (None, ["proposed", "withdrawn"])


def test_another_destination_is_another_proposal() -> None:
    here = world(route(mode=Mode.APPROVE))
    here.see(DOWN, FIREBASE)
    here.wait(20)
    here.see(DOWN, NATIVE)
    here.wait(1)
    assert here.chat.proposal is not None
    assert (here.chat.proposal.to, here.notices(), here.why_not()) == (LIMITED, ["proposed"] * 2, ["target_not_up"])


def test_a_proposal_keeps_up_with_where_home_is() -> None:
    board = switchboard(route(CHAT, FIREBASE, NATIVE, mode=Mode.APPROVE, rules=(rule(),)))
    here = World(board)
    here.say(CHAT, users=6000)
    here.wait(1)
    assert here.chat.proposal is not None
    assert here.chat.proposal.event == Event.FOLLOWED
    here.see(DOWN, FIREBASE, ago=10)
    here.wait(1)
    assert here.chat.proposal.event == Event.FAILED_BACK
    here.say(CHAT, users=10)
    here.wait(601)
    assert here.chat.order == (FIREBASE, NATIVE)
    assert here.chat.proposal.event == Event.FAILED_OVER
    here.approve()
    assert here.where() == [NATIVE]


def test_limited_mode_that_a_person_approved_is_lifted_by_the_next_proposal() -> None:
    here = world(route(mode=Mode.APPROVE))
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(10)
    here.approve()
    assert here.where() == [LIMITED]
    here.see(UP, FIREBASE)
    here.wait(60)
    assert here.chat.proposal is not None
    assert (here.where(), here.chat.proposal.to) == ([LIMITED], FIREBASE)


@pytest.mark.parametrize("after", list(Mode))
@pytest.mark.parametrize("before", list(Mode))
def test_another_mode_leaves_nothing_of_the_last_one(before: Mode, after: Mode) -> None:
    here = world(route(mode=before))
    here.see(DOWN, FIREBASE)
    here.wait(15)
    here.configure(switchboard(route(mode=after)))
    here.wait(1)
    assert (here.chat.would is not None) is (after is Mode.OBSERVE and before is not Mode.AUTO)
    assert (here.chat.proposal is not None) is (after is Mode.APPROVE and before is not Mode.AUTO)
    assert (here.where() == [NATIVE]) is (Mode.AUTO in (before, after))


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.APPROVE])
def test_what_was_told_to_be_blocked_is_told_to_be_cleared_and_nothing_else_is(mode: Mode) -> None:
    here = world(route(mode=mode))
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(15)
    here.see(UP, FIREBASE)
    here.wait(1)
    assert "cleared" not in here.notices()
    here.pause(60)
    here.see(DOWN, FIREBASE)
    here.wait(15)
    assert here.notices()[-1] == "blocked"
    here.resume()
    here.wait(1)
    assert here.notices()[-2:] == ["cleared", "would" if mode is Mode.OBSERVE else "proposed"]


# --- nothing is written while nothing happens ---------------------------------------------------------------------


def test_a_blocked_route_is_written_when_other_guards_speak_and_not_every_second() -> None:
    here = limited()
    here.see(UP, NATIVE)
    here.wait(1)
    before = here.written
    here.wait(58)
    assert here.written == before


def test_an_observed_route_is_not_written_every_second() -> None:
    here = world(route(mode=Mode.OBSERVE))
    here.see(DOWN, FIREBASE)
    here.wait(11)
    before = here.written
    here.wait(600, every=5)
    assert here.written == before


# --- what moves at one moment -------------------------------------------------------------------------------------


def test_what_leaves_makes_room_for_others_at_the_same_moment() -> None:
    waiting = route(CHAT, NATIVE, FIREBASE, users=500)
    there = route(QUESTIONS, FIREBASE, THIRD, users=500, rules=(rule(5000, 4000, THIRD, FIREBASE),))
    here = world(waiting, there, providers=[provider(FIREBASE, 1000)])
    here.see(DOWN, NATIVE)
    here.wait(60)
    assert (here.where(), here.why_not()) == ([LIMITED, FIREBASE], ["target_not_up", "capacity"])
    here.say(QUESTIONS, users=6000)
    here.wait(1)
    assert here.where() == [FIREBASE, THIRD]


def test_a_move_that_is_made_home_by_its_own_moment_leaves_nothing_to_do() -> None:
    here = world(route(rules=(rule(),)))
    here.see(DOWN, NATIVE)
    here.say(CHAT, users=6000)
    here.wait(5)
    assert here.chat.reorder
    here.see(UP, NATIVE, ago=3600)
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()
    assert (here.where(), here.chat.reorder) == ([NATIVE], False)


def test_what_comes_out_of_limited_mode_follows_a_rule_a_moment_later() -> None:
    here = limited(route(rules=(rule(),)))
    here.say(CHAT, users=6000)
    here.wait(10)
    here.see(UP, FIREBASE)
    here.wait(60)
    here.see(UP, NATIVE, ago=3600)
    assert (here.where(), here.chat.order[0]) == ([FIREBASE], NATIVE)
    here.wait(1)
    assert here.course()[-2:] == [(Event.FOUND, FIREBASE), (Event.FOLLOWED, NATIVE)]


def test_what_a_person_ordered_is_not_undone_by_a_rule_that_waits() -> None:
    here = world(route(rules=(rule(),)))
    here.move(LIMITED, expires_at=here.in_(60), expires_to=FIREBASE)
    here.say(CHAT, users=6000)
    here.wait(600, every=5)
    assert (here.where(), here.chat.order[0], here.chat.reorder) == ([FIREBASE], NATIVE, False)


# --- rules of preference ------------------------------------------------------------------------------------------


def test_over_its_limit_new_connections_follow_the_rule_and_those_that_stand_stay() -> None:
    here = world(route(rules=(rule(),)))
    here.say(CHAT, users=5000)
    here.wait(60)
    assert here.where() == [FIREBASE]
    here.say(CHAT, users=5001)
    here.wait(1)
    assert here.course() == [(Event.FOLLOWED, NATIVE)]
    state = here.chat
    assert (state.scope, state.ramp, state.order, state.origin) == (Scope.NEW, None, (NATIVE, FIREBASE), None)
    assert (state.cause, [each.held for each in state.rules], len(state.moves)) == ("preference", [True], 1)


def followed(**more: object) -> World:
    """A world in which new connections of 4,000 users went to Native, and the others stayed on Firebase."""
    here = world(route(users=4000, rules=(rule(),)), **more)
    here.say(QUESTIONS, users=0)
    doors = PlannedEvent("keynote", here.now, at(60), 5001)
    here.configure(replace(here.switchboard, events=(doors,)))
    here.wait(1)
    assert (here.where(), here.chat.scope) == ([NATIVE], Scope.NEW)
    here.configure(replace(here.switchboard, events=()))
    return here


def test_who_stayed_behind_follows_paced_when_its_provider_fails() -> None:
    here = followed(providers=[provider(NATIVE, None, 100)])
    here.wait(70)
    before = here.chat
    here.see(DOWN, FIREBASE)
    here.wait(9)
    assert here.chat.move == before.move
    here.wait(1)
    state = here.chat
    assert here.course()[-1] == (Event.DRAINED, NATIVE)
    assert (state.provider, state.previous, state.scope, state.cause) == (NATIVE, FIREBASE, Scope.ALL, "firebase_down")
    assert (state.ramp, state.moves) == (Ramp(at(81), 0, 50), before.moves)
    assert state.move != before.move
    here.wait(60)
    assert here.course()[-1] == (Event.DRAINED, NATIVE)


@pytest.mark.parametrize("guard", ["capacity", "follows_load"])
def test_where_who_stayed_behind_does_not_fit_the_route_is_limited(guard: str) -> None:
    here = followed()
    known = provider(NATIVE, 4000) if guard == "capacity" else provider(NATIVE, None, 10)
    here.configure(replace(here.switchboard, providers=(provider(FIREBASE, None, 10), known)))
    if guard == "follows_load":
        here.say(FIREBASE, rate=9)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    assert here.course()[-1] == (Event.SHED, LIMITED)
    assert names(here.moves[-1].spurned) == [guard]


def test_a_rule_ends_when_its_value_has_been_under_its_lower_limit_for_ten_minutes() -> None:
    here = world(route(rules=(rule(),)))
    here.say(CHAT, users=5001)
    here.wait(10)
    here.say(CHAT, users=4000)
    here.wait(1200, every=10)
    assert here.where() == [NATIVE]
    here.say(CHAT, users=3999)
    here.wait(1)
    here.wait(599)
    here.say(CHAT, users=4000)
    here.wait(1)
    here.say(CHAT, users=3999)
    here.wait(1)
    here.wait(599)
    assert here.where() == [NATIVE]
    here.wait(1)
    assert here.course() == [(Event.FOLLOWED, NATIVE), (Event.FOLLOWED, FIREBASE)]
    assert here.chat.order == (FIREBASE, NATIVE)


def test_while_nobody_says_how_many_they_are_a_rule_stays_as_it_is() -> None:
    here = world(route(rules=(rule(),)))
    here.say(CHAT, users=6000)
    here.wait(1)
    here.hush(CHAT)
    here.wait(3600, every=20)
    assert here.where() == [NATIVE]


def test_the_first_rule_that_holds_decides() -> None:
    few, many = rule(1000, 900, NATIVE), rule(5000, 4000, THIRD)
    here = world(route(CHAT, FIREBASE, NATIVE, rules=(many, few)))
    here.say(CHAT, users=2000)
    here.wait(1)
    assert (here.chat.order[0], here.where()) == (NATIVE, [NATIVE])
    here.say(CHAT, users=6000)
    here.wait(1)
    assert (here.chat.order, here.where()) == ((THIRD, FIREBASE, NATIVE), [THIRD])


def test_a_rule_passes_no_guard_by() -> None:
    here = world(route(users=900, rules=(rule(),)), providers=[provider(NATIVE, 1000)])
    here.say(CHAT, users=6000)
    here.wait(60)
    assert (here.where(), here.why_not()) == ([FIREBASE], ["capacity"])
    here.pin(60)
    here.wait(1)
    assert here.why_not() == ["capacity", "paused_or_pinned"]


def given(here: World) -> tuple[tuple[str, ...] | None, int]:
    """The providers that clients may be given, and the epoch."""
    return here.chat.usable, here.chat.epoch


def ruled(*, mode: Mode = Mode.AUTO, **more: object) -> World:
    """A world with a rule whose first provider, Native, has just been proven and reached."""
    here = world(route(users=100, mode=mode, rules=(rule(),)), **more)
    assert given(here) == ((FIREBASE,), 1)
    here.wait(1)
    assert given(here) == ((FIREBASE, NATIVE), 2)
    here.wait(60)
    return here


def test_clients_are_given_proven_providers_until_they_are_confirmed_to_be_down() -> None:
    here = ruled()
    here.see(DOWN, NATIVE)
    here.wait(9)
    assert given(here) == ((FIREBASE, NATIVE), 2)
    here.wait(1)
    assert given(here) == ((FIREBASE,), 3)
    here.see(UP, NATIVE)
    here.wait(59)
    assert given(here) == ((FIREBASE,), 3)
    here.wait(1)
    assert given(here) == ((FIREBASE, NATIVE), 4)
    here.see(UNKNOWN, NATIVE)
    here.wait(600, every=5)
    assert given(here) == ((FIREBASE, NATIVE), 4)


def test_what_clients_are_given_passes_every_guard() -> None:
    here = world(route(users=900, rules=(rule(),)), providers=[provider(NATIVE, 1000)])
    here.wait(60)
    assert given(here) == ((FIREBASE,), 1)


def test_clients_to_whom_a_rule_applies_come_in_a_ramp_of_their_own() -> None:
    here = world(route(users=4000, rules=(rule(),)), providers=[provider(NATIVE, None, 100)])
    before = here.chat
    here.wait(1)
    (each,) = here.chat.rules
    assert each.flip is not None
    assert (each.flip.to, each.flip.left, each.flip.ramp) == (NATIVE, FIREBASE, Ramp(at(1), 0, 50))
    assert (here.chat.ramp, here.chat.move, here.chat.provider) == (None, before.move, FIREBASE)
    assert here.chat.epoch == before.epoch + 1


def test_what_was_led_elsewhere_by_rules_at_one_moment_shares_one_ramp_however_often_it_is_looked_at() -> None:
    both = (route(CHAT, users=4000, rules=(rule(),)), route(QUESTIONS, users=2000, rules=(rule(),)))
    third = route("realtime.inbox", users=2000)
    here = world(*both, third, providers=[provider(NATIVE, None, 100)])
    here.see(DOWN, FIREBASE, ago=10)
    here.tick()  # chat and questions are moved by their rule, the inbox moves itself
    flips = [each.flip for id in (CHAT, QUESTIONS) for each in here[id].rules]
    ramp = Ramp(at(0), 0, 100)
    assert [each.ramp for each in flips if each is not None] == [ramp] * 2
    assert [here[id].ramp for id in (CHAT, QUESTIONS, "realtime.inbox")] == [ramp] * 3
    assert {each.move for each in flips if each is not None} == {here[CHAT].move, here["realtime.inbox"].move}


def test_a_move_queues_behind_those_whom_a_rule_leads_to_the_same_provider() -> None:
    chat, questions = route(CHAT, users=4000, rules=(rule(),)), route(QUESTIONS, THIRD, NATIVE, users=1600)
    here = world(chat, questions, providers=[provider(NATIVE, None, 100)])
    here.wait(1)
    here.see(DOWN, THIRD)
    here.wait(10)
    assert here[QUESTIONS].ramp == Ramp(at(11), 40, 20)


def test_what_sinks_long_after_the_move_onto_it_is_left_though_a_rule_led_somebody_elsewhere_meanwhile() -> None:
    here = world(route(CHAT, FIREBASE, THIRD, users=4000, rules=(rule(5000, 4000, NATIVE),)))
    here.configure(replace(here.switchboard, providers=(*here.switchboard.providers[:-1], provider(NATIVE, None, 100))))
    here.see(DOWN, NATIVE, ago=10)
    here.wait(1)
    here.move(THIRD)
    here.wait(3600, every=30)
    here.see(UP, NATIVE)
    here.wait(60)
    assert here.chat.rules[0].flip is not None  # onto native, just now
    assert not here.chat.is_moving(here.now)
    here.see(DOWN, THIRD)
    here.wait(10)
    assert here.course()[-1] == (Event.FAILED_BACK, FIREBASE)


def test_a_provider_of_a_rule_that_comes_and_goes_ends_in_the_lock() -> None:
    here = ruled()
    for _ in range(5):
        here.see(DOWN, NATIVE)
        here.wait(50)
        here.see(UP, NATIVE)
        here.wait(100)
    assert (len(here.chat.moves), here.chat.usable, here.notices()) == (3, (FIREBASE,), ["locked"])
    here.acknowledge()
    here.wait(1)
    assert here.chat.usable == (FIREBASE, NATIVE)


@pytest.mark.parametrize("how", ["pin", "pause", "approve"])
def test_clients_are_taken_off_what_fails_whoever_holds_the_route(how: str) -> None:
    here = ruled(mode=Mode.APPROVE if how == "approve" else Mode.AUTO)
    if how != "approve":
        getattr(here, how)(600)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.chat.usable == (FIREBASE,)


@pytest.mark.parametrize("how", ["pause", "restart"])
def test_clients_are_given_nothing_new_while_the_robot_may_not_act(how: str) -> None:
    here = world(route(users=100, rules=(rule(),)), providers=[provider(NATIVE)])
    assert given(here) == ((FIREBASE,), 1)
    if how == "pause":
        here.pause(30)
    else:
        here.look_anew()
    here.wait(29)
    assert given(here) == ((FIREBASE,), 1)
    here.wait(90)
    assert given(here) == ((FIREBASE, NATIVE), 2)


def test_what_clients_of_an_observed_route_are_given_stays_as_it_is() -> None:
    here = world(route(mode=Mode.OBSERVE, rules=(rule(),)))
    found = here.switchboard.routes[0]
    here.see(DOWN, FIREBASE, NATIVE)
    here.wait(60)
    assert (given(here), all_given(found, here.chat)) == ((None, 1), (NATIVE,))
    here.move(LIMITED)
    here.wait(1)
    assert all_given(found, here.chat) == (LIMITED,)


@pytest.mark.parametrize("mode", [Mode.APPROVE, Mode.AUTO])
def test_clients_of_a_route_that_is_no_longer_only_observed_are_taken_off_what_fails(mode: Mode) -> None:
    here = world(route(mode=Mode.OBSERVE, rules=(rule(),)))
    here.see(DOWN, NATIVE)
    here.wait(60)
    here.configure(replace(here.switchboard, routes=(route(mode=mode, rules=(rule(),)),)))
    here.wait(1)
    assert here.chat.usable == (FIREBASE,)


def test_a_route_that_is_only_observed_from_now_on_serves_what_it_served() -> None:
    here = ruled()
    here.configure(replace(here.switchboard, routes=(route(mode=Mode.OBSERVE, users=100, rules=(rule(),)),)))
    here.see(DOWN, NATIVE)
    here.wait(60)
    assert given(here) == ((FIREBASE, NATIVE), 2)


def test_what_a_person_moved_or_pinned_holds_for_clients_of_a_rule_too() -> None:
    here = ruled()
    found = here.switchboard.routes[0]
    assert all_given(found, here.chat) == (NATIVE,)
    here.pin(60)
    assert (all_given(found, here.chat), here.chat.epoch) == ((FIREBASE,), 3)
    here.wait(60)
    assert (all_given(found, here.chat), here.chat.epoch) == ((NATIVE,), 4)
    here.move(NATIVE)
    here.move(FIREBASE)
    here.wait(3600, every=30)
    assert (all_given(found, here.chat), here.chat.pinned) == ((FIREBASE,), None)


def test_rules_that_an_observed_route_would_follow_are_not_served() -> None:
    here = world(route(mode=Mode.OBSERVE, rules=(rule(),)))
    here.say(CHAT, users=6000)
    here.wait(60)
    assert (here.chat.would, here.chat.epoch, here.where()) == (NATIVE, 1, [FIREBASE])
    assert [each.held for each in here.chat.rules] == [False]


def test_a_rule_brings_nothing_back_onto_what_failed() -> None:
    here = world(route(CHAT, FIREBASE, NATIVE, rules=(rule(5000, 4000, THIRD, FIREBASE),)))
    here.see(DOWN, FIREBASE, THIRD)
    here.wait(10)
    here.say(CHAT, users=6000)
    here.wait(10)
    here.see(UP, FIREBASE)
    here.say(CHAT, users=10)
    here.wait(1200, every=10)
    assert (here.where(), here.chat.order, here.chat.origin) == ([NATIVE], (FIREBASE, NATIVE), FIREBASE)


@pytest.mark.parametrize("first", ["failure", "rule"])
def test_what_is_home_by_a_rule_only_does_not_return_when_the_rule_ends(first: str) -> None:
    here = world(route(rules=(rule(),)))
    here.say(CHAT, users=6000 if first == "rule" else 10)
    if first == "rule":
        here.see(DOWN, FIREBASE, ago=10)
        here.tick()
    else:
        here.see(DOWN, FIREBASE)
        here.wait(10)
        here.say(CHAT, users=6000)
    assert (here.where(), here.moves[-1].after.origin) == ([NATIVE], FIREBASE)
    here.see(UP, FIREBASE)
    here.wait(60)
    here.say(CHAT, users=10)
    here.wait(1200, every=10)
    assert (here.where(), here.chat.order, here.chat.origin) == ([NATIVE], (FIREBASE, NATIVE), FIREBASE)


# --- planned events -----------------------------------------------------------------------------------------------


def test_a_planned_event_counts_half_an_hour_before_and_after_and_then_its_rule_ends() -> None:
    doors = PlannedEvent("keynote", at(3600), at(7200), 6000, ("realtime.*",))
    here = world(route(rules=(rule(),)), route("cache.main", rules=(rule(),)), events=[doors])
    here.wait(1790, every=10)
    here.wait(9)
    assert here.where() == [FIREBASE, FIREBASE]
    here.wait(1)
    assert here.where() == [NATIVE, FIREBASE]
    assert here.chat.scope is Scope.NEW
    here.wait(3600 + 3600 - 10, every=10)
    here.wait(9)
    assert here.where() == [NATIVE, FIREBASE]
    here.wait(1 + 600)
    assert here.where() == [FIREBASE, FIREBASE]


def test_of_what_is_planned_and_what_is_said_the_larger_counts() -> None:
    doors = PlannedEvent("keynote", at(0), at(7200), 6000)
    here = world(route(rules=(rule(),)), events=[doors])
    here.say(CHAT, users=10)
    here.wait(60)
    assert here.where() == [NATIVE]


# --- returning ----------------------------------------------------------------------------------------------------


def test_a_route_does_not_return_by_itself_unless_it_may() -> None:
    here = failed_over()
    here.see(UP, FIREBASE)
    here.wait(7200, every=20)
    assert (here.where(), here.why_not(), here.notices()) == ([NATIVE], [], ["verified"])


def returning() -> World:
    """A world in which a route has just begun to return, at 900 s after Firebase came back."""
    here = failed_over(route(failback="auto"))
    here.see(UP, FIREBASE)
    here.wait(890, every=10)
    here.wait(9)
    assert (here.chat.rollout, here.why_not()) == (None, ["not_stable"])
    assert detail(here.chat, "not_stable") == "firebase is up for 300 s of 900 s"
    here.wait(1)
    return here


def test_a_return_goes_in_steps_each_watched_for_two_minutes() -> None:
    here = returning()
    steps = []
    for _ in range(4):
        assert here.chat.rollout is not None
        steps.append((here.chat.rollout.pct, here.chat.provider))
        here.wait(30 + 119)
        assert here.chat.rollout.pct == steps[-1][0]
        here.wait(1)
    assert steps == [(5, NATIVE), (25, NATIVE), (50, NATIVE), (100, NATIVE)]
    state = here.chat
    assert (state.provider, state.rollout, state.ramp, state.scope) == (FIREBASE, None, None, Scope.NEW)
    assert (state.origin, state.cause, state.epoch, len(state.moves)) == (None, "returned", 7, 2)
    assert here.course()[-1] == (Event.RETURNED, FIREBASE)
    assert here.notices() == ["verified", "stepped", "stepped", "stepped", "stepped"]


def test_a_return_counts_once_when_it_begins() -> None:
    here = returning()
    assert here.chat.moves == (at(10), here.now)


def test_a_return_waits_until_the_route_has_stayed_for_five_minutes() -> None:
    here = failed_over(route(failback="auto"), pace=Pace(stable=timedelta(seconds=60)))
    here.see(UP, FIREBASE)
    here.wait(299)
    assert here.why_not() == ["dwell"]
    assert detail(here.chat, "dwell") == "here for 60 s of 300 s"
    here.wait(1)
    assert here.chat.rollout is not None


def test_time_in_which_nobody_looked_is_not_time_of_being_stable() -> None:
    here = failed_over(route(failback="auto"))
    here.see(UP, FIREBASE)
    here.wait(600, every=5)
    here.look_anew()
    here.wait(890, every=10)
    here.wait(9)
    assert here.chat.rollout is None
    here.wait(1)
    assert here.chat.rollout is not None


@pytest.mark.parametrize("verdict", [DOWN, SLOW, UNSTABLE])
def test_a_return_is_called_off_at_once_when_its_provider_is_not_well(verdict: object) -> None:
    here = returning()
    here.wait(130)
    here.see(verdict, FIREBASE)  # type: ignore[arg-type]
    here.wait(1)
    assert (here.chat.rollout, here.where(), here.notices()[-1]) == (None, [NATIVE], "aborted")


def test_while_nobody_knows_a_return_stays_as_it_is_and_its_time_begins_anew() -> None:
    here = returning()
    epoch = here.chat.epoch
    here.wait(60)
    here.see(UNKNOWN, FIREBASE, NATIVE)
    here.wait(600, every=5)
    assert here.chat.rollout is not None
    assert (here.chat.rollout.pct, here.chat.epoch) == (5, epoch)
    here.see(UP, FIREBASE, NATIVE)
    here.wait(119)
    assert here.chat.rollout is not None
    assert here.chat.rollout.pct == 5
    here.wait(1)
    assert here.chat.rollout.pct == 25


def test_the_last_step_is_no_move_while_nobody_knows() -> None:
    here = returning()
    here.wait(150 * 3 + 60)
    here.see(UNKNOWN, FIREBASE)
    here.wait(600, every=5)
    assert here.where() == [NATIVE]


def test_a_return_that_is_wanted_no_longer_is_called_off() -> None:
    here = returning()
    here.configure(switchboard(route(failback="manual")))
    here.wait(1)
    assert (here.chat.rollout, here.notices()[-1]) == (None, "aborted")
    other = returning()
    other.configure(switchboard(route(CHAT, THIRD, FIREBASE, NATIVE, failback="auto")))
    other.see(DOWN, THIRD)
    other.wait(600)
    assert (other.where(), other.chat.rollout) == ([NATIVE], None)


@pytest.mark.parametrize("how", ["pause", "pin", "tilt", "work", "observe", "approve"])
def test_a_return_onto_what_is_dead_is_called_off_whoever_holds_it(how: str) -> None:
    here = returning()
    match how:
        case "pause":
            here.pause(600)
        case "pin":
            here.pin(600)
        case "tilt":
            here.look_anew()
        case "work":
            here.plan_work("chat", 600)
        case _:
            here.configure(switchboard(route(mode=Mode(how), failback="auto")))
    here.see(DOWN, FIREBASE)
    here.wait(1)
    assert (here.chat.rollout, here.where(), here.notices()[-1]) == (None, [NATIVE], "aborted")


@pytest.mark.parametrize("other", [route(mode=Mode.APPROVE, failback="auto"), route(CHAT, THIRD, NATIVE)])
def test_a_return_without_the_robot_or_onto_no_provider_of_the_route_is_called_off(other: Route) -> None:
    here = returning()
    here.configure(switchboard(other))
    here.wait(1)
    assert (here.chat.rollout, "aborted" in here.notices()) == (None, True)


def test_each_step_has_a_ramp_for_those_that_come_with_it_and_soaks_when_they_are_there() -> None:
    here = failed_over(route(failback="auto", users=4000), providers=[provider(FIREBASE, None, 10)])
    here.see(UP, FIREBASE)
    here.wait(900, every=10)
    lengths = []
    for _ in range(4):
        assert here.chat.rollout is not None
        assert here.chat.rollout.ramp is not None
        lengths.append(here.chat.rollout.ramp.seconds)
        here.wait(lengths[-1] + 120, every=5)
    assert lengths == [25, 100, 125, 250]
    assert here.where() == [FIREBASE]


def test_steps_and_moves_onto_one_provider_share_its_budget() -> None:
    here = failed_over(
        route(failback="auto", users=16000), route(QUESTIONS, NATIVE, FIREBASE, users=800),
        providers=[provider(FIREBASE, None, 10)],
    )  # fmt: skip
    here.see(UP, FIREBASE)
    here.wait(900, every=10)
    here.see(DOWN, NATIVE)
    here.wait(9)
    here.see(UP, NATIVE, ago=100)
    assert here.chat.rollout is not None
    assert here.chat.rollout.ramp == Ramp(at(910), 0, 100)
    here.move(FIREBASE, QUESTIONS)
    assert here[QUESTIONS].ramp == Ramp(at(919), 91, 100)


def test_a_step_is_held_while_a_guard_of_its_destination_speaks() -> None:
    here = failed_over(route(failback="auto", users=500), providers=[provider(FIREBASE, 1000)])
    here.see(UP, FIREBASE)
    here.wait(900, every=10)
    here.say(FIREBASE, users=700)
    here.wait(600, every=10)
    assert here.chat.rollout is not None
    assert here.chat.rollout.pct == 5
    here.say(FIREBASE, users=100)
    here.wait(1)
    assert here.chat.rollout.pct == 25


def test_a_paused_return_takes_no_further_step() -> None:
    here = returning()
    here.pause(600)
    here.wait(590, every=10)
    here.wait(9)
    assert here.chat.rollout is not None
    assert here.chat.rollout.pct == 5
    assert here.chat.epoch == 3


def test_when_the_provider_fails_that_is_being_left_everybody_goes() -> None:
    here = returning()
    here.wait(120)
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.course()[-1] == (Event.FAILED_BACK, FIREBASE)
    assert (here.chat.rollout, here.chat.scope) == (None, Scope.ALL)


def test_a_return_that_is_asked_for_is_one_move() -> None:
    here = failed_over()
    here.configure(switchboard(route(mode=Mode.APPROVE, failback="auto")))
    here.see(UP, FIREBASE)
    here.wait(900, every=10)
    assert here.chat.proposal is not None
    assert here.chat.proposal.event == Event.RETURNED
    here.approve()
    assert (here.where(), here.chat.scope, here.chat.rollout) == ([FIREBASE], Scope.ALL, None)
    assert here.chat.ramp is not None


# --- proving a move -----------------------------------------------------------------------------------------------


def test_a_move_is_called_good_when_its_provider_is_still_up_two_minutes_later() -> None:
    here = failed_over()
    assert here.moves[-1].after.verify_until == at(130)
    here.wait(119)
    assert here.notices() == []
    here.wait(1)
    assert (here.notices(), here.chat.verify_until, here.chat.epoch) == (["verified"], None, 2)


def test_a_move_onto_what_is_no_longer_up_is_not_called_good() -> None:
    here = failed_over()
    here.see(UNSTABLE, NATIVE)
    here.wait(130)
    assert (here.notices(), here.chat.verify_until) == ([], None)


# --- the health of a provider -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "health"),
    [
        ("uu", Health.UP),
        ("dd", Health.DOWN),
        ("ud", Health.DEGRADED),
        ("us", Health.DEGRADED),
        ("u?", Health.UNKNOWN),
        ("d?", Health.DEGRADED),
        ("??", Health.UNKNOWN),
        ("xu", Health.DEGRADED),
        ("u ", Health.UNKNOWN),
        ("d ", Health.DEGRADED),
        ("  ", Health.UNKNOWN),
        ("", Health.UNKNOWN),
    ],
)
def test_a_provider_is_as_well_as_all_its_checks_say_and_a_silent_one_is_not_left_out(
    verdicts: str, health: Health
) -> None:
    means = {"u": UP, "d": DOWN, "s": SLOW, "x": UNSTABLE, "?": UNKNOWN}
    checks = [f"check-{n}" for n in range(len(verdicts))]
    held = {
        id: believed(id, means[letter], at(0)) for id, letter in zip(checks, verdicts, strict=True) if letter != " "
    }
    assert condition(checks, held).health is health


def test_a_provider_is_what_it_is_since_the_last_of_its_checks_said_so() -> None:
    held = {"a": spare(believed("a", DOWN, at(0)), at(90)), "b": spare(believed("b", DOWN, at(30)), at(80))}
    found = condition(("a", "b"), held)
    assert (found.since, found.seen_at, found.why) == (at(30), at(80), "timeout at upgrade")


def test_slowness_counts_from_the_first_check_and_only_where_all_answer() -> None:
    slow = {"a": believed("a", SLOW, at(0)), "b": believed("b", SLOW, at(30)), "c": believed("c", UP, at(0))}
    assert condition(("a", "b", "c"), slow).slow_since == at(0)
    assert condition(("a", "b", "c"), {**slow, "c": believed("c", DOWN, at(0))}).slow_since is None


# --- the names ----------------------------------------------------------------------------------------------------


def test_the_names_of_the_guards_are_promised() -> None:
    assert list(GUARDS) == [
        "target_not_up", "target_not_proven", "not_ready", "capacity", "follows_load", "dwell", "not_stable",
        "flap_budget", "parallel", "paused_or_pinned", "tilt",
    ]  # fmt: skip


def test_every_guard_that_speaks_is_reported() -> None:
    here = world(route(users=900), providers=[provider(NATIVE, 1000)])
    here.pause(60)
    here.look_anew()
    here.wait(1)
    wish = Wish(here.switchboard.routes[0], here.chat, NATIVE)
    found = refusals(here.board(), wish, *GUARDS)
    assert names(found) == ["target_not_proven", "capacity", "dwell", "not_stable", "paused_or_pinned", "tilt"]


def test_a_configuration_without_routes_is_steered_too() -> None:
    assert World(Switchboard()).routes == {}
