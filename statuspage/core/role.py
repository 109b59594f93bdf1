"""Who may do what: four roles, each of which may do all that the one before may, and one of programs that report."""

from enum import StrEnum


class Role(StrEnum):
    """viewer: see what staff see. responder: write drafts, acknowledge, override. publisher: speak to the public, plan.

    admin: all of that, and people, tokens and the past. signals, for tokens only: say what load there is, and nothing
    else, for that token lies on every server of an application.
    """

    VIEWER = "viewer"
    RESPONDER = "responder"
    PUBLISHER = "publisher"
    ADMIN = "admin"
    SIGNALS = "signals"

    def may(self, needed: "Role") -> bool:
        """Whether this role is at least the needed one."""
        if needed is Role.SIGNALS:
            return self is Role.SIGNALS or self.may(Role.RESPONDER)
        return self is not Role.SIGNALS and _RANK[self] >= _RANK[needed]


PEOPLE = tuple(role for role in Role if role is not Role.SIGNALS)
"""The roles that people have; a token may have any."""
_RANK = {role: rank for rank, role in enumerate(PEOPLE)}
