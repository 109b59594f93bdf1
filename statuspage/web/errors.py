"""What is said when something cannot be answered: a page for people, problem+json (RFC 9457) for programs.

No error echoes what was asked, and none tells of the inside.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from statuspage.web.headers import NOT_KEPT, Headers, security
from statuspage.web.render import HTML, page_bytes
from statuspage.web.shown import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROBLEM = "application/problem+json; charset=utf-8"
RETRY_AFTER = "2"
TEXTS = {
    400: ("Bad request", "This request cannot be understood."),
    404: ("Not found", "There is nothing at this address."),
    405: ("Method not allowed", "This address does not answer to that method."),
    413: ("Too large", "What was sent is larger than this address accepts."),
    500: ("Internal error", "Something went wrong on our side. The status page itself is served apart from it."),
    503: ("Starting", "The status page has just been started and has nothing to show yet. Please try again shortly."),
}


def wants_json(path: str, accept: str) -> bool:
    """Programs by their path, or by naming JSON and not HTML in Accept."""
    return path.startswith("/api/") or path.endswith(".json") or ("json" in accept and "html" not in accept)


def is_for_all(path: str) -> bool:
    """Whether pages elsewhere may read what is at this path: public data, and not what needs a token."""
    return not path.startswith("/api/v1/") or path == "/api/v1/summary.json"


@lru_cache(maxsize=64)
def error_body(code: int, name: str, *, as_json: bool) -> tuple[bytes, str]:
    """Bytes and content type of an error."""
    title, text = TEXTS.get(code) or (HTTPStatus(code).phrase, HTTPStatus(code).description or "")
    if as_json:
        problem = {"type": "about:blank", "title": title, "status": code, "detail": text}
        return json.dumps(problem).encode(), PROBLEM
    return page_bytes("notice.html", {"title": title, "text": text, "code": code, "name": name}), HTML


def error_headers(code: int, content_type: str, length: int, *, https: bool, cross_origin: bool) -> Headers:
    """All headers of an error; errors are not kept by caches."""
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(length)),
        ("Cache-Control", NOT_KEPT),
        ("Vary", "Accept"),
        *security(https=https, cross_origin=cross_origin),
    ]
    return [*headers, ("Retry-After", RETRY_AFTER)] if code == 503 else headers


def refuse(
    code: int, shown: Shown, environ: "WSGIEnvironment", start_response: "StartResponse", extra: Headers
) -> Iterable[bytes]:
    """Answer with an error outside Flask."""
    as_json = wants_json(environ["PATH_INFO"], environ.get("HTTP_ACCEPT", ""))
    body, content_type = error_body(code, shown.name, as_json=as_json)
    cross_origin = as_json and is_for_all(environ["PATH_INFO"])
    headers = error_headers(code, content_type, len(body), https=shown.https, cross_origin=cross_origin)
    start_response(f"{code} {HTTPStatus(code).phrase}", [*headers, *extra])
    return [body]
