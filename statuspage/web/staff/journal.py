"""The journal as people read it: who did what, and when, newest first, by kind or by subject."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, Response

from statuspage.core.role import Role
from statuspage.core.telling import Json
from statuspage.store import Entry
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import BadForm, Text, query
from statuspage.web.staff.frame import page
from statuspage.web.staff.gate import needs
from statuspage.web.times import stamp

blueprint = Blueprint("staff-journal", __name__)
JOURNAL = "/staff/journal"
MANY = 50
KINDS = {
    "": "everything",
    "incident.": "incidents",
    "draft.": "drafts of the robot",
    "maintenance.": "maintenances",
    "component.": "components",
    "check.": "checks",
    "route.": "routes",
    "history.": "corrections of the past",
    "message.": "messages",
    "capacity.": "capacity",
    "actuator.": "actuators",
    "test.": "tests of destinations",
    "config.": "the configuration",
    "monitor.": "the monitor",
    "login.": "refused sign-ins",
    "session.": "sessions",
    "user.": "users",
    "token.": "tokens",
    "invitation.": "invitations",
    "act.": "refused acts",
}
_LONGEST_VALUE = 160
_OWN_COLUMN = ("by", "address")


@blueprint.get(JOURNAL)
@needs(Role.VIEWER)
def journal() -> Response:
    given = query(kind=Text(60, optional=True), subject=Text(120, optional=True), before=Text(40, optional=True))
    found = staff().store.newest_events(MANY + 1, _before(given["before"]), given["kind"], given["subject"])
    older = ""
    if len(found) > MANY:
        last = found[MANY - 1]
        wanted = {"kind": given["kind"], "subject": given["subject"], "before": f"{last.revision}.{last.position}"}
        older = f"{JOURNAL}?{urlencode({name: value for name, value in wanted.items() if value})}"
    kinds = KINDS if given["kind"] in KINDS else {**KINDS, given["kind"]: given["kind"]}
    entries = [_row(entry) for entry in found[:MANY]]
    return page("journal.html", entries=entries, kinds=kinds, given=given, older=older)


def _before(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    revision, _, position = text.partition(".")
    if not (revision.isascii() and revision.isdecimal() and position.isascii() and position.isdecimal()):
        raise BadForm("before", "must be two numbers with a dot between them")
    if len(revision) > 18 or len(position) > 9:
        raise BadForm("before", "is larger than any number of an event")
    return int(revision), int(position)


def _row(entry: Entry) -> dict[str, object]:
    event = entry.event
    return {
        "number": f"{entry.revision}.{entry.position}",
        "at": stamp(event.at, staff().zone),
        "kind": event.kind,
        "subject": event.subject,
        "by": _text(event.data.get("by")),
        "address": _text(event.data.get("address")),
        "data": _data(event.data),
    }


def _data(data: Mapping[str, Json]) -> list[tuple[str, str]]:
    return [(name, _text(value)) for name, value in data.items() if name not in _OWN_COLUMN and value not in (None, "")]


def _text(value: Json) -> str:
    """A value of the journal in a few words; long ones are cut."""
    if isinstance(value, list):
        text = ", ".join(_text(each) for each in value)
    elif isinstance(value, dict):
        text = "; ".join(f"{name}: {_text(each)}" for name, each in value.items())
    else:
        text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
