"""SQLite: what is asserted of every connection, locks, kills, and files that go away."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from statuspage.core.state import Decision
from statuspage.store import Store, StoreBusy, StoreError, StoreMissing, on_sqlite, open_store
from tests.databases import START
from tests.store.values import EVENT, at, numbers, publish, seen

KILLS = 20


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Store]:
    """A store of SQLite's kind only."""
    opened = open_store(sqlite_url)
    opened.upgrade(START)
    yield opened
    opened.close()


@pytest.fixture
def path(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def test_the_pragmas_hold_on_every_connection(lite: Store) -> None:
    together = threading.Barrier(4)
    found: list[list[object]] = []

    def look() -> None:
        def work(connection: Connection) -> list[object]:
            together.wait(timeout=10)
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            return [connection.scalar(text(f"PRAGMA {name}")) for name in names]

        found.append(lite._database.read(work))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["wal", 2, 1, 2000]] * 4


def test_a_pragma_that_does_not_hold_is_refused(lite: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_sqlite, "_PRAGMAS", (("page_size", 7),))
    with pytest.raises(StoreError, match="keeps page_size at 4096 where 7 is needed"):
        open_store(f"sqlite:///{path}").head()


def test_writers_begin_at_once_and_readers_later(lite: Store) -> None:
    begun: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("BEGIN"):
            begun.append(statement)

    event.listen(lite._database.engine, "before_cursor_execute", note)
    lite.head()
    lite.append([seen(1)])
    lite.transact(lambda _: Decision(), START)
    assert begun == ["BEGIN", "BEGIN IMMEDIATE", "BEGIN IMMEDIATE"]


def test_a_lock_of_another_is_waited_for_said_and_loses_nothing(lite: Store, path: Path) -> None:
    publish(lite, "chat")
    lite.append([seen(1)])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy) as refusal:
            lite.append([seen(2)])
        assert refusal.value.retry
        with pytest.raises(StoreBusy):
            lite.transact(lambda _: Decision(events=(EVENT,)), at(1))
        assert lite.snapshot(at(1)) is not None, "readers do not wait for a writer"
        other.execute("ROLLBACK")
    lite.append([seen(2)])
    assert numbers(lite.recent("chat", 9)) == [2, 1]
    assert lite.head().revision == 1


def test_threads_that_write_at_once_all_succeed(lite: Store) -> None:
    def write(thread: int) -> None:
        for n in range(25):
            lite.append([seen(1 + thread * 25 + n)])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lite.recent("chat", 999)) == 200


def test_a_file_that_was_removed_or_replaced_is_not_written_to(lite: Store, path: Path) -> None:
    lite.append([seen(1)])
    lite.close()
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    lite.append([seen(2)])
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with pytest.raises(StoreMissing):
        lite.append([seen(3)])
    assert not path.exists()
    copy.rename(path)
    lite.append([seen(4)])
    assert numbers(lite.recent("chat", 9)) == [4, 1]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="folder of the database"):
        open_store(f"sqlite:///{tmp_path}/file/statuspage.db").upgrade(START)


def test_every_acknowledged_observation_survives_kill_9(lite: Store, sqlite_url: str) -> None:
    command = [sys.executable, "-m", "tests.store.writer", "nursery", sqlite_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as nursery:
        acknowledged = 0
        for kill in range(KILLS):
            acknowledged = max(acknowledged, _let_one_live_and_die(nursery, 1 + kill % 6))
            assert lite.last_seq("local") >= acknowledged
        assert nursery.stdin is not None
        nursery.stdin.close()
        assert nursery.wait(timeout=30) == 0
    written = numbers(list(lite.observations_after("local", {"chat": 0})))
    assert written == list(range(1, len(written) + 1))
    assert len(written) >= acknowledged >= KILLS
    assert lite._database.read(lambda connection: connection.scalar(text("PRAGMA quick_check"))) == "ok"


def _let_one_live_and_die(nursery: "subprocess.Popen[str]", batches: int) -> int:
    """Have a writer born, kill it after some acknowledged batches; the last number it acknowledged."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write("another\n")
    child, last = 0, 0
    for line in nursery.stdout:
        word = line.strip()
        if word == "gone":
            return last
        if word.startswith("pid "):
            child = int(word.removeprefix("pid "))
        else:
            last, batches = int(word), batches - 1
        if child and batches <= 0:
            os.kill(child, signal.SIGKILL)
            child = 0
    raise AssertionError("the nursery ended early")
