"""The journal: every event with its number, dense and in the order of the commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, not_, or_, select
from sqlalchemy.engine import Row

from statuspage.core.state import JournalEvent
from statuspage.store.schema import journal

PRIVATE = ("user.", "session.", "token.", "invitation.", "login.", "act.", "message.")
"""How the kinds of events begin that nothing public depends on: who signs in does not change the page."""


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
    return tuple(_entry(row) for row in connection.execute(wanted))


def newest(
    connection: Connection, limit: int, before: tuple[int, int] | None, kind: str = "", subject: str = ""
) -> tuple[Entry, ...]:
    """At most `limit` entries before (revision, position), newest first; None begins at the newest.

    `kind` is one, or with a dot at its end the beginning of several ("incident."); an empty one stands for all.
    """
    wanted = select(journal).order_by(journal.c.revision.desc(), journal.c.position.desc()).limit(limit)
    if before is not None:
        revision, position = before
        earlier = and_(journal.c.revision == revision, journal.c.position < position)
        wanted = wanted.where(or_(journal.c.revision < revision, earlier))
    if kind:
        several = journal.c.kind.startswith(kind, autoescape=True)
        wanted = wanted.where(several if kind.endswith(".") else journal.c.kind == kind)
    if subject:
        wanted = wanted.where(journal.c.subject == subject)
    return tuple(_entry(row) for row in connection.execute(wanted))


def newest_written_at(connection: Connection) -> datetime | None:
    """When the last event was written that is no private one, None without any."""
    private = or_(*(journal.c.kind.startswith(each, autoescape=True) for each in PRIVATE))
    moment: datetime | None = connection.scalar(
        select(journal.c.written_at)
        .where(not_(private))
        .order_by(journal.c.revision.desc(), journal.c.position.desc())
        .limit(1)
    )
    return moment


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.revision, row.position, JournalEvent(row.kind, row.subject, row.at, row.data))
