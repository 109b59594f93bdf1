"""The one row that orders everything: which database this is, how often it was written, who may decide."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from statuspage.store.errors import StoreMissing
from statuspage.store.schema import head


@dataclass(frozen=True, slots=True)
class Head:
    """`generation` names this database, `revision` counts its decisions, `lease_epoch` the changes of leader."""

    generation: str
    revision: int
    lease_epoch: int


def read(connection: Connection) -> Head:
    """The head as it stands."""
    return _head(connection.execute(select(head)).first())


def advance(connection: Connection) -> Head:
    """Take the next revision. The row stays locked until the end of the transaction: writers queue here."""
    return _head(connection.execute(update(head).values(revision=head.c.revision + 1).returning(head)).first())


def take_lease(connection: Connection) -> int:
    """Become the one who decides: the new lease epoch."""
    return _head(
        connection.execute(update(head).values(lease_epoch=head.c.lease_epoch + 1).returning(head)).first()
    ).lease_epoch


def _head(row: Row[Any] | None) -> Head:
    if row is None:
        raise StoreMissing("the database is empty: the monitor sets it up when it first starts")
    return Head(row.generation, row.revision, row.lease_epoch)
