"""The command line: one file a command, imported only when it is called, so that `--help` is quick."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from statuspage import __version__


def _demo() -> click.Command:
    from statuspage.cli.demo import command

    return command


def _run() -> click.Command:
    from statuspage.cli.run import command

    return command


def _monitor() -> click.Command:
    from statuspage.cli.monitor import command

    return command


def _web() -> click.Command:
    from statuspage.cli.web import command

    return command


def _check_config() -> click.Command:
    from statuspage.cli.check_config import command

    return command


def _probe() -> click.Command:
    from statuspage.cli.probe import command

    return command


def _kinds() -> click.Command:
    from statuspage.cli.kinds import command

    return command


def _notify() -> click.Command:
    from statuspage.cli.notify import command

    return command


def _db() -> click.Command:
    from statuspage.cli.db import command

    return command


def _incident() -> click.Command:
    from statuspage.cli.incident import command

    return command


def _maintenance() -> click.Command:
    from statuspage.cli.maintenance import command

    return command


def _route() -> click.Command:
    from statuspage.cli.route import command

    return command


def _ready() -> click.Command:
    from statuspage.cli.ready import command

    return command


def _user() -> click.Command:
    from statuspage.cli.user import command

    return command


def _token() -> click.Command:
    from statuspage.cli.token import command

    return command


COMMANDS: Mapping[str, tuple[str, Callable[[], click.Command]]] = {
    "demo": ("Try everything on this machine: stand-in providers, real probes, a page.", _demo),
    "run": ("Run monitor and web together, and restart what dies.", _run),
    "monitor": ("Look, decide and store.", _monitor),
    "web": ("Serve the page.", _web),
    "check-config": ("Print every error of a configuration file.", _check_config),
    "probe": ("Run checks once, now, and show their stages.", _probe),
    "kinds": ("Print every kind with its options and an example.", _kinds),
    "incident": ("Open, update and resolve incidents.", _incident),
    "maintenance": ("Plan maintenance, tell how it goes, call it off.", _maintenance),
    "route": ("See why routes are where they are; move, approve, pin, pause them.", _route),
    "ready": ("Go or no-go before the doors open.", _ready),
    "notify": ("Test a destination; look after what could not be delivered.", _notify),
    "user": ("Add, list, change and disable users.", _user),
    "token": ("Add, list and revoke the tokens of programs.", _token),
    "db": ("Upgrade or check the database.", _db),
}


class Commands(click.Group):
    """Knows the commands by name and loads one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = COMMANDS.get(cmd_name)
        return known[1]() if known else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (text, _) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="statuspage")
def main() -> Any:
    """A status page and health monitor for products that live on realtime providers.

    Try it: statuspage demo
    """
