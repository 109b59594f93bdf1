"""`statuspage maintenance`: planned work, from a terminal or a script, here or over `--server`."""

from typing import Any

import click

from statuspage.cli import _shown
from statuspage.cli._common import json_option, print_json
from statuspage.cli._desk import Desk, Document, a_key, desk, where_options, words
from statuspage.cli._times import coming_time, for_document, length
from statuspage.core.reading_plans import STATES
from statuspage.core.refusals import Refused


@click.group("maintenance")
def command() -> None:
    """Plan maintenance, tell how it goes, call it off.

    Times without an offset are in the site's zone.
    """


@command.command("add")
@click.argument("title")
@click.option("--from", "starts", required=True, metavar="TIME", help="When it begins.")
@click.option("--for", "lasts", metavar="2h", help="How long it takes.")
@click.option("--to", "ends", metavar="TIME", help="When it ends, instead of --for.")
@click.option("-c", "--component", "components", multiple=True, required=True, metavar="ID", help="What it concerns.")
@click.option("-m", "--message", default="", help="What people should know; - reads it from standard input.")
@click.option("--manual", is_flag=True, help="Do not begin and complete it by itself at its times.")
@click.option("--no-notify", is_flag=True, help="Show it on the page, and tell nobody by message.")
@json_option
@where_options
def add(title: str, starts: str, lasts: str | None, ends: str | None, as_json: bool, **more: Any) -> None:
    """Announce planned work called TITLE.

    statuspage maintenance add "New Redis" --from "2026-12-01 22:00" --for 2h -c redis -m "Writes pause for a minute."
    """
    with _desk(more) as at:
        if (lasts is None) == (ends is None):
            raise Refused("--for", "give either --for or --to")
        place = at.place()
        begins = coming_time("--from", starts, place.zone, place.now)
        over = begins + length("--for", lasts) if lasts else coming_time("--to", ends or "", place.zone, begins)
        document: Document = {
            "title": title,
            "starts": for_document(begins),
            "ends": for_document(over),
            "components": list(more["components"]),
            "body": words(more["message"]),
            "automatic": not more["manual"],
            "tell": not more["no_notify"],
        }
        _show(at, at.plan(document, a_key()), as_json)


@command.command("update")
@click.argument("id")
@click.option("-m", "--message", required=True, help="The text, Markdown; - reads it from standard input.")
@click.option("-s", "--state", type=click.Choice(STATES), help="[default: as it is]")
@click.option("--no-notify", is_flag=True, help="Show it on the page, and tell nobody by message.")
@json_option
@where_options
def update(id: str, message: str, state: str | None, no_notify: bool, as_json: bool, **more: Any) -> None:
    """Say how the work ID goes, or move it on."""
    with _desk(more) as at:
        document: Document = {"body": words(message), "tell": not no_notify} | ({"state": state} if state else {})
        _show(at, at.update_maintenance(id, document, a_key()), as_json)


@command.command("cancel")
@click.argument("id")
@click.option("-m", "--message", help="Why; - reads it from standard input.")
@json_option
@where_options
def cancel(id: str, message: str | None, as_json: bool, **more: Any) -> None:
    """Call the work ID off. It stays in the history and in calendars, as cancelled."""
    with _desk(more) as at:
        _show(at, at.cancel(id, {"body": words(message)} if message else {}), as_json)


@command.command("undo")
@click.argument("id")
@json_option
@where_options
def undo(id: str, as_json: bool, **more: Any) -> None:
    """Take the newest update of the work ID back, while nobody was notified yet.

    With its announcement the work leaves the page.
    """
    with _desk(more) as at:
        found = at.maintenance(id)
        said = [each["id"] for each in found["updates"] if each["status"] == "published"]
        if not said:
            raise Refused("ID", f"nothing is left to take back of the maintenance {id}")
        _show(at, at.withdraw_maintenance(id, said[-1]), as_json)


@command.command("list")
@json_option
@where_options
def list_(as_json: bool, **more: Any) -> None:
    """Print the planned work that is not over."""
    with _desk(more) as at:
        found = at.maintenances()
        if as_json:
            print_json(found)
            return
        _shown.maintenance_lines(found["maintenances"], at.place())
        if not found["maintenances"]:
            click.echo("Nothing is planned.")


@command.command("show")
@click.argument("id")
@json_option
@where_options
def show(id: str, as_json: bool, **more: Any) -> None:
    """Print one planned work with all its updates."""
    with _desk(more) as at:
        found = at.maintenance(id)
        if as_json:
            print_json(found)
            return
        place = at.place()
        _shown.maintenance_lines([found], place)
        _shown.updates(found, place)


def _desk(more: dict[str, Any]) -> Any:
    return desk(more["config"], more["server"], more["token"], more["token_file"])


def _show(at: Desk, document: Document, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        _shown.planned(document, at.place())
