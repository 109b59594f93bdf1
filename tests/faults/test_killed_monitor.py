"""kill -9 of a monitor that runs 200 checks: nothing committed is lost, and nobody is blamed for our death."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from statuspage.app import load_config
from statuspage.core.detection import Belief, Verdict, fold
from statuspage.core.observation import Outcome
from statuspage.store import open_store
from tests.accepting import accepting_port
from tests.faults.many import blamed, has_reached, many_checks, observations
from tests.processes import started
from tests.waiting import wait_for

CHECKS = 200
KILLS = 5


@pytest.fixture
def target() -> Iterator[int]:
    """A server that accepts. Every tenth check asks a closed port instead, so that there is an outage to believe in."""
    with accepting_port() as found:
        yield found


def test_every_committed_observation_survives_and_beliefs_equal_those_of_a_twin(tmp_path: Path, target: int) -> None:
    path = many_checks(tmp_path, target, CHECKS)
    store = open_store(f"sqlite:///{tmp_path / 'status.db'}")
    committed = 0
    for _ in range(KILLS):
        with started("monitor", "-c", str(path), log=tmp_path / "log") as monitor:
            wait_for(partial(has_reached, store, committed + 2 * CHECKS), "four hundred more observations", 60)
            committed = store.last_seq("local")
            os.kill(monitor.pid, signal.SIGKILL)
            monitor.wait()
        assert store.last_seq("local") >= committed
    seen = observations(store, CHECKS)
    assert [each.seq for each in seen] == list(range(1, len(seen) + 1))
    assert not any(each.outcome is Outcome.BLIND for each in seen)

    stored = store.beliefs("local")
    newer = list(store.observations_after("local", {check: belief.folded for check, belief in stored.items()}))
    rules = load_config(path).checks[0].rules
    for n in range(CHECKS):
        check = f"c{n}"
        mine = [each for each in seen if each.check == check]
        twin = fold(Belief(check, "local"), mine, rules)
        resumed = fold(stored[check], [each for each in newer if each.check == check], rules)
        assert resumed == twin, check
        assert resumed.verdict is (Verdict.UP if n % 10 else Verdict.DOWN)

    assert blamed(store) == {f"c{n}" for n in range(0, CHECKS, 10)}
    store.close()
