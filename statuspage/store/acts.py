"""An act of a person: a transaction that takes a revision and writes what it did into the journal with it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from statuspage.core.people import Actor
from statuspage.core.state import JournalEvent
from statuspage.core.telling import Json
from statuspage.store import head, journal
from statuspage.store.database import Database

T = TypeVar("T")
Note = Callable[..., None]
"""Writes down `(kind, subject, **data)` as an event of the act."""


def act(database: Database, by: Actor, now: datetime, work: Callable[[Connection, Note], T]) -> T:
    """Run `work` under the next revision and write the events that it notes, with who did it and from where."""

    def run(connection: Connection) -> T:
        events: list[JournalEvent] = []

        def note(kind: str, subject: str, **data: Json) -> None:
            told: Mapping[str, Json] = {"by": by.name, "address": by.address, **data}
            events.append(JournalEvent(kind, subject, now, told))

        present = head.advance(connection)
        result = work(connection, note)
        journal.write(connection, events, present.revision, now)
        return result

    return database.write_once(run)
