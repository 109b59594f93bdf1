"""Observations: written once, read back whole, folded again after a restart, pruned only when folded."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from statuspage.core.detection import Belief, Rules, fold
from statuspage.core.observation import Observation, Outcome, Stage
from statuspage.store import Store, observations
from tests.databases import START
from tests.store.values import at, numbers, seen


def test_what_is_appended_is_read_back_whole_newest_first(store: Store) -> None:
    written = [seen(seq) for seq in range(1, 6)] + [seen(6, check="voice")]
    store.append(written)
    assert store.recent("chat", 3) == (written[4], written[3], written[2])
    assert store.recent("nothing", 3) == ()
    assert store.head().revision == 0


def test_appending_again_changes_nothing(store: Store) -> None:
    store.append([seen(1), seen(2)])
    store.append([replace(seen(2), detail="another"), seen(3)])
    assert store.recent("chat", 9) == (seen(3), seen(2), seen(1))


def test_the_same_number_of_two_agents_are_two_observations(store: Store) -> None:
    here, there = seen(1), seen(1, agent="sydney", when=at(9))
    store.append([here, there])
    assert store.recent("chat", 9) == (there, here)
    assert store.last_seq("sydney") == 1


def test_an_observation_without_a_number_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="chat has no number"):
        store.append([seen(1), replace(seen(2), seq=0)])
    assert store.last_seq("local") == 0


def test_nothing_that_a_target_answers_makes_a_batch_unstorable(store: Store) -> None:
    odd = replace(
        seen(1),
        detail="nul \x00, half \ud83d, whole 😀",
        stage="st\x00age",
        stages=(Stage("d\ud800ns", 1.0),),
        facts={"nan": float("nan"), "far": float("-inf"), "t\x00ext": "\udfff", "big": 2**70},
    )
    store.append([odd, seen(2)])
    (found,) = [each for each in store.recent("chat", 9) if each.seq == 1]
    assert found.detail == "nul \ufffd, half \ufffd, whole 😀"
    assert found.stages == (Stage("d\ufffdns", 1.0),)
    assert found.facts == {"nan": "nan", "far": "-inf", "t\ufffdext": "\ufffd", "big": 2**70}


def test_what_follows_a_checkpoint_comes_in_the_order_of_its_numbers(store: Store) -> None:
    store.append([seen(seq, check=("chat", "voice", "video")[seq % 3]) for seq in range(1, 31)])
    following = list(store.observations_after("local", {"chat": 21, "voice": 0}))
    assert numbers(following) == sorted(numbers(following))
    assert {each.seq for each in following if each.check == "chat"} == {24, 27, 30}
    assert {each.seq for each in following if each.check == "voice"} == set(range(1, 31, 3))
    assert {each.check for each in following} == {"chat", "voice"}
    assert list(store.observations_after("nobody", {"chat": 0})) == []


def test_a_long_tail_is_read_page_by_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observations, "_IN_MEMORY", 40)
    store.append([seen(seq, check=f"c{seq % 2}") for seq in range(1, 201)])
    sizes: list[int] = []
    event.listen(store._database.engine, "after_cursor_execute", lambda *args: sizes.append(1))
    assert numbers(list(store.observations_after("local", {"c0": 0, "c1": 0}))) == list(range(1, 201))
    assert len(sizes) >= 10


def pruned(store: Store, now: datetime, keep: timedelta, batch: int = 500) -> int:
    """How many go, batch by batch, none of them larger than was asked for."""
    removed, place = 0, observations.BEGINNING
    while True:
        found = store.prune(now, keep, place, batch)
        assert found.removed <= batch
        removed += found.removed
        if found.onward is None:
            return removed
        place = found.onward


def test_the_last_number_outlives_its_observation(store: Store) -> None:
    store.append([seen(seq) for seq in range(1, 4)])
    store.save_beliefs([Belief("chat", "local", folded=3)])
    assert pruned(store, at(10_000), timedelta(days=1)) == 3
    assert store.recent("chat", 9) == ()
    assert store.last_seq("local") == 3


def test_pruning_keeps_what_is_young_and_what_is_not_folded(store: Store) -> None:
    store.append([seen(seq, check="chat" if seq % 2 else "voice", when=at(seq)) for seq in range(1, 41)])
    store.append([seen(seq, check="nobody-folds-this", when=at(0)) for seq in range(41, 51)])
    store.save_beliefs([Belief("chat", "local", folded=11), Belief("voice", "local", folded=40)])
    assert pruned(store, at(30), timedelta(minutes=10), batch=3) == len([1, 3, 5, 7, 9, 11]) + len(range(2, 20, 2))
    assert numbers(store.recent("chat", 99)) == list(range(39, 11, -2))
    assert numbers(store.recent("voice", 99)) == list(range(40, 19, -2))
    assert len(store.recent("nobody-folds-this", 99)) == 10
    assert pruned(store, at(30), timedelta(minutes=10), batch=3) == 0


def test_pruning_goes_on_with_the_next_agent(store: Store) -> None:
    for agent in ("away", "beside", "local"):
        store.append([replace(seen(seq), agent=agent) for seq in range(1, 8)])
        store.save_beliefs([Belief("chat", agent, folded=7)])
    assert pruned(store, at(10_000), timedelta(days=1), batch=3) == 21
    assert store.recent("chat", 99) == ()


_agents = itertools.count()
_outcomes = st.lists(st.sampled_from(list(Outcome)), max_size=25)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outcomes=_outcomes, checkpoint=st.integers(0, 25))
def test_a_restart_goes_on_where_an_uninterrupted_monitor_would_be(
    store: Store, outcomes: list[Outcome], checkpoint: int
) -> None:
    rules, agent = Rules(), f"agent {next(_agents)}"
    runs = [
        Observation("chat", agent, START + timedelta(seconds=10 * n), outcome, 5.0, seq=n + 1)
        for n, outcome in enumerate(outcomes)
    ]
    fresh = Belief("chat", agent, since=START)
    store.append(runs)
    store.save_beliefs([fold(fresh, runs[:checkpoint], rules)])

    stored = store.beliefs(agent)
    following = store.observations_after(agent, {check: belief.folded for check, belief in stored.items()})
    assert fold(stored["chat"], following, rules) == fold(fresh, runs, rules)
