"""`statuspage web`: the public site."""

from pathlib import Path

import click

from statuspage.cli._common import CONFIG_ERROR, accepted_option, config_option, fail, load_to_run_or_fail
from statuspage.config import ConfigError


@click.command("web")
@config_option
@accepted_option
@click.option("--bind", help="Address and port, instead of the one in the file.")
@click.pass_context
def command(ctx: click.Context, path: Path, accepted: Path | None, bind: str | None) -> None:
    """Serve the page under granian, until SIGTERM."""
    from statuspage import logs
    from statuspage.app import run_web
    from statuspage.parent import end_with_supervisor

    config = load_to_run_or_fail(path, accepted)
    if bind is not None:
        try:
            config = config.bound_to(bind)
        except ConfigError as error:
            fail(str(error).replace("web.bind", "--bind"), CONFIG_ERROR)
    logs.setup(config.secrets)
    end_with_supervisor()
    ctx.exit(run_web(config))
