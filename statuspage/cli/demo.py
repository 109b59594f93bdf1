"""`statuspage demo`: everything on one machine, with providers that can be broken."""

import asyncio
from pathlib import Path

import click

from statuspage.cli._common import working


@click.command("demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65534), help="Port of the page.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep everything in this folder.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open the page in a browser.")
@click.option("--sample", type=click.Choice(["sep13"]), help="Put a day of the past into the history.")
@click.pass_context
def command(ctx: click.Context, port: int, data: Path | None, open_browser: bool, sample: str | None) -> None:
    """Start stand-in providers, watch them for real, and serve the page.

    The fault console on the next port breaks and mends each provider. Ctrl-C ends everything.
    """
    from statuspage.drill.demo import run_demo

    ctx.exit(asyncio.run(run_demo(port, data, open_browser, click.echo, sample, working)))
