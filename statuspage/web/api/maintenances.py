"""`/api/v1/maintenances`."""

from flask import Response

from statuspage.acting import Maintenances
from statuspage.core.role import Role
from statuspage.web.api.answers import answer, created
from statuspage.web.api.asking import caller, document, key, query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import token_needs

blueprint = api_blueprint("maintenances")


@blueprint.get("/maintenances")
@token_needs(Role.VIEWER)
def listed() -> Response:
    query()
    return answer(_maintenances().listed())


@blueprint.post("/maintenances")
@token_needs(Role.PUBLISHER)
def planned() -> Response:
    return created(_maintenances().plan(document(), caller(), key()), "maintenances")


@blueprint.get("/maintenances/<id>")
@token_needs(Role.VIEWER)
def one(id: str) -> Response:
    query()
    return answer(_maintenances().one(id))


@blueprint.patch("/maintenances/<id>")
@token_needs(Role.PUBLISHER)
def changed(id: str) -> Response:
    return answer(_maintenances().change(id, document(), caller()).document)


@blueprint.post("/maintenances/<id>/updates")
@token_needs(Role.PUBLISHER)
def updated(id: str) -> Response:
    return created(_maintenances().update(id, document(), caller(), key()), "maintenances")


@blueprint.post("/maintenances/<id>/updates/<update>/withdraw")
@token_needs(Role.PUBLISHER)
def withdrawn(id: str, update: str) -> Response:
    return answer(_maintenances().withdraw(id, update, document(), caller()).document)


@blueprint.post("/maintenances/<id>/cancel")
@token_needs(Role.PUBLISHER)
def cancelled(id: str) -> Response:
    return answer(_maintenances().cancel(id, document(), caller()).document)


def _maintenances() -> Maintenances:
    return Maintenances(staff().store, staff().clock)
