"""Documents as answers: never kept, never for other sites, with the version as ETag."""

import json

from flask import Response

from statuspage.acting import Done
from statuspage.core.writing import Document
from statuspage.web.headers import NOT_KEPT

ROOT = "/api/v1"


def answer(document: Document, code: int = 200) -> Response:
    """A document."""
    found = Response(json.dumps(document, allow_nan=False), code, content_type="application/json")
    found.headers["Cache-Control"] = NOT_KEPT
    if "version" in document:
        found.headers["ETag"] = f'"{document["version"]}"'
    return found


def created(done: Done, folder: str) -> Response:
    """A document that was made, and where it is from now on: a path, for the Host header is not ours to repeat."""
    found = answer(done.document, 201)
    found.autocorrect_location_header = False
    found.headers["Location"] = f"{ROOT}/{folder}/{done.id}"
    return found
