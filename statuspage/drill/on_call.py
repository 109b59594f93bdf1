"""The demo's on-call: a receiver of signed webhooks that keeps what it was sent, and can be told to be out.

It checks every signature (Standard Webhooks 1.0.0) and drops repeats by their id, as a receiver should.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from statuspage.core.clock import Clock
from statuspage.drill.http import Reply, Request

PATH = "/on-call"
KEPT = 40
TOLERANCE = 300
"""Seconds: what is older was recorded and played again."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as it came: its kind, what it is about, the text, and when (HH:MM:SS, UTC)."""

    id: str
    kind: str
    title: str
    text: str
    at: str


class OnCall:
    """Answers 204 to a signed event, 401 to anything else, and 503 while it is out."""

    def __init__(self, clock: Clock, secret_file: Path) -> None:
        """`secret_file` holds the signing secret; it is made when it is missing."""
        if not secret_file.exists():
            secret_file.touch(mode=0o600)
            secret_file.write_text("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(), encoding="ascii")
        self.secret_file = secret_file
        self._key = base64.b64decode(secret_file.read_text(encoding="ascii").removeprefix("whsec_"))
        self.out = False
        self.heard: deque[Heard] = deque(maxlen=KEPT)
        self._clock = clock

    def receive(self, request: Request) -> Reply:
        """Take one event in."""
        if self.out:
            return Reply("nobody is there\n", status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": "2"})
        if not self._is_ours(request):
            return Reply("the signature does not fit\n", status=HTTPStatus.UNAUTHORIZED)
        try:
            event = json.loads(request.body)
            heard = _heard(request.headers["webhook-id"], event, f"{self._clock.now():%H:%M:%S}")
        except (ValueError, KeyError, TypeError, AttributeError):
            return Reply("not an event\n", status=HTTPStatus.BAD_REQUEST)
        if all(each.id != heard.id for each in self.heard):
            self.heard.appendleft(heard)
        return Reply(status=HTTPStatus.NO_CONTENT)

    def _is_ours(self, request: Request) -> bool:
        message, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not at.isdigit() or abs(self._clock.now().timestamp() - int(at)) > TOLERANCE:
            return False
        made = hmac.new(self._key, f"{message}.{at}.".encode() + request.body, hashlib.sha256).digest()
        wanted = f"v1,{base64.b64encode(made).decode()}".encode()
        given = request.headers.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(each.encode(), wanted) for each in given)


def _heard(id: str, event: dict[str, object], at: str) -> Heard:
    data = event["data"]
    if not isinstance(data, dict):
        raise TypeError("data is no object")
    about = data.get("incident") or data.get("maintenance") or data
    update = data.get("update") or {}
    title = about.get("name") or about.get("component") or about.get("agent") or ""
    return Heard(id, str(event["type"]), str(title), str(update.get("body", "")), at)
