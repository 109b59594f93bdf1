"""`statuspage user`: people who may sign in to the staff area, by hand, here or over `--server`."""

import sys
from typing import Any

import click

from statuspage.cli._accounts import minute, office, office_options
from statuspage.cli._common import fail, json_option, print_json
from statuspage.cli._desk import Document, plain
from statuspage.core.refusals import Refused
from statuspage.core.role import PEOPLE

_STATES = {"waiting": "waits for their link"}
role_option = click.option("--role", type=click.Choice(list(map(str, PEOPLE))), required=True, help="What they may do.")


@click.group("user")
def command() -> None:
    """Add, list, change and disable users of the staff area."""


@command.command("add")
@office_options
@click.argument("name")
@role_option
@click.option("--link", is_flag=True, help="Ask for no password: print a link at which they choose their own.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--no-codes", is_flag=True, help="They set up their codes when they first sign in.")
@json_option
def add(name: str, role: str, link: bool, password_stdin: bool, no_codes: bool, as_json: bool, **where: Any) -> None:
    """Add a user: asks for a password and prints the seed of their codes, as text and as a picture for a phone."""
    from statuspage.core.people import user_name

    if link and (password_stdin or no_codes):
        fail("--link: they choose password and codes themselves; leave out --password-stdin and --no-codes", 2)
    with office(**where) as at:
        known = user_name(name)
        if any(each["name"] == known for each in at.users()["users"]):
            raise Refused("name", f"{known} is taken already")  # before anybody types a password
        document: Document = {"name": known, "role": role}
        document |= {"link": True} if link else {"password": _password(password_stdin), "codes": not no_codes}
        said = at.add_user(document)
        if as_json:
            print_json(said)
            return
        click.echo(f"{known} was added as {role}.")
        _show(said)


@command.command("list")
@office_options
@json_option
def list_(as_json: bool, **where: Any) -> None:
    """Print all users."""
    with office(**where) as at:
        found = at.users()["users"]
        if as_json:
            print_json(found)
            return
        for user in found:
            state, seen = _STATES.get(user["state"], user["state"]), minute(user["last_login_at"])
            click.echo(plain(f"{user['name']:<24} {user['role']:<10} {state:<20} last signed in: {seen}"))
        if not found:
            click.echo("There is no user yet: statuspage user add NAME --role admin")


@command.command("role")
@office_options
@click.argument("name")
@click.argument("role", type=click.Choice(list(map(str, PEOPLE))))
def role_(name: str, role: str, **where: Any) -> None:
    """Give a user another role. They have to sign in again."""
    with office(**where) as at:
        at.on_user(name, "role", {"role": role})
    click.echo(f"{name} is {role} now.")


@command.command("disable")
@office_options
@click.argument("name")
def disable(name: str, **where: Any) -> None:
    """Let a user in no more, at once: sessions, tokens and links of theirs end."""
    with office(**where) as at:
        at.on_user(name, "disable", {})
    click.echo(f"{name} is disabled.")


@command.command("enable")
@office_options
@click.argument("name")
def enable(name: str, **where: Any) -> None:
    """Let a disabled user in again."""
    with office(**where) as at:
        at.on_user(name, "enable", {})
    click.echo(f"{name} may sign in again.")


@command.command("reset")
@office_options
@click.argument("name")
@json_option
def reset(name: str, as_json: bool, **where: Any) -> None:
    """Take back a user's password and codes, end their sessions, and print a link to set new ones."""
    with office(**where) as at:
        said = at.on_user(name, "reset", {})
        if as_json:
            print_json(said)
        else:
            _show(said)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _show(said: Document) -> None:
    if "uri" in said:
        from statuspage.auth.codes import for_terminal, grouped

        seed, uri = grouped(plain(str(said["seed"]))), plain(str(said["uri"]))
        click.echo(f"\nSeed of the codes: {seed}\nFor code generators: {uri}\n")
        click.echo(for_terminal(uri))
    if "link" in said:
        click.echo(plain(f"The link works once, until {minute(said['until'])}:\n{said['link']}"))
