"""Making and migrating databases: once, twice, by several at once; and which databases are refused."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from statuspage.core.state import Decision
from statuspage.store import Store, StoreCorrupt, StoreError, StoreMissing, StoreOutdated, open_store, upgrade
from statuspage.store.schema import REVISION, metadata
from statuspage.store.sqlite_file import beside
from tests.databases import START
from tests.store.values import EVENT, publish, seen

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("components", sa.Column("colour", sa.Text))
    {then}
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of a program that is one revision ahead."""
    return _with_next(tmp_path / "newer", "pass")


def _with_next(folder: Path, then: str) -> Path:
    shutil.copytree(upgrade.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "r0005_next.py").write_text(NEXT.format(then=then), encoding="utf-8")
    return folder


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _filled(url: str) -> None:
    """A database with something in every page of it, written back from its log and closed."""
    store = open_store(url)
    store.upgrade(START)
    publish(store, "chat")
    store.append([seen(n) for n in range(1, 400)])
    store.close()


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    assert store._database.read(differences) == []


def test_the_newest_migration_is_the_revision_that_the_program_asks_for(store: Store) -> None:
    found = store._database.read(lambda connection: connection.scalar(text("SELECT version_num FROM alembic_version")))
    assert found == REVISION
    store.require()


def test_upgrading_again_changes_nothing(store: Store) -> None:
    publish(store, "chat")
    before = store.head(), store.state()
    store.upgrade(START)
    assert (store.head(), store.state()) == before


def test_several_processes_may_upgrade_at_once(database_url: str) -> None:
    command = [sys.executable, "-m", "tests.store.writer", "upgrade", database_url]
    all_of_them = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for process in all_of_them:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in all_of_them:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    generations = {process.communicate(timeout=60)[0].strip() for process in all_of_them}
    assert [process.returncode for process in all_of_them] == [0, 0, 0]
    assert len(generations) == 1


def test_who_only_reads_requires_a_database_and_makes_none(database_url: str) -> None:
    store = open_store(database_url)
    with pytest.raises(StoreMissing):
        store.require()
    store.upgrade(START)
    store.require()
    store.close()


def test_requiring_does_not_leave_a_file_behind(sqlite_url: str) -> None:
    with pytest.raises(StoreMissing, match="does not exist"):
        open_store(sqlite_url).require()
    with pytest.raises(StoreMissing):
        open_store(sqlite_url).head()
    assert not _file(sqlite_url).exists()


def test_an_older_database_is_migrated_and_a_newer_one_refused(store: Store, newer: Path) -> None:
    publish(store, "chat")
    before = store.head(), store.state()
    upgrade.upgrade(store._database, START, newer)
    upgrade.upgrade(store._database, START, newer)
    assert (store.head(), store.state()) == before

    with pytest.raises(StoreOutdated, match="schema 0005"):
        store.require()
    with pytest.raises(StoreOutdated, match="a newer version wrote it"):
        store.upgrade(START)


def test_a_migration_that_fails_leaves_the_old_schema(store: Store, tmp_path: Path) -> None:
    publish(store, "chat")
    broken = _with_next(tmp_path / "broken", 'op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(StoreError):
        upgrade.upgrade(store._database, START, broken)
    store.require()
    assert store.transact(lambda _: Decision(events=(EVENT,)), START) is not None


def test_a_copy_is_kept_from_before_a_migration(sqlite_url: str, newer: Path) -> None:
    _filled(sqlite_url)
    store = open_store(sqlite_url)
    upgrade.upgrade(store._database, START, newer)
    store.close()

    copy = beside(_file(sqlite_url), "before-0005")
    restored = open_store(f"sqlite:///{copy}")
    restored.require()
    assert restored.last_seq("local") == 399
    restored.close()


def test_a_first_start_keeps_no_copy(sqlite_url: str) -> None:
    _filled(sqlite_url)
    assert sorted(path.name for path in _file(sqlite_url).parent.iterdir()) == [
        "statuspage.db",
        "statuspage.db.generation",
        "statuspage.db.lock",
    ]


def test_a_full_disk_is_noticed_before_a_migration(
    sqlite_url: str, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(sqlite_url)
    monkeypatch.setattr("statuspage.store.sqlite_file._SPARE_BYTES", 1 << 60)
    store = open_store(sqlite_url)
    with pytest.raises(StoreError, match="of free space"):
        upgrade.upgrade(store._database, START, newer)
    store.require()
    store.close()


def test_a_missing_database_that_was_there_before_is_not_made_anew(sqlite_url: str) -> None:
    _filled(sqlite_url)
    _file(sqlite_url).unlink()
    store = open_store(sqlite_url)
    with pytest.raises(StoreMissing, match=r"was there before.*statuspage\.db\.generation"):
        store.upgrade(START)
    beside(_file(sqlite_url), "generation").unlink()
    store.upgrade(START)
    assert store.head().revision == 0
    store.close()


def test_an_interrupted_creation_is_taken_up_again(sqlite_url: str) -> None:
    _file(sqlite_url).touch()
    store = open_store(sqlite_url)
    store.upgrade(START)
    generation = store.head().generation
    beside(_file(sqlite_url), "generation").unlink()
    store.upgrade(START)
    assert beside(_file(sqlite_url), "generation").read_text().strip() == generation == store.head().generation
    store.close()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"<html>502 Bad Gateway</html>" * 200), "not an SQLite database"),
        (lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:50]), "damaged"),
        (lambda path: _overwrite_middle(path), "damaged"),
        (lambda path: _replace_with_another(path), "holds no status page"),
    ],
    ids=["empty", "garbage", "half", "stub", "scratched", "another"],
)
def test_a_damaged_database_is_refused_and_left_as_it_is(
    sqlite_url: str, harm: Callable[[Path], object], said: str
) -> None:
    _filled(sqlite_url)
    path = _file(sqlite_url)
    harm(path)
    harmed = path.read_bytes()
    store = open_store(sqlite_url)
    with pytest.raises(StoreCorrupt, match=said) as refusal:
        store.upgrade(START)
    store.close()
    assert not refusal.value.retry
    assert path.read_bytes() == harmed


def _overwrite_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : 2 * len(content) // 3] = b"\x5a" * (len(content) // 3)
    path.write_bytes(content)


def _replace_with_another(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a database address"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://localhost/x", "mysql is not supported"),
    ],
)
def test_an_address_that_is_none_is_named(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=rf"^store\.url: .*{said}"):
        open_store(url)
