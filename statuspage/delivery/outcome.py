"""What came of acting on a move: an event of the journal, written with the mark; a failure is told too."""

from datetime import datetime

from statuspage.core.state import Decision, JournalEvent
from statuspage.core.telling import Json, Message, Telling


def done(message: Message, now: datetime) -> Decision:
    """The actuator took it."""
    return Decision(events=(JournalEvent("actuator.done", message.subject, now, _about(message)),))


def failed(message: Message, why: str, now: datetime) -> JournalEvent:
    """The actuator refused it, or never took it."""
    about = _about(message)
    told: dict[str, Json] = {"actuator": {"id": message.destination, "type": message.kind}, **about}
    telling = Telling(f"actuator.{message.destination}", (), now, told, evidence={"reason": why})
    return JournalEvent("actuator.failed", message.subject, now, {**about, "reason": why}, telling)


def _about(message: Message) -> dict[str, Json]:
    names = ("epoch", "from", "to")
    known: dict[str, Json] = {name: message.data[name] for name in names if name in message.data}
    return {"actuator": message.destination, "kind": message.kind, "message": message.id, **known}
