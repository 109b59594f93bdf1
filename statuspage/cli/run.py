"""`statuspage run`: monitor and web on one machine, each started again when it dies."""

import logging
from pathlib import Path

import click

from statuspage.cli._common import config_option, load_to_run_or_fail


@click.command("run")
@config_option
@click.pass_context
def command(ctx: click.Context, path: Path) -> None:
    """Run monitor and web, restart either if it dies, until SIGTERM or Ctrl-C. SIGHUP reloads the configuration."""
    from statuspage import logs
    from statuspage.supervisor import supervise

    config = load_to_run_or_fail(path)
    logs.setup(config.secrets)
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    logging.getLogger("statuspage").info("the page is at http://%s/", config.file.web.bind)
    options = ["-c", str(path), "--accepted", str(config.accepted)]
    ctx.exit(supervise({"monitor": ["monitor", *options], "web": ["web", *options]}))
