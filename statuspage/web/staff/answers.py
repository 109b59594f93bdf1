"""What is said when a staff page or the API cannot do what was asked: a page for people, a problem for programs.

Problems are RFC 9457. `field` names the part of the request that has to be put right.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from flask import Flask, Response, request

from statuspage.auth.door import TooMany
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.store import StoreError
from statuspage.web.errors import PROBLEM, wants_json
from statuspage.web.headers import NOT_KEPT
from statuspage.web.render import HTML
from statuspage.web.staff.context import staff
from statuspage.web.staff.forms import BadForm
from statuspage.web.staff.gate import Denied, NoToken, SignInFirst
from statuspage.web.staff.templates import rendered

LOGIN = "/staff/login"
HOME = "/staff"
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")
_TITLES = {
    400: "This form cannot be read",
    403: "Not allowed",
    404: "Not there",
    409: "Somebody was faster",
    422: "That does not work",
    429: "Please wait",
    503: "No database",
}
_NO_STORE = (
    "The database cannot be reached at the moment, so nothing can be looked up or changed. The public page is served "
    "apart from it. Nothing of what you sent was kept: please try again shortly."
)
_NO_LINK = "This link was used already, has run out, or was replaced by a newer one. Ask for another."


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal in words."""

    code: int
    text: str
    field: str | None = None
    retry_after: int | None = None


def answer_refusals(app: Flask) -> None:
    """Register what is said for every refusal of staff and API."""
    app.register_error_handler(SignInFirst, _sign_in)
    app.register_error_handler(NoToken, _no_token)
    for kind in (BadForm, Refused, NotThere, Conflict, Denied, TooMany, StoreError):
        app.register_error_handler(kind, lambda error: answer(said_of(error)))


def said_of(error: Exception) -> Said:
    """The refusal in words."""
    match error:
        case BadForm():
            return Said(400, str(error), error.field)
        case Refused():
            return Said(422, str(error), error.field)
        case NotThere(what="invitation"):
            return Said(404, _NO_LINK)
        case NotThere():
            return Said(404, f"{error}.")
        case Conflict():
            return Said(409, f"{error}.")
        case Denied():
            return Said(403, error.why)
        case TooMany():
            text = f"Too many tries failed. Please wait {error.seconds} s and try again."
            return Said(429, text, retry_after=error.seconds)
        case StoreError():
            return Said(503, _NO_STORE, retry_after=5)
    raise AssertionError(f"nothing is registered for {type(error).__name__}")


def answer(said: Said) -> Response:
    """The refusal as a response."""
    if wants_json(request.path, request.headers.get("Accept", "")):
        response = problem(said)
    else:
        body = rendered("notice.html", title=_TITLES[said.code], text=said.text, site_name=staff().site_name, home=HOME)
        response = Response(body, said.code, content_type=HTML)
    response.headers["Cache-Control"] = NOT_KEPT
    if said.retry_after is not None:
        response.headers["Retry-After"] = str(said.retry_after)
    return response


def problem(said: Said, headers: Mapping[str, str] | None = None) -> Response:
    """The refusal as RFC 9457 has it."""
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(said.code).phrase}
    body |= {"status": said.code, "detail": said.text}
    if said.field is not None:
        body["field"] = said.field
    found = Response(json.dumps(body), said.code, content_type=PROBLEM, headers=headers)
    found.headers["Cache-Control"] = NOT_KEPT
    return found


def see_other(path: str) -> Response:
    """Go on there. The path is one of our own; the address stays without a host."""
    response = Response(status=303, headers={"Location": path, "Cache-Control": NOT_KEPT})
    response.autocorrect_location_header = False
    return response


def own_path(text: str) -> str:
    """The text where it is a path of the staff area that may be gone on to, else its first page."""
    mine = text == HOME or text.startswith((f"{HOME}/", f"{HOME}?"))
    return text if mine and _OWN_PATH.fullmatch(text) and not text.startswith(LOGIN) else HOME


def _sign_in(error: SignInFirst) -> Response:
    if wants_json(request.path, request.headers.get("Accept", "")):
        return problem(Said(401, "Nobody is signed in, or not any more."))
    if request.method != "GET" or request.path == HOME:
        return see_other(LOGIN)
    asked = request.full_path if request.query_string else request.path
    return see_other(f"{LOGIN}?next={quote(asked, safe='/')}")


def _no_token(error: NoToken) -> Response:
    text = "A token is needed in the header: Authorization: Bearer sp_…. It must not have been revoked or have run out."
    return problem(Said(401, text), headers={"WWW-Authenticate": "Bearer"})
