"""OpenFeature Remote Evaluation Protocol 0.3.0: the directives as flags, for one flag and for all.

Answered before Flask, from the table in memory: no database, scheduler or probe is asked. Flags of a route R are
`R.provider` (a text) and `R.directive` (an object); `platform.limited_mode` is true while no route has a provider.
What real clients stumble over is kept in mind: key, value, reason, variant and metadata are always there, errors have
`errorDetails`, `Retry-After` is in whole seconds, a missing context is an empty one, and nobody is ever told that they
ask too often: a client that is told so takes its code's default for every flag.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from werkzeug.exceptions import BadRequest

from statuspage.core.clock import Clock
from statuspage.core.directive import Evaluation, evaluate, flag_metadata, personal
from statuspage.core.parsing import parse_leniently
from statuspage.core.refusals import Refused
from statuspage.web.directives import Directives
from statuspage.web.headers import NOT_KEPT, Headers, security
from statuspage.web.middleware import matches
from statuspage.web.shown import Shown
from statuspage.web.staff.visitor import client_address
from statuspage.web.streams import GONE, Streams

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX = "/ofrep/v1/"
BULK, ONE, EVENTS = "/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/", "/ofrep/v1/events"
ROUTES: Mapping[str, str] = {BULK: "POST", f"{ONE}<key>": "POST", EVENTS: "GET"}
"""Every rule of this file and its method, for the table of routes."""

MOST_BODY = 16 * 1024
INACTIVITY_S = 120
NEWER_WITHIN = 0.5
"""Seconds that a request which knows of newer directives waits for them."""
MOST_WAITING = 8
JUST_AHEAD = 3
"""Epochs that a server may be behind another one. What is further ahead was made up, or is of another database."""
BUSY_RETRY = "10"
_STREAM = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")]
KEPT_FOR_S = 600
"""How long an ETag of all flags stands although nothing changes."""
_NOTICES = {"type": "sse", "endpoint": {"requestUri": EVENTS}, "inactivityDelaySec": INACTIVITY_S}
_PREFLIGHT = [
    ("Access-Control-Allow-Headers", "Content-Type, If-None-Match, Authorization, X-API-Key"),
    ("Access-Control-Max-Age", "86400"),
]


class Problem(Exception):
    """An answer that is an error: the status, OFREP's code and what was wrong."""

    def __init__(self, status: int, code: str, details: str, retry_after: str = "1") -> None:
        super().__init__(status, code, details)
        self.status, self.code, self.details, self.retry_after = status, code, details, retry_after


