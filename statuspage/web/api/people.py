"""`/api/v1/users` and `/api/v1/tokens`, for admins. What is secret is in the answer that makes it and in no other."""

from flask import Response

from statuspage.auth.people import Asker, People
from statuspage.core.role import Role
from statuspage.web.api.answers import answer
from statuspage.web.api.asking import document, query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import program, token_needs

blueprint = api_blueprint("people")


@blueprint.get("/users")
@token_needs(Role.ADMIN)
def users() -> Response:
    query()
    return answer(_people().users())


@blueprint.post("/users")
@token_needs(Role.ADMIN)
def user_added() -> Response:
    return answer(_people().add_user(document(), _asker()), 201)


@blueprint.post("/users/<name>/role")
@token_needs(Role.ADMIN)
def role_set(name: str) -> Response:
    return answer(_people().set_role(name, document(), _asker()))


@blueprint.post("/users/<name>/disable")
@token_needs(Role.ADMIN)
def disabled(name: str) -> Response:
    return answer(_people().disable(name, document(), _asker()))


@blueprint.post("/users/<name>/enable")
@token_needs(Role.ADMIN)
def enabled(name: str) -> Response:
    return answer(_people().enable(name, document(), _asker()))


@blueprint.post("/users/<name>/reset")
@token_needs(Role.ADMIN)
def reset(name: str) -> Response:
    return answer(_people().reset(name, document(), _asker()))


@blueprint.get("/tokens")
@token_needs(Role.ADMIN)
def tokens() -> Response:
    query()
    return answer(_people().tokens())


@blueprint.post("/tokens")
@token_needs(Role.ADMIN)
def token_added() -> Response:
    return answer(_people().add_token(document(), _asker()), 201)


@blueprint.post("/tokens/<id>/revoke")
@token_needs(Role.ADMIN)
def revoked(id: str) -> Response:
    return answer(_people().revoke(id, document(), _asker()))


def _people() -> People:
    held = staff()
    return People(held.store.accounts, held.keys, held.clock, held.site_name, held.link)


def _asker() -> Asker:
    """The token: what it makes is bound to its own maker and ends with it."""
    token = program().token
    return Asker(program().actor, token.role, token.by, token.expires_at)
