"""Tokens of programs, for admins: made, shown once, listed, revoked."""

from datetime import timedelta

from flask import Blueprint, Response

from statuspage.auth import links
from statuspage.core.people import Token
from statuspage.core.refusals import Refused
from statuspage.core.role import Role
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import Text, form
from statuspage.web.staff.frame import done, page
from statuspage.web.staff.gate import needs, who
from statuspage.web.times import stamp

blueprint = Blueprint("staff-tokens", __name__)
TOKENS = "/staff/tokens"
LASTS = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}


@blueprint.get(TOKENS)
@needs(Role.ADMIN)
def tokens() -> Response:
    return _page()


@blueprint.post(f"{TOKENS}/add")
@needs(Role.ADMIN)
def add() -> Response:
    given, now = form(name=Text(80), role=Text(20), days=Text(4, optional=True)), staff().clock.now()
    if not given["name"]:
        raise Refused("name", "must say what the token is for")
    if given["days"] not in LASTS:
        raise Refused("days", f"must be one of {', '.join(filter(None, LASTS))}, or empty")
    expires = now + timedelta(days=int(given["days"])) if given["days"] else None
    role = _role_of(given["role"])
    secret, hash, token = links.new_token(given["name"], role, who().user.name, now, expires)
    staff().store.accounts.add_token(token, hash, who().actor)
    return _page({"secret": secret, "name": token.name, "role": role})


@blueprint.post(f"{TOKENS}/revoke")
@needs(Role.ADMIN)
def revoke() -> Response:
    staff().store.accounts.revoke_token(form(token=Text(64))["token"], who().actor, staff().clock.now())
    return done(TOKENS, "revoked")


def _role_of(text: str) -> Role:
    if text not in tuple(Role):
        raise Refused("role", f"must be one of {', '.join(Role)}")
    return Role(text)


def _page(fresh: dict[str, str] | None = None) -> Response:
    rows = [_row(token) for token in staff().store.accounts.tokens()]
    return page("tokens.html", tokens=rows, roles=list(Role), lasts=LASTS, fresh=fresh)


def _row(token: Token) -> dict[str, object]:
    zone = staff().zone
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "by": token.by,
        "holds": token.holds(staff().clock.now()),
        "made": stamp(token.created_at, zone),
        "used": stamp(token.used_at, zone) if token.used_at is not None else None,
        "until": stamp(token.expires_at, zone) if token.expires_at is not None else None,
        "revoked": stamp(token.revoked_at, zone) if token.revoked_at is not None else None,
    }
