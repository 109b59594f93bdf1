"""`/api/v1/incidents`."""

from flask import Response

from statuspage.acting import Incidents
from statuspage.acting.incidents import STATES
from statuspage.core.role import Role
from statuspage.web.api.answers import answer, created
from statuspage.web.api.asking import caller, document, key, limit, query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import token_needs

blueprint = api_blueprint("incidents")


@blueprint.get("/incidents")
@token_needs(Role.VIEWER)
def listed() -> Response:
    asked = query(state=STATES, limit=int, before=int)
    before = int(asked["before"]) if "before" in asked else None
    return answer(_incidents().listed(asked.get("state", "all"), limit(asked), before))


@blueprint.post("/incidents")
@token_needs(Role.RESPONDER)
def opened() -> Response:
    return created(_incidents().open(document(), caller(), key()), "incidents")


@blueprint.get("/incidents/<id>")
@token_needs(Role.VIEWER)
def one(id: str) -> Response:
    asked = query(evidence=("true", "false"))
    return answer(_incidents().one(id, evidence=asked.get("evidence") == "true"))


@blueprint.patch("/incidents/<id>")
@token_needs(Role.RESPONDER)
def renamed(id: str) -> Response:
    return answer(_incidents().rename(id, document(), caller()).document)


@blueprint.post("/incidents/<id>/updates")
@token_needs(Role.RESPONDER)
def updated(id: str) -> Response:
    return created(_incidents().update(id, document(), caller(), key()), "incidents")


@blueprint.patch("/incidents/<id>/updates/<update>")
@token_needs(Role.RESPONDER)
def edited(id: str, update: str) -> Response:
    return answer(_incidents().edit(id, update, document(), caller()).document)


@blueprint.post("/incidents/<id>/updates/<update>/publish")
@token_needs(Role.PUBLISHER)
def published(id: str, update: str) -> Response:
    return answer(_incidents().publish(id, update, document(), caller()).document)


@blueprint.post("/incidents/<id>/updates/<update>/dismiss")
@token_needs(Role.RESPONDER)
def dismissed(id: str, update: str) -> Response:
    return answer(_incidents().dismiss(id, update, document(), caller()).document)


@blueprint.post("/incidents/<id>/updates/<update>/hold")
@token_needs(Role.RESPONDER)
def held(id: str, update: str) -> Response:
    return answer(_incidents().hold(id, update, document(), caller()).document)


@blueprint.post("/incidents/<id>/updates/<update>/withdraw")
@token_needs(Role.PUBLISHER)
def withdrawn(id: str, update: str) -> Response:
    return answer(_incidents().withdraw(id, update, document(), caller()).document)


@blueprint.post("/incidents/<id>/acknowledge")
@token_needs(Role.RESPONDER)
def acknowledged(id: str) -> Response:
    return answer(_incidents().acknowledge(id, document(), caller()).document)


@blueprint.post("/incidents/<id>/hand-back")
@token_needs(Role.PUBLISHER)
def handed_back(id: str) -> Response:
    return answer(_incidents().hand_back(id, document(), caller()).document)


@blueprint.put("/incidents/<id>/postmortem")
@token_needs(Role.RESPONDER)
def learned(id: str) -> Response:
    return answer(_incidents().learn(id, document(), caller()).document)


@blueprint.post("/incidents/<id>/postmortem/withdraw")
@token_needs(Role.PUBLISHER)
def unlearned(id: str) -> Response:
    return answer(_incidents().unlearn(id, document(), caller()).document)


def _incidents() -> Incidents:
    return Incidents(staff().store, staff().clock)
