"""Users: who they are and what they may. Every rule that needs to look at all of them is held here, under the lock."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import Row

from statuspage.core.people import User
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from statuspage.store.schema import users


def read(connection: Connection, name: str) -> User | None:
    """The user of that name."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    return user_of(row) if row is not None else None


def need(connection: Connection, name: str) -> User:
    """The same. Raises NotThere."""
    found = read(connection, name)
    if found is None:
        raise NotThere("user", name)
    return found


def every(connection: Connection) -> tuple[User, ...]:
    """All of them, by name."""
    return tuple(user_of(row) for row in connection.execute(select(users).order_by(users.c.name)))


def any_there(connection: Connection) -> bool:
    """Whether there is one at all."""
    return connection.scalar(select(users.c.name).limit(1)) is not None


def add(connection: Connection, user: User) -> None:
    """A new one. Raises Refused for a name that is taken."""
    if read(connection, user.name) is not None:
        raise Refused("name", "is taken already")
    names = [column.name for column in users.columns]
    connection.execute(users.insert().values(**{name: getattr(user, name) for name in names}))


def change(connection: Connection, name: str, **values: Any) -> None:
    """Set columns of an existing user."""
    connection.execute(update(users).where(users.c.name == name).values(**values))


def take_step(connection: Connection, name: str, step: int, now: datetime) -> bool:
    """Use up the codes up to this step; False where it, or a later one, was used already."""
    wanted = update(users).where(users.c.name == name, users.c.totp_step < step)
    return connection.execute(wanted.values(totp_step=step, last_login_at=now)).rowcount == 1


def need_another_admin(connection: Connection, user: User) -> None:
    """Raises Refused where this is the only active admin: nobody would be left to let anybody in."""
    others = select(func.count()).where(
        users.c.role == Role.ADMIN, users.c.disabled_at.is_(None), users.c.name != user.name
    )
    if user.role is Role.ADMIN and user.is_active and not connection.scalar(others):
        raise Refused("user", "is the last active admin")


def user_of(row: Row[Any]) -> User:
    """A row with the columns of `users`."""
    return User(
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        password=row.password,
        totp=bytes(row.totp) if row.totp is not None else None,
        totp_step=row.totp_step,
        disabled_at=row.disabled_at,
        last_login_at=row.last_login_at,
    )
