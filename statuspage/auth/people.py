"""Users and tokens, asked for in documents and answered in documents: the same on the machine and over HTTP.

A secret (a seed, a link, a token) is in the one answer that makes it and nowhere else. Nobody makes anything that
reaches further than they do: neither by role, nor, for a token, by its maker or its end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from statuspage.auth import codes, links, passwords
from statuspage.auth.keys import Keys
from statuspage.core.clock import Clock
from statuspage.core.fields import Fields
from statuspage.core.parsing import shown
from statuspage.core.people import Actor, Token, User, user_name
from statuspage.core.reading import nothing_from
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import PEOPLE, Role
from statuspage.core.telling import Json
from statuspage.core.writing import Document, time_text
from statuspage.store.accounts import Accounts

MOST_DAYS: Final = 3660
MOST_NAME: Final = 80
_OF_PEOPLE, _OF_TOKENS = tuple(map(str, PEOPLE)), tuple(map(str, Role))


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: as the journal names them, with which role, for which maker of tokens, and until when they may."""

    actor: Actor
    role: Role
    maker: str
    until: datetime | None = None

    def reach(self, name: str) -> Role:
        """The role of that name. Raises Refused for more than one's own."""
        wanted = Role(name)
        if not self.role.may(wanted):
            raise Refused("role", f"must not be more than your own, {self.role}")
        return wanted


class People:
    """Every method may raise StoreError; acts raise Refused and NotThere. `link` makes a path a whole address."""

    def __init__(
        self, accounts: Accounts, keys: Keys, clock: Clock, site_name: str, link: Callable[[str], str]
    ) -> None:
        self._accounts, self._keys, self._clock, self._site, self._link = accounts, keys, clock, site_name, link

    def users(self) -> Document:
        """All users, by name."""
        return {"users": [user_document(each) for each in self._accounts.users()]}

    def add_user(self, document: Json, asker: Asker) -> Document:
        """A new user: with a password, and codes unless `codes` is false; or with a link to choose both."""
        fields = Fields(document)
        name, role = fields.needed_text("name"), fields.needed_choice("role", _OF_PEOPLE)
        password, by_link, with_codes = fields.text("password"), fields.flag("link"), fields.flag("codes")
        if by_link and (fields.has("password") or fields.has("codes")):
            fields.refuse("link", "lets them choose password and codes themselves: leave both out")
        if not by_link and not fields.has("password"):
            fields.refuse("password", "is needed, or link")
        fields.close()
        user = User(user_name(name), asker.reach(role), self._clock.now())
        if self._accounts.user(user.name) is not None:
            raise Refused("name", f"{user.name} is taken already")
        said: Document = {"name": user.name, "role": user.role.value}
        if by_link:
            return said | self._invite(user, asker)
        return said | self._add(user, password or "", asker, with_codes=with_codes is not False)

    def set_role(self, name: str, document: Json, asker: Asker) -> Document:
        """Another role; the user signs in anew."""
        fields = Fields(document)
        role = fields.needed_choice("role", _OF_PEOPLE)
        fields.close()
        self._accounts.set_role(_known(name), asker.reach(role), asker.actor, self._clock.now())
        return user_document(self._need(name))

    def disable(self, name: str, document: Json, asker: Asker) -> Document:
        """Nothing of theirs works any more."""
        nothing_from(document)
        self._accounts.disable(_known(name), asker.actor, self._clock.now())
        return user_document(self._need(name))

    def enable(self, name: str, document: Json, asker: Asker) -> Document:
        """The user may sign in again."""
        nothing_from(document)
        self._accounts.enable(_known(name), asker.actor, self._clock.now())
        return user_document(self._need(name))

    def reset(self, name: str, document: Json, asker: Asker) -> Document:
        """A link for new credentials; the old password and the sessions end."""
        nothing_from(document)
        user = self._need(name)
        secret, invitation = links.reset(user, asker.actor.name, self._clock.now())
        self._accounts.reset(invitation, asker.actor)
        link = self._link(links.invitation_path(invitation, secret))
        return {"name": user.name, "link": link, "until": time_text(invitation.expires_at)}

    def tokens(self) -> Document:
        """All tokens, the newest first."""
        now = self._clock.now()
        return {"tokens": [token_document(each, now) for each in self._accounts.tokens()]}

    def add_token(self, document: Json, asker: Asker) -> Document:
        """A new token, for ever or for some `days`; bound to the same user as the one that asks for it."""
        fields = Fields(document)
        name, role, days = (
            fields.needed_text("name").strip(),
            fields.needed_choice("role", _OF_TOKENS),
            fields.number("days"),
        )
        if fields.has("name") and (not name or not name.isprintable() or len(name) > MOST_NAME):
            fields.refuse("name", f"must say what the token is for, in 1 to {MOST_NAME} characters")
        if days is not None and not 1 <= days <= MOST_DAYS:
            fields.refuse("days", f"must be between 1 and {MOST_DAYS}")
        fields.close()
        now = self._clock.now()
        until = _end(now, days, asker)
        secret, hash, token = links.new_token(name, asker.reach(role), asker.maker, now, until)
        self._accounts.add_token(token, hash, asker.actor)
        kept = {"id": token.id, "name": token.name, "role": token.role.value}
        return {**kept, "token": secret, "expires_at": _time(token.expires_at)}

    def revoke(self, id: str, document: Json, asker: Asker) -> Document:
        """End a token, at once."""
        nothing_from(document)
        if not id.isascii() or not id.isalnum():
            raise NotThere("token", shown(id))
        now = self._clock.now()
        self._accounts.revoke_token(id, asker.actor, now)
        return next(token_document(each, now) for each in self._accounts.tokens() if each.id == id)

    def _add(self, user: User, password: str, asker: Asker, *, with_codes: bool) -> Document:
        trouble = passwords.weakness(password, user.name, self._site)
        if trouble is not None:
            raise Refused("password", trouble)
        seed = codes.new_seed() if with_codes else None
        totp = self._keys.close_seed(seed) if seed is not None else None
        kept = User(user.name, user.role, user.created_at, passwords.keep(password), totp)
        self._accounts.add_user(kept, asker.actor)
        return {"seed": seed, "uri": codes.uri(seed, user.name, self._site)} if seed is not None else {}

    def _invite(self, user: User, asker: Asker) -> Document:
        self._accounts.add_user(user, asker.actor)
        secret, invitation = links.reset(user, asker.actor.name, user.created_at, invited=True)
        self._accounts.invite(invitation, asker.actor)
        link = self._link(links.invitation_path(invitation, secret))
        return {"link": link, "until": time_text(invitation.expires_at)}

    def _need(self, name: str) -> User:
        found = self._accounts.user(_known(name))
        if found is None:
            raise NotThere("user", name)
        return found


