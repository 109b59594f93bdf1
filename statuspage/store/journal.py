"""The journal: every event with its number, dense and in the order of the commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select

from statuspage.core.state import JournalEvent
from statuspage.store.schema import journal


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it was written: the `position`-th (from 0) of the decision that made `revision`."""

    revision: int
    position: int
    event: JournalEvent


def write(connection: Connection, events: Sequence[JournalEvent], revision: int, now: datetime) -> None:
    """Append the events of one decision."""
    rows = [
        {
            "revision": revision,
            "position": position,
            "kind": event.kind,
            "subject": event.subject,
            "at": event.at,
            "written_at": now,
            "data": dict(event.data),
        }
        for position, event in enumerate(events)
    ]
    if rows:
        connection.execute(journal.insert(), rows)


def read(connection: Connection, after: tuple[int, int] | None, limit: int) -> tuple[Entry, ...]:
    """At most `limit` entries that follow (revision, position), oldest first; None begins at the beginning."""
    wanted = select(journal).order_by(journal.c.revision, journal.c.position).limit(limit)
    if after is not None:
        revision, position = after
        later = and_(journal.c.revision == revision, journal.c.position > position)
        wanted = wanted.where(or_(journal.c.revision > revision, later))
    return tuple(
        Entry(row.revision, row.position, JournalEvent(row.kind, row.subject, row.at, row.data))
        for row in connection.execute(wanted)
    )


def newest_written_at(connection: Connection) -> datetime | None:
    """When the last event was written, None in an empty journal."""
    moment: datetime | None = connection.scalar(
        select(journal.c.written_at).order_by(journal.c.revision.desc(), journal.c.position.desc()).limit(1)
    )
    return moment
