"""Tokens of programs: shown once, kept as a hash, never deleted, so that the journal goes on meaning something."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.engine import Row

from statuspage.core.people import Token
from statuspage.core.role import Role
from statuspage.store import users
from statuspage.store.schema import tokens


def add(connection: Connection, token: Token, hash: str) -> None:
    """A new one."""
    values = {column.name: getattr(token, column.name) for column in tokens.columns if column.name != "hash"}
    connection.execute(tokens.insert().values(hash=hash, **values))


def by_hash(connection: Connection, hash: str, now: datetime) -> Token | None:
    """The token that holds, with no more rights than the user who made it has now; None where it is worth nothing."""
    row = connection.execute(select(tokens).where(tokens.c.hash == hash)).first()
    if row is None or not (found := _token(row)).holds(now):
        return None
    maker = users.read(connection, found.by)
    if maker is None:
        return found
    if not maker.is_active:
        return None
    return found if maker.role.may(found.role) else replace(found, role=maker.role)


def every(connection: Connection) -> tuple[Token, ...]:
    """All of them, the newest first."""
    return tuple(_token(row) for row in connection.execute(select(tokens).order_by(tokens.c.created_at.desc())))


def revoke(connection: Connection, id: str, now: datetime) -> Token | None:
    """End one; None where there is none that could be ended."""
    wanted = update(tokens).where(tokens.c.id == id, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    row = connection.execute(wanted.returning(tokens)).first()
    return _token(row) if row is not None else None


def touch(connection: Connection, id: str, now: datetime) -> None:
    """It is in use."""
    connection.execute(update(tokens).where(tokens.c.id == id).values(used_at=now))


def _token(row: Row[Any]) -> Token:
    values = {key: value for key, value in row._mapping.items() if key != "hash"}
    return Token(**{**values, "role": Role(row.role)})
