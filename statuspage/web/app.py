"""The Flask application: what is not prebuilt, health, errors and the staff area. No answer shows a stack trace.

The Host header is never read into an answer: links are relative or made from the site's own address. So any
name that reaches this server is served, which is what one wants when DNS is half broken.
"""

import json
import re
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, NotFound

from statuspage.core.clock import Clock
from statuspage.web.api import register as register_api
from statuspage.web.assets import load_assets
from statuspage.web.beacon import Beacons
from statuspage.web.counting import Counting
from statuspage.web.errors import error_body, error_headers, is_for_all, wants_json
from statuspage.web.files import Kind
from statuspage.web.headers import NOT_KEPT, PUBLIC, security
from statuspage.web.health import health
from statuspage.web.metrics import register as register_metrics
from statuspage.web.ofrep import Ofrep
from statuspage.web.short import register as register_short
from statuspage.web.shown import Shown
from statuspage.web.staff import Staff
from statuspage.web.staff import register as register_staff
from statuspage.web.staff.gate import check_guards
from statuspage.web.streams import NOTICES, Notices, Streams

MAX_BODY = 64 * 1024
_OLD_ASSET = re.compile(r"/static/([a-z]+)\.[0-9a-f]{12}\.([a-z]+)")


def create_app(
    shown: Shown,
    public: Path,
    clock: Clock,
    staff: Staff | None = None,
    notices: Notices = NOTICES,
    counting: Counting | None = None,
) -> Flask:
    """The application behind the prebuilt pages. `public` is the folder of the bundles; no `staff`, no staff area.

    What is under /ofrep/v1/, and beacons, are answered before Flask is asked; `counting` counts the latter.

    Raises RuntimeError where a view of the staff area does not say whom it is for.
    """
    app = Flask("statuspage.web", static_folder=None, template_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, MAX_FORM_PARTS=100, PROPAGATE_EXCEPTIONS=False,
                      PROVIDE_AUTOMATIC_OPTIONS=False)  # fmt: skip
    app.url_map.strict_slashes = False
    # Its redirect would repeat whatever Host it was asked under.
    app.url_map.merge_slashes = False
    started = clock.now()

    @app.get("/healthz", provide_automatic_options=False)
    def healthz() -> Response:
        found = health(shown, public, started, clock.now())
        body = json.dumps(found.document)
        return Response(body, found.code, content_type="application/health+json", headers={"Cache-Control": NOT_KEPT})

    @app.get("/static/<name>", provide_automatic_options=False)
    def asset(name: str) -> Response:
        """A page kept by a cache over an upgrade asks for the style it was made with: any style beats none."""
        body, content_type, kind = _like(f"/static/{name}")
        for_others = security(https=shown.https, cross_origin=kind is Kind.LIBRARY)
        return Response(body, content_type=content_type, headers=[("Cache-Control", PUBLIC), *for_others])

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return _error(shown, error.code or 500, error)

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        app.logger.error("a request failed", exc_info=error)
        return _error(shown, 500, None)

    @app.after_request
    def dress(response: Response) -> Response:
        for name, value in security(https=shown.https):
            response.headers.setdefault(name, value)
        return response

    register_short(app, shown)
    before = Ofrep(shown, clock, Streams(shown, clock, notices)).before(app.wsgi_app)
    before = Beacons(shown, counting or Counting(clock)).before(before)
    app.wsgi_app = before  # type: ignore[method-assign,assignment]
    if staff is not None:
        register_staff(app, staff)
        register_api(app)
        register_metrics(app)
        check_guards(app)
    return app


def _like(path: str) -> tuple[bytes, str, Kind]:
    match = _OLD_ASSET.fullmatch(path)
    assets = load_assets()
    for known, (body, content_type) in assets.files.items():
        current = _OLD_ASSET.fullmatch(known)
        if match and current and match.groups() == current.groups():
            return body, content_type, assets.kinds[known]
    raise NotFound()


def _error(shown: Shown, code: int, error: HTTPException | None) -> Response:
    if code == 404 and shown.bundle is None and _is_of_the_site(request.path):
        code = 503
    if code < 400:
        code = 404  # A redirect would be made from the Host header.
    as_json = wants_json(request.path, request.headers.get("Accept", ""))
    body, content_type = error_body(code, shown.name, as_json=as_json)
    cross_origin = as_json and is_for_all(request.path)
    headers = error_headers(code, content_type, len(body), https=shown.https, cross_origin=cross_origin)
    if code == 405 and error is not None:
        headers += [("Allow", value) for name, value in error.get_headers() if name == "Allow"]
    response = Response(body, code)
    response.headers.clear()
    response.headers.extend(headers)
    return response


def _is_of_the_site(path: str) -> bool:
    """Paths that will be there as soon as there is a bundle."""
    return path == "/" or path.startswith(("/components/", "/incidents/", "/i/", "/history", "/api/"))
