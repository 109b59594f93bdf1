"""Answers prebuilt bytes before Flask is asked: one look-up, no copy, no allocation worth naming.

The path must match exactly and the query is ignored, so that nobody can make two entries of one page in a cache.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from statuspage.web.errors import refuse
from statuspage.web.shown import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_NOTHING: list[bytes] = []


def serve_first(shown: Shown, app: "WSGIApplication") -> "WSGIApplication":
    """The application that tries `shown` and leaves everything else to `app`."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = shown.table.get(environ["PATH_INFO"])
        if answer is None:
            return app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        if method != "GET" and method != "HEAD":
            if method == "OPTIONS":
                start_response("204 No Content", answer.preflight)
                return _NOTHING
            return refuse(405, shown, environ, start_response, [("Allow", "GET, HEAD, OPTIONS")])
        codings = environ.get("HTTP_ACCEPT_ENCODING")
        variant = answer.plain if codings is None or not accepts_gzip(codings) else answer.gzip
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is not None and (known == variant.etag or matches(known, variant.etag)):
            start_response("304 Not Modified", variant.unchanged)
            return _NOTHING
        start_response("200 OK", variant.headers)
        return variant.body if method == "GET" else _NOTHING

    return application


@lru_cache(maxsize=256)
def accepts_gzip(codings: str) -> bool:
    """Whether an Accept-Encoding allows gzip (RFC 9110 §12.5.3): named or by `*`, and not with a weight of 0."""
    weights: dict[str, float] = {}
    for part in codings.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = _weight(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameters: list[str]) -> float:
    for each in parameters:
        key, _, value = each.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def matches(known: str, etag: str) -> bool:
    """If-None-Match, by the weak comparison of RFC 9110 §13.1.2: a list, `W/` ignored, `*` for anything."""
    if known.strip() == "*":
        return True
    return any(each.strip().removeprefix("W/") == etag for each in known.split(","))
