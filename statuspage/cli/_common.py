"""What several commands share: the `-c` option, exit codes, and errors as one clear text."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from statuspage import logs, parent
from statuspage.config import Config, ConfigError

OK, NOT_OK, CONFIG_ERROR = 0, 1, 2

F = TypeVar("F", bound=Callable[..., Any])

config_option: Callable[[F], F] = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("config.toml"),
    show_default=True,
    help="The configuration file.",
)

json_option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def fail(text: str, code: int = NOT_OK) -> NoReturn:
    """End with a text on standard error: a log line where a supervisor collects them."""
    if parent.is_supervised():
        logs.setup()
        logging.getLogger("statuspage").error("%s", text)
    else:
        click.echo(text, err=True)
    sys.exit(code)


def load_or_fail(path: Path) -> Config:
    """The configuration, or exit 2 with every problem as `path: problem`."""
    from statuspage.app import load_config

    try:
        return load_config(path)
    except ConfigError as error:
        fail(str(error), CONFIG_ERROR)


accepted_option: Callable[[F], F] = click.option(
    "--accepted", type=click.Path(path_type=Path, dir_okay=False), hidden=True, help="How `run` names what it accepted."
)


def load_to_run_or_fail(path: Path, accepted: Path | None = None) -> Config:
    """The same for a command that stores or serves something, which needs the site's secret key.

    A part of `run` that is started again while the file is bad takes what was accepted last, and says so: a slip in a
    file shall not take the page away.
    """
    from statuspage.app import load_for_running

    try:
        return load_for_running(path)
    except ConfigError as error:
        if accepted is None or not accepted.exists():
            fail(str(error), CONFIG_ERROR)
        problem = error
    try:
        config = load_for_running(path, accepted)
    except ConfigError as error:
        fail(f"{problem}\nand what was accepted last, {accepted}, cannot be used either:\n{error}", CONFIG_ERROR)
    logs.setup(config.secrets)
    logging.getLogger("statuspage").error(
        "%s cannot be used; what was accepted last is used instead, from %s:\n%s", path, accepted, problem
    )
    return config


@contextmanager
def working(text: str) -> Iterator[None]:
    """A line on the terminal that says what takes its time, and is gone afterwards. Nothing where nobody looks.

    Nothing may be printed meanwhile: it would go where the line is.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{text} …"):
        yield


def print_json(value: object) -> None:
    """One JSON document on standard output, of which a terminal obeys nothing."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    click.echo("".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text))
