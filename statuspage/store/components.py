"""Components as they stand, and the published site: what a decision reads and what it replaces."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from statuspage.core.site import Site
from statuspage.core.state import Change, Held
from statuspage.core.status import Status
from statuspage.store.database import upsert
from statuspage.store.documents import Document
from statuspage.store.errors import StoreError
from statuspage.store.schema import components, site

_SITE = Document(Site)


def read_all(connection: Connection) -> dict[str, Held]:
    """Every component by id, archived ones among them, for one of them may come back."""
    return {row.id: _held(row) for row in connection.execute(_ALL)}


def read_live(connection: Connection) -> dict[str, Held]:
    """The components that are not archived, by id."""
    return {row.id: _held(row) for row in connection.execute(_ALL.where(components.c.archived_at.is_(None)))}


def read_site(connection: Connection) -> Site | None:
    """The published configuration, None before the first."""
    found = connection.scalar(select(site.c.document))
    return None if found is None else _SITE.read(found)


def publish(connection: Connection, new: Site, revision: int) -> None:
    """Replace the published configuration."""
    upsert(connection, site, [{"id": 1, "revision": revision, "document": _SITE.write(new)}])


def create(connection: Connection, created: Iterable[Held], now: datetime) -> None:
    """Add components. One without `created_at` was created now."""
    rows = [
        {
            "id": held.component,
            "status": held.status.value,
            "since": held.since,
            "confirmed": held.confirmed.value,
            "created_at": held.created_at or now,
            "updated_at": held.updated_at,
            "archived_at": None,
        }
        for held in created
    ]
    if rows:
        connection.execute(components.insert(), rows)


def archive(connection: Connection, names: Iterable[str], now: datetime) -> None:
    """Take components off the page; their history stays."""
    for name in names:
        _touch_one(connection, name, archived_at=now, updated_at=now)


def revive(connection: Connection, names: Iterable[str], now: datetime) -> None:
    """Bring archived components back in the status they left with; it counts from now."""
    for name in names:
        _touch_one(connection, name, archived_at=None, since=now, updated_at=now)


def change(connection: Connection, move: Change, now: datetime) -> None:
    """Give a component its new status. An unknown one leaves what was last confirmed as it is."""
    confirmed = {} if move.new is Status.UNKNOWN else {"confirmed": move.new.value}
    _touch_one(connection, move.component, status=move.new.value, since=move.since, updated_at=now, **confirmed)


_ALL = select(components).order_by(components.c.id)


def _held(row: Row[Any]) -> Held:
    return Held(
        component=row.id,
        status=Status(row.status),
        since=row.since,
        confirmed=Status(row.confirmed),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _touch_one(connection: Connection, name: str, **values: Any) -> None:
    if connection.execute(update(components).where(components.c.id == name).values(values)).rowcount != 1:
        raise StoreError(f"there is no component {name}")