def user_document(user: User) -> Document:
    """A user, without anything to sign in with. `state` is active, disabled, or waiting for their link to be used."""
    return {
        "name": user.name,
        "role": user.role.value,
        "state": "disabled" if not user.is_active else "waiting" if user.password is None else "active",
        "created_at": time_text(user.created_at),
        "disabled_at": _time(user.disabled_at),
        "last_login_at": _time(user.last_login_at),
    }


def token_document(token: Token, now: datetime) -> Document:
    """A token, without what it is. `state` is active, revoked or expired."""
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role.value,
        "state": "active" if token.holds(now) else "revoked" if token.revoked_at is not None else "expired",
        "by": token.by,
        "created_at": time_text(token.created_at),
        "used_at": _time(token.used_at),
        "expires_at": _time(token.expires_at),
        "revoked_at": _time(token.revoked_at),
    }


def _end(now: datetime, days: int | None, asker: Asker) -> datetime | None:
    until = now + timedelta(days=days) if days is not None else None
    if asker.until is not None and (until is None or until > asker.until):
        raise Refused("days", f"must end no later than the token that asks, {time_text(asker.until)}")
    return until


def _known(name: str) -> str:
    """A name that can be looked up. Raises NotThere for what cannot be one."""
    try:
        return user_name(name)
    except Refused:
        raise NotThere("user", shown(name)) from None


def _time(at: datetime | None) -> str | None:
    return time_text(at) if at is not None else None
