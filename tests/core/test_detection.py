"""One directed test a rule, and the laws for what nobody thought of."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.blame import Anchors, Stall, judge, judge_stall
from statuspage.core.detection import (
    TABLE,
    Belief,
    Event,
    Rules,
    Verdict,
    fold,
    observe,
    stale_after,
    tick,
)
from statuspage.core.observation import Observation, Outcome, Reason, Stage
from tests.core.values import OUTCOMES, T0, after, at, run, runs

UP = after("ooo")
letters = st.text(alphabet="osf", max_size=40)


# --- directed -------------------------------------------------------------------------------------------


def test_three_good_runs_make_an_unknown_check_up_as_of_the_first() -> None:
    assert after("oo").verdict is Verdict.UNKNOWN
    assert (UP.verdict, UP.since) == (Verdict.UP, T0)


def test_three_failures_of_five_are_down() -> None:
    assert after("oooff").verdict is Verdict.UP
    assert after("ooofff").verdict is Verdict.DOWN
    assert after("ooofofof").verdict is Verdict.DOWN
    assert after("ooofoof").verdict is Verdict.UP


def test_an_outage_is_back_dated_to_the_start_of_its_first_bad_run() -> None:
    belief = after("ooofff")
    assert belief.since == at(30)
    assert (belief.reason, belief.stage) == (Reason.TIMEOUT, "upgrade")
    assert after("ooofof" + "f").since == at(30)


def test_slow_or_failed_three_of_five_is_slow() -> None:
    assert after("ooosss").verdict is Verdict.SLOW
    assert after("ooosfs").verdict is Verdict.SLOW
    assert after("ooosss").since == at(30)


def test_slow_turns_into_down_when_it_fails() -> None:
    belief = after("ooosssfff")
    assert (belief.verdict, belief.since) == (Verdict.DOWN, at(60))


def test_recovery_takes_three_good_in_a_row_and_counts_from_the_first() -> None:
    assert after("ooofffoo").verdict is Verdict.DOWN
    assert after("ooofffoofo").verdict is Verdict.DOWN
    recovered = after("ooofffooo")
    assert (recovered.verdict, recovered.since) == (Verdict.UP, at(60))


def test_down_eases_to_slow_when_runs_end_again_but_late() -> None:
    eased = after("ooofffsss")
    assert (eased.verdict, eased.since) == (Verdict.SLOW, at(60))
    assert after("ooofffsos").verdict is Verdict.SLOW


def test_a_first_bad_run_asks_for_confirmation_until_confirmed_or_cleared() -> None:
    assert not UP.confirming
    assert after("ooof").confirming
    assert after("ooos").confirming
    assert after("ooofoo").confirming
    assert not after("ooofooo").confirming
    assert not after("ooofff").confirming


def test_a_check_without_a_verdict_is_asked_at_the_confirm_cadence() -> None:
    assert after("o").confirming


def test_the_way_up_is_not_hurried() -> None:
    assert not after("ooofffo").confirming


def test_four_changes_in_ten_minutes_are_one_state_unstable() -> None:
    belief = after("ooo" + "fffooo" * 2)
    assert belief.verdict is Verdict.UNSTABLE
    assert belief.since == at(140)


def test_four_changes_over_a_longer_time_are_four_changes() -> None:
    belief = after("ooo" + "fffooo" * 2, every=100.0)
    assert belief.verdict is Verdict.UP


def test_unstable_ends_after_five_quiet_minutes() -> None:
    flapping = "ooo" + "fffooo" * 2
    assert after(flapping + "o" * 29).verdict is Verdict.UNSTABLE
    assert after(flapping + "o" * 30).verdict is Verdict.UP


def test_unstable_sinks_to_down_when_a_whole_window_but_one_fails() -> None:
    flapping = "ooo" + "fffooo" * 2
    assert after(flapping + "fff").verdict is Verdict.UNSTABLE
    assert after(flapping + "fffof").verdict is Verdict.DOWN
    sunk = after(flapping + "ffff")
    assert (sunk.verdict, sunk.since) == (Verdict.DOWN, at(150))


def test_no_fresh_run_for_long_enough_is_unknown_since_the_last_one() -> None:
    rules = Rules(stale_after=timedelta(seconds=30))
    assert tick(UP, at(50), T0, rules) is UP
    lost = tick(UP, at(51), T0, rules)
    assert (lost.verdict, lost.since, lost.confirming) == (Verdict.UNKNOWN, at(20), True)


def test_a_monitor_that_just_began_runs_no_timers_for_the_time_before() -> None:
    assert tick(UP, at(5000), at(4990), Rules()).verdict is Verdict.UP


def test_the_patience_without_fresh_runs() -> None:
    assert stale_after(timedelta(seconds=10), timedelta(seconds=8)) == timedelta(seconds=30)
    assert stale_after(timedelta(seconds=5), timedelta(seconds=8)) == timedelta(seconds=23)


def test_a_blind_run_counts_and_changes_nothing_else() -> None:
    blind = observe(UP, run(Outcome.BLIND, 60, reason=Reason.INTERNAL, seq=9), Rules())
    assert blind == replace(UP, blind_runs=1, blind_reason=Reason.INTERNAL, folded=9)
    assert observe(blind, run(Outcome.OK, 70), Rules()).blind_runs == 0


def test_runs_that_end_out_of_order_are_judged_in_the_order_of_their_start() -> None:
    in_order = [run(Outcome.FAIL, 30), run(Outcome.FAIL, 31), run(Outcome.OK, 32)]
    shuffled = [in_order[2], in_order[0], in_order[1]]
    assert fold(UP, shuffled, Rules()).window == fold(UP, in_order, Rules()).window


def test_the_newest_reason_of_an_outage_is_kept() -> None:
    down = after("ooofff")
    newer = observe(down, run(Outcome.FAIL, 70, reason=Reason.CAPACITY, stage="hello"), Rules())
    assert (newer.reason, newer.stage, newer.since) == (Reason.CAPACITY, "hello", down.since)


def test_every_row_of_the_table_leads_to_another_state() -> None:
    for state, row in TABLE.items():
        assert state not in row.values()
        assert Event.LOST in row or state is Verdict.UNKNOWN


# --- whose fault ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchors", "ours"),
    [
        (Anchors(0, 0), False),
        (Anchors(1, 1), False),
        (Anchors(2, 0), False),
        (Anchors(2, 1), True),
        (Anchors(3, 1), False),
        (Anchors(3, 2), True),
    ],
)
def test_at_least_half_of_two_or_more_anchors_make_it_our_fault(anchors: Anchors, ours: bool) -> None:
    refused = run(Outcome.FAIL, 0, reason=Reason.CONNECT, stage="connect")
    assert (judge(refused, anchors).outcome is Outcome.BLIND) is ours


def test_a_run_that_got_past_connect_is_evidence_whatever_the_anchors_say() -> None:
    silent = run(Outcome.FAIL, 0, stage="upgrade")
    assert judge(silent, Anchors(2, 2)) is silent


def test_good_and_slow_runs_are_never_taken_back() -> None:
    for outcome in (Outcome.OK, Outcome.SLOW):
        good = run(outcome, 0)
        assert judge(good, Anchors(2, 2)) is good


def test_a_silent_resolver_is_ours_unless_anchors_say_otherwise() -> None:
    failed = replace(run(Outcome.FAIL, 0, reason=Reason.DNS, stage="dns"), facts={"resolver_silent": True})
    assert judge(failed, Anchors()).reason is Reason.RESOLVER
    assert judge(failed, Anchors(2, 0)).outcome is Outcome.FAIL


def test_a_name_server_that_says_nothing_is_ours_unless_anchors_say_otherwise() -> None:
    unanswered = run(Outcome.FAIL, 0, reason=Reason.TIMEOUT, stage="dns")
    assert judge(unanswered, Anchors()).reason is Reason.RESOLVER
    assert judge(unanswered, Anchors(1, 0)).reason is Reason.RESOLVER
    assert judge(unanswered, Anchors(2, 0)) is unanswered
    not_accepted = run(Outcome.FAIL, 0, reason=Reason.TIMEOUT, stage="connect")
    assert judge(not_accepted, Anchors()) is not_accepted


@pytest.mark.parametrize("reason", [Reason.DNS, Reason.CONNECT, Reason.TIMEOUT, Reason.TLS])
def test_a_credential_that_could_not_be_fetched_is_ours_when_the_anchors_fail_too(reason: Reason) -> None:
    failed = run(Outcome.FAIL, 0, reason=reason, stage="token")
    assert judge(failed, Anchors(2, 2)).reason is Reason.ANCHORS
    assert judge(failed, Anchors(2, 0)) is failed


def test_a_credential_that_was_refused_is_no_fault_of_our_network() -> None:
    refused = run(Outcome.FAIL, 0, reason=Reason.AUTH, stage="token")
    assert judge(refused, Anchors(2, 2)) is refused


def test_a_token_service_whose_name_no_server_looks_up_is_ours_without_anchors() -> None:
    failed = replace(run(Outcome.FAIL, 0, reason=Reason.DNS, stage="token"), facts={"resolver_silent": True})
    assert judge(failed, Anchors()).reason is Reason.RESOLVER


@pytest.mark.parametrize(("reason", "stage"), [(Reason.CONNECT, "connect"), (Reason.TIMEOUT, "dns")])
def test_a_second_connection_that_fails_is_evidence_since_the_first_got_through(reason: Reason, stage: str) -> None:
    second = replace(
        run(Outcome.FAIL, 0, reason=reason, stage=stage), stages=(Stage("dns", 1.0), Stage("connect", 2.0))
    )
    assert judge(second, Anchors(2, 2)) is second
    assert judge(second, Anchors()) is second


def test_runs_under_way_while_we_stood_still_are_blind() -> None:
    stall = Stall(10.0, 20.0)
    table = [
        (5, 7, Outcome.FAIL),
        (5, 13, Outcome.BLIND),
        (12, 13, Outcome.BLIND),
        (5, 30, Outcome.BLIND),
        (21, 22, Outcome.FAIL),
    ]
    for started, ended, expected in table:
        assert judge_stall(run(Outcome.FAIL, 0), started, ended, [stall]).outcome is expected


# --- a clock that is moved ------------------------------------------------------------------------------


def test_a_clock_moved_back_an_hour_does_not_hide_an_outage() -> None:
    belief = after("ooo")
    for index in range(3):
        belief = observe(belief, run(Outcome.FAIL, -3600 + 10 * index), Rules())
    assert belief.verdict is Verdict.DOWN
    assert belief.since == at(-3600)


def test_a_clock_moved_back_an_hour_does_not_hide_that_nothing_is_seen() -> None:
    lost = tick(UP, at(-3500), at(-3600), Rules())
    assert lost.verdict is Verdict.UNKNOWN


def test_overlapping_runs_that_come_late_are_no_moved_clock() -> None:
    belief = observe(after("ooo"), run(Outcome.FAIL, 12), Rules())
    assert len(belief.window) == 4


# --- the confirm cadence --------------------------------------------------------------------------------


def test_what_is_merely_unreliable_is_not_hurried_for_ever() -> None:
    belief, hurried = UP, 0
    for index, letter in enumerate("oos" * 100):
        belief = observe(belief, run(OUTCOMES[letter], 100 + 10 * index), Rules())
        hurried += belief.confirming
    assert belief.verdict is Verdict.UP
    assert hurried <= Rules().window
    once = observe(belief, run(Outcome.FAIL, 9000), Rules())
    assert observe(once, run(Outcome.FAIL, 9010), Rules()).confirming


def test_a_check_that_is_neither_good_nor_bad_gets_a_verdict_all_the_same() -> None:
    assert after("oofoo").verdict is Verdict.UP
    assert after("oof" * 10).verdict is Verdict.UP


def test_blind_runs_are_no_reason_to_hurry() -> None:
    doubtful = after("ooof")
    assert doubtful.confirming
    assert not observe(doubtful, run(Outcome.BLIND, 50, reason=Reason.NO_ROUTE), Rules()).confirming


# --- laws -----------------------------------------------------------------------------------------------


@st.composite
def any_rules(draw: st.DrawFn) -> Rules:
    window = draw(st.integers(1, 12))
    return Rules(fall=draw(st.integers(1, window)), window=window, rise=draw(st.integers(1, window)))


@given(any_rules(), letters, st.data())
def test_a_bad_run_shorter_than_the_threshold_never_flips(rules: Rules, history: str, data: st.DataObject) -> None:
    belief = after(history + "o" * rules.window, rules, every=1000.0)
    assert belief.verdict is Verdict.UP
    bad = data.draw(st.text(alphabet="sf", max_size=rules.fall - 1))
    start = 1000.0 * (len(history) + rules.window)
    for observation in runs(bad + "o" * rules.window, every=1000.0, start=start):
        belief = observe(belief, replace(observation, seq=0), rules)
        assert belief.verdict is Verdict.UP


@given(any_rules(), letters)
def test_a_failure_right_after_recovery_does_not_count_the_outage_before_it(rules: Rules, history: str) -> None:
    belief = after(history + "f" * rules.window + "o" * rules.rise, rules, every=1000.0)
    assert belief.verdict is Verdict.UP
    if rules.fall > 1:
        assert observe(belief, run(Outcome.FAIL, 1e6), rules).verdict is Verdict.UP


@given(any_rules(), letters, st.integers(0, 40))
def test_replaying_what_was_stored_gives_the_same_state_however_it_was_cut(
    rules: Rules, sequence: str, cut: int
) -> None:
    all_runs = runs(sequence)
    once = fold(Belief("chat", "local", since=T0), all_runs, rules)
    stored = fold(Belief("chat", "local", since=T0), all_runs[:cut], rules)
    assert fold(stored, all_runs[max(cut - 3, 0) :], rules) == once


@given(letters, st.integers(0, 40))
def test_stopping_anywhere_and_going_on_from_what_was_stored_changes_nothing(sequence: str, cut: int) -> None:
    rules, all_runs = Rules(), runs(sequence)
    stored = fold(Belief("chat", "local", since=T0), all_runs[:cut], rules)
    assert fold(stored, all_runs, rules) == after(sequence)


@given(letters, st.lists(st.integers(0, 400), max_size=10))
def test_blind_runs_change_no_verdict_and_so_no_uptime(sequence: str, blind_at: list[int]) -> None:
    rules = Rules()
    seen = runs(sequence)
    blind = [run(OUTCOMES["b"], seconds + 0.5, reason=Reason.ANCHORS) for seconds in blind_at]
    mixed = sorted([*seen, *blind], key=lambda each: each.at)

    def history(observations: list[Observation]) -> list[tuple[Verdict, datetime]]:
        belief = Belief("chat", "local", since=T0)
        states = [(belief.verdict, belief.since)]
        for each in observations:
            belief = observe(belief, replace(each, seq=0), rules)
            if states[-1] != (belief.verdict, belief.since):
                states.append((belief.verdict, belief.since))
        return states

    assert history(mixed) == history(seen)


@given(letters)
def test_verdicts_only_move_along_the_table_and_never_before_what_they_end(sequence: str) -> None:
    belief = Belief("chat", "local", since=T0)
    steps = [belief]
    for observation in runs(sequence):
        belief = observe(belief, observation, Rules())
        steps.append(belief)
    for old, new in pairwise(steps):
        assert new.verdict is old.verdict or new.verdict in TABLE[old.verdict].values()
        assert new.since >= old.since


@given(letters, st.randoms(use_true_random=False))
def test_the_window_does_not_depend_on_the_order_of_arrival(sequence: str, random: object) -> None:
    rules, seen = Rules(fall=5, window=9, rise=5), runs(sequence[:4])
    shuffled = list(seen)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    late = fold(Belief("chat", "local"), [replace(each, seq=0) for each in shuffled], rules)
    assert late.window == fold(Belief("chat", "local"), seen, rules).window


@given(st.integers(1, 60))
def test_an_endless_square_wave_is_one_unstable_state_and_not_a_row_of_outages(cycles: int) -> None:
    belief, changes = after("ooo"), 0
    for observation in runs("ooo" + "fffooo" * cycles)[3:]:
        moved = observe(belief, observation, Rules())
        changes += moved.verdict is not belief.verdict
        belief = moved
    assert changes <= 4
