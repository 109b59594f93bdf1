"""Secrets that are shown once and found again by their hash: sessions, tokens, one-time links.

They carry 256 bits of the system's randomness, so a plain SHA-256 of them tells nothing, and nobody guesses one.
"""

import hashlib
import secrets
from datetime import datetime

from statuspage.core.people import FIRST, FIRST_LASTS, INVITATION_LASTS, RESET_LASTS, Invitation, Token, User
from statuspage.core.role import Role

TOKEN_PREFIX = "sp_"
"""Lets secret scanners, and people, see what it is."""


def fresh() -> tuple[str, str]:
    """A new secret and its hash."""
    secret = secrets.token_urlsafe(32)
    return secret, digest(secret)


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("utf-8", errors="replace")).hexdigest()


def new_token(name: str, role: Role, by: str, now: datetime, expires_at: datetime | None) -> tuple[str, str, Token]:
    """A new token: the text to show once, its hash, and the value to store."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return secret, digest(secret), Token(secrets.token_hex(5), name, role, by, now, expires_at=expires_at)


def invitation(role: Role, by: str, now: datetime) -> tuple[str, Invitation]:
    """A link for somebody new: its secret, and the value to store."""
    secret, hash = fresh()
    return secret, Invitation(hash, role, by, now, now + INVITATION_LASTS)


def reset(user: User, by: str, now: datetime, *, invited: bool = False) -> tuple[str, Invitation]:
    """A link for an existing user; `invited` where it is their first one."""
    secret, hash = fresh()
    lasts = INVITATION_LASTS if invited else RESET_LASTS
    return secret, Invitation(hash, user.role, by, now, now + lasts, user.name)


def first(now: datetime) -> tuple[str, Invitation]:
    """The link for the first admin."""
    secret, hash = fresh()
    return secret, Invitation(hash, Role.ADMIN, FIRST, now, now + FIRST_LASTS)


def invitation_path(invitation: Invitation, secret: str) -> str:
    """Where the link leads, below the site's address."""
    return f"/staff/{'setup' if invitation.is_first else 'invite'}/{secret}"
