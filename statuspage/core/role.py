"""Who may do what: four roles, each of which may do all that the one before may."""

from enum import StrEnum


class Role(StrEnum):
    """viewer: see what staff see. responder: write drafts, acknowledge, override. publisher: speak to the public, plan.

    admin: all of that, and people, tokens and the past.
    """

    VIEWER = "viewer"
    RESPONDER = "responder"
    PUBLISHER = "publisher"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether this role is at least the needed one."""
        return _RANK[self] >= _RANK[needed]


_RANK = {role: rank for rank, role in enumerate(Role)}
