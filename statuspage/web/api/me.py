"""`/api/v1/me`: whose token this is, which site it is for, and the time here."""

from flask import Response

from statuspage.core.role import Role
from statuspage.core.typed import site_of
from statuspage.core.writing import time_text
from statuspage.web.api.answers import answer
from statuspage.web.api.asking import query
from statuspage.web.api.problems import api_blueprint
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import program, token_needs

blueprint = api_blueprint("me")


@blueprint.get("/me")
@token_needs(Role.VIEWER)
def me() -> Response:
    query()
    held, token = staff(), program().token
    site = site_of(held.store.state())
    return answer(
        {
            "name": token.name,
            "role": token.role.value,
            "site": {"name": site.name, "url": site.url, "time_zone": site.time_zone},
            "now": time_text(held.clock.now()),
        }
    )
