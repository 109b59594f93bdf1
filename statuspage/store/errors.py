"""The few ways in which the store can fail, and the one place that knows the drivers' own errors.

StoreError
├── StoreBusy       locked, or a time limit was over      try again
├── StoreLost       the server cannot be reached          try again
├── StoreMissing    no database, or nothing in it
├── StoreCorrupt    a database that cannot be read
├── StoreOutdated   database and program are of different versions
└── StaleLease      another monitor decides now
"""

import sqlite3
from typing import Final

from sqlalchemy import exc


class StoreError(Exception):
    """The store could not do what was asked; nothing of it was written. `retry` says whether trying again can help."""

    retry: bool = False

    def __init__(self, message: str, *, retry: bool | None = None) -> None:
        super().__init__(message)
        if retry is not None:
            self.retry = retry


class StoreBusy(StoreError):
    """Somebody else holds a lock, or the database was too slow for its time limit."""

    retry = True


class StoreLost(StoreError):
    """There is no connection to the database server."""

    retry = True


class StoreMissing(StoreError):
    """There is no database at the address, or it was never set up."""


class StoreCorrupt(StoreError):
    """There is a database, and it cannot be read."""


class StoreOutdated(StoreError):
    """The database has another schema than this program knows: one of the two wants upgrading."""


class StaleLease(StoreError):
    """The lease epoch is not the present one: another monitor has taken over the decisions."""


_PRIMARY_CODE: Final = 0xFF
"""SQLite's extended result codes carry the primary one in their lowest byte (sqlite.org/rescode.html)."""

_POSTGRES_BUSY: Final = frozenset({"55P03", "57014", "25P03"})
"""lock_not_available, query_canceled (statement_timeout), idle_in_transaction_session_timeout."""

_POSTGRES_AGAIN: Final = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected: PostgreSQL undid the transaction and says to run it again."""


def _sqlstate(error: BaseException | None) -> str | None:
    """PostgreSQL's five-character code of a driver error, if it has one."""
    code = getattr(error, "sqlstate", None)
    return code if isinstance(code, str) else None


def translate(error: exc.SQLAlchemyError) -> Exception:
    """The error to raise in place of SQLAlchemy's. What the caller passed in wrongly stays the ValueError it is."""
    if isinstance(error, exc.TimeoutError):
        return StoreBusy("all connections to the database are in use")
    if not isinstance(error, exc.DBAPIError):
        cause = error.orig if isinstance(error, exc.StatementError) else None
        return cause if isinstance(cause, ValueError | TypeError) else StoreError(f"the store failed: {error}")
    if isinstance(error.orig, sqlite3.Error):
        return _from_sqlite(error.orig)
    return _from_postgres(error)


def is_lost(error: exc.SQLAlchemyError) -> bool:
    """Whether the connection is gone, or never stood. psycopg names no code for a connection that failed."""
    if not isinstance(error, exc.DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    if error.connection_invalidated:
        return True
    code = _sqlstate(error.orig)
    if code is None:
        return isinstance(error, exc.OperationalError | exc.InterfaceError)
    return code.startswith(("08", "57P"))


def is_undone(error: exc.SQLAlchemyError) -> bool:
    """Whether PostgreSQL undid the transaction and asks for it to be run again."""
    return isinstance(error, exc.DBAPIError) and _sqlstate(error.orig) in _POSTGRES_AGAIN


def _from_sqlite(error: sqlite3.Error) -> StoreError:
    text = str(error)
    match getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return StoreBusy(f"the database is held by another writer: {text}")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreCorrupt(f"the database cannot be read: {text}")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreMissing(f"the database cannot be opened: {text}")
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return StoreError(f"the disk of the database refuses: {text}", retry=True)
        case _:
            return StoreError(f"the database refuses: {text}")


def _from_postgres(error: exc.DBAPIError) -> StoreError:
    text = str(error.orig).strip()
    code = _sqlstate(error.orig)
    if code in _POSTGRES_BUSY or code in _POSTGRES_AGAIN:
        return StoreBusy(f"the database is busy: {text}")
    if code == "42P01":  # undefined_table
        return StoreMissing("the database holds no status page: run `statuspage db upgrade`")
    if is_lost(error):
        return StoreLost(f"no connection to the database: {text}")
    return StoreError(f"the database refuses: {text}")
