"""`statuspage ready`: go or no-go before the doors open, here or over `--server`. Exit 0 go, 1 no-go."""

import sys
from typing import Any

import click

from statuspage.cli import _shown_routes
from statuspage.cli._common import NOT_OK, OK, json_option, print_json
from statuspage.cli._desk import desk, where_options


@click.command("ready")
@click.argument("event", required=False)
@json_option
@where_options
def command(event: str | None, as_json: bool, **more: Any) -> None:
    """Look whether every route could be saved: at the planned EVENT, or now.

    Exit 0 for go, 1 for no-go, 2 for an event that the configuration does not have.
    """
    with desk(more["config"], more["server"], more["token"], more["token_file"]) as at:
        found = at.ready(event)
        if as_json:
            print_json(found)
        else:
            _shown_routes.ready(found, at.place())
    sys.exit(OK if found.get("go") is True else NOT_OK)
