"""Who works with the site: users, sessions, tokens, invitations, and how long each of them holds.

Of a secret only its hash is ever here. The hash of a session is its id: nobody gets in with it.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from statuspage.core.incident import ROBOT
from statuspage.core.refusals import Refused
from statuspage.core.role import Role

IDLE = timedelta(hours=8)
"""A session that is not used for so long has ended."""
LONGEST = timedelta(days=7)
"""A session ends so long after it began, used or not."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last use of a session or a token is kept."""

INVITATION_LASTS = timedelta(hours=48)
RESET_LASTS = timedelta(minutes=10)
FIRST_LASTS = timedelta(hours=24)
FIRST = "the first start"
"""Who invites the first admin. It is no user's name, for it has spaces."""

MAX_NAME = 64
COMMAND = "command line"
"""Who acts by a command on this machine; no user's name either."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?")


def user_name(typed: str) -> str:
    """A user's name as it is kept. Raises Refused for what cannot be one."""
    found = typed.strip().lower()
    if not _NAME.fullmatch(found):
        raise Refused("name", "must be 1 to 64 small letters, digits and . _ - @ + between them")
    if found == ROBOT:
        raise Refused("name", f"{ROBOT} is what the journal calls the product itself")
    return found


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where: a user at an address, or a command on this machine."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class User:
    """A person. `password` is its argon2id hash, `totp` the encrypted seed of the codes; None before they are set.

    `totp_step` is the newest 30 s step (RFC 6238) of which a code was used.
    """

    name: str
    role: Role
    created_at: datetime
    password: str | None = field(default=None, repr=False)
    totp: bytes | None = field(default=None, repr=False)
    totp_step: int = 0
    disabled_at: datetime | None = None
    last_login_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person signs in with from now on: the password's hash, the encrypted seed, the step that proved it."""

    password: str = field(repr=False)
    totp: bytes = field(repr=False)
    step: int


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in. `agent` is what the browser calls itself."""

    id: str
    user: str
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str

    def holds(self, now: datetime) -> bool:
        """Whether it has neither been idle nor lasted for too long."""
        return now < self.seen_at + IDLE and now < self.created_at + LONGEST

    @property
    def ends_at(self) -> datetime:
        """When it ends if it is not used any more."""
        return min(self.seen_at + IDLE, self.created_at + LONGEST)


@dataclass(frozen=True, slots=True)
class Token:
    """What a program signs in with. `by` made it: it can do no more than that user can at the moment."""

    id: str
    name: str
    role: Role
    by: str
    created_at: datetime
    used_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it was not revoked and has not run out."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link: it makes a new user of that role, or lets `user` set a new password and new codes."""

    hash: str
    role: Role
    by: str
    created_at: datetime
    expires_at: datetime
    user: str | None = None
    used_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and now < self.expires_at

    @property
    def is_first(self) -> bool:
        """Whether it makes the first admin."""
        return self.by == FIRST
