"""Bringing a database to the schema of this program, under a lock."""

from datetime import datetime
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, select, text

from statuspage.store import sqlite_file
from statuspage.store.database import Database
from statuspage.store.errors import StoreCorrupt, StoreOutdated
from statuspage.store.generation import new_generation
from statuspage.store.schema import head
from statuspage.store.version import present_revision

MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x5741_5455_5300
_MIGRATING = ("lock_timeout = '60s'", "statement_timeout = 0", "idle_in_transaction_session_timeout = 0")


def upgrade(database: Database, now: datetime, migrations: Path = MIGRATIONS) -> None:
    """Create or migrate the schema. Idempotent, and safe when several processes do it at once.

    Raises StoreMissing, StoreCorrupt or StoreOutdated for a database that must not be touched.
    """
    scripts = ScriptDirectory(str(migrations), version_locations=[str(migrations / "versions")])
    if database.file is None:
        database.write(lambda connection: _locked_migrate(connection, scripts, now))
        return
    with sqlite_file.locked(database.file):
        sqlite_file.prepare(database.file)
        present = database.read(present_revision)
        newest = scripts.get_current_head()
        if present is not None and present != newest:
            _pending(scripts, present)
            sqlite_file.keep_copy(database.file, str(newest))
        generation = database.write(lambda connection: _migrate(connection, scripts, now))
        sqlite_file.note_generation(database.file, generation)


def _pending(scripts: ScriptDirectory, present: str) -> None:
    """Raises StoreOutdated when the database's revision is none of ours."""
    if present not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreOutdated(
            f"the database has schema {present}, which this program does not know: a newer version wrote it. "
            "Install that version, or restore the copy from before it"
        )


def _locked_migrate(connection: Connection, scripts: ScriptDirectory, now: datetime) -> str:
    for setting in _MIGRATING:
        connection.execute(text(f"SET LOCAL {setting}"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    return _migrate(connection, scripts, now)


def _migrate(connection: Connection, scripts: ScriptDirectory, now: datetime) -> str:
    """Run what is pending inside the present transaction; the generation."""
    present = present_revision(connection)
    if present is not None:
        _pending(scripts, present)
    with EnvironmentContext(Config(), scripts, fn=lambda rev, _: scripts._upgrade_revs("heads", rev)) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        try:
            environment.run_migrations()
        except CommandError as error:
            raise StoreCorrupt(f"the database cannot be migrated: {error}") from error
    generation = connection.scalar(select(head.c.generation))
    if generation is None:
        generation = new_generation(now)
        connection.execute(head.insert().values(id=1, generation=generation, revision=0, lease_epoch=0, created_at=now))
    return str(generation)
