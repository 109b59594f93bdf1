"""The writer's memory: what waits while the store is away, and what becomes of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.core.observation import Outcome
from statuspage.monitor import writer as module
from statuspage.monitor.writer import Writer
from statuspage.store import Store
from tests.monitor.engines import CLOCK, seen, store_at
from tests.waiting import wait_for


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = store_at(tmp_path)
    yield found
    found.close()


def test_what_is_too_much_to_wait_goes_oldest_first_is_counted_and_said_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LIMIT", 50)
    with closing(sqlite3.connect(tmp_path / "status.db", isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        writer = Writer(store, CLOCK)
        for seq in range(1, 91):
            writer.note(replace(seen("chat", Outcome.OK), seq=seq))
        assert (writer.waiting, writer.dropped) == (50, 40)
        wait_for(lambda: "observations wait for the store:" in caplog.text, "a try to write")
        lock.execute("COMMIT")
    wait_for(lambda: writer.waiting == 0, "the rest to be written")
    writer.close()
    assert sorted(each.seq for each in store.recent("chat", 100)) == list(range(41, 91))
    assert caplog.text.count("the oldest are dropped from now on") == 1
    assert "the store is back; all waiting observations are written, 40 were dropped" in caplog.text


def test_each_time_that_something_is_dropped_is_said(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LIMIT", 5)
    writer = Writer(store, CLOCK)
    for time in range(2):
        with closing(sqlite3.connect(tmp_path / "status.db", isolation_level=None)) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            tries = caplog.text.count("observations wait for the store:")
            for seq in range(1, 8):
                writer.note(replace(seen("chat", Outcome.OK), seq=10 * time + seq))
            wait_for(lambda tries=tries: caplog.text.count("observations wait for the store:") > tries, "a try")  # type: ignore[misc]
            lock.execute("COMMIT")
        wait_for(lambda: writer.waiting == 0, "the rest to be written")
    writer.close()
    assert caplog.text.count("the oldest are dropped from now on") == 2
    assert writer.dropped == 4
