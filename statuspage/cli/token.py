"""`statuspage token`: what programs sign in with, by hand, here or over `--server`."""

from typing import Any

import click

from statuspage.cli._accounts import minute, office, office_options
from statuspage.cli._common import json_option, print_json
from statuspage.cli._desk import Document, plain
from statuspage.core.role import Role

ROLES = "What the program may do; signals: nothing but say what load there is."
_STATES = {"expired": "run out"}


@click.group("token")
def command() -> None:
    """Add, list and revoke the tokens of programs."""


@command.command("add")
@office_options
@click.argument("name")
@click.option("--role", type=click.Choice(list(map(str, Role))), required=True, help=ROLES)
@click.option("--days", type=click.IntRange(1, 3660), help="Ends after so many days. [default: never]")
@json_option
def add(name: str, role: str, days: int | None, as_json: bool, **where: Any) -> None:
    """Make a token; NAME says what for. It is shown this once: only its hash is kept."""
    with office(**where) as at:
        document: Document = {"name": name, "role": role}
        made = at.add_token(document | ({"days": days} if days is not None else {}))
        if as_json:
            print_json(made)
        else:
            click.echo(plain(made["token"]))
            text = f"The token {made['id']} ({made['role']}) is shown this once. Header: Authorization: Bearer …"
            click.echo(plain(text), err=True)


@command.command("list")
@office_options
@json_option
def list_(as_json: bool, **where: Any) -> None:
    """Print all tokens, without what they are."""
    with office(**where) as at:
        found = at.tokens()["tokens"]
        if as_json:
            print_json(found)
            return
        for token in found:
            state, used = _STATES.get(token["state"], token["state"]), minute(token["used_at"])
            name = f"{token['name']} (by {token['by']})"
            click.echo(plain(f"{token['id']}  {token['role']:<10} {state:<8} last used: {used:<21} {name}"))
        if not found:
            click.echo("There is no token yet.")


@command.command("revoke")
@office_options
@click.argument("id")
def revoke(id: str, **where: Any) -> None:
    """End a token, at once."""
    with office(**where) as at:
        at.revoke(id)
    click.echo(f"The token {id} is revoked.")
