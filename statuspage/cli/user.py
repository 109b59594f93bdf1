"""`statuspage user`: people who may sign in to the staff area, by hand on the machine of the database."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from statuspage.cli._common import CONFIG_ERROR, config_option, fail, json_option, print_json
from statuspage.core.role import Role

role_option = click.option("--role", type=click.Choice(list(map(str, Role))), required=True, help="What they may do.")


@click.group("user")
def command() -> None:
    """Add, list, change and disable users of the staff area."""


@command.command("add")
@config_option
@click.argument("name")
@role_option
@click.option("--link", is_flag=True, help="Ask for no password: print a link at which they choose their own.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--no-codes", is_flag=True, help="They set up their codes when they first sign in.")
@json_option
def add(path: Path, name: str, role: str, link: bool, password_stdin: bool, no_codes: bool, as_json: bool) -> None:
    """Add a user: asks for a password and prints the seed of their codes, as text and as a picture for a phone."""
    from statuspage.auth import codes, links, passwords
    from statuspage.cli._accounts import office
    from statuspage.core.people import User, user_name

    if link and (password_stdin or no_codes):
        fail("--link: they choose password and codes themselves; leave out --password-stdin and --no-codes", 2)
    with office(path) as desk:
        known = user_name(name)
        if desk.accounts.user(known) is not None:
            fail(f"name: {known} is taken already", CONFIG_ERROR)
        said: dict[str, object] = {"name": known, "role": role}
        if link:
            desk.accounts.add_user(User(known, Role(role), desk.now), desk.by)
            secret, invitation = links.reset(User(known, Role(role), desk.now), desk.by.name, desk.now, invited=True)
            desk.accounts.invite(invitation, desk.by)
            said |= _said_of_link(desk.link(links.invitation_path(invitation, secret)), invitation.expires_at)
        else:
            kept = passwords.keep(_password(password_stdin, known, desk.config.site.name))
            seed = None if no_codes else codes.new_seed()
            totp = desk.keys.close_seed(seed) if seed is not None else None
            desk.accounts.add_user(User(known, Role(role), desk.now, kept, totp), desk.by)
            if seed is not None:
                said |= {"seed": seed, "uri": codes.uri(seed, known, desk.config.site.name)}
    if as_json:
        print_json(said)
        return
    click.echo(f"{known} was added as {role}.")
    _show(said)


@command.command("list")
@config_option
@json_option
def list_(path: Path, as_json: bool) -> None:
    """Print all users."""
    from statuspage.cli._accounts import office

    with office(path) as desk:
        found = desk.accounts.users()
    if as_json:
        hidden = ("password", "totp", "totp_step")
        print_json([{key: value for key, value in asdict(user).items() if key not in hidden} for user in found])
        return
    for user in found:
        state = "disabled" if not user.is_active else "waits for their link" if user.password is None else "active"
        seen = f"{user.last_login_at:%Y-%m-%d %H:%M} UTC" if user.last_login_at else "never"
        click.echo(f"{user.name:<24} {user.role:<10} {state:<20} last signed in: {seen}")
    if not found:
        click.echo("There is no user yet: statuspage user add NAME --role admin")


@command.command("role")
@config_option
@click.argument("name")
@click.argument("role", type=click.Choice(list(map(str, Role))))
def role_(path: Path, name: str, role: str) -> None:
    """Give a user another role. They have to sign in again."""
    from statuspage.cli._accounts import office

    with office(path) as desk:
        desk.accounts.set_role(name, Role(role), desk.by, desk.now)
    click.echo(f"{name} is {role} now.")


@command.command("disable")
@config_option
@click.argument("name")
def disable(path: Path, name: str) -> None:
    """Let a user in no more, at once: sessions, tokens and links of theirs end."""
    from statuspage.cli._accounts import office

    with office(path) as desk:
        desk.accounts.disable(name, desk.by, desk.now)
    click.echo(f"{name} is disabled.")


@command.command("enable")
@config_option
@click.argument("name")
def enable(path: Path, name: str) -> None:
    """Let a disabled user in again."""
    from statuspage.cli._accounts import office

    with office(path) as desk:
        desk.accounts.enable(name, desk.by, desk.now)
    click.echo(f"{name} may sign in again.")


@command.command("reset")
@config_option
@click.argument("name")
@json_option
def reset(path: Path, name: str, as_json: bool) -> None:
    """Take back a user's password and codes, end their sessions, and print a link to set new ones."""
    from statuspage.auth import links
    from statuspage.cli._accounts import office
    from statuspage.core.refusals import NotThere

    with office(path) as desk:
        user = desk.accounts.user(name)
        if user is None:
            raise NotThere("user", name)
        secret, invitation = links.reset(user, desk.by.name, desk.now)
        desk.accounts.reset(invitation, desk.by)
        said = _said_of_link(desk.link(links.invitation_path(invitation, secret)), invitation.expires_at)
    if as_json:
        print_json({"name": name, **said})
    else:
        _show(said)


def _password(from_stdin: bool, name: str, site: str) -> str:
    from statuspage.auth.passwords import weakness

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    trouble = weakness(password, name, site)
    if trouble is not None:
        fail(f"password: {trouble}", CONFIG_ERROR)
    return password


def _said_of_link(address: str, until: object) -> dict[str, object]:
    return {"link": address, "until": until}


def _show(said: dict[str, object]) -> None:
    if "uri" in said:
        from statuspage.auth.codes import for_terminal, grouped

        click.echo(f"\nSeed of the codes: {grouped(str(said['seed']))}\nFor code generators: {said['uri']}\n")
        click.echo(for_terminal(str(said["uri"])))
    if "link" in said:
        click.echo(f"The link works once, until {said['until']:%Y-%m-%d %H:%M} UTC:\n{said['link']}")
