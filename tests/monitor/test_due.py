from hypothesis import given
from hypothesis import strategies as st

from statuspage.monitor.due import Due, spread


def test_checks_are_spread_over_their_interval_the_same_way_in_every_process() -> None:
    places = [spread(f"check-{n}", 10.0) for n in range(1000)]
    assert all(0 <= place < 10 for place in places)
    assert all(60 <= sum(low <= place < low + 1 for place in places) <= 140 for low in range(10))
    assert spread("check-1", 10.0) == spread("check-1", 10.0)


def test_a_check_is_popped_once_and_again_after_its_interval() -> None:
    due = Due()
    due.plan({"chat": 10.0}, now=0.0, first_within=0.0)
    assert due.pop(0.0) == ["chat"]
    assert due.pop(0.0) == []
    due.after_start("chat", 0.0)
    assert due.pop(9.9) == []
    assert due.pop(10.0) == ["chat"]


def test_a_late_check_runs_once_and_not_once_for_every_interval_missed() -> None:
    due = Due()
    due.plan({"chat": 10.0}, now=0.0, first_within=0.0)
    assert due.pop(95.0) == ["chat"]
    due.after_start("chat", 95.0)
    assert due.pop(95.0) == []
    assert due.pop(105.0) == ["chat"]


def test_a_slightly_late_check_keeps_its_rhythm() -> None:
    due = Due()
    due.plan({"chat": 10.0}, now=0.0, first_within=0.0)
    due.pop(0.3)
    assert due.lateness("chat", 0.3) == 0.3
    due.after_start("chat", 0.3)
    assert due.pop(10.0) == ["chat"]


def test_confirming_runs_follow_each_other_by_their_pause() -> None:
    due = Due()
    due.plan({"chat": 10.0}, now=0.0, first_within=0.0)
    due.pop(0.0)
    due.after_start("chat", 0.0)
    due.hasten("chat", 2.0)
    assert due.pop(2.0) == ["chat"]
    due.after_start("chat", 2.0, pause=1.0)
    assert due.pop(2.9) == []
    assert due.pop(3.0) == ["chat"]


def test_hastening_never_delays() -> None:
    due = Due()
    due.plan({"chat": 10.0}, now=0.0, first_within=0.0)
    due.hasten("chat", 5.0)
    assert due.pop(0.0) == ["chat"]


def test_a_reload_keeps_the_rhythm_of_what_stays_and_drops_what_left() -> None:
    due = Due()
    due.plan({"chat": 10.0, "inbox": 10.0}, now=0.0, first_within=0.0)
    due.pop(0.0)
    due.after_start("chat", 0.0)
    due.after_start("inbox", 0.0)
    due.plan({"chat": 10.0, "feed": 10.0}, now=4.0, first_within=0.0)
    assert due.pop(4.0) == ["feed"]
    assert due.pop(10.0) == ["chat"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.01, 30)), max_size=40))
def test_no_check_is_ever_lost(steps: list[tuple[str, float]]) -> None:
    due, now = Due(), 0.0
    due.plan({"a": 3.0, "b": 7.0, "c": 11.0}, now)
    for name, passed in steps:
        now += passed
        due.hasten(name, now + 0.5)
        for check in due.pop(now):
            due.after_start(check, now)
    seen = set(due.pop(now + 12.0))
    assert seen == {"a", "b", "c"}
