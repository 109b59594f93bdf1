"""Accounts: people, their sessions, tokens, invitations and failed tries, one method an act.

An act takes a revision and writes its event in the same transaction; the event names who did it and from where,
and never a secret. Only hashes of sessions, tokens and links come in here, made by `statuspage.auth`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from statuspage.core.people import Actor, Credentials, Invitation, Session, Token, User
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.telling import Json
from statuspage.store import attempts, head, invitations, sessions, tokens, users
from statuspage.store.acts import Note, act
from statuspage.store.attempts import Limits
from statuspage.store.database import Database

T = TypeVar("T")


class Accounts:
    """Safe to use from several threads. Every method may raise StoreError; acts raise Refused and NotThere too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # users

    def users(self) -> tuple[User, ...]:
        """All of them, by name."""
        return self._database.read(users.every)

    def user(self, name: str) -> User | None:
        """The user of that name."""
        return self._database.read(lambda connection: users.read(connection, name))

    def has_users(self) -> bool:
        """Whether there is one at all."""
        return self._database.read(users.any_there)

    def add_user(self, user: User, by: Actor) -> None:
        """A new user. Raises Refused for a name that is taken."""

        def work(connection: Connection, note: Note) -> None:
            users.add(connection, user)
            note("user.added", user.name, role=user.role.value)

        self._act(by, user.created_at, work)

    def set_role(self, name: str, role: Role, by: Actor, now: datetime) -> None:
        """Another role; the user signs in anew. With a lower one, links that they made are withdrawn.

        Raises NotThere, and Refused for the last admin.
        """

        def work(connection: Connection, note: Note) -> None:
            user = users.need(connection, name)
            if role is not Role.ADMIN:
                users.need_another_admin(connection, user)
            users.change(connection, name, role=role.value)
            note("user.role_changed", name, was=user.role.value, role=role.value)
            if not role.may(user.role):
                invitations.withdraw_made_by(connection, name)
            if role is not user.role:
                _end_sessions(connection, name, note)

        self._act(by, now, work)

    def disable(self, name: str, by: Actor, now: datetime) -> None:
        """Nothing of theirs works any more: sessions, tokens, links. Raises NotThere, Refused for the last admin."""

        def work(connection: Connection, note: Note) -> None:
            users.need_another_admin(connection, users.need(connection, name))
            users.change(connection, name, disabled_at=now)
            invitations.withdraw_all(connection, name)
            note("user.disabled", name)
            _end_sessions(connection, name, note)

        self._act(by, now, work)

    def enable(self, name: str, by: Actor, now: datetime) -> None:
        """The user may sign in again. Raises NotThere."""

        def work(connection: Connection, note: Note) -> None:
            users.need(connection, name)
            users.change(connection, name, disabled_at=None)
            note("user.enabled", name)

        self._act(by, now, work)

    def set_password(self, name: str, password: str, by: Actor, now: datetime, keep: str | None = None) -> None:
        """Another password (its hash); every session ends but the one to keep. Raises NotThere."""

        def work(connection: Connection, note: Note) -> None:
            users.need(connection, name)
            users.change(connection, name, password=password)
            note("user.password_changed", name)
            _end_sessions(connection, name, note, keep)

        self._act(by, now, work)

    def rehash(self, name: str, old: str, new: str) -> None:
        """The same password under stronger parameters; nothing happens where it was changed in between."""

        def work(connection: Connection) -> None:
            user = users.read(connection, name)
            if user is not None and user.password == old:
                users.change(connection, name, password=new)

        self._database.write(work)

    # sessions

    def sign_in(self, user: User, step: int, session: Session, totp: bytes | None = None) -> None:
        """Open a session for a user as they were when password and code were checked; the code's step is used up.

        `totp` is a seed to keep from now on. Raises Refused where the code, or what was checked, is not good any more.
        """
        by = Actor(user.name, session.address)

        def work(connection: Connection, note: Note) -> None:
            present = users.read(connection, user.name)
            if present is None or not present.is_active or present.password != user.password:
                raise Refused("password", "was changed in the meantime")
            if not users.take_step(connection, user.name, step, session.created_at):
                raise Refused("code", "was used already: wait for the next one")
            if totp is not None:
                users.change(connection, user.name, totp=totp)
            sessions.add(connection, session)
            note("session.opened", user.name, agent=session.agent)

        self._act(by, session.created_at, work)

    def session(self, id: str, now: datetime) -> tuple[Session, User] | None:
        """The session and its user as they stand now; None where it has ended or the user may not work."""
        return self._database.read(lambda connection: sessions.read(connection, id, now))

    def sessions(self, now: datetime, user: str | None = None) -> tuple[Session, ...]:
        """The sessions that hold, of one user or of all."""
        return self._database.read(lambda connection: sessions.live(connection, now, user))

    def touch_session(self, id: str, now: datetime) -> None:
        """It is in use. Takes no revision."""
        self._database.write(lambda connection: sessions.touch(connection, id, now))

    def end_session(self, id: str, by: Actor, now: datetime, of: str | None = None) -> None:
        """End one, where `of` is given only one of that user. Raises NotThere."""

        def work(connection: Connection, note: Note) -> None:
            user = sessions.end(connection, id)
            if user is None or of not in (None, user):
                raise NotThere("session", "")
            note("session.ended", user)

        self._act(by, now, work)

    def end_sessions(self, user: str, by: Actor, now: datetime, keep: str | None = None) -> None:
        """End all of a user, but for the one to keep. Raises NotThere."""

        def work(connection: Connection, note: Note) -> None:
            users.need(connection, user)
            if not _end_sessions(connection, user, note, keep):
                note("session.ended", user, sessions=0)

        self._act(by, now, work)

    # tokens

    def tokens(self) -> tuple[Token, ...]:
        """All of them, the newest first."""
        return self._database.read(tokens.every)

    def token(self, hash: str, now: datetime) -> Token | None:
        """The token that holds, with the rights it has now."""
        return self._database.read(lambda connection: tokens.by_hash(connection, hash, now))

    def add_token(self, token: Token, hash: str, by: Actor) -> None:
        """A new one."""

        def work(connection: Connection, note: Note) -> None:
            tokens.add(connection, token, hash)
            note("token.added", token.id, name=token.name, role=token.role.value)

        self._act(by, token.created_at, work)

    def revoke_token(self, id: str, by: Actor, now: datetime) -> None:
        """End one. Raises NotThere."""

        def work(connection: Connection, note: Note) -> None:
            token = tokens.revoke(connection, id, now)
            if token is None:
                raise NotThere("token", id)
            note("token.revoked", id, name=token.name)

        self._act(by, now, work)

    def touch_token(self, id: str, now: datetime) -> None:
        """It is in use. Takes no revision."""
        self._database.write(lambda connection: tokens.touch(connection, id, now))

    # invitations

    def invite(self, invitation: Invitation, by: Actor) -> None:
        """A link for somebody new."""

        def work(connection: Connection, note: Note) -> None:
            invitations.add(connection, invitation)
            note("invitation.made", invitation.role.value, until=invitation.expires_at.isoformat())

        self._act(by, invitation.created_at, work)

    def invite_first(self, invitation: Invitation) -> bool:
        """The link for the first admin, in place of the one before; False where there is a user already."""

        def work(connection: Connection) -> bool:
            head.read(connection)
            if users.any_there(connection):
                return False
            invitations.add(connection, invitation)
            return True

        return self._database.write(work)

    def reset(self, invitation: Invitation, by: Actor) -> None:
        """A link for an existing user, whose password and sessions end with it. Raises NotThere."""
        name = invitation.user or ""

        def work(connection: Connection, note: Note) -> None:
            users.need(connection, name)
            users.change(connection, name, password=None)
            invitations.add(connection, invitation)
            note("user.reset", name, until=invitation.expires_at.isoformat())
            _end_sessions(connection, name, note)

        self._act(by, invitation.created_at, work)

    def invitation(self, hash: str, now: datetime) -> Invitation | None:
        """The invitation behind that hash, while it can be used."""
        return self._database.read(lambda connection: invitations.read(connection, hash, now))

    def invitations(self, now: datetime) -> tuple[Invitation, ...]:
        """Those that can still be used, the newest first."""
        return self._database.read(lambda connection: invitations.open_ones(connection, now))

    def withdraw(self, hash: str, by: Actor, now: datetime) -> None:
        """Take back one that was not used yet. Raises NotThere."""

        def work(connection: Connection, note: Note) -> None:
            if not invitations.withdraw(connection, hash):
                raise NotThere("invitation", "")
            note("invitation.withdrawn", "")

        self._act(by, now, work)

    def accept(self, hash: str, name: str, given: Credentials, session: Session) -> User:
        """Use an invitation up: a new user of that name, or the invited one with new credentials, signed in.

        Of any number at once one succeeds. Raises NotThere for a link that is no good, Refused for a taken name.
        """
        now = session.created_at

        def work(connection: Connection, note: Note) -> User:
            invitation = invitations.take(connection, hash, now)
            fresh = User(name, invitation.role, now, given.password, given.totp, given.step, None, now)
            if invitation.user is None:
                users.add(connection, fresh)
                note("user.added", name, role=invitation.role.value, invited_by=invitation.by)
            else:
                fresh = replace(users.need(connection, invitation.user), password=given.password, totp=given.totp)
                values = {"password": given.password, "totp": given.totp, "totp_step": given.step, "last_login_at": now}
                users.change(connection, fresh.name, **values)
                _end_sessions(connection, fresh.name, note)
                note("user.password_changed", fresh.name, invited_by=invitation.by)
            sessions.add(connection, replace(session, user=fresh.name))
            note("session.opened", fresh.name, agent=session.agent)
            return fresh

        return self._act(Actor(name, session.address), now, work)

    # tries

    def reserve(self, limits: Limits, now: datetime) -> timedelta:
        """Charge a try to every key before it is judged; where one has to wait, charge nothing and say how long."""
        return self._database.write_once(lambda connection: attempts.reserve(connection, limits, now))

    def forgive(self, limits: Limits, now: datetime) -> None:
        """Take back the charge of a try that was good."""
        self._database.write_once(lambda connection: attempts.forgive(connection, limits, now))

    def note(self, kind: str, subject: str, by: Actor, now: datetime, **data: Json) -> None:
        """An event that changes nothing, such as a refused sign-in."""
        self._act(by, now, lambda _, note: note(kind, subject, **data))

    def _act(self, by: Actor, now: datetime, work: Callable[[Connection, Note], T]) -> T:
        return act(self._database, by, now, work)


def _end_sessions(connection: Connection, user: str, note: Note, keep: str | None = None) -> int:
    count = sessions.end_all(connection, user, keep)
    if count:
        note("session.ended", user, sessions=count)
    return count
