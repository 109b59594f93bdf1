"""`statuspage check-config`: every error of a file, as `path: problem`."""

from pathlib import Path

import click

from statuspage.cli._common import CONFIG_ERROR, config_option, json_option, print_json
from statuspage.config import ConfigError, Problem


@click.command("check-config")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Print every error of a configuration file as `path: problem`.

    Exits with 0 when it can be used, with 2 when not. Warnings do not change that.
    """
    from statuspage.app import load_for_running

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    checks = 0
    try:
        config = load_for_running(path)
        warnings, checks = config.warnings, len(config.checks)
    except ConfigError as error:
        errors = error.problems
    if as_json:
        print_json(
            {
                "ok": not errors,
                "errors": [{"path": each.path, "problem": each.text} for each in errors],
                "warnings": [{"path": each.path, "problem": each.text} for each in warnings],
            }
        )
    else:
        for each in errors:
            click.echo(str(each), err=True)
        for each in warnings:
            click.echo(f"warning: {each}", err=True)
        if not errors:
            click.echo(f"{path} is good: {checks} check{'' if checks == 1 else 's'}.")
    if errors:
        ctx.exit(CONFIG_ERROR)
