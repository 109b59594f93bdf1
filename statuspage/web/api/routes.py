"""`/api/v1/routes` and `/api/v1/ready`. `<id>` is the route's id of the configuration."""

from datetime import datetime

from flask import Response

from statuspage.acting import Routes
from statuspage.acting.routes import ACTS
from statuspage.core.role import Role
from statuspage.web.api.answers import answer
from statuspage.web.api.asking import caller, document, query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import token_needs

blueprint = api_blueprint("routes")


@blueprint.get("/routes")
@token_needs(Role.VIEWER)
def listed() -> Response:
    query()
    return answer(_routes().listed())


@blueprint.get("/routes/<id>")
@token_needs(Role.VIEWER)
def one(id: str) -> Response:
    query()
    return answer(_routes().one(id))


@blueprint.get("/routes/<id>/why")
@token_needs(Role.VIEWER)
def why(id: str) -> Response:
    query()
    return answer(_routes().why(id))


@blueprint.post(f"/routes/<id>/<any({', '.join(ACTS)}):act>")
@token_needs(Role.RESPONDER)
def acted(id: str, act: str) -> Response:
    return answer(ACTS[act](_routes(), id, document(), caller()).document)


@blueprint.get("/ready")
@token_needs(Role.VIEWER)
def ready() -> Response:
    query()
    return answer(_routes().ready(page_at=_page_at()))


@blueprint.get("/ready/<event>")
@token_needs(Role.VIEWER)
def ready_for(event: str) -> Response:
    query()
    return answer(_routes().ready(event, page_at=_page_at()))


def _page_at() -> datetime | None:
    bundle = staff().shown.bundle
    return bundle.rendered_at if bundle is not None else None


def _routes() -> Routes:
    return Routes(staff().store, staff().clock)
