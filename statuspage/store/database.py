"""One database, two engines, one way in: `read(work)` and `write(work)`, each one transaction.

What goes wrong comes out as a StoreError. On PostgreSQL a transaction whose connection broke, or that the
server undid, is run once more as a whole; SQLite has neither, its writers take turns instead.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, Text, cast, exc, func, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite

from statuspage.store import on_postgres, on_sqlite
from statuspage.store.errors import StoreBusy, StoreError, StoreLost, is_lost, is_undone, translate

T = TypeVar("T")


class Database:
    """The connections to one address. `file` is the path of an SQLite database, None for PostgreSQL.

    Safe to use from several threads. Raises StoreError for an address that is none.
    """

    def __init__(self, url: str) -> None:
        self.file, self.engine = _open(url)
        self._writing = self.engine.execution_options(writing=True)
        self._reading = self.engine
        if self.file is None:
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._turn = threading.Lock()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one consistent state of the database."""
        return self._twice(lambda: _run(self._reading, work))

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit. It may run twice, and even be committed twice: it must be idempotent."""
        with self._in_turn():
            return self._twice(lambda: _run(self._writing, work))

    def write_once(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit; it may run twice, but is committed once.

        When the connection breaks during the commit, PostgreSQL is asked what became of the transaction.
        """
        if self.file is not None:
            return self.write(work)
        return self._twice(lambda: self._settled(work))

    def close(self) -> None:
        """Close every connection. A later use opens new ones."""
        self.engine.dispose()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Threads of this process queue here, for SQLite's own waiting is a lottery that a thread can keep losing."""
        if self.file is None:
            yield
            return
        if not self._turn.acquire(timeout=on_sqlite.BUSY_SECONDS):
            raise StoreBusy("the database is held by another writer of this process")
        try:
            yield
        finally:
            self._turn.release()

    def _twice(self, attempt: Callable[[], T]) -> T:
        try:
            return attempt()
        except exc.SQLAlchemyError as error:
            if not (is_lost(error) or is_undone(error)):
                raise translate(error) from error
        try:
            return attempt()
        except exc.SQLAlchemyError as error:
            raise translate(error) from error

    def _settled(self, work: Callable[[Connection], T]) -> T:
        finished: list[T] = []
        number = ""
        try:
            with self._writing.begin() as connection:
                number = str(connection.scalar(select(cast(func.pg_current_xact_id(), Text))))
                finished.append(work(connection))
        except exc.DBAPIError as error:
            if finished and is_lost(error) and self._was_committed(number):
                return finished[0]
            raise
        return finished[0]

    def _was_committed(self, number: str) -> bool:
        """What became of a transaction whose commit was never answered. Raises StoreLost when it cannot be known."""
        patience = threading.Event()
        ask = text("SELECT pg_xact_status(CAST(:number AS xid8))").bindparams(number=number)
        try:
            for _ in range(40):
                status = _run(self._reading, lambda connection: connection.scalar(ask))
                if status != "in progress":
                    return bool(status == "committed")
                patience.wait(0.05)
        except exc.SQLAlchemyError as error:
            raise _unknown_end() from error
        raise _unknown_end()


def _unknown_end() -> StoreLost:
    return StoreLost("the connection broke during the commit: look what is written before trying again", retry=False)


def _run(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _open(url: str) -> tuple[Path | None, Engine]:
    try:
        parts = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise StoreError("store.url: not a database address") from None
    match parts.get_backend_name():
        case "sqlite" if parts.database and parts.database != ":memory:":
            path = Path(parts.database).absolute()
            return path, on_sqlite.make_engine(path)
        case "sqlite":
            raise StoreError("store.url: SQLite needs a file, such as sqlite:///data/statuspage.db")
        case "postgresql":
            return None, on_postgres.make_engine(parts.set(drivername="postgresql+psycopg"))
        case other:
            raise StoreError(f"store.url: {other} is not supported; use sqlite:///… or postgresql+psycopg://…")


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: bool = False) -> None:
    """Insert the rows; one whose primary key is there already is replaced, or left alone with `keep`."""
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    if keep:
        connection.execute(statement.on_conflict_do_nothing(), rows)
        return
    keys = [column.name for column in table.primary_key]
    new = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)
