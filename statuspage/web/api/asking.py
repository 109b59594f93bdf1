"""What a request asks: its document, its query, its key, and who asks. Everything strictly, nothing twice."""

import re
from collections.abc import Mapping
from typing import Final

from flask import request
from werkzeug.exceptions import LengthRequired, UnsupportedMediaType

from statuspage.acting import Caller
from statuspage.core.parsing import Malformed, parse, shown
from statuspage.core.reading import key_from
from statuspage.core.telling import Json
from statuspage.web.staff.gate import program

MOST: Final = 100
"""What one answer lists at most."""
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,15})"?')
_NUMBER = re.compile(r"[0-9]{1,15}")


def caller() -> Caller:
    """Who asks, as the journal names it."""
    token = program().token
    return Caller(f"token:{token.name}", token.role)


def document() -> Json:
    """The request's JSON, an empty object for nothing. Raises Malformed, and HTTPException (411, 413, 415)."""
    query()
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        raise LengthRequired
    text = request.get_data(cache=False)
    if text and request.mimetype != "application/json":
        raise UnsupportedMediaType
    return _with_seen_version(parse(text) if text else {})


def _with_seen_version(given: Json) -> Json:
    """If-Match says the same as `version` (RFC 9110 §13.1.1: the ETag of our answers is the version)."""
    seen = _one_header("If-Match")
    if seen is None or not isinstance(given, dict):
        return given
    match = _VERSION.fullmatch(seen)
    if match is None:
        raise Malformed("If-Match", "must be the ETag of an answer")
    version = int(match.group(1))
    if given.get("version", version) != version:
        raise Malformed("If-Match", "is another version than the document's")
    return {**given, "version": version}


def key() -> str | None:
    """The Idempotency-Key, None without one. Raises Refused. Keys of two tokens never mean the same request."""
    found = _one_header("Idempotency-Key")
    if found is None:
        return None
    given = key_from(found.strip('"'))
    return f"{program().token.id}/{given}"


def query(**allowed: tuple[str, ...] | type[int]) -> Mapping[str, str]:
    """The query, of which only these names may be there, each once, with these words or a number. Raises Malformed."""
    names = ", ".join(allowed) or "none"
    found = {}
    for name, values in request.args.lists():
        if name not in allowed:
            raise Malformed(shown(name), f"is no parameter of this address; there are: {names}")
        if len(values) > 1:
            raise Malformed(name, "is given twice")
        _refuse_value(name, values[0], allowed[name])
        found[name] = values[0]
    return found


def _refuse_value(name: str, value: str, wanted: tuple[str, ...] | type[int]) -> None:
    if isinstance(wanted, tuple):
        if value not in wanted:
            raise Malformed(name, f"must be one of {', '.join(wanted)}")
    elif not value.isascii() or not _NUMBER.fullmatch(value):
        raise Malformed(name, "must be a whole number")


def limit(asked: Mapping[str, str]) -> int:
    """How many to list. Raises Malformed."""
    found = int(asked.get("limit", 20))
    if not 1 <= found <= MOST:
        raise Malformed("limit", f"must be between 1 and {MOST}")
    return found


def _one_header(name: str) -> str | None:
    found = request.headers.getlist(name)
    if len(found) > 1:
        raise Malformed(name, "is given twice")
    return found[0] if found else None
