"""Users, for admins: roles, invitations by link, resets, and ending what somebody holds."""

from flask import Blueprint, Response

from statuspage.auth import links
from statuspage.core.people import Invitation, User
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import PEOPLE as ROLES
from statuspage.core.role import Role
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import Text, form
from statuspage.web.staff.frame import done, page
from statuspage.web.staff.gate import needs, who
from statuspage.web.times import stamp

blueprint = Blueprint("staff-people", __name__)
PEOPLE = "/staff/people"
_USER = Text(64)


@blueprint.get(PEOPLE)
@needs(Role.ADMIN)
def people() -> Response:
    return _page()


@blueprint.post(f"{PEOPLE}/invite")
@needs(Role.ADMIN)
def invite() -> Response:
    role = role_of(form(role=_USER)["role"])
    secret, invitation = links.invitation(role, who().user.name, staff().clock.now())
    staff().store.accounts.invite(invitation, who().actor)
    return _with_link(invitation, secret, f"for a new {role}")


@blueprint.post(f"{PEOPLE}/reset")
@needs(Role.ADMIN)
def reset() -> Response:
    name = form(user=_USER)["user"]
    user = staff().store.accounts.user(name)
    if user is None:
        raise NotThere("user", name)
    secret, invitation = links.reset(user, who().user.name, staff().clock.now())
    staff().store.accounts.reset(invitation, who().actor)
    return _with_link(invitation, secret, f"for {user.name}, to set a new password and new codes")


@blueprint.post(f"{PEOPLE}/withdraw")
@needs(Role.ADMIN)
def withdraw() -> Response:
    staff().store.accounts.withdraw(form(invitation=Text(64))["invitation"], who().actor, staff().clock.now())
    return done(PEOPLE, "withdrawn")


@blueprint.post(f"{PEOPLE}/role")
@needs(Role.ADMIN)
def role() -> Response:
    given = form(user=_USER, role=_USER)
    staff().store.accounts.set_role(given["user"], role_of(given["role"]), who().actor, staff().clock.now())
    return done(PEOPLE, "role")


@blueprint.post(f"{PEOPLE}/disable")
@needs(Role.ADMIN)
def disable() -> Response:
    staff().store.accounts.disable(form(user=_USER)["user"], who().actor, staff().clock.now())
    return done(PEOPLE, "disabled")


@blueprint.post(f"{PEOPLE}/enable")
@needs(Role.ADMIN)
def enable() -> Response:
    staff().store.accounts.enable(form(user=_USER)["user"], who().actor, staff().clock.now())
    return done(PEOPLE, "enabled")


@blueprint.post(f"{PEOPLE}/end-sessions")
@needs(Role.ADMIN)
def end_sessions() -> Response:
    staff().store.accounts.end_sessions(form(user=_USER)["user"], who().actor, staff().clock.now())
    return done(PEOPLE, "ended")


def role_of(text: str) -> Role:
    """The role of that name, for a person. Raises Refused."""
    if text not in ROLES:
        raise Refused("role", f"must be one of {', '.join(ROLES)}")
    return Role(text)


def _with_link(invitation: Invitation, secret: str, whom: str) -> Response:
    address = staff().link(links.invitation_path(invitation, secret))
    until = stamp(invitation.expires_at, staff().zone)
    return _page({"address": address, "whom": whom, "until": until})


def _page(fresh: dict[str, object] | None = None) -> Response:
    accounts, now, zone = staff().store.accounts, staff().clock.now(), staff().zone
    open_ones = [each for each in accounts.invitations(now) if not each.is_first]
    live: dict[str, int] = {}
    for session in accounts.sessions(now):
        live[session.user] = live.get(session.user, 0) + 1
    return page(
        "people.html",
        users=[_row(user, live.get(user.name, 0)) for user in accounts.users()],
        invitations=[
            {"hash": each.hash, "role": each.role, "by": each.by, "user": each.user,
             "until": stamp(each.expires_at, zone)}
            for each in open_ones
        ],
        roles=list(ROLES),
        fresh=fresh,
    )  # fmt: skip


def _row(user: User, sessions: int) -> dict[str, object]:
    state = "disabled" if not user.is_active else "waits for their link to be used" if user.password is None else ""
    return {
        "name": user.name,
        "role": user.role,
        "active": user.is_active,
        "state": state,
        "sessions": sessions,
        "seen": stamp(user.last_login_at, staff().zone) if user.last_login_at is not None else None,
    }
