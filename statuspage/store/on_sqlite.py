"""SQLite: how a connection is opened, and what is asserted of it before anything is read or written.

A connection never creates the file (`mode=rw`): a database that went away is an error, not an empty one. It
is also bound to the file it opened. When that file is replaced or removed, the next use opens anew, for a
commit into a file without a name would be acknowledged and lost.
"""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, exc

from statuspage.store.errors import StoreError

BUSY_SECONDS = 2.0
"""How long one statement waits for another writer's lock."""

_FULL = 2
_PRAGMAS: tuple[tuple[str, str | int], ...] = (
    ("journal_mode", "wal"),
    ("synchronous", _FULL),
    ("foreign_keys", 1),
    ("busy_timeout", int(BUSY_SECONDS * 1000)),
)


def connect(path: Path, *, create: bool = False) -> sqlite3.Connection:
    """A connection to the file with every pragma set and read back. Transactions are begun by hand.

    Raises sqlite3.Error as the driver does, StoreError when a pragma does not hold.
    """
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for name, value in _PRAGMAS:
            connection.execute(f"PRAGMA {name} = {value}")
            (found,) = connection.execute(f"PRAGMA {name}").fetchone()
            if found != value:
                raise StoreError(f"{path}: SQLite keeps {name} at {found!r} where {value!r} is needed")
    except BaseException:
        connection.close()
        raise
    return connection


def make_engine(path: Path) -> Engine:
    """An engine for the file; nothing is opened yet. Writers begin at once, readers when they first read.

    A deferred transaction that reads before it writes fails without waiting when another writer came
    between (SQLITE_BUSY_SNAPSHOT), therefore BEGIN IMMEDIATE for everything that writes.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=lambda: connect(path),
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=24,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    @event.listens_for(engine, "connect")
    def remember(dbapi_connection: Any, record: Any) -> None:
        record.info["file"] = _identity(path)

    @event.listens_for(engine, "checkout")
    def compare(dbapi_connection: Any, record: Any, proxy: Any) -> None:
        if record.info["file"] != _identity(path):
            raise exc.DisconnectionError("the file of the database is another one now")

    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
