"""`statuspage demo`: everything on one machine, with providers that can be broken."""

import asyncio
import sys
from collections.abc import Mapping
from os import environ
from pathlib import Path

import click

from statuspage.cli._common import working


@click.command("demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65534), help="Port of the page.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep everything in this folder.")
@click.option(
    "--open/--no-open", "open_browser", default=None, help="Open the page in a browser.  [default: on a desktop]"
)
@click.option("--sample", type=click.Choice(["sep13"]), help="Put a day of the past into the history.")
@click.pass_context
def command(ctx: click.Context, port: int, data: Path | None, open_browser: bool | None, sample: str | None) -> None:
    """Start stand-in providers, watch them for real, and serve the page.

    The fault console on the next port breaks and mends each provider. Ctrl-C ends everything.
    """
    from statuspage.drill.demo import run_demo

    if open_browser is None:
        open_browser = is_desktop(environ, sys.platform, sys.stdout.isatty())
    ctx.exit(asyncio.run(run_demo(port, data, open_browser, click.echo, sample, working)))


def is_desktop(env: Mapping[str, str], platform: str, terminal: bool) -> bool:
    """Whether somebody sits before a screen of this machine: not over SSH, in a container or for a program."""
    if not terminal or env.get("SSH_CONNECTION"):
        return False
    return platform in ("darwin", "win32") or bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))
