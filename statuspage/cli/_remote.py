"""The desk over HTTP: `/api/v1` of another machine, by token.

The token goes to the address that was given and nowhere else: no proxy of the environment, no redirect, and no
plain http but to this machine itself.
"""

import ipaddress
import json
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from statuspage.cli._desk import Document, Place, Unable
from statuspage.core.operating import Guarded
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.route import Refusal

WITHIN = 10.0
"""Seconds for each step of an exchange."""
TRIES = 2
MOST_BYTES = 16 * 1024 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


class Remote:
    """An API, with our token. Raises Refused for an address that is none, or would show the token to others."""

    def __init__(self, server: str, token: str) -> None:
        self._base = f"{_checked(server)}/api/v1"
        self._token = token
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)

    def _get(self, path: str, **query: str) -> Document:
        asked = f"?{urlencode(query)}" if query else ""
        return self._ask(urllib.request.Request(f"{self._base}{path}{asked}"), TRIES)

    def _send(self, path: str, document: Document, key: str | None = None) -> Document:
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key is not None else {})
        body = json.dumps(document).encode()
        # Under a key it may be sent again: the server does it once.
        return self._ask(
            urllib.request.Request(f"{self._base}{path}", body, headers, method="POST"), TRIES if key is not None else 1
        )

    def _ask(self, request: urllib.request.Request, tries: int) -> Document:
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        request.add_header("Accept", "application/json")
        for left in reversed(range(tries)):
            try:
                with self._opener.open(request, timeout=WITHIN) as answer:
                    return self._document(answer)
            except HTTPError as error:
                with error:
                    raise self._refusal(error) from None
            except (OSError, HTTPException) as error:
                if not left:
                    raise Unable(f"{self._base} cannot be reached: {_why(error)}") from None
        raise AssertionError("the last try returns or raises")

    def _document(self, answer: HTTPResponse) -> Document:
        text = answer.read(MOST_BYTES + 1)
        found = _json(text) if len(text) <= MOST_BYTES else None
        if found is None:
            raise Unable(f"{self._base} did not answer with JSON: is there a status page with its API?")
        return found

    def _refusal(self, error: HTTPError) -> Exception:
        said = _json(error.read(MOST_BYTES)) or {}
        detail = said.get("detail")
        detail = detail if isinstance(detail, str) else f"{error.code} {error.reason}"
        match error.code:
            case 401:
                return Unable(f"{self._base} does not know this token: it is wrong, revoked or has run out (401)")
            case 404 if "field" in said:
                return NotThere(str(said["field"]), "with this id")
            case 400 | 422:
                return _Refusals(detail, said)
            case 409 if refused := _guards(said.get("refusals")):
                return Guarded(refused)
            case 409 if isinstance(said.get("epoch"), int):
                return Conflict("route", "", said["epoch"])
            case code if 300 <= code < 400:
                return Unable(f"{self._base} sends us elsewhere ({code}): name the site's own address")
            case 404:
                return Unable(f"{self._base} is not there (404): is this the address of a status page?")
            case code:
                return Unable(f"{detail} ({code})")


class RemoteDesk(Remote):
    """The desk of another machine."""

    def place(self) -> Place:
        me = self._get("/me")
        try:
            zone = ZoneInfo(me["site"]["time_zone"])
            return Place(str(me["site"]["name"]), zone, datetime.fromisoformat(me["now"]))
        except (KeyError, TypeError, ValueError, ZoneInfoNotFoundError):
            raise Unable(f"{self._base} answered something that this version does not understand") from None

    def incidents(self, state: str, limit: int) -> Document:
        return self._get("/incidents", state=state, limit=str(limit))

    def incident(self, id: str) -> Document:
        return self._get(f"/incidents/{part(id)}")

    def open_incident(self, document: Document, key: str) -> Document:
        return self._send("/incidents", document, key)

    def update_incident(self, id: str, document: Document, key: str) -> Document:
        return self._send(f"/incidents/{part(id)}/updates", document, key)

    def on_update(self, id: str, update: str, act: str, document: Document) -> Document:
        return self._send(f"/incidents/{part(id)}/updates/{part(update)}/{act}", document)

    def acknowledge(self, id: str) -> Document:
        return self._send(f"/incidents/{part(id)}/acknowledge", {})

    def maintenances(self) -> Document:
        return self._get("/maintenances")

    def maintenance(self, id: str) -> Document:
        return self._get(f"/maintenances/{part(id)}")

    def plan(self, document: Document, key: str) -> Document:
        return self._send("/maintenances", document, key)

    def update_maintenance(self, id: str, document: Document, key: str) -> Document:
        return self._send(f"/maintenances/{part(id)}/updates", document, key)

    def cancel(self, id: str, document: Document) -> Document:
        return self._send(f"/maintenances/{part(id)}/cancel", document)

    def withdraw_maintenance(self, id: str, update: str) -> Document:
        return self._send(f"/maintenances/{part(id)}/updates/{part(update)}/withdraw", {})

    def routes(self) -> Document:
        return self._get("/routes")

    def route(self, id: str) -> Document:
        return self._get(f"/routes/{part(id)}")

    def why(self, id: str) -> Document:
        return self._get(f"/routes/{part(id)}/why")

    def on_route(self, id: str, act: str, document: Document) -> Document:
        return self._send(f"/routes/{part(id)}/{act}", document)

    def ready(self, event: str | None) -> Document:
        return self._get(f"/ready/{part(event)}" if event is not None else "/ready")


class _Refusals(Refused):
    """What a server found wrong, every fault of it."""

    def __init__(self, detail: str, said: Mapping[str, Any]) -> None:
        self._detail = detail
        faults = said.get("errors")
        lines = [f"{each['field']}: {each['problem']}" for each in faults] if isinstance(faults, list) else []
        super().__init__(str(said.get("field", "")), detail)
        self._lines = lines

    def __str__(self) -> str:
        return "; ".join(self._lines) or self._detail


def _guards(said: object) -> list[Refusal]:
    """The guards that a server names, as far as they can be read."""
    listed = said if isinstance(said, list) else []
    named = [each for each in listed if isinstance(each, dict) and "guard" in each]
    return [Refusal(str(each["guard"]), str(each.get("detail", ""))) for each in named]


def _json(text: bytes) -> Document | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _checked(server: str) -> str:
    try:
        parts = urlsplit(server)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Refused("--server", f"is no address: {error}") from None
    if parts.scheme not in ("http", "https") or not host or not server.isprintable() or " " in server:
        raise Refused("--server", "must be an address such as https://status.example.com")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Refused("--server", "must hold no user, password, query or fragment")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise Refused("--server", "must be https: over plain http the token could be read on its way")
    return server.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def part(id: str) -> str:
    """An id as one part of a path."""
    return quote(id, safe="") or "-"


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {WITHIN:g} s"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(reason).__name__
