from statuspage.monitor.tilt import Tilt
from tests.core.values import at


def ticking(tilt: Tilt, *readings: tuple[float, float]) -> list[bool]:
    return [tilt.tick(at(wall), monotonic) is not None for wall, monotonic in readings]


def test_ticks_in_time_are_no_tilt() -> None:
    tilt = Tilt(0.25)
    assert ticking(tilt, (0, 100), (0.25, 100.25), (1.4, 101.4)) == [False] * 3
    assert not tilt.frozen(102)


def test_a_late_tick_rests_decisions_for_thirty_seconds() -> None:
    tilt = Tilt(0.25)
    assert ticking(tilt, (0, 100), (10, 110)) == [False, True]
    assert tilt.frozen(139.9)
    assert not tilt.frozen(140)
    (stall,) = tilt.stalls
    assert (stall.started, stall.ended) == (100, 110)


def test_a_clock_that_is_moved_back_or_forth_is_noticed_and_is_not_lateness() -> None:
    for step in (-3600.0, 3600.0, 86400.0):
        tilt = Tilt(0.25)
        tilt.tick(at(0), 100)
        jolt = tilt.tick(at(0.25 + step), 100.25)
        assert jolt is not None
        assert round(jolt.stepped) == step
        assert jolt.late < 1
        assert not tilt.stalls
        assert tilt.frozen(101)


def test_a_rest_that_is_prolonged_before_it_ends_is_one_rest() -> None:
    tilt = Tilt(0.25)
    assert ticking(tilt, (0, 100), (0.25, 100.25)) == [False, False]
    assert tilt.rested(100.25) == 0
    tilt.tick(at(3.25), 103.25)
    assert tilt.rested(103.25) == 3  # it began when we stood still
    tilt.tick(at(30), 130)
    assert tilt.rested(130) == 29.75
    # A stall that outlasts the rest is part of it: nobody decided anything in between.
    tilt.tick(at(90), 190)
    assert (tilt.rested(190), tilt.rested(219.75), tilt.rested(220)) == (89.75, 119.5, 0)
    for seconds in range(401):
        tilt.tick(at(90 + seconds / 4), 190 + seconds / 4)
    tilt.tick(at(200), 300)
    assert tilt.rested(300) == 10


def test_a_slow_drift_of_the_clock_is_none() -> None:
    tilt = Tilt(0.25)
    wall, monotonic = 0.0, 0.0
    for _ in range(1000):
        wall, monotonic = wall + 0.2505, monotonic + 0.25
        assert tilt.tick(at(wall), monotonic) is None
