"""What is said of a message that nobody will get: an event for the journal, and now and then for the others."""

from datetime import timedelta

from statuspage.core.clock import Clock
from statuspage.core.state import Decision, JournalEvent
from statuspage.core.telling import Json, Message, Telling

KIND = "message.dead"
TELL_AGAIN_AFTER = timedelta(minutes=10)


class Obituaries:
    """Remembers of whom the others were told: a destination with a wrong key loses every message, not just one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def decision(self, message: Message, why: str, *, disabled: bool) -> Decision:
        """The event to write. Of a message that was an obituary itself only the journal hears: no loop begins."""
        destination = message.destination
        data: dict[str, Json] = {
            "message": message.id,
            "kind": message.kind,
            "about": message.subject,
            "reason": why,
            "disabled": disabled,
        }
        told: dict[str, Json] = {
            "message": {"id": message.id, "type": message.kind, "destination": destination, "disabled": disabled}
        }
        telling = None
        if message.kind != KIND and self._is_news(destination):
            telling = Telling(f"destination.{destination}", (), self._clock.now(), told, evidence={"reason": why})
        return Decision(events=(JournalEvent(KIND, destination, self._clock.now(), data, telling),))

    def _is_news(self, destination: str) -> bool:
        now = self._clock.monotonic()
        before = self._told.get(destination)
        if before is not None and now - before < TELL_AGAIN_AFTER.total_seconds():
            return False
        self._told[destination] = now
        return True
