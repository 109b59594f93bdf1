"""A lock of a few seconds; `python -m tests.faults --lock 60` holds it for a minute (docs/faults.md)."""

from pathlib import Path

from tests.faults.locked import lock


def test_a_held_database_loses_no_observation_and_blames_nobody(tmp_path: Path) -> None:
    found = lock(tmp_path, 4.0, 20)
    assert not found.violations
    assert found.looked >= 40
