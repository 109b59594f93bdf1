"""What the kinds read out of a message: a line to say, where it leads, how bad it is.

`message.data` holds `incident` or `maintenance` ({name, status, impact, url, components}) and perhaps `update`
({body}); or `component` (its id) and `new_status`; or `message` ({destination}); or `route` ({id}) with `to` and
`guards`; or `provider`. What is missing has a word in its place, for a notifier must not fail for want of a name.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from statuspage.core.telling import Json, Message

_SUBJECTS = ("incident", "maintenance")

_WORDS = {
    "incident.created": "New incident",
    "incident.updated": "Update",
    "incident.resolved": "Resolved",
    "incident.reopened": "Open again",
    "incident.acknowledged": "Acknowledged",
    "incident.overdue": "The promised update is overdue",
    "incident.postmortem": "Postmortem",
    "draft.waiting": "Found by the checks, waits for a person",
    "draft.over": "Over before anybody was told",
    "maintenance.scheduled": "Maintenance planned",
    "maintenance.started": "Maintenance begins",
    "maintenance.updated": "Maintenance",
    "maintenance.completed": "Maintenance is over",
    "maintenance.cancelled": "Maintenance is cancelled",
    "component.updated": "Component",
    "route.moved": "Route moved",
    "route.changed": "Route changed",
    "route.proposed": "A move waits for a person",
    "route.withdrawn": "A proposed move is no longer needed",
    "route.blocked": "A route cannot move",
    "route.cleared": "A route is well again",
    "route.locked": "A route moved too often and is locked",
    "route.unverified": "Users cannot connect where a route moved",
    "route.verified": "Users can connect where a route moved",
    "actuator.failed": "An actuator does not do its work",
    "capacity.low": "Room runs low",
    "capacity.enough": "Room is enough again",
    "monitor.blind": "The monitor cannot see",
    "monitor.recovered": "The monitor sees again",
    "monitor.resting": "The monitor takes no decisions: it stands still again and again, or its clock does",
    "monitor.deciding": "The monitor decides again",
    "message.dead": "A destination does not take messages",
    "test.sent": "This is a test",
}


def subject_of(message: Message) -> Mapping[str, Json]:
    """The incident or maintenance that it is about; empty for none."""
    for name in _SUBJECTS:
        found = message.data.get(name)
        if isinstance(found, dict):
            return found
    return {}


def text_of(value: Json) -> str:
    """A text as one line; empty for anything else."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def line_of(message: Message) -> str:
    """What happened, in one line: "New incident: Chat does not work"."""
    words = _WORDS.get(message.kind, message.kind)
    return f"{words}: {_name(message)}" if _name(message) else words


def _name(message: Message) -> str:
    dead, component = message.data.get("message"), message.data.get("component")
    if isinstance(dead, dict):
        return text_of(dead.get("destination"))
    route, provider = message.data.get("route"), message.data.get("provider")
    if isinstance(route, dict):
        return _course(message, route)
    if isinstance(provider, str):
        return text_of(provider)
    if isinstance(component, str):
        return f"{text_of(component)} {text_of(message.data.get('new_status'))}".strip()
    return text_of(subject_of(message).get("name"))


def _course(message: Message, route: Mapping[str, Json]) -> str:
    """`realtime.chat to native`, with the guards that speak against it."""
    said = text_of(route.get("id")) or message.subject
    to, guards = text_of(message.data.get("to")), message.data.get("guards")
    if to:
        said += f" to {to}"
    names = [text_of(each) for each in guards] if isinstance(guards, list) else []
    return f"{said} ({', '.join(dict.fromkeys(name for name in names if name))})" if any(names) else said


def names_of(message: Message) -> list[str]:
    """The names of the components it touches."""
    found = subject_of(message).get("components")
    listed = found if isinstance(found, list) else []
    return [name for each in listed if isinstance(each, dict) and (name := text_of(each.get("name")))]


def iso(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
