"""One-time links: each is used once or runs out, and the first admin's is good only while there is nobody."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.engine import Row

from statuspage.core.people import FIRST, Invitation
from statuspage.core.refusals import NotThere
from statuspage.core.role import Role
from statuspage.store import users
from statuspage.store.schema import invitations


def add(connection: Connection, invitation: Invitation) -> None:
    """A new one. One for an existing user, or for the first admin, takes the place of those before it."""
    if invitation.is_first or invitation.user is not None:
        same = invitations.c.by == FIRST if invitation.is_first else invitations.c.user == invitation.user
        connection.execute(delete(invitations).where(same, invitations.c.used_at.is_(None)))
    values = {column.name: getattr(invitation, column.name) for column in invitations.columns}
    connection.execute(invitations.insert().values(**values))


def read(connection: Connection, hash: str, now: datetime) -> Invitation | None:
    """The invitation behind that hash, while it can be used."""
    row = connection.execute(select(invitations).where(invitations.c.hash == hash)).first()
    if row is None or not (found := _invitation(row)).holds(now):
        return None
    if found.is_first and users.any_there(connection):
        return None
    if found.user is not None:
        asked = users.read(connection, found.user)
        return found if asked is not None and asked.is_active else None
    return found


def take(connection: Connection, hash: str, now: datetime) -> Invitation:
    """Use it up. Raises NotThere where it cannot be used."""
    found = read(connection, hash, now)
    if found is None:
        raise NotThere("invitation", "")
    connection.execute(update(invitations).where(invitations.c.hash == hash).values(used_at=now))
    return found


def open_ones(connection: Connection, now: datetime) -> tuple[Invitation, ...]:
    """Those that can still be used, the newest first."""
    wanted = select(invitations).where(invitations.c.used_at.is_(None)).order_by(invitations.c.created_at.desc())
    return tuple(found for row in connection.execute(wanted) if (found := _invitation(row)).holds(now))


def withdraw(connection: Connection, hash: str) -> bool:
    """Take back one that was not used yet; False where there is none."""
    wanted = delete(invitations).where(invitations.c.hash == hash, invitations.c.used_at.is_(None))
    return connection.execute(wanted).rowcount == 1


def withdraw_all(connection: Connection, user: str) -> None:
    """Take back what was made for a user, and what that user invited others with."""
    mine = (invitations.c.user == user) | (invitations.c.by == user)
    connection.execute(delete(invitations).where(mine, invitations.c.used_at.is_(None)))


def withdraw_made_by(connection: Connection, user: str) -> None:
    """Take back what that user made for others."""
    theirs = (invitations.c.by == user, invitations.c.used_at.is_(None))
    connection.execute(delete(invitations).where(*theirs))


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(**{**row._mapping, "role": Role(row.role)})
