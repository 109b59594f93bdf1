"""The file of an SQLite database as a thing on disk: is it there, is it whole, who may change it, a copy of it.

Beside `<db>` lie `<db>.generation`, written when the database was made (a database that is missing although
this file is there was lost, and nobody starts anew in its place), `<db>.lock`, held while migrating, and
`<db>.before-<revision>`, a copy from before each migration.
"""

import fcntl
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from statuspage.store import on_sqlite
from statuspage.store.errors import StoreBusy, StoreCorrupt, StoreError, StoreMissing

_MAGIC = b"SQLite format 3\x00"
_LOCK_TRIES, _LOCK_PAUSE = 1200, 0.05
_SPARE_BYTES = 16 * 1024 * 1024


def beside(path: Path, suffix: str) -> Path:
    """`<db>.<suffix>`."""
    return path.with_name(f"{path.name}.{suffix}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the right to change the schema; at most a minute is waited for it. The folder is made if need be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(beside(path, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"the folder of the database cannot be written: {error}") from None
    try:
        _wait_for(lock, path)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int, path: Path) -> None:
    pause = threading.Event()
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            pause.wait(_LOCK_PAUSE)
    raise StoreBusy(f"{path}: another process has been changing the schema for a minute")


def prepare(path: Path) -> None:
    """Make the file if there never was one; else see that it is whole. The lock is held.

    Raises StoreMissing or StoreCorrupt with what to do about it.
    """
    was_there = beside(path, "generation").exists()
    size = path.stat().st_size if path.exists() else None
    if size is None and was_there:
        raise StoreMissing(
            f"{path} is missing, and it was there before. Restore it from a copy; "
            f"to start anew with an empty history delete {beside(path, 'generation').name} beside it"
        )
    if not size and was_there:
        raise StoreCorrupt(f"{path} is empty, and it was not before. Restore it from a copy")
    if not size:
        # An empty file without its companion is a creation that was interrupted.
        with _said_clearly(path), closing(on_sqlite.connect(path, create=True)):
            return
    require_header(path)
    with _said_clearly(path), closing(on_sqlite.connect(path)) as connection:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        has_head = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'head'").fetchone()
    if verdict != "ok":
        raise StoreCorrupt(f"{path} is damaged ({verdict}). Restore it from a copy")
    if was_there and not has_head:
        raise StoreCorrupt(f"{path} holds no status page, and it did before. Restore it from a copy")


def require_header(path: Path) -> None:
    """Raises StoreMissing without a file, StoreCorrupt when it does not begin as SQLite's files do."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except FileNotFoundError:
        raise StoreMissing(f"{path} does not exist: the monitor makes it when it first starts") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    if start and start != _MAGIC:
        raise StoreCorrupt(f"{path} is not an SQLite database. Restore it from a copy")


def note_generation(path: Path, generation: str) -> None:
    """Write `<db>.generation`, whole or not at all."""
    companion = beside(path, "generation")
    if companion.exists() and companion.read_text(encoding="ascii").strip() == generation:
        return
    draft = beside(path, "generation.new")
    with draft.open("w", encoding="ascii") as file:
        file.write(f"{generation}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(companion)


def keep_copy(path: Path, revision: str) -> Path:
    """Copy the database to `<db>.before-<revision>`, in place of a copy from an attempt that failed.

    Raises StoreError when the disk has not room for the copy and for a migration that rewrites everything.
    """
    copy = beside(path, f"before-{revision}")
    write_ahead = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (write_ahead.stat().st_size if write_ahead.exists() else 0)
    needed, free = 2 * size + _SPARE_BYTES, shutil.disk_usage(path.parent).free
    if free < needed:
        raise StoreError(f"{path}: migrating needs {needed >> 20} MB of free space, there are {free >> 20} MB")
    draft = beside(path, f"before-{revision}.new")
    draft.unlink(missing_ok=True)
    with _said_clearly(path), closing(on_sqlite.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(copy)
    return copy


@contextmanager
def _said_clearly(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreBusy(f"{path} is held by another process") from error
        raise StoreError(f"{path} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"{path} is damaged ({error}). Restore it from a copy") from error
