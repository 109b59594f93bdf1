"""Sessions: who is signed in, found by the hash of what the browser shows."""

from datetime import datetime

from sqlalchemy import Connection, delete, or_, select, update

from statuspage.core.people import IDLE, LONGEST, Session, User
from statuspage.store.documents import clean
from statuspage.store.schema import sessions, users
from statuspage.store.users import user_of

MAX_AGENT = 200


def read(connection: Connection, id: str, now: datetime) -> tuple[Session, User] | None:
    """The session and its user as they stand now; None where it has ended or the user may not work."""
    session = connection.execute(select(sessions).where(sessions.c.id == id)).first()
    if session is None:
        return None
    found = Session(**session._mapping)
    user = user_of(connection.execute(select(users).where(users.c.name == found.user)).one())
    return (found, user) if found.holds(now) and user.is_active else None


def live(connection: Connection, now: datetime, user: str | None = None) -> tuple[Session, ...]:
    """The sessions that hold, of one user or of all, the newest use first."""
    wanted = select(sessions).order_by(sessions.c.seen_at.desc(), sessions.c.id)
    if user is not None:
        wanted = wanted.where(sessions.c.user == user)
    found = (Session(**row._mapping) for row in connection.execute(wanted))
    return tuple(session for session in found if session.holds(now))


def add(connection: Connection, session: Session) -> None:
    """A new one; those that have ended are cleared away."""
    now = session.created_at
    ended = or_(sessions.c.seen_at <= now - IDLE, sessions.c.created_at <= now - LONGEST)
    connection.execute(delete(sessions).where(ended))
    values = {column.name: getattr(session, column.name) for column in sessions.columns}
    values |= {"agent": clean(session.agent)[:MAX_AGENT], "address": clean(session.address)[:MAX_AGENT]}
    connection.execute(sessions.insert().values(**values))


def touch(connection: Connection, id: str, now: datetime) -> None:
    """It is in use."""
    connection.execute(update(sessions).where(sessions.c.id == id, sessions.c.seen_at < now).values(seen_at=now))


def end(connection: Connection, id: str) -> str | None:
    """End one; its user's name, None where there is none."""
    user: str | None = connection.scalar(delete(sessions).where(sessions.c.id == id).returning(sessions.c.user))
    return user


def end_all(connection: Connection, user: str, keep: str | None = None) -> int:
    """End a user's sessions, but for the one to keep; how many."""
    wanted = delete(sessions).where(sessions.c.user == user)
    if keep is not None:
        wanted = wanted.where(sessions.c.id != keep)
    return connection.execute(wanted).rowcount
