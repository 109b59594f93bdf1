"""Who hears of what: from an event to the messages of the outbox, one for each destination that wants it.

A message is written with the event it tells of, in the same transaction. Its id never changes, so that a receiver
can drop repeats. Messages of one queue (an incident) reach a destination in the order they were written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

EVENTS = (
    "incident.created",
    "incident.updated",
    "incident.resolved",
    "incident.reopened",
    "incident.acknowledged",
    "incident.overdue",
    "incident.postmortem",
    "draft.waiting",
    "draft.over",
    "maintenance.scheduled",
    "maintenance.started",
    "maintenance.updated",
    "maintenance.completed",
    "maintenance.cancelled",
    "component.updated",
    "route.moved",
    "route.changed",
    "route.proposed",
    "route.withdrawn",
    "route.blocked",
    "route.cleared",
    "route.locked",
    "route.unverified",
    "route.verified",
    "actuator.failed",
    "capacity.low",
    "capacity.enough",
    "monitor.blind",
    "monitor.recovered",
    "monitor.resting",
    "monitor.deciding",
    "message.dead",
    "test.sent",
)
"""Everything that can be told. The patterns of a destination match some of these."""

ON_CALL = (
    "incident.*",
    "draft.*",
    "route.proposed",
    "route.withdrawn",
    "route.blocked",
    "route.cleared",
    "route.locked",
    "route.unverified",
    "route.verified",
    "monitor.*",
    "message.dead",
)
"""What a destination hears that names no events: whatever a person has to do something about, and its end. That a
route moved by itself is no reason to wake anybody."""

ENDS = frozenset({"incident.resolved", "draft.over"})
"""What ends the alert of an incident at a destination that pages."""

QUIET, STAFF_PAGE = "quiet", "staff_page"
"""Names in `evidence`: nobody need wake up for it; the address at which staff can act."""


@dataclass(frozen=True, slots=True)
class Destination:
    """One `[[notify]]` table without its secrets. `events` are patterns such as "incident.*".

    `components` narrows it to what touches one of them; empty means all. What touches none is for everybody.
    `pages`: its events open alerts that wake people, and that only an end closes.
    """

    id: str
    type: str
    events: tuple[str, ...] = ON_CALL
    components: tuple[str, ...] = ()
    pages: bool = False
    routes: tuple[str, ...] = ()
    """Of an actuator: the routes that it acts for, as patterns. Empty: it only tells."""

    @property
    def acts(self) -> bool:
        """Whether it acts on moves, instead of telling of them."""
        return bool(self.routes)

    def wants(self, kind: str, components: Iterable[str], subject: str = "") -> bool:
        """Whether an event of that kind about those components is for it; `subject` is a route's id for its events."""
        if not any(fnmatchcase(kind, pattern) for pattern in self.events):
            return False
        if self.acts and kind.startswith("route."):
            return any(fnmatchcase(subject, pattern) for pattern in self.routes)
        touched = set(components)
        return not self.components or not touched or bool(set(self.components) & touched)


@dataclass(frozen=True, slots=True)
class Telling:
    """What a journal event asks to be told of it.

    `queue` keeps the order, `update` is the update's id: undoing it drops what is not sent yet. Nothing is sent
    before `not_before`. `data` is public; `evidence` is for staff's own tools and never goes to anybody else.
    `silent`: nobody was to be notified, but the alert that it ends must not stay open: pagers hear, others do not.
    """

    queue: str
    components: tuple[str, ...]
    not_before: datetime
    data: Mapping[str, Json] = field(default_factory=dict)
    evidence: Mapping[str, Json] = field(default_factory=dict)
    update: str | None = None
    silent: bool = False


class MessageState(StrEnum):
    """Where a message of the outbox stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """The destination refused it, or never took it in a day."""
    DROPPED = "dropped"
    """Undone before it was sent, or pointless by now."""


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox. `id` is `msg_` and 24 letters: what `webhook-id` and a repeat carry.

    `number` orders a queue. `attempts` counts what was tried; `due` is when the next try may be made.
    """

    id: str
    destination: str
    queue: str
    number: int
    kind: str
    subject: str
    at: datetime
    due: datetime
    data: Mapping[str, Json] = field(default_factory=dict)
    evidence: Mapping[str, Json] = field(default_factory=dict)
    update: str | None = None
    state: MessageState = MessageState.WAITING
    attempts: int = 0
    first_tried_at: datetime | None = None
    last_error: str | None = None
    settled_at: datetime | None = None


def recipients(
    kind: str, components: Iterable[str], destinations: Iterable[Destination], subject: str = ""
) -> tuple[Destination, ...]:
    """The destinations that hear of an event."""
    touched = tuple(components)
    return tuple(each for each in destinations if each.wants(kind, touched, subject))


def listeners(
    kind: str, told: Telling, destinations: Iterable[Destination], subject: str = ""
) -> tuple[Destination, ...]:
    """The destinations that hear of this telling; of a silent one those that page."""
    heard = recipients(kind, told.components, destinations, subject)
    return tuple(each for each in heard if each.pages or not told.silent)
