"""Which schema a database has, asked without changing it."""

from sqlalchemy import Connection, inspect, text

from statuspage.store import sqlite_file
from statuspage.store.database import Database
from statuspage.store.errors import StoreMissing, StoreOutdated
from statuspage.store.schema import REVISION


def require(database: Database) -> None:
    """Raises StoreMissing where `upgrade` never ran, StoreOutdated where another version of this program did."""
    if database.file is not None:
        sqlite_file.require_header(database.file)
    present = database.read(present_revision)
    if present is None:
        raise StoreMissing("the database is empty: the monitor sets it up when it first starts")
    if present != REVISION:
        raise StoreOutdated(
            f"the database has schema {present} and this program needs {REVISION}: "
            "restart the monitor of this version, or run `statuspage db upgrade`"
        )


def present_revision(connection: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return str(found) if found is not None else None
