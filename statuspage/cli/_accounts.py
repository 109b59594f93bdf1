"""What `user` and `token` share: one office, on this machine's database or over `--server`, with the same documents."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from statuspage.cli._common import config_option
from statuspage.cli._desk import Document, Where, refusals_told, server_options, token_of, understood

F = TypeVar("F", bound=Callable[..., Any])


class Office(Protocol):
    """Where a command gets its answers. Raises Refused, NotThere and Unable."""

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

            with understood(server):
                yield RemoteOffice(server, token_of(Where(path, server, token, token_file)))
        else:
            from statuspage.cli._local_office import local_office

            with local_office(path) as found:
                yield found


def minute(at: str | None) -> str:
    """A time of a document, for people."""
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC" if at is not None else "never"
