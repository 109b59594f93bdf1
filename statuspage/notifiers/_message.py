"""What the kinds read out of a message: a line to say, where it leads, how bad it is.

`message.data` holds `incident` or `maintenance` ({name, status, impact, url, components}) and perhaps `update`
({body}); or `component` (its id) and `new_status`; or `message` ({destination}). What is missing has a word in its
place, for a notifier must not fail for want of a name.
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
    "monitor.blind": "The monitor cannot see",
    "monitor.recovered": "The monitor sees again",
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
    if isinstance(component, str):
        return f"{text_of(component)} {text_of(message.data.get('new_status'))}".strip()
    return text_of(subject_of(message).get("name"))


def names_of(message: Message) -> list[str]:
    """The names of the components it touches."""
    found = subject_of(message).get("components")
    listed = found if isinstance(found, list) else []
    return [name for each in listed if isinstance(each, dict) and (name := text_of(each.get("name")))]


def iso(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
