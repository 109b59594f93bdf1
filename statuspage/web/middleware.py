"""Answers prebuilt bytes before Flask is asked: one look-up, no copy, no allocation worth naming.

`look_up` and `reply` are the rule; `rsgi.py` follows it on the loop, and `serve_first` for whatever speaks WSGI.

The path must match exactly. A query is ignored, but for the history's: of that its page and component are looked
up among the prebuilt ones, and what names another is not there. So nothing that a visitor writes reaches an answer,
and a cache cannot be made to keep one page for another.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from statuspage.web.errors import refuse
from statuspage.web.headers import Headers
from statuspage.web.shown import QUERIED, Answer, Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_FIELDS = 20
MOST_CODINGS, MOST_TAGS = 1024, 8 * 1024
"""Characters of a header that are looked at: this is done on the loop, and browsers send some dozens."""
_STATUS = {200: "200 OK", 204: "204 No Content", 304: "304 Not Modified"}
_NOTHING: list[bytes] = []

Reply = tuple[int, Headers, list[bytes]]
"""Status, headers and body of an answer that was made before anybody asked."""


def serve_first(shown: Shown, app: "WSGIApplication") -> "WSGIApplication":
    """The application that tries `shown` and leaves everything else to `app`."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        answer = look_up(shown, path, environ.get("QUERY_STRING", ""))
        if answer is None:
            if path in QUERIED and path in shown.table:
                return refuse(404, shown, environ, start_response, [])
            return app(environ, start_response)
        method, codings = environ["REQUEST_METHOD"], environ.get("HTTP_ACCEPT_ENCODING")
        found = reply(answer, method, codings, environ.get("HTTP_IF_NONE_MATCH"))
        if found is None:
            return refuse(405, shown, environ, start_response, [("Allow", "GET, HEAD, OPTIONS")])
        status, headers, body = found
        start_response(_STATUS[status], headers)
        return body

    return application


def look_up(shown: Shown, path: str, query: str) -> Answer | None:
    """What is prebuilt for this address. None for a path of the table is a query that names what is not there."""
    return by_query(shown, path, query) if query and path in QUERIED else shown.table.get(path)


def reply(answer: Answer, method: str, codings: str | None, known: str | None) -> Reply | None:
    """The answer to a method, an Accept-Encoding and an If-None-Match; None for a method it does not take."""
    if method != "GET" and method != "HEAD":
        return (204, answer.preflight, _NOTHING) if method == "OPTIONS" else None
    variant = answer.plain if codings is None or not accepts_gzip(codings) else answer.gzip
    if known is not None and (known == variant.etag or matches(known, variant.etag)):
        return 304, variant.unchanged, _NOTHING
    return 200, variant.headers, variant.body if method == "GET" else _NOTHING


def by_query(shown: Shown, path: str, query: str) -> Answer | None:
    """The prebuilt answer for the `component` and `page` of a query, whatever else it has; None for an unknown one."""
    try:
        found = dict(parse_qsl(query, max_num_fields=MOST_FIELDS))
    except ValueError:
        return None
    if found.get("page") == "1":
        del found["page"]
    wanted = "&".join(f"{name}={found[name]}" for name in ("component", "page") if found.get(name))
    return shown.queried.get(f"{path}?{wanted}") if wanted else shown.table.get(path)


def accepts_gzip(codings: str) -> bool:
    """Whether an Accept-Encoding allows gzip (RFC 9110 §12.5.3): named or by `*`, and not with a weight of 0."""
    return len(codings) <= MOST_CODINGS and _accepts_gzip(codings)


@lru_cache(maxsize=256)
def _accepts_gzip(codings: str) -> bool:
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
    return len(known) <= MOST_TAGS and any(each.strip().removeprefix("W/") == etag for each in known.split(","))
