"""What `user` and `token` share: one office, on this machine's database or over `--server`, with the same documents."""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from statuspage.cli._common import config_option, load_to_run_or_fail
from statuspage.cli._desk import Document, Unable, Where, refusals_told, server_options, token_of

F = TypeVar("F", bound=Callable[..., Any])


class Office(Protocol):
    """Where a command gets its answers. `act` names what is done to a user. Raises Refused, NotThere and Unable."""

    def users(self) -> Document: ...

    def add_user(self, document: Document) -> Document: ...

    def on_user(self, name: str, act: str, document: Document) -> Document:
        """`act` is role, disable, enable or reset."""

    def tokens(self) -> Document: ...

    def add_token(self, document: Document) -> Document: ...

    def revoke(self, id: str) -> Document: ...


def office_options(command: F) -> F:
    """`-c`, or `--server` with a token."""
    return config_option(server_options(command))


@contextmanager
def office(path: Path, server: str | None, token: str | None, token_file: Path | None) -> Iterator[Office]:
    """The office that the options mean. What goes wrong ends the command: 2 for what was asked, 1 for what failed."""
    with refusals_told():
        if server is not None:
            from statuspage.cli._remote_office import RemoteOffice

            yield RemoteOffice(server, token_of(Where(path, server, token, token_file)))
        else:
            with _local(path) as found:
                yield found


@contextmanager
def _local(path: Path) -> Iterator[Office]:
    from statuspage.auth.keys import Keys
    from statuspage.auth.people import People
    from statuspage.clock import SystemClock
    from statuspage.store import StoreError, open_store

    config = load_to_run_or_fail(path)
    key = config.file.site.secret_key
    assert key is not None  # loaded to run
    store = open_store(config.store_url)
    try:
        store.require()
        people = People(
            store.accounts, Keys(key.reveal()), SystemClock(), config.site.name, partial(_address, config.site.url)
        )
        yield LocalOffice(people)
    except StoreError as error:
        raise Unable(f"store: {error}") from None
    finally:
        store.close()


class LocalOffice:
    """Acts on the store as the command line. Whoever can write the database may do everything."""

    def __init__(self, people: Any) -> None:
        from statuspage.auth.people import Asker, People
        from statuspage.core.people import COMMAND, Actor
        from statuspage.core.role import Role

        self._people: People = people
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


def minute(at: str | None) -> str:
    """A time of a document, for people."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC" if at is not None else "never"


def _address(site: str, path: str) -> str:
    return f"{site}{path}"


def _caller() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        return "unknown"
