"""Documents in a line or two: what the public sees now, where, who will be told, and when."""

from datetime import datetime
from typing import Any

import click

from statuspage.cli._desk import Document, Place
from statuspage.cli._times import for_people

_WAYS_BACK = "until then `statuspage incident undo` takes it back"
_WORK_BACK = "until then `statuspage maintenance undo {id}` takes it back"


def state_word(state: str) -> str:
    """`In progress`."""
    return state.replace("_", " ").capitalize()


def said(document: Document, place: Place) -> None:
    """What became of an incident."""
    title, state = line(document["title"]), state_word(document["state"])
    drafts = document["drafts"]
    if document["public"]:
        say(f"{title}: {state}. Public at {document['url']}", bold=True)
        _changes(_newest(document), document)
    else:
        say(f"{title}: nothing of it is public.", bold=True)
    for each in drafts:
        say(f"  A draft waits: statuspage incident publish {document['id']}  (update {each})")
    _notices(document, place, _WAYS_BACK)


def planned(document: Document, place: Place) -> None:
    """What became of planned work."""
    starts, ends = (for_people(document[name], place.zone, place.now) for name in ("starts", "ends"))
    url = document["url"]
    what = f"{state_word(document['state'])}. Public at {url}" if url else "nothing of it is public."
    say(f"{line(document['title'])}: {what}", bold=True)
    say(f"  {starts} to {ends}: {_names(document)}")
    _notices(document, place, _WORK_BACK.format(id=document["id"]))


def incident_lines(found: list[Document], place: Place) -> None:
    """A list of incidents, one a line."""
    for each in found:
        began = for_people(each["started_at"], place.zone, place.now)
        marks = [] if each["public"] else ["not public"]
        if each["drafts"]:
            marks.append(f"{len(each['drafts'])} draft{'s' if len(each['drafts']) > 1 else ''}")
        note = f"  ({', '.join(marks)})" if marks else ""
        say(f"{each['id']}  {state_word(each['state']):<14} {began:<24} {line(each['title'])}{note}")


def maintenance_lines(found: list[Document], place: Place) -> None:
    """A list of planned work, one a line."""
    for each in found:
        starts, ends = (for_people(each[name], place.zone, place.now) for name in ("starts", "ends"))
        say(f"{each['id']}  {state_word(each['state']):<12} {starts} to {ends}  {line(each['title'])}")


def updates(document: Document, place: Place) -> None:
    """Every update with its text, in the order of writing."""
    for each in document["updates"]:
        at = for_people(each["display_at"], place.zone, place.now)
        mark = "" if each["status"] == "published" else f" ({each['status']})"
        edited = f", edited {len(each['edits'])} times" if each["edits"] else ""
        say()
        say(f"{state_word(each['state'])}{mark}, {at}, by {line(each['by'])}{edited}  [{each['id']}]")
        for row in str(each["body"]).splitlines():
            say(f"  {line(row)}")


def say(text: str = "", **style: Any) -> None:
    """One line, of which a terminal obeys nothing: part of it may come from a server that means ill."""
    click.secho(line(text), **style)


def line(text: str) -> str:
    """The text fit for a terminal: no control characters."""
    return "".join(each if each.isprintable() else " " for each in str(text))


def _newest(document: Document) -> Document | None:
    shown = [each for each in document["updates"] if each["status"] == "published"]
    return max(shown, key=lambda each: str(each["display_at"]), default=None)


def _changes(update: Document | None, document: Document) -> None:
    names = {each["id"]: line(each["name"]) for each in document["components"]}
    for each in update["components"] if update is not None else ():
        say(f"  {names.get(each['id'], each['id'])}: {state_word(each['new'])}")


def _names(document: Document) -> str:
    return ", ".join(line(each["name"]) for each in document["components"])


def _notices(document: Document, place: Place, way_back: str) -> None:
    told: list[Any] = document.get("notifies", [])
    if not told:
        say("  Nobody is notified of this.")
        return
    names = ", ".join(dict.fromkeys(line(each["destination"]) for each in told))
    latest = max(str(each["not_before"]) for each in told)
    if datetime.fromisoformat(latest) <= place.now:
        say(f"  {names} will be told now.")
    else:
        back = f"; {way_back}" if way_back else ""
        say(f"  {names} will be told at {for_people(latest, place.zone, place.now)}{back}.")
