"""Messages of the outbox as staff see them."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from statuspage.core.telling import Message, MessageState
from statuspage.web.staff.context import staff
from statuspage.web.times import Stamp, stamp

MOST = 200
_LOOKS = {
    MessageState.WAITING: ("unknown", "waits"),
    MessageState.DELIVERED: ("ok", "delivered"),
    MessageState.DEAD: ("major", "dead"),
    MessageState.DROPPED: ("info", "dropped"),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """One message. `due` is when it is tried next, `error` what its last try met."""

    id: str
    destination: str
    kind: str
    about: str
    title: str
    slug: str
    word: str
    at: Stamp
    due: Stamp | None
    attempts: int
    error: str


def letter(message: Message, zone: ZoneInfo) -> Letter:
    """A message as a line."""
    slug, word = _LOOKS[message.state]
    waits = message.state is MessageState.WAITING
    return Letter(
        id=message.id,
        destination=message.destination,
        kind=message.kind,
        about=path_of(message),
        title=_title(message),
        slug=slug,
        word=word,
        at=stamp(message.at, zone),
        due=stamp(message.due, zone) if waits else None,
        attempts=message.attempts,
        error=message.last_error or "",
    )


def letters_about(queue: str, zone: ZoneInfo) -> tuple[Letter, ...]:
    """Who was told of an incident or planned work, and who not, newest first."""
    return tuple(letter(each, zone) for each in staff().store.outbox.about(queue, MOST))


def path_of(message: Message) -> str:
    """The page of what it tells of; empty for the monitor's own."""
    for kind in ("incident", "maintenance", "route"):
        if kind in message.data:
            return f"/staff/{kind}s/{message.subject}"
    return ""


def _title(message: Message) -> str:
    for kind in ("incident", "maintenance"):
        told = message.data.get(kind)
        if isinstance(told, dict) and isinstance(told.get("name"), str):
            return str(told["name"])
    return message.subject
