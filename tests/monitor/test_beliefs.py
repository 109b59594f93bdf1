"""What is believed after a start: the stored runs tell how old it is, not the start."""

from datetime import UTC, datetime, timedelta

from statuspage.core.detection import Rules, Verdict
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.monitor.beliefs import Beliefs

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def failure(seq: int) -> Observation:
    at = START + timedelta(seconds=seq)
    return Observation("chat", "local", at, Outcome.FAIL, 1.0, reason=Reason.TIMEOUT, stage="connect", seq=seq)


def test_a_verdict_that_a_kill_interrupted_is_back_dated_to_the_first_run_before_it() -> None:
    beliefs = Beliefs("local")
    beliefs.watch({"chat": Rules()}, {}, START + timedelta(seconds=2.5))
    assert beliefs.replay([failure(1), failure(2)]) == 2
    found = beliefs.take_in(failure(3))
    assert (found.verdict, found.since) == (Verdict.DOWN, START + timedelta(seconds=1))
