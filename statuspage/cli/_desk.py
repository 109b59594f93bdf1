"""What `incident`, `maintenance`, `route` and `ready` share: one desk, on this machine's database or over `--server`.

Both kinds take and give the same documents, so that a script does not see where it runs.
"""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import click

from statuspage.cli._common import CONFIG_ERROR, NOT_OK, fail
from statuspage.core.refusals import Conflict, NotThere, Refused

F = TypeVar("F", bound=Callable[..., Any])
Document = dict[str, Any]


class Unable(Exception):
    """The desk cannot be reached, or does not let us do this. Its text is all there is to say."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which site this is: its zone, in which times are read and shown, and the time there (UTC)."""

    name: str
    zone: ZoneInfo
    now: datetime


class Desk(Protocol):
    """Where a command gets its answers. Raises Refused, NotThere, Conflict and Unable."""

    def place(self) -> Place: ...

    def incidents(self, state: str, limit: int) -> Document: ...

    def incident(self, id: str) -> Document: ...

    def open_incident(self, document: Document, key: str) -> Document: ...

    def update_incident(self, id: str, document: Document, key: str) -> Document: ...

    def on_update(self, id: str, update: str, act: str, document: Document) -> Document:
        """`act` is publish or withdraw."""

    def acknowledge(self, id: str) -> Document: ...

    def maintenances(self) -> Document: ...

    def maintenance(self, id: str) -> Document: ...

    def plan(self, document: Document, key: str) -> Document: ...

    def update_maintenance(self, id: str, document: Document, key: str) -> Document: ...

    def cancel(self, id: str, document: Document) -> Document: ...

    def withdraw_maintenance(self, id: str, update: str) -> Document: ...

    def routes(self) -> Document: ...

    def route(self, id: str) -> Document: ...

    def why(self, id: str) -> Document: ...

    def on_route(self, id: str, act: str, document: Document) -> Document:
        """`act` is approve, move, pin, pause, resume or ack. Raises Guarded too."""

    def ready(self, event: str | None) -> Document: ...


@dataclass(frozen=True, slots=True)
class Where:
    """Where to act, as the options say it."""

    config: Path
    server: str | None
    token: str | None
    token_file: Path | None


_PATH = click.Path(path_type=Path, dir_okay=False)


def server_options(command: F) -> F:
    """`--server` with a token."""
    for option in (
        click.option("--token-file", type=_PATH, help="A file that holds the token."),
        click.option("--token", envvar="STATUSPAGE_TOKEN", help="The token for --server. [env: STATUSPAGE_TOKEN]"),
        click.option("--server", envvar="STATUSPAGE_SERVER", help="Act there, over HTTP. [env: STATUSPAGE_SERVER]"),
    ):
        command = option(command)
    return command


def where_options(command: F) -> F:
    """`--config`, or `--server` with a token. (`-c` names components here.)"""
    help = "The configuration file: act on this machine's database."
    config = click.option("--config", type=_PATH, default=Path("config.toml"), show_default=True, help=help)
    return config(server_options(command))


@contextmanager
def desk(config: Path, server: str | None, token: str | None, token_file: Path | None) -> Iterator[Desk]:
    """The desk that the options mean. What goes wrong ends the command, as `refusals_told` says."""
    with refusals_told(), _opened(Where(config, server, token, token_file)) as found:
        yield found


@contextmanager
def refusals_told() -> Iterator[None]:
    """What goes wrong inside ends the command with its text: 2 for what was asked, 1 for what failed."""
    try:
        yield
    except (Refused, NotThere) as error:
        fail(plain(str(error)), CONFIG_ERROR)
    except (Conflict, Unable) as error:
        fail(plain(str(error)), NOT_OK)


@contextmanager
def understood(server: str) -> Iterator[None]:
    """What a server's documents lack, or have otherwise than we know it, ends the command: it is of another version."""
    try:
        yield
    except (Refused, NotThere, Conflict):
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise Unable(f"{server} answered something that this version does not understand ({what})") from None


@contextmanager
def _opened(where: Where) -> Iterator[Desk]:
    if where.server is not None:
        from statuspage.cli._remote import RemoteDesk

        with understood(where.server):
            yield RemoteDesk(where.server, token_of(where))
    else:
        from statuspage.cli._local import local_desk

        with local_desk(where.config) as found:
            yield found


def token_of(where: Where) -> str:
    """The token that the options mean. Raises Refused."""
    text = where.token
    if where.token_file is not None:
        try:
            text = where.token_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise Refused("--token-file", f"cannot read {where.token_file}: {why}") from None
    text = (text or "").strip()
    if not text:
        raise Refused("--token", "is needed with --server: make one with `statuspage token add` on the server")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Refused("--token", "is no token: it holds something else than letters, digits, - and _")
    return text


def plain(text: str) -> str:
    """A terminal shall not obey what a server, or a document, says."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def a_key() -> str:
    """What makes a repeat of this command's request harmless."""
    return secrets.token_hex(12)


def words(text: str) -> str:
    """The text of `-m`; `-` reads it from standard input."""
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("-m", "standard input is not UTF-8 text") from None
