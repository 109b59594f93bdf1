"""Users and tokens on this machine: the database of the configuration file, while monitor and web go on beside it."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from statuspage.auth.keys import Keys
from statuspage.auth.people import Asker, People
from statuspage.cli._common import load_to_run_or_fail
from statuspage.cli._desk import Document, Unable
from statuspage.clock import SystemClock
from statuspage.core.people import COMMAND, Actor
from statuspage.core.role import Role
from statuspage.store import StoreError, open_store


@contextmanager
def local_office(path: Path) -> Iterator["LocalOffice"]:
    """The office of that configuration file. Raises Unable where the database fails; exits with 2 for a bad file."""
    config = load_to_run_or_fail(path)
    key = config.file.site.secret_key
    assert key is not None  # loaded to run
    site, store = config.site, open_store(config.store_url)
    try:
        store.require()
        people = People(store.accounts, Keys(key.reveal()), SystemClock(), site.name, lambda path: f"{site.url}{path}")
        yield LocalOffice(people)
    except StoreError as error:
        raise Unable(f"store: {error}") from None
    finally:
        store.close()


class LocalOffice:
    """Acts on the store as the command line. Whoever can write the database may do everything."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._asker = Asker(Actor(COMMAND, f"user {_caller()} of this machine"), Role.ADMIN, COMMAND)

    def users(self) -> Document:
        return self._people.users()

    def add_user(self, document: Document) -> Document:
        return self._people.add_user(document, self._asker)

    def on_user(self, name: str, act: str, document: Document) -> Document:
        people = self._people
        do = {"role": people.set_role, "disable": people.disable, "enable": people.enable, "reset": people.reset}[act]
        return do(name, document, self._asker)

    def tokens(self) -> Document:
        return self._people.tokens()

    def add_token(self, document: Document) -> Document:
        return self._people.add_token(document, self._asker)

    def revoke(self, id: str) -> Document:
        return self._people.revoke(id, {}, self._asker)


def _caller() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unknown"
