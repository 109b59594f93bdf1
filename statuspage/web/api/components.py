"""`/api/v1/components`: what people say of a component against its checks. `<id>` is that of the configuration."""

from flask import Response

from statuspage.acting import Components
from statuspage.core.role import Role
from statuspage.web.api.answers import answer
from statuspage.web.api.asking import caller, document, query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import token_needs

blueprint = api_blueprint("components")


@blueprint.put("/components/<id>/override")
@token_needs(Role.RESPONDER)
def overridden(id: str) -> Response:
    return answer(_components().override(id, document(), caller()).document)


@blueprint.delete("/components/<id>/override")
@token_needs(Role.RESPONDER)
def released(id: str) -> Response:
    query()
    return answer(_components().release(id, caller()).document)


@blueprint.post("/components/<id>/reclassify")
@token_needs(Role.ADMIN)
def reclassified(id: str) -> Response:
    return answer(_components().reclassify(id, document(), caller()).document)


def _components() -> Components:
    return Components(staff().store, staff().clock)