class Ofrep:
    """The protocol of one worker."""

    def __init__(self, shown: Shown, clock: Clock, streams: Streams) -> None:
        self._shown, self._clock, self._streams = shown, clock, streams
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def before(self, app: "WSGIApplication") -> "WSGIApplication":
        """The application that answers what is under /ofrep/v1/ and leaves everything else to `app`."""

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if environ["PATH_INFO"].startswith(PREFIX):
                return self._answer(environ, start_response)
            return app(environ, start_response)

        return application

    def _answer(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        allowed = "POST" if path == BULK or path.startswith(ONE) else "GET" if path == EVENTS else None
        key = unquote(path[len(ONE) :]) if path.startswith(ONE) else None
        try:
            if allowed is None:
                raise Problem(404, "GENERAL", "there is nothing at this address")
            if method == "OPTIONS":
                return self._send(start, 204, b"", [("Access-Control-Allow-Methods", allowed), *_PREFLIGHT])
            if method == "HEAD" and path == EVENTS:
                return self._send(start, 200, None, _STREAM)
            if method != allowed:
                raise Problem(405, "GENERAL", f"this address answers to {allowed}")
            if path == EVENTS:
                return self._stream(start, _address(environ, self._streams.trusted_hops), environ.get(GONE))
            present = self._directives(environ)
            context = _context(environ)
            if key is not None:
                return self._send(start, 200, _one(present, key, context, self._second()), [])
            return self._bulk(start, present, context, environ.get("HTTP_IF_NONE_MATCH"))
        except Problem as problem:
            return self._refuse(start, problem, key, allowed)

    def _directives(self, environ: "WSGIEnvironment") -> Directives:
        """The present directives; who was told of newer ones never gets older ones."""
        present, wanted = self._shown.directives, _wanted(environ)
        if present is None:
            raise Problem(503, "GENERAL", "this server has just been started and has no directives yet")
        if wanted is None or present.epoch >= wanted or not _is_just_ahead(present, wanted):
            return present
        if self._await(wanted) and (newer := self._shown.directives) is not None:
            return newer
        raise Problem(503, "GENERAL", "this server has not heard of that change yet")

    def _await(self, wanted: tuple[str, int]) -> bool:
        """Whether directives as new as these come soon. Few may wait: each holds a thread, and anybody may ask."""
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            with self._shown.changed:
                return self._shown.changed.wait_for(lambda: _is_as_new(self._shown.directives, wanted), NEWER_WITHIN)
        finally:
            self._waiting.release()

    def _bulk(
        self, start: "StartResponse", present: Directives, context: Mapping[str, Any], known: str | None
    ) -> Iterable[bytes]:
        evaluations = present.evaluations(context)
        etag = _etag(present, evaluations)
        tagged = [("ETag", etag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding")]
        if known is not None and matches(known, etag):
            return self._send(start, 304, None, tagged)
        body = _all(present, evaluations, self._second(), not self._streams.is_nearly_full)
        return self._send(start, 200, body, tagged)

    def _stream(self, start: "StartResponse", address: str, gone: threading.Event | None) -> Iterable[bytes]:
        stream = self._streams.open(address, gone)
        if stream is None:
            raise Problem(503, "GENERAL", "all places of this server are taken", BUSY_RETRY)
        start("200 OK", [*_STREAM, *self._security()])
        return stream

    def _second(self) -> int:
        return int(self._clock.now().timestamp())

    def _refuse(
        self, start: "StartResponse", problem: Problem, key: str | None, allowed: str | None
    ) -> Iterable[bytes]:
        document = {"errorCode": problem.code, "errorDetails": problem.details}
        if key is not None:
            document = {"key": key, **document}
        extra = [("Retry-After", problem.retry_after)] if problem.status == 503 else []
        if problem.status == 405 and allowed is not None:
            extra.append(("Allow", f"{allowed}, OPTIONS"))
        return self._send(start, problem.status, json.dumps(document).encode(), [("Cache-Control", NOT_KEPT), *extra])

    def _send(self, start: "StartResponse", status: int, body: bytes | None, extra: Headers) -> Iterable[bytes]:
        headers = [*extra, *self._security()]
        if body:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body] if body else []

    def _security(self) -> Headers:
        return security(https=self._shown.https, cross_origin=True)


def _context(environ: "WSGIEnvironment") -> Mapping[str, Any]:
    """The context of a request. A missing body, a missing context and a missing key are all allowed."""
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Problem(400, "PARSE_ERROR", "Content-Length is no number") from None
    if length > MOST_BODY:
        raise Problem(413, "GENERAL", f"the context is larger than {MOST_BODY // 1024} KB")
    body = environ["wsgi.input"].read(MOST_BODY + 1) if length or environ.get("HTTP_TRANSFER_ENCODING") else b""
    if not body.strip():
        return {}
    if len(body) > MOST_BODY:
        raise Problem(413, "GENERAL", f"the context is larger than {MOST_BODY // 1024} KB")
    try:
        # Whom we refuse goes where its code says: to the provider that may just have failed.
        found = parse_leniently(body)
    except Refused as error:
        raise Problem(400, "PARSE_ERROR", str(error)) from None
    if not isinstance(found, dict):
        raise Problem(400, "PARSE_ERROR", "the body must be an object")
    context = found.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise Problem(400, "INVALID_CONTEXT", "context must be an object")
    return context


def _address(environ: "WSGIEnvironment", hops: int) -> str:
    """Whom a stream is for."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
    try:
        return client_address(environ.get("REMOTE_ADDR", ""), [forwarded] if forwarded else [], hops)
    except BadRequest:
        raise Problem(400, "GENERAL", "X-Forwarded-For does not say whom this is for") from None


def _wanted(environ: "WSGIEnvironment") -> tuple[str, int] | None:
    """The epoch that the client was told of, from the query of a request that follows a notice."""
    query = environ.get("QUERY_STRING")
    if not query or "flagConfigEtag" not in query:
        return None
    said = parse_qs(query).get("flagConfigEtag", [""])[0].removeprefix("W/").strip('"')
    generation, _, number = said.partition("-")[0].removeprefix("c").rpartition(".")
    return (generation, int(number)) if generation and number.isdecimal() and len(number) < 16 else None


def _is_just_ahead(present: Directives, wanted: tuple[str, int]) -> bool:
    generation, number = present.epoch
    return wanted[0] == generation and number < wanted[1] <= number + JUST_AHEAD


def _is_as_new(present: Directives | None, wanted: tuple[str, int]) -> bool:
    return present is not None and present.epoch >= wanted


def _etag(present: Directives, evaluations: tuple[Evaluation, ...]) -> str:
    """Covers what the context changes: a client keeps its ETag when its context becomes another one.

    And the ten minutes of the heartbeat: a browser's SDK writes down what it got with 200 only, so that without it a
    copy would be as old as the last move, however lately the browser asked.
    """
    told = json.dumps([[each.value, each.reason, each.rule] for each in evaluations]).encode()
    beat = present.document["heartbeat_at"]
    lived = "" if beat is None else f"{_seconds(beat) // KEPT_FOR_S:x}"
    stale = "s" if present.document["stale"] else "f"
    return f'"{present.tag}-{stale}{lived}-{hashlib.sha256(told).hexdigest()[:12]}"'


@lru_cache(maxsize=16)
def _all(present: Directives, evaluations: tuple[Evaluation, ...], second: int, with_notices: bool) -> bytes:
    """The bulk answer: made once a second for all clients who get the same.

    Notices are not offered while the places for them are nearly taken: a browser that finds none tries every second.
    """
    varying = dict(zip(present.varying, evaluations, strict=True))
    flags: list[Mapping[str, Any]] = []
    for id, directive in present.routes.items():
        found = varying.get(id) or evaluate(id, directive, {})
        flags += _flags(present, id, directive, found, second)
    flags.append(_limited_mode(present, second))
    generation, number = present.epoch
    document = {
        "flags": flags,
        "eventStreams": [dict(_NOTICES)] if with_notices else [],
        "metadata": {"generation": generation, "config_epoch": number, "stale": present.document["stale"]},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _one(present: Directives, key: str, context: Mapping[str, Any], second: int) -> bytes:
    if key == "platform.limited_mode":
        return json.dumps(_limited_mode(present, second)).encode()
    id, _, what = key.rpartition(".")
    directive = present.routes.get(id)
    if directive is None or what not in ("provider", "directive"):
        raise Problem(404, "FLAG_NOT_FOUND", "there is no such flag")
    flags = _flags(present, id, directive, evaluate(id, directive, context), second)
    return json.dumps(next(each for each in flags if each["key"] == key)).encode()


def _flags(
    present: Directives, id: str, directive: Mapping[str, Any], found: Evaluation, second: int
) -> list[Mapping[str, Any]]:
    metadata = {**flag_metadata(directive), **_common(present, second)}
    same = {"reason": found.reason, "variant": found.value, "metadata": metadata}
    return [
        {"key": f"{id}.provider", "value": found.value, **same},
        {"key": f"{id}.directive", "value": personal(directive, found), **same},
    ]


def _limited_mode(present: Directives, second: int) -> Mapping[str, Any]:
    limited = bool(present.document["limited_mode"])
    variant = "on" if limited else "off"
    metadata = _common(present, second)
    return {
        "key": "platform.limited_mode",
        "value": limited,
        "reason": "STATIC",
        "variant": variant,
        "metadata": metadata,
    }


def _common(present: Directives, second: int) -> dict[str, Any]:
    found: dict[str, Any] = {"config_epoch": present.epoch[1], "stale": present.document["stale"]}
    beat = present.document["heartbeat_at"]
    if beat is not None:
        found |= {"heartbeat_at": beat, "heartbeat_age_s": max(0, second - _seconds(beat))}
    return found


@lru_cache(maxsize=8)
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
