"""`statuspage token`: what programs sign in with, by hand on the machine of the database."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from statuspage.cli._common import CONFIG_ERROR, config_option, fail, json_option, print_json
from statuspage.core.role import Role


@click.group("token")
def command() -> None:
    """Add, list and revoke the tokens of programs."""


@command.command("add")
@config_option
@click.argument("name")
@click.option("--role", type=click.Choice(list(map(str, Role))), required=True, help="What the program may do.")
@click.option("--days", type=click.IntRange(1, 3660), help="Ends after so many days. [default: never]")
@json_option
def add(path: Path, name: str, role: str, days: int | None, as_json: bool) -> None:
    """Make a token; NAME says what for. It is shown this once: only its hash is kept."""
    from statuspage.auth.links import new_token
    from statuspage.cli._accounts import office

    if not name.strip() or not name.isprintable() or len(name) > 80:
        fail("name: must say what the token is for, in 1 to 80 characters", CONFIG_ERROR)
    with office(path) as desk:
        until = desk.now + timedelta(days=days) if days is not None else None
        secret, hash, token = new_token(name.strip(), Role(role), desk.by.name, desk.now, until)
        desk.accounts.add_token(token, hash, desk.by)
    if as_json:
        print_json({"id": token.id, "name": token.name, "role": token.role, "token": secret, "expires_at": until})
    else:
        click.echo(secret)
        click.echo(f"The token {token.id} ({token.role}) is shown this once. Header: Authorization: Bearer …", err=True)


@command.command("list")
@config_option
@json_option
def list_(path: Path, as_json: bool) -> None:
    """Print all tokens, without what they are."""
    from statuspage.cli._accounts import office

    with office(path) as desk:
        found = desk.accounts.tokens()
    if as_json:
        print_json([asdict(token) for token in found])
        return
    for token in found:
        state = "active" if token.holds(desk.now) else "revoked" if token.revoked_at else "run out"
        used = f"{token.used_at:%Y-%m-%d %H:%M} UTC" if token.used_at else "never"
        click.echo(f"{token.id}  {token.role:<10} {state:<8} last used: {used:<21} {token.name} (by {token.by})")
    if not found:
        click.echo("There is no token yet.")


@command.command("revoke")
@config_option
@click.argument("id")
def revoke(path: Path, id: str) -> None:
    """End a token, at once."""
    from statuspage.cli._accounts import office

    with office(path) as desk:
        desk.accounts.revoke_token(id, desk.by, desk.now)
    click.echo(f"The token {id} is revoked.")
