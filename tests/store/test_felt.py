"""What users felt, on disk: slots by worker, hours for pages, and the end of both."""

from datetime import timedelta

from statuspage.core.felt import Counts, Stretch
from statuspage.store import Store
from tests.databases import START
from tests.store.values import at, publish

ONE = Counts(ok=1, within=(1, 0, 0, 0, 0, 0, 0, 0, 0, 0))
TWO = ONE + ONE
NATIVE = "native"


def slot(minutes: float, counts: Counts = ONE) -> tuple[str, Stretch]:
    return NATIVE, Stretch(at(minutes), counts)


def hours(store: Store, now: float) -> list[tuple[float, Counts]]:
    """What pages would show of the last day: (hours after the start, counts)."""
    found = store.snapshot(at(now))
    assert found is not None
    return [((each.at - START) / timedelta(hours=1), each.counts) for each in found.felt.get(NATIVE, ())]


def test_a_decision_reads_the_slots_of_the_last_quarter_of_an_hour_of_all_workers(store: Store) -> None:
    store.add_felt("a", [slot(0), slot(10), ("firebase", Stretch(at(10), Counts(refused=2, limited=3)))])
    store.add_felt("b", [slot(10), slot(20)])
    found = store.state(at(20)).felt
    assert found[NATIVE] == (Stretch(at(10), TWO), Stretch(at(20), ONE))
    assert found["firebase"] == (Stretch(at(10), Counts(refused=2, limited=3)),)
    assert store.state().felt == {}


def test_the_same_slot_of_the_same_worker_is_kept_once(store: Store) -> None:
    for _ in range(2):
        store.add_felt("a", [slot(10)])
    store.add_felt("a", [])
    assert store.state(at(10)).felt[NATIVE] == (Stretch(at(10), ONE),)


def test_hours_are_summed_up_anew_until_nothing_more_can_come(store: Store) -> None:
    publish(store, "chat")
    assert store.roll_up_felt(at(0)) == 0
    store.add_felt("a", [slot(0), slot(59), slot(60)])
    assert store.roll_up_felt(at(61)) == 2
    assert hours(store, 61) == [(0, TWO), (1, ONE)]
    store.add_felt("b", [slot(59.5)])
    store.roll_up_felt(at(65))
    assert hours(store, 65) == [(0, TWO + ONE), (1, ONE)]
    assert store.roll_up_felt(at(71)) == 1


def test_hours_in_which_nobody_summed_up_are_made_up_for(store: Store) -> None:
    publish(store, "chat")
    store.add_felt("a", [slot(60 * n) for n in range(5)])
    store.roll_up_felt(at(5))
    store.roll_up_felt(at(60 * 4 + 30))
    assert hours(store, 60 * 4 + 30) == [(n, ONE) for n in range(5)]


def test_pages_show_a_day(store: Store) -> None:
    publish(store, "chat")
    store.add_felt("a", [slot(60 * n) for n in range(30)])
    store.roll_up_felt(at(60 * 29))
    assert [hour for hour, _ in hours(store, 60 * 29 + 59)] == list(range(6, 30))


def test_slots_are_kept_for_a_week_and_hours_for_a_quarter_of_a_year(store: Store) -> None:
    publish(store, "chat")
    store.add_felt("a", [slot(0), slot(60)])
    store.roll_up_felt(at(60))
    week, quarter = START + timedelta(days=7), START + timedelta(days=90)
    assert store.prune_felt(week) == 0
    assert store.prune_felt(week + timedelta(minutes=1)) == 1
    assert store.prune_felt(quarter) == 1  # the other slot
    assert len(hours(store, 60)) == 2
    assert store.prune_felt(quarter + timedelta(hours=2)) == 2
    assert store.roll_up_felt(quarter) == 0
