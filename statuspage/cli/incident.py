"""`statuspage incident`: say what is wrong, from a terminal or a script, here or over `--server`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from statuspage.cli import _shown
from statuspage.cli._common import json_option, print_json
from statuspage.cli._desk import Desk, Document, a_key, desk, where_options, words
from statuspage.cli._times import for_document, past_time, time_or_length
from statuspage.core.incident import ROBOT
from statuspage.core.reading import INCIDENT_STATES
from statuspage.core.refusals import Refused

F = TypeVar("F", bound=Callable[..., Any])
RESOLVED = "This incident has been resolved."


@click.group("incident")
def command() -> None:
    """Open, update and resolve incidents.

    Times without an offset are in the site's zone. Without --server it acts on the database of --config, while the
    monitor and the web run.
    """


def _post_options(function: F) -> F:
    for option in (
        click.option("-c", "--component", "components", multiple=True, metavar="ID=STATUS",
                     help="A component's status from now on: major, partial, degraded or operational."),
        click.option("--at", metavar="TIME", help="When it was so, for what is told late."),
        click.option("--next", "next_by", metavar="30m|TIME", help="When the next update will come."),
        click.option("--draft", is_flag=True, help="Keep it as a draft."),
        click.option("--no-notify", is_flag=True, help="Show it on the page, and tell nobody by message."),
    ):  # fmt: skip
        function = option(function)
    return where_options(json_option(function))


_message = click.option("-m", "--message", required=True, help="The text, Markdown; - reads it from standard input.")


@command.command("open")
@click.argument("title")
@_message
@click.option("-s", "--state", type=click.Choice(INCIDENT_STATES), help="[default: investigating]")
@_post_options
def open_(title: str, message: str, state: str | None, as_json: bool, **more: Any) -> None:
    """Open an incident called TITLE.

    statuspage incident open "Slow chat" -c firebase=partial -m "Messages arrive late."
    """
    with _desk(more) as at:
        document = _post(at, message, state, more) | {"title": title}
        _show(at, at.open_incident(document, a_key()), as_json)


@command.command("update")
@click.argument("id", required=False)
@_message
@click.option("-s", "--state", type=click.Choice(INCIDENT_STATES), help="[default: as it is]")
@_post_options
def update(id: str | None, message: str, state: str | None, as_json: bool, **more: Any) -> None:
    """Say more about the incident ID, or about the latest open one."""
    with _desk(more) as at:
        document = _post(at, message, state, more)
        _show(at, at.update_incident(id or _latest_open(at), document, a_key()), as_json)


@command.command("resolve")
@click.argument("id", required=False)
@click.option("-m", "--message", default=RESOLVED, show_default=True, help="The text; - reads it from standard input.")
@_post_options
def resolve(id: str | None, message: str, as_json: bool, **more: Any) -> None:
    """End the incident ID, or the latest open one. Its components are operational again unless -c says otherwise."""
    with _desk(more) as at:
        document = _post(at, message, "resolved", more)
        _show(at, at.update_incident(id or _latest_open(at), document, a_key()), as_json)


@command.command("publish")
@click.argument("id", required=False)
@click.option("--update", "wanted", help="Which draft, where several wait.")
@json_option
@where_options
def publish(id: str | None, wanted: str | None, as_json: bool, **more: Any) -> None:
    """Publish the draft that waits, of the incident ID or of all."""
    with _desk(more) as at:
        incident = at.incident(id) if id else _only_draft(at)
        drafts = incident["drafts"]
        if wanted is None and len(drafts) != 1:
            which = (
                f"has {len(drafts)} drafts ({', '.join(drafts)}): name one with --update" if drafts else "has no draft"
            )
            raise Refused("ID", f"the incident {incident['id']} {which}")
        seen = {"version": incident["version"]}
        _show(at, at.on_update(incident["id"], wanted or drafts[0], "publish", seen), as_json)


@command.command("undo")
@click.argument("id", required=False)
@json_option
@where_options
def undo(id: str | None, as_json: bool, **more: Any) -> None:
    """Take the newest update back, while nobody was notified yet. It becomes a draft again."""
    with _desk(more) as at:
        incident = at.incident(id or _latest_changed(at))
        said = [each for each in incident["updates"] if each["status"] == "published" and each["published_by"] != ROBOT]
        if not said:
            raise Refused("ID", f"nobody has said anything of the incident {incident['id']}")
        newest = max(said, key=lambda each: str(each["published_at"]))
        _show(at, at.on_update(incident["id"], newest["id"], "withdraw", {}), as_json)


@command.command("acknowledge")
@click.argument("id", required=False)
@json_option
@where_options
def acknowledge(id: str | None, as_json: bool, **more: Any) -> None:
    """Tell the on-call tools that somebody is at it. The public does not hear of it."""
    with _desk(more) as at:
        _show(at, at.acknowledge(id or _latest_open(at)), as_json)


@command.command("list")
@click.option("--all", "every", is_flag=True, help="The resolved ones too.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@json_option
@where_options
def list_(every: bool, limit: int, as_json: bool, **more: Any) -> None:
    """Print what goes on and what waits as a draft."""
    with _desk(more) as at:
        found = at.incidents("all", limit) if every else _going_on(at, limit)
        if as_json:
            print_json(found)
            return
        _shown.incident_lines(found["incidents"], at.place())
        if not found["incidents"]:
            click.echo("There is no incident." if every else "Nothing goes on, and no draft waits.")


@command.command("show")
@click.argument("id")
@json_option
@where_options
def show(id: str, as_json: bool, **more: Any) -> None:
    """Print one incident with all its updates, drafts among them."""
    with _desk(more) as at:
        incident = at.incident(id)
        if as_json:
            print_json(incident)
            return
        place = at.place()
        _shown.incident_lines([incident], place)
        _shown.updates(incident, place)


def _desk(more: dict[str, Any]) -> Any:
    return desk(more["config"], more["server"], more["token"], more["token_file"])


def _show(at: Desk, document: Document, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        _shown.said(document, at.place())


def _post(at: Desk, message: str, state: str | None, more: dict[str, Any]) -> Document:
    """The document of what was typed."""
    document: Document = {"body": words(message), "tell": not more["no_notify"], "draft": more["draft"]}
    if state is not None:
        document["state"] = state
    if more["components"]:
        document["components"] = statuses(more["components"])
    if more["at"] or more["next_by"]:
        place = at.place()
        if more["at"]:
            document["display_at"] = for_document(past_time("--at", more["at"], place.zone, place.now))
        if more["next_by"]:
            document["next_by"] = for_document(time_or_length("--next", more["next_by"], place.zone, place.now))
    return document


def statuses(given: Sequence[str]) -> dict[str, str]:
    """`ID=STATUS`, each component once. Raises Refused."""
    found: dict[str, str] = {}
    for each in given:
        component, equals, status = each.partition("=")
        if not equals or not component or not status:
            raise Refused("-c", f'write ID=STATUS, such as chat=partial, instead of "{each}"')
        if component in found:
            raise Refused("-c", f"{component} is given twice")
        found[component] = status
    return found


def _going_on(at: Desk, limit: int) -> Document:
    both = [*at.incidents("open", limit)["incidents"], *at.incidents("draft", limit)["incidents"]]
    found = {each["id"]: each for each in both}
    return {"incidents": sorted(found.values(), key=lambda each: -each["number"])[:limit], "next": None}


def _latest_open(at: Desk) -> str:
    found = at.incidents("open", 1)["incidents"]
    if not found:
        raise Refused("ID", "no incident is open: name one, or open one with `statuspage incident open`")
    return str(found[0]["id"])


def _latest_changed(at: Desk) -> str:
    found = [each for each in at.incidents("all", 20)["incidents"] if each["public"]]
    if not found:
        raise Refused("ID", "there is no public incident")
    return str(max(found, key=lambda each: str(each["updated_at"]))["id"])


def _only_draft(at: Desk) -> Document:
    found = at.incidents("draft", 20)["incidents"]
    if len(found) != 1:
        which = f"drafts wait in several incidents ({', '.join(each['id'] for each in found)}): name one"
        raise Refused("ID", which if found else "no draft waits")
    return at.incident(str(found[0]["id"]))
