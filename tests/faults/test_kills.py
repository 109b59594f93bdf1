"""kill -9 at every named step of posting and delivering. Two hundred of them: `python -m tests.faults --kills 200`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults import rounds, whole
from tests.faults.kills import DELIVERING_STEPS, POSTING_STEPS, Anywhere, Step
from tests.faults.rounds import Kill

SEED = 1

SOME = [step for step in (*POSTING_STEPS, *DELIVERING_STEPS) if step.name in (
    "outbox written",
    "right before commit",
    "committed",
    "inside the claim transaction",
    "answered but not marked",
)]  # fmt: skip


def kill_at(folder: Path, url: str, steps: Sequence[Step | Anywhere]) -> list[Kill]:
    with rounds.bench(folder, url, SEED) as on:
        return list(rounds.run(on, steps))


def judge(found: Sequence[Kill], steps: Sequence[Step | Anywhere]) -> None:
    assert [kill.step for kill in found] == [step.name for step in steps]
    assert [kill for kill in found if kill.violations] == []


@pytest.mark.timeout(240)
@pytest.mark.parametrize("steps", [POSTING_STEPS, DELIVERING_STEPS], ids=["posting", "delivering"])
def test_whoever_dies_every_acknowledged_post_is_there_once_and_told_at_least_once(
    tmp_path: Path, sqlite_url: str, steps: Sequence[Step]
) -> None:
    judge(kill_at(tmp_path, sqlite_url, steps), steps)


@pytest.mark.timeout(240)
def test_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    judge(kill_at(tmp_path, postgres_url, SOME), SOME)


@pytest.mark.timeout(240)
def test_a_monitor_that_dies_at_any_moment_opens_ends_and_tells_an_incident_once(tmp_path: Path) -> None:
    with whole.monitored(tmp_path, SEED) as (on, target):
        found = list(whole.run(on, target, 3))
    judge(found, [whole.STEP] * 3)


def test_there_are_at_least_twenty_named_steps() -> None:
    assert len({step.name for step in (*POSTING_STEPS, *DELIVERING_STEPS)}) >= 20
