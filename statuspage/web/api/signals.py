"""`/api/v1/signals`: what applications say of their load."""

from flask import Response

from statuspage.acting.signals import Signals
from statuspage.core.role import Role
from statuspage.web.api.answers import answer
from statuspage.web.api.asking import caller, document, query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import token_needs

blueprint = api_blueprint("signals")


@blueprint.post("/signals")
@token_needs(Role.SIGNALS)
def say() -> Response:
    return answer(_signals().say(document(), caller()), 202)


@blueprint.get("/signals")
@token_needs(Role.VIEWER)
def newest() -> Response:
    query()
    return answer(_signals().newest())


def _signals() -> Signals:
    held = staff()
    return Signals(held.store, held.clock)
