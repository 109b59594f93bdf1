"""`POST /beacon`: a client tells how a try to connect went. Anybody may, without a cookie and without a name.

The body is JSON of at most 200 bytes, whatever its Content-Type says (beacons of browsers are text/plain): `p` the
provider, `r` the route, `e` the number of its epoch, `o` one of ok, timeout, refused, limited, and `ms`, how long it
took. Answered before Flask, counted in memory: no database, no file, nothing of who asked. 204 is all that is said, of
a provider or route that is not there too: a client may know an older configuration.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from statuspage.core.felt import MOST_BYTES, Beacon, beacon_from
from statuspage.core.parsing import parse
from statuspage.core.refusals import Refused
from statuspage.web.counting import Counting
from statuspage.web.errors import PROBLEM
from statuspage.web.headers import NOT_KEPT, Headers, security
from statuspage.web.shown import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/beacon"
ROUTES = {PATH: "POST"}
"""Every rule of this file and its method, for the table of routes."""

_ALLOW = ("Allow", "POST, OPTIONS")
_PREFLIGHT = [
    ("Access-Control-Allow-Methods", "POST"),
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Max-Age", "86400"),
]


class TooLarge(Exception):
    """More was sent than a beacon is."""


class Beacons:
    """The beacons of one worker."""

    def __init__(self, shown: Shown, counting: Counting) -> None:
        self._shown, self._counting = shown, counting

    def before(self, app: "WSGIApplication") -> "WSGIApplication":
        """The application that answers beacons and leaves everything else to `app`."""

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if environ["PATH_INFO"] == PATH:
                return self._answer(environ, start_response)
            return app(environ, start_response)

        return application

    def _answer(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return self._nothing(start, _PREFLIGHT)
        if method != "POST":
            refused = self._problem(start, 405, "This address answers to POST.", extra=[_ALLOW])
            return refused if method != "HEAD" else []
        try:
            beacon = beacon_from(parse(_body(environ)))
        except TooLarge:
            return self._problem(start, 413, f"A beacon has at most {MOST_BYTES} bytes.")
        except Refused as error:
            return self._problem(start, 400, f"{error.field or 'the body'}: {error.problem}.", error.field)
        if self._is_known(beacon):
            self._counting.count(beacon)
        return self._nothing(start, [])

    def _is_known(self, beacon: Beacon) -> bool:
        """Whether that route may choose that provider: only of those is anything kept."""
        present = self._shown.directives
        route = present.routes.get(beacon.route) if present is not None else None
        return route is not None and beacon.provider in route.get("providers", ())

    def _nothing(self, start: "StartResponse", extra: Headers) -> Iterable[bytes]:
        start("204 No Content", [*extra, ("Cache-Control", NOT_KEPT), *self._security()])
        return []

    def _problem(
        self, start: "StartResponse", status: int, detail: str, field: str = "", extra: Headers | None = None
    ) -> Iterable[bytes]:
        """RFC 9457, as the API says it."""
        phrase = HTTPStatus(status).phrase
        document = {"type": "about:blank", "title": phrase, "status": status, "detail": detail}
        body = json.dumps({**document, "field": field} if field else document).encode()
        headers = [("Content-Type", PROBLEM), ("Content-Length", str(len(body))), ("Cache-Control", NOT_KEPT)]
        start(f"{status} {phrase}", [*headers, *(extra or []), *self._security()])
        return [body]

    def _security(self) -> Headers:
        return security(https=self._shown.https, cross_origin=True)


def _body(environ: "WSGIEnvironment") -> bytes:
    """What was sent, read no further than a beacon goes. Raises TooLarge, Refused for a length that is none."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Refused("Content-Length", "is no number") from None
    if length > MOST_BYTES:
        raise TooLarge
    if length <= 0 and not environ.get("HTTP_TRANSFER_ENCODING"):
        return b""
    body: bytes = environ["wsgi.input"].read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise TooLarge
    return body
