"""What is said when the API cannot do what was asked: RFC 9457, with `field` and every fault in `errors`.

400: this is no request of ours. 422: it cannot be meant. 409: somebody was faster; `present` is what stands now. 409
with `refusals` is a move that guards speak against: each may be overridden by its name.
"""

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from statuspage.acting import Incidents, Maintenances, NotAllowed, Routes
from statuspage.core.fields import Unreadable
from statuspage.core.operating import Guarded
from statuspage.core.parsing import Malformed
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.route_writing import refusal_documents
from statuspage.core.writing import Document
from statuspage.store import StoreError
from statuspage.web.errors import PROBLEM
from statuspage.web.headers import NOT_KEPT
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import program

MOST_ERRORS = 20
_TEXTS = {
    411: "This address needs to know the length of what is sent.",
    413: "What was sent is larger than this address accepts: 64 KB.",
    415: "This address takes JSON: send it with Content-Type: application/json.",
}


def api_blueprint(name: str) -> Blueprint:
    """A blueprint under /api/v1 whose refusals are problems."""
    blueprint = Blueprint(f"api-{name}", __name__, url_prefix="/api/v1")
    blueprint.register_error_handler(Refused, _refused)
    blueprint.register_error_handler(Guarded, _guarded)
    blueprint.register_error_handler(NotThere, _not_there)
    blueprint.register_error_handler(Conflict, _conflict)
    blueprint.register_error_handler(NotAllowed, _not_allowed)
    blueprint.register_error_handler(HTTPException, _http)
    return blueprint


def _refused(error: Refused) -> Response:
    faults = error.problems if isinstance(error, Unreadable) else ((error.field, error.problem),)
    errors = [{"field": field, "problem": problem} for field, problem in faults[:MOST_ERRORS]]
    detail = f"{error.field}: {error.problem}" if error.field else f"What was sent {error.problem}"
    return _problem(400 if isinstance(error, Malformed) else 422, f"{detail}.", field=error.field, errors=errors)


def _guarded(error: Guarded) -> Response:
    names = ", ".join(each.guard for each in error.refusals)
    detail = f"Guards speak against it: {names}. Each may be overridden by its name."
    return _problem(409, detail, field=error.field, refusals=refusal_documents(error.refusals))


def _not_there(error: NotThere) -> Response:
    return _problem(404, f"There is no {error.what} with this id.", field=error.what)


def _conflict(error: Conflict) -> Response:
    if error.what == "route":
        detail = f"epoch_conflict: the route is at epoch {error.present} now. Look again before you act."
        more = {"guard": "epoch_conflict", "epoch": error.present, "present": _present(error)}
        return _problem(409, detail, field="expected_epoch", **more)
    return _problem(409, f"{error}.", field="version", version=error.present, present=_present(error))


def _present(error: Conflict) -> Document | None:
    held = staff()
    with suppress(StoreError, NotThere):
        if error.what == "route":
            return Routes(held.store, held.clock).one(error.id)
        if error.what == "maintenance":
            return Maintenances(held.store, held.clock).one(error.id)
        return Incidents(held.store, held.clock).one(error.id)
    return None


def _not_allowed(error: NotAllowed) -> Response:
    held, rule = staff(), request.url_rule.rule if request.url_rule is not None else ""
    with suppress(StoreError):
        held.store.accounts.note("act.refused", rule, program().actor, held.clock.now(), needed=error.needed.value)
    return _problem(403, f"This needs the role {error.needed}; the token has the role {error.role}.")


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    return _problem(code, _TEXTS.get(code, "This request cannot be understood."))


def _problem(code: int, detail: str, **more: Any) -> Response:
    body = {"type": "about:blank", "title": HTTPStatus(code).phrase, "status": code, "detail": detail, **more}
    found = Response(json.dumps(body, allow_nan=False), code, content_type=PROBLEM)
    found.headers["Cache-Control"] = NOT_KEPT
    return found
